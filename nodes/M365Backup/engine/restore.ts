import { createHash } from 'node:crypto';
import type { Ambient } from '../base/ambient';
import { sourceKey } from '../repository/names';
import type { CatalogEntry, ContentRef, SnapshotRecord, SourceRef } from '../repository/records';
import type { Repository } from '../repository/repository';
import type {
	ConflictPolicy,
	RestorableContent,
	RestorableFolder,
	RestorableItem,
	RestoreDestination,
	RestoreOutcome,
	RestoreOutcomeKind,
	Restorer,
} from '../workloads/restorer';
import { shownPath } from './folder-tree';
import { contentsOf, ownContents } from './item-contents';
import { select, type RestoreSelection } from './restore-selection';
import { SnapshotFolders } from './search-folders';

export type { RestoreSelection } from './restore-selection';

export interface RestoreOptions {
	repository: Repository;
	/** Whose backup it is. */
	source: SourceRef;
	snapshot: SnapshotRecord;
	selection: RestoreSelection;
	/** Which mailbox, drive or site is the restorer's matter; this says where in it. */
	destination: RestoreDestination;
	conflictPolicy: ConflictPolicy;
	/** `preview` plans with the very same planner and writes nothing. */
	mode: 'preview' | 'restore';
	restorer: Restorer;
	ambient: Ambient;
	signal?: AbortSignal;
	/** Called after each result. */
	onProgress?: (progress: RestoreProgress) => void;
}

export interface RestoreProgress {
	/** Results so far. */
	results: number;
	byOutcome: Record<RestoreOutcomeKind, number>;
	/** Of the contents of what was, or would be, created or replaced. */
	uploadBytes: number;
}

/** What became, or would become, of one item. */
export interface RestoreResult {
	id: string;
	name: string;
	type: string;
	/** Where it was in the snapshot, `Inbox/Projects`. */
	folderPath: string;
	/** Where it is now, or would be. */
	targetPath: string;
	outcome: RestoreOutcomeKind;
	/** In a preview: nothing was done. */
	wouldBe?: true;
	newId?: string;
	reason?: string;
	/** What to do about a failure. */
	nextStep?: string;
	/** What it could not get back, in plain sentences. */
	fidelity: string[];
}

/**
 * Gives items of a snapshot back, one result each as it happens, and one for each folder that was made or brought back.
 * A failed item never stops the others, a second restore changes nothing, and nobody is notified (DESIGN §6).
 *
 * Failures that end it: `cancelled`; `notFound` (the folder selected, the mailbox), `invalid` (too many ids), `corrupt`
 * (the catalog).
 */
export async function* restore(options: RestoreOptions): AsyncGenerator<RestoreResult> {
	const { repository, snapshot, restorer, signal, mode } = options;
	const catalog = repository.catalog(snapshot);
	const folders = new SnapshotFolders(catalog, signal);
	const selected = await select(catalog, folders, options.selection, signal);
	const unsupported: CatalogEntry[] = [];
	const progress = counter(options.onProgress);
	/** Of items that have no result yet. */
	const sizes = new Map<string, number>();

	const outcomes = restorer.restore({
		folders: restorableFolders(folders),
		selectedFolders: new Set(selected.folderIds),
		items: restorableItems(options, selected.items, unsupported, sizes),
		destination: options.destination,
		conflictPolicy: options.conflictPolicy,
		preview: mode === 'preview',
		held: async (ids) => new Set((await catalog.lookUp(ids, signal)).keys()),
		...(signal ? { signal } : {}),
	});
	for (const id of selected.unknownIds) yield progress(unknownItem(id, snapshot));
	for await (const outcome of outcomes) {
		yield progress(resultOf(outcome, folders, mode), sizes.get(outcome.id));
		sizes.delete(outcome.id);
		for (const entry of unsupported.splice(0)) yield progress(unsupportedItem(entry, folders));
	}
	for (const entry of unsupported.splice(0)) yield progress(unsupportedItem(entry, folders));
}

function restorableFolders(folders: SnapshotFolders): Map<string, RestorableFolder> {
	const found = new Map<string, RestorableFolder>();
	for (const { id, name, parent, modified, meta } of folders.known().values()) {
		found.set(id, { id, name, meta, ...(parent === undefined ? {} : { parent }), ...(modified === undefined ? {} : { modified }) });
	}
	return found;
}

async function* restorableItems(
	options: RestoreOptions,
	entries: AsyncIterable<CatalogEntry>,
	unsupported: CatalogEntry[],
	sizes: Map<string, number>,
): AsyncGenerator<RestorableItem> {
	for await (const entry of entries) {
		if (!options.restorer.types.includes(entry.type)) {
			unsupported.push(entry);
			continue;
		}
		const item = restorableItem(options, entry);
		if (options.onProgress) sizes.set(item.id, uploadSize(item));
		yield item;
	}
}

