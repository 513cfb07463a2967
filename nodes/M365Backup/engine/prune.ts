import { Failure, isFailure, toFailure } from '../base/failure';
import { parseRepositoryKey } from '../repository/names';
import type { SnapshotPlan } from '../repository/plan-prune';
import { readPrune, type GoneSource } from '../repository/prune-records';
import type { SourceRef } from '../repository/records';
import type { Repository } from '../repository/repository';
import { applyRetention, type RetentionPolicy } from '../repository/retention';
import { GoneSources, goneSource, type GoneRule, type GoneVerdict, type KnownSource } from './prune-gone';
import { planSource, pruneSource, type PruneRules } from './prune-source';

export type { RetentionPolicy } from '../repository/retention';
export type { Existence, GoneRule, GoneVerdict } from './prune-gone';

export interface PruneOptions {
	repository: Repository;
	/** All sources if absent. */
	sourceKeys?: readonly string[] | undefined;
	policy: RetentionPolicy;
	/** IANA name: hours, days, weeks, months and years are those of this zone. */
	zone: string;
	/** Plans only; the plan is the very one that a real run carries out. */
	dryRun: boolean;
	/** Sources that no longer exist go as a whole, whatever the policy says. Off if absent. */
	gone?: GoneRule | undefined;
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
	/** Files that nothing names, but that the store does not let go yet; `until` (ISO 8601) when the first can go. */
	lockedFiles: { count: number; bytes: number; until?: string };
	/** Only with `gone`, of a source that no backup has reached for so long. */
	gone?: GoneVerdict;
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
	const { repository, sourceKeys, policy, zone, gone, signal } = options;
	applyRetention([], policy, zone);
	if (gone && (!Number.isInteger(gone.days) || gone.days < 1)) {
		throw new Failure('invalid', `Removing sources that have been gone for ${gone.days} days makes no sense`, { nextStep: 'Give a whole number of days, 1 or more.' });
	}
	const { sources, leftOver } = await lookAround(repository, signal);
	const unknown = sourceKeys?.find((key) => !sources.some((source) => source.key === key));
	if (unknown !== undefined) {
		throw new Failure('notFound', `The repository has no backup of ${unknown}`, { nextStep: 'Choose the source from the list.' });
	}
	const goneSources = gone && new GoneSources(repository, sources, gone, signal);
	for (const known of sources) {
		if (!sourceKeys || sourceKeys.includes(known.key)) yield await pruneOne(options, known, goneSources);
	}
	if (sourceKeys) return;
	for (const { key, name, writtenAt } of leftOver) {
		const left = await goneIn(repository, key, name, signal);
		if (!left) continue;
		const result = await resultOf(options, left.source, key, { policy, zone, gone: { source: left, before: writtenAt }, signal });
		if (result.refused || result.files.count > 0 || result.lockedFiles.count > 0) yield result;
	}
}

async function pruneOne(options: PruneOptions, known: KnownSource, goneSources: GoneSources | undefined): Promise<PruneResult> {
	const { policy, zone, signal } = options;
	const verdict = await goneSources?.verdict(known);
	const gone = verdict?.decision === 'remove' ? { source: goneSource(known, verdict) } : undefined;
	const result = await resultOf(options, known.source, known.key, { policy, zone, gone, signal });
	return verdict ? { ...result, gone: verdict } : result;
}

async function resultOf({ repository, dryRun }: PruneOptions, source: SourceRef, key: string, rules: PruneRules): Promise<PruneResult> {
	const nothing: PruneResult = { source, key, dryRun, keep: [], waiting: [], remove: [], files: noFiles(), waitingFiles: noFiles(), lockedFiles: noFiles() };
	try {
		const { snapshots, files } = await (dryRun ? planSource : pruneSource)(repository, key, rules);
		return { ...nothing, ...snapshots, files: sum(files.remove), waitingFiles: sum(files.waiting), lockedFiles: sumLocked(files.locked) };
	} catch (error) {
		if (!isFailure(error, 'corrupt', 'conflict')) throw error;
		return { ...nothing, refused: toFailure(error) };
	}
}

/** A folder without a record of a snapshot, and its newest prune record: perhaps files are left of a source that is gone. */
interface LeftOver {
	key: string;
	name: string;
	writtenAt: Date;
}

/** By one listing of everything: of each source the newest readable record is read, no more. */
async function lookAround(repository: Repository, signal: AbortSignal | undefined): Promise<{ sources: KnownSource[]; leftOver: LeftOver[] }> {
	const snapshots = new Map<string, string[]>();
	const prunes = new Map<string, LeftOver>();
	for await (const { key: file, modifiedAt } of repository.store.list('', signal)) {
		const { kind, sourceKey: key, runId } = parseRepositoryKey(file);
		if (key === undefined || runId === undefined) continue;
		if (kind === 'snapshot') {
			const ids = snapshots.get(key);
			if (ids) ids.push(runId);
			else snapshots.set(key, [runId]);
		}
		const name = file.slice(key.length + 1);
		if (kind === 'prune' && name > (prunes.get(key)?.name ?? '')) prunes.set(key, { key, name, writtenAt: modifiedAt });
	}
	const records = repository.snapshotFiles();
	const sources: KnownSource[] = [];
	for (const [key, ids] of [...snapshots].sort(([a], [b]) => (a < b ? -1 : 1))) {
		for (const id of ids.sort().reverse()) {
			const newest = await records.readUndamaged(key, id, signal);
			if (!newest) continue;
			sources.push({ source: newest.record.source, key, newest: newest.record });
			break;
		}
	}
	const leftOver = [...prunes.values()].filter(({ key }) => !snapshots.has(key)).sort((a, b) => (a.key < b.key ? -1 : 1));
	return { sources, leftOver };
}

async function goneIn(repository: Repository, key: string, name: string, signal: AbortSignal | undefined): Promise<GoneSource | undefined> {
	try {
		return (await readPrune(repository.store, key, name, signal))?.gone;
	} catch (error) {
		// Then nobody knows why the folder has no records: verify says that it is damaged.
		if (isFailure(error, 'corrupt')) return undefined;
		throw error;
	}
}

function noFiles(): { count: number; bytes: number } {
	return { count: 0, bytes: 0 };
}

function sum(files: readonly { size: number }[]): { count: number; bytes: number } {
	return { count: files.length, bytes: files.reduce((bytes, { size }) => bytes + size, 0) };
}

function sumLocked(files: readonly { size: number; until?: string }[]): PruneResult['lockedFiles'] {
	const first = files.flatMap(({ until }) => until ?? []).sort()[0];
	return { ...sum(files), ...(first !== undefined && { until: first }) };
}
