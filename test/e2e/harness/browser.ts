import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserServer, type Page } from 'playwright-core';
import type { N8nServer } from './n8n-server';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/opt/google/chrome/chrome'];
const launchMs = 120_000;
const defaultAnswerMs = 60_000;
/** Browsers that a test may use up. */
const attempts = 3;

/** Chromium or Chrome of this machine; `CHROMIUM_PATH` names another one. */
export function chromiumPath(): string | undefined {
	return [process.env['CHROMIUM_PATH'] ?? '', ...places].find((path) => path !== '' && existsSync(path));
}

/**
 * A Chromium of its own process. It has been seen to leave a request for a window unanswered for ever, which says
 * nothing about what is tested: where it does not answer in time, it is ended and a fresh one started, and the console
 * says so.
 */
export class TestBrowser {
	private constructor(
		private readonly answerMs: number,
		private server: BrowserServer,
		private browser: Browser,
	) {}

	static async open(answerMs = defaultAnswerMs): Promise<TestBrowser> {
		for (let attempt = 1; ; attempt++) {
			try {
				return new TestBrowser(answerMs, ...(await launch()));
			} catch (error) {
				if (attempt >= attempts || chromiumPath() === undefined) throw error;
				console.warn(`Chromium did not start and is started anew: ${told(error)}`);
			}
		}
	}

	/** Of the Chromium that runs now. */
	get pid(): number | undefined {
		return this.server.process().pid;
	}

	/** An empty page in a window that shares nothing with others. */
	async newPage(viewport: { width: number; height: number }): Promise<Page> {
		for (let attempt = 1; ; attempt++) {
			try {
				const context = await this.inTime('make a window', this.browser.newContext({ viewport }));
				const page = await this.inTime('open a page', context.newPage());
				page.setDefaultTimeout(defaultAnswerMs);
				return page;
			} catch (error) {
				if (attempt >= attempts) throw error;
				console.warn(`${told(error)}. A fresh one is started.`);
				await this.end();
				[this.server, this.browser] = await launch();
			}
		}
	}

	/** Closes the window of a page. One that does not close is left to the end of the browser. */
	async closePage(page: Page): Promise<void> {
		try {
			await this.inTime('close a window', page.context().close());
		} catch (error) {
			console.warn(told(error));
		}
	}

	async close(): Promise<void> {
		try {
			await this.inTime('close', this.server.close());
		} catch (error) {
			console.warn(`${told(error)}. It is ended.`);
			await this.end();
		}
	}

	/** Also where it does not answer any more. */
	private async end(): Promise<void> {
		const child = this.server.process();
		if (child.exitCode !== null || child.signalCode !== null) return;
		const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
		child.kill('SIGKILL');
		await ended;
	}

	/** Playwright waits for these answers for ever. */
	private async inTime<T>(what: string, answer: Promise<T>): Promise<T> {
		let timer: NodeJS.Timeout | undefined;
		const late = new Promise<never>((_, reject) => {
			timer = setTimeout(() => reject(new Error(`Chromium did not ${what} within ${this.answerMs / 1000} seconds`)), this.answerMs);
		});
		try {
			return await Promise.race([answer, late]);
		} finally {
			clearTimeout(timer);
		}
	}
}

async function launch(): Promise<[BrowserServer, Browser]> {
	const executablePath = chromiumPath();
	if (executablePath === undefined) {
		throw new Error('There is no Chromium on this machine');
	}
	// Playwright itself keeps Chromium out of /dev/shm and the network; without a GPU it needs no process for one either.
	const server = await chromium.launchServer({ executablePath, host: '127.0.0.1', timeout: launchMs, args: ['--no-sandbox', '--disable-gpu'] });
	try {
		return [server, await chromium.connect(server.wsEndpoint(), { timeout: launchMs })];
	} catch (error) {
		server.process().kill('SIGKILL');
		throw error;
	}
}

function told(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

/** A page of n8n's editor, signed in as the owner. */
export async function openEditor(browser: TestBrowser, n8n: N8nServer): Promise<Page> {
	const page = await browser.newPage({ width: 1600, height: 1000 });
	await page.goto(`${n8n.url}/signin`);
	await page.fill('input[name=emailOrLdapLoginId]', n8n.owner.email);
	await page.fill('input[type=password]', n8n.owner.password);
	await page.keyboard.press('Enter');
	await page.waitForURL((url) => !url.pathname.startsWith('/signin'));
	return page;
}
