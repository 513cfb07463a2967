import type { SourceRef } from '../repository/records';

export interface FileTally {
	files: number;
	bytes: number;
}

/** A file of the source repository that is not what its records say, or cannot be read. */
export interface ReplicaDamage {
	/** As the repository names it: `<source key>/<name>`, or a file at the top. */
	file: string;
	reason: string;
	/** Ids of the snapshots that were not copied since they need it. */
	snapshots: string[];
}

/** What became of one source. Only those that have news are told. */
export interface ReplicatedSource {
	/** Its folder in the repository. */
	key: string;
	/** Unknown where an encrypted repository is copied without its key. */
	source?: SourceRef;
	/** Snapshots that came to the replica, those that were not copied since something is damaged, and those taken away. */
	snapshots: { copied: number; damaged: number; removed: number };
}

/** What a replication did. */
export interface ReplicateReport {
	/** `damaged`: something could not be copied since it is damaged in the source repository; all else was. */
	status: 'complete' | 'unchanged' | 'damaged';
	/** Of both: a replica is the same repository. */
	repositoryId: string;
	copied: FileTally;
	/** Files that the replica had in the same size. */
	alreadyThere: FileTally;
	/** What a prune had removed at the source. */
	removed: FileTally & { snapshots: number };
	/** Files that were read back from the replica and proven. */
	verified: FileTally;
	/** Files that were there, but not with the right bytes, and were copied again. */
	repaired: FileTally;
	damaged: ReplicaDamage[];
	/** Those with news. */
	sources: ReplicatedSource[];
	/** All that were looked at. */
	sourceCount: number;
	snapshots: { copied: number; /** Left out since a prune of the replica itself removed them. */ prunedThere: number };
	warnings: string[];
}

/** Counts what a replication does, over all sources. */
export class ReplicaTally {
	readonly copied = none();
	readonly alreadyThere = none();
	readonly removed = { ...none(), snapshots: 0 };
	readonly verified = none();
	readonly repaired = none();
	readonly snapshots = { copied: 0, prunedThere: 0 };
	readonly warnings: string[] = [];
	readonly sources: ReplicatedSource[] = [];
	sourceCount = 0;
	private readonly damage = new Map<string, ReplicaDamage>();

	addDamage(file: string, reason: string, snapshot?: string): void {
		const known = this.damage.get(file) ?? { file, reason, snapshots: [] };
		this.damage.set(file, known);
		if (snapshot !== undefined && !known.snapshots.includes(snapshot)) known.snapshots.push(snapshot);
	}

	/** Why a file is known to be damaged, if it is. */
	damageOf(file: string): string | undefined {
		return this.damage.get(file)?.reason;
	}

	report(repositoryId: string): ReplicateReport {
		const damaged = [...this.damage.values()].sort((a, b) => (a.file < b.file ? -1 : 1));
		const hasNews = this.copied.files > 0 || this.removed.files > 0;
		const { copied, alreadyThere, removed, verified, repaired, snapshots, warnings, sourceCount } = this;
		const sources = [...this.sources].sort((a, b) => (a.key < b.key ? -1 : 1));
		const status = damaged.length > 0 ? 'damaged' : hasNews ? 'complete' : 'unchanged';
		return { status, repositoryId, copied, alreadyThere, removed, verified, repaired, damaged, sources, sourceCount, snapshots, warnings };
	}
}

export function count(tally: FileTally, sizeBytes: number): void {
	tally.files += 1;
	tally.bytes += sizeBytes;
}

function none(): FileTally {
	return { files: 0, bytes: 0 };
}