/** Its Exchange export goes up in its main content's place, not beside it. */
function uploadSize({ content, parts }: RestorableItem): number {
	const beside = [...(parts ?? [])].filter(([part]) => part !== 'exchange').reduce((sum, [, { sizeBytes }]) => sum + sizeBytes, 0);
	return beside + ((content ?? parts?.get('exchange'))?.sizeBytes ?? 0);
}

/** An item of the snapshot as a restorer takes it; nothing of its content is read yet. */
export function restorableItem(options: Pick<RestoreOptions, 'repository' | 'snapshot' | 'conflictPolicy' | 'signal'>, entry: CatalogEntry): RestorableItem {
	const { repository, signal } = options;
	const key = sourceKey(options.snapshot.source);
	const { id, type, name, parent, modified, size, etag, meta } = entry;
	const open = (ref: ContentRef): RestorableContent => ({
		sizeBytes: ref.size,
		sha256: ref.sha256,
		open: () => repository.readContent(key, ref, signal),
	});
	const { main, parts } = contentsOf(entry);
	return {
		id,
		type,
		name,
		meta,
		markerKey: markerKey(options, key, entry),
		...(parent === undefined ? {} : { parent }),
		...(modified === undefined ? {} : { modified }),
		...(size === undefined ? {} : { size }),
		...(etag === undefined ? {} : { etag }),
		...(main === undefined ? {} : { content: open(main) }),
		...(parts.size === 0 ? {} : { parts: new Map([...parts].map(([part, ref]) => [part, open(ref)])) }),
	};
}

/**
 * The mark of an item in one state: of the source, the item and its content, so that the same message restored from
 * another snapshot is known again. Copies made on purpose (keepBoth) are marked for their snapshot: the same restore
 * again adds nothing, one from another snapshot does.
 */
function markerKey(options: Pick<RestoreOptions, 'snapshot' | 'conflictPolicy'>, key: string, entry: CatalogEntry): string {
	const contents = ownContents(entry.content ?? []);
	const hash = createHash('sha256').update([key, entry.id, ...contents.map((ref) => ref.sha256)].join('\n'));
	if (options.conflictPolicy === 'keepBoth') hash.update(`\ncopy of ${options.snapshot.id}`);
	return hash.digest('hex');
}

function resultOf(outcome: RestoreOutcome, folders: SnapshotFolders, mode: RestoreOptions['mode']): RestoreResult {
	const { id, name, type, newId, reason, nextStep, fidelity } = outcome;
	return {
		id,
		name,
		type,
		folderPath: shownPath(folders.path(outcome.parent)),
		targetPath: shownPath(outcome.targetPath),
		outcome: outcome.outcome,
		...(mode === 'preview' ? { wouldBe: true } : {}),
		...(newId === undefined ? {} : { newId }),
		...(reason === undefined ? {} : { reason }),
		...(nextStep === undefined ? {} : { nextStep }),
		fidelity,
	};
}

function unknownItem(id: string, snapshot: SnapshotRecord): RestoreResult {
	return {
		id,
		name: '',
		type: 'unknown',
		folderPath: '',
		targetPath: '',
		outcome: 'failed',
		reason: `The snapshot of ${snapshot.finishedAt} has no item with this id`,
		nextStep: 'Search for it with Item: Get Many, or choose another snapshot.',
		fidelity: [],
	};
}

function unsupportedItem(entry: CatalogEntry, folders: SnapshotFolders): RestoreResult {
	return {
		id: entry.id,
		name: entry.name,
		type: entry.type,
		folderPath: shownPath(folders.path(entry.parent)),
		targetPath: '',
		outcome: 'failed',
		reason: `Items of type ${entry.type} cannot be restored here yet`,
		nextStep: 'Export it instead (Item: Export).',
		fidelity: [],
	};
}

function counter(onProgress: RestoreOptions['onProgress']): (result: RestoreResult, sizeBytes?: number) => RestoreResult {
	const byOutcome = { created: 0, movedBack: 0, skipped: 0, replaced: 0, folderCreated: 0, failed: 0 };
	let results = 0;
	let uploadBytes = 0;
	return (result, sizeBytes = 0) => {
		results += 1;
		byOutcome[result.outcome] += 1;
		if (result.outcome === 'created' || result.outcome === 'replaced') uploadBytes += sizeBytes;
		onProgress?.({ results, byOutcome: { ...byOutcome }, uploadBytes });
		return result;
	};
}
