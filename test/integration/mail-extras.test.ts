import { afterEach, describe, expect, it } from 'vitest';
import { findMailbox, listMailboxes } from '../../nodes/M365Backup/graph/users';
import type { CatalogEntry } from '../../nodes/M365Backup/repository/records';
import type { MailboxFixture } from '../support/mailbox-fixture';
import { mailboxFixture, plainMail } from '../support/mailbox-fixture';
import { outcomes, restoreAll } from './restore-help';

let fixture: MailboxFixture;
afterEach(async () => {
	expect(fixture.sim.misses).toEqual([]);
	await fixture.stop();
});

async function small(options: Parameters<typeof mailboxFixture>[0] = {}): Promise<MailboxFixture> {
	fixture = await mailboxFixture(options);
	fixture.mailbox.addFolder('inbox', 'News');
	for (let index = 0; index < 5; index++) fixture.mailbox.addMime('inbox', plainMail(`Mail ${index}`));
	fixture.mailbox.addMime('Posteingang/News', plainMail('In news'));
	return fixture;
}

async function folder(name: string): Promise<CatalogEntry | undefined> {
	return [...(await fixture.entries()).values()].find((entry) => entry.type === 'folder' && entry.name === name);
}

describe('Recoverable Items', () => {
	it('are left out unless asked for', async () => {
		await small();
		fixture.mailbox.addMime('recoverableitemsdeletions', plainMail('Deleted for good'));
		await fixture.backUp();
		expect(await fixture.messages()).not.toContainEqual(expect.stringContaining('Deleted for good'));
		expect(await folder('Deletions')).toBeUndefined();
	});

	it('are backed up as folders of their own, which know what they are; a quiet run stays quiet', async () => {
		await small();
		const { mailbox } = fixture;
		mailbox.addMime('recoverableitemsdeletions', plainMail('Deleted for good'));
		mailbox.addMime('recoverableitemspurges', plainMail('Purged'));
		mailbox.addMime('recoverableitemsversions', plainMail('Older version'));
		expect(await fixture.backUp({ recoverableItems: true })).toMatchObject({ status: 'complete', totals: { items: 9 }, warnings: [] });
		expect((await fixture.messages()).filter((name) => name.startsWith('Recoverable'))).toEqual([
			'Recoverable Items/Deletions/Deleted for good',
			'Recoverable Items/Purges/Purged',
			'Recoverable Items/Versions/Older version',
		]);
		expect(await folder('Recoverable Items')).toMatchObject({ meta: { role: 'recoverableitemsroot', hidden: true } });
		expect(await folder('Deletions')).toMatchObject({ meta: { role: 'recoverableitemsdeletions', hidden: true } });
		expect(await fixture.backUp({ recoverableItems: true })).toMatchObject({ status: 'unchanged' });
		mailbox.delete(mailbox.folder('inbox').sorted()[0]!);
		const summary = await fixture.backUp({ recoverableItems: true });
		expect(summary).toMatchObject({ status: 'complete', changes: { added: 0, updated: 1, deleted: 0 } });
		expect(await fixture.messages()).toContain('Recoverable Items/Deletions/Mail 4');
	});

	it('come down to the one documented folder where their top does not answer', async () => {
		await small({ switches: { recoverableRoot: 'notFound' } });
		fixture.mailbox.addMime('recoverableitemsdeletions', plainMail('Deleted for good'));
		await fixture.backUp({ recoverableItems: true });
		expect(await fixture.messages()).toContain('Deletions/Deleted for good');
		expect(await fixture.backUp({ recoverableItems: true, hoursLater: 200, alwaysRecord: true })).toMatchObject({ status: 'complete', changes: { added: 0, updated: 0, deleted: 0 } });
	});

	it('may be asked for later, and be left out again', async () => {
		await small();
		const message = fixture.mailbox.addMime('recoverableitemsdeletions', plainMail('Deleted for good'));
		await fixture.backUp();
		expect(await fixture.backUp({ recoverableItems: true })).toMatchObject({ status: 'complete', changes: { added: 1 } });
		expect(await fixture.backUp({ recoverableItems: true })).toMatchObject({ status: 'unchanged' });
		expect(await fixture.backUp()).toMatchObject({ status: 'complete', changes: { deleted: 1 } });
		expect(await folder('Deletions')).toBeUndefined();
		expect(await fixture.backUp()).toMatchObject({ status: 'unchanged' });
		expect(fixture.mailbox.message(message.id)).toBe(message);
	});

	it('come back into a folder that people see, moved while they are still there, rebuilt when they are not', async () => {
		await small();
		const { mailbox } = fixture;
		const there = mailbox.addMime('recoverableitemsdeletions', plainMail('Still there'));
		const gone = mailbox.addMime('recoverableitemsversions', plainMail('Gone'));
		await fixture.backUp({ recoverableItems: true });
		mailbox.purge(gone);
		const preview = await restoreAll(fixture, { mode: 'preview' });
		expect(outcomes(preview)).toEqual({ skipped: 6, movedBack: 1, created: 1, folderCreated: 1 });
		expect(outcomes(await restoreAll(fixture))).toEqual({ skipped: 6, movedBack: 1, created: 1, folderCreated: 1 });
		const names = [...mailbox.folder('Recovered Items').messages()].map((message) => message.summary());
		expect((await Promise.all(names)).map(({ subject }) => subject).sort()).toEqual(['Gone', 'Still there']);
		expect(mailbox.message(there.id).folder.displayName).toBe('Recovered Items');
		expect(mailbox.folder('recoverableitemsdeletions').total).toBe(0);
		expect(outcomes(await restoreAll(fixture))).toEqual({ skipped: 8 });
	});
});

