import type { Failure } from '../../base/failure';
import { isFailure } from '../../base/failure';
import type { BatchRequest } from '../../graph/client';
import { batchResult } from '../../graph/client';
import { isGone } from '../is-gone';
import { itemReason } from '../item-reason';
import type { Change, KnownItem, KnownItems } from '../workload';
import type { Place } from './decide-file';
import { decideFile, decideFolder } from './decide-file';
import type { DriveContext } from './drive-context';
import { itemPath, scopedId } from './drive-context';
import { FOLDER_SELECT, ITEM_SELECT, type GraphItem } from './graph-item';

/** Where things that are alive, but not backed up any more, are said to be. */
const LEFT_OUT = 'left out by the options of the backup';

export interface Asked {
	/** Older versions are looked at even where the file itself is unchanged. */
	versions: boolean;
}

/** What became of some items, in the order in which Graph told of them. */
export interface Decided {
	changes: Change[];
	/** Scoped ids of what is alive. */
	seen: string[];
	/** Living items as they were told, and what the catalog says of them: for questions beyond their own properties. */
	living: { item: GraphItem; before: KnownItem | undefined }[];
	/** Graph ids of folders that are gone. */
	goneFolders: string[];
	/** Folders new to the catalog, and how many children they say they have. */
	newFolders: Map<string, number>;
	/** A folder has another name or place, so that what is below may be left out now, or no longer. */
	folderMoved: boolean;
}

/** Compares entries of a delta page, or single answers, with the catalog. The last one of an item counts. */
export async function decideItems(context: DriveContext, entries: readonly GraphItem[], known: KnownItems, asked: Asked, signal: AbortSignal): Promise<Decided> {
	const decided: Decided = { changes: [], seen: [], living: [], goneFolders: [], newFolders: new Map(), folderMoved: false };
	const last = new Map<string, GraphItem>();
	for (const entry of entries) {
		if (entry.root) context.folders.rootId = entry.id;
		else last.set(entry.id, entry);
	}
	const before = await known.lookUp([...last.keys()].map((id) => scopedId(context, id)));
	const deleted = new Set<string>();
	const questions: string[] = [];
	for (const [id, entry] of last) {
		if (isQuestion(context, entry)) questions.push(id);
		else if (entry.deleted) deleted.add(id);
	}
	await ask(context, questions, { last, deleted, before, decided }, signal);
	for (const id of deleted) {
		last.delete(id);
		noteGone(context, id, before, decided);
	}
	const living = [...last.values()];
	for (const item of living) decided.seen.push(scopedId(context, item.id));
	await loadFolders(context, living, known, signal);
	for (const item of living) decideLiving(context, item, before.get(scopedId(context, item.id)), asked, decided);
	return decided;
}

/**
 * Entries that cannot be taken at their word: deleted ones that name another drive or no parent at all, and living ones
 * without a name or a sign of what they are (onedrive-api-docs #535, #561). Each is asked about by itself.
 */
function isQuestion({ driveId }: DriveContext, entry: GraphItem): boolean {
	const parent = entry.parentReference;
	if (entry.deleted) return !parent?.driveId || parent.driveId.toLowerCase() !== driveId.toLowerCase();
	return !isWhole(entry);
}

/** It says its name and what it is. */
function isWhole({ name, file, folder, package: notebook, remoteItem }: GraphItem): boolean {
	return typeof name === 'string' && (file ?? folder ?? notebook ?? remoteItem) !== undefined;
}

interface Answers {
	last: Map<string, GraphItem>;
	deleted: Set<string>;
	before: ReadonlyMap<string, KnownItem>;
	decided: Decided;
}

async function ask(context: DriveContext, ids: readonly string[], answers: Answers, signal: AbortSignal): Promise<void> {
	// Of what the catalog does not know, it is of no interest where it went, unless it lives.
	for (const id of ids) if (answers.last.get(id)?.deleted && !answers.before.has(scopedId(context, id))) answers.last.delete(id);
	const open = ids.filter((id) => answers.last.has(id));
	for await (const { id, item, failure } of getItems(context, open, ITEM_SELECT, signal)) {
		if (item && isWhole(item)) answers.last.set(id, item);
		else if (item) {
			// Neither file nor folder: nothing that could be backed up, but alive.
			answers.last.delete(id);
			answers.decided.seen.push(scopedId(context, id));
		} else if (isGone(failure)) answers.deleted.add(id);
		else if (failure) {
			answers.last.delete(id);
			const item = answers.before.get(scopedId(context, id));
			answers.decided.seen.push(scopedId(context, id));
			if (item) answers.decided.changes.push(unanswered(item, failure));
		}
	}
}

export function unanswered({ id, type, name, parent }: KnownItem, failure: Failure): Change {
	return { kind: 'failed', id, type, name, reason: itemReason(failure), failure, ...(parent === undefined ? {} : { parent }) };
}

