import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import type { Ambient } from '../base/ambient';
import { isFailure } from '../base/failure';
import { LOCKED_CODE, type Store } from '../stores/store';
import { once, readFile } from './bytes';
import { MAX_RECORD_BYTES } from './limits';
import { parseRepositoryKey } from './names';

const LEASE_MS = 15 * 60_000;
const RUN_OUT = new Date(0);
/** Where the bucket locks everything by itself, old leases pile up: the few oldest tell whether any can go. */
const DELETED_TOGETHER = 8;
/** Tells this process from an earlier one with the same number on the same machine. */
const PROCESS_ID = { host: hostname(), pid: process.pid, pidSpace: pidSpace(), process: randomUUID() };
/** What Docker calls a container that nobody gave a name: no other one is called so. */
const CONTAINER_ID = /^[0-9a-f]{12}$/;
/** Those that runs of this very process hold. One that could not be given back, since the store was down, is not among them. */
const heldHere = new Set<string>();

/** Keeps a second run away from a source. No part of the format: losing it breaks nothing (§3.5.6). */
export interface Lease {
	/** Another 15 minutes from now. False if the lease was lost to another run. */
	renew(): Promise<boolean>;
	release(): Promise<void>;
}

interface ListedLease {
	number: number;
	key: string;
	/** By the store's clock. */
	putAt: Date;
}

interface LeaseFile {
	number: number;
	until: number;
	host?: string;
	pid?: number;
	pidSpace?: string;
	process?: string;
	lease?: string;
}

/**
 * Within what process numbers mean something (Linux: this start of the kernel, and this container). Workers in several
 * containers may share a host name, and each of them be number 1. Empty where it cannot be told.
 */
function pidSpace(): string {
	try {
		return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
	} catch {
		return ''; // not Linux: there, numbers are those of the machine
	}
}

/**
 * Puts `<source key>/lease-<n>.json` if absent. Null if another run holds a lease that has not run out. A lease whose
 * process is known to be dead, on this very machine, counts as run out, and so does one that a run of this process could not
 * give back.
 */
export async function acquireLease(
	store: Store,
	ambient: Ambient,
	key: string,
	options: { holder: string; signal?: AbortSignal },
): Promise<Lease | null> {
	if (!store.capabilities.ifAbsent) return { renew: () => Promise.resolve(true), release: () => Promise.resolve() };
	const lease = new HeldLease(store, ambient, key, options.holder, options.signal);
	return (await lease.acquire()) ? lease : null;
}

class HeldLease implements Lease {
	#number = 0;
	readonly #id = randomUUID();

	constructor(
		private readonly store: Store,
		private readonly ambient: Ambient,
		private readonly prefix: string,
		private readonly holder: string,
		private readonly signal: AbortSignal | undefined,
	) {}

	async acquire(): Promise<boolean> {
		const newest = (await this.list()).at(-1);
		if (newest && !this.hasRunOut(await this.read(newest))) return false;
		// Before it is there, so that nobody else in this process takes it for one that nobody holds.
		heldHere.add(this.#id);
		try {
			const isTaken = await this.take((newest?.number ?? 0) + 1);
			if (!isTaken) heldHere.delete(this.#id);
			return isTaken;
		} catch (error) {
			heldHere.delete(this.#id);
			throw error;
		}
	}

	async renew(): Promise<boolean> {
		return await this.take(this.#number + 1);
	}

	/** Leaves a lease that has run out by anybody's clock, not nothing: numbers must go on rising. */
	async release(): Promise<void> {
		try {
			await this.take(this.#number + 1, RUN_OUT);
		} finally {
			heldHere.delete(this.#id);
		}
	}

	private async take(number: number, end?: Date): Promise<boolean> {
		const now = this.ambient.now();
		const until = end ?? new Date(now.getTime() + LEASE_MS);
		const content = { holder: this.holder, since: now.toISOString(), until: until.toISOString(), ...PROCESS_ID, lease: this.#id };
		const key = this.keyOf(number);
		try {
			const { signal } = this;
			await this.store.put(key, once(Buffer.from(`${JSON.stringify(content)}\n`)), { ifAbsent: true, ...(signal && { signal }) });
		} catch (error) {
			if (isFailure(error, 'conflict')) return false;
			throw error;
		}
		// Whoever listed before an older lease was removed may have put a lower number: the highest one wins.
		const all = await this.list();
		const newest = all.at(-1);
		if (newest && newest.number > number) {
			await this.clear([key]);
			return false;
		}
		this.#number = number;
		await this.clear(all.filter((lease) => lease.number < number).map((lease) => lease.key));
		return true;
	}

	/** By number. Only the one with the highest counts, so that no other need be read. */
	private async list(): Promise<ListedLease[]> {
		const found: ListedLease[] = [];
		for await (const { key, modifiedAt } of this.store.list(`${this.prefix}/lease-`, this.signal)) {
			const parsed = parseRepositoryKey(key);
			if (parsed.kind === 'lease' && parsed.ordinal !== undefined) found.push({ number: parsed.ordinal, key, putAt: modifiedAt });
		}
		return found.sort((a, b) => a.number - b.number);
	}

	/** Oldest first, up to the first that the store has locked: an older lease means nothing. */
	private async clear(keys: readonly string[]): Promise<void> {
		try {
			for (let start = 0; start < keys.length; start += DELETED_TOGETHER) await this.store.delete(keys.slice(start, start + DELETED_TOGETHER));
		} catch (error) {
			if (!isFailure(error, 'denied') || error.code !== LOCKED_CODE) throw error;
		}
	}

	private async read({ key, number, putAt }: ListedLease): Promise<LeaseFile> {
		const bytes = await readFile(this.store, key, MAX_RECORD_BYTES, this.signal);
		const unreadable = { number, until: putAt.getTime() + LEASE_MS };
		try {
			const { until, host, pid, pidSpace: space, process: processId, lease } = JSON.parse(bytes?.toString('utf8') ?? '') as Record<string, unknown>;
			if (typeof until !== 'string' || Number.isNaN(Date.parse(until))) return unreadable;
			return {
				number,
				until: Date.parse(until),
				...(typeof host === 'string' && { host }),
				...(typeof pid === 'number' && { pid }),
				...(typeof space === 'string' && { pidSpace: space }),
				...(typeof processId === 'string' && { process: processId }),
				...(typeof lease === 'string' && { lease }),
			};
		} catch {
			// Not JSON: the file's date counts.
			return unreadable;
		}
	}

	private keyOf(number: number): string {
		return `${this.prefix}/lease-${number}.json`;
	}

	private hasRunOut(lease: LeaseFile): boolean {
		if (lease.until <= this.ambient.now().getTime()) return true;
		if (lease.process === PROCESS_ID.process) return lease.lease !== undefined && !heldHere.has(lease.lease);
		if (lease.host !== PROCESS_ID.host || lease.pid === undefined) return false;
		// Of another container, or from before a restart: only a container's own id tells which.
		if ((lease.pidSpace ?? PROCESS_ID.pidSpace) !== PROCESS_ID.pidSpace) return CONTAINER_ID.test(PROCESS_ID.host);
		return lease.pid === PROCESS_ID.pid || !isAlive(lease.pid);
	}
}

function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code !== 'ESRCH';
	}
}
