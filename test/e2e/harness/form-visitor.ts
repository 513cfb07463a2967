import type { Page, Request } from 'playwright-core';
import type { TestBrowser } from './browser';
import type { Owner } from './n8n-client';

const waitMs = 60_000;

/** A person in a browser of their own who fills in one of n8n's forms. */
export class FormVisitor {
	/** What JavaScript in a page wanted to show: nothing but an attack does. */
	readonly dialogs: string[] = [];
	/** Of the form's present page, with the secret that n8n takes out of what the browser shows. */
	pageAddress = '';

	private constructor(
		private readonly browser: TestBrowser,
		readonly page: Page,
	) {}

	static async arrive(browser: TestBrowser, url: string): Promise<FormVisitor> {
		const page = await browser.newPage({ width: 1100, height: 1400 });
		const visitor = new FormVisitor(browser, page);
		page.on('request', (request) => {
			if (request.isNavigationRequest() && request.url().includes('/form-waiting/')) {
				visitor.pageAddress = request.url();
			}
		});
		page.on('dialog', (dialog) => {
			visitor.dialogs.push(dialog.message());
			void dialog.dismiss();
		});
		await page.goto(url);
		return visitor;
	}

	/** Signs in where n8n asks for it, and lets the form know who it is. */
	async signIn({ email, password }: Owner): Promise<void> {
		await this.page.waitForURL((url) => url.pathname === '/signin', { timeout: waitMs });
		await this.page.fill('input[name=emailOrLdapLoginId]', email);
		await this.page.fill('input[type=password]', password);
		await this.page.keyboard.press('Enter');
		await this.allow();
	}

	/** n8n asks once for each person and form. */
	private async allow(): Promise<void> {
		const question = this.page.getByRole('button', { name: 'Allow access' });
		const form = this.page.locator('#submit-btn');
		await question.or(form).first().waitFor({ timeout: waitMs });
		if (await question.isVisible()) {
			await question.click();
		}
		await form.waitFor({ timeout: waitMs });
	}

	/** Values by label. */
	async fill(values: Readonly<Record<string, string>>): Promise<void> {
		for (const [label, value] of Object.entries(values)) {
			const field = this.page.getByLabel(label);
			if ((await field.evaluate((element) => element.tagName)) === 'SELECT') {
				await field.selectOption(value);
			} else {
				await field.fill(value);
			}
		}
	}

	/** Submits, and waits for what comes next: another page of the form or its end. */
	async submit(): Promise<void> {
		const title = await this.page.locator('h1').first().innerText();
		await this.page.locator('#submit-btn').click();
		await this.page.waitForFunction((old) => ![null, old].includes(document.querySelector('h1')?.textContent?.trim() ?? null) || document.querySelector('#submit-btn') === null, title.trim(), {
			timeout: waitMs,
		});
		await this.page.locator('.multiselect-option, .header p, .card').first().waitFor({ timeout: waitMs });
	}

	/** What can be ticked. */
	async choices(): Promise<string[]> {
		return this.page.locator('.multiselect-option label').allInnerTexts();
	}

	/** The first choice that has these words. */
	async tick(part: string): Promise<void> {
		await this.page.locator('.multiselect-option').filter({ hasText: part }).first().locator('input').check();
	}

	/** All text that the page shows. */
	async text(): Promise<string> {
		return this.page.locator('body').innerText();
	}

	/** Changes what the browser sends: gets the multipart body of each submission, returns another. */
	async tamper(change: (body: string, request: Request) => string): Promise<void> {
		await this.page.route('**/form*/**', async (route, request) => {
			const body = request.postDataBuffer();
			// The last page also posts, without any field, to say that it was shown.
			if (body === null || !(request.headers()['content-type'] ?? '').startsWith('multipart/')) {
				await route.continue();
				return;
			}
			await route.continue({ postData: Buffer.from(change(body.toString('latin1'), request), 'latin1') });
		});
	}

	async leave(): Promise<void> {
		await this.browser.closePage(this.page);
	}
}

/** A multipart body with a further field. */
export function withField(body: string, name: string, value: string): string {
	const boundary = body.slice(0, body.indexOf('\r\n'));
	return `${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n${body}`;
}

/** A multipart body in which a field has another value. */
export function withValue(body: string, name: string, value: string): string {
	const start = body.indexOf(`name="${name}"`);
	if (start < 0) {
		throw new Error(`The browser sends no field ${name}`);
	}
	const from = body.indexOf('\r\n\r\n', start) + 4;
	return body.slice(0, from) + value + body.slice(body.indexOf('\r\n--', from));
}
