import type { FileHandle } from 'node:fs/promises';
import { toFailure, type Failure } from '../base/failure';
import { giveBack, PIECE_BYTES, takePiece } from '../base/pieces';
import { attempt } from './file-errors';

const syncEveryBytes = 64 * 1024 * 1024;

/**
 * Gathers small chunks, so that a source of single bytes does not cost a system call each, and takes the next ones while
 * the last are written. The source's own errors pass as they are. Much is sent on to the disk on the way: at its end a
 * file of gigabytes would otherwise wait seconds for its sync.
 */
export async function writeAll(handle: FileHandle, source: AsyncIterable<Uint8Array>, doing: string): Promise<void> {
	let filling = takePiece();
	let spare = takePiece();
	let filled = 0;
	let writing = Promise.resolve();
	const onward = new SyncOnTheWay(handle, doing);
	/** At most one write is under way, of the buffer that is not being filled. */
	const write = async (bytes: Uint8Array): Promise<void> => {
		await writing;
		writing = writeBuffer(handle, bytes, doing);
		writing.catch(() => undefined); // Awaited by the next write, or at the end.
		onward.wrote(bytes.length);
	};
	try {
		for await (const chunk of source) {
			if (filled + chunk.length > PIECE_BYTES) {
				await write(filling.subarray(0, filled));
				[filling, spare] = [spare, filling];
				filled = 0;
			}
			if (chunk.length > PIECE_BYTES) {
				await write(chunk);
				// The source may use its buffer again.
				await writing;
			} else {
				filling.set(chunk, filled);
				filled += chunk.length;
			}
		}
		await write(filling.subarray(0, filled));
		await writing;
	} finally {
		await writing.catch(() => undefined);
		giveBack(filling);
		giveBack(spare);
		await onward.settled();
	}
	onward.throwIfFailed();
}

/** Lets the disk begin with what has been written; the file's own sync comes at its end all the same. */
class SyncOnTheWay {
	private unsyncedBytes = 0;
	private going: Promise<void> | undefined;
	/** A system may tell of a failed sync only once: it must not be forgotten. */
	private failure: Failure | undefined;

	constructor(
		private readonly handle: FileHandle,
		private readonly doing: string,
	) {}

	wrote(sizeBytes: number): void {
		this.unsyncedBytes += sizeBytes;
		if (this.unsyncedBytes < syncEveryBytes || this.going) return;
		this.unsyncedBytes = 0;
		this.going = attempt(this.doing, () => this.handle.datasync())
			.catch((error: unknown) => {
				this.failure ??= toFailure(error);
			})
			.finally(() => {
				this.going = undefined;
			});
	}

	async settled(): Promise<void> {
		await this.going;
	}

	throwIfFailed(): void {
		if (this.failure) throw this.failure;
	}
}

async function writeBuffer(handle: FileHandle, bytes: Uint8Array, doing: string): Promise<void> {
	let written = 0;
	while (written < bytes.length) {
		const from = written;
		const result = await attempt(doing, () => handle.write(bytes, from, bytes.length - from));
		written += result.bytesWritten;
	}
}
