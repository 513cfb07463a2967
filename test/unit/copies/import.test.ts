import { describe, expect, it } from 'vitest';
import { filesToCopy, importFiles, type FileToImport, type ImportResult } from '../../../nodes/M365Backup/engine/copy';
import { verifyRepository } from '../../../nodes/M365Backup/engine/verify';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { sha256 } from '../../../nodes/M365Backup/repository/bytes';
import { encodeSeen } from '../../../nodes/M365Backup/repository/seen-files';
import { sealJson } from '../../../nodes/M365Backup/repository/sealed-json';
import { createFaultyStore, diskFull } from '../../../nodes/M365Backup/stores/faulty-store';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { bytes, keys, readBytes } from '../../contract/sources';
import { ada, adaKey, all, bobKey, commit, contentOf, damage, drain, emptySample, fullSample, sampleAmbient, type Sample } from './sample-repository';

/** What a storage holds after everything was copied there. */
async function copyOf(sample: Sample, spelling: 'path' | 'fileName' = 'fileName'): Promise<Map<string, Buffer>> {
	const copy = new Map<string, Buffer>();
	for (const file of await all(filesToCopy(sample.repository, { target: 'copy' }))) copy.set(file[spelling], await drain(await file.open()));
	return copy;
}

function toImport(copy: ReadonlyMap<string, Buffer>, names: Iterable<string> = copy.keys()): FileToImport[] {
	return [...names].map((fileName) => ({ fileName, open: () => bytes(copy.get(fileName)!.subarray(0, 100), copy.get(fileName)!.subarray(100)) }));
}

function bring(store: Store, files: readonly FileToImport[], mode: 'import' | 'checkOnly' = 'import'): Promise<ImportResult[]> {
	return importFiles(store, sampleAmbient('2026-12-01T00:00:00Z'), files, { mode });
}

function count(results: readonly ImportResult[]): Record<string, number> {
	const counts: Record<string, number> = {};
	for (const { outcome } of results) counts[outcome] = (counts[outcome] ?? 0) + 1;
	return counts;
}

async function mails(store: Store, key = adaKey): Promise<string[]> {
	const repository = await Repository.open(store, sampleAmbient());
	const snapshot = (await repository.newest(key))!.snapshot;
	const ids: string[] = [];
	for await (const entry of repository.catalog(snapshot).entries()) {
		const content = await drain(repository.readContent(key, entry.content![0]!));
		expect(content.equals(contentOf(entry.id))).toBe(true);
		ids.push(entry.id);
	}
	return ids;
}

