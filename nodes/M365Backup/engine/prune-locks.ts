import { isFailure } from '../base/failure';
import { recordName } from '../repository/names';
import type { SnapshotRecord } from '../repository/records';
import type { Repository } from '../repository/repository';
import { LOCKED_CODE } from '../stores/store';
import { inParallel } from './prune-state';

/** Until when the files of one source are locked, each asked about once. */
export class SourceLocks {
	private readonly known = new Map<string, Date | null>();

	constructor(
		private readonly repository: Repository,
		private readonly key: string,
		private readonly signal: AbortSignal | undefined,
	) {}

	/** Those of these files that are locked. None where the store knows no locks. */
	async of(names: readonly string[]): Promise<Map<string, Date>> {
		const { store, ambient } = this.repository;
		if (!store.lockedUntil) return new Map();
		const now = ambient.now();
		const asked = names.filter((name) => !this.known.has(name));
		await inParallel(asked, async (name) => {
			this.known.set(name, (await store.lockedUntil?.(`${this.key}/${name}`, this.signal)) ?? null);
		});
		return new Map(names.flatMap((name): [string, Date][] => {
			const until = this.known.get(name);
			return until && until > now ? [[name, until]] : [];
		}));
	}

	/** Those of these snapshots whose records are locked. */
	async ofRecords(ids: readonly string[]): Promise<Map<string, Date>> {
		const locked = await this.of(ids.map((id) => recordName(id, 'snapshot')));
		return new Map(ids.flatMap((id): [string, Date][] => {
			const until = locked.get(recordName(id, 'snapshot'));
			return until ? [[id, until]] : [];
		}));
	}
}

/** By snapshot id, until when files that it needs are locked: the latest of these times. */
export async function lockedByFiles(
	repository: Repository,
	records: readonly SnapshotRecord[],
	locked: ReadonlyMap<string, Date>,
	signal: AbortSignal | undefined,
): Promise<Map<string, Date>> {
	const found = new Map<string, Date>();
	if (locked.size === 0) return found;
	for (const record of records) {
		const { segments, archives, cursor } = record;
		const names = [...segments, ...archives, cursor].map(({ name }) => name);
		for (const segment of repository.catalog(record).newestFirst) {
			try {
				for (const { name } of (await segment.index(signal)).archives) names.push(name);
			} catch (error) {
				// What a damaged one needs nobody knows: what the record itself names counts.
				if (!isFailure(error, 'corrupt')) throw error;
			}
		}
		for (const name of names) {
			const until = locked.get(name);
			if (until && until > (found.get(record.id) ?? new Date(0))) found.set(record.id, until);
		}
	}
	return found;
}

/** Whether a deletion has left files that are locked; all others are gone. */
export function isLockedFailure(error: unknown): boolean {
	return isFailure(error, 'denied') && error.code === LOCKED_CODE;
}
