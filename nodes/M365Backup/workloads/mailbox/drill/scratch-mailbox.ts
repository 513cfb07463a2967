import { Failure } from '../../../base/failure';
import type { Ambient } from '../../../base/ambient';
import type { GraphClient } from '../../../graph/client';
import { lackedPermission } from '../../lacked-permission';
import { removeForGood, removeToBin } from '../../remove-for-good';
import { whyGone } from '../../why-gone';
import type { RestorableItem } from '../../restorer';
import type { DrillMarks, FoundThing, ItemComparison, RemovedTo, Scratch, ScratchThing } from '../../scratch';
import { PART_TITLES, partOf, type MailboxPartName } from '../mailbox-part';
import { flatName } from '../restore/flat-name';
import { MARKER_EXPAND, markerOf, type MarkedMessage } from '../restore/marker';
import { compareContact } from './compare-contact';
import { compareEvent } from './compare-event';
import { compareMessage } from './compare-message';
import { compareTask } from './compare-task';

export interface ScratchMailboxOptions {
	graph: GraphClient;
	/** GUID of the mailbox that is restored into. */
	mailboxId: string;
	ambient: Ambient;
	/** Application roles in the token, where they are known. */
	roles?: readonly string[];
}

/** A folder or item as the lists of a part show it. */
interface Listed extends MarkedMessage {
	displayName?: string | null;
	name?: string | null;
	subject?: string | null;
	title?: string | null;
	createdDateTime?: string | null;
}

/** Where Graph keeps the things of one part, below the user's path. */
interface PartPaths {
	topFolders: string;
	/** Absent where folders cannot nest. */
	subfolders?: (folderId: string) => string;
	items: (folderId: string) => string;
	folder: (folderId: string) => string;
	item: (itemId: string, folderId: string | undefined) => string;
	/** To Do knows no permanentDelete. */
	isDeletedAtOnce?: true;
}

const id = encodeURIComponent;
const LISTED = '$top=100';
const MARKED = `$top=100&$expand=${MARKER_EXPAND}`;

const PATHS: Readonly<Record<Exclude<MailboxPartName, 'settings'>, PartPaths>> = {
	mail: {
		topFolders: `/mailFolders?$select=id,displayName&includeHiddenFolders=true&${LISTED}`,
		subfolders: (folder) => `/mailFolders/${id(folder)}/childFolders?$select=id,displayName&includeHiddenFolders=true&${LISTED}`,
		items: (folder) => `/mailFolders/${id(folder)}/messages?$select=id,subject&${MARKED}`,
		folder: (folder) => `/mailFolders/${id(folder)}`,
		item: (item) => `/messages/${id(item)}`,
	},
	calendar: {
		topFolders: `/calendars?$select=id,name&${LISTED}`,
		items: (folder) => `/calendars/${id(folder)}/events?$select=id,subject&${MARKED}`,
		folder: (folder) => `/calendars/${id(folder)}`,
		item: (item) => `/events/${id(item)}`,
	},
	contacts: {
		topFolders: `/contactFolders?$select=id,displayName&${LISTED}`,
		subfolders: (folder) => `/contactFolders/${id(folder)}/childFolders?$select=id,displayName&${LISTED}`,
		items: (folder) => `/contactFolders/${id(folder)}/contacts?$select=id,displayName&${MARKED}`,
		folder: (folder) => `/contactFolders/${id(folder)}`,
		item: (item) => `/contacts/${id(item)}`,
	},
	tasks: {
		topFolders: `/todo/lists?${LISTED}`,
		items: (folder) => `/todo/lists/${id(folder)}/tasks?${LISTED}`,
		folder: (folder) => `/todo/lists/${id(folder)}`,
		item: (item, folder) => `/todo/lists/${id(folder ?? '')}/tasks/${id(item)}`,
		isDeletedAtOnce: true,
	},
};

