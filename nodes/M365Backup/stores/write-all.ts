import { giveBack, hold, isAligned, PIECE_BYTES, takeAligned } from '../base/pieces';
import { BLOCK_BYTES, type LongFile } from './long-file';

/**
 * Gathers small chunks, so that a source of single bytes does not cost a system call each, and takes the next ones while
 * the last are written. The source's own errors pass as they are; the file is closed in any case.
 */
export async function writeAll(file: LongFile, source: AsyncIterable<Uint8Array>): Promise<void> {
	try {
		await writeGathered(file, source);
	} catch (error) {
		// What went wrong first is what is told.
		await file.close().catch(() => undefined);
		throw error;
	}
	await file.close();
	file.throwIfFailed();
}

async function writeGathered(file: LongFile, source: AsyncIterable<Uint8Array>): Promise<void> {
	let filling = takeAligned();
	let spare = takeAligned();
	let filled = 0;
	/** Or being written. */
	let written = 0;
	let writing = Promise.resolve();
	/** At most one write is under way, of what is not being filled. */
	const write = async (bytes: Uint8Array, done?: () => void): Promise<void> => {
		try {
			await writing;
		} catch (error) {
			done?.();
			throw error;
		}
		written += bytes.length;
		writing = file.write(bytes).finally(done);
		writing.catch(() => undefined); // Awaited by the next write, or at the end.
	};
	const flush = async (): Promise<void> => {
		await write(filling.subarray(0, filled));
		[filling, spare] = [spare, filling];
		filled = 0;
	};
	try {
		for await (const chunk of source) {
			if (chunk.length === PIECE_BYTES && isAligned(chunk) && (written + filled) % BLOCK_BYTES === 0) {
				if (filled > 0) await flush();
				await write(chunk, hold(chunk));
				continue;
			}
			for (let at = 0; at < chunk.length; ) {
				const part = chunk.subarray(at, at + PIECE_BYTES - filled);
				filling.set(part, filled);
				filled += part.length;
				at += part.length;
				if (filled === PIECE_BYTES) await flush();
			}
		}
		await flush();
		await writing;
	} finally {
		await writing.catch(() => undefined);
		giveBack(filling);
		giveBack(spare);
	}
}
