import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { fromBuffer, type Entry, type ZipFile } from 'yauzl';
import { Failure } from '../../../nodes/M365Backup/base/failure';
import { sourceKey } from '../../../nodes/M365Backup/repository/names';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import type { ContentRef, SnapshotRecord } from '../../../nodes/M365Backup/repository/records';
import { createFaultyStore, diskFull } from '../../../nodes/M365Backup/stores/faulty-store';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { addMessage, bytesOf, commitInput, FakeAmbient, message, openNew, readAll, SOURCE, stateOf } from './fixtures';
import { randomRuns } from '../../support/random-runs';

const KEY = sourceKey(SOURCE);

async function fileOf(store: Store, name: string): Promise<Buffer> {
	const content = await store.get(`${KEY}/${name}`);
	if (!content) throw new Error(`${name} is missing`);
	return await readAll(content);
}

/** What any ZIP program would find. */
async function unzip(bytes: Buffer): Promise<{ name: string; content: Buffer; entry: Entry }[]> {
	const zip = await new Promise<ZipFile>((resolve, reject) => {
		fromBuffer(bytes, { lazyEntries: true }, (error, file) => (error ? reject(error) : resolve(file)));
	});
	const found: { name: string; content: Buffer; entry: Entry }[] = [];
	await new Promise<void>((resolve, reject) => {
		zip.on('error', reject);
		zip.on('end', resolve);
		zip.on('entry', (entry: Entry) => {
			zip.openReadStream(entry, (error, stream) => {
				if (error) {
					reject(error);
					return;
				}
				void readAll(stream).then((content) => {
					found.push({ name: entry.fileName, content, entry });
					zip.readEntry();
				}, reject);
			});
		});
		zip.readEntry();
	});
	return found;
}

async function* breaksOff(bytes: Buffer = Buffer.from('half of ')): AsyncIterable<Uint8Array> {
	yield bytes;
	throw new Failure('transient', 'The download broke off');
}

