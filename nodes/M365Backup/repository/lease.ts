import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import type { Ambient } from '../base/ambient';
import { isFailure } from '../base/failure';
import type { Store } from '../stores/store';
import { once, readFile } from './bytes';
import { MAX_RECORD_BYTES } from './limits';
import { parseRepositoryKey } from './names';

const LEASE_MS = 15 * 60_000;
const RUN_OUT = new Date(0);
/** Tells this process from an earlier one with the same number on the same machine. */
const PROCESS_ID = { host: hostname(), pid: process.pid, process: randomUUID() };

/** Keeps a second run away from a source. No part of the format: losing it breaks nothing (§3.5.6). */
export interface Lease {
	/** Another 15 minutes from now. False if the lease was lost to another run. */
	renew(): Promise<boolean>;
	release(): Promise<void>;
}

interface LeaseFile {
	number: number;
	key: string;
	until: number;
	host?: string;
	pid?: number;
	process?: string;
}

/**
 * Puts `<source key>/lease-<n>.json` if absent. Null if another run holds a lease that has not run out. A lease whose
 * process is known to be dead, on this very machine, counts as run out.
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

	constructor(
		private readonly store: Store,
		private readonly ambient: Ambient,
		private readonly prefix: string,
		private readonly holder: string,
		private readonly signal: AbortSignal | undefined,
	) {}

	async acquire(): Promise<boolean> {
		const newest = (await this.list()).at(-1);
		if (newest && !this.hasRunOut(newest)) return false;
		return await this.take((newest?.number ?? 0) + 1);
	}

	async renew(): Promise<boolean> {
		return await this.take(this.#number + 1);
	}

	/** Leaves a lease that has run out by anybody's clock, not nothing: numbers must go on rising. */
	async release(): Promise<void> {
		await this.take(this.#number + 1, RUN_OUT);
	}

	private async take(number: number, end?: Date): Promise<boolean> {
		const now = this.ambient.now();
		const until = end ?? new Date(now.getTime() + LEASE_MS);
		const content = { holder: this.holder, since: now.toISOString(), until: until.toISOString(), ...PROCESS_ID };
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
			await this.store.delete([key]);
			return false;
		}
		this.#number = number;
		await this.store.delete(all.filter((lease) => lease.number < number).map((lease) => lease.key));
		return true;
	}

	private async list(): Promise<LeaseFile[]> {
		const found: LeaseFile[] = [];
		for await (const file of this.store.list(`${this.prefix}/lease-`, this.signal)) {
			const parsed = parseRepositoryKey(file.key);
			if (parsed.kind !== 'lease' || parsed.ordinal === undefined) continue;
			const unreadable = { number: parsed.ordinal, key: file.key, until: file.modifiedAt.getTime() + LEASE_MS };
			found.push((await this.read(file.key, parsed.ordinal)) ?? unreadable);
		}
		return found.sort((a, b) => a.number - b.number);
	}

	private async read(key: string, number: number): Promise<LeaseFile | null> {
		const bytes = await readFile(this.store, key, MAX_RECORD_BYTES, this.signal);
		try {
			const { until, host, pid, process: processId } = JSON.parse(bytes?.toString('utf8') ?? '') as Record<string, unknown>;
			if (typeof until !== 'string' || Number.isNaN(Date.parse(until))) return null;
			return {
				number,
				key,
				until: Date.parse(until),
				...(typeof host === 'string' && { host }),
				...(typeof pid === 'number' && { pid }),
				...(typeof processId === 'string' && { process: processId }),
			};
		} catch {
			// Not JSON: the caller goes by the file's date.
			return null;
		}
	}

	private keyOf(number: number): string {
		return `${this.prefix}/lease-${number}.json`;
	}

	private hasRunOut(lease: LeaseFile): boolean {
		if (lease.until <= this.ambient.now().getTime()) return true;
		if (lease.host !== PROCESS_ID.host || lease.pid === undefined || lease.process === PROCESS_ID.process) return false;
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
