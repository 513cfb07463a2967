import type { Page } from 'playwright-core';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, openEditor, TestBrowser } from './harness/browser';
import { chain, ourNode, pick } from './harness/our-node';
import { Stage } from './harness/stage';

/**
 * The node as a low-code administrator meets it: n8n's editor in a real browser. M365_PICTURES names a folder for a
 * picture of it.
 */
describe('the node in the editor', () => {
	let stage: Stage | undefined;
	let browser: TestBrowser | undefined;
	let page: Page;

	beforeAll(async () => {
		if (chromiumPath() === undefined) {
			return;
		}
		stage = await Stage.start();
		await stage.put(chain('editorTest', [ourNode('M365 Backup', 'mailbox/backUp', { mailbox: pick('', 'list'), repositoryFolder: stage.repositoryFolder })]));
		const { tenant } = stage.simulator;
		tenant.addSite({ name: 'marketing', displayName: 'Marketing' }).addLibrary('Contracts');
		await stage.put(chain('editorDrive', [ourNode('M365 Backup', 'drive/backUp', { driveOf: 'user', driveUser: pick('', 'list'), repositoryFolder: stage.repositoryFolder })]));
		await stage.put(chain('editorSite', [ourNode('M365 Backup', 'site/backUp', { site: pick('', 'list'), repositoryFolder: stage.repositoryFolder })]));
		const marketing = pick(tenant.sites.byPath('/sites/marketing')!.webUrl, 'url');
		await stage.put(chain('editorLibrary', [ourNode('M365 Backup', 'drive/backUp', { driveOf: 'library', driveSite: marketing, library: pick('', 'list'), repositoryFolder: stage.repositoryFolder })]));
		browser = await TestBrowser.open();
		page = await openEditor(browser, stage.n8n);
	});
	afterAll(async () => {
		await browser?.close();
		await stage?.stop();
	});

	it('opens with its parameters, and the mailbox picker lists the mailboxes', async (context) => {
		if (stage === undefined) {
			context.skip('there is no Chromium on this machine (CHROMIUM_PATH names one)');
			return;
		}
		await page.goto(`${stage.n8n.url}/workflow/editorTest`);
		await page.locator('[data-test-id=canvas-node]').filter({ hasText: 'M365 Backup' }).dblclick();
		const panel = page.locator('[data-test-id=ndv]');
		await panel.waitFor();
		for (const label of ['Resource', 'Operation', 'Mailbox', 'Repository', 'Folder', 'Options']) {
			await panel.getByText(label, { exact: true }).first().waitFor();
		}
		await panel.locator('[data-test-id=resource-locator-mailbox] [data-test-id=rlc-input], [data-test-id=rlc-input]').first().click();
		const list = page.locator('[data-test-id=rlc-item]');
		await list.first().waitFor();
		const shown = await list.allInnerTexts();
		const expected = stage.simulator.tenant.users.filter(({ mailbox }) => mailbox !== null);
		for (const { displayName } of expected) {
			expect(shown.join('\n')).toContain(displayName);
		}
		const pictures = process.env['M365_PICTURES'];
		if (pictures !== undefined) {
			await page.screenshot({ path: join(pictures, 'editor.png') });
		}
	});

	it.each([
		['the users whose OneDrives there are', 'editorDrive', 'driveUser', ['Anna Berg']],
		['the sites of the tenant', 'editorSite', 'site', ['Marketing']],
		['the libraries of the site beside it', 'editorLibrary', 'library', ['Contracts', 'Documents']],
	])('a picker lists %s', async (_name, workflow, parameter, names) => {
		if (stage === undefined) return;
		await page.goto(`${stage.n8n.url}/workflow/${workflow}`);
		await page.locator('[data-test-id=canvas-node]').filter({ hasText: 'M365 Backup' }).dblclick();
		const panel = page.locator('[data-test-id=ndv]');
		await panel.waitFor();
		await panel.locator(`[data-test-id=resource-locator-${parameter}] [data-test-id=rlc-input]`).first().click();
		const list = page.locator('[data-test-id=rlc-item]');
		await list.first().waitFor();
		const shown = (await list.allInnerTexts()).join('\n');
		for (const name of names) expect(shown).toContain(name);
	});
});
