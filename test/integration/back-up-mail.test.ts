import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import type { MailboxFixture } from '../support/mailbox-fixture';
import { mailboxFixture, plainMail } from '../support/mailbox-fixture';
import { StoredMime } from '../simulator/stored-mime';
import { sealJson } from '../../nodes/M365Backup/repository/sealed-json';

let fixture: MailboxFixture;
afterEach(() => fixture.stop());

async function small(options: Parameters<typeof mailboxFixture>[0] = {}): Promise<MailboxFixture> {
	fixture = await mailboxFixture(options);
	const { mailbox } = fixture;
	mailbox.addFolder('inbox', 'News');
	mailbox.addFolder(mailbox.root, 'CON');
	mailbox.addFolder(mailbox.root, 'a/b');
	mailbox.addFolder(mailbox.root, 'Secret', { hidden: true });
	for (let index = 0; index < 30; index++) mailbox.addMime('inbox', plainMail(`Mail ${index}`), { isRead: index % 2 === 0 });
	mailbox.addMime('Posteingang/News', plainMail('In news'));
	mailbox.addMime('CON', plainMail('In CON'));
	mailbox.addMime('Secret', plainMail('In a hidden folder'));
	return fixture;
}

/** Everything in the mailbox is in the snapshot and nothing else, byte for byte. */
async function expectEqual({ mailbox, entries, messages, living, content }: MailboxFixture): Promise<void> {
	expect(await messages()).toEqual(await living());
	const held = await entries();
	for (const message of mailbox.allMessages()) {
		if (!message.folder.isBelow(mailbox.root)) continue;
		const entry = held.get(`mail/${message.id}`);
		expect(entry, message.id).toBeDefined();
		const mime = await message.content.mime();
		expect(entry!.content?.[0]?.sha256).toBe(createHash('sha256').update(mime).digest('hex'));
		expect(await content(entry!)).toEqual(mime);
		expect(entry!.meta['read'] ?? false).toBe(message.isRead);
		expect(entry!.meta['categories'] ?? []).toEqual(message.categories);
	}
}

