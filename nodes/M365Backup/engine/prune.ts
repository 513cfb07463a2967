import { Failure, isFailure, toFailure } from '../base/failure';
import type { SnapshotPlan } from '../repository/plan-prune';
import type { SourceRef } from '../repository/records';
import type { Repository } from '../repository/repository';
import { applyRetention, type RetentionPolicy } from '../repository/retention';
import { planSource, pruneSource } from './prune-source';

export type { RetentionPolicy } from '../repository/retention';

export interface PruneOptions {
	repository: Repository;
	/** All sources if absent. */
	sourceKeys?: readonly string[] | undefined;
	policy: RetentionPolicy;
	/** IANA name: hours, days, weeks, months and years are those of this zone. */
	zone: string;
	/** Plans only; the plan is the very one that a real run carries out. */
	dryRun: boolean;
	signal?: AbortSignal | undefined;
}

/** What became, or would become, of one source. */
export interface PruneResult extends SnapshotPlan {
	source: SourceRef;
	key: string;
	dryRun: boolean;
	/** Files that nothing names any longer, removed snapshots' own ones included. */
	files: { count: number; bytes: number };
	/** Files that nothing names, too young to go. */
	waitingFiles: { count: number; bytes: number };
	/** Why nothing of this source was removed. */
	refused?: Failure;
}

/**
 * Removes the snapshots that a policy does not keep, source by source, and the files that nothing names any longer. A
 * source that cannot be pruned safely is refused and left as it is; the others go on.
 *
 * @throws Failure `invalid` for the policy or the zone, before anything is read; `cancelled`; `notFound` for a source
 * that the repository does not have; what the store says.
 */
export async function* prune(options: PruneOptions): AsyncGenerator<PruneResult> {
	const { repository, sourceKeys, policy, zone, dryRun, signal } = options;
	applyRetention([], policy, zone);
	const sources = await repository.sources(signal);
	const unknown = sourceKeys?.find((key) => !sources.some((source) => source.key === key));
	if (unknown !== undefined) {
		throw new Failure('notFound', `The repository has no backup of ${unknown}`, { nextStep: 'Choose the source from the list.' });
	}
	for (const { source, key } of sources) {
		if (sourceKeys && !sourceKeys.includes(key)) continue;
		const nothing: PruneResult = { source, key, dryRun, keep: [], waiting: [], remove: [], files: noFiles(), waitingFiles: noFiles() };
		try {
			const { snapshots, files } = await (dryRun ? planSource : pruneSource)(repository, key, { policy, zone, signal });
			yield { ...nothing, ...snapshots, files: sum(files.remove), waitingFiles: sum(files.waiting) };
		} catch (error) {
			if (!isFailure(error, 'corrupt', 'conflict')) throw error;
			yield { ...nothing, refused: toFailure(error) };
		}
	}
}

function noFiles(): { count: number; bytes: number } {
	return { count: 0, bytes: 0 };
}

function sum(files: readonly { size: number }[]): { count: number; bytes: number } {
	return { count: files.length, bytes: files.reduce((bytes, { size }) => bytes + size, 0) };
}
