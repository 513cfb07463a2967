import { constants } from 'node:fs';
import { open, statfs, type FileHandle } from 'node:fs/promises';
import { toFailure, type Failure } from '../base/failure';
import { isAligned } from '../base/pieces';
import { attempt, errorCode, fileFailure } from './file-errors';

const SYNC_EVERY_BYTES = 64 * 1024 * 1024;
/** A file that has come so far goes past the page cache from here on. */
const DIRECT_FROM_BYTES = 16 * 1024 * 1024;
/** What goes that way begins and ends at multiples of it: blocks of disks and file systems divide it. */
export const BLOCK_BYTES = 4096;

/**
 * File systems of disks of this machine, by their numbers (statfs(2)): ext, XFS, Btrfs, F2FS, and the layers of containers
 * above them. Those of networks and of programs (FUSE) may count each opening of a file as a writer of its own, who
 * begins with an empty one.
 */
const DISK_TYPES: readonly number[] = [0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x794c7630];
/** What a disk says of its room and of itself is told. Whatever else refuses a write that way may take it through the cache. */
const DISK_CODES: readonly (string | undefined)[] = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO'];

/** Opens a file for writing past the page cache. Refuses where there is no such thing. */
export type OpenDirect = (path: string) => Promise<Pick<FileHandle, 'write' | 'close'>>;

export const openDirect: OpenDirect = async (path) => {
	const { O_DIRECT } = constants as { O_DIRECT?: number };
	if (O_DIRECT === undefined) throw new Error('This system has no O_DIRECT');
	if (!DISK_TYPES.includes((await statfs(path)).type)) throw new Error('This file system is not known to be a disk of this machine');
	return await open(path, constants.O_WRONLY | constants.O_NOFOLLOW | O_DIRECT);
};

/**
 * A new file of unknown length, written from its beginning to its end. Once it is long it goes past the page cache where
 * the system lets it (open(2), O_DIRECT): gigabytes that nobody reads soon would push out of the cache what others do
 * read, and that way costs the processor three times as much. Where it goes through the cache, the disk begins with it
 * on the way: at its end it would otherwise wait seconds for its sync, which is the caller's in any case.
 */
export class LongFile {
	#position = 0;
	#unsyncedBytes = 0;
	#syncing: Promise<void> | undefined;
	/** A system may tell of a failed sync only once: it must not be forgotten. */
	#syncFailure: Failure | undefined;
	#direct: Awaited<ReturnType<OpenDirect>> | 'untried' | 'refused' = 'untried';

	constructor(
		private readonly handle: FileHandle,
		/** Of the same file. */
		private readonly path: string,
		private readonly doing: string,
		private readonly openDirect: OpenDirect,
	) {}

	/** One write at a time. */
	async write(bytes: Uint8Array): Promise<void> {
		const position = this.#position;
		this.#position += bytes.length;
		const written = await this.writeDirectly(bytes, position);
		if (written < bytes.length) await this.writeCached(bytes.subarray(written), position + written);
	}

	/** Also after an error. */
	async close(): Promise<void> {
		await this.#syncing;
		await this.refuseDirect();
	}

	/** What went wrong beside the writing. */
	throwIfFailed(): void {
		if (this.#syncFailure) throw this.#syncFailure;
	}

	/** How many of the bytes went that way, maybe none. */
	private async writeDirectly(bytes: Uint8Array, position: number): Promise<number> {
		if (bytes.length === 0 || position < DIRECT_FROM_BYTES || position % BLOCK_BYTES !== 0 || bytes.length % BLOCK_BYTES !== 0 || !isAligned(bytes)) return 0;
		if (this.#direct === 'untried') this.#direct = await this.openDirect(this.path).catch(() => 'refused' as const);
		const direct = this.#direct;
		if (direct === 'refused') return 0;
		try {
			return (await direct.write(bytes, 0, bytes.length, position)).bytesWritten;
		} catch (error) {
			// Some file systems take the flag and refuse the writes.
			if (DISK_CODES.includes(errorCode(error))) throw fileFailure(error, this.doing);
			await this.refuseDirect();
			return 0;
		}
	}

	private async refuseDirect(): Promise<void> {
		const direct = this.#direct;
		this.#direct = 'refused';
		if (typeof direct !== 'string') await attempt(this.doing, () => direct.close());
	}

	private async writeCached(bytes: Uint8Array, position: number): Promise<void> {
		for (let written = 0; written < bytes.length; ) {
			const from = written;
			const { bytesWritten } = await attempt(this.doing, () => this.handle.write(bytes, from, bytes.length - from, position + from));
			written += bytesWritten;
		}
		this.#unsyncedBytes += bytes.length;
		if (this.#unsyncedBytes < SYNC_EVERY_BYTES || this.#syncing) return;
		this.#unsyncedBytes = 0;
		this.#syncing = attempt(this.doing, () => this.handle.datasync())
			.catch((error: unknown) => {
				this.#syncFailure ??= toFailure(error);
			})
			.finally(() => {
				this.#syncing = undefined;
			});
	}
}