/** Single items by their ids. What cannot be had comes as its failure. */
export async function* getItems(
	context: DriveContext,
	ids: readonly string[],
	select: string,
	signal: AbortSignal,
): AsyncGenerator<{ id: string; item?: GraphItem; failure?: Failure }> {
	if (ids.length === 0) return;
	const requests: BatchRequest[] = ids.map((id) => ({ id, method: 'GET', path: `${itemPath(context, id)}?$select=${select}` }));
	for await (const answer of context.graph.batch(requests, { signal })) {
		const result = batchResult(answer);
		if (result.ok) yield { id: answer.id, item: result.body as GraphItem };
		else if (isFailure(result.failure, 'cancelled')) throw result.failure;
		else yield { id: answer.id, failure: result.failure };
	}
}

function noteGone(context: DriveContext, id: string, before: ReadonlyMap<string, KnownItem>, decided: Decided): void {
	const item = before.get(scopedId(context, id));
	context.folders.forget(id);
	if (!item) return;
	decided.changes.push({ kind: 'gone', id: item.id });
	if (item.type === 'folder') decided.goneFolders.push(id);
}

/** What is needed to tell where these items lie. */
async function loadFolders(context: DriveContext, living: readonly GraphItem[], known: KnownItems, signal: AbortSignal): Promise<void> {
	const { folders } = context;
	if (folders.rootId === undefined && living.length > 0) {
		folders.rootId = (await context.graph.json<GraphItem>({ path: `${context.drivePath}/root?$select=id`, signal })).id;
	}
	for (const item of living) if (isFolder(item)) folders.note(item.id, item.name ?? '', item.parentReference?.id);
	const parents = new Set(living.flatMap((item) => item.parentReference?.id ?? []));
	for (const item of living) if (isFolder(item)) parents.add(folders.get(item.id)?.parent ?? item.id);
	await folders.load(parents, known);
	if (context.excluded.isEmpty) return;
	// Only a path says whether something is left out, and what is left out has no line that would tell the path.
	for (let unknown = unknownFolders(context, parents); unknown.length > 0; unknown = unknownFolders(context, parents)) {
		for await (const { id, item } of getItems(context, unknown, FOLDER_SELECT, signal)) folders.note(id, item?.name ?? '', item?.parentReference?.id);
		await folders.load(unknown.flatMap((id) => folders.get(id)?.parent ?? []), known);
	}
}

function unknownFolders({ folders }: DriveContext, ids: ReadonlySet<string>): string[] {
	return [...new Set([...ids].flatMap((id) => folders.firstUnknown(id) ?? []))];
}

export function isFolder(item: GraphItem): boolean {
	return item.file === undefined && (item.folder ?? item.package) !== undefined;
}

function decideLiving(context: DriveContext, item: GraphItem, before: KnownItem | undefined, asked: Asked, decided: Decided): void {
	if (item.remoteItem) {
		context.leftOut.shortcuts += 1;
		return;
	}
	const place = placeOf(context, item);
	if (isLeftOut(context, item, place)) {
		if (!before) return;
		decided.changes.push({ kind: 'gone', id: before.id, movedTo: LEFT_OUT });
		if (before.type === 'folder') decided.folderMoved = true;
		return;
	}
	decided.living.push({ item, before });
	if (isFolder(item)) {
		const change = decideFolder(context, item, before, place);
		if (change) decided.changes.push(change);
		if (!before) decided.newFolders.set(item.id, item.folder?.childCount ?? 0);
		else if (before.name !== item.name || before.parent !== place.parent) decided.folderMoved = true;
		return;
	}
	const change = decideFile(context, item, before, place, asked.versions);
	if (item.malware && change?.kind === 'item') context.infected.push(item.name ?? '');
	if (change) decided.changes.push(change);
}

function isLeftOut({ excluded, maxFileBytes, leftOut }: DriveContext, item: GraphItem, place: Place): boolean {
	const isFile = !isFolder(item);
	const sizeBytes = isFile ? (item.size ?? 0) : 0;
	if (excluded.matches([...place.path, item.name ?? ''])) {
		leftOut.byPath.files += isFile ? 1 : 0;
		leftOut.byPath.bytes += sizeBytes;
		return true;
	}
	if (sizeBytes <= maxFileBytes) return false;
	leftOut.bySize.files += 1;
	leftOut.bySize.bytes += sizeBytes;
	return true;
}

function placeOf(context: DriveContext, item: GraphItem): Place {
	const parent = item.parentReference?.id;
	const path = context.folders.path(parent) ?? toldPath(item) ?? [];
	if (parent === undefined || parent === context.folders.rootId) return { path, ...(context.top === undefined ? {} : { parent: context.top }) };
	return { path, parent: scopedId(context, parent) };
}

/** `/drives/b!…/root:/Docs/2026`, which a delta may or may not have. */
function toldPath(item: GraphItem): string[] | undefined {
	const path = /\/root:\/?(.*)$/s.exec(item.parentReference?.path ?? '')?.[1];
	if (path === undefined) return undefined;
	return path.split('/').filter((name) => name !== '').map(decoded);
}

function decoded(name: string): string {
	try {
		return decodeURIComponent(name);
	} catch {
		return name; // A percent sign of its own.
	}
}
