import { backUp } from '../../../nodes/M365Backup/engine/back-up';
import type { BackUpOptions } from '../../../nodes/M365Backup/engine/back-up-options';
import type { BackUpSummary } from '../../../nodes/M365Backup/engine/back-up-summary';
import { prune, type PruneResult, type RetentionPolicy } from '../../../nodes/M365Backup/engine/prune';
import { isLockable } from '../../../nodes/M365Backup/repository/lockable';
import { sourceKey } from '../../../nodes/M365Backup/repository/names';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { createFaultyStore, type FaultyStore } from '../../../nodes/M365Backup/stores/faulty-store';
import { createLockingStore } from '../../../nodes/M365Backup/stores/locking-store';
import { createMemoryStore, type MemoryStoreOptions } from '../../../nodes/M365Backup/stores/memory-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import type { Change } from '../../../nodes/M365Backup/workloads/workload';
import { mail, page, RunAmbient, scripted } from '../engine/scripted-workload';
import { all, SOURCE } from '../repository/fixtures';

export const KEY = sourceKey(SOURCE);
export const DAY_MS = 24 * 3_600_000;

/** A repository in memory whose store locks, with a clock of its own, and a mailbox that says what it is told. */
export class LockWorld {
	readonly ambient = new RunAmbient();
	/** As the bucket is, without the node's own locks. */
	readonly bucket: Store;
	/** Counts and fails on command. */
	readonly faulty: FaultyStore;
	/** By how much the storage's clock is behind this machine's. */
	lagMs = 0;
	private count = 0;

	constructor(
		/** Undefined: the node locks nothing. */
		public lockDays: number | undefined,
		locks: MemoryStoreOptions['locks'] | 'none' = {},
	) {
		this.bucket = createMemoryStore({ now: () => new Date(this.ambient.time - this.lagMs), ...(locks !== 'none' && locks && { locks }) });
		this.faulty = createFaultyStore(this.bucket, this.ambient);
	}

	get store(): Store {
		return this.lockDays === undefined ? this.faulty : createLockingStore(this.faulty, { days: this.lockDays, ambient: this.ambient, isLockable });
	}

	async open(create = false): Promise<Repository> {
		return await Repository.open(this.store, this.ambient, { create });
	}

	passDays(days: number): void {
		this.ambient.advance(days * DAY_MS);
	}

	/** Backs up these changes; a new message without. */
	async backUp(changes: Change[] = [mail(`mail/${this.count++}`)], options: Partial<BackUpOptions> = {}): Promise<BackUpSummary> {
		try {
			return await backUp({ repository: await this.open(true), source: SOURCE, workload: scripted({ pages: [page(changes, `L${this.count}`)] }), ambient: this.ambient, ...options });
		} finally {
			this.ambient.advance(60_000);
		}
	}

	async prune(policy: RetentionPolicy = { last: 1 }, dryRun = false): Promise<PruneResult> {
		const [result] = await all(prune({ repository: await this.open(), policy, zone: 'UTC', dryRun }));
		return result!;
	}

	async keys(): Promise<string[]> {
		return (await all(this.bucket.list(''))).map(({ key }) => key).sort();
	}

	async lockedUntil(key: string): Promise<Date | null> {
		return (await this.bucket.lockedUntil?.(key)) ?? null;
	}

	/** Of all that the newest complete snapshot needs, by reading everything; undefined if one file is not locked. */
	async earliestNeededLock(): Promise<Date | undefined> {
		const repository = await this.open();
		const newest = (await repository.newest(KEY))!.snapshot;
		const names = new Set([`${newest.id}.snapshot.json`, newest.cursor.name, ...newest.segments.map(({ name }) => name), ...newest.archives.map(({ name }) => name)]);
		for await (const entry of repository.catalog(newest).entries()) for (const ref of entry.content ?? []) names.add(ref.archive);
		const locks = await Promise.all(['repository.json', ...[...names].map((name) => `${KEY}/${name}`)].map(async (key) => await this.lockedUntil(key)));
		if (locks.includes(null)) return undefined;
		return new Date(Math.min(...locks.map((lock) => lock!.getTime())));
	}

	/** Calls since the last time. */
	private counted = 0;
	calls(): Record<string, number> {
		const made: Record<string, number> = {};
		for (const { call } of this.faulty.log.slice(this.counted)) made[call] = (made[call] ?? 0) + 1;
		this.counted = this.faulty.log.length;
		return made;
	}
}
