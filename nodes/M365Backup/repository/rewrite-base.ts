import { isFailure } from '../base/failure';
import type { Catalog } from './catalog';
import { toWholeLine } from './catalog-line';
import { KeyTable } from './key-table';
import { VOLUME_ENTRIES } from './limits';
import { mergeLines } from './merge';
import { parseRepositoryKey, runTime, sourceKey } from './names';
import type { ContentRef, FileRef, SnapshotRecord } from './records';
import type { Repository } from './repository';
import type { RunWriter } from './run-writer';
import { listSource } from './snapshot-files';

const SHADOWED_SHARE = 1 / 5;
const MAX_AGE_MS = 90 * 24 * 3_600_000;
const SMALL_ARCHIVE_BYTES = 16 * 1024 * 1024;
const LIVE_SHARE = 1 / 2;

/** In a cursor's notes, as ISO 8601: when the base was written anew last. Whoever writes a cursor carries it on. */
export const REWRITTEN_NOTE = 'rewrittenAt';

export interface RewriteOptions {
	signal?: AbortSignal;
	volumeBytes?: number;
	/** Archives below that are copied together: 16 MB. */
	smallArchiveBytes?: number;
}

/**
 * Writes the base of the newest snapshot anew if it is time (§3.2: a fifth of it is shadowed, or 90 days have passed),
 * and copies what is alive out of archives that are small or less than half alive into full volumes. A commit of its
 * own, with the same items, links and status; older snapshots keep pointing at the old files. Null if it is not due, if
 * nothing would be won, or if the snapshot is no longer the newest. To be called after a backup, under its lease.
 */
export async function rewriteBase(
	repository: Repository,
	snapshot: SnapshotRecord,
	options: RewriteOptions = {},
): Promise<SnapshotRecord | null> {
	const { signal, volumeBytes } = options;
	const key = sourceKey(snapshot.source);
	const catalog = repository.catalog(snapshot);
	const archives = await archivesOfCatalog(catalog, signal);
	if (!(await isDue(repository, snapshot, catalog, archives, options))) return null;
	const stored = await listSource(repository.store, key, signal);
	// Several items may have one content: it is alive once, and copied once.
	const uses = new KeyTable(snapshot.segments.reduce((sum, { lines }) => sum + lines, 0));
	const live = await liveParts(catalog, uses, signal);
	const toCopy = archivesToCopy(archives, live, stored, options);
	if (toCopy.size === 0 && snapshot.segments.length === 1) return null;

	const run = repository.startRun(snapshot.source, snapshot, {
		replacesCatalog: true,
		...(signal && { signal }),
		...(volumeBytes !== undefined && { volumeBytes }),
	});
	const copying = new ContentCopying(repository, key, run, uses, signal);
	try {
		for await (const entry of catalog.entries({ signal })) {
			if (!entry.content?.some((ref) => toCopy.has(ref.archive))) {
				await run.add(toWholeLine(entry));
				continue;
			}
			const content: ContentRef[] = [];
			for (const ref of entry.content) content.push(toCopy.has(ref.archive) ? await copying.copy(ref) : ref);
			await run.add(toWholeLine({ ...entry, content }));
		}
		const cursor = await repository.cursor(key, signal);
		if (cursor?.snapshot !== snapshot.id || (await repository.latest(key, signal))?.id !== snapshot.id) {
			await run.abandon();
			return null;
		}
		return await run.commit({
			status: snapshot.status,
			scopes: snapshot.scopes,
			totals: snapshot.totals,
			changes: { added: 0, updated: 0, deleted: 0, failed: 0, skipped: 0 },
			failures: snapshot.failures,
			cursor: { scopes: cursor.scopes, failed: cursor.failed, seen: cursor.seen, notes: { ...cursor.notes, [REWRITTEN_NOTE]: repository.ambient.now().toISOString() } },
			tag: null,
		});
	} catch (error) {
		await run.abandon();
		throw error;
	}
}

function placeOf({ archive, offset }: ContentRef): string {
	return `${archive}\n${offset}`;
}

/** Copies contents into the archives of a run, each once, however many items have it. */
class ContentCopying {
	/** Where those that further items have went. */
	private readonly copies = new Map<string, { ref: ContentRef; left: number }>();

	constructor(
		private readonly repository: Repository,
		private readonly key: string,
		private readonly run: RunWriter,
		/** How many items have the content of a place. */
		private readonly uses: KeyTable,
		private readonly signal: AbortSignal | undefined,
	) {}

	async copy(ref: ContentRef): Promise<ContentRef> {
		const place = placeOf(ref);
		const earlier = this.copies.get(place);
		if (earlier) {
			earlier.left--;
			if (earlier.left === 0) this.copies.delete(place);
			return forPart(ref, earlier.ref);
		}
		const copy = await this.copyNow(ref);
		const others = (this.uses.get(place) ?? 1) - 1;
		if (others > 0) this.copies.set(place, { ref: copy, left: others });
		return forPart(ref, copy);
	}