describe('an archive', () => {
	it('is a ZIP that others read, with the items, and their lines as its last entry', async () => {
		const { repository, store } = await openNew();
		const run = repository.startRun(SOURCE, null);
		const noise = randomBytes(300_000);
		await addMessage(run, 'mail/é 1', 'Hello '.repeat(5000));
		await addMessage(run, 'mail/2', noise);
		await addMessage(run, 'mail/3', '');
		const snapshot = await run.commit(commitInput());
		const [archive] = snapshot.archives;
		const bytes = await fileOf(store, archive!.name);
		expect(archive).toEqual({
			name: `${snapshot.id}.archive-0001.zip`,
			size: bytes.length,
			sha256: createHash('sha256').update(bytes).digest('hex'),
		});
		const entries = await unzip(bytes);
		const items = await stateOf(repository, snapshot);
		const inOrder = ['mail/é 1', 'mail/2', 'mail/3'].map((id) => items.get(id)!.content![0]!.entry);
		expect(entries.map(({ name }) => name)).toEqual([...inOrder, '_catalog.ndjson']);
		expect(inOrder[0]).toMatch(/^Inbox\/mail_é 1 \[[0-9a-f]{8}\]\.eml$/);
		expect(entries[0]!.content.toString()).toBe('Hello '.repeat(5000));
		expect(entries[1]!.content.equals(noise)).toBe(true);
		const [first, ...lines] = entries.at(-1)!.content.toString().trimEnd().split('\n').map((line) => JSON.parse(line) as { id: string });
		expect(first).toEqual({ source: SOURCE });
		expect(lines.map(({ id }) => id).sort()).toEqual([...items.keys()].sort());
		expect(lines.find(({ id }) => id === 'mail/2')).toMatchObject({ content: items.get('mail/2')!.content });
	});

	it('deflates what compresses and stores what does not', async () => {
		const { repository, store } = await openNew();
		const run = repository.startRun(SOURCE, null);
		const contents: [string, Buffer][] = [['a.bin', randomBytes(50_000)], ['b.bin', Buffer.alloc(50_000, 'x')], ['c.jpg', randomBytes(100)], ['d.eml', Buffer.alloc(100, 'y')]];
		for (const [name, content] of contents) await run.addContent({ entryName: name, content: bytesOf(content) });
		const { archives } = await run.commit(commitInput());
		const methods = (await unzip(await fileOf(store, archives[0]!.name))).map(({ entry }) => entry.compressionMethod);
		expect(methods).toEqual([0, 8, 0, 8, 8]);
	});

	it('goes on when a source breaks off, whose error the caller gets', async () => {
		const { repository } = await openNew();
		const run = repository.startRun(SOURCE, null);
		await addMessage(run, 'mail/1', 'one');
		await expect(run.addContent({ entryName: 'Inbox/x [1].eml', content: breaksOff() })).rejects.toThrow('The download broke off');
		// What was small has left nothing behind.
		const small = await run.addContent({ entryName: 'Inbox/x [1].eml', content: bytesOf('whole after all') });
		expect(small.entry).toBe('Inbox/x [1].eml');
		await expect(run.addContent({ entryName: 'Inbox/y [1].eml', content: breaksOff(randomBytes(1_000_000)) })).rejects.toThrow('The download broke off');
		// The second attempt has the same name: a person who unpacks the archive must not see one overwrite the other.
		const ref = await run.addContent({ entryName: 'Inbox/y [1].eml', content: bytesOf('half of a whole') });
		expect(ref.entry).toBe('Inbox/y [1]~2.eml');
		await run.add(message('mail/2', { content: [ref] }));
		const snapshot = await run.commit(commitInput());
		const entries = await stateOf(repository, snapshot);
		expect((await readAll(repository.readContent(KEY, ref))).toString()).toBe('half of a whole');
		expect((await readAll(repository.readContent(KEY, entries.get('mail/1')!.content![0]!))).toString()).toBe('one');
	});

	it('is not written to for content that is stored already', async () => {
		const { repository } = await openNew();
		const run = repository.startRun(SOURCE, null);
		await addMessage(run, 'mail/1', 'the same bytes');
		const first = await run.commit(commitInput());
		const ref = (await stateOf(repository, first)).get('mail/1')!.content![0]!;
		const known = [ref];
		expect(await run.addContent({ entryName: 'again.eml', content: bytesOf('the same', ' bytes'), known })).toBe(ref);
		expect(run.pendingBytes).toBe(0);
		const other = await run.addContent({ entryName: 'other.eml', content: bytesOf('other bytes'), known });
		await run.add({ id: 'mail/1', content: [other] });
		await run.commit(commitInput());
		expect((await readAll(repository.readContent(KEY, other))).toString()).toBe('other bytes');
	});

	it('gives way to the next volume when it is full; a larger item has its own', async () => {
		const { repository, store } = await openNew();
		const run = repository.startRun(SOURCE, null, { volumeBytes: 10_000 });
		for (let index = 0; index < 10; index++) await addMessage(run, `mail/${index}`, randomBytes(3000));
		const large = await run.addContent({ entryName: 'large.bin', content: bytesOf(randomBytes(50_000)), sizeBytes: 50_000 });
		await addMessage(run, 'mail/last', randomBytes(3000));
		await run.add(message('mail/large', { content: [large] }));
		const snapshot = await run.commit(commitInput());
		expect(snapshot.archives).toHaveLength(5);
		const entries = await stateOf(repository, snapshot);
		const own = await unzip(await fileOf(store, large.archive));
		expect(own.map(({ name }) => name)).toEqual(['large.bin', '_catalog.ndjson']);
		for (const [id, entry] of entries) {
			await readAll(repository.readContent(KEY, entry.content![0]!));
			const lines = (await unzip(await fileOf(store, entry.content![0]!.archive))).at(-1)!.content.toString();
			expect(lines).toContain(`"id":"${id}"`);
		}
	});

	it('gives way, too, when it has very many tiny items', async () => {
		const { repository } = await openNew();
		const run = repository.startRun(SOURCE, null);
		for (let index = 0; index < 2600; index++) await addMessage(run, `mail/${index}`, String(index), { meta: {} });
		const snapshot = await run.commit(commitInput());
		expect(snapshot.archives).toHaveLength(2);
		const { content } = (await stateOf(repository, snapshot)).get('mail/2599')!;
		expect((await readAll(repository.readContent(KEY, content![0]!))).toString()).toBe('2599');
	});

	it('waits for a slow store without losing bytes', async () => {
		const inner = createMemoryStore();
		const slow: Store = {
			...wrap(inner),
			put: (key, source, options) =>
				inner.put(
					key,
					(async function* () {
						for await (const chunk of source) {
							await delay(1);
							yield chunk;
						}
					})(),
					options,
				),
		};
		const { repository } = await openNew(slow);
		const run = repository.startRun(SOURCE, null);
		const contents = Array.from({ length: 20 }, () => randomBytes(400_000));
		// Asked for all at once: they are worked off one after the other.
		await Promise.all(contents.map((content, index) => addMessage(run, `mail/${String(index).padStart(2, '0')}`, content)));
		const entries = [...(await stateOf(repository, await run.commit(commitInput()))).values()];
		for (const [index, entry] of entries.entries()) {
			expect((await readAll(repository.readContent(KEY, entry.content![0]!))).equals(contents[index]!)).toBe(true);
		}
	});
});

