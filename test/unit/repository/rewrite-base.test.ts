import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sourceKey } from '../../../nodes/M365Backup/repository/names';
import type { SnapshotRecord } from '../../../nodes/M365Backup/repository/records';
import type { Repository } from '../../../nodes/M365Backup/repository/repository';
import { rewriteBase } from '../../../nodes/M365Backup/repository/rewrite-base';
import { addMessage, all, bytesOf, commitInput, openNew, readAll, SOURCE, stateOf, tombstone } from './fixtures';

const KEY = sourceKey(SOURCE);
const DAYS = 24 * 3_600_000;
const LINK = { cursor: { scopes: { mail: 'link' }, failed: ['mail/9'], seen: [], notes: { week: 1 } } };

async function contentsOf(repository: Repository, snapshot: SnapshotRecord): Promise<Map<string, string>> {
	const contents = new Map<string, string>();
	for (const [id, entry] of await stateOf(repository, snapshot)) {
		contents.set(id, (await readAll(repository.readContent(KEY, entry.content![0]!))).toString('hex'));
	}
	return contents;
}

function archivesIn(entries: Awaited<ReturnType<typeof stateOf>>): Set<string> {
	return new Set([...entries.values()].flatMap((entry) => entry.content?.map(({ archive }) => archive) ?? []));
}

/** A base of 40 messages of 1 KB in one archive, then small commits. */
async function withHistory() {
	const opened = await openNew();
	const run = opened.repository.startRun(SOURCE, null);
	for (let index = 0; index < 40; index++) await addMessage(run, `mail/${String(index).padStart(2, '0')}`, randomBytes(1000));
	const first = await run.commit(commitInput({ ...LINK, totals: { items: 40, bytes: 40_000 } }));
	return { ...opened, run, first };
}

