import { createHash } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { crc32 } from 'node:zlib';
import { Failure } from '../../../nodes/M365Backup/base/failure';
import { PIECE_BYTES, takePiece } from '../../../nodes/M365Backup/base/pieces';
import { verifyRepository } from '../../../nodes/M365Backup/engine/verify';
import { ArchiveWriter } from '../../../nodes/M365Backup/repository/archive-writer';
import { sourceKey } from '../../../nodes/M365Backup/repository/names';
import { hashThread, HashThread } from '../../../nodes/M365Backup/repository/off-thread-hash';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { makeAgeKey, readAgeKey } from '../../../nodes/M365Backup/stores/encryption/age-key';
import { RepositoryKey } from '../../../nodes/M365Backup/stores/encryption/repository-key';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { addMessage, commitInput, FakeAmbient, message, openNew, readAll, SOURCE, stateOf } from './fixtures';

const KEY = sourceKey(SOURCE);
/** From 32 MB on a content is hashed by another thread. */
const LONG_BYTES = 33 * 1024 * 1024 + 5;

/** Bytes that can be told apart wherever they are cut. */
function longBytes(seed: number): Buffer {
	const bytes = Buffer.alloc(LONG_BYTES);
	for (let at = 0; at + 4 <= bytes.length; at += 64) bytes.writeUInt32LE((at ^ seed) >>> 0, at);
	return bytes;
}

/** As a download gives them: in buffers that go round. */
async function* inPieces(bytes: Buffer, breakAt = Infinity): AsyncGenerator<Uint8Array> {
	for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
		if (at >= breakAt) throw new Failure('transient', 'The download broke off');
		const piece = takePiece();
		yield piece.subarray(0, bytes.copy(piece, 0, at, at + PIECE_BYTES));
		await Promise.resolve();
	}
}

describe('a long content', () => {
	it('comes back as it was, beside small ones, deflated or not, with the right checksums of itself and its archive', async () => {
		const { repository, store } = await openNew();
		const run = repository.startRun(SOURCE, null);
		const contents = new Map<string, Buffer>();
		for (const [seed, name] of ['film.mp4', 'table.csv', 'other.mp4'].entries()) {
			await addMessage(run, `mail/${name}`, `small before ${name}`);
			const bytes = longBytes(seed);
			contents.set(name, bytes);
			const ref = await run.addContent({ entryName: name, content: inPieces(bytes), sizeBytes: bytes.length });
			expect(ref).toMatchObject({ size: LONG_BYTES, sha256: createHash('sha256').update(bytes).digest('hex') });
			await run.add(message(`long/${name}`, { content: [ref] }));
		}
		const snapshot = await run.commit(commitInput());
		for (const archive of snapshot.archives) {
			const bytes = await readAll((await store.get(`${KEY}/${archive.name}`))!);
			// What it is called by is what is stored, unless that is encrypted and has a hash of its own.
			if (!store.asStored) expect(archive).toMatchObject({ size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
		}
		const entries = await stateOf(repository, snapshot);
		for (const [name, bytes] of contents) {
			const [ref] = entries.get(`long/${name}`)!.content!;
			const read = await readAll(repository.readContent(KEY, ref!));
			expect(read.equals(bytes)).toBe(true);
			expect((await readAll(repository.readContent(KEY, entries.get(`mail/${name}`)!.content![0]!))).toString()).toBe(`small before ${name}`);
			const whole = await readAll((await store.get(`${KEY}/${ref!.archive}`))!);
			const descriptor = whole.subarray(ref!.offset + ref!.length - 16, ref!.offset + ref!.length);
			expect([descriptor.readUInt32LE(4), descriptor.readUInt32LE(12)]).toEqual([crc32(bytes), LONG_BYTES]);
		}
	});

	it('that breaks off leaves the archive good for what follows', async () => {
		const { repository } = await openNew();
		const run = repository.startRun(SOURCE, null);
		const bytes = longBytes(7);
		await expect(run.addContent({ entryName: 'film.mp4', content: inPieces(bytes, 20 * PIECE_BYTES), sizeBytes: bytes.length })).rejects.toThrow('The download broke off');
		const ref = await run.addContent({ entryName: 'film.mp4', content: inPieces(bytes), sizeBytes: bytes.length });
		await run.add(message('long/1', { content: [ref] }));
		await run.commit(commitInput());
		expect((await readAll(repository.readContent(KEY, ref))).equals(bytes)).toBe(true);
	});

	it('begins no hash of its archive where the store encrypts, which tells that of what it stores', async () => {
		const encryption = new RepositoryKey(await readAgeKey({ identity: (await makeAgeKey()).identity }));
		const repository = await Repository.open(createMemoryStore(), new FakeAmbient(), { create: true, encryption });
		const begun = vi.spyOn(HashThread.prototype, 'open');
		const run = repository.startRun(SOURCE, null);
		const bytes = longBytes(5);
		const ref = await run.addContent({ entryName: 'film.mp4', content: inPieces(bytes), sizeBytes: bytes.length });
		await run.add(message('long/1', { content: [ref] }));
		await run.commit(commitInput());
		// The content's own, which is ended with its last byte. One that nobody ends would stay as long as n8n runs.
		expect(begun.mock.calls).toEqual([['withCrc32']]);
		begun.mockRestore();
		expect((await readAll(repository.readContent(KEY, ref))).equals(bytes)).toBe(true);
		expect((await verifyRepository(repository, { deep: true })).damage).toEqual([]);
	});

	it('whose run is stopped once its last byte was sent is named by what it is, if the store took it', async () => {
		const stop = new AbortController();
		const inner = createMemoryStore();
		const store: Store = {
			capabilities: inner.capabilities,
			label: inner.label,
			list: (prefix) => inner.list(prefix),
			get: (key) => inner.get(key),
			delete: (keys) => inner.delete(keys),
			put: async (key, source) => {
				await inner.put(key, source);
				stop.abort();
			},
		};
		const writer = new ArchiveWriter({ store, ambient: new FakeAmbient(), signal: stop.signal }, KEY, 'a.zip', (await hashThread())!.open());
		await writer.append({ name: 'film.mp4', modified: new Date(0), content: inPieces(longBytes(3)), compress: false });
		const file = await writer.close([]);
		const stored = await readAll((await inner.get(`${KEY}/a.zip`))!);
		expect(file).toMatchObject({ size: stored.length, sha256: createHash('sha256').update(stored).digest('hex') });
	});
});