function wrap(inner: Store): Store {
	return {
		capabilities: inner.capabilities,
		label: inner.label,
		list: (prefix, signal) => inner.list(prefix, signal),
		get: (key, range, signal) => inner.get(key, range, signal),
		put: (key, source, options) => inner.put(key, source, options),
		delete: (keys, signal) => inner.delete(keys, signal),
	};
}

describe('a store that fails', () => {
	it('ends the run with its own error, at once and for good, and leaves the last commit standing', async () => {
		const ambient = new FakeAmbient();
		const faulty = createFaultyStore(createMemoryStore(), ambient);
		const { repository } = await openNew(faulty, ambient);
		const run = repository.startRun(SOURCE, null);
		await addMessage(run, 'mail/1', 'kept');
		const first = await run.commit(commitInput());
		faulty.script({ call: 'put', key: /archive/, effect: 'torn', bytes: 1000, times: Infinity, failure: diskFull() });
		await expect(
			(async () => {
				for (let index = 0; index < 50; index++) await addMessage(run, `mail/${index}`, randomBytes(100_000));
				await run.commit(commitInput());
			})(),
		).rejects.toThrow('no space left');
		await expect(run.commit(commitInput())).rejects.toThrow('no space left');
		await run.abandon();
		expect((await repository.newest(KEY))?.snapshot).toEqual(first);
	});

	it.each(['archive', 'segment', 'cursor', 'snapshot', 'seen'])('and whose answer to the put of the %s is lost costs nothing', async (kind) => {
		const ambient = new FakeAmbient();
		const faulty = createFaultyStore(createMemoryStore(), ambient);
		const { repository } = await openNew(faulty, ambient);
		const run = repository.startRun(SOURCE, null);
		faulty.script({ call: 'put', key: new RegExp(`\\.${kind}`), effect: 'after' });
		await addMessage(run, 'mail/1', 'kept');
		await run.addSeen('mail/inbox', ['mail/1']);
		const snapshot = await run.commit(commitInput());
		expect((await repository.newest(KEY))?.snapshot).toEqual(snapshot);
		const entries = await stateOf(repository, snapshot);
		expect((await readAll(repository.readContent(KEY, entries.get('mail/1')!.content![0]!))).toString()).toBe('kept');
	});

	it.each([1, 2, 3])('for a moment (%d times) is asked again', async (times) => {
		const ambient = new FakeAmbient();
		const faulty = createFaultyStore(createMemoryStore(), ambient);
		const { repository } = await openNew(faulty, ambient);
		const run = repository.startRun(SOURCE, null);
		await addMessage(run, 'mail/1', 'kept');
		faulty.script({ call: 'put', key: /segment/, effect: 'before', times });
		const snapshot = await run.commit(commitInput());
		expect((await stateOf(repository, snapshot)).size).toBe(1);
	});

	it.each(['endless.bin', 'endless.eml'])('lets go of a run that is stopped in the middle of an item (%s)', async (entryName) => {
		const { repository, store } = await openNew();
		const stop = new AbortController();
		const run = repository.startRun(SOURCE, null, { signal: stop.signal });
		let isClosed = false;
		const endless = (async function* () {
			try {
				for (;;) {
					await delay(1);
					yield randomBytes(1000);
				}
			} finally {
				isClosed = true;
			}
		})();
		const adding = run.addContent({ entryName, content: endless });
		setTimeout(() => stop.abort(), 20);
		await expect(adding).rejects.toMatchObject({ kind: 'cancelled' });
		await run.abandon();
		await vi.waitFor(() => expect(isClosed).toBe(true), { timeout: 60_000 });
		expect(await store.get(`${KEY}/${run.runId}.archive-0001.zip`)).toBeNull();
	});
});

