import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RestoreResult } from '../../nodes/M365Backup/engine/restore';
import { mailboxRestorer } from '../../nodes/M365Backup/workloads/mailbox/restore-mailbox';
import { RESTORED_SETTINGS } from '../../nodes/M365Backup/workloads/mailbox/settings/fidelity';
import type { MailboxFixture } from '../support/mailbox-fixture';
import { mailboxFixture, plainMail } from '../support/mailbox-fixture';
import type { Mailbox } from '../simulator/mailbox';
import type { InboxRule, SettingsStore } from '../simulator/settings-store';
import type { RestoreCall } from './restore-help';
import { failures, outcomes, restoreAll } from './restore-help';

let fixture: MailboxFixture;
let store: SettingsStore;
let invoices: InboxRule;
let forward: InboxRule;

beforeEach(async () => {
	fixture = await mailboxFixture();
	const { mailbox } = fixture;
	store = mailbox.settings;
	mailbox.addMime(mailbox.addFolder('inbox', 'Projects'), plainMail('Plan'));
	invoices = store.addRule({
		displayName: 'Invoices',
		conditions: { subjectContains: ['invoice'] },
		exceptions: { importance: 'high' },
		actions: { moveToFolder: mailbox.folder('Posteingang/Projects').id, assignCategories: ['Travel'], stopProcessingRules: true },
	});
	forward = store.addRule({ displayName: 'Forward', actions: { forwardTo: [{ emailAddress: { name: 'Bea', address: 'Bea@example.com' } }] } });
	store.addCategory('Travel', 'preset7');
	store.change({
		workingHours: { ...store.values.workingHours, startTime: '06:30:00.0000000' },
		automaticRepliesSetting: { status: 'alwaysEnabled', externalAudience: 'all', internalReplyMessage: 'Away', externalReplyMessage: 'Away' },
	});
	await fixture.backUp({ content: ['settings', 'mail'] });
});
afterEach(async () => {
	expect(fixture.sim.tenant.outbox).toEqual([]);
	expect(fixture.sim.misses).toEqual([]);
	await fixture.stop();
});

function restore(options: RestoreCall & { into?: Mailbox } = {}): Promise<RestoreResult[]> {
	const { into = fixture.mailbox, ...rest } = options;
	const graph = options.graph ?? fixture.client();
	return restoreAll(fixture, {
		selection: { kind: 'folder', folderId: 'settings/root', includeSubfolders: true },
		restorer: mailboxRestorer({ graph, mailboxId: into.user.id, ambient: fixture.ambient, source: fixture.source }),
		...rest,
	});
}

function of(results: readonly RestoreResult[], name: string): RestoreResult {
	const found = results.find((result) => result.name === name);
	expect(found, name).toBeDefined();
	return found!;
}

function rule(name: string): InboxRule | undefined {
	return store.sortedRules().find((one) => one.displayName === name);
}

function loseEverything(): void {
	for (const one of store.sortedRules()) store.deleteRule(one);
	for (const one of [...store.categories]) store.deleteCategory(one);
	store.change({ timeZone: 'UTC', automaticRepliesSetting: { ...store.values.automaticRepliesSetting, status: 'disabled' } });
}