describe('the base', () => {
	it('is left alone while little is shadowed and it is young', async () => {
		const { repository, run } = await withHistory();
		for (let index = 0; index < 5; index++) await run.add({ id: `mail/0${index}`, etag: 'new' });
		const snapshot = await run.commit(commitInput(LINK));
		expect(await rewriteBase(repository, snapshot)).toBeNull();
		expect((await repository.newest(KEY))?.snapshot).toEqual(snapshot);
	});

	it('is rewritten when a fifth of it is shadowed: same items and cursor, dead archives let go', async () => {
		const { repository, run, first, store } = await withHistory();
		for (let index = 0; index < 12; index++) await run.add(tombstone(`mail/${String(index).padStart(2, '0')}`));
		await addMessage(run, 'mail/99', randomBytes(2000));
		const before = await run.commit(commitInput({ ...LINK, totals: { items: 29, bytes: 30_000 } }));
		expect(before.segments).toHaveLength(2);
		const contents = await contentsOf(repository, before);

		const after = await rewriteBase(repository, before);
		expect(after).toMatchObject({ parent: { id: before.id }, status: 'complete', totals: before.totals, scopes: before.scopes, segments: [{ lines: 29 }] });
		expect((await repository.newest(KEY))?.snapshot).toEqual(after);
		expect(await contentsOf(repository, after!)).toEqual(contents);
		expect(await repository.cursor(KEY)).toMatchObject({ snapshot: after!.id, scopes: { mail: 'link' }, failed: ['mail/9'], notes: { week: 1 } });
		// Both archives are small: their living items are together in one now.
		expect(archivesIn(await stateOf(repository, after!))).toEqual(new Set(after!.archives.map(({ name }) => name)));
		expect(after!.archives).toHaveLength(1);
		expect((await contentsOf(repository, first)).size).toBe(40);
		// The new snapshot needs nothing of the old ones.
		const old = (await all(store.list(`${KEY}/`))).map(({ key }) => key).filter((key) => !key.includes(after!.id) && !key.endsWith('/cursor.json'));
		await store.delete(old);
		expect(await contentsOf(repository, after!)).toEqual(contents);
	});

	it('keeps what its contents are: main one first, parts under their names', async () => {
		const { repository, run } = await withHistory();
		const contents = ['event', 'agenda', 'photo'];
		const refs = [];
		for (const content of contents) refs.push(await run.addContent({ entryName: `Calendars/${content}.bin`, content: bytesOf(content.repeat(50)) }));
		const [main, agenda, photo] = refs.map((ref, index) => (index === 0 ? ref : { ...ref, part: `attachment-${index}` }));
		await run.add({ id: 'calendar/1', whole: true, type: 'event', name: 'Stand-up', meta: {}, content: [main!, agenda!, photo!] });
		for (let index = 0; index < 12; index++) await run.add(tombstone(`mail/${String(index).padStart(2, '0')}`));
		const after = await rewriteBase(repository, await run.commit(commitInput(LINK)));
		const entry = (await stateOf(repository, after!)).get('calendar/1')!;
		expect(entry.content?.map(({ part }) => part)).toEqual([undefined, 'attachment-1', 'attachment-2']);
		expect(new Set(entry.content?.map(({ archive }) => archive))).toEqual(new Set(after!.archives.map(({ name }) => name)));
		const read = await Promise.all(entry.content!.map(async (ref) => (await readAll(repository.readContent(KEY, ref))).toString()));
		expect(read).toEqual(contents.map((content) => content.repeat(50)));
	});

	it('is rewritten after 90 days, so that small archives do not pile up', async () => {
		const { repository, run, ambient } = await withHistory();
		let snapshot = (await repository.newest(KEY))!.snapshot;
		for (let day = 0; day < 95; day++) {
			ambient.advance(DAYS);
			if (day < 8) await addMessage(run, `mail/new-${day}`, randomBytes(500));
			if (day < 8 || day > 92) snapshot = await run.commit(commitInput(LINK));
			if (day === 80) expect(await rewriteBase(repository, snapshot)).toBeNull();
		}
		expect(archivesIn(await stateOf(repository, snapshot)).size).toBe(9);
		const contents = await contentsOf(repository, snapshot);
		const after = await rewriteBase(repository, snapshot, { volumeBytes: 20_000 });
		expect(archivesIn(await stateOf(repository, after!)).size).toBe(3);
		expect(await contentsOf(repository, after!)).toEqual(contents);
		// Nothing would be won by doing it again.
		expect(await rewriteBase(repository, after!)).toBeNull();
	});

	it('leaves full archives where they are', async () => {
		const { repository, run, first } = await withHistory();
		for (let index = 0; index < 10; index++) await run.add({ id: `mail/${String(index).padStart(2, '0')}`, etag: 'new' });
		const before = await run.commit(commitInput(LINK));
		const after = await rewriteBase(repository, before, { smallArchiveBytes: 10 });
		expect(after!.archives).toEqual([]);
		expect(archivesIn(await stateOf(repository, after!))).toEqual(new Set([first.archives[0]!.name]));
	});

	it('does not overtake a run that commits meanwhile', async () => {
		const { repository, run } = await withHistory();
		for (let index = 0; index < 12; index++) await run.add({ id: `mail/${index + 10}`, etag: 'new' });
		const due = await run.commit(commitInput(LINK));
		await run.add({ id: 'mail/01', etag: 'newer' });
		const newer = await run.commit(commitInput(LINK));
		expect(await rewriteBase(repository, due)).toBeNull();
		expect((await repository.newest(KEY))?.snapshot).toEqual(newer);
		expect(await rewriteBase(repository, newer)).not.toBeNull();
	});

	it('keeps the place of content that it cannot read', async () => {
		const { repository, run, store, first } = await withHistory();
		for (let index = 0; index < 12; index++) await run.add(tombstone(`mail/${String(index).padStart(2, '0')}`));
		await addMessage(run, 'mail/99', randomBytes(2000));
		const before = await run.commit(commitInput(LINK));
		const ref = (await stateOf(repository, before)).get('mail/20')!.content![0]!;
		const key = `${KEY}/${first.archives[0]!.name}`;
		const bytes = await readAll((await store.get(key))!);
		bytes.fill(7, ref.offset + 60, ref.offset + 100);
		await store.put(key, bytesOf(bytes));
		const after = await rewriteBase(repository, before);
		const state = await stateOf(repository, after!);
		expect(state.get('mail/20')!.content).toEqual([ref]);
		expect(state.get('mail/21')!.content![0]!.archive).toBe(after!.archives[0]!.name);
	});
});