describe('hidden folders', () => {
	it('are found by the weekly walk, and by a full resync at once', async () => {
		await small();
		await fixture.backUp();
		fixture.mailbox.addMime(fixture.mailbox.addFolder('inbox', 'Secret', { hidden: true }), plainMail('Hidden'));
		await fixture.backUp();
		expect(await fixture.messages()).not.toContain('Posteingang/Secret/Hidden');
		await fixture.backUp({ hoursLater: 8 * 24 });
		expect(await fixture.messages()).toContain('Posteingang/Secret/Hidden');
		fixture.mailbox.addMime(fixture.mailbox.addFolder('inbox', 'Another', { hidden: true }), plainMail('Hidden, too'));
		await fixture.backUp({ fullResync: true });
		expect(await fixture.messages()).toContain('Posteingang/Another/Hidden, too');
	});
});

describe('a mailbox over its quota', () => {
	const overQuota = [expect.stringContaining('over its quota')];

	it.each(['refused', 'answers'] as const)('is listed and compared instead (folder delta: %s), and read by delta again later', async (overQuotaFolderDelta) => {
		await small({ switches: { overQuotaFolderDelta } });
		await fixture.backUp();
		const { mailbox } = fixture;
		mailbox.isOverQuota = true;
		expect(await fixture.backUp()).toMatchObject({ status: 'unchanged', warnings: overQuota });

		const [read, moved, deleted] = mailbox.folder('inbox').sorted();
		mailbox.patch(read!, { isRead: true });
		mailbox.move(moved!, 'Posteingang/News');
		mailbox.purge(deleted!);
		mailbox.addMime(mailbox.addFolder('inbox', 'New folder'), plainMail('New'));
		const summary = await fixture.backUp();
		expect(summary).toMatchObject({ status: 'complete', changes: { added: 1, updated: 2, deleted: 1, failed: 0 }, warnings: overQuota });
		expect(await fixture.messages()).toEqual(await fixture.living());
		expect((await fixture.entries()).get(`mail/${read!.id}`)?.meta['read']).toBe(true);
		expect(await fixture.backUp()).toMatchObject({ status: 'unchanged', warnings: overQuota });

		mailbox.isOverQuota = false;
		mailbox.addMime('inbox', plainMail('After it'));
		expect(await fixture.backUp()).toMatchObject({ status: 'complete', changes: { added: 1, updated: 0, deleted: 0 }, warnings: [] });
		expect(await fixture.messages()).toEqual(await fixture.living());
		expect(await fixture.backUp()).toMatchObject({ status: 'unchanged', warnings: [] });
	});

	it('can be backed up for the first time', async () => {
		await small();
		fixture.mailbox.isOverQuota = true;
		expect(await fixture.backUp()).toMatchObject({ status: 'complete', totals: { items: 6 }, warnings: overQuota });
		expect(await fixture.messages()).toEqual(await fixture.living());
		expect(await fixture.backUp()).toMatchObject({ status: 'unchanged' });
		fixture.mailbox.isOverQuota = false;
		expect(await fixture.backUp({ alwaysRecord: true })).toMatchObject({ status: 'complete', changes: { added: 0, updated: 0, deleted: 0 }, warnings: [] });
		expect(await fixture.backUp()).toMatchObject({ status: 'unchanged' });
	});

	it('says which folder it could not list', async () => {
		await small();
		await fixture.backUp();
		fixture.mailbox.isOverQuota = true;
		const news = fixture.mailbox.folder('Posteingang/News');
		fixture.sim.tenant.faults.script({ match: (_method, path) => path.includes(`${encodeURIComponent(news.id)}/messages?`), times: Infinity, do: { status: 500 } });
		const summary = await fixture.backUp();
		expect(summary).toMatchObject({ status: 'partial', changes: { deleted: 0 } });
		expect(summary.warnings).toContainEqual(expect.stringContaining('"Posteingang/News"'));
		expect(await fixture.messages()).toEqual(await fixture.living());
	});
});

