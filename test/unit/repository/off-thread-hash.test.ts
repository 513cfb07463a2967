import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { crc32 } from 'node:zlib';
import { PIECE_BYTES } from '../../../nodes/M365Backup/base/pieces';
import { hashThread, type HashThread } from '../../../nodes/M365Backup/repository/off-thread-hash';
import { ownHash } from '../../../nodes/M365Backup/repository/stream-hash';

async function thread(): Promise<HashThread> {
	const started = await hashThread();
	if (!started) throw new Error('no thread could be started');
	return started;
}

describe('The thread that hashes long contents', () => {
	it('computes what the main thread would, of several contents at once, in chunks of any size, more than it has places for', async () => {
		const { length } = await Promise.all(
			[1, 1000, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES * 2 + 7].map(async (chunkBytes) => {
				const content = randomBytes(Math.min(chunkBytes * 40, PIECE_BYTES * 21));
				const hash = (await thread()).open('withCrc32');
				for (let at = 0; at < content.length; at += chunkBytes) {
					// The same buffer again and again, as a download's pieces are.
					const chunk = Buffer.from(content.subarray(at, at + chunkBytes));
					await hash.update(chunk);
					chunk.fill(0);
				}
				expect(await hash.digest()).toMatchObject({ sha256: createHash('sha256').update(content).digest('hex'), crc32: crc32(content) });
			}),
		);
		expect(length).toBe(5);
	});

	it('knows the digest of nothing', async () => {
		expect(await (await thread()).open().digest()).toMatchObject({ sha256: createHash('sha256').digest('hex') });
	});

	it('forgets what is discarded, and goes on with the others', async () => {
		const [one, other] = [(await thread()).open(), (await thread()).open()];
		await one.update(Buffer.from('dropped'));
		one.discard();
		await other.update(Buffer.from('kept'));
		expect(await other.digest()).toMatchObject({ sha256: createHash('sha256').update('kept').digest('hex') });
	});

	it('gives bytes to a second hash, too: of its own or of this thread', async () => {
		const [content, archive, own] = [(await thread()).open('withCrc32'), (await thread()).open(), ownHash()];
		const bytes = randomBytes(PIECE_BYTES * 2 + 7);
		await archive.update(Buffer.from('header'));
		await archive.update(bytes, content);
		await archive.update(Buffer.from('trailer'));
		const [first, second] = [bytes.subarray(0, 1000), bytes.subarray(1000)];
		const other = (await thread()).open();
		await own.update(first, other);
		await other.update(second, own);
		const sha256 = createHash('sha256').update(bytes).digest('hex');
		expect(await content.digest()).toMatchObject({ sha256, crc32: crc32(bytes) });
		expect(await archive.digest()).toMatchObject({ sha256: createHash('sha256').update('header').update(bytes).update('trailer').digest('hex') });
		expect([(await own.digest()).sha256, (await other.digest()).sha256]).toEqual([sha256, sha256]);
	});

	it('drops what comes for a hash that was discarded: the other one has it, and no place is lost', async () => {
		const [gone, kept] = [(await thread()).open(), (await thread()).open()];
		gone.discard();
		const bytes = randomBytes(PIECE_BYTES * 9);
		await kept.update(bytes, gone);
		await gone.update(bytes);
		expect(await kept.digest()).toMatchObject({ sha256: createHash('sha256').update(bytes).digest('hex') });
	});

	it('that has ended makes whoever waits fail, and is followed by a new one', async () => {
		const first = await thread();
		const hash = first.open();
		await hash.update(Buffer.alloc(PIECE_BYTES));
		await first.end();
		await expect(hash.update(Buffer.alloc(1))).rejects.toMatchObject({ kind: 'transient' });
		await expect(hash.digest()).rejects.toMatchObject({ kind: 'transient' });
		const next = await thread();
		expect(next).not.toBe(first);
		const again = next.open();
		await again.update(Buffer.from('again'));
		expect(await again.digest()).toMatchObject({ sha256: createHash('sha256').update('again').digest('hex') });
	});
});
