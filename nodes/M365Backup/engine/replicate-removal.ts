import { isFailure } from '../base/failure';
import { parseRepositoryKey, recordName } from '../repository/names';
import { readPrune, type PruneRecord } from '../repository/prune-records';
import type { SnapshotRecord } from '../repository/records';
import type { Repository } from '../repository/repository';
import type { StoredSnapshot } from '../repository/snapshot-files';
import type { Store, StoreFile } from '../stores/store';
import { cursorsNaming } from './replica-needs';
import { listReplicated, type ReplicationContext } from './replication';

const DELETED_TOGETHER = 500;

interface Explained {
	/** Ids of pruned snapshots, with the hash of their records. */
	snapshots: Map<string, string>;
	/** Names of pruned files. */
	files: Set<string>;
}

/**
 * Takes away from the replica what a prune took away from the source: only what a prune record explains and the source no
 * longer has; never the newest complete snapshot, a held one, or that on which the next backup would build; no file that
 * anything else in the replica needs. Records first, then files. Tells how many snapshots went.
 */
export async function removePruned(context: ReplicationContext, key: string): Promise<number> {
	const { repository, replica, from, to, tally, signal } = context;
	if (!repository || !replica) return 0;
	const [here, there] = await Promise.all([listReplicated(from, key, context), listReplicated(to, key, context)]);
	const surplus = [...there.keys()].filter((name) => !here.has(name));
	if (surplus.length === 0) return 0;
	const explained = await readExplained([repository, replica], key, [here, there], signal);
	const snapshots = await readSnapshots(replica, key, there, signal);
	if (snapshots === undefined) {
		tally.warnings.push(`Nothing of ${key} was removed from the replica: a record there is damaged, so nobody knows what it needs. Verify the replica.`);
		return 0;
	}
	const going = await snapshotsToRemove(replica, key, { snapshots, here, there, explained, signal });
	const goingIds = new Set(going.map(({ record }) => record.id));
	const remaining = snapshots.map(({ record }) => record).filter(({ id }) => !goingIds.has(id));
	const needed = await neededNames(replica, key, remaining, there, signal);
	if (needed === undefined) {
		tally.warnings.push(`Nothing of ${key} was removed from the replica: a list of items there is damaged, so nobody knows what it needs. Verify the replica.`);
		return 0;
	}
	const records = going.map(({ record }) => recordName(record.id, 'snapshot'));
	await remove(context, key, records, there);
	const left = await listReplicated(to, key, context);
	const wentIds = going.filter(({ record }) => !left.has(recordName(record.id, 'snapshot'))).length;
	tally.removed.snapshots += wentIds;
	// A record that is locked stays, and so must what it names.
	if (wentIds === going.length) await remove(context, key, surplus.filter((name) => isRemovable(key, name) && explained.files.has(name) && !needed.has(name)), there);
	return wentIds;
}

function isRemovable(key: string, name: string): boolean {
	return ['archive', 'segment', 'seen', 'cursor'].includes(parseRepositoryKey(`${key}/${name}`).kind);
}

/** What either side's prune records say: the source drops its own once it needs them no longer. */
async function readExplained(repositories: readonly Repository[], key: string, listings: readonly ReadonlyMap<string, StoreFile>[], signal: AbortSignal): Promise<Explained> {
	const explained: Explained = { snapshots: new Map(), files: new Set() };
	const read = new Set<string>();
	for (const [index, repository] of repositories.entries()) {
		for (const [name, file] of listings[index] ?? []) {
			if (parseRepositoryKey(file.key).kind !== 'prune' || read.has(name)) continue;
			const record = await readable(() => readPrune(repository.store, key, name, signal));
			if (!record) continue;
			read.add(name);
			for (const { id, sha256 } of record.snapshots) explained.snapshots.set(id, sha256);
			for (const pruned of record.files) explained.files.add(pruned.name);
		}
	}
	return explained;
}

