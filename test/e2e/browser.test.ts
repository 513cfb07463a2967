import { afterEach, describe, expect, it, vi } from 'vitest';
import { chromiumPath, TestBrowser } from './harness/browser';

describe.skipIf(chromiumPath() === undefined)('a Chromium that stops answering', () => {
	const window = { width: 400, height: 300 };
	const said = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
	afterEach(() => said.mockClear());

	/** It is there, and does nothing any more. */
	function stop({ pid }: TestBrowser): number {
		process.kill(pid!, 'SIGSTOP');
		return pid!;
	}
	const runs = (pid: number): boolean => {
		try {
			return process.kill(pid, 0);
		} catch {
			return false; // no such process
		}
	};

	it('is ended, and a fresh one opens the window', async () => {
		const browser = await TestBrowser.open(10_000);
		try {
			const hung = stop(browser);
			const page = await browser.newPage(window);
			await page.setContent('<p>Here I am</p>');
			expect(await page.locator('p').innerText()).toBe('Here I am');
			expect(said.mock.calls[0]).toEqual(['Chromium did not make a window within 10 seconds. A fresh one is started.']);
			expect([browser.pid === hung, runs(hung)]).toEqual([false, false]);
		} finally {
			await browser.close();
		}
	});

	it('is ended when it closes neither a window nor itself', async () => {
		const browser = await TestBrowser.open(4000);
		const page = await browser.newPage(window);
		const hung = stop(browser);
		await browser.closePage(page);
		await browser.close();
		expect(said.mock.calls.slice(-2).flat()).toEqual(['Chromium did not close a window within 4 seconds', 'Chromium did not close within 4 seconds. It is ended.']);
		expect(runs(hung)).toBe(false);
	});
});
