import { constants } from 'node:fs';
import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { giveBack, PIECE_BYTES, takePiece } from '../../../nodes/M365Backup/base/pieces';
import { createFolderStore } from '../../../nodes/M365Backup/stores/folder-store';
import { openDirect, type OpenDirect } from '../../../nodes/M365Backup/stores/long-file';

let root: string;
beforeEach(async () => {
	root = await mkdtemp(path.join(tmpdir(), 'm365-long-'));
});
afterEach(async () => {
	await rm(root, { recursive: true, force: true });
});

/** Beyond the 16 MB from which a file goes past the page cache, and no whole number of anything. */
const CONTENT = Buffer.alloc(40 * 1024 * 1024 + 4096 + 77);
for (let at = 0; at + 4 <= CONTENT.length; at += 4) CONTENT.writeUInt32LE((at * 2654435761) >>> 0, at);

/** As an archive comes: a header of some bytes, then large pieces in memory that is used again. */
async function* inChunks(chunkBytes: number, bytes = CONTENT): AsyncGenerator<Uint8Array> {
	yield bytes.subarray(0, 93);
	const chunk = Buffer.alloc(chunkBytes);
	for (let at = 93; at < bytes.length; at += chunkBytes) {
		yield chunk.subarray(0, bytes.copy(chunk, 0, at, at + chunkBytes));
		await Promise.resolve();
	}
}

/** Hands on to the file system itself, without the flag, so that these tests mean the same wherever they run. */
function recorded(write: (bytes: Buffer, position: number, through: () => Promise<number>) => Promise<number>): { openDirect: OpenDirect; opened: () => number; closed: () => number } {
	let [opened, closed] = [0, 0];
	return {
		opened: () => opened,
		closed: () => closed,
		openDirect: async (file) => {
			const handle = await open(file, constants.O_WRONLY);
			opened += 1;
			const direct = {
				write: async (bytes: Uint8Array, offset: number, length: number, position: number) => {
					const part = Buffer.from(bytes.buffer, bytes.byteOffset + offset, length);
					const through = async (): Promise<number> => (await handle.write(part, 0, part.length, position)).bytesWritten;
					return { bytesWritten: await write(part, position, through), buffer: bytes };
				},
				close: async () => {
					closed += 1;
					await handle.close();
				},
			};
			return direct as unknown as Awaited<ReturnType<OpenDirect>>;
		},
	};
}

/** As a download gives them: behind a header, in pieces that go round, each filled anew once the next is asked for. */
async function* inPieces(headerBytes: number, pieces: Set<ArrayBufferLike> = new Set()): AsyncGenerator<Uint8Array> {
	yield CONTENT.subarray(0, headerBytes);
	for (let at = headerBytes; at < CONTENT.length; at += PIECE_BYTES) {
		const piece = takePiece();
		pieces.add(piece.buffer);
		yield piece.subarray(0, CONTENT.copy(piece, 0, at));
		giveBack(piece);
		await Promise.resolve();
	}
}

const failing = (code: string): Error => Object.assign(new Error(`${code}: as told`), { code });