describe('restoring rules, categories and mailbox settings', () => {
	it('leaves everything that is there, as it is', async () => {
		const results = await restore();
		expect(outcomes(results)).toEqual({ skipped: 4 });
		expect(of(results, 'Invoices')).toMatchObject({ reason: 'It is there, as it was', targetPath: 'Settings' });
		expect(rule('Invoices')!.isEnabled).toBe(true);
	});

	it('makes rules anew, switched off, and categories with their colour; a second restore changes nothing', async () => {
		loseEverything();
		const results = await restore();
		expect(outcomes(results)).toEqual({ created: 3, skipped: 1 });
		expect(of(results, 'Forward').reason).toContain('switched off');
		expect(rule('Invoices')).toMatchObject({ isEnabled: false, conditions: invoices.conditions, exceptions: invoices.exceptions, actions: invoices.actions });
		expect(rule('Forward')).toMatchObject({ isEnabled: false, actions: forward.actions });
		expect(store.sortedRules().map((one) => one.displayName)).toEqual(['Invoices', 'Forward']);
		expect(store.category('travel')).toMatchObject({ displayName: 'Travel', color: 'preset7' });
		expect(of(results, 'Mailbox settings')).toMatchObject({ outcome: 'skipped', reason: 'They differ (time zone); choose Replace to set them back' });
		expect(outcomes(await restore())).toEqual({ skipped: 4 });
		expect(store.sortedRules()).toHaveLength(2);
	});

	it('previews what it would do, and does nothing', async () => {
		loseEverything();
		const results = await restore({ mode: 'preview' });
		expect(outcomes(results)).toEqual({ created: 3, skipped: 1 });
		expect(results.every((result) => result.wouldBe)).toBe(true);
		expect(store.sortedRules()).toEqual([]);
		expect(store.categories).toEqual([]);
		const written = fixture.sim.requestLog;
		expect(written.count(/^(POST|PATCH|DELETE) \/users/)).toBe(0);
	});

	it('sets back what was changed only with Replace, and never automatic replies', async () => {
		store.changeRule(invoices, { conditions: { subjectContains: ['bill'] } });
		store.category('Travel')!.color = 'preset1';
		store.change({ timeZone: 'UTC', language: { locale: 'fr-FR', displayName: 'fr' }, automaticRepliesSetting: { ...store.values.automaticRepliesSetting, status: 'disabled' } });
		for (const conflictPolicy of ['skip', 'keepBoth'] as const) expect(outcomes(await restore({ conflictPolicy }))).toEqual({ skipped: 4 });
		expect(rule('Invoices')!.conditions).toEqual({ subjectContains: ['bill'] });

		const results = await restore({ conflictPolicy: 'replace' });
		expect(outcomes(results)).toEqual({ replaced: 3, skipped: 1 });
		expect(store.sortedRules()).toHaveLength(2);
		expect(rule('Invoices')).toMatchObject({ isEnabled: false, conditions: { subjectContains: ['invoice'] } });
		expect(rule('Forward')!.isEnabled).toBe(true);
		expect(store.category('Travel')!.color).toBe('preset7');
		expect(store.values).toMatchObject({ timeZone: 'W. Europe Standard Time', language: { locale: 'de-DE' }, workingHours: { startTime: '06:30:00.0000000' }, automaticRepliesSetting: { status: 'disabled' } });
		const settings = of(results, 'Mailbox settings');
		expect(settings.reason).toBe('Set back: language, time zone');
		expect(settings.fidelity).toEqual([expect.stringContaining('Automatic replies were on')]);
		expect(outcomes(await restore({ conflictPolicy: 'replace' }))).toEqual({ skipped: 4 });
	});

	it('leaves a rule of another program as it is', async () => {
		store.changeRule(invoices, { isReadOnly: true, conditions: null });
		const result = of(await restore({ conflictPolicy: 'replace' }), 'Invoices');
		expect(result).toMatchObject({ outcome: 'skipped', reason: expect.stringContaining('another program') as string });
	});

	it('does not make a rule that Graph cannot show in full: it might do more than it did', async () => {
		store.changeRule(invoices, { isReadOnly: true, conditions: null });
		await fixture.backUp({ content: ['settings', 'mail'] });
		store.deleteRule(invoices);
		expect(failures(await restore())).toMatchObject([{ name: 'Invoices', nextStep: expect.stringContaining('Outlook') as string }]);
	});

	it('keeps two rules that say the same two', async () => {
		const { displayName, conditions, exceptions, actions } = invoices;
		store.addRule({ displayName, conditions, exceptions, actions });
		await fixture.backUp({ content: ['settings'] });
		store.deleteRule(invoices);
		expect(outcomes(await restore())).toEqual({ skipped: 4, created: 1 });
		expect(store.sortedRules().filter((one) => one.displayName === 'Invoices')).toHaveLength(2);
		expect(outcomes(await restore())).toEqual({ skipped: 5 });
	});

	it('restores a rule chosen by itself, and its folder by its new place', async () => {
		const { mailbox } = fixture;
		mailbox.purgeFolder(mailbox.folder('Posteingang/Projects'));
		const ids = [`settings/rule:${store.ruleId(invoices)}`];
		store.deleteRule(invoices);
		const alone = of(await restore({ selection: { kind: 'ids', ids } }), 'Invoices');
		expect(alone).toMatchObject({ outcome: 'created', fidelity: [expect.stringContaining('"Posteingang/Projects", is not there')] });
		expect(rule('Invoices')!.actions).toEqual({ assignCategories: ['Travel'], stopProcessingRules: true });
		store.deleteRule(rule('Invoices')!);
		const anew = mailbox.addFolder('inbox', 'Projects');
		expect(of(await restore({ selection: { kind: 'ids', ids } }), 'Invoices')).toMatchObject({ outcome: 'created', fidelity: [] });
		expect(rule('Invoices')!.actions).toMatchObject({ moveToFolder: anew.id });
	});

	it('says which folder is missing where a rule has nothing else to do', async () => {
		store.changeRule(invoices, { actions: { moveToFolder: fixture.mailbox.folder('Posteingang/Projects').id } });
		await fixture.backUp({ content: ['settings', 'mail'] });
		fixture.mailbox.purgeFolder(fixture.mailbox.folder('Posteingang/Projects'));
		store.deleteRule(invoices);
		expect(failures(await restore())).toMatchObject([{ reason: expect.stringContaining('Posteingang/Projects') as string, nextStep: expect.stringContaining('folder first') as string }]);
	});

	it('brings folders back before the rules that need them', async () => {
		const { mailbox } = fixture;
		mailbox.purgeFolder(mailbox.folder('Posteingang/Projects'));
		loseEverything();
		const preview = of(await restore({ selection: { kind: 'everything' }, mode: 'preview' }), 'Invoices');
		expect(preview).toMatchObject({ outcome: 'created', fidelity: [expect.stringContaining('is not there yet')] });
		expect(failures(await restore({ selection: { kind: 'everything' } }))).toEqual([]);
		expect(rule('Invoices')!.actions).toMatchObject({ moveToFolder: mailbox.folder('Posteingang/Projects').id });
	});

	it('restores into another mailbox, whose folders have other ids and names', async () => {
		const other = fixture.sim.tenant.addUser({ displayName: 'Bruno Costa' }).mailbox!;
		const results = await restore({ into: other, mailboxId: other.user.id, selection: { kind: 'everything' }, conflictPolicy: 'replace' });
		expect(failures(results)).toEqual([]);
		const [first] = other.settings.sortedRules();
		expect(first).toMatchObject({ displayName: 'Invoices', isEnabled: false, actions: { moveToFolder: other.folder('Inbox/Projects').id } });
		expect(other.settings.category('Travel')).toMatchObject({ color: 'preset7' });
		expect(other.settings.values).toMatchObject({ language: { locale: 'de-DE' }, automaticRepliesSetting: { status: 'disabled' } });
		expect(outcomes(await restore({ into: other, mailboxId: other.user.id, conflictPolicy: 'replace' }))).toEqual({ skipped: 4 });
	});

	it('gives back as it was what the fidelity table calls so, and nothing of what it never gives back', async () => {
		const other = fixture.sim.tenant.addUser({ displayName: 'Bruno Costa' }).mailbox!;
		const graph = { of: (mailbox: Mailbox) => ({ ...mailbox.settings.values, ...mailbox.settings.categories[0], ...mailbox.settings.sortedRules().find((one) => one.displayName === 'Forward') }) as Record<string, unknown> };
		const before = graph.of(fixture.mailbox);
		const results = await restore({ into: other, mailboxId: other.user.id, selection: { kind: 'everything' }, conflictPolicy: 'replace' });
		expect(failures(results)).toEqual([]);
		const after = graph.of(other);
		const named = (result: string): string[] => RESTORED_SETTINGS.filter((row) => row.result === result).flatMap((row) => [...row.graph]);
		for (const name of named('equal')) expect(after[name], name).toEqual(before[name]);
		expect(after).toMatchObject({ isEnabled: false, automaticRepliesSetting: { status: 'disabled' } });
		expect(before).toMatchObject({ isEnabled: true, automaticRepliesSetting: { status: 'alwaysEnabled' } });
	});

	it('into a folder leaves the mailbox settings alone', async () => {
		loseEverything();
		const results = await restore({ destination: { kind: 'folder', path: ['Restored'] }, conflictPolicy: 'replace' });
		expect(of(results, 'Mailbox settings')).toMatchObject({ outcome: 'skipped', reason: expect.stringContaining('not to a folder') as string });
		expect(store.values.timeZone).toBe('UTC');
		expect(of(results, 'Invoices').outcome).toBe('created');
	});

	it('makes nothing twice when an answer is lost', async () => {
		loseEverything();
		fixture.sim.tenant.faults.script({ match: /^POST .*\/(messageRules|masterCategories)$/, when: 'after', times: 3, do: { reset: true } });
		expect(outcomes(await restore())).toEqual({ created: 3, skipped: 1 });
		expect(store.sortedRules()).toHaveLength(2);
		expect(store.categories).toHaveLength(1);
	});

	it('sets back what it can where one setting is refused, and says which', async () => {
		store.change({ timeZone: 'UTC', dateFormat: 'dd/MM/yyyy' });
		const refuses = (_method: string, path: string): boolean => path.endsWith('/mailboxSettings') && _method === 'PATCH';
		fixture.sim.tenant.faults.script({ match: refuses, times: 2, do: { status: 400, body: { error: { code: 'ErrorInvalidTimeZone', message: 'no' } } } });
		const result = of(await restore({ conflictPolicy: 'replace' }), 'Mailbox settings');
		expect(result).toMatchObject({ outcome: 'replaced', reason: 'Set back: date format', fidelity: ['Microsoft 365 did not take the time zone.', expect.any(String)] });
		expect(store.values).toMatchObject({ timeZone: 'UTC', dateFormat: 'yyyy-MM-dd' });
	});

	it('without the permission to write says so for each', async () => {
		loseEverything();
		fixture.sim.tenant.roles.revoke('MailboxSettings.ReadWrite');
		const failed = failures(await restore());
		expect(failed).toHaveLength(3);
		for (const one of failed) expect(one.nextStep).toContain('MailboxSettings.ReadWrite');
	});
});