/** Reads back, compares and removes what a drill has restored into one mailbox. */
export function mailboxScratch({ graph, mailboxId, ambient, roles }: ScratchMailboxOptions): Scratch {
	const userPath = `/users/${id(mailboxId)}`;
	const pathOf = ({ place, kind, id: graphId, listId }: ScratchThing): string => `${userPath}${kind === 'folder' ? pathsOf(place).folder(graphId) : pathsOf(place).item(graphId, listId)}`;

	async function list(path: string, signal: AbortSignal): Promise<Listed[]> {
		const found: Listed[] = [];
		for await (const page of graph.pages<Listed>({ path: `${userPath}${path}`, signal })) found.push(...page);
		return found;
	}

	return {
		gone: (signal) => whyGone(graph, userPath, 'The user', signal),
		placeOf: (scopedId) => partOf(scopedId) ?? '',
		notDrilled: (type) => (type === 'setting' ? 'Settings and rules of a mailbox work as soon as they are there: Microsoft 365 has no place to try them out' : undefined),
		lackedPermission: (type) => lackedPermission(roles, type),
		async compare(item: RestorableItem, thing: ScratchThing, said: readonly string[], signal: AbortSignal): Promise<ItemComparison> {
			const path = pathOf(thing);
			switch (item.type) {
				case 'message':
					return await compareMessage(graph, path, item, said, signal);
				case 'event':
					return await compareEvent({ graph, userPath, ambient }, thing.id, item, said, signal);
				case 'contact':
					return await compareContact(graph, path, item, said, signal);
				case 'task':
					return await compareTask(graph, path, item, said, signal);
				default:
					throw new Failure('invalid', `Items of type ${item.type} cannot be compared`);
			}
		},
		async tops(place: string, scratchName: string, signal: AbortSignal): Promise<ScratchThing[]> {
			const { topFolders, subfolders } = pathsOf(place);
			// Calendars and task lists do not nest: theirs begin with the name.
			const isOwn = (name: string): boolean => (subfolders ? name === scratchName : name.startsWith(flatName([scratchName], '')));
			return (await list(topFolders, signal)).filter((one) => isOwn(nameOf(one))).map((one) => thingOf(place, 'folder', one, place === 'mail' ? [] : [PART_TITLES[place as MailboxPartName]]));
		},
		async within(folder: ScratchThing, marks: DrillMarks, signal: AbortSignal): Promise<FoundThing[]> {
			const { subfolders, items } = pathsOf(folder.place);
			const above = [folder.path];
			const found = (await list(items(folder.id), signal)).map((one): FoundThing => ({ ...thingOf(folder.place, 'item', one, above), listId: folder.id, isMarked: isMarked(folder.place, one, marks) }));
			const below = subfolders ? await list(subfolders(folder.id), signal) : [];
			return [...found, ...below.map((one): FoundThing => ({ ...thingOf(folder.place, 'folder', one, above), isMarked: marks.names.has(nameOf(one)) }))];
		},
		async remove(thing: ScratchThing, signal: AbortSignal): Promise<RemovedTo> {
			if (pathsOf(thing.place).isDeletedAtOnce !== true) return await removeForGood(graph, pathOf(thing), signal);
			await removeToBin(graph, pathOf(thing), signal);
			// Microsoft To Do has no bin.
			return 'forGood';
		},
	};
}

function pathsOf(place: string): PartPaths {
	if (place !== 'settings' && place in PATHS) return PATHS[place as keyof typeof PATHS];
	throw new Failure('defect', `A drill has no business in ${place}`);
}

/** Tasks take no mark: one that is younger than the drill and has a name of the sample is the drill's. */
function isMarked(place: string, one: Listed, marks: DrillMarks): boolean {
	if (place !== 'tasks') return marks.markerKeys.has(markerOf(one)?.key ?? '');
	return marks.names.has(nameOf(one)) && Date.parse(one.createdDateTime ?? '1970-01-01T00:00:00Z') >= marks.sinceMs;
}

function nameOf(one: Listed): string {
	return one.displayName ?? one.name ?? one.subject ?? one.title ?? '';
}

function thingOf(place: string, kind: ScratchThing['kind'], one: Listed, above: readonly string[]): ScratchThing {
	const name = nameOf(one);
	return { place, kind, id: one.id, name, path: [...above, name].join('/') };
}
