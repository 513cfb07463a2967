import { Failure } from '../../base/failure';
import type { JsonObject } from '../../base/json';
import { driveWorkload } from '../drive/drive';
import type { Part } from '../join-parts';
import type { Change, ChangePage, EnumerationInput, KnownItem, ListingNews } from '../workload';
import { FileIds } from './file-ids';
import { columnsLink, LibraryColumns } from './library-columns';
import type { ListInfo } from './list-info';
import { containerChange, containerPrint, listTitle } from './list-info';
import type { People } from './people';
import type { SiteRun } from './site-run';
import { rootOf } from './site-run';

/** Where all of a library's links stand in the cursor: those of its drive, and of its columns. */
export function libraryLinks({ scope }: Pick<ListInfo, 'scope'>): string[] {
	return [scope, columnsLink({ scope })];
}

/** A library: its files as the drive workload gives them, and what they have in its columns. */
export function libraryPart(run: SiteRun, info: ListInfo, people: People): Part {
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
		...(excludePaths ? { excludePaths: pathsInLibrary(excludePaths, info.name) } : {}),
		...(maxFileBytes === undefined ? {} : { maxFileBytes }),
		...(permissions === undefined ? {} : { permissions }),
		...(versions === undefined ? {} : { versions }),
	});
	const ids = new FileIds(run, info);
	const columns = new LibraryColumns(run, info, people, ids);
	let own: JsonObject = {};

	async function* enumerate(input: EnumerationInput): AsyncGenerator<ChangePage> {
		if (info.driveId === undefined) throw new Failure('notFound', `Microsoft Graph knows no drive behind the library "${title}"`);
		const notes = (input.notes[scope] ?? {}) as JsonObject;
		own = {};
		const print = containerPrint(info);
		const stored = input.isFirst ? undefined : await storedPrint(notes, input);
		own['print'] = print;
		if (stored !== print) yield { changes: [containerChange(info, stored === undefined)] };
		for await (const page of drive.enumerate({ ...input, notes: (notes['drive'] ?? {}) as JsonObject })) {
			yield { ...page, changes: await withColumns(page.changes, input), ...(page.listings ? { listings: page.listings.map(withRoot) } : {}) };
		}
		yield* columns.enumerate(input, notes);
		ids.forget();
	}

	/** The container is no item of the drive, but stands in its scope. */
	function withRoot(news: ListingNews): ListingNews {
		return news.parent === scope ? { ...news, seen: [rootOf(scope), ...news.seen] } : news;
	}

	/** A file's line is written whole when its content changes: what it has in columns goes on holding until they tell otherwise. */
	async function withColumns(changes: Change[], input: EnumerationInput): Promise<Change[]> {
		if (changes.length === 0) return changes;
		const before = input.isFirst ? new Map<string, KnownItem>() : await input.known.lookUp(changes.map(({ id }) => id));
		ids.note(changes, before);
		return changes.map((change) => {
			const meta = before.get(change.id)?.meta;
			if (change.kind !== 'item' || meta?.['columns'] === undefined) return change;
			return { ...change, meta: { columns: meta['columns'], ...(meta['people'] === undefined ? {} : { people: meta['people'] }), ...change.meta } };
		});
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
		notes: (): JsonObject => ({ [scope]: { ...own, ...columns.notes, drive: drive.notes() } }),
	};
}

/** Paths may begin with the library's name, as the folder tree shows them, or in the library itself: `Documents/Old`, `Old`. */
export function pathsInLibrary(paths: readonly string[], library: string): string[] {
	const prefix = `${library.toLowerCase()}/`;
	return paths.flatMap((path) => {
		const plain = path.replace(/^\/+|\/+$/g, '');
		if (plain.toLowerCase() === library.toLowerCase()) return [path, '**'];
		return plain.toLowerCase().startsWith(prefix) ? [path, plain.slice(prefix.length)] : [path];
	});
}
