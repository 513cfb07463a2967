import type { Change, ChangePage, EnumerationInput, KnownItem } from '../workload';
import type { DriveContext } from './drive-context';
import { graphIdOf, scopedId } from './drive-context';
import type { DriveNotes } from './drive-notes';

/** Items of one question to the catalog, and of one page. */
const CHUNK = 500;

/**
 * What was in deleted folders goes with them. Whether delta tells of it one by one is documented nowhere; whatever was
 * taken out of a folder before is told by the same round. One pass over the catalog, no requests.
 *
 * @param recent what the round told of: it may not be in the catalog that the pass reads
 */
export async function* sweepGoneFolders(
	context: DriveContext,
	notes: DriveNotes,
	{ known }: EnumerationInput,
	recent: ReadonlyMap<string, string | undefined>,
): AsyncGenerator<ChangePage> {
	if (notes.goneFolders.size === 0) return;
	const gone = await foldersBelow(context, [...notes.goneFolders], known);
	const isInside = (item: KnownItem): boolean => item.parent !== undefined && gone.has(graphIdOf(item.parent));
	let chunk: string[] = [];
	const settle = async (): Promise<Change[]> => {
		// The pass shows the catalog as it was last committed; this run may have moved things since.
		const now = await known.lookUp(chunk);
		chunk = [];
		return [...now.values()].filter((item) => isInside(item) || gone.has(graphIdOf(item.id))).map(({ id }) => ({ kind: 'gone', id }));
	};
	for (const id of gone) chunk.push(scopedId(context, id));
	for (const [id, parent] of recent) if (parent !== undefined && gone.has(parent)) chunk.push(scopedId(context, id));
	for await (const item of known.ofType('file')) {
		if (!item.id.startsWith(`${context.scope}/`) || !isInside(item)) continue;
		chunk.push(item.id);
		if (chunk.length >= CHUNK) yield { changes: await settle() };
	}
	const changes = await settle();
	notes.goneFolders.clear();
	yield { changes };
}

/** The folders themselves and those that are still in them. */
async function foldersBelow(context: DriveContext, ids: readonly string[], known: EnumerationInput['known']): Promise<Set<string>> {
	const parents = new Map<string, string | undefined>();
	for await (const folder of known.ofType('folder')) {
		if (!folder.id.startsWith(`${context.scope}/`)) continue;
		const id = graphIdOf(folder.id);
		const now = context.folders.get(id);
		const parent = now ? now.parent : folder.parent === undefined ? undefined : graphIdOf(folder.parent);
		parents.set(id, parent);
	}
	const gone = new Set(ids);
	const alive = new Set<string | undefined>([undefined]);
	for (const start of parents.keys()) {
		const way: string[] = [];
		let at: string | undefined = start;
		while (at !== undefined && !gone.has(at) && !alive.has(at) && !way.includes(at)) {
			way.push(at);
			at = parents.get(at);
		}
		const isGone = at !== undefined && gone.has(at);
		for (const id of way) (isGone ? gone : alive).add(id);
	}
	return gone;
}
