import type { Ambient } from '../base/ambient';
import { isFailure } from '../base/failure';
import { LOCKED_CODE, type Store, type StoreFile } from '../stores/store';
import { collectAtMost, ProbeContent, seedOf } from './check-bytes';
import { checkConditionalPut } from './check-conditional-put';
import { Findings, type Finding } from '../base/finding';
import { checkLock } from './check-lock';
import { checkRanges } from './check-ranges';
import type { StorageProbe } from './storage-probe';

/** What listings show of a check that goes on, or that was killed. Flat, so that no folder stays behind. */
const LEFTOVER = /^check-[0-9a-f]{16}\.[a-z]+$/;
const PREFIX = 'check-';
/** By the store's clock. No check takes that long. */
const LEFTOVER_AGE_MS = 15 * 60_000;
const SMALL_BYTES = 1024;
/** More than what a bucket takes in one piece, so that the way in parts is tried, too. */
const LARGE_BYTES = 8 * 1024 * 1024 + 256;
const MEGABYTE = 1e6;
const SLOW_MB_PER_S = 1;
export const CLOCK_TOLERANCE_MS = 5 * 60_000;
const LOOK_AGAIN_MS = 1000;
const LOOKS_AGAIN = 3;

export interface CheckStorageOptions {
	ambient: Ambient;
	/** Writes nothing: for whoever only restores. */
	readOnly?: boolean;
	/** For how long backups are to be locked; 0: not at all. */
	lockDays?: number;
	signal?: AbortSignal | undefined;
}

export interface StorageReport {
	findings: Finding[];
	/** The store's clock minus that of this machine, of a file that was just stored; null if none could be. */
	clockSkewMs: number | null;
}

/**
 * Finds out what a storage really guarantees, by trying: under names of its own, in seconds and constant memory. Nothing
 * stays behind, also after a cancellation, but for what the storage itself has locked. Faults are findings. Throws only
 * `cancelled`, and our own mistakes.
 *
 * @param store as it is: without encryption, and without a wrapper that locks what it writes
 */
export async function checkStorage(store: Store, options: CheckStorageOptions): Promise<StorageReport> {
	return await new StorageCheck(store, options).run();
}

class StorageCheck implements StorageProbe {
	readonly findings = new Findings();
	readonly ambient: Ambient;
	readonly signal: AbortSignal | undefined;
	clockSkewMs = 0;
	private hasClock = false;
	private readonly id: string;
	private readonly made = new Set<string>();
	private readonly staying = new Set<string>();
	private leftovers: StoreFile[] = [];
	/** Every file is locked as soon as it is stored: the fewer the better. */
	private lockedUntil: Date | null = null;
	private requestMs = 0;

	constructor(
		readonly store: Store,
		private readonly options: CheckStorageOptions,
	) {
		this.ambient = options.ambient;
		this.signal = options.signal;
		this.id = `${PREFIX}${this.ambient.randomHex(8)}`;
	}

	key(what: string): string {
		const key = `${this.id}.${what}`;
		this.made.add(key);
		return key;
	}

	stays(key: string): void {
		this.staying.add(key);
	}

	async run(): Promise<StorageReport> {
		if (await this.reach()) {
			if (this.options.readOnly === true) this.findings.unknown('write', 'Not tried, since this is only to restore');
			else await this.writeAndClear();
		}
		return { findings: this.findings.all, clockSkewMs: this.hasClock ? this.clockSkewMs : null };
	}

	/** Also of those that only read: can the storage be listed, and is a missing file told from one that may not be read? */
	private async reach(): Promise<boolean> {
		const found = await this.findings.trying('list', async () => {
			const files: StoreFile[] = [];
			for await (const file of this.store.list(PREFIX, this.signal)) if (LEFTOVER.test(file.key)) files.push(file);
			return files;
		});
		if (!found) return false;
		this.leftovers = found;
		this.findings.good('list', `${this.store.label} answers and can be listed`);
		return (
			(await this.findings.trying('missingFile', async () => {
				const content = await this.store.get(`${this.id}.missing`, undefined, this.signal);
				if (content === null) this.findings.good('missingFile', 'A file that is not there is told from one that may not be read');
				else this.findings.bad('missingFile', 'A file that was never stored is said to be there', 'Check the address: this does not answer as a storage does.');
				return true;
			})) === true
		);
	}

