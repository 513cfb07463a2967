import { afterEach, describe, expect, it } from 'vitest';
import type { RestoreResult } from '../../nodes/M365Backup/engine/restore';
import { ComposedMessage } from '../simulator/composed-message';
import type { MessageRecord } from '../simulator/message';
import { StoredMime } from '../simulator/stored-mime';
import { mailboxFixture, plainMail, type MailboxFixture } from '../support/mailbox-fixture';
import { newestSnapshot, outcomes, portrait, portraits, purgeAll, restoreAll } from './restore-help';

let fixture: MailboxFixture;
afterEach(async () => {
	expect(fixture.sim.tenant.outbox).toEqual([]);
	expect(fixture.sim.misses).toEqual([]);
	await fixture.stop();
});

const receiptMail = (subject: string): string =>
	plainMail(subject).replace('MIME-Version', 'Disposition-Notification-To: ada@fabrikam.example\r\nReturn-Receipt-To: ada@fabrikam.example\r\nMIME-Version');

function visible(): MessageRecord[] {
	return [...fixture.mailbox.allMessages()].filter((message) => message.folder.isBelow(fixture.mailbox.root));
}

function byName(results: readonly RestoreResult[]): Record<string, string> {
	return Object.fromEntries(results.map(({ name, outcome }) => [name, outcome]));
}

