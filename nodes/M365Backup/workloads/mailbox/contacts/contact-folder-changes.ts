import { isFailure } from '../../../base/failure';
import type { BatchRequest } from '../../../graph/client';
import { batchResult } from '../../../graph/client';
import { isGone } from '../../is-gone';
import type { Change, ListingNews } from '../../workload';
import { partId } from '../mailbox-part';
import { CONTACTS } from './contact-folder-tree';
import type { ContactRun } from './contact-run';
import type { GraphContactFolder, Walked } from './walk-contact-folders';
import { CONTACT_FOLDER_SELECT, walkContactFolders } from './walk-contact-folders';

/** Deeper than Exchange allows: a ring. */
const DEEPEST = 310;

/** What became of the folders since the last run. */
export interface ContactFolderNews {
	changes: Change[];
	/** Of folders that are gone: their contacts are questions. */
	listings: ListingNews[];
}

/** Walks the folders, lays them over the tree, and asks about each that the walk did not show. */
export async function readContactFolders(run: ContactRun, readDefault: boolean, signal: AbortSignal): Promise<ContactFolderNews> {
	const { tree } = run;
	const news: ContactFolderNews = { changes: [], listings: [] };
	const before = new Set(tree.ids);
	const walked = await walk(run, readDefault, signal);
	for (const id of layOver(run, walked)) news.changes.push(tree.line(id, !before.has(id)));
	const missing = tree.ids.filter((id) => !walked.folders.has(id) && id !== tree.defaultId && !tree.isBelow(id, walked.unreadable));
	await confirmMissing(run, missing, news, signal);
	return news;
}

/** A contact names a folder that nobody knows: it may have been made a moment ago. New ones are noted as discovered. */
export async function lookAgain(run: ContactRun, signal: AbortSignal): Promise<void> {
	const before = new Set(run.tree.ids);
	for (const id of layOver(run, await walk(run, false, signal))) if (!before.has(id)) run.discovered.add(id);
}

/**
 * Whether a folder that a walk did not show hangs below one whose subfolders it could not list: its parents tell. It is
 * in the tree then, and noted as discovered.
 *
 * @throws Failure if nobody can tell
 */
export async function isBelowUnlisted(run: ContactRun, graphId: string, signal: AbortSignal): Promise<boolean> {
	if (run.unlisted.size === 0) return false;
	const { graph, tree } = run;
	const chain: GraphContactFolder[] = [];
	let at = graphId;
	while (!tree.has(at)) {
		if (chain.length >= DEEPEST || tree.outside.has(at)) return false;
		let folder: GraphContactFolder;
		try {
			folder = await graph.json<GraphContactFolder>({ path: `${run.userPath}/contactFolders/${encodeURIComponent(at)}?$select=${CONTACT_FOLDER_SELECT}`, signal });
		} catch (error) {
			// Deleted Items and the like are no contact folders.
			if (isGone(error) || isFailure(error, 'invalid')) return false;
			throw error;
		}
		const { parentFolderId } = folder;
		if (!parentFolderId || parentFolderId === at) return false;
		chain.push(folder);
		at = parentFolderId;
	}
	for (const { id, displayName, parentFolderId } of chain.reverse()) {
		tree.set(id, { name: displayName ?? '', parent: parentFolderId ?? null });
		run.discovered.add(id);
	}
	return true;
}

async function walk(run: ContactRun, readDefault: boolean, signal: AbortSignal): Promise<Walked> {
	const { graph, userPath, tree } = run;
	const walked = await walkContactFolders({ graph, userPath, known: tree.ids, defaultId: tree.defaultId, readDefault, signal });
	run.unlisted = walked.unreadable;
	return walked;
}

/** @returns Graph ids of folders that are new or have changed. */
function layOver(run: ContactRun, walked: Walked): string[] {
	const { tree } = run;
	const isNewDefault = walked.defaultId !== null && tree.defaultId === null;
	tree.defaultId = walked.defaultId;
	const changed: string[] = [];
	for (const [id, { displayName, parentFolderId }] of walked.folders) {
		const isTop = id === walked.defaultId || !parentFolderId || !(walked.folders.has(parentFolderId) || parentFolderId === walked.defaultId);
		const isNews = tree.set(id, { name: displayName ?? tree.get(id)?.name ?? '', parent: isTop ? null : parentFolderId });
		if (isNews || (isNewDefault && id === walked.defaultId)) changed.push(id);
	}
	return changed;
}

/** Absent from a complete walk is a question, as everywhere: it may have moved meanwhile, or lie in Deleted Items. */
async function confirmMissing(run: ContactRun, ids: readonly string[], news: ContactFolderNews, signal: AbortSignal): Promise<void> {
	const { tree } = run;
	const requests: BatchRequest[] = ids.map((id) => ({
		id,
		method: 'GET',
		path: `${run.userPath}/contactFolders/${encodeURIComponent(id)}?$select=${CONTACT_FOLDER_SELECT}`,
	}));
	const missing = new Set(ids);
	const alive = new Map<string, GraphContactFolder>();
	for await (const answer of run.graph.batch(requests, { signal })) {
		const result = batchResult(answer);
		if (result.ok) alive.set(answer.id, result.body as GraphContactFolder);
		else if (!isGone(result.failure)) {
			if (isFailure(result.failure, 'cancelled')) throw result.failure;
			// Nobody can tell: it stays as it was, and its contacts will say the same.
			missing.delete(answer.id);
		}
	}
	// What hangs below a folder that is gone is gone with it, whatever its own answer was.
	const isInTree = (folder: GraphContactFolder, depth = 0): boolean => {
		const parent = folder.parentFolderId;
		if (!parent || depth > ids.length) return false;
		const above = alive.get(parent);
		return above ? isInTree(above, depth + 1) : tree.has(parent) && !missing.has(parent);
	};
	for (const id of missing) {
		const folder = alive.get(id);
		if (folder && isInTree(folder)) {
			if (tree.set(id, { name: folder.displayName ?? '', parent: folder.parentFolderId ?? null })) news.changes.push(tree.line(id, false));
		} else contactFolderGone(run, id, news);
	}
}

/** The folder is not in the tree any more; each of its contacts is asked about by itself. */
export function contactFolderGone(run: ContactRun, graphId: string, news: ContactFolderNews): void {
	const id = partId(CONTACTS, graphId);
	news.changes.push({ kind: 'gone', id });
	news.listings.push({ parent: id, type: 'contact', state: 'restarted', seen: [] });
	news.listings.push({ parent: id, type: 'contact', state: 'finished', seen: [] });
	run.tree.remove(graphId);
	run.relisting.delete(graphId);
	run.unfinished.delete(graphId);
}