describe('an in-place archive', () => {
	const warning = 'This mailbox has an in-place archive, which is not backed up: Microsoft Graph does not give its mail';

	it('is mentioned by the first backup and once a week, with one request', async () => {
		await small();
		fixture.mailbox.settings.inPlaceArchiveId = 'MBX:archive@tenant';
		expect((await fixture.backUp()).warnings).toEqual([warning]);
		expect((await fixture.backUp()).warnings).toEqual([]);
		expect((await fixture.backUp({ hoursLater: 8 * 24 })).warnings).toEqual([warning]);
		expect(fixture.sim.requestLog.count('GET /beta/users/{id}/settings/exchange')).toBe(2);
	});

	it.each([
		['there is none', () => undefined],
		['nobody may ask', () => fixture.sim.tenant.roles.revoke('User.Read.All')],
		['the cloud does not know it', () => { fixture.sim.tenant.faults.script({ match: /settings\/exchange/, do: { status: 400 } }); }],
		['Graph has a fault', () => { fixture.sim.tenant.faults.script({ match: /settings\/exchange/, do: { reset: true } }); }],
	])('is no word where %s', async (_when, arrange) => {
		await small();
		fixture.mailbox.settings.inPlaceArchiveId = _when === 'there is none' ? null : 'MBX:archive@tenant';
		arrange();
		expect(await fixture.backUp()).toMatchObject({ status: 'complete', warnings: [] });
	});
});

describe('a message that Microsoft 365 itself cannot read', () => {
	it('fails, is tried for a week, is skipped then, and each time it is said why', async () => {
		await small();
		const broken = fixture.mailbox.folder('inbox').sorted()[0]!;
		fixture.mailbox.corrupt(broken);
		const reason = expect.stringContaining('Microsoft 365 itself cannot read it (ErrorCorruptData)') as string;
		const first = await fixture.backUp();
		expect(first).toMatchObject({ status: 'complete', changes: { failed: 1 }, failures: [{ reason }] });
		let summary = first;
		for (let day = 1; day <= 10 && summary.failures.length > 0; day++) summary = await fixture.backUp({ hoursLater: 24 });
		expect(summary).toMatchObject({ status: 'complete', changes: { failed: 0, skipped: 1 }, failures: [] });
		expect(summary.warnings).toContainEqual(reason);
		expect((await fixture.entries()).get(`mail/${broken.id}`)?.meta['skipped']).toEqual(reason);
		expect(await fixture.backUp({ hoursLater: 24 })).toMatchObject({ status: 'unchanged', failures: [] });
	});
});

describe('a shared mailbox', () => {
	it('is found and backed up without a licence', async () => {
		fixture = await mailboxFixture({ userName: 'Info Desk', shared: true });
		fixture.mailbox.addMime('inbox', plainMail('To all of us'));
		const found = await findMailbox(fixture.client(), fixture.mailbox.user.userPrincipalName);
		expect(found).toMatchObject({ id: fixture.source.id, displayName: 'Info Desk' });
		const summary = await fixture.backUp({ content: ['mail', 'settings'] });
		expect(summary).toMatchObject({ status: 'complete', totals: { items: 2 }, warnings: [] });
		expect((await fixture.entries()).has('settings/mailboxSettings')).toBe(true);
	});

	it('stands among the mailboxes to choose from', async () => {
		fixture = await mailboxFixture({ userName: 'Info Desk', shared: true });
		const { mailboxes } = await listMailboxes(fixture.client());
		expect(mailboxes.map(({ displayName }) => displayName)).toContain('Info Desk');
	});
});