describe('conflict policies', () => {
	it('skip leaves what is in its place as it is', async () => {
		fixture = await mailboxFixture();
		const { mailbox } = fixture;
		const message = mailbox.addMime('inbox', plainMail('marked'), { isRead: false });
		await fixture.backUp();
		mailbox.patch(message, { isRead: true, categories: ['Later'] });
		const results = await restoreAll(fixture);
		expect(outcomes(results)).toEqual({ skipped: 1 });
		expect(message).toMatchObject({ isRead: true, categories: ['Later'] });
	});

	it('replace sets marks back without loss, and rebuilds only what says something else', async () => {
		fixture = await mailboxFixture();
		const { mailbox } = fixture;
		const marked = mailbox.addMime('inbox', plainMail('marked'), { isRead: true, categories: ['Red'], importance: 'high', flag: { flagStatus: 'flagged', startDateTime: { dateTime: '2026-11-20T00:00:00.0000000', timeZone: 'UTC' }, dueDateTime: { dateTime: '2026-11-25T00:00:00.0000000', timeZone: 'UTC' } } });
		const bare = mailbox.addMime('inbox', plainMail('bare'));
		const edited = mailbox.addMime('inbox', plainMail('edited'));
		const draft = mailbox.addMime('drafts', plainMail('a draft'), { isDraft: true });
		const receipt = mailbox.addMime('inbox', receiptMail('receipt'), { isRead: true });
		const untouched = mailbox.addMime('inbox', plainMail('untouched'));
		await fixture.backUp();
		const before = new Map<string, unknown>();
		for (const message of visible()) before.set((await message.summary()).subject, await portrait(message));
		mailbox.patch(marked, { isRead: false, categories: [], importance: 'normal', flag: { flagStatus: 'notFlagged' } });
		mailbox.patch(bare, { isRead: true, categories: ['Blue'], inference: 'other', flag: { flagStatus: 'complete' } });
		mailbox.setContent(edited, new StoredMime(Buffer.from(plainMail('edited subject')), []));
		const changed = await ComposedMessage.from(draft.content, draft.sentMs);
		changed.composition.body = { contentType: 'text', content: 'Rewritten' };
		mailbox.setContent(draft, changed);
		mailbox.patch(receipt, { isRead: false });

		const results = await restoreAll(fixture, { conflictPolicy: 'replace' });
		expect(byName(results)).toEqual({ marked: 'replaced', bare: 'replaced', edited: 'replaced', 'a draft': 'replaced', receipt: 'skipped', untouched: 'skipped' });
		expect(results.find(({ name }) => name === 'receipt')?.reason).toMatch(/read receipt/);
		for (const message of [marked, bare, untouched]) {
			expect(await portrait(message)).toEqual(before.get((await message.summary()).subject));
		}
		for (const old of [edited, draft]) expect(old.folder.role).toBe('deleteditems');
		const rebuilt = new Map<string, unknown>();
		for (const message of visible()) if (message.folder.role !== 'deleteditems') rebuilt.set((await message.summary()).subject, await portrait(message));
		expect(rebuilt.get('edited')).toEqual(before.get('edited'));
		expect(rebuilt.get('a draft')).toEqual(before.get('a draft'));

		const again = await restoreAll(fixture, { conflictPolicy: 'replace' });
		expect(outcomes(again)).toEqual({ skipped: 6 });
		expect(visible()).toHaveLength(8);
	});

	it('replace bins the old one in the next run if the first was interrupted before that', async () => {
		fixture = await mailboxFixture();
		const { mailbox, sim } = fixture;
		const edited = mailbox.addMime('inbox', plainMail('edited'));
		await fixture.backUp();
		mailbox.setContent(edited, new StoredMime(Buffer.from(plainMail('other')), []));
		sim.tenant.faults.script({ match: /^POST .*\/move$/, do: { status: 403 } });
		expect(outcomes(await restoreAll(fixture, { conflictPolicy: 'replace' }))).toEqual({ failed: 1 });
		expect(edited.folder.role).toBe('inbox');
		await restoreAll(fixture, { conflictPolicy: 'replace' });
		expect(edited.folder.role).toBe('deleteditems');
		expect(visible()).toHaveLength(2);
	});

	it('keepBoth adds a copy, and the same restore again adds none', async () => {
		fixture = await mailboxFixture();
		const { mailbox } = fixture;
		mailbox.addMime('inbox', plainMail('one'));
		mailbox.addMime('inbox', plainMail('two'));
		await fixture.backUp();
		const snapshot = await newestSnapshot(fixture);
		expect(outcomes(await restoreAll(fixture, { conflictPolicy: 'keepBoth' }))).toEqual({ created: 2 });
		expect(visible()).toHaveLength(4);
		expect(outcomes(await restoreAll(fixture, { conflictPolicy: 'keepBoth' }))).toEqual({ skipped: 2 });
		mailbox.addMime('inbox', plainMail('three'));
		await fixture.backUp();
		expect(outcomes(await restoreAll(fixture, { conflictPolicy: 'keepBoth', snapshot }))).toEqual({ skipped: 2 });
		expect(visible()).toHaveLength(5);
	});

	it('rebuilds what is elsewhere but says something else now, and leaves that there', async () => {
		fixture = await mailboxFixture();
		const { mailbox } = fixture;
		const message = mailbox.addMime('inbox', plainMail('report'));
		await fixture.backUp();
		mailbox.setContent(message, new StoredMime(Buffer.from(plainMail('report, corrected')), []));
		mailbox.move(message, 'archive');
		const results = await restoreAll(fixture);
		expect(outcomes(results)).toEqual({ created: 1 });
		expect(message.folder.role).toBe('archive');
	});
});

