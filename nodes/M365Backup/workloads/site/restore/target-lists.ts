import { Failure, isFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { RestorableFolder, RestoreOutcome } from '../../restorer';
import { flatName } from '../../mailbox/restore/flat-name';
import { columnsOf, type Column } from './column';
import { graphList, type GraphList } from './graph-list';
import { objectsIn, textIn } from './item-document';
import { ListMaker, mayNotAddColumns, mayNotMake } from './make-list';
import { missingColumns } from './list-schema';
import type { TargetList } from './target-list';
import { scopedId } from './scoped-id';
import { outcomeOf, signalOf, siteGone, sitePath, type SiteRestoreContext } from './site-restore-context';
import type { TargetSite, TargetSites } from './target-sites';

export function isLibraryTemplate(template: string): boolean {
	return /library$/i.test(template);
}

/**
 * Finds or makes the lists and libraries that items go into: the same list by its id, else one of that name, else a new
 * one with its columns. What each came to is remembered, failures too: a list is tried once.
 */
export class TargetLists {
	private readonly targets = new Map<string, Promise<TargetList>>();
	/** Being resolved: lists that look up each other. */
	private readonly underWay = new Set<string>();
	private readonly taken = new Set<string>();
	private readonly bySite = new Map<string, Promise<GraphList[]>>();
	private readonly late: (() => Promise<void>)[] = [];
	private readonly maker: ListMaker;

	constructor(
		private readonly context: SiteRestoreContext,
		private readonly sites: TargetSites,
		/** Told of each list that is made. */
		private readonly report: (outcome: RestoreOutcome) => void,
	) {
		this.maker = new ListMaker(context);
	}

	/**
	 * @param key Scoped id of the container
	 * @throws Failure if the list can neither be found nor made
	 */
	async target(key: string): Promise<TargetList> {
		return await this.resolved(key, true);
	}

	private async resolved(key: string, isToFill: boolean): Promise<TargetList> {
		const known = this.targets.get(key);
		if (known) return await known;
		this.underWay.add(key);
		const resolved = this.resolve(key, isToFill).finally(() => this.underWay.delete(key));
		// Whoever asks next gets the same failure.
		resolved.catch(() => undefined);
		this.targets.set(key, resolved);
		return await resolved;
	}

	/** Columns that look into lists which came later; to be called before items are written. */
	async finish(): Promise<void> {
		for (const work of this.late.splice(0)) await work();
	}

	/** The target of a list that others look into, unless it would have to be made for that alone. */
	async lookedUp(listGuid: string): Promise<TargetList | 'underWay' | undefined> {
		const folder = this.containerOf(listGuid);
		if (!folder) return undefined;
		if (this.underWay.has(folder.id)) return 'underWay';
		if (this.targets.has(folder.id) || this.context.selectedFolders.has(folder.id)) return await this.target(folder.id).catch(() => undefined);
		const site = await this.sites.of(folder);
		return (await this.find(site, folder)) ? await this.resolved(folder.id, false) : undefined;
	}

	private containerOf(listGuid: string): RestorableFolder | undefined {
		const { folders } = this.context;
		return folders.get(`list-${listGuid}/root`) ?? folders.get(`library-${listGuid}/root`);
	}

	/** @param isToFill items go into it, which may need columns that it lacks; otherwise they only point to what is in it */
	private async resolve(key: string, isToFill: boolean): Promise<TargetList> {
		const folder = this.context.folders.get(key);
		if (!folder) throw new Failure('notFound', 'The backup does not know the list that it was in', { nextStep: 'Export it instead (Item: Export).' });
		const site = await this.sites.of(folder);
		const found = await this.find(site, folder);
		if (!found) return await this.make(site, folder);
		this.taken.add(found.id);
		const list = await this.open(site, found.id);
		const target = this.targetOf(site, folder, list, false);
		const { first, lookups } = missingColumns(target.sourceColumns, list.columns);
		if (isToFill && first.length + lookups.length > 0 && (await this.mayAddColumns(target))) await this.addColumns(target);
		return target;
	}

	/** With Replace; and to a list that a restore had begun to make, which is empty and none of the user's. */
	private async mayAddColumns({ isOriginal, isLibrary, id, site }: TargetList): Promise<boolean> {
		if (this.context.policy === 'replace') return true;
		if (isOriginal || isLibrary || id === null) return false;
		const { value } = await this.context.graph.json<{ value: unknown[] }>({ path: `${sitePath(site.id)}/lists/${id}/items?$select=id&$top=1`, ...signalOf(this.context) });
		return value.length === 0;
	}

	private async addColumns(target: TargetList): Promise<void> {
		if (this.maker.lacksPermission()) throw mayNotAddColumns(target.path.at(-1) ?? '');
		const missing = missingColumns(target.sourceColumns, target.columns);
		target.newColumns = new Set([...missing.first, ...missing.lookups].map(({ name }) => name));
		if (this.context.preview) {
			target.columns = [...target.columns, ...missing.first, ...missing.lookups, ...missing.calculated];
			return;
		}
		await this.maker.addColumns(target, [...missing.first, ...missing.calculated]);
		await this.addLookups(target, missing.lookups);
		target.columns = (await this.open(target.site, target.id ?? '')).columns;
	}

	private async find(site: TargetSite, folder: RestorableFolder): Promise<GraphList | undefined> {
		const { destination } = this.context;
		const id = scopedId(folder.id);
		const isLibrary = id?.kind === 'library';
		const lists = await this.listsOf(site);
		if (site.isOriginal && (destination.kind === 'original' || isLibrary)) {
			const same = lists.find((list) => list.id === id?.guid);
			if (same) return same;
		}
		const name = await this.nameIn(site, folder);
		// Of the service's own lists only libraries are anybody's to fill: Site Assets.
		const free = lists.filter((list) => !this.taken.has(list.id) && (!list.isSystem || isLibrary));
		const urlName = isLibrary ? textIn(folder.meta, 'urlName') : undefined;
		const found =
			free.find(({ displayName }) => displayName === name) ??
			free.find(({ displayName }) => displayName.toLowerCase() === name.toLowerCase()) ??
			free.find((list) => urlName !== undefined && isLibraryTemplate(list.template) && list.urlName === urlName);
		if (found && isLibraryTemplate(found.template) !== isLibrary) {
			throw new Failure('conflict', `The site has a ${isLibrary ? 'list' : 'library'} named ${name} already`, {
				nextStep: `Rename it, or restore into another site${isLibrary ? '' : ' or folder'}.`,
			});
		}
		return found;
	}

	/** Its name, or another one where a list that is in the backup, too, is called so by now. */
	private async nameIn(site: TargetSite, folder: RestorableFolder): Promise<string> {
		const { destination, folders, held } = this.context;
		const id = scopedId(folder.id);
		const name = destination.kind === 'original' || id?.kind === 'library' ? folder.name : flatName(destination.path, folder.name);
		if (!site.isOriginal) return name;
		const same = (await this.listsOf(site)).find((list) => list.displayName.toLowerCase() === name.toLowerCase() && list.id !== id?.guid);
		if (!same) return name;
		const containers = [`list-${same.id}/root`, `library-${same.id}/root`];
		const isOfBackup = containers.some((one) => folders.has(one)) || (await held(containers)).size > 0;
		return isOfBackup ? `${name} (restored)` : name;
	}

	private async listsOf(site: TargetSite): Promise<GraphList[]> {
		const known = this.bySite.get(site.id) ?? this.readLists(site.id);
		this.bySite.set(site.id, known);
		return await known;
	}

	private async readLists(siteId: string): Promise<GraphList[]> {
		try {
			return await this.allLists(siteId);
		} catch (error) {
			throw isFailure(error, 'notFound') ? siteGone(error) : error;
		}
	}

	private async allLists(siteId: string): Promise<GraphList[]> {
		const lists: GraphList[] = [];
		for await (const page of this.context.graph.pages<JsonObject>({ path: `${sitePath(siteId)}/lists?$select=id,name,displayName,list,system&$top=200`, ...signalOf(this.context) })) lists.push(...page.map(graphList));
		return lists;
	}

	private async open(site: TargetSite, listId: string): Promise<GraphList> {
		return graphList(await this.context.graph.json<JsonObject>({ path: `${sitePath(site.id)}/lists/${listId}?$expand=columns,contentTypes,drive`, ...signalOf(this.context) }));
	}

	private targetOf(site: TargetSite, folder: RestorableFolder, list: GraphList | null, isNew: boolean, name = list?.displayName ?? folder.name): TargetList {
		const id = scopedId(folder.id);
		const isLibrary = id?.kind === 'library';
		const source = columnsOf(objectsIn(folder.meta, 'columns'));
		return {
			key: folder.id,
			site,
			id: list?.id ?? null,
			...(isLibrary ? { driveId: list?.driveId ?? null } : {}),
			isLibrary,
			path: [...site.path, ...(isLibrary ? [] : ['Lists']), name],
			isOriginal: site.isOriginal && list !== null && list.id === id?.guid,
			isNew,
			columns: list?.columns ?? source,
			sourceColumns: source.length === 0 ? (list?.columns ?? []) : source,
			contentTypes: list?.contentTypes ?? objectsIn(folder.meta, 'contentTypes').map((type) => ({ id: textIn(type, 'id') ?? '', name: textIn(type, 'name') ?? '' })),
			notes: [],
		};
	}

	private async make(site: TargetSite, folder: RestorableFolder): Promise<TargetList> {
		const displayName = await this.nameIn(site, folder);
		const target = this.targetOf(site, folder, null, true, displayName);
		const missing = missingColumns(target.sourceColumns, null);
		if (this.maker.lacksPermission()) throw mayNotMake(displayName);
		if (this.context.preview) {
			this.maker.foresee(target, missing);
			for (const column of missing.lookups) if (!(await this.hasLookedUp(target, column))) this.maker.loseLookup(target, column);
		} else {
			const before = new Set((await this.listsOf(site)).map(({ id }) => id));
			const find = async (): Promise<{ id: string } | undefined> => (await this.readLists(site.id)).find((list) => list.displayName === displayName && !before.has(list.id));
			target.id = await this.maker.make(target, { displayName, meta: folder.meta, columns: missing.first, find });
			this.taken.add(target.id);
			await this.maker.addColumns(target, missing.calculated);
			await this.addLookups(target, missing.lookups);
			await this.maker.addContentTypes(target, objectsIn(folder.meta, 'contentTypes'));
			this.read(target, await this.open(site, target.id));
			await this.addRest(target);
		}
		this.report(outcomeOf({ ...folder, name: displayName }, 'folderCreated', target.path, { ...(target.id === null ? {} : { newId: target.id }), fidelity: target.notes }));
		return target;
	}

	/** What the template of the old list had, and the new one's has not. */
	private async addRest(target: TargetList): Promise<void> {
		const { first, calculated } = missingColumns(target.sourceColumns.filter(({ isOfTemplate }) => isOfTemplate), target.columns);
		if (first.length + calculated.length === 0) return;
		await this.maker.addColumns(target, [...first, ...calculated]);
		this.read(target, await this.open(target.site, target.id ?? ''));
	}

	private read(target: TargetList, list: GraphList): void {
		target.columns = list.columns;
		target.contentTypes = list.contentTypes;
		if (target.isLibrary) target.driveId = list.driveId ?? null;
	}

	private async hasLookedUp(target: TargetList, column: Column): Promise<boolean> {
		if (column.listId === scopedId(target.key)?.guid) return true;
		const other = await this.lookedUp(column.listId ?? '');
		return other === 'underWay' || other?.site.id === target.site.id;
	}

	private async addLookups(target: TargetList, columns: readonly Column[]): Promise<void> {
		for (const column of columns) {
			const guid = column.listId ?? '';
			const isOwn = guid === scopedId(target.key)?.guid;
			const other = isOwn ? target : await this.lookedUp(guid);
			if (other === 'underWay') {
				this.late.push(async () => {
					const later = await this.lookedUp(guid);
					await this.maker.addLookup(target, column, later === 'underWay' ? undefined : later?.id);
					this.read(target, await this.open(target.site, target.id ?? ''));
				});
			} else {
				// A lookup cannot leave its site.
				await this.maker.addLookup(target, column, other?.site.id === target.site.id ? other.id : undefined);
			}
		}
	}
}
