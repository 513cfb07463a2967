import type { ILoadOptionsFunctions, INodeListSearchResult, INodeProperties } from 'n8n-workflow';
import { Failure } from '../base/failure';
import { repositoryForPicker, type Repository, type SnapshotRecord } from '../connect/repository';
import { searchSnapshot } from '../engine/search';
import { fieldUse, matching, picked, type FieldUse } from './field';
import { resolveSnapshot } from './snapshot';
import { resolveSource } from './source';

const pageLength = 200;

/** A folder of the chosen snapshot. */
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
				placeholder: 'e.g. Inbox/Projects',
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
}

/** The list behind the field: the folders of the chosen snapshot, by path. */
export async function searchFolders(
	this: ILoadOptionsFunctions,
	filter?: string,
	paginationToken?: string,
): Promise<INodeListSearchResult> {
	const repository = await repositoryForPicker.call(this);
	const source = await resolveSource(repository, this.getCurrentNodeParameter('source'));
	if (!source) return { results: [] };
	const { snapshot } = await resolveSnapshot(repository, source.key, this.getCurrentNodeParameter('snapshot'), this.getTimezone());
	const folders = matching(await foldersOf(repository, snapshot), filter, ({ path }) => path);
	const start = Number(paginationToken ?? 0);
	const end = start + pageLength;
	return {
		results: folders.slice(start, end).map(({ id, path }) => ({ name: path, value: id })),
		...(end < folders.length ? { paginationToken: String(end) } : {}),
	};
}

/** The id of the folder that the parameter names; null if it is empty. Failure notFound: the snapshot has none such. */
export async function resolveFolder(repository: Repository, snapshot: SnapshotRecord, raw: unknown): Promise<string | null> {
	const { mode, value } = picked(raw);
	if (value === '') return null;
	if (mode === 'list') return value;
	const folders = await foldersOf(repository, snapshot);
	const byId = folders.find(({ id, role }) => id === value || role === value.toLowerCase());
	if (byId) return byId.id;
	const wanted = value.replace(/^\/+|\/+$/g, '').toLocaleLowerCase();
	const byPath = folders.find(({ path }) => path.toLocaleLowerCase() === wanted);
	if (byPath) return byPath.id;
	throw new Failure('notFound', `The snapshot has no folder "${value}"`, {
		nextStep: 'Pick a folder from the list, or give its whole path, e.g. Inbox/Projects.',
	});
}

async function foldersOf(repository: Repository, snapshot: SnapshotRecord): Promise<SnapshotFolder[]> {
	const folders: SnapshotFolder[] = [];
	for await (const found of searchSnapshot(repository, snapshot, { types: ['folder'] }, {})) {
		folders.push({ id: found.id, role: found.meta['role'], path: found.folderPath === '' ? found.name : `${found.folderPath}/${found.name}` });
	}
	return folders.sort((a, b) => a.path.localeCompare(b.path));
}