	private async writeAndClear(): Promise<void> {
		try {
			if (!(await this.firstFile())) return;
			await this.clearLeftovers();
			if (this.lockedUntil) {
				const { lockedUntil } = this;
				this.findings.unknown('largeFile', `Not tried: this storage locks every file by itself (until ${lockedUntil.toISOString()}), so that it would stay`);
			} else {
				await this.overwrite();
				await this.largeFile();
			}
			await checkConditionalPut(this);
			await checkLock(this, { lockDays: this.options.lockDays ?? 0, lockedKey: this.lockedUntil ? this.key('small') : undefined });
			if (!this.lockedUntil) await this.deletes();
		} finally {
			await this.clear();
		}
	}

	/** False: nothing can be written, and nothing more is to be found out. */
	private async firstFile(): Promise<boolean> {
		const { ambient, signal } = this;
		const content = new ProbeContent(SMALL_BYTES, seedOf(this.id));
		const key = this.key('small');
		const before = ambient.now().getTime();
		const isStored = await this.findings.trying('write', async () => {
			await this.store.put(key, content.chunks(), { ...(signal && { signal }) });
			return true;
		});
		if (isStored !== true) return false;
		const after = ambient.now().getTime();
		this.requestMs = after - before;
		this.findings.good('write', `A file can be stored (${this.requestMs} ms)`);
		await this.sees('readAfterWrite', 'A file that was just stored', () => this.difference(key, content));
		await this.findings.trying('listAfterWrite', async () => {
			const file = await this.listed('listAfterWrite', 'A file that was just stored', key, SMALL_BYTES);
			if (file) this.clock(file.modifiedAt.getTime() - (before + after) / 2);
		});
		await this.findings.trying('lock', async () => {
			this.lockedUntil = (await this.store.lockedUntil?.(key, signal)) ?? null;
		});
		return true;
	}

	private async overwrite(): Promise<void> {
		const key = this.key('small');
		const content = new ProbeContent(SMALL_BYTES * 2, seedOf(`${this.id} anew`));
		await this.findings.trying('readAfterOverwrite', async () => {
			await this.store.put(key, content.chunks(), { ...(this.signal && { signal: this.signal }) });
			await this.sees('readAfterOverwrite', 'A file that was just replaced', () => this.difference(key, content));
			await this.listed('listAfterOverwrite', 'A file that was just replaced', key, content.sizeBytes);
		});
	}

	private async largeFile(): Promise<void> {
		const { ambient, signal } = this;
		const content = new ProbeContent(LARGE_BYTES, seedOf(`${this.id} large`));
		const key = this.key('large');
		await this.findings.trying('bytes', async () => {
			const start = ambient.now().getTime();
			await this.store.put(key, content.chunks(), { ...(signal && { signal }) });
			const stored = ambient.now().getTime();
			const different = await this.difference(key, content);
			const read = ambient.now().getTime();
			if (different === undefined) this.findings.good('bytes', `${content.sizeBytes} bytes of all values came back as they were`);
			else this.findings.bad('bytes', `A file of ${content.sizeBytes} bytes came back changed: ${different}`, 'Do not use this storage: whatever is between n8n and it (a proxy, a gateway, a file system) changes contents.');
			this.speed(content.sizeBytes, stored - start, read - stored);
		});
		await checkRanges(this, key, content);
	}

	private speed(sizeBytes: number, writeMs: number, readMs: number): void {
		const perSecond = (ms: number): number => sizeBytes / MEGABYTE / (Math.max(ms, 1) / 1000);
		const [writes, reads] = [perSecond(writeMs), perSecond(readMs)];
		const detail = `Writes ${shown(writes)} and reads ${shown(reads)} MB/s; a small file takes ${this.requestMs} ms`;
		const hours = (100e9 / MEGABYTE / writes / 3600).toFixed(0);
		this.findings.good('speed', detail, writes < SLOW_MB_PER_S ? `A first backup of 100 GB would take ${hours} hours at this speed: use a storage nearer to n8n, or start with a few mailboxes.` : undefined);
	}

	private clock(skewMs: number): void {
		this.clockSkewMs = skewMs;
		this.hasClock = true;
		const seconds = Math.round(Math.abs(skewMs) / 1000);
		if (Math.abs(skewMs) <= CLOCK_TOLERANCE_MS) this.findings.good('clock', `The clocks of the storage and of this machine are ${seconds} s apart`);
		else {
			this.findings.bad(
				'clock',
				`The clock of the storage is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} that of this machine`,
				'Set both clocks by NTP. Until then, Prune may wait too long or remove files of a run that goes on, and locks end at another time than said.',
			);
		}
	}

	/** What is stored must be seen by whoever asks next; how long it takes is said where it is not. */
	private async sees(name: string, what: string, difference: () => Promise<string | undefined>): Promise<void> {
		await this.findings.trying(name, async () => {
			const first = await difference();
			if (first === undefined) {
				this.findings.good(name, `${what} is read at once as it was stored`);
				return;
			}
			const later = await this.lookAgain(async () => (await difference()) === undefined);
			this.findings.bad(name, `${what} is not read as it was stored: ${first}${later}`, stale);
		});
	}

