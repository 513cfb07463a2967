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
			for await (const { part, items } of runsOfOnePart(request.items, partOf)) {
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

interface PartRun<P extends string> {
	part: P | undefined;
	/** To be read to its end, or given up, before the next run is asked for. */
	items: AsyncIterable<RestorableItem>;
}

/** Cuts a stream wherever the part changes, without holding more than one item. */
async function* runsOfOnePart<P extends string>(items: AsyncIterable<RestorableItem>, partOf: (id: string) => P | undefined): AsyncGenerator<PartRun<P>> {
	const iterator = items[Symbol.asyncIterator]();
	let next = await iterator.next();
	const itemsOf = async function* (part: P | undefined): AsyncGenerator<RestorableItem> {
		while (!next.done && partOf(next.value.id) === part) {
			const item = next.value;
			next = await iterator.next();
			yield item;
		}
	};
	try {
		while (!next.done) {
			const part = partOf(next.value.id);
			const run = itemsOf(part);
			yield { part, items: run };
			// What a restorer did not take.
			for await (const _rest of run);
		}
	} finally {
		await iterator.return?.();
	}
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
