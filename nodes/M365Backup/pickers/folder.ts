import type { ILoadOptionsFunctions, INodeListSearchResult, INodeProperties } from 'n8n-workflow';
import { Failure } from '../base/failure';
import { folded } from '../base/folded';
import { repositoryForPicker, type Repository, type SnapshotRecord } from '../connect/repository';
import { searchSnapshot } from '../engine/search';
import { fieldUse, matching, pageOf, picked, type FieldUse } from './field';
import { isAll, resolveSnapshot } from './snapshot';
import { resolveSource } from './source';

const pageLength = 200;

/** A folder of the chosen snapshot: a mail folder, calendar, contact folder or task list; a folder of files; a library, list or subsite. */
export function folderField(use: FieldUse): INodeProperties {
	return {
		...fieldUse(use),
		type: 'resourceLocator',
		default: { mode: 'list', value: '' },
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				placeholder: 'Select a folder…',
				typeOptions: { searchListMethod: 'searchFolders', searchable: true, skipCredentialsCheckInRLC: true },
			},
			{
				displayName: 'By Path',
				name: 'path',
				type: 'string',
				placeholder: 'e.g. Inbox/Projects, Calendars/Work or Documents/2026',
			},
			{
				displayName: 'By ID',
				name: 'id',
				type: 'string',
				placeholder: 'e.g. mail/AAMkAGI2…',
			},
		],
	};
}

interface SnapshotFolder {
	id: string;
	path: string;
	/** Graph's well-known name, e.g. `inbox`, whatever the mailbox's language. */
	role: unknown;
	/** `calendar`, `taskList`, `library`, `list` …; mail folders have none. */
	kind: unknown;
}

/** How the list names what is no mail folder; the folder at the top of a part stands for all of it. */
const kindNames = new Map<unknown, string>([
	['root', 'everything in it'],
	['calendarGroup', 'calendar group'],
	['calendar', 'calendar'],
	['contactFolder', 'contact folder'],
	['taskList', 'task list'],
	['library', 'library'],
	['list', 'list'],
	['pages', 'pages'],
	['site', 'subsite'],
	['notebook', 'notebook'],
]);

/** The list behind the field: folders, calendars and lists of the chosen snapshot, by path. */
export async function searchFolders(
	this: ILoadOptionsFunctions,
	filter?: string,
	paginationToken?: string,
): Promise<INodeListSearchResult> {
	const repository = await repositoryForPicker.call(this);
	const source = await resolveSource(repository, this.getCurrentNodeParameter('source'));
	if (!source) return { results: [] };
	const chosen = this.getCurrentNodeParameter('snapshot');
	const { snapshot } = await resolveSnapshot(repository, source.key, isAll(chosen) ? '' : chosen, this.getTimezone());
	const folders = matching(await foldersOf(repository, snapshot), filter, ({ path }) => path);
	const { page, next } = pageOf(folders, paginationToken, pageLength);
	return { results: page.map((folder) => ({ name: listedName(folder), value: folder.id })), ...next };
}

function listedName({ path, kind }: SnapshotFolder): string {
	const shown = kindNames.get(kind);
	return shown === undefined ? path : `${path} (${shown})`;
}

/** The id of the folder that the parameter names; null if it is empty. Failures: notFound (the snapshot has none such), invalid (two of one path). */
export async function resolveFolder(repository: Repository, snapshot: SnapshotRecord, raw: unknown): Promise<string | null> {
	const { mode, value } = picked(raw);
	if (value === '') return null;
	if (mode === 'list') return value;
	const folders = await foldersOf(repository, snapshot);
	const byId = folders.find(({ id, role }) => id === value || role === value.toLowerCase());
	if (byId) return byId.id;
	const wanted = folded(value.replace(/^\/+|\/+$/g, ''));
	const [byPath, ...others] = folders.filter(({ path }) => folded(path) === wanted);
	if (byPath && others.length > 0) {
		throw new Failure('invalid', `The snapshot has ${others.length + 1} folders "${value}"`, {
			nextStep: `Pick one from the list, or give its ID: ${[byPath, ...others].map(({ id }) => id).join(', ')}.`,
		});
	}
	if (byPath) return byPath.id;
	throw new Failure('notFound', `The snapshot has no folder "${value}"`, {
		nextStep: 'Pick a folder from the list, or give its whole path, e.g. Inbox/Projects or Documents/2026.',
	});
}

async function foldersOf(repository: Repository, snapshot: SnapshotRecord): Promise<SnapshotFolder[]> {
	const folders: SnapshotFolder[] = [];
	for await (const found of searchSnapshot(repository, snapshot, { types: ['folder'] }, {})) {
		const { role, kind } = found.meta;
		folders.push({ id: found.id, role, kind, path: found.folderPath === '' ? found.name : `${found.folderPath}/${found.name}` });
	}
	// Mail folders first; the others stand together below the top folder of their part.
	return folders.sort((a, b) => Number(a.kind !== undefined) - Number(b.kind !== undefined) || a.path.localeCompare(b.path));
}
