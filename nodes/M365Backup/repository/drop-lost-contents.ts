import { isFailure } from '../base/failure';
import { toWholeLine } from './catalog-line';
import { evictedAsKnown, type EvictedFile } from './evicted';
import { sourceKey } from './names';
import type { SnapshotRecord } from './records';
import type { Repository } from './repository';
import { listSource } from './snapshot-files';

/** What a full resync found when it looked at the files that it builds upon. */
export type CatalogHealth =
	| { state: 'sound' }
	/** The list of items itself is damaged or missing: nothing can be built upon it. */
	| { state: 'unreadable'; reason: string }
	/** A commit of its own in which the items of lost archives count as failed, so that they are fetched again. */
	| { state: 'mended'; snapshot: SnapshotRecord; lostItems: number; archives: string[] };

/**
 * Reads the whole catalog of the newest snapshot. Items whose archive is missing, or has another size than recorded, lose
 * their content and count as failed in a partial snapshot that is committed at once; older snapshots stay as they are,
 * so that an archive that is put back later serves them again. To be called under the source's lease.
 */
export async function dropLostContents(repository: Repository, snapshot: SnapshotRecord, signal?: AbortSignal): Promise<CatalogHealth> {
	const key = sourceKey(snapshot.source);
	const lost = new Set<string>();
	const lostIds: string[] = [];
	let lostBytes = 0;
	let evicted: ReadonlyMap<string, EvictedFile> | undefined;
	// Asked only where a file is missing: most repositories have all their files.
	const elsewhere = async (): Promise<ReadonlyMap<string, EvictedFile>> => (evicted ??= await evictedAsKnown(repository.store, key, signal));
	try {
		const stored = await listSource(repository.store, key, signal);
		const catalog = repository.catalog(snapshot);
		for (const segment of catalog.newestFirst) {
			for (const { name, size } of (await segment.index(signal)).archives) {
				const there = stored.get(name)?.sizeBytes ?? (await elsewhere()).get(name)?.size;
				if (there !== size) lost.add(name);
			}
		}
		for await (const entry of catalog.entries({ signal })) {
			const gone = entry.content?.filter(({ archive }) => lost.has(archive)) ?? [];
			if (gone.length === 0) continue;
			lostIds.push(entry.id);
			for (const ref of entry.content ?? []) lostBytes += ref.size;
		}
	} catch (error) {
		if (!isFailure(error, 'corrupt')) throw error;
		return { state: 'unreadable', reason: error.message };
	}
	if (lost.size === 0) return { state: 'sound' };

	const since = repository.ambient.now().toISOString();
	const cursor = await repository.cursor(key, signal);
	const run = repository.startRun(snapshot.source, snapshot, { replacesCatalog: true, ...(signal && { signal }) });
	try {
		for await (const entry of repository.catalog(snapshot).entries({ signal })) {
			const archive = entry.content?.find((ref) => lost.has(ref.archive))?.archive;
			if (archive === undefined) {
				await run.add(toWholeLine(entry));
				continue;
			}
			const { content: _lost, ...rest } = entry;
			await run.add(toWholeLine({ ...rest, failed: { reason: `Its archive ${archive} is missing or damaged`, since, attempts: 0 } }));
		}
		const mended = await run.commit({
			status: 'partial',
			scopes: snapshot.scopes.map((scope) => (scope.state === 'complete' ? { ...scope, state: 'stale' } : scope)),
			totals: { items: snapshot.totals.items, bytes: Math.max(0, snapshot.totals.bytes - lostBytes) },
			changes: { added: 0, updated: 0, deleted: 0, failed: lostIds.length, skipped: 0 },
			failures: snapshot.failures,
			// Without links: whoever goes on enumerates everything.
			cursor: { scopes: {}, failed: [...new Set([...(cursor?.failed ?? []), ...lostIds])], seen: [], ...(cursor?.notes && { notes: cursor.notes }) },
			tag: null,
		});
		return { state: 'mended', snapshot: mended, lostItems: lostIds.length, archives: [...lost].sort() };
	} catch (error) {
		await run.abandon();
		throw error;
	}
}
