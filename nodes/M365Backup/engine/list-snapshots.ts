import { Failure } from '../base/failure';
import type { Repository } from '../repository/repository';
import type { ScopeRecord, SnapshotChanges, SnapshotRecord, SnapshotTotals, SourceRef } from '../repository/records';

/** What a person chooses a snapshot by. No item lists, no file names. */
export interface SnapshotListing {
	id: string;
	source: SourceRef;
	sourceKey: string;
	/** ISO 8601 UTC. */
	startedAt: string;
	finishedAt: string;
	status: 'complete' | 'partial';
	tag: string | null;
	totals: SnapshotTotals;
	changes: SnapshotChanges;
	/** Parts of the source whose state in it is older than the snapshot, or that were left out. */
	incompleteScopes: Pick<ScopeRecord, 'name' | 'state' | 'asOf'>[];
}

export interface ListSnapshotsOptions {
	/** All sources when absent. */
	sourceKeys?: readonly string[];
	/** Only snapshots that were finished by then. */
	asOf?: Date;
	/** The newest so many of all sources together. */
	limit?: number;
	signal?: AbortSignal;
}

/**
 * Committed snapshots, newest first. Failures: `notFound` for a source key that the repository does not have.
 */
export async function listSnapshots(repository: Repository, options: ListSnapshotsOptions = {}): Promise<SnapshotListing[]> {
	const { asOf, limit, signal } = options;
	const keys = options.sourceKeys ?? (await repository.sources(signal)).map(({ key }) => key);
	const listings: SnapshotListing[] = [];
	for (const key of keys) {
		const records = await repository.snapshots(key, signal);
		if (records.length === 0 && options.sourceKeys) {
			throw new Failure('notFound', `The repository has no readable snapshot of ${key}`, {
				nextStep: 'Check the source and the repository; Repository: Verify says whether records are damaged.',
			});
		}
		for (const record of records) {
			if (asOf && Date.parse(record.finishedAt) > asOf.getTime()) continue;
			listings.push(listingOf(record, key));
		}
	}
	listings.sort((a, b) => Date.parse(b.finishedAt) - Date.parse(a.finishedAt) || (a.id < b.id ? 1 : -1));
	return limit === undefined ? listings : listings.slice(0, limit);
}

function listingOf(record: SnapshotRecord, key: string): SnapshotListing {
	const { id, source, startedAt, finishedAt, status, tag, totals, changes } = record;
	return {
		id,
		source,
		sourceKey: key,
		startedAt,
		finishedAt,
		status,
		tag,
		totals,
		changes,
		incompleteScopes: record.scopes
			.filter((scope) => scope.state !== 'complete')
			.map(({ name, state, asOf }) => ({ name, state, asOf })),
	};
}
