import { driveRestorer } from '../../drive/restore-drive';
import type { RestorableFolder, RestorableItem, RestoreOutcome, RestoreRequest } from '../../restorer';
import { FileColumns, type FileItem } from './file-columns';
import { outcomeOf, type SiteRestorerOptions } from './site-restore-context';
import type { SiteWork } from './site-work';
import type { TargetList } from './target-list';

/**
 * Gives a library its files back through the drive that it is, and sets their columns after that.
 *
 * @param scope `library-<list guid>`
 */
export async function* restoreLibrary(work: SiteWork, options: SiteRestorerOptions, request: RestoreRequest, target: TargetList, scope: string): AsyncGenerator<RestoreOutcome> {
	const top = `${scope}/root`;
	const own = (id: string): boolean => id.startsWith(`${scope}/`);
	const folders = new Map([...request.folders].filter(([id]) => own(id)));
	const selectedFolders = new Set([...request.selectedFolders].filter((id) => own(id) && id !== top));
	const columns = new FileColumns(work, target);
	const files = new Map<string, FileItem>();
	const items = remembered(request.items, files);
	const inner: RestoreRequest = { ...request, folders, selectedFolders, items };
	for await (const outcome of filesOf(work, options, inner, target, scope)) {
		const file = files.get(outcome.id);
		files.delete(outcome.id);
		yield* columns.take(file, { ...outcome, targetPath: [...target.path, ...outcome.targetPath] });
	}
	yield* columns.flush();
}

function filesOf(work: SiteWork, options: SiteRestorerOptions, request: RestoreRequest, target: TargetList, scope: string): AsyncIterable<RestoreOutcome> {
	if (typeof target.driveId !== 'string') return everythingNew(request, `${scope}/root`);
	const driveId = request.folders.get(`${scope}/root`)?.meta['driveId'];
	return driveRestorer({
		graph: options.graph,
		driveId: target.driveId,
		ambient: options.ambient,
		source: options.source,
		...(options.tenantId === undefined ? {} : { tenantId: options.tenantId }),
		...(options.permissions === undefined ? {} : { permissions: options.permissions }),
		originalDriveOf: (one) => (one === scope && typeof driveId === 'string' ? driveId : undefined),
		topOf: (one) => (one === scope ? `${scope}/root` : undefined),
		setsColumns: true,
	}).restore(request);
}

/** A preview of a library that is not there yet: everything would be made. */
async function* everythingNew(request: RestoreRequest, top: string): AsyncGenerator<RestoreOutcome> {
	const made = new Set<string>();
	const before = request.destination.kind === 'folder' ? request.destination.path : [];
	for (const [n, name] of before.entries()) yield outcomeOf({ id: '', name }, 'folderCreated', before.slice(0, n + 1));
	const lineage = (id: string | undefined): RestorableFolder[] => {
		const found: RestorableFolder[] = [];
		for (let at = id; at !== undefined && at !== top && found.length < request.folders.size; at = request.folders.get(at)?.parent) {
			const folder = request.folders.get(at);
			if (folder) found.unshift(folder);
		}
		return found;
	};
	const path = (folders: readonly RestorableFolder[]): string[] => [...before, ...folders.map(({ name }) => name)];
	const folderNews = function* (id: string | undefined): Generator<RestoreOutcome> {
		const folders = lineage(id);
		for (const [n, folder] of folders.entries()) {
			if (made.has(folder.id)) continue;
			made.add(folder.id);
			yield outcomeOf(folder, 'folderCreated', path(folders.slice(0, n + 1)));
		}
	};
	for (const id of request.selectedFolders) yield* folderNews(id);
	for await (const item of request.items) {
		yield* folderNews(item.parent);
		yield outcomeOf(item, 'created', [...path(lineage(item.parent)), item.name]);
	}
}

async function* remembered(items: AsyncIterable<RestorableItem>, files: Map<string, FileItem>): AsyncGenerator<RestorableItem> {
	for await (const item of items) {
		if (item.type === 'file') files.set(item.id, { id: item.id, name: item.name, meta: item.meta });
		yield item;
	}
}
