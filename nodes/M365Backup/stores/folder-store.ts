import { createHash } from 'node:crypto';
import { constants, type Dirent } from 'node:fs';
import { link, lstat, mkdir, open, readdir, rename, rm, unlink } from 'node:fs/promises';
import path from 'node:path';
import { realAmbient, type Ambient } from '../base/ambient';
import { Failure } from '../base/failure';
import { abortable, throwIfAborted } from './abortable';
import { attempt, errorCode, fileFailure } from './file-errors';
import { checkKey, checkPrefix, temporaryPrefix } from './keys';
import { LongFile, openDirect, type OpenDirect } from './long-file';
import { alreadyThere, refuseRetention } from './refusals';
import type { ByteRange, PutOptions, Store, StoreFile } from './store';
import { writeAll } from './write-all';

const readBytes = 128 * 1024;
const leftoverAgeMs = 48 * 60 * 60 * 1000;
const claimAgeMs = 10 * 60 * 1000;

export interface FolderStoreOptions {
	/** Absolute. Made by the first `put` if it is not there. It may itself be a symbolic link; nothing below may. */
	root: string;
	/** Clock for the age of leftovers, chance for temporary names; the real ones without. */
	ambient?: Pick<Ambient, 'now' | 'randomHex'>;
	/** Another linking function, for tests of file systems without hard links. */
	linkFile?: (from: string, to: string) => Promise<void>;
	/** Another way past the page cache, for tests of file systems that have none. */
	openDirect?: OpenDirect;
}

/**
 * A repository in a folder of this machine or of a mounted drive. Files and folders are made readable for their owner
 * alone: they hold other people's mail.
 */
export function createFolderStore(options: FolderStoreOptions): Store {
	if (!path.isAbsolute(options.root)) {
		throw new Failure('invalid', `The repository folder ${JSON.stringify(options.root)} is not an absolute path`, {
			nextStep: 'Give the whole path of the folder, e.g. /backups/m365.',
		});
	}
	return new FolderStore(path.resolve(options.root), options.ambient ?? realAmbient, options.linkFile ?? link, options.openDirect ?? openDirect);
}

class FolderStore implements Store {
	readonly capabilities = { ifAbsent: true, retainUntil: false, overwriteIsCostly: false };
	readonly label: string;
	/** Folders whose leftovers this store has cleared already. */
	private readonly cleared = new Set<string>();

	constructor(
		private readonly root: string,
		private readonly ambient: Pick<Ambient, 'now' | 'randomHex'>,
		private readonly linkFile: (from: string, to: string) => Promise<void>,
		private readonly openDirect: OpenDirect,
	) {
		this.label = `folder ${root}`;
	}

	async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<StoreFile, void, undefined> {
		checkPrefix(prefix);
		const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
		if (folder !== '' && !(await this.isRealFolder(folder.slice(0, -1)))) return;
		yield* this.walk(folder, prefix, signal);
	}

	private async *walk(folder: string, prefix: string, signal?: AbortSignal): AsyncGenerator<StoreFile, void, undefined> {
		throwIfAborted(signal);
		for (const found of await this.members(folder)) {
			throwIfAborted(signal);
			const key = folder + found.name;
			if (found.isDirectory()) {
				const below = `${key}/`;
				if (below.startsWith(prefix) || prefix.startsWith(below)) yield* this.walk(below, prefix, signal);
			} else if (found.isFile() && key.startsWith(prefix) && !found.name.startsWith(temporaryPrefix)) {
				// Symbolic links are neither: what they point to is no part of the repository.
				const file = await this.fileAt(key);
				if (file !== null) yield { key, sizeBytes: file.sizeBytes, modifiedAt: file.modifiedAt };
			}
		}
	}

	async get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | null> {
		checkKey(key);
		throwIfAborted(signal);
		const parent = path.posix.dirname(key);
		if (parent !== '.' && !(await this.isRealFolder(parent))) return null;
		if ((await this.fileAt(key)) === null) return null;
		// Opened by the first read, so that a reader who never begins leaves no open file behind.
		return this.read(key, range, signal);
	}