it('lets go of a content whose run is stopped before its archive has taken a byte of it', async () => {
	const { repository } = await openNew();
	const stop = new AbortController();
	const run = repository.startRun(SOURCE, null, { signal: stop.signal });
	await run.addContent({ entryName: 'first.bin', content: bytesOf('opens the archive') });
	let isClosed = false;
	const content = (async function* () {
		try {
			stop.abort();
			yield randomBytes(1000);
		} finally {
			isClosed = true;
		}
	})();
	await expect(run.addContent({ entryName: 'second.bin', content })).rejects.toMatchObject({ kind: 'cancelled' });
	await run.abandon();
	await vi.waitFor(() => expect(isClosed).toBe(true));
});

describe('reading one content', () => {
	async function stored(content: Buffer, name: string): Promise<{ bytes: Buffer; ref: ContentRef; name: string }> {
		const { repository, store } = await openNew();
		const run = repository.startRun(SOURCE, null);
		await run.addContent({ entryName: 'before.eml', content: bytesOf('before') });
		const ref = await run.addContent({ entryName: name, content: bytesOf(content) });
		await run.commit(commitInput());
		return { bytes: await fileOf(store, ref.archive), ref, name: ref.archive };
	}

	async function readFrom(bytes: Buffer, ref: ContentRef): Promise<Buffer> {
		const { repository, store } = await openNew();
		await store.put(`${KEY}/${ref.archive}`, bytesOf(bytes));
		return await readAll(repository.readContent(KEY, ref));
	}

	it.each(['text.eml', 'noise.jpg'])('never takes damaged bytes of %s for good ones', async (name) => {
		const content = name === 'text.eml' ? Buffer.from('A line of text\r\n'.repeat(40)) : randomBytes(600);
		const { bytes, ref } = await stored(content, name);
		expect((await readFrom(bytes, ref)).equals(content)).toBe(true);
		await fc.assert(
			fc.asyncProperty(fc.integer({ min: 0, max: ref.length - 1 }), fc.integer({ min: 0, max: 7 }), async (at, bit) => {
				const damaged = Buffer.from(bytes);
				damaged[ref.offset + at] = damaged[ref.offset + at]! ^ (1 << bit);
				const read = await readFrom(damaged, ref).catch((error: unknown) => error);
				// Dates and version numbers in the header are not part of the content.
				if (Buffer.isBuffer(read)) expect(read.equals(content)).toBe(true);
				else expect(read).toMatchObject({ kind: 'corrupt' });
			}),
			{ numRuns: randomRuns(200) },
		);
	});

	it('stops at the recorded size: a bomb does not go off', async () => {
		const { bytes, ref } = await stored(Buffer.alloc(5_000_000), 'zeros.eml');
		let handedOut = 0;
		const { repository, store } = await openNew();
		await store.put(`${KEY}/${ref.archive}`, bytesOf(bytes));
		await expect(
			(async () => {
				for await (const chunk of repository.readContent(KEY, { ...ref, size: 1000 })) handedOut += chunk.length;
			})(),
		).rejects.toMatchObject({ kind: 'corrupt' });
		expect(handedOut).toBeLessThanOrEqual(1000);
	});

	it('says what is missing and what to do', async () => {
		const { bytes, ref } = await stored(Buffer.from('x'), 'x.eml');
		await expect(readFrom(bytes.subarray(0, ref.offset + 10), ref)).rejects.toThrow('damaged');
		const { repository } = await openNew();
		const failure = await readAll(repository.readContent(KEY, ref)).catch((error: unknown) => error as Failure);
		expect(failure).toMatchObject({ kind: 'corrupt', code: 'missingFile' });
		expect((failure as Failure).nextStep).toContain('Import Files');
	});
});

