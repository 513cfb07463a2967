import { parseRepositoryKey, recordName, sourceKey } from '../repository/names';
import type { SnapshotRecord } from '../repository/records';
import type { Repository } from '../repository/repository';

/** Nothing can be read without it. */
const TOP_FILE = 'repository.json';

/**
 * The keys of all files that it takes to restore these snapshots and to go on from them, oldest first. With `after` only
 * those of runs later than that run id. Costs one ranged read a segment. Throws `corrupt` where an index cannot be read.
 */
export async function neededFiles(repository: Repository, snapshots: readonly SnapshotRecord[], after?: string, signal?: AbortSignal): Promise<string[]> {
	const keys = new Set<string>();
	for (const snapshot of snapshots) {
		const prefix = sourceKey(snapshot.source);
		const need = (name: string): void => void keys.add(`${prefix}/${name}`);
		need(recordName(snapshot.id, 'snapshot'));
		for (const { name } of [snapshot.cursor, ...snapshot.segments, ...snapshot.archives]) need(name);
		for (const segment of repository.catalog(snapshot).newestFirst) {
			// An index names no archive of a run that came after its own.
			if (after !== undefined && runOf(`${prefix}/${segment.ref.name}`) <= after) continue;
			for (const { name } of (await segment.index(signal)).archives) need(name);
		}
	}
	const needed = after === undefined ? [TOP_FILE, ...keys] : [...keys].filter((key) => runOf(key) > after);
	return needed.sort((a, b) => (runOf(a) < runOf(b) ? -1 : 1));
}

/** The id of the run that wrote it; empty for a file of no run. */
function runOf(key: string): string {
	return parseRepositoryKey(key).runId ?? '';
}
