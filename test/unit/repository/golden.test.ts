import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { sourceKey } from '../../../nodes/M365Backup/repository/names';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import { bytesOf, commitInput, FakeAmbient, readAll, SOURCE, stateOf } from './fixtures';

const FOLDER = join(__dirname, 'golden', 'v1');
const KEY = sourceKey(SOURCE);

function textOf(index: number): string {
	return `Subject: Message ${index}\r\n\r\n${'Grüße 😀 '.repeat(index * 20)}`;
}

async function openGolden() {
	const store = createMemoryStore();
	for (const file of readdirSync(FOLDER, { recursive: true, withFileTypes: true })) {
		const path = join(file.parentPath, file.name);
		if (file.isFile()) await store.put(relative(FOLDER, path).replaceAll('\\', '/'), bytesOf(readFileSync(path)));
	}
	return await Repository.open(store, new FakeAmbient());
}

describe('a repository of format version 1', () => {
	it('is read as it was written', async () => {
		const repository = await openGolden();
		const [partial, complete] = await repository.snapshots(KEY);
		expect(partial).toMatchObject({ status: 'partial', source: SOURCE, totals: { items: 10 } });
		expect(complete).toMatchObject({ status: 'complete', tag: 'golden', parent: { id: partial!.id }, failures: [{ id: 'mail/4' }] });
		const before = await stateOf(repository, partial!);
		const after = await stateOf(repository, complete!);
		expect([...before.keys()]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].map((index) => `mail/${index}`).concat('mail/inbox'));
		expect([...after.keys()]).toEqual([1, 2, 4, 5, 6, 7, 8, 9].map((index) => `mail/${index}`).concat('mail/inbox'));
		expect(before.get('mail/2')!.meta).toEqual({ subject: 'Message 2', read: true });
		expect(after.get('mail/2')!.meta).toEqual({ subject: 'Message 2', categories: ['Red'] });
		expect(after.get('mail/4')).toMatchObject({ name: 'Renamed', failed: { reason: 'not readable', attempts: 1 } });
		for (const index of [1, 4, 9]) {
			const [ref] = after.get(`mail/${index}`)!.content!;
			expect((await readAll(repository.readContent(KEY, ref!))).toString()).toBe(textOf(index));
		}
		expect(await repository.cursor(KEY)).toMatchObject({ snapshot: complete!.id, failed: ['mail/4'], notes: { week: 47 } });
	});

	it('can be built upon', async () => {
		const repository = await openGolden();
		const run = repository.startRun(SOURCE, await repository.latest(KEY));
		await run.add({ id: 'mail/4', failed: null });
		const next = await run.commit(commitInput());
		expect((await stateOf(repository, next)).get('mail/4')).not.toHaveProperty('failed');
	});

	it('has segments that zcat alone explains', () => {
		const names = readdirSync(join(FOLDER, KEY)).filter((name) => name.includes('.segment-'));
		const lines = names.flatMap((name) => gunzipSync(readFileSync(join(FOLDER, KEY, name))).toString().trimEnd().split('\n'));
		const ids = lines.map((line) => JSON.parse(line) as { id?: string }).flatMap(({ id }) => id ?? []);
		expect(new Set(ids).size).toBe(10);
	});
});
