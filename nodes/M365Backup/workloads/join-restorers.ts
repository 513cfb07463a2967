import { itemRuns } from './item-runs';
import type { RestorableFolder, RestorableItem, RestoreOutcome, Restorer, RestoreRequest } from './restorer';

export interface JoinRestorersOptions<P extends string> {
	types: readonly string[];
	/** Which part a scoped id belongs to. Items come sorted by id, so that those of a part should have ids that stand together. */
	partOf: (id: string) => P | undefined;
	/** Asked once a run of items; undefined: such items cannot be brought back. */
	restorerOf: (part: P) => Restorer | undefined;
	/** The order in which folders that were selected without any item are made; as they come if absent. */
	order?: readonly P[];
	/** Parts that are shown the folders of all others, too: what they restore names some of those. */
	seesAllFolders?: (part: P) => boolean;
}

/** Restorers of a source's parts as one. Each is given its own items, folders and selected folders. */
export function joinRestorers<P extends string>(options: JoinRestorersOptions<P>): Restorer {
	const { partOf, restorerOf } = options;
	const foldersOf = (request: RestoreRequest, part: P): { folders: Map<string, RestorableFolder>; selectedFolders: Set<string> } => ({
		folders: new Map([...request.folders].filter(([id]) => partOf(id) === part)),
		selectedFolders: new Set([...request.selectedFolders].filter((id) => partOf(id) === part)),
	});
	return {
		types: options.types,
		async *restore(request: RestoreRequest): AsyncGenerator<RestoreOutcome> {
			const waiting = waitingParts(request, options);
			for await (const { key: part, items } of itemRuns(request.items, partOf)) {
				const restorer = part === undefined ? undefined : restorerOf(part);
				if (part === undefined || !restorer) {
					for await (const item of items) yield unknownPart(item);
					continue;
				}
				const own = foldersOf(request, part);
				const selectedFolders = waiting.delete(part) ? own.selectedFolders : new Set<string>();
				const folders = options.seesAllFolders?.(part) === true ? request.folders : own.folders;
				yield* restorer.restore({ ...request, folders, selectedFolders, items });
			}
			for (const part of waiting) {
				const restorer = restorerOf(part);
				if (restorer) yield* restorer.restore({ ...request, ...foldersOf(request, part), items: noItems() });
			}
		},
	};
}

/** Parts of which folders were selected themselves. */
function waitingParts<P extends string>(request: RestoreRequest, { partOf, order }: JoinRestorersOptions<P>): Set<P> {
	const selected = new Set([...request.selectedFolders].flatMap((id) => partOf(id) ?? []));
	return order ? new Set(order.filter((part) => selected.has(part))) : selected;
}

async function* noItems(): AsyncGenerator<RestorableItem> {
	yield* await Promise.resolve([]);
}

function unknownPart(item: RestorableItem): RestoreOutcome {
	const { id, type, name, parent } = item;
	return {
		id,
		type,
		name,
		...(parent === undefined ? {} : { parent }),
		outcome: 'failed',
		targetPath: [],
		reason: `Items of type ${type} cannot be restored`,
		nextStep: 'Export it instead (Item: Export).',
		kind: 'invalid',
		fidelity: [],
	};
}