	private async listed(name: string, what: string, key: string, sizeBytes: number): Promise<StoreFile | undefined> {
		const file = await this.find(key);
		if (file?.sizeBytes === sizeBytes) {
			this.findings.good(name, `${what} stands in listings at once`);
			return file;
		}
		const later = await this.lookAgain(async () => (await this.find(key))?.sizeBytes === sizeBytes);
		this.findings.bad(name, `${what} ${file ? `stands in listings with ${file.sizeBytes} instead of ${sizeBytes} bytes` : 'does not stand in listings'}${later}`, stale);
		return file;
	}

	private async lookAgain(isSo: () => Promise<boolean>): Promise<string> {
		for (let look = 1; look <= LOOKS_AGAIN; look += 1) {
			await this.ambient.sleep(LOOK_AGAIN_MS, this.signal);
			if (await isSo()) return `, but is ${(look * LOOK_AGAIN_MS) / 1000} s later`;
		}
		return `, nor ${(LOOKS_AGAIN * LOOK_AGAIN_MS) / 1000} s later`;
	}

	private async find(key: string): Promise<StoreFile | undefined> {
		for await (const file of this.store.list(key, this.signal)) if (file.key === key) return file;
		return undefined;
	}

	private async difference(key: string, wanted: ProbeContent): Promise<string | undefined> {
		const content = await this.store.get(key, undefined, this.signal);
		return content === null ? 'it is said to be missing' : await wanted.firstDifference(content);
	}

	private async deletes(): Promise<void> {
		await this.findings.trying('delete', async () => {
			const keys = [...this.made].filter((key) => !this.staying.has(key));
			await this.store.delete(keys, this.signal);
			const left: string[] = [];
			for (const key of keys) {
				const content = await this.store.get(key, { offset: 0, length: 1 }, this.signal);
				if (content === null) continue;
				await collectAtMost(content, 1);
				left.push(key);
			}
			const isListed = (await Promise.all(keys.map((key) => this.find(key)))).some((file) => file !== undefined);
			if (left.length === 0 && !isListed) this.findings.good('delete', 'What is deleted is gone');
			else this.findings.bad('delete', `${left[0] ?? keys[0] ?? ''} was deleted and is still ${left.length > 0 ? 'to be read' : 'in listings'}`, 'Prune would free no space here, and a run could take itself for one that goes on. Look for a cache, a sync program or a trash between n8n and the storage.');
		});
	}

	/** What a check left that was killed, or that the storage had locked. */
	private async clearLeftovers(): Promise<void> {
		const storeNow = this.ambient.now().getTime() + this.clockSkewMs;
		const old = this.leftovers.filter(({ modifiedAt }) => modifiedAt.getTime() < storeNow - LEFTOVER_AGE_MS).map(({ key }) => key);
		if (old.length === 0) return;
		const left = await this.removed(old);
		if (left === undefined) this.findings.good('leftovers', `${old.length} files that an earlier check left were deleted`);
		else this.findings.unknown('leftovers', `Files that an earlier check left cannot be deleted: ${left}`);
	}

	/** In any case, also when the run was stopped: hence without its signal. */
	private async clear(): Promise<void> {
		const left = await this.removed([...this.made]);
		// Where nothing could be stored, nothing needs to be deleted.
		if (left !== undefined && (await this.isSomethingLeft())) this.findings.unknown('leftovers', `What was stored for this check, named ${this.id}, could not be deleted: ${left}`, 'A later check deletes it when it can; it holds nothing of yours, and no backup looks at it.');
	}

	private async isSomethingLeft(): Promise<boolean> {
		try {
			for await (const { key } of this.store.list(this.id)) if (key.startsWith(this.id)) return true;
			return false;
		} catch (error) {
			if (!isFailure(error)) throw error;
			return true;
		}
	}

	private async removed(keys: readonly string[]): Promise<string | undefined> {
		try {
			await this.store.delete(keys);
			return undefined;
		} catch (error) {
			if (!isFailure(error)) throw error;
			return error.code === LOCKED_CODE ? error.message : `${error.message}${error.nextStep === undefined ? '' : ` (${error.nextStep})`}`;
		}
	}
}

const stale = 'Do not use this storage as it is: backups rest on what they just stored. Look for a cache, a sync program or a replica between n8n and the storage, and use the storage itself.';

function shown(value: number): string {
	return value < 10 ? value.toFixed(1) : value.toFixed(0);
}