describe('places', () => {
	it('brings a deleted folder back as a whole, under its own name', async () => {
		fixture = await mailboxFixture({ switches: { deletedFolderGoesTo: 'deletedItems' } });
		const { mailbox } = fixture;
		const projects = mailbox.addFolder('inbox', 'Projects');
		mailbox.addFolder(projects, 'Deep');
		mailbox.addMime(projects, plainMail('in projects'));
		mailbox.addMime('Posteingang/Projects/Deep', plainMail('deep'));
		await fixture.backUp();
		const before = await fixture.living();
		mailbox.addFolder('deleteditems', 'Projects');
		mailbox.deleteFolder(projects);
		expect(projects.displayName).toBe('Projects (1)');
		const preview = await restoreAll(fixture, { mode: 'preview' });
		const results = await restoreAll(fixture);
		expect(byName(results)).toEqual({ Projects: 'movedBack', 'in projects': 'movedBack', deep: 'movedBack' });
		expect(byName(preview)).toEqual(byName(results));
		expect(await fixture.living()).toEqual(before);
		expect(outcomes(await restoreAll(fixture))).toEqual({ skipped: 2 });
	});

	it('follows a folder that the user renamed or moved, and leaves mail of Deleted Items there', async () => {
		fixture = await mailboxFixture();
		const { mailbox } = fixture;
		const projects = mailbox.addFolder('inbox', 'Projects');
		const old = mailbox.addFolder('deleteditems', 'Old stuff');
		const message = mailbox.addMime(projects, plainMail('in projects'));
		mailbox.addMime(old, plainMail('old'));
		mailbox.addMime('deleteditems', plainMail('in the bin'));
		await fixture.backUp();
		mailbox.moveFolder(projects, mailbox.folder('archive'));
		mailbox.renameFolder(projects, 'Done');
		mailbox.purge(message);
		const results = await restoreAll(fixture);
		expect(byName(results)).toEqual({ 'in projects': 'created', old: 'skipped', 'in the bin': 'skipped' });
		expect(results.find(({ name }) => name === 'in projects')).toMatchObject({ folderPath: 'Posteingang/Projects', targetPath: 'Archiv/Done' });
	});

	it('makes folders anew with their hierarchy, hidden ones hidden, whatever they are called', async () => {
		fixture = await mailboxFixture();
		const { mailbox } = fixture;
		for (const name of ['CON', 'a/b', '..', 'Größe 🎉', 'x'.repeat(200)]) {
			mailbox.addFolder(mailbox.root, name);
			const below = mailbox.addFolder([...mailbox.root.children].find((one) => one.displayName === name)!, 'same');
			mailbox.addMime(below, plainMail(`in ${name}`));
		}
		mailbox.addFolder(mailbox.root, 'Empty');
		mailbox.addMime(mailbox.addFolder(mailbox.root, 'Secret', { hidden: true }), plainMail('hidden'));
		await fixture.backUp();
		const tree = (): string[] => [...mailbox.folders.values()].map((folder) => `${folder.path.join(' > ')} ${String(folder.isHidden)}`).sort();
		const before = tree();
		const portraitsBefore = await portraits(fixture);
		purgeAll(fixture);
		for (const folder of [...mailbox.root.children]) if (!folder.role) mailbox.purgeFolder(folder);
		const results = await restoreAll(fixture);
		expect(outcomes(results)).toEqual({ created: 6, folderCreated: 12 });
		expect(tree()).toEqual(before);
		expect(await portraits(fixture)).toEqual(portraitsBefore);
		expect(outcomes(await restoreAll(fixture))).toEqual({ skipped: 6 });
	});

	it('restores into another mailbox by role, although folder names differ by language', async () => {
		fixture = await mailboxFixture();
		const { mailbox, sim } = fixture;
		mailbox.addMime('inbox', plainMail('in the inbox'));
		mailbox.addMime(mailbox.addFolder('sentitems', 'Clients'), plainMail('to clients'));
		await fixture.backUp();
		const other = sim.tenant.addUser({ displayName: 'Bob Other', locale: 'en' });
		const results = await restoreAll(fixture, { mailboxId: other.id });
		expect(outcomes(results)).toEqual({ created: 2, folderCreated: 1 });
		expect(results.map(({ targetPath }) => targetPath).sort()).toEqual(['Inbox', 'Sent Items/Clients', 'Sent Items/Clients']);
		expect(sim.tenant.mailbox(other.id).folder('inbox').total).toBe(1);
		expect(outcomes(await restoreAll(fixture, { mailboxId: other.id }))).toEqual({ skipped: 2 });
		expect(visible()).toHaveLength(2);
	});

	it('restores below a folder of its own, beside the living originals', async () => {
		fixture = await mailboxFixture();
		const { mailbox } = fixture;
		mailbox.addMime('inbox', plainMail('a'));
		mailbox.addMime(mailbox.addFolder('inbox', 'Sub'), plainMail('b'));
		await fixture.backUp();
		const destination = { kind: 'folder' as const, path: ['Restored 2026-11-22 14:05', 'a/b'] };
		const inSub = [...(await fixture.entries()).values()].find(({ name }) => name === 'Sub')!;
		const results = await restoreAll(fixture, { destination, selection: { kind: 'folder', folderId: inSub.id, includeSubfolders: true } });
		expect(results.map(({ targetPath, outcome }) => `${outcome} ${targetPath}`)).toEqual([
			'folderCreated Restored 2026-11-22 14:05',
			'folderCreated Restored 2026-11-22 14:05/a/b',
			'folderCreated Restored 2026-11-22 14:05/a/b/Posteingang',
			'folderCreated Restored 2026-11-22 14:05/a/b/Posteingang/Sub',
			'created Restored 2026-11-22 14:05/a/b/Posteingang/Sub',
		]);
		expect(outcomes(await restoreAll(fixture, { destination }))).toEqual({ created: 1, skipped: 1 });
		expect(visible()).toHaveLength(4);
	});

	it('understands English names of well-known folders in a mailbox of another language', async () => {
		fixture = await mailboxFixture();
		fixture.mailbox.addMime('inbox', plainMail('a'));
		await fixture.backUp();
		const results = await restoreAll(fixture, { destination: { kind: 'folder', path: ['Sent Items', 'Restored'] } });
		expect(results.at(-1)).toMatchObject({ outcome: 'created', targetPath: 'Gesendete Elemente/Restored/Posteingang' });
		expect(fixture.mailbox.folder('sentitems').children.size).toBe(1);
	});

	it('restores by ids and by search, and says which ids the snapshot does not have', async () => {
		fixture = await mailboxFixture();
		const { mailbox } = fixture;
		for (const name of ['alpha', 'beta', 'gamma']) mailbox.addMime('inbox', plainMail(name));
		await fixture.backUp();
		const ids = [...(await fixture.entries()).values()].filter(({ name }) => name === 'alpha').map(({ id }) => id);
		purgeAll(fixture);
		const byIds = await restoreAll(fixture, { selection: { kind: 'ids', ids: [...ids, 'mail/none'] } });
		expect(byIds.map(({ id, outcome }) => [id, outcome])).toEqual([['mail/none', 'failed'], [ids[0], 'created']]);
		const bySearch = await restoreAll(fixture, { selection: { kind: 'search', query: { subject: 'BETA' } } });
		expect(byName(bySearch)).toEqual({ beta: 'created' });
		expect(await fixture.living()).toEqual(['Posteingang/alpha', 'Posteingang/beta']);
	});
});