describe('import files', () => {
	for (const spelling of ['path', 'fileName'] as const) {
		it(`rebuild a whole repository from a copy alone (${spelling}), in whatever order they come`, async () => {
			const sample = await fullSample();
			const copy = await copyOf(sample, spelling);
			for (const names of [[...copy.keys()], [...copy.keys()].reverse(), [...copy.keys()].sort()]) {
				const store = createMemoryStore();
				const results = await bring(store, toImport(copy, names));
				expect(results.filter(({ outcome, reason }) => outcome !== 'imported' || reason !== undefined)).toEqual([]);
				expect(results.map(({ fileName }) => fileName)).toEqual(names);
				const original = (await keys(sample.store, '')).filter((key) => !/dead|lease|something/.test(key));
				expect(await keys(store, '')).toEqual(original);
				for (const key of original) if (!key.endsWith('/cursor.json')) expect((await readBytes(store, key)).equals(await readBytes(sample.store, key))).toBe(true);
				expect(await mails(store)).toEqual(await mails(sample.store));
				expect(await mails(store, bobKey)).toEqual(['b1', 'b2']);
			}
		});
	}

	it('let the next backup go on where the copied one stopped', async () => {
		const sample = await fullSample();
		const store = createMemoryStore();
		await bring(store, toImport(await copyOf(sample)));
		const ambient = sampleAmbient('2026-12-01T00:00:00Z');
		const repository = await Repository.open(store, ambient);
		expect(await repository.cursor(adaKey)).toEqual(await sample.repository.cursor(adaKey));
		await commit({ store, ambient, repository }, { source: ada, add: ['later'] });
		expect(await mails(store)).toContain('later');
	});

	it('again change nothing', async () => {
		const sample = await fullSample();
		const copy = await copyOf(sample);
		const store = createFaultyStore(createMemoryStore(), sample.ambient);
		await bring(store, toImport(copy));
		const puts = store.count('put');
		expect(count(await bring(store, toImport(copy)))).toEqual({ alreadyThere: copy.size });
		expect(store.count('put')).toBe(puts);
	});

	it('go on after an import that was killed at any call, and never show a snapshot without its list', async () => {
		const copy = await copyOf(await fullSample());
		const counting = createFaultyStore(createMemoryStore(), sampleAmbient());
		await bring(counting, toImport(copy));
		const total = counting.count();
		expect(total).toBeGreaterThan(30);
		for (let calls = 0; calls < total; calls += 1) {
			const inner = createMemoryStore();
			const store = createFaultyStore(inner, sampleAmbient());
			store.stopAfter(calls, { lastTakesEffect: calls % 2 === 0 });
			await expect(bring(store, toImport(copy))).rejects.toMatchObject({ code: 'stopped' });
			if ((await inner.get('repository.json')) !== null) {
				const repository = await Repository.open(inner, sampleAmbient());
				for (const { newest } of await repository.sources()) expect((await all(repository.catalog(newest).entries())).length).toBeGreaterThan(0);
			}
			expect(count(await bring(inner, toImport(copy))).refused).toBeUndefined();
			expect(await keys(inner, '')).toEqual(await keys(counting, ''));
		}
	});

	it('that are none of ours are refused with the reason, and nothing is changed', async () => {
		const sample = await fullSample();
		const before = await keys(sample.store, '');
		const foreign = new Map(
			[
				'invoice.pdf', '../../etc/passwd', '', `${adaKey}/../x`, `${adaKey}.lease-3.json`, `${adaKey}/cursor.json`, 'copies.nas.20261122T100000Z-0000.ndjson.gz',
				`${adaKey}.20261122T100000Z-abcd.archive-0001.zip`, `${adaKey}.20261122T100000Z-abcd.segment-0001.ndjson.gz`,
				`${adaKey}.20261122T100000Z-abcd.cursor.json`, `${adaKey}.20261122T100000Z-abcd.seen-0001.ndjson.gz`,
				`${adaKey}.20261122T100000Z-abcd.snapshot.json`, `${adaKey}.20261122T100000Z-abcd.hold.json`, 'README.txt',
			].map((name) => [name, Buffer.from('{"none":"of ours"}')]),
		);
		for (const mode of ['import', 'checkOnly'] as const) {
			const results = await bring(sample.store, toImport(foreign), mode);
			expect(results.map(({ outcome }) => outcome)).toEqual(results.map(() => 'refused'));
			for (const { reason } of results) expect(reason).toMatch(/.{10}/);
		}
		expect(await keys(sample.store, '')).toEqual(before);
	});

	it('without a repository there, and without repository.json among them, are refused altogether', async () => {
		const copy = await copyOf(await fullSample());
		copy.delete('repository.json');
		const store = createMemoryStore();
		for (const mode of ['import', 'checkOnly'] as const) {
			await expect(bring(store, toImport(copy), mode)).rejects.toMatchObject({ kind: 'notFound', nextStep: expect.stringContaining('repository.json') });
		}
		expect(await keys(store, '')).toEqual([]);
	});

	it('of another repository, or of another format version, are refused altogether', async () => {
		const copy = await copyOf(await fullSample());
		const { store } = await emptySample();
		await expect(bring(store, toImport(copy))).rejects.toMatchObject({ kind: 'invalid', code: 'otherRepository', nextStep: expect.stringContaining('empty folder') });
		copy.set('repository.json', Buffer.from(JSON.stringify({ ...(JSON.parse(copy.get('repository.json')!.toString()) as object), version: 2 })));
		const empty = createMemoryStore();
		await expect(bring(empty, toImport(copy))).rejects.toMatchObject({ kind: 'invalid', message: expect.stringContaining('format version 2') });
		expect(await keys(empty, '')).toEqual([]);
		expect(await keys(store, '')).toEqual(['README.txt', 'repository.json']);
	});

	it('without README.txt, of a repository whose README.txt was another text: it gets that of today, and verifies', async () => {
		const copy = await copyOf(await fullSample());
		copy.delete('README.txt');
		const { check: _, ...record } = JSON.parse(copy.get('repository.json')!.toString()) as Record<string, unknown>;
		copy.set('repository.json', Buffer.from(sealJson({ ...record, readme: 'a'.repeat(64) })));
		const store = createMemoryStore();
		expect(count(await bring(store, toImport(copy))).refused).toBeUndefined();
		const { damage } = await verifyRepository(await Repository.open(store, sampleAmbient()), { deep: false });
		expect(damage).toEqual([]);
	});

	it('that are damaged are refused one by one, each of them noticed; the sound ones come in', async () => {
		const sample = await fullSample();
		const copy = await copyOf(sample);
		const unproven = /repository\.json|README|seen|prune|hold/;
		const snapshotIds = sample.snapshots.map(({ id }) => id);
		for (const name of copy.keys()) {
			// The newest record of a source is named by no successor: only its form proves it.
			if (unproven.test(name) || name.endsWith(`${snapshotIds[2]!}.snapshot.json`) || name.endsWith(`${snapshotIds[3]!}.snapshot.json`)) continue;
			const bad = new Map(copy);
			const content = Buffer.from(copy.get(name)!);
			content[Math.floor(content.length / 2)]! ^= 1;
			bad.set(name, content);
			const store = createMemoryStore();
			const results = await bring(store, toImport(bad));
			const refused = results.filter(({ outcome }) => outcome === 'refused').map(({ fileName }) => fileName);
			expect(refused).toContain(name);
			expect(await keys(store, '')).not.toContain(name.replace('.', '/'));
			const again = await bring(store, toImport(copy));
			expect(count(again).refused).toBeUndefined();
			expect((await mails(store)).length).toBe(21);
		}
	});

	it('cut short or too long are refused', async () => {
		const sample = await fullSample();
		const copy = await copyOf(sample);
		const archive = [...copy.keys()].find((name) => name.includes('archive'))!;
		for (const content of [copy.get(archive)!.subarray(0, -1), Buffer.concat([copy.get(archive)!, Buffer.from('x')]), Buffer.alloc(0)]) {
			const results = await bring(createMemoryStore(), toImport(new Map(copy).set(archive, content)));
			expect(results.find(({ fileName }) => fileName === archive)).toMatchObject({ outcome: 'refused', reason: expect.stringContaining('damaged') });
		}
	});

	it('a seen file that is damaged is refused', async () => {
		const copy = await copyOf(await fullSample());
		const seen = [...copy.keys()].find((name) => name.includes('seen'))!;
		const results = await bring(createMemoryStore(), toImport(new Map(copy).set(seen, copy.get(seen)!.subarray(0, -4))));
		expect(results.find(({ fileName }) => fileName === seen)).toMatchObject({ outcome: 'refused', reason: expect.stringContaining('damaged') });
	});

	it('replace damaged and missing files of the repository', async () => {
		const sample = await fullSample();
		const copy = await copyOf(sample);
		const [first] = sample.snapshots;
		const archive = `${adaKey}/${first!.archives[0]!.name}`;
		const segment = `${adaKey}/${first!.segments[0]!.name}`;
		const record = `${adaKey}/${sample.snapshots[1]!.id}.snapshot.json`;
		await damage(sample.store, archive, 60);
		await damage(sample.store, record, 0);
		await sample.store.delete([segment]);
		const flat = (key: string): string => key.replace('/', '.');
		const results = await bring(sample.store, toImport(copy));
		expect(results.filter(({ outcome }) => outcome === 'imported').sort((a, b) => (a.fileName < b.fileName ? -1 : 1))).toEqual(
			[
				{ fileName: flat(archive), outcome: 'imported', reason: 'it replaced a damaged file' },
				{ fileName: flat(record), outcome: 'imported', reason: 'it replaced a damaged file' },
				{ fileName: flat(segment), outcome: 'imported' },
			].sort((a, b) => (a.fileName < b.fileName ? -1 : 1)),
		);
		expect((await mails(sample.store)).length).toBe(21);
	});

	it('put repository.json back where it alone was lost', async () => {
		const sample = await fullSample();
		const copy = await copyOf(sample);
		await sample.store.delete(['repository.json']);
		await expect(Repository.open(sample.store, sample.ambient)).rejects.toMatchObject({ kind: 'corrupt' });
		expect(await bring(sample.store, toImport(copy, ['repository.json']))).toEqual([{ fileName: 'repository.json', outcome: 'imported' }]);
		expect((await Repository.open(sample.store, sample.ambient)).id).toBe(sample.repository.id);
	});

	it('checked only, are proven to the last byte and change nothing', async () => {
		const sample = await fullSample();
		const copy = await copyOf(sample);
		const before = await keys(sample.store, '');
		expect(count(await bring(sample.store, toImport(copy), 'checkOnly'))).toEqual({ checked: copy.size });
		const empty = createMemoryStore();
		expect(count(await bring(empty, toImport(copy), 'checkOnly'))).toEqual({ checked: copy.size });
		expect(await keys(empty, '')).toEqual([]);
		const archive = [...copy.keys()].find((name) => name.includes('archive'))!;
		const bad = Buffer.from(copy.get(archive)!);
		bad[bad.length - 1]! ^= 1;
		const results = await bring(sample.store, toImport(new Map(copy).set(archive, bad)), 'checkOnly');
		expect(results.filter(({ outcome }) => outcome === 'refused')).toEqual([
			{ fileName: archive, outcome: 'refused', reason: expect.stringContaining('SHA-256') },
		]);
		expect(await keys(sample.store, '')).toEqual(before);
	});

	it('a snapshot without the list of its items is refused; without its contents it comes in and says so', async () => {
		const sample = await fullSample();
		const copy = await copyOf(sample);
		const without = (pattern: RegExp): FileToImport[] => toImport(copy, [...copy.keys()].filter((name) => !pattern.test(name)));
		const noSegments = await bring(createMemoryStore(), without(/segment/));
		for (const { fileName, outcome, reason } of noSegments) {
			if (!fileName.endsWith('.snapshot.json')) continue;
			expect({ outcome, reason }).toEqual({ outcome: 'refused', reason: expect.stringContaining('segment-0001.ndjson.gz') });
		}
		const store = createMemoryStore();
		const noArchives = await bring(store, without(/archive/));
		for (const { fileName, outcome, reason } of noArchives) {
			if (!fileName.endsWith('.snapshot.json')) continue;
			expect({ outcome, reason }).toEqual({ outcome: 'imported', reason: expect.stringContaining('still missing') });
		}
		const archives = [...copy.keys()].filter((name) => name.includes('archive'));
		expect(count(await bring(store, toImport(copy, archives)))).toEqual({ imported: archives.length });
		expect((await mails(store)).length).toBe(21);
	});

	it('archives that only an older catalog names come back, too', async () => {
		const sample = await fullSample();
		const [first] = sample.snapshots;
		await sample.store.delete([`${adaKey}/${first!.id}.snapshot.json`, `${adaKey}/${first!.id}.cursor.json`]);
		const reopened = { ...sample, repository: await Repository.open(sample.store, sample.ambient) };
		const copy = await copyOf(reopened);
		const store = createMemoryStore();
		expect(count(await bring(store, toImport(copy))).refused).toBeUndefined();
		expect((await mails(store)).length).toBe(21);
	});

	it('a record that contradicts the repository is refused', async () => {
		const sample = await fullSample();
		const last = sample.snapshots[2]!;
		const name = `${adaKey}/${last.id}.snapshot.json`;
		const forged = sealJson({ ...last, totals: { items: 0, bytes: 0 } });
		const results = await bring(sample.store, [{ fileName: name, open: () => bytes(forged) }]);
		expect(results).toEqual([{ fileName: name, outcome: 'refused', reason: expect.stringContaining('another record of this name') }]);
		const younger = { ...last, id: '20261122T235959Z-ffff', archives: [{ ...last.archives[0]!, sha256: 'f'.repeat(64) }] };
		const forgedName = `${adaKey}.${younger.id}.snapshot.json`;
		const [result] = await bring(sample.store, [{ fileName: forgedName, open: () => bytes(sealJson(younger)) }]);
		expect(result).toMatchObject({ outcome: 'refused', reason: expect.stringContaining('contradicts') });
	});

	it('a seen file that contradicts a sound one of the repository is refused', async () => {
		const sample = await fullSample();
		const name = (await keys(sample.store, adaKey)).find((key) => key.includes('.seen-'))!;
		const before = await readBytes(sample.store, name);
		const forged = Buffer.concat(await all(encodeSeen([{ parent: 'folder', id: 'm1' }]) as AsyncIterable<Buffer>));
		for (const mode of ['checkOnly', 'import'] as const) {
			expect(await bring(sample.store, [{ fileName: name, open: () => bytes(forged) }], mode)).toEqual([
				{ fileName: name, outcome: 'refused', reason: expect.stringContaining('another file of this name') },
			]);
		}
		expect((await readBytes(sample.store, name)).equals(before)).toBe(true);
		await damage(sample.store, name, 20);
		expect(await bring(sample.store, [{ fileName: name, open: () => bytes(before) }])).toMatchObject([{ outcome: 'imported' }]);
	});

	it('a sound record is not replaced on the word of another record that is brought', async () => {
		const sample = await fullSample();
		const last = sample.snapshots[2]!;
		const before = await readBytes(sample.store, `${adaKey}/${last.id}.snapshot.json`);
		const forged = sealJson({ ...last, totals: { items: 0, bytes: 0 } });
		const child = sealJson({ ...last, id: '20261122T235959Z-ffff', parent: { id: last.id, sha256: sha256(forged) } });
		const name = `${adaKey}/${last.id}.snapshot.json`;
		const results = await bring(sample.store, [
			{ fileName: name, open: () => bytes(forged) },
			{ fileName: `${adaKey}/20261122T235959Z-ffff.snapshot.json`, open: () => bytes(child) },
		]);
		expect(results[0]).toEqual({ fileName: name, outcome: 'refused', reason: expect.stringContaining('another record of this name') });
		expect(results[1]).toMatchObject({ outcome: 'refused', reason: expect.stringContaining('contradicts') });
		expect((await readBytes(sample.store, name)).equals(before)).toBe(true);
	});

	it('a full disk ends the import with that error, and it can be repeated', async () => {
		const copy = await copyOf(await fullSample());
		const inner = createMemoryStore();
		const store = createFaultyStore(inner, sampleAmbient());
		store.script({ call: 'put', from: 6, times: Infinity, effect: 'before', failure: diskFull() });
		await expect(bring(store, toImport(copy))).rejects.toMatchObject({ kind: 'quota' });
		store.heal();
		expect(count(await bring(store, toImport(copy))).refused).toBeUndefined();
		expect((await mails(inner)).length).toBe(21);
	});

	it('stop when cancelled', async () => {
		const copy = await copyOf(await fullSample());
		const signal = AbortSignal.abort();
		await expect(importFiles(createMemoryStore(), sampleAmbient(), toImport(copy), { mode: 'import', signal })).rejects.toMatchObject({ kind: 'cancelled' });
	});
});
