import { Failure, isFailure, toFailure } from '../../../base/failure';
import { batchResult, type BatchRequest } from '../../../graph/client';
import type { GraphItem } from '../graph-item';
import { childPath, itemPath, signalOf, type DriveContext } from './drive-context';
import { FolderView } from './folder-view';
import { LIVING_SELECT, livingItem, type LivingItem } from './living-item';

/** Items held at most; beyond, folders that were not needed for longest are forgotten and asked for again. */
const MOST_ITEMS = 100_000;
/** Entries of one page of a listing. */
const PAGE = 1_000;
/** What a page of a listing may save. */
const QUESTIONS_A_PAGE = 3;
/** After so many questions for single items the whole drive is read instead, in pages. */
const MANY_QUESTIONS = 300;

/**
 * What stands in the target drive now, as far as this restore had to look, and with what it has done itself. Folders are
 * listed where that costs fewer requests than asking for each name; many single questions end in one reading of the
 * whole drive. What is not held is asked for again, so that memory has a bound whatever the drive has.
 */
export class DriveView {
	private readonly items = new Map<string, LivingItem | null | Failure>();
	/** Least recently needed first. */
	private readonly folders = new Map<string, FolderView>();
	private rootPromise: Promise<LivingItem> | undefined;
	private questions = 0;
	/** The whole drive was read, and nothing of it was forgotten: what is not here is gone. */
	private isWhole = false;
	private mayReadAll = true;

	constructor(private readonly context: DriveContext) {}

	/** @throws Failure `notFound` if there is no such drive */
	root(): Promise<LivingItem> {
		this.rootPromise ??= this.ask(`${this.context.drivePath}/root`);
		this.rootPromise.catch(() => (this.rootPromise = undefined));
		return this.rootPromise;
	}

	/** What is known of an item: null if it is gone, a Failure if it could not be read, undefined if nobody asked. */
	known(id: string): LivingItem | null | Failure | undefined {
		if (this.items.has(id)) return this.items.get(id);
		return this.isWhole ? null : undefined;
	}

	/** @returns null if it is gone. @throws Failure if it could not be read */
	async item(id: string): Promise<LivingItem | null> {
		await this.readItems([id]);
		const found = this.known(id);
		if (isFailure(found)) throw found;
		return found ?? null;
	}

	/** Reads what is not known of these yet, twenty to a request. */
	async readItems(ids: readonly string[]): Promise<void> {
		const asked = [...new Set(ids)].filter((id) => this.known(id) === undefined);
		if (asked.length === 0) return;
		this.questions += asked.length;
		if (this.questions >= MANY_QUESTIONS && (await this.readAll())) return;
		const requests = asked.map((id): BatchRequest => ({ id, method: 'GET', path: `${itemPath(this.context, id)}?$select=${LIVING_SELECT}` }));
		for await (const answer of this.context.graph.batch(requests, signalOf(this.context))) {
			const result = batchResult(answer);
			if (result.ok) this.put(livingItem(result.body as GraphItem));
			else if (isFailure(result.failure, 'notFound')) this.items.set(answer.id, null);
			else if (isFailure(result.failure, 'cancelled')) throw result.failure;
			else this.items.set(answer.id, result.failure);
		}
	}

	/** Nobody will ask for these again: forgets what no listing holds. */
	release(ids: readonly string[]): void {
		for (const id of ids) {
			const known = this.items.get(id);
			if (known instanceof Failure || known === null || (known && !known.isMoving && !this.folders.get(known.parentId ?? '')?.isComplete)) this.items.delete(id);
		}
	}

	/**
	 * Reads the whole drive, page by page, unless it has more than may be held.
	 *
	 * @returns whether everything is known now.
	 */
	async readAll(): Promise<boolean> {
		if (this.isWhole || !this.mayReadAll) return this.isWhole;
		this.mayReadAll = false;
		const found = new Map<string, LivingItem>();
		let link: string | undefined;
		let rootId: string | undefined;
		try {
			do {
				const cursor = link === undefined ? { kind: 'start' as const, path: `${this.context.drivePath}/root/delta?$select=${LIVING_SELECT}` } : { kind: 'link' as const, url: link };
				const page = await this.context.graph.delta<GraphItem>(cursor, { maxPageSize: PAGE, ...signalOf(this.context) });
				if (page.resync) return false;
				for (const json of page.items) {
					if (json.deleted) found.delete(json.id);
					else found.set(json.id, livingItem(json));
					if (json.root) rootId = json.id;
				}
				if (found.size > MOST_ITEMS) return false;
				link = page.next;
			} while (link !== undefined);
		} catch (error) {
			// It only saves requests: whoever asks for one thing hears what is the matter.
			if (isFailure(toFailure(error), 'cancelled')) throw error;
			return false;
		}
		if (rootId === undefined) return false;
		// What this restore has done meanwhile is newer than what was read.
		for (const [id, item] of this.items) if (item && !(item instanceof Failure)) found.set(id, item);
		this.items.clear();
		for (const item of found.values()) if (item.isFolder) this.folder(item.id).isComplete = true;
		for (const item of found.values()) this.put(item);
		this.isWhole = true;
		return true;
	}