describe('A long file of a folder', () => {
	it.each([1000, 16_384, 1024 * 1024, 3_000_000])('holds what came in chunks of %i bytes, however this system takes it', async (chunkBytes) => {
		await createFolderStore({ root }).put('a/long', inChunks(chunkBytes));
		expect((await readFile(path.join(root, 'a/long'))).equals(CONTENT)).toBe(true);
	});

	it('goes past the page cache from 16 MB on, all but its end, in whole blocks of aligned memory', async () => {
		const positions: number[] = [];
		const way = recorded(async (bytes, position, through) => {
			expect([position % 4096, bytes.length % 4096, bytes.byteOffset % 4096]).toEqual([0, 0, 0]);
			positions.push(position);
			return await through();
		});
		await createFolderStore({ root, openDirect: way.openDirect }).put('long', inChunks(1024 * 1024));
		expect((await readFile(path.join(root, 'long'))).equals(CONTENT)).toBe(true);
		expect(positions).toEqual(Array.from({ length: 24 }, (_, index) => (16 + index) * 1024 * 1024));
		expect([way.opened(), way.closed()]).toEqual([1, 1]);
	});

	it('is written from the very memory that it came in, where that fits, which is not filled anew before', async () => {
		const pieces = new Set<ArrayBufferLike>();
		const written: ArrayBufferLike[] = [];
		const way = recorded(async (bytes, position, through) => {
			written.push(bytes.buffer);
			await new Promise((resolve) => setTimeout(resolve, 5));
			expect(bytes.equals(CONTENT.subarray(position, position + bytes.length))).toBe(true);
			return await through();
		});
		await createFolderStore({ root, openDirect: way.openDirect }).put('long', inPieces(4096, pieces));
		expect((await readFile(path.join(root, 'long'))).equals(CONTENT)).toBe(true);
		expect(written).toHaveLength(24);
		expect(written.filter((memory) => !pieces.has(memory))).toEqual([]);
	});

	it.each([1, 93, 4095, 4096, 8192 + 512])('is whole behind a header of %i bytes, also where many pieces are out', async (headerBytes) => {
		const out = Array.from({ length: headerBytes === 8704 ? 50 : 0 }, () => takePiece());
		try {
			await createFolderStore({ root }).put('long', inPieces(headerBytes));
			expect((await readFile(path.join(root, 'long'))).equals(CONTENT)).toBe(true);
		} finally {
			out.forEach(giveBack);
		}
	});

	it('of which little comes never does', async () => {
		const way = recorded((_bytes, _position, through) => through());
		const short = CONTENT.subarray(0, 16 * 1024 * 1024 + 5);
		await createFolderStore({ root, openDirect: way.openDirect }).put('short', inChunks(4096, short));
		expect((await readFile(path.join(root, 'short'))).equals(short)).toBe(true);
		expect(way.opened()).toBe(0);
	});

	it('that ends with its first 16 MB never does', async () => {
		const way = recorded((_bytes, _position, through) => through());
		const exact = CONTENT.subarray(0, 16 * 1024 * 1024);
		await createFolderStore({ root, openDirect: way.openDirect }).put('exact', inChunks(1024 * 1024, exact));
		expect((await readFile(path.join(root, 'exact'))).equals(exact)).toBe(true);
		expect(way.opened()).toBe(0);
	});

	it('tells what went wrong first, not what closing says then', async () => {
		const way = recorded((_bytes, _position, through) => through());
		const store = createFolderStore({
			root,
			openDirect: async (file) => {
				const direct = await way.openDirect(file);
				return { ...direct, close: async () => await direct.close().then(() => Promise.reject(failing('EIO'))) };
			},
		});
		const source = async function* (): AsyncGenerator<Uint8Array> {
			yield* inChunks(1024 * 1024);
			throw new Error('the download broke off');
		};
		await expect(store.put('long', source())).rejects.toThrow('the download broke off');
		expect(await readdir(root)).toEqual([]);
	});

	it.each(['EINVAL', 'ENOTSUP', 'ESPIPE', 'EPERM'])('is written the ordinary way where that one is refused (%s): when opened, or when written', async (code) => {
		let writes = 0;
		const refusing = recorded(() => {
			writes += 1;
			return Promise.reject(failing(code));
		});
		await createFolderStore({ root, openDirect: refusing.openDirect }).put('one', inChunks(1024 * 1024));
		await createFolderStore({ root, openDirect: () => Promise.reject(failing('EINVAL')) }).put('other', inChunks(1024 * 1024));
		for (const name of ['one', 'other']) expect((await readFile(path.join(root, name))).equals(CONTENT)).toBe(true);
		expect([writes, refusing.opened(), refusing.closed()]).toEqual([1, 1, 1]);
	});

	it('is whole where that way takes a part of what it is given, of any length', async () => {
		let writes = 0;
		const way = recorded(async (bytes, position, through) => {
			writes += 1;
			if (writes % 3 > 0) return await through();
			const handle = await open(path.join(root, (await readdir(root))[0]!), constants.O_WRONLY);
			await handle.write(bytes, 0, 5000, position);
			await handle.close();
			return 5000;
		});
		await createFolderStore({ root, openDirect: way.openDirect }).put('long', inChunks(1024 * 1024));
		expect((await readFile(path.join(root, 'long'))).equals(CONTENT)).toBe(true);
		expect(writes).toBe(24);
	});

	it('says that the disk is full, and leaves nothing behind', async () => {
		let writes = 0;
		const way = recorded((_bytes, _position, through) => (++writes < 3 ? through() : Promise.reject(failing('ENOSPC'))));
		const store = createFolderStore({ root, openDirect: way.openDirect });
		await expect(store.put('long', inChunks(1024 * 1024))).rejects.toMatchObject({ kind: 'quota', nextStep: expect.stringContaining('Free some space') });
		expect(await readdir(root)).toEqual([]);
		expect([way.opened(), way.closed()]).toEqual([1, 1]);
	});

	// On a mount of rclone, for one, the second opening made another file of it (vfs-cache-mode off).
	it('goes that way only on disks of this machine', async () => {
		const memory = await mkdtemp('/dev/shm/m365-long-');
		try {
			await writeFile(path.join(memory, 'file'), '');
			await expect(openDirect(path.join(memory, 'file'))).rejects.toThrow('not known to be a disk');
		} finally {
			await rm(memory, { recursive: true });
		}
	});

	it('of which 40 are written at once is whole, each', async () => {
		const store = createFolderStore({ root });
		const bytes = CONTENT.subarray(0, 18 * 1024 * 1024);
		const names = Array.from({ length: 40 }, (_, index) => `file-${index}`);
		await Promise.all(names.map(async (name, index) => await store.put(name, inChunks(1_000_000, Buffer.concat([Buffer.from([index]), bytes.subarray(1)])))));
		for (const [index, name] of names.entries()) {
			const read = await readFile(path.join(root, name));
			expect(read[0]).toBe(index);
			expect(read.subarray(1).equals(bytes.subarray(1))).toBe(true);
		}
	});
});