describe('drafts', () => {
	it('come back as drafts in their folder, asking for no receipts', async () => {
		fixture = await mailboxFixture();
		const { mailbox } = fixture;
		mailbox.addMime('drafts', receiptMail('plain draft'), { isDraft: true, bcc: [{ name: 'B', address: 'b@contoso.example' }] });
		mailbox.addMime(mailbox.addFolder('drafts', 'Later'), plainMail('signed draft').replace('Content-Type: text/plain; charset=utf-8\r\n', 'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary="s"\r\n').replace(/\r\n\r\n[^]*$/, '\r\n\r\n--s\r\nContent-Type: text/plain\r\n\r\nSigned\r\n--s\r\nContent-Type: application/pkcs7-signature; name="smime.p7s"\r\nContent-Disposition: attachment; filename="smime.p7s"\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--s--\r\n'), { isDraft: true, categories: ['Red'] });
		await fixture.backUp();
		const before = await portraits(fixture);
		purgeAll(fixture);
		fixture.sim.tenant.faults.script({ match: /^POST .*\/move$/, do: { status: 403 } });
		expect(outcomes(await restoreAll(fixture))).toEqual({ created: 1, failed: 1 });
		const results = await restoreAll(fixture);
		expect(outcomes(results)).toEqual({ created: 1, skipped: 1 });
		expect(results.flatMap(({ fidelity }) => fidelity)).toEqual([]);
		const after = await portraits(fixture);
		expect(after).toEqual(before);
		for (const message of visible()) {
			const summary = await message.summary();
			expect(summary.isReadReceiptRequested).toBe(false);
			expect(summary.isDeliveryReceiptRequested).toBe(false);
		}
		expect(outcomes(await restoreAll(fixture))).toEqual({ skipped: 2 });
	});
});