describe('backing up mail', () => {
	it('stores every message of every folder, hidden ones too, and says so', async () => {
		await small();
		const summary = await fixture.backUp();
		expect(summary).toMatchObject({
			status: 'complete',
			changes: { added: 33, updated: 0, deleted: 0, failed: 0, skipped: 0 },
			totals: { items: 33 },
			failures: [],
			warnings: [],
			hasMore: false,
		});
		expect(summary.message).toMatch(/^Adele Vance: backed up; 33 added; 33 items/);
		await expectEqual(fixture);
		const folders = [...(await fixture.entries()).values()].filter((entry) => entry.type === 'folder');
		expect(folders.find((folder) => folder.name === 'Posteingang')?.meta['role']).toBe('inbox');
		expect(folders.find((folder) => folder.name === 'Secret')?.meta['hidden']).toBe(true);
	});

	it('writes nothing but the cursor when nothing has changed, and fetches no content', async () => {
		await small();
		const first = await fixture.backUp();
		const before = new Set((await files(fixture)).map((file) => file.key));
		const summary = await fixture.backUp();
		expect(summary.status).toBe('unchanged');
		expect(summary.snapshot).toEqual(first.snapshot);
		const added = (await files(fixture)).map((file) => file.key).filter((key) => !before.has(key) && !key.includes('/lease-'));
		expect(added).toEqual([]);
		const folders = [...fixture.mailbox.folders.values()].filter((folder) => folder.isBelow(fixture.mailbox.root)).length;
		expect(summary.graph.requests).toBeLessThanOrEqual(folders + 1);
		expect(summary.graph.calls).toBeLessThanOrEqual((folders + 1) / 20 + 2);
	});

	it('records a snapshot of a quiet run where that is asked for', async () => {
		await small();
		const first = await fixture.backUp();
		const second = await fixture.backUp({ alwaysRecord: true });
		expect(second.status).toBe('complete');
		expect(second.snapshot?.id).not.toBe(first.snapshot?.id);
		await expectEqual(fixture);
	});

	it.each([[true], [false]])('follows every kind of change without fetching what has not changed (partial entries: %s)', async (partialDeltaEntries) => {
		await small({ switches: { partialDeltaEntries } });
		await fixture.backUp();
		const { mailbox } = fixture;
		const inbox = mailbox.folder('inbox');
		const [read, categorised, flagged, moved, thereAndBack, deleted, purged, edited, rewritten] = inbox.sorted();
		mailbox.patch(read!, { isRead: !read!.isRead });
		mailbox.patch(categorised!, { categories: ['Red category'] });
		mailbox.patch(flagged!, { flag: { flagStatus: 'flagged' } as never });
		mailbox.move(moved!, 'Posteingang/News');
		mailbox.move(thereAndBack!, 'Posteingang/News');
		mailbox.move(thereAndBack!, 'inbox');
		mailbox.delete(deleted!);
		mailbox.purge(purged!);
		mailbox.setContent(edited!, new StoredMime(Buffer.from(plainMail('Edited subject')), []));
		mailbox.setContent(rewritten!, new StoredMime(Buffer.from(plainMail('Mail rewritten', `${'long '.repeat(100)}the end`)), []));
		mailbox.addMime('inbox', plainMail('New'));
		mailbox.renameFolder(mailbox.folder('CON'), 'NUL');
		mailbox.moveFolder([...mailbox.folders.values()].find((folder) => folder.displayName === 'a/b')!, inbox);
		const values = fixture.sim.requestLog;
		const valuesBefore = contentRequests(values);
		const summary = await fixture.backUp();
		expect(summary.status).toBe('complete');
		expect(summary.changes).toMatchObject({ added: 1, deleted: 2 });
		expect(contentRequests(values) - valuesBefore).toBe(3);
		await expectEqual(fixture);
	});

	it('keeps a message that moved from folder to folder in every order', async () => {
		await small();
		const { mailbox } = fixture;
		const message = mailbox.addMime('inbox', plainMail('Wanderer'));
		await fixture.backUp();
		for (const path of [['Posteingang/News'], ['CON', 'inbox'], ['inbox', 'CON', 'Posteingang/News', 'CON'], ['deleteditems']]) {
			for (const folder of path) mailbox.move(message, folder);
			await fixture.backUp();
			await expectEqual(fixture);
		}
	});

	it('ends a message that the user deleted for good, and names the place that a recoverable one went to', async () => {
		await small();
		const { mailbox, repository, key } = fixture;
		const [first, second] = mailbox.folder('inbox').sorted();
		await fixture.backUp();
		mailbox.delete(first!);
		mailbox.purge(second!);
		await fixture.backUp();
		const newest = (await repository.snapshots(key)).at(-1)!;
		const ended = new Map<string, string | undefined>();
		for await (const line of repository.catalog(newest).tombstones()) ended.set(line.id, line.movedTo);
		expect([...ended.keys()].sort()).toEqual([`mail/${first!.id}`, `mail/${second!.id}`].sort());
		expect(ended.get(`mail/${first!.id}`)).toBe(mailbox.folder('recoverableitemsdeletions').displayName);
		expect(ended.get(`mail/${second!.id}`)).toBeUndefined();
	});

	it('leaves earlier snapshots as they were', async () => {
		await small();
		const { mailbox, repository, key } = fixture;
		await fixture.backUp();
		const before = await fixture.messages();
		for (const message of [...mailbox.folder('inbox').sorted()]) mailbox.purge(message);
		await fixture.backUp();
		expect(await fixture.messages()).toHaveLength(3);
		const first = (await repository.snapshots(key))[0]!;
		let count = 0;
		for await (const entry of repository.catalog(first).entries()) {
			if (entry.type !== 'message') continue;
			count += 1;
			expect((await fixture.content(entry)).length).toBeGreaterThan(0);
		}
		expect(count).toBe(before.length);
	});

	it('follows a folder that is deleted with its messages, and one that is moved with them', async () => {
		await small();
		const { mailbox } = fixture;
		await fixture.backUp();
		mailbox.purgeFolder(mailbox.folder('CON'));
		mailbox.moveFolder(mailbox.folder('Posteingang/News'), mailbox.root);
		const summary = await fixture.backUp();
		expect(summary.changes).toMatchObject({ added: 0, deleted: 1 });
		await expectEqual(fixture);
	});

	it('starts anew after an expired delta without fetching content again or ending what lives', async () => {
		await small();
		const { mailbox, sim } = fixture;
		await fixture.backUp();
		mailbox.expireDelta();
		mailbox.addMime('inbox', plainMail('After the expiry'));
		mailbox.purge(mailbox.folder('inbox').sorted()[5]!);
		const before = contentRequests(sim.requestLog);
		const summary = await fixture.backUp();
		expect(summary.changes).toMatchObject({ added: 1, updated: 0, deleted: 1 });
		expect(contentRequests(sim.requestLog) - before).toBe(1);
		await expectEqual(fixture);
	});

	it('does the same when a full resync is asked for, and when the cursor is lost', async () => {
		await small();
		const { sim, store } = fixture;
		await fixture.backUp();
		const before = contentRequests(sim.requestLog);
		expect((await fixture.backUp({ fullResync: true })).changes).toMatchObject({ added: 0, updated: 0, deleted: 0 });
		const cursors = (await files(fixture)).map((file) => file.key).filter((key) => key.endsWith('cursor.json'));
		await store.delete(cursors);
		fixture.mailbox.purge(fixture.mailbox.folder('inbox').sorted()[0]!);
		expect((await fixture.backUp()).changes).toMatchObject({ added: 0, updated: 0, deleted: 1 });
		expect(contentRequests(sim.requestLog)).toBe(before);
		await expectEqual(fixture);
	});

	it('starts anew when Graph has another address than the stored links, and sends nothing to the old one', async () => {
		await small();
		await fixture.backUp();
		const { store, key, sim } = fixture;
		for (const { key: name } of await files(fixture)) {
			if (!name.endsWith('cursor.json')) continue;
			const chunks: Uint8Array[] = [];
			for await (const chunk of (await store.get(name))!) chunks.push(chunk);
			const text = Buffer.concat(chunks).toString().replaceAll(sim.graphUrl, 'http://127.0.0.1:9');
			await store.put(name, (async function* () {
				yield sealJson(JSON.parse(text) as object);
			})());
		}
		expect((await fixture.repository.cursor(key))?.scopes['mail']).toContain('http://127.0.0.1:9');
		const before = contentRequests(sim.requestLog);
		expect(await fixture.backUp()).toMatchObject({ status: 'unchanged', changes: { added: 0, updated: 0, deleted: 0 } });
		expect(contentRequests(sim.requestLog)).toBe(before);
		await expectEqual(fixture);
	});

	it('goes on where a run was stopped by its limit, over several runs, and fetches nothing twice', async () => {
		await small();
		const { mailbox, sim } = fixture;
		for (let index = 0; index < 300; index++) mailbox.addMime('inbox', plainMail(`More ${index}`, 'x'.repeat(2000)));
		const runs = [];
		do runs.push(await fixture.backUp({ stopAfter: { bytes: 20_000 } }));
		while (runs.at(-1)!.hasMore && runs.length < 50);
		expect(runs.length).toBeGreaterThan(3);
		expect(runs[0]).toMatchObject({ status: 'partial', hasMore: true, stoppedBy: 'limit' });
		expect(runs.at(-1)).toMatchObject({ status: 'complete', hasMore: false });
		await expectEqual(fixture);
		// A batch that was under way when the limit struck may have been fetched for nothing.
		expect(contentRequests(sim.requestLog)).toBeLessThanOrEqual(333 + runs.length * 40);
	});

	it('survives an expiry in the middle of an enumeration over several runs', async () => {
		await small();
		const { mailbox } = fixture;
		for (let index = 0; index < 500; index++) mailbox.addMime('inbox', plainMail(`More ${index}`));
		await fixture.backUp();
		mailbox.expireDelta();
		mailbox.purge(mailbox.folder('inbox').sorted()[3]!);
		for (let index = 0; index < 300; index++) mailbox.addMime('inbox', plainMail(`Later ${index}`, 'y'.repeat(1000)));
		let summary = await fixture.backUp({ stopAfter: { bytes: 20_000 } });
		let rounds = 0;
		while (summary.hasMore && rounds++ < 50) {
			if (rounds === 2) mailbox.expireDelta();
			summary = await fixture.backUp({ stopAfter: { bytes: 50_000 } });
			expect(summary.changes.deleted).toBeLessThanOrEqual(1);
		}
		expect(summary.status).toBe('complete');
		await expectEqual(fixture);
	});

	it('commits on the way, so that each commit is readable', async () => {
		await small();
		const summary = await fixture.backUp({ commitEvery: { bytes: 3000 } });
		const snapshots = await fixture.repository.snapshots(fixture.key);
		expect(snapshots.length).toBeGreaterThan(2);
		expect(snapshots.slice(0, -1).every((snapshot) => snapshot.status === 'partial')).toBe(true);
		expect(summary).toMatchObject({ status: 'complete', changes: { added: 33 } });
		await expectEqual(fixture);
	});

	it('leaves out the folders that the user excludes, with what is below them', async () => {
		await small();
		await fixture.backUp({ excludeFolders: ['inbox'] });
		expect(await fixture.messages()).toEqual(['CON/In CON', 'Secret/In a hidden folder']);
	});

	it('warns of a folder to leave out that does not exist, in quiet runs too', async () => {
		await small();
		const expected = ['The folder "Newsletterz" is to be left out, but the mailbox has none of that name or path'];
		expect((await fixture.backUp({ excludeFolders: ['con', 'Newsletterz'] })).warnings).toEqual(expected);
		const quiet = await fixture.backUp({ excludeFolders: ['con', 'Newsletterz'] });
		expect(quiet).toMatchObject({ status: 'unchanged', warnings: expected });
	});
});

