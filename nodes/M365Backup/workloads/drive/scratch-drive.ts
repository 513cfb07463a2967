import type { GraphClient } from '../../graph/client';
import { lackedPermission } from '../lacked-permission';
import { removeForGood } from '../remove-for-good';
import type { DrillMarks, FoundThing, ItemComparison, RemovedTo, Scratch, ScratchThing } from '../scratch';
import type { RestorableItem } from '../restorer';
import { scopeOf } from '../scope-of';
import { whyGone } from '../why-gone';
import { compareFile } from './compare-file';
import type { GraphIdentitySet, GraphItem } from './graph-item';

export interface ScratchDriveOptions {
	graph: GraphClient;
	/** The drive that is restored into. */
	driveId: string;
	/** Application roles in the token, where they are known. */
	roles?: readonly string[];
}

type ListedItem = GraphItem & { createdBy?: GraphIdentitySet };

const SELECT = '$select=id,name,file,folder,createdBy,createdDateTime,parentReference&$top=200';

/** Reads back, compares and removes what a drill has restored into one drive. */
export function driveScratch({ graph, driveId, roles }: ScratchDriveOptions): Scratch {
	const drivePath = `/drives/${encodeURIComponent(driveId)}`;
	const pathOf = ({ id }: ScratchThing): string => `${drivePath}/items/${encodeURIComponent(id)}`;
	const children = async (path: string, signal: AbortSignal): Promise<ListedItem[]> => {
		const found: ListedItem[] = [];
		for await (const page of graph.pages<ListedItem>({ path: `${path}/children?${SELECT}`, signal })) found.push(...page);
		return found;
	};
	return {
		gone: (signal) => whyGone(graph, drivePath, 'The drive', signal),
		placeOf: scopeOf,
		notDrilled: () => undefined,
		lackedPermission: (type) => lackedPermission(roles, type),
		async compare(item: RestorableItem, thing: ScratchThing, said: readonly string[], signal: AbortSignal): Promise<ItemComparison> {
			return await compareFile(graph, pathOf(thing), item, said, signal);
		},
		async tops(place: string, scratchName: string, signal: AbortSignal): Promise<ScratchThing[]> {
			const top = await children(`${drivePath}/root`, signal);
			return top.filter((one) => one.file === undefined && one.name === scratchName).map((one) => thingOf(place, one, ''));
		},
		async within(folder: ScratchThing, marks: DrillMarks, signal: AbortSignal): Promise<FoundThing[]> {
			return (await children(pathOf(folder), signal)).map((one) => ({ ...thingOf(folder.place, one, folder.path), listId: folder.id, isMarked: marks.names.has(one.name ?? '') && isByApp(one) }));
		},
		remove: (thing: ScratchThing, signal: AbortSignal): Promise<RemovedTo> => removeForGood(graph, pathOf(thing), signal),
	};
}

function thingOf(place: string, one: ListedItem, above: string): ScratchThing {
	const name = one.name ?? '';
	return { place, kind: one.file === undefined ? 'folder' : 'item', id: one.id, name, path: above === '' ? name : `${above}/${name}` };
}

/** Where an application acted alone, the user beside it is "SharePoint App", who has no address. */
function isByApp({ createdBy }: ListedItem): boolean {
	return createdBy?.application !== undefined && createdBy.user?.email === undefined;
}