	/** Makes sure that these names of a folder are known, by the fewer requests. */
	async readNames(folderId: string, names: readonly string[]): Promise<void> {
		const folder = this.folder(folderId);
		const unknown = [...new Set(names)].filter((name) => !folder.knows(name));
		if (unknown.length === 0) return;
		const count = this.countOf(folderId);
		if (count === 0) {
			folder.isComplete = true;
			return;
		}
		folder.questions += unknown.length;
		const pages = Math.ceil(((count ?? 0) + 1) / PAGE);
		// A page counts twice in resource units and is long; a folder that does not fit is never listed.
		if (folder.questions >= QUESTIONS_A_PAGE * pages && (count ?? 0) < MOST_ITEMS) {
			await this.list(folderId);
			return;
		}
		const requests = unknown.map((name): BatchRequest => ({ id: name, method: 'GET', path: `${childPath(this.context, folderId, name)}:?$select=${LIVING_SELECT}` }));
		for await (const answer of this.context.graph.batch(requests, signalOf(this.context))) {
			const result = batchResult(answer);
			if (result.ok) this.put(livingItem(result.body as GraphItem));
			else if (isFailure(result.failure, 'notFound')) folder.missing(answer.id);
			else throw result.failure;
		}
	}

	/** Reads everything that a folder has. */
	async list(folderId: string): Promise<void> {
		const folder = this.folder(folderId);
		if (folder.isComplete) return;
		folder.listing ??= this.readChildren(folderId, folder).finally(() => (folder.listing = undefined));
		await folder.listing;
	}

	/** Reads everything that a folder has, where one page holds it. */
	async listIfSmall(folderId: string): Promise<void> {
		const count = this.countOf(folderId);
		if (count !== undefined && count < PAGE) await this.list(folderId);
	}

	private async readChildren(folderId: string, folder: FolderView): Promise<void> {
		const path = `${itemPath(this.context, folderId)}/children?$top=${PAGE}&$select=${LIVING_SELECT}`;
		for await (const page of this.context.graph.pages<GraphItem>({ path, ...signalOf(this.context) })) {
			for (const json of page) this.put(livingItem(json));
		}
		folder.isComplete = true;
	}

	private countOf(folderId: string): number | undefined {
		const known = this.items.get(folderId);
		return known && !(known instanceof Failure) ? known.childCount : undefined;
	}

	/** What is known by this name in a folder. Names have to be read first. */
	child(folderId: string, name: string): LivingItem | undefined {
		return this.folders.get(folderId)?.child(name);
	}

	/** Copies beside something of this name, as far as they are known. */
	copies(folderId: string, name: string): LivingItem[] {
		return this.folders.get(folderId)?.copies(name) ?? [];
	}

	/** Something new stands there; an empty folder has nothing in it that would have to be read. */
	made(item: LivingItem): void {
		this.put(item);
		if (item.isFolder) this.folder(item.id).isComplete = true;
	}

	/** It has another content, name or place. */
	changed(item: LivingItem, to: Partial<LivingItem>): void {
		this.folders.get(item.parentId ?? '')?.remove(item);
		Object.assign(item, to, { isTouched: true });
		this.items.set(item.id, item);
		this.folders.get(item.parentId ?? '')?.put(item);
	}

	/** A name that was only claimed is free again. */
	forget(item: LivingItem): void {
		this.folders.get(item.parentId ?? '')?.remove(item);
		this.items.delete(item.id);
	}

	/** Forgets folders that were not needed for longest, but none of these. */
	trim(needed: ReadonlySet<string>): void {
		if (this.items.size <= MOST_ITEMS) return;
		for (const [folderId, folder] of this.folders) {
			if (this.items.size <= MOST_ITEMS) return;
			if (needed.has(folderId) || folder.isBusy()) continue;
			for (const child of folder.children()) if (!child.isFolder) this.items.delete(child.id);
			this.folders.delete(folderId);
			this.isWhole = false;
		}
	}

	/** To be called for what is needed next. */
	folder(folderId: string): FolderView {
		const known = this.folders.get(folderId);
		if (known) this.folders.delete(folderId);
		const folder = known ?? new FolderView();
		this.folders.set(folderId, folder);
		return folder;
	}

	/** One object for each item: whoever decides about it holds it while others read on. */
	private put(read: LivingItem): void {
		const before = this.items.get(read.id);
		let item = read;
		if (before && !(before instanceof Failure)) {
			// What this restore has done stands, whatever an answer that was on its way says.
			if (before.claimedBy !== undefined || before.isTouched) return;
			this.folders.get(before.parentId ?? '')?.remove(before);
			item = Object.assign(before, read);
		}
		this.items.set(item.id, item);
		if (item.parentId !== undefined) this.folder(item.parentId).put(item);
	}

	/** Anew. @param path of one item. @throws Failure `notFound` */
	async ask(path: string): Promise<LivingItem> {
		const item = livingItem(await this.context.graph.json<GraphItem>({ path: `${path}?$select=${LIVING_SELECT}`, ...signalOf(this.context) }));
		this.put(item);
		return item;
	}
}