	/** Content that turns out to be damaged stays where it is, for verify to find and an import to repair. */
	private async copyNow(ref: ContentRef): Promise<ContentRef> {
		try {
			const content = this.repository.readContent(this.key, ref, this.signal);
			return await this.run.addContent({ entryName: ref.entry, content, sizeBytes: ref.size });
		} catch (error) {
			if (isFailure(error, 'corrupt')) return ref;
			throw error;
		}
	}
}

/** The same content may be one item's main one and another one's older version. */
function forPart({ part }: ContentRef, { part: _other, ...copy }: ContentRef): ContentRef {
	return part === undefined ? copy : { ...copy, part };
}

async function archivesOfCatalog(catalog: Catalog, signal?: AbortSignal): Promise<Map<string, FileRef>> {
	const archives = new Map<string, FileRef>();
	for (const segment of catalog.newestFirst) {
		for (const archive of (await segment.index(signal)).archives) archives.set(archive.name, archive);
	}
	return archives;
}

async function isDue(
	repository: Repository,
	snapshot: SnapshotRecord,
	catalog: Catalog,
	archives: ReadonlyMap<string, FileRef>,
	options: RewriteOptions,
): Promise<boolean> {
	const [base, ...newer] = snapshot.segments;
	if (!base) return false;
	const oldest = Math.min(writtenAt(base.name), ...smallArchives(archives, options).map(({ name }) => writtenAt(name)));
	const isOld = (timeMs: number): boolean => repository.ambient.now().getTime() - timeMs > MAX_AGE_MS;
	// What a rewrite leaves as it is (full volumes of small items, archives held elsewhere, damage) is as old afterwards.
	if (isOld(oldest) && isOld(await rewrittenAt(repository, snapshot, options.signal))) return true;
	// Not more can be shadowed than there are newer lines; only then is it worth counting.
	if (newer.reduce((sum, { lines }) => sum + lines, 0) < base.lines * SHADOWED_SHARE) return false;
	return (await shadowedLines(catalog, options.signal)) >= base.lines * SHADOWED_SHARE;
}

/** Long ago if never, or if the clock was ahead then. */
async function rewrittenAt(repository: Repository, snapshot: SnapshotRecord, signal?: AbortSignal): Promise<number> {
	const noted = (await repository.cursor(sourceKey(snapshot.source), signal))?.notes?.[REWRITTEN_NOTE];
	const timeMs = typeof noted === 'string' ? Date.parse(noted) : NaN;
	return Number.isNaN(timeMs) || timeMs > repository.ambient.now().getTime() ? -Infinity : timeMs;
}

/** When the run that wrote a file began. Merges give the base a new name, so that archives count, too. */
function writtenAt(name: string): number {
	const { runId } = parseRepositoryKey(`mailbox-0000000000000000/${name}`);
	return runId === undefined ? Infinity : runTime(runId).getTime();
}

/** One small archive alone cannot be put together with anything. */
function smallArchives(archives: ReadonlyMap<string, FileRef>, options: RewriteOptions): FileRef[] {
	const { smallArchiveBytes = SMALL_ARCHIVE_BYTES } = options;
	const small = [...archives.values()].filter(({ size }) => size < smallArchiveBytes);
	return small.length > 1 ? small : [];
}

async function shadowedLines(catalog: Catalog, signal?: AbortSignal): Promise<number> {
	const newestFirst = catalog.newestFirst;
	const base = newestFirst.pop();
	if (!base) return 0;
	let count = 0;
	const newer = newestFirst.reverse().map((segment) => segment.members(signal));
	for await (const batch of mergeLines(newer, 'combined')) {
		const found = await base.find(
			batch.map(({ id }) => id),
			signal,
		);
		count += found.size;
	}
	return count;
}

interface Live {
	bytes: number;
	entries: number;
}

/** Counts in `uses` how many items have each content. */
async function liveParts(catalog: Catalog, uses: KeyTable, signal?: AbortSignal): Promise<Map<string, Live>> {
	const live = new Map<string, Live>();
	for await (const { content } of catalog.entries({ signal })) {
		for (const ref of content ?? []) {
			if (uses.count(placeOf(ref)) > 1) continue;
			const part = live.get(ref.archive) ?? { bytes: 0, entries: 0 };
			part.bytes += ref.length;
			part.entries += 1;
			live.set(ref.archive, part);
		}
	}
	return live;
}

/** Archives that are not here (held by a copy alone, §5) are left as they are. */
function archivesToCopy(
	archives: ReadonlyMap<string, FileRef>,
	live: ReadonlyMap<string, Live>,
	stored: ReadonlyMap<string, unknown>,
	options: RewriteOptions,
): Set<string> {
	const chosen = new Set(smallArchives(archives, options).map(({ name }) => name));
	for (const { name, size } of archives.values()) {
		if ((live.get(name)?.bytes ?? 0) < size * LIVE_SHARE) chosen.add(name);
	}
	// A volume of very many very small items is full although it is small.
	return new Set([...chosen].filter((name) => stored.has(name) && (live.get(name)?.entries ?? VOLUME_ENTRIES) < VOLUME_ENTRIES * LIVE_SHARE));
}
