import { existsSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';
import type { N8nServer } from './n8n-server';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/opt/google/chrome/chrome'];

/** Chromium or Chrome of this machine; `CHROMIUM_PATH` names another one. */
export function chromiumPath(): string | undefined {
	return [process.env['CHROMIUM_PATH'] ?? '', ...places].find((path) => path !== '' && existsSync(path));
}

export async function openBrowser(): Promise<Browser> {
	const executablePath = chromiumPath();
	if (executablePath === undefined) {
		throw new Error('There is no Chromium on this machine');
	}
	return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-background-networking'] });
}

/** A page of n8n's editor, signed in as the owner. */
export async function openEditor(browser: Browser, n8n: N8nServer): Promise<Page> {
	const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
	await page.goto(`${n8n.url}/signin`);
	await page.fill('input[name=emailOrLdapLoginId]', n8n.owner.email);
	await page.fill('input[type=password]', n8n.owner.password);
	await page.keyboard.press('Enter');
	await page.waitForURL((url) => !url.pathname.startsWith('/signin'));
	return page;
}
