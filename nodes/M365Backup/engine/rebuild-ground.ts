import { isFailure } from '../base/failure';
import { parseRepositoryKey } from '../repository/names';
import type { FileRef, SnapshotRecord } from '../repository/records';
import type { Repository } from '../repository/repository';
import type { SegmentReader } from '../repository/segment-reader';
import { listSource, snapshotIds } from '../repository/snapshot-files';

export interface StoredArchive {
	name: string;
	/** Of the run that wrote it. */
	runId: string;
	/** As the store lists it. */
	sizeBytes: number;
}

/** What is left of one source's backups. */
export interface RebuildGround {
	/** Oldest first: what a later one says of an item holds. */
	archives: StoredArchive[];
	/** The newest record that can be read, its list of items or not. */
	newest: SnapshotRecord | null;
	/** The newest snapshot whose whole list of items can be read. */
	readable: SnapshotRecord | null;
	/** Newer than that: ids of snapshots that cannot be read. */
	unreadable: string[];
	/** What records and lists that can be read say of archives, so that these need not be hashed. */
	hashes: ReadonlyMap<string, FileRef>;
}

/** Reads records and lists of items of one source, not its archives. Changes nothing. */
export async function surveySource(repository: Repository, key: string, signal?: AbortSignal): Promise<RebuildGround> {
	const files = await listSource(repository.store, key, signal);
	const archives: StoredArchive[] = [];
	for (const [name, { sizeBytes }] of files) {
		const { kind, runId } = parseRepositoryKey(`${key}/${name}`);
		if (kind === 'archive' && runId !== undefined) archives.push({ name, runId, sizeBytes });
	}
	archives.sort((a, b) => compare(a.runId, b.runId) || ordinal(key, a) - ordinal(key, b));

	const segments = new ReadableSegments(repository, signal);
	const records = await repository.snapshots(key, signal);
	const byId = new Map(records.map((record) => [record.id, record]));
	let readable: SnapshotRecord | null = null;
	const unreadable: string[] = [];
	for (const id of snapshotIds(files.keys()).reverse()) {
		const record = byId.get(id);
		if (record && (await segments.areReadable(record))) {
			readable = record;
			break;
		}
		unreadable.push(id);
	}
	const hashes = new Map<string, FileRef>();
	for (const { archives: written } of records) for (const ref of written) hashes.set(ref.name, ref);
	for (const record of records) await segments.takeArchives(record, hashes);
	return { archives, newest: records.at(-1) ?? null, readable, unreadable, hashes };
}

/** Snapshots share segments: each is read once. */
class ReadableSegments {
	private readonly found = new Map<string, boolean>();
	private readonly indexed = new Set<string>();

	constructor(
		private readonly repository: Repository,
		private readonly signal: AbortSignal | undefined,
	) {}

	async areReadable(record: SnapshotRecord): Promise<boolean> {
		for (const segment of this.repository.catalog(record).newestFirst) if (!(await this.isReadable(segment))) return false;
		return true;
	}

	/** As far as indexes can be read. */
	async takeArchives(record: SnapshotRecord, hashes: Map<string, FileRef>): Promise<void> {
		for (const segment of this.repository.catalog(record).newestFirst) {
			const { name } = segment.ref;
			if (this.indexed.has(name)) continue;
			this.indexed.add(name);
			await unlessDamaged(async () => {
				for (const ref of (await segment.index(this.signal)).archives) hashes.set(ref.name, ref);
			});
		}
	}

	private async isReadable(segment: SegmentReader): Promise<boolean> {
		const { name, lines } = segment.ref;
		let isReadable = this.found.get(name);
		if (isReadable === undefined) {
			let count = 0;
			const isWhole = await unlessDamaged(async () => {
				for await (const batch of segment.members(this.signal)) count += batch.length;
			});
			isReadable = isWhole && count === lines;
			this.found.set(name, isReadable);
		}
		return isReadable;
	}
}

/** @returns whether it went through. */
async function unlessDamaged(work: () => Promise<void>): Promise<boolean> {
	try {
		await work();
		return true;
	} catch (error) {
		if (isFailure(error, 'corrupt')) return false;
		throw error;
	}
}

function compare(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}

function ordinal(key: string, { name }: StoredArchive): number {
	return parseRepositoryKey(`${key}/${name}`).ordinal ?? 0;
}