	private async *read(key: string, range?: ByteRange, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
		const doing = `read ${this.pathOf(key)}`;
		throwIfAborted(signal);
		const handle = await attempt(doing, () => open(this.pathOf(key), constants.O_RDONLY | constants.O_NOFOLLOW));
		try {
			const { size } = await attempt(doing, () => handle.stat());
			let offset = range?.offset ?? 0;
			const end = Math.min(size, range ? range.offset + range.length : size);
			while (offset < end) {
				throwIfAborted(signal);
				const buffer = Buffer.allocUnsafeSlow(Math.min(readBytes, end - offset));
				const position = offset;
				const { bytesRead } = await attempt(doing, () => handle.read(buffer, 0, buffer.length, position));
				if (bytesRead === 0) {
					throw new Failure('corrupt', `${this.pathOf(key)} became shorter while it was read`, {
						nextStep: 'Something else changes files of the repository: find out what, then verify the repository.',
					});
				}
				offset += bytesRead;
				yield bytesRead === buffer.length ? buffer : buffer.subarray(0, bytesRead);
			}
		} finally {
			await handle.close();
		}
	}

	async put(key: string, source: AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<void> {
		checkKey(key);
		refuseRetention(options);
		throwIfAborted(options.signal);
		const doing = `write ${this.pathOf(key)}`;
		const folder = await this.prepareFolder(key, doing);
		if (options.ifAbsent === true && (await this.fileAt(key)) !== null) throw alreadyThere(key);

		const temporary = path.join(folder, `${temporaryPrefix}${process.pid}-${this.ambient.randomHex(8)}`);
		try {
			const handle = await attempt(doing, () => open(temporary, 'wx', 0o600));
			try {
				await writeAll(new LongFile(handle, temporary, doing, this.openDirect), abortable(source, options.signal));
				await attempt(doing, () => handle.sync());
			} finally {
				await handle.close();
			}
			throwIfAborted(options.signal);
			if (options.ifAbsent === true) await this.moveIfAbsent(temporary, key, doing);
			else await attempt(doing, () => rename(temporary, this.pathOf(key)));
			await syncFolder(folder, doing);
		} finally {
			// After success the name is gone or is a second link to the stored file; after an error it is rubbish, and the error matters more.
			await rm(temporary, { force: true }).catch(() => undefined);
		}
	}

	async delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
		for (const key of keys) checkKey(key);
		const folders = new Set<string>();
		for (const key of keys) {
			throwIfAborted(signal);
			const parent = path.posix.dirname(key);
			if (parent !== '.' && !(await this.isRealFolder(parent))) continue;
			if ((await this.fileAt(key)) === null) continue;
			await missingAsNull(`delete ${this.pathOf(key)}`, () => unlink(this.pathOf(key)));
			folders.add(path.dirname(this.pathOf(key)));
		}
		for (const folder of folders) await syncFolder(folder, `delete files in ${folder}`);
	}

	private pathOf(key: string): string {
		return path.join(this.root, ...key.split('/'));
	}

	/** Null if there is none. A folder or a symbolic link in its place is refused. */
	private async fileAt(key: string): Promise<{ sizeBytes: number; modifiedAt: Date; inode: number } | null> {
		const stat = await missingAsNull(`look at ${this.pathOf(key)}`, () => lstat(this.pathOf(key)));
		if (stat === null) return null;
		if (stat.isDirectory()) return null;
		if (!stat.isFile()) throw notOurs(this.pathOf(key), 'is not an ordinary file');
		return { sizeBytes: stat.size, modifiedAt: stat.mtime, inode: stat.ino };
	}

	/** Each folder on the way must be a real one: a symbolic link could lead out of the repository. */
	private async isRealFolder(folder: string): Promise<boolean> {
		const parts = folder.split('/');
		for (let count = 1; count <= parts.length; count += 1) {
			const place = this.pathOf(parts.slice(0, count).join('/'));
			const stat = await missingAsNull(`look at ${place}`, () => lstat(place));
			if (stat === null) return false;
			if (stat.isSymbolicLink()) throw notOurs(place, 'is a symbolic link');
			if (!stat.isDirectory()) return false;
		}
		return true;
	}

	private async members(folder: string): Promise<Dirent[]> {
		const place = folder === '' ? this.root : this.pathOf(folder.slice(0, -1));
		const found = await missingAsNull(`list ${place}`, () => readdir(place, { withFileTypes: true }));
		return found ?? [];
	}

