import { afterEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../nodes/M365Backup/base/json';
import type { BackUpSummary } from '../../nodes/M365Backup/engine/back-up-summary';
import type { CatalogEntry } from '../../nodes/M365Backup/repository/records';
import type { MailboxFixture } from '../support/mailbox-fixture';
import { mailboxFixture } from '../support/mailbox-fixture';
import type { InboxRule } from '../simulator/settings-store';

let fixture: MailboxFixture;
afterEach(() => fixture.stop());

async function filled(): Promise<InboxRule> {
	fixture = await mailboxFixture();
	const { mailbox } = fixture;
	const projects = mailbox.addFolder('inbox', 'Projects');
	const rule = mailbox.settings.addRule({
		displayName: 'Invoices: "all"',
		conditions: { subjectContains: ['invoice'], fromAddresses: [{ emailAddress: { name: 'B', address: 'b@example.com' } }] },
		actions: { moveToFolder: projects.id, stopProcessingRules: true },
	});
	mailbox.settings.addCategory('Travel', 'preset7');
	mailbox.settings.addCategory('Kunde wichtig', 'preset0');
	return rule;
}

const backUp = (options: Parameters<MailboxFixture['backUp']>[0] = {}): Promise<BackUpSummary> => fixture.backUp({ content: ['settings'], ...options });

async function settings(): Promise<Map<string, CatalogEntry>> {
	return new Map([...(await fixture.entries())].filter(([, entry]) => entry.type === 'setting').map(([, entry]) => [entry.name, entry]));
}

async function stored(name: string): Promise<JsonObject> {
	const entry = (await settings()).get(name);
	expect(entry, name).toBeDefined();
	return JSON.parse((await fixture.content(entry!)).toString('utf8')) as JsonObject;
}

describe('backing up rules, categories and mailbox settings', () => {
	it('stores each as an item of its own that a person can read', async () => {
		const rule = await filled();
		const summary = await backUp();
		expect(summary).toMatchObject({ status: 'complete', changes: { added: 4, failed: 0 }, totals: { items: 4 }, warnings: [] });
		expect(summary.graph).toMatchObject({ requests: 3, calls: 1 });
		const entries = await fixture.entries();
		expect(entries.get('settings/root')).toMatchObject({ type: 'folder', name: 'Settings', meta: { kind: 'root' } });
		const entry = entries.get(`settings/rule:${fixture.mailbox.settings.ruleId(rule)}`)!;
		expect(entry).toMatchObject({ parent: 'settings/root', name: 'Invoices: "all"', meta: { kind: 'rule', subject: 'Invoices: "all"', enabled: true } });
		expect(entry.content?.[0]?.entry).toMatch(/^Settings\/Rules\/Invoices_ _all_ \[[0-9a-f]{8}\]\.json$/);
		expect(await stored('Invoices: "all"')).toMatchObject({ conditions: rule.conditions, actions: rule.actions, sequence: 1 });
		expect((await settings()).get('Travel')).toMatchObject({ meta: { kind: 'category', color: 'preset7' } });
		expect(await stored('Mailbox settings')).toMatchObject({ timeZone: 'W. Europe Standard Time', language: { locale: 'de-DE' }, userPurpose: 'user' });
		expect((await fixture.repository.snapshots(fixture.key)).at(-1)?.scopes).toContainEqual(expect.objectContaining({ id: 'settings/all', name: 'Settings', state: 'complete' }));
		expect(fixture.sim.misses).toEqual([]);
	});

	it('adds nothing when nothing has changed, by three requests in one call', async () => {
		await filled();
		await backUp();
		const summary = await backUp({ hoursLater: 30 });
		expect(summary).toMatchObject({ status: 'unchanged', graph: { requests: 3, calls: 1 } });
	});

	it('follows what is changed, made and deleted, and nothing else', async () => {
		const rule = await filled();
		await backUp();
		const { settings: store } = fixture.mailbox;
		store.changeRule(rule, { isEnabled: false });
		store.category('Travel')!.color = 'preset3';
		store.deleteCategory(store.category('Kunde wichtig')!);
		store.addRule({ displayName: 'Newsletters', actions: { delete: true } });
		expect(await backUp()).toMatchObject({ status: 'complete', changes: { added: 1, updated: 2, deleted: 1 } });
		expect([...(await settings()).keys()].sort()).toEqual(['Invoices: "all"', 'Mailbox settings', 'Newsletters', 'Travel']);
		expect((await settings()).get('Invoices: "all"')?.meta).not.toHaveProperty('enabled');
		expect((await settings()).get('Travel')?.meta).toMatchObject({ color: 'preset3' });
		expect(await backUp()).toMatchObject({ status: 'unchanged' });
	});

	it('notices automatic replies, but not the idle times that Exchange fills in', async () => {
		await filled();
		await backUp();
		fixture.mailbox.settings.change({ automaticRepliesSetting: { ...fixture.mailbox.settings.values.automaticRepliesSetting, status: 'alwaysEnabled', internalReplyMessage: 'Away' } });
		expect(await backUp()).toMatchObject({ changes: { updated: 1 } });
		expect((await settings()).get('Mailbox settings')?.meta).toMatchObject({ automaticReplies: 'alwaysEnabled' });
		expect(await stored('Mailbox settings')).toMatchObject({ automaticRepliesSetting: { internalReplyMessage: 'Away' } });
		expect(await backUp()).toMatchObject({ status: 'unchanged' });
	});

	it('without the permission leaves them out and names it; mail is backed up all the same', async () => {
		await filled();
		fixture.sim.tenant.roles.set('Mail.Read', 'User.Read.All');
		const summary = await fixture.backUp({ content: ['settings', 'mail'] });
		expect(summary.status).toBe('complete');
		expect(summary.warnings).toEqual([expect.stringContaining('Grant the application permission MailboxSettings.Read')]);
		expect(await settings()).toEqual(new Map());
	});

	it('keeps what it has, and says that it is not complete, when the permission is taken away', async () => {
		await filled();
		await fixture.backUp({ content: ['settings', 'mail'] });
		fixture.sim.tenant.roles.set('Mail.Read');
		expect(await fixture.backUp({ content: ['settings', 'mail'] })).toMatchObject({ status: 'partial', changes: { deleted: 0 } });
		expect((await settings()).size).toBe(4);
		fixture.sim.tenant.roles.grant('MailboxSettings.Read');
		expect(await fixture.backUp({ content: ['settings', 'mail'] })).toMatchObject({ status: 'complete', changes: { added: 0, deleted: 0 } });
	});

	it.each([403, 404] as const)('of a mailbox whose rules answer %i stores the rest and is complete', async (status) => {
		await filled();
		fixture.mailbox.settings.rulesRefusal = status;
		const summary = await backUp();
		expect(summary).toMatchObject({ status: 'complete', totals: { items: 3 } });
		expect(summary.warnings).toEqual(status === 403 ? [expect.stringContaining('inbox rules')] : []);
		expect(await backUp()).toMatchObject({ status: 'unchanged' });
	});

	it('keeps rules that are refused later', async () => {
		await filled();
		await backUp();
		fixture.mailbox.settings.rulesRefusal = 403;
		expect(await backUp()).toMatchObject({ status: 'complete', changes: { deleted: 0 }, warnings: [expect.stringContaining('stays as it was')] });
		expect((await settings()).has('Invoices: "all"')).toBe(true);
	});

	it('keeps what a lasting fault hides, and says so', async () => {
		await filled();
		await backUp();
		fixture.sim.tenant.faults.script({ match: 'GET /users/*/outlook/masterCategories*', times: Infinity, do: { status: 500 } });
		expect(await backUp()).toMatchObject({ status: 'partial', changes: { deleted: 0 } });
		fixture.sim.tenant.faults.clear();
		expect(await backUp()).toMatchObject({ status: 'complete', changes: { added: 0, deleted: 0 } });
	});

	it('does not believe a listing that leaves something out', async () => {
		const rule = await filled();
		await backUp();
		fixture.sim.tenant.faults.script({ match: /^GET .*\/messageRules$/, do: { status: 200, body: { value: [] } } });
		expect(await backUp()).toMatchObject({ status: 'unchanged' });
		expect((await settings()).has(rule.displayName)).toBe(true);
	});

	it('goes on where a limit stopped it in the middle, and stores nothing twice', async () => {
		await filled();
		const runs = [];
		do runs.push(await backUp({ stopAfter: { bytes: 1 } }));
		while (runs.at(-1)!.hasMore && runs.length < 20);
		expect(runs.length).toBeGreaterThan(1);
		expect(runs.reduce((sum, { changes }) => sum + changes.added, 0)).toBe(4);
		expect((await settings()).size).toBe(4);
		expect(await backUp()).toMatchObject({ status: 'unchanged', graph: { requests: 3, calls: 1 } });
	});

	it('catches up after a run that could not read anything', async () => {
		await filled();
		await backUp();
		fixture.mailbox.settings.addRule({ displayName: 'Newsletters', actions: { delete: true } });
		fixture.sim.tenant.faults.script({ match: /^POST .*batch/, times: Infinity, do: { reset: true } });
		await expect(backUp()).rejects.toThrow();
		fixture.sim.tenant.faults.clear();
		expect(await backUp()).toMatchObject({ status: 'complete', changes: { added: 1 } });
	});

	it('compares with the catalog when the cursor is lost, and after a full resync', async () => {
		await filled();
		await backUp();
		const keys = [];
		for await (const file of fixture.store.list('')) if (file.key.includes('cursor')) keys.push(file.key);
		await fixture.store.delete(keys);
		expect((await backUp({ alwaysRecord: true })).changes).toMatchObject({ added: 0, updated: 0, deleted: 0 });
		expect((await backUp({ fullResync: true, alwaysRecord: true })).changes).toMatchObject({ added: 0, updated: 0, deleted: 0 });
	});
});