/** Null for one that is damaged: it explains nothing. */
async function readable(read: () => Promise<PruneRecord | null>): Promise<PruneRecord | null> {
	try {
		return await read();
	} catch (error) {
		if (isFailure(error, 'corrupt')) return null;
		throw error;
	}
}

/** Oldest first; undefined if one cannot be read. */
async function readSnapshots(replica: Repository, key: string, there: ReadonlyMap<string, StoreFile>, signal: AbortSignal): Promise<StoredSnapshot[] | undefined> {
	const records = replica.snapshotFiles();
	const snapshots: StoredSnapshot[] = [];
	for (const [, file] of [...there].sort(([a], [b]) => (a < b ? -1 : 1))) {
		const { kind, runId } = parseRepositoryKey(file.key);
		if (kind !== 'snapshot' || runId === undefined) continue;
		const stored = await records.readUndamaged(key, runId, signal);
		if (!stored) return undefined;
		snapshots.push(stored);
	}
	return snapshots;
}

interface Choice {
	snapshots: readonly StoredSnapshot[];
	here: ReadonlyMap<string, StoreFile>;
	there: ReadonlyMap<string, StoreFile>;
	explained: Explained;
	signal: AbortSignal;
}

async function snapshotsToRemove(replica: Repository, key: string, { snapshots, here, there, explained, signal }: Choice): Promise<StoredSnapshot[]> {
	const newest = snapshots.findLast(({ record }) => record.status === 'complete')?.record.id;
	const cursor = await replica.cursor(key, signal);
	return snapshots.filter(({ record: { id }, sha256 }) => {
		if (id === newest || id === cursor?.snapshot || there.has(recordName(id, 'hold'))) return false;
		return !here.has(recordName(id, 'snapshot')) && explained.snapshots.get(id) === sha256;
	});
}

/** Undefined if an index cannot be read. */
async function neededNames(replica: Repository, key: string, remaining: readonly SnapshotRecord[], there: ReadonlyMap<string, StoreFile>, signal: AbortSignal): Promise<Set<string> | undefined> {
	const needed = new Set<string>();
	try {
		for (const record of remaining) {
			needed.add(record.cursor.name);
			for (const { name } of record.archives) needed.add(name);
			for (const segment of replica.catalog(record).newestFirst) {
				if (needed.has(segment.ref.name)) continue;
				needed.add(segment.ref.name);
				for (const { name } of (await segment.index(signal)).archives) needed.add(name);
			}
		}
		for (const { seen, segments } of await cursorsNaming(replica, key, remaining, there, signal)) for (const name of [...seen, ...segments]) needed.add(name);
		return needed;
	} catch (error) {
		if (isFailure(error, 'corrupt', 'invalid', 'notFound')) return undefined;
		throw error;
	}
}

/** Files that the storage has locked stay until the lock ends: a later run takes them. */
async function remove({ to, copier, tally, isEncrypted, signal }: ReplicationContext, key: string, names: readonly string[], there: ReadonlyMap<string, StoreFile>): Promise<void> {
	let locked: string | undefined;
	for (let start = 0; start < names.length; start += DELETED_TOGETHER) {
		const some = names.slice(start, start + DELETED_TOGETHER).map((name) => copier.options.nameOf(`${key}/${name}`));
		try {
			await to.delete(some, signal);
		} catch (error) {
			if (!isFailure(error, 'denied') || error.code !== 'locked') throw error;
			locked = error.message;
		}
	}
	if (locked !== undefined) tally.warnings.push(`Some of what was pruned stays in the replica for now: ${locked}.`);
	const left = locked === undefined ? undefined : await namesIn(to, key, { isEncrypted, signal });
	for (const name of names) {
		if (left?.has(name)) continue;
		tally.removed.files += 1;
		tally.removed.bytes += there.get(name)?.sizeBytes ?? 0;
	}
}

async function namesIn(store: Store, key: string, context: Pick<ReplicationContext, 'isEncrypted' | 'signal'>): Promise<Set<string>> {
	return new Set((await listReplicated(store, key, context)).keys());
}
