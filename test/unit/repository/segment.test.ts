import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { sourceKey } from '../../../nodes/M365Backup/repository/names';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { createFaultyStore } from '../../../nodes/M365Backup/stores/faulty-store';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import { addMessage, bytesOf, commitInput, FakeAmbient, message, openNew, readAll, SOURCE, stateOf, tombstone } from './fixtures';

const KEY = sourceKey(SOURCE);

function digest(bytes: Uint8Array): string {
	return createHash('sha256').update(bytes).digest('hex');
}

async function repositoryOf(count: number) {
	const ambient = new FakeAmbient();
	const store = createFaultyStore(createMemoryStore(), ambient);
	const { repository } = await openNew(store, ambient);
	const run = repository.startRun(SOURCE, null);
	for (let index = 0; index < count; index++) await run.add(message(`mail/${String(index).padStart(6, '0')}`));
	const snapshot = await run.commit(commitInput());
	return { repository, store, ambient, snapshot };
}

describe('a segment', () => {
	it('is what zcat shows: a line an item in the order of ids, then the index', async () => {
		const { repository, store } = await openNew();
		const run = repository.startRun(SOURCE, null, { memberLines: 2 });
		await addMessage(run, 'mail/3', 'three');
		await addMessage(run, 'mail/1', 'one');
		await addMessage(run, 'mail/2', 'two');
		const snapshot = await run.commit(commitInput());
		const [ref] = snapshot.segments;
		const bytes = await readAll((await store.get(`${KEY}/${ref!.name}`))!);
		expect(ref).toMatchObject({ size: bytes.length, sha256: digest(bytes), lines: 3 });
		const lines = gunzipSync(bytes).toString().trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
		expect(lines.slice(0, 3).map(({ id }) => id)).toEqual(['mail/1', 'mail/2', 'mail/3']);
		expect(lines.slice(3)).toEqual([
			{ index: 1, members: 2, archives: 1 },
			{ member: expect.objectContaining({ first: 'mail/1', offset: 0 }) },
			{ member: expect.objectContaining({ first: 'mail/3' }) },
			{ archive: snapshot.archives[0] },
		]);
		for (const { member } of lines.slice(4, 6) as { member: { offset: number; length: number; sha256: string } }[]) {
			const part = bytes.subarray(member.offset, member.offset + member.length);
			expect(digest(part)).toBe(member.sha256);
			gunzipSync(part);
		}
		const index = bytes.subarray(ref!.index.offset);
		expect(index).toHaveLength(ref!.index.length);
		expect(digest(index)).toBe(ref!.index.sha256);
	});

	it('answers a look-up with its index and at most one member an id, and again without reading', async () => {
		const { store, ambient, snapshot } = await repositoryOf(20_000);
		const repository = await Repository.open(store, ambient);
		const before = store.count('get');
		const ids = Array.from({ length: 10 }, (_, index) => `mail/${String(index * 1999).padStart(6, '0')}`);
		expect((await repository.catalog(snapshot).lookUp([...ids, 'mail/unknown', 'a', 'z'])).size).toBe(10);
		expect(store.count('get') - before).toBeLessThanOrEqual(12);
		await repository.catalog(snapshot).lookUp(ids);
		expect(store.count('get') - before).toBeLessThanOrEqual(12);
	});

	it('is never believed once a byte of it has changed', async () => {
		const { store, ambient, snapshot } = await repositoryOf(1200);
		const key = `${KEY}/${snapshot.segments[0]!.name}`;
		const bytes = await readAll((await store.get(key))!);
		for (let at = 5; at < bytes.length; at += Math.ceil(bytes.length / 40)) {
			const damaged = Buffer.from(bytes);
			damaged[at] = damaged[at]! ^ 4;
			await store.put(key, bytesOf(damaged));
			const repository = await Repository.open(store, ambient);
			await expect(stateOf(repository, snapshot)).rejects.toMatchObject({ kind: 'corrupt' });
		}
		await store.put(key, bytesOf(bytes.subarray(0, bytes.length - 1)));
		await expect(stateOf(await Repository.open(store, ambient), snapshot)).rejects.toMatchObject({ kind: 'corrupt' });
		await store.delete([key]);
		await expect(stateOf(await Repository.open(store, ambient), snapshot)).rejects.toMatchObject({ kind: 'corrupt', code: 'missingFile' });
	});

	it('that pretends to be small but unpacks to gigabytes is refused', async () => {
		const { gzipSync } = await import('node:zlib');
		const { repository, store, snapshot } = await repositoryOf(3);
		const bomb = gzipSync(Buffer.alloc(300 * 1024 * 1024));
		const hash = digest(bomb);
		await store.put(`${KEY}/bomb`, bytesOf(bomb));
		const name = snapshot.segments[0]!.name;
		await store.put(`${KEY}/${name}`, bytesOf(bomb));
		const hostile = {
			...snapshot,
			segments: [{ name, size: bomb.length, sha256: hash, lines: 1, index: { offset: 0, length: bomb.length, sha256: hash } }],
		};
		const fresh = await Repository.open(store, repository.ambient);
		await expect(fresh.catalog(hostile).lookUp(['a'])).rejects.toMatchObject({ kind: 'corrupt' });
	});

	it('keeps tombstones until a merge includes the base', async () => {
		const { repository, snapshot } = await repositoryOf(100);
		const run = repository.startRun(SOURCE, snapshot);
		await run.add({ ...tombstone('mail/000007'), movedTo: 'Recoverable Items' });
		const second = await run.commit(commitInput());
		const ended = [];
		for await (const line of repository.catalog(second).tombstones()) ended.push(line);
		expect(ended).toEqual([expect.objectContaining({ id: 'mail/000007', movedTo: 'Recoverable Items' })]);
		for await (const entry of repository.catalog(second).entries({ includeDeleted: true })) {
			expect(entry.deleted !== undefined).toBe(entry.id === 'mail/000007');
		}
		for (let index = 0; index < 80; index++) await run.add({ id: `mail/${String(index + 10).padStart(6, '0')}`, etag: 'new' });
		const third = await run.commit(commitInput());
		expect(third.segments).toMatchObject([{ lines: 99 }]);
		for await (const line of repository.catalog(third).tombstones()) expect(line).toBeUndefined();
	});
});