	private async prepareFolder(key: string, doing: string): Promise<string> {
		const folder = path.dirname(this.pathOf(key));
		const parent = path.posix.dirname(key);
		if (parent === '.' || !(await this.isRealFolder(parent))) {
			const first = await attempt(doing, () => mkdir(folder, { recursive: true, mode: 0o700 }));
			if (first !== undefined) {
				for (let made = folder; made.length >= first.length; made = path.dirname(made)) {
					await syncFolder(path.dirname(made), doing);
				}
			}
		}
		if (!this.cleared.has(folder)) {
			this.cleared.add(folder);
			await this.clearLeftovers(folder);
		}
		return folder;
	}

	/** Temporary files that a killed process left. A living one writes to its file all the time, so old means dead. */
	private async clearLeftovers(folder: string): Promise<void> {
		const found = (await missingAsNull(`list ${folder}`, () => readdir(folder))) ?? [];
		const oldest = this.ambient.now().getTime() - leftoverAgeMs;
		for (const name of found.filter((candidate) => candidate.startsWith(temporaryPrefix))) {
			const place = path.join(folder, name);
			const stat = await missingAsNull(`look at ${place}`, () => lstat(place));
			if (stat !== null && stat.mtimeMs < oldest) await attempt(`delete ${place}`, () => rm(place, { force: true }));
		}
	}

	private async moveIfAbsent(temporary: string, key: string, doing: string): Promise<void> {
		try {
			await this.linkFile(temporary, this.pathOf(key));
		} catch (error) {
			if (errorCode(error) === 'EEXIST') {
				// On network drives the answer to a link that succeeded can get lost: then the file there is ours.
				const [ours, there] = [await attempt(doing, () => lstat(temporary)), await this.fileAt(key)];
				if (there?.inode !== ours.ino || ours.nlink < 2) throw alreadyThere(key);
				return;
			}
			if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV'].includes(errorCode(error) ?? '')) {
				throw fileFailure(error, doing);
			}
			await this.moveUnderClaim(temporary, key, doing);
		}
	}

	/** For file systems without hard links (exFAT, some network drives): whoever makes the claim file may move. */
	private async moveUnderClaim(temporary: string, key: string, doing: string): Promise<void> {
		const place = this.pathOf(key);
		const hash = createHash('sha256').update(path.basename(place)).digest('hex').slice(0, 32);
		const claim = path.join(path.dirname(place), `${temporaryPrefix}claim-${hash}`);
		const stale = await missingAsNull(doing, () => lstat(claim));
		// A claim is held for milliseconds; one this old belongs to a process that was killed in between.
		if (stale !== null && stale.mtimeMs < this.ambient.now().getTime() - claimAgeMs) {
			await attempt(doing, () => rm(claim, { force: true }));
		}
		try {
			await (await open(claim, 'wx')).close();
		} catch (error) {
			throw errorCode(error) === 'EEXIST' ? alreadyThere(key) : fileFailure(error, doing);
		}
		try {
			if ((await this.fileAt(key)) !== null) throw alreadyThere(key);
			await attempt(doing, () => rename(temporary, place));
		} finally {
			await attempt(doing, () => rm(claim, { force: true }));
		}
	}
}

function notOurs(place: string, problem: string): Failure {
	return new Failure('invalid', `${place} ${problem}: it is no part of a repository`, {
		code: 'notARepositoryFile',
		nextStep: 'Replace it by the real file or folder, or choose another folder for the repository.',
	});
}

async function missingAsNull<T>(doing: string, action: () => Promise<T>): Promise<T | null> {
	try {
		return await action();
	} catch (error) {
		const code = errorCode(error);
		if (code === 'ENOENT' || code === 'ENOTDIR') return null;
		throw fileFailure(error, doing);
	}
}

/** Makes names durable. Windows cannot sync a folder and does not need to: NTFS journals names. */
async function syncFolder(folder: string, doing: string): Promise<void> {
	if (process.platform === 'win32') return;
	await attempt(doing, async () => {
		const handle = await open(folder, constants.O_RDONLY);
		try {
			await handle.sync();
		} catch (error) {
			// Some network file systems refuse it; they make names durable themselves.
			if (!['EINVAL', 'ENOTSUP', 'ENOSYS', 'EBADF'].includes(errorCode(error) ?? '')) throw error;
		} finally {
			await handle.close();
		}
	});
}