describe('what an archive repeats of the catalog', () => {
	async function repeatedLines(store: Store, name: string): Promise<{ id?: string; name?: string }[]> {
		const text = (await unzip(await fileOf(store, name))).at(-1)!.content.toString();
		return text.trimEnd().split('\n').map((line) => JSON.parse(line) as { id?: string; name?: string });
	}

	it('has the folders above its items as they are then, though none of them has a content', async () => {
		const { repository, store } = await openNew();
		const run = repository.startRun(SOURCE, null);
		await run.add({ id: 'mail/top', whole: true, type: 'folder', name: 'Projects', meta: {} });
		await run.add({ id: 'mail/sub', whole: true, type: 'folder', name: 'Old name', parent: 'mail/top', meta: {} });
		await run.add({ id: 'mail/other', whole: true, type: 'folder', name: 'Empty', meta: {} });
		await addMessage(run, 'mail/1', 'one', { parent: 'mail/sub' });
		const first = await run.commit(commitInput());
		await run.add({ id: 'mail/sub', name: 'New name' });
		await addMessage(run, 'mail/2', 'two', { parent: 'mail/sub' });
		const second = await run.commit(commitInput());
		const named = async ({ archives }: SnapshotRecord) => (await repeatedLines(store, archives[0]!.name)).slice(1).map(({ id, name }) => [id, name]);
		expect(await named(first)).toEqual([['mail/top', 'Projects'], ['mail/sub', 'Old name'], ['mail/1', 'Subject of mail/1']]);
		expect(await named(second)).toEqual([['mail/top', 'Projects'], ['mail/sub', 'New name'], ['mail/2', 'Subject of mail/2']]);
	});

	it('ends a run that cannot look folders up, instead of leaving it waiting', { timeout: 10_000 }, async () => {
		const { store, ambient, repository } = await openNew();
		const first = repository.startRun(SOURCE, null);
		await first.add({ id: 'mail/inbox', whole: true, type: 'folder', name: 'Inbox', meta: {} });
		const parent = await first.commit(commitInput());
		const failing: Store = {
			capabilities: store.capabilities,
			label: store.label,
			list: (prefix, signal) => store.list(prefix, signal),
			put: (key, source, options) => store.put(key, source, options),
			delete: (keys, signal) => store.delete(keys, signal),
			get: (key, range, signal) => (key.includes('.segment-') ? Promise.reject(new Failure('transient', 'The store does not answer')) : store.get(key, range, signal)),
		};
		const run = (await Repository.open(failing, ambient)).startRun(SOURCE, parent);
		await addMessage(run, 'mail/1', 'one');
		await expect(run.commit(commitInput())).rejects.toMatchObject({ kind: 'transient' });
		await run.abandon();
	});

	it('has the lines of items, too, that share a content stored earlier', async () => {
		const { repository, store } = await openNew();
		const run = repository.startRun(SOURCE, null);
		await addMessage(run, 'mail/1', 'the same');
		const first = await run.commit(commitInput());
		const [ref] = (await stateOf(repository, first)).get('mail/1')!.content!;
		await run.add(message('mail/copy', { content: [ref!] }));
		await addMessage(run, 'mail/2', 'another');
		const second = await run.commit(commitInput());
		expect((await repeatedLines(store, second.archives[0]!.name)).flatMap(({ id }) => id ?? []).sort()).toEqual(['mail/2', 'mail/copy']);
	});
});
