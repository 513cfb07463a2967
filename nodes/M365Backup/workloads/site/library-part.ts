import type { JsonObject } from '../../base/json';
import { driveWorkload } from '../drive/drive';
import type { Part } from '../join-parts';
import type { ChangePage, EnumerationInput } from '../workload';
import type { ListInfo } from './list-info';
import { containerChange, containerPrint, listTitle } from './list-info';
import type { People } from './people';
import type { SiteRun } from './site-run';
import { rootOf } from './site-run';

/** Where a library's links stand in the cursor: those of its drive, and of its columns. */
export function libraryLinks({ scope }: Pick<ListInfo, 'scope'>): string[] {
	return [scope, `${scope}/columns`];
}

/** A library: its files as the drive workload gives them. */
export function libraryPart(run: SiteRun, info: ListInfo, _people: People): Part {
	const { scope, web } = info;
	const { permissions, versions, excludePaths, maxFileBytes } = run.options;
	const title = listTitle(info);
	const drive = driveWorkload({
		graph: run.graph,
		driveId: info.driveId ?? '',
		ambient: run.ambient,
		scope,
		title,
		top: { id: rootOf(scope) },
		topPath: [...web.path, info.name],
		...(excludePaths ? { excludePaths } : {}),
		...(maxFileBytes === undefined ? {} : { maxFileBytes }),
		...(permissions === undefined ? {} : { permissions }),
		...(versions === undefined ? {} : { versions }),
	});
	let own: JsonObject = {};

	async function* enumerate(input: EnumerationInput): AsyncGenerator<ChangePage> {
		const notes = (input.notes[scope] ?? {}) as JsonObject;
		own = {};
		const print = containerPrint(info);
		const stored = input.isFirst ? undefined : await storedPrint(notes, input);
		own['print'] = print;
		if (stored !== print) yield { changes: [containerChange(info, stored === undefined)] };
		yield* drive.enumerate({ ...input, notes: (notes['drive'] ?? {}) as JsonObject });
	}

	async function storedPrint(notes: JsonObject, input: EnumerationInput): Promise<string | undefined> {
		if (typeof notes['print'] === 'string' && input.isInDoubt !== true) return notes['print'];
		const root = (await input.known.lookUp([rootOf(scope)])).get(rootOf(scope));
		return root ? (root.etag ?? '') : undefined;
	}

	return {
		scope,
		title,
		enumerate,
		fetch: (requests, signal) => drive.fetch(requests, signal),
		confirmMissing: (ids, known, signal) => drive.confirmMissing(ids, known, signal),
		notes: (): JsonObject => ({ [scope]: { ...own, drive: drive.notes() } }),
	};
}
