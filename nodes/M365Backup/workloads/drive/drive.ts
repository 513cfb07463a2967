import type { JsonObject } from '../../base/json';
import type { Change, ChangePage, EnumerationInput, KnownItems, SourceSize, Workload } from '../workload';
import { decideItems, getItems, unanswered } from './decide-items';
import { isGone } from '../is-gone';
import { readDriveChanges } from './drive-changes';
import type { DriveContext } from './drive-context';
import { driveContext, graphIdOf, scopedId } from './drive-context';
import { DriveNotes } from './drive-notes';
import type { DriveOptions } from './drive-options';
import { fetchFiles } from './fetch-files';
import type { GraphItem } from './graph-item';
import { ITEM_SELECT } from './graph-item';
import { leftOutWarnings } from './left-out-warnings';
import { withPermissions } from './with-permissions';

export type { DriveOptions } from './drive-options';

/** Items that failed before, in one page: after a lost archive there may be thousands. */
const RETRY_PAGE = 200;

/** The files of one drive, a OneDrive or a document library, as the engine drives them. One instance serves one run. */
export function driveWorkload(options: DriveOptions): Workload {
	const context = driveContext(options);
	let notes: DriveNotes | undefined;
	return {
		async *enumerate(input: EnumerationInput): AsyncGenerator<ChangePage> {
			notes = DriveNotes.read(input.notes[context.scope]);
			notes.forgetUnwanted(context);
			context.folders.rootId = notes.rootId;
			yield { changes: [], scopes: [{ id: context.scope, name: context.title, state: 'complete' }] };
			yield* retryFailed(context, input);
			yield* readDriveChanges({ context, notes, input, ask: (ids) => askItems(context, ids, input.known, input.signal) });
			const warnings = [...leftOutWarnings(context), ...context.storedAnyway.rest()];
			if (warnings.length > 0) yield { changes: [], warnings };
		},
		fetch: (requests, signal) => fetchFiles(context, requests, signal),
		confirmMissing: async (ids, known, signal) => askItems(context, ids, known, signal),
		size: async (signal) => await sizeOf(context, signal),
		notes: (): JsonObject => (notes ? { [context.scope]: notes.write() } : {}),
	};
}

/** The root of a drive tells the bytes of all its files (driveItem resource: size). */
async function sizeOf({ graph, drivePath }: DriveContext, signal: AbortSignal): Promise<SourceSize> {
	const { size } = await graph.json<{ size?: number | null }>({ path: `${drivePath}/root?$select=id,size`, signal });
	return typeof size === 'number' ? { bytes: size } : {};
}

async function* retryFailed(context: DriveContext, input: EnumerationInput): AsyncGenerator<ChangePage> {
	const own = input.retry.filter((id) => id.startsWith(`${context.scope}/`));
	for (let start = 0; start < own.length; start += RETRY_PAGE) {
		yield { changes: await askItems(context, own.slice(start, start + RETRY_PAGE), input.known, input.signal) };
	}
}

/** What became of single items: gone, or what they are now. */
async function askItems(context: DriveContext, ids: readonly string[], known: KnownItems, signal: AbortSignal): Promise<Change[]> {
	const before = await known.lookUp(ids);
	const alive: GraphItem[] = [];
	const changes: Change[] = [];
	for await (const { id, item, failure } of getItems(context, ids.map(graphIdOf), ITEM_SELECT, signal)) {
		const prior = before.get(scopedId(context, id));
		if (item) alive.push(item);
		else if (isGone(failure)) changes.push({ kind: 'gone', id: scopedId(context, id) });
		else if (failure && prior) changes.push(unanswered(prior, failure));
	}
	const decided = await decideItems(context, alive, known, { versions: false }, signal);
	return [...changes, ...(await withPermissions(context, decided, signal)).changes];
}
