import { isFailure } from '../base/failure';
import { parseRepositoryKey } from '../repository/names';
import type { SnapshotRecord, SourceRef } from '../repository/records';
import type { Repository } from '../repository/repository';
import { webGuidOf } from '../workloads/site/graph-site';
import { siteScope } from '../workloads/site/site-part';
import { lastBackup, type LastBackup } from './last-backup';
import type { Existence } from './prune-gone';

/** A source as the repository knows it. */
export interface KnownSource {
	source: SourceRef;
	/** Of a site, as its newest backup knows it; absent where the site itself is not in it (Content), or it is damaged. */
	webUrl?: string;
}

/** A source of the repository that a listing of the tenant did not show. */
export interface MissingSource extends KnownSource {
	key: string;
	lastBackup: LastBackup;
	/** `unknown`: it may be gone, but Microsoft 365 did not say so; `reason` for people. */
	status: 'gone' | 'unknown';
	/** ISO 8601, where Microsoft 365 tells when it was deleted. */
	goneSince?: string;
	reason?: string;
}

export interface SourcesGoneOptions {
	repository: Repository;
	workload: SourceRef['workload'];
	/** Sources of other tenants, which share the repository, are no concern of this one. */
	tenantId: string;
	/** Keys that the listing has shown to exist. */
	seen: ReadonlySet<string>;
	/**
	 * A cheap way to see many at once: the keys of all that exist, asked for once and only where there are more than a few
	 * to be asked about.
	 */
	allLiving?: () => Promise<ReadonlySet<string>>;
	/** Others are left out, and nothing is asked about them. */
	isWanted?: (known: KnownSource) => boolean;
	/** Asks about one by its id. */
	existence: (source: SourceRef, signal?: AbortSignal) => Promise<Existence>;
	signal?: AbortSignal;
}

/** From so many on, one look at the whole tenant is cheaper. */
const manyMissing = 20;

/**
 * Sources that were backed up and no longer exist, or of which that is not certain. That a listing leaves one out proves
 * nothing (a filter, an index that lags): each is asked about by its id. Nothing is changed in the repository.
 */
export async function* sourcesGone(options: SourcesGoneOptions): AsyncGenerator<MissingSource, void, undefined> {
	const { repository, seen, signal } = options;
	let missing = (await keysOf(repository, options.workload, signal)).filter((key) => !seen.has(key));
	if (missing.length > manyMissing && options.allLiving) {
		const living = await options.allLiving();
		missing = missing.filter((key) => !living.has(key));
	}
	for (const key of missing) {
		const newest = await repository.latest(key, signal);
		if (newest === null || newest.source.tenantId.toLowerCase() !== options.tenantId.toLowerCase()) continue;
		const webUrl = newest.source.workload === 'site' ? await webUrlOf(repository, newest, signal) : undefined;
		const known: KnownSource = { source: newest.source, ...(webUrl !== undefined && { webUrl }) };
		if (options.isWanted?.(known) === false) continue;
		const answer = await options.existence(known.source, signal);
		if (answer.state === 'exists') continue;
		const last = await lastBackup(repository, key, signal);
		if (last === null) continue;
		yield {
			...known,
			key,
			lastBackup: last,
			status: answer.state,
			...(answer.state === 'unknown' ? { reason: answer.reason } : answer.since !== undefined && { goneSince: answer.since }),
		};
	}
}

async function webUrlOf(repository: Repository, snapshot: SnapshotRecord, signal: AbortSignal | undefined): Promise<string | undefined> {
	const id = `${siteScope({ guid: webGuidOf(snapshot.source.id) })}/site`;
	try {
		const webUrl = (await repository.catalog(snapshot).lookUp([id], signal)).get(id)?.meta['webUrl'];
		return typeof webUrl === 'string' ? webUrl : undefined;
	} catch (error) {
		// That it is gone is true all the same; Verify names what is damaged.
		if (!isFailure(error, 'corrupt', 'notFound')) throw error;
		return undefined;
	}
}

async function keysOf(repository: Repository, workload: SourceRef['workload'], signal: AbortSignal | undefined): Promise<string[]> {
	const keys = new Set<string>();
	for await (const file of repository.store.list(`${workload}-`, signal)) {
		const { kind, sourceKey } = parseRepositoryKey(file.key);
		if (kind === 'snapshot' && sourceKey !== undefined) keys.add(sourceKey);
	}
	return [...keys].sort();
}