async function files({ store }: MailboxFixture): Promise<{ key: string }[]> {
	const found: { key: string }[] = [];
	for await (const file of store.list('')) found.push(file);
	return found;
}

function contentRequests(log: MailboxFixture['sim']['requestLog']): number {
	return log.count(/\$value$/);
}

describe('a mailbox that is backed up every hour for months', () => {
	it('keeps few segments and few small archives, and every snapshot still reads', async () => {
		await small();
		const { mailbox, repository, key } = fixture;
		await fixture.backUp();
		for (let run = 0; run < 40; run++) {
			mailbox.addMime('inbox', plainMail(`Run ${run}`));
			mailbox.purge(mailbox.folder('inbox').sorted()[0]!);
			await fixture.backUp({ hoursLater: 72 });
		}
		await expectEqual(fixture);
		const snapshots = await repository.snapshots(key);
		const newest = snapshots.at(-1)!;
		expect(newest.segments.length).toBeLessThanOrEqual(6);
		const archives = new Set([...(await fixture.entries()).values()].flatMap((entry) => (entry.content ?? []).map((ref) => ref.archive)));
		// Forty runs wrote an archive each; those older than 90 days have been put together.
		expect(archives.size).toBeLessThan(34);
		expect((await verifyRepository(repository, { deep: true })).damage).toEqual([]);
	});
});
