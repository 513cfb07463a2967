import { Failure } from '../../base/failure';
import type { JsonObject } from '../../base/json';
import type { GraphClient } from '../../graph/client';
import { driveScratch } from '../drive/scratch-drive';
import { lackedPermission } from '../lacked-permission';
import { flatName } from '../mailbox/restore/flat-name';
import { removeToBin } from '../remove-for-good';
import type { RestorableItem } from '../restorer';
import { scopeOf } from '../scope-of';
import type { DrillMarks, FoundThing, ItemComparison, RemovedTo, Scratch, ScratchThing } from '../scratch';
import { whyGone } from '../why-gone';
import { compareFileColumns, compareListItem } from './compare-list-item';
import { columnsOf } from './restore/column';
import { isObject, objectIn, objectsIn, textIn } from './restore/item-document';
import { scopedId } from './restore/scoped-id';
import { sitePath } from './restore/site-restore-context';

export interface ScratchSiteOptions {
	graph: GraphClient;
	/** Full id of the site: `host,site collection GUID,web GUID`. */
	siteId: string;
	/** What the backup says of each list and library (`meta` of `<scope>/root`), by scope. */
	containers: ReadonlyMap<string, JsonObject>;
	/** Application roles in the token, where they are known. */
	roles?: readonly string[];
}

const PAGES = 'A page that is made anew is published in the site, where everybody would see it: no place is apart enough to try it out';
const SITE = "A site's name and description cannot be set through Microsoft Graph";

/** Reads back, compares and removes what a drill has restored into one site: files of its libraries, items of its lists. */
export function siteScratch({ graph, siteId, containers, roles }: ScratchSiteOptions): Scratch {
	const containerOf = (place: string): JsonObject => containers.get(place) ?? {};
	const driveOf = (place: string): Scratch => {
		const driveId = textIn(containerOf(place), 'driveId');
		if (driveId === undefined) throw new Failure('notFound', 'The backup does not know the library');
		return driveScratch({ graph, driveId, ...(roles ? { roles } : {}) });
	};
	const isLibrary = (place: string): boolean => scopedId(`${place}/root`)?.kind === 'library';
	/** The list may be a subsite's. */
	const listsPath = (place: string): string => {
		const web = textIn(containerOf(place), 'web');
		return `${sitePath(web === undefined ? siteId : [...siteId.split(',').slice(0, -1), web].join(','))}/lists`;
	};
	const pages = async (path: string, signal: AbortSignal): Promise<JsonObject[]> => {
		const found: JsonObject[] = [];
		for await (const page of graph.pages<JsonObject>({ path, signal })) found.push(...page);
		return found;
	};

	return {
		gone: (signal) => whyGone(graph, sitePath(siteId), 'The site', signal),
		placeOf: scopeOf,
		notDrilled: (type) => (type === 'page' ? PAGES : type === 'site' ? SITE : undefined),
		lackedPermission: (type) => lackedPermission(roles, type),
		async unfit(place: string, signal: AbortSignal): Promise<string | undefined> {
			if (!isLibrary(place)) return undefined;
			const drive = textIn(containerOf(place), 'driveId') ?? '';
			const gone = await whyGone(graph, `/drives/${encodeURIComponent(drive)}`, 'Its library', signal);
			return gone === undefined ? undefined : `${gone}: a drill makes no libraries`;
		},
		async compare(item: RestorableItem, thing: ScratchThing, said: readonly string[], signal: AbortSignal): Promise<ItemComparison> {
			const container = containerOf(thing.place);
			const columns = columnsOf(objectsIn(container, 'columns'));
			if (isLibrary(thing.place)) {
				const ofFile = await driveOf(thing.place).compare(item, thing, said, signal);
				const stored = item.meta['columns'];
				if (!isObject(stored)) return ofFile;
				const path = `/drives/${encodeURIComponent(textIn(container, 'driveId') ?? '')}/items/${encodeURIComponent(thing.id)}`;
				const ofColumns = await compareFileColumns(graph, path, stored, columns, signal);
				return { differences: [...ofFile.differences, ...ofColumns.differences], notCompared: [...ofFile.notCompared, ...ofColumns.notCompared] };
			}
			return await compareListItem(graph, `${listsPath(thing.place)}/${thing.listId ?? ''}`, thing.id, item, columns, signal);
		},
		async tops(place: string, scratchName: string, signal: AbortSignal): Promise<ScratchThing[]> {
			if (isLibrary(place)) return await driveOf(place).tops(place, scratchName, signal);
			const lists = await pages(`${listsPath(place)}?$select=id,displayName&$top=200`, signal);
			return lists.flatMap((list): ScratchThing[] => {
				const [id, name] = [textIn(list, 'id') ?? '', textIn(list, 'displayName') ?? ''];
				return name.startsWith(flatName([scratchName], '')) ? [{ place, kind: 'folder', id, name, path: `Lists/${name}` }] : [];
			});
		},
		async within(folder: ScratchThing, marks: DrillMarks, signal: AbortSignal): Promise<FoundThing[]> {
			if (isLibrary(folder.place)) return await driveOf(folder.place).within(folder, marks, signal);
			const items = await pages(`${listsPath(folder.place)}/${folder.id}/items?$expand=fields($select=Title)&$top=200`, signal);
			return items.map((item): FoundThing => {
				const id = textIn(item, 'id') ?? '';
				const name = textIn(objectIn(item, 'fields'), 'Title') ?? id;
				const isNew = Date.parse(textIn(item, 'createdDateTime') ?? '1970-01-01T00:00:00Z') >= marks.sinceMs;
				return { place: folder.place, kind: 'item', id, listId: folder.id, name, path: `${folder.path}/${name}`, isMarked: isNew && isByApp(item) };
			});
		},
		async remove(thing: ScratchThing, signal: AbortSignal): Promise<RemovedTo> {
			if (isLibrary(thing.place)) return await driveOf(thing.place).remove(thing, signal);
			const list = `${listsPath(thing.place)}/${thing.kind === 'folder' ? thing.id : (thing.listId ?? '')}`;
			// Lists and their items know no permanentDelete.
			return await removeToBin(graph, thing.kind === 'folder' ? list : `${list}/items/${thing.id}`, signal);
		},
	};
}

/** Where an application acted alone, the user beside it is "SharePoint App", who has no address. */
function isByApp(item: JsonObject): boolean {
	const by = objectIn(item, 'createdBy');
	return isObject(by['application']) && textIn(objectIn(by, 'user'), 'email') === undefined;
}
