import type { IDisplayOptions, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { Failure } from '../base/failure';
import { connectGraph, type GraphClient } from '../connect/graph';
import { driveOfUser, findDrive, findLibrary, listLibraries, type DriveInfo } from '../graph/drives';
import { findSite } from '../graph/sites';
import { fieldUse, mailboxNameModes, picked, prefixed } from './field';
import { libraryField } from './library';
import { requireMailbox } from './mailbox';
import { namedSite, siteField } from './site';

export type { DriveInfo } from '../graph/drives';

interface DriveUse {
	/** Of an operation's target: `target`. */
	prefix?: 'target';
	/** `Drive` or `Target Drive`. */
	displayName: string;
	description: string;
	displayOptions?: IDisplayOptions;
}

/** A OneDrive, a library of a site, or any drive by its ID or URL. */
export function driveFields({ prefix, displayName, description, displayOptions }: DriveUse): INodeProperties[] {
	const named = (name: string): string => prefixed(prefix ?? '', name);
	const titled = (title: string): string => (prefix === undefined ? title : `Target ${title}`);
	const only = (kind: string): { displayOptions: IDisplayOptions } => ({
		displayOptions: { show: { ...displayOptions?.show, [named('driveOf')]: [kind] } },
	});
	return [
		{
			displayName,
			name: named('driveOf'),
			type: 'options',
			options: [
				{ name: 'By ID or URL', value: 'drive', description: 'Any OneDrive or document library, e.g. from Drive: Get Many' },
				{ name: 'Library of a Site', value: 'library', description: 'A document library of a SharePoint site' },
				{ name: 'OneDrive of a User', value: 'user', description: 'The files of one person' },
			],
			default: 'user',
			description,
			...(displayOptions ? { displayOptions } : {}),
		},
		{
			...fieldUse({ name: named('driveUser'), displayName: titled('User'), description: 'The user whose OneDrive it is', required: true, ...only('user') }),
			type: 'resourceLocator',
			default: { mode: 'list', value: '' },
			modes: [
				{
					displayName: 'From List',
					name: 'list',
					type: 'list',
					placeholder: 'Select a user…',
					typeOptions: { searchListMethod: 'searchMailboxes', searchable: true },
				},
				...mailboxNameModes,
			],
		},
		siteField({ name: named('driveSite'), displayName: titled('Site'), description: 'The site that the library belongs to', ...only('library') }),
		libraryField({
			name: named('library'),
			displayName: titled('Library'),
			description: 'The document library',
			searchListMethod: prefix === undefined ? 'searchLibraries' : 'searchTargetLibraries',
			...only('library'),
		}),
		{
			...fieldUse({ name: named('drive'), displayName: titled('Drive ID or URL'), description: 'The OneDrive or document library', required: true, ...only('drive') }),
			type: 'resourceLocator',
			default: { mode: 'id', value: '' },
			modes: [
				{ displayName: 'By ID', name: 'id', type: 'string', placeholder: 'e.g. b!t18F8ybsHUq1z3LTz8xvZqP8zaSWjkFNhsME…' },
				{ displayName: 'By URL', name: 'url', type: 'string', placeholder: 'e.g. https://contoso.sharepoint.com/sites/marketing/Shared Documents' },
			],
		},
	];
}

/** A drive as the user named it; `find` asks Microsoft. */
export interface NamedDrive {
	shown: string;
	find(graph: GraphClient): Promise<DriveInfo>;
}

/** What the fields name. Failure invalid if one is empty: refused before anything is sent. */
export function namedDrive(this: IExecuteFunctions, prefix: '' | 'target', itemIndex: number): NamedDrive {
	const parameter = (name: string): string => prefixed(prefix, name);
	const kind = this.getNodeParameter(parameter('driveOf'), itemIndex, 'user') as string;
	switch (kind) {
		case 'user': {
			const user = requireMailbox.call(this, parameter('driveUser'), itemIndex, 'user');
			return { shown: user, find: (graph) => driveOfUser(graph, user) };
		}
		case 'library': {
			const site = namedSite.call(this, parameter('driveSite'), itemIndex);
			const library = required.call(this, parameter('library'), itemIndex, 'No library was chosen', 'Choose a library from the list, or give its name, e.g. Documents.');
			return { shown: `${site.shown}/${library}`, find: async (graph) => findLibrary(graph, await site.find(graph), library) };
		}
		case 'drive': {
			const drive = required.call(this, parameter('drive'), itemIndex, 'No drive was named', 'Give its ID, which begins with b!, or its URL.');
			return { shown: drive, find: (graph) => findDrive(graph, drive) };
		}
		default:
			throw new Failure('invalid', `There is no sort of drive "${kind}"`, { nextStep: 'Choose Drive anew.' });
	}
}

function required(this: IExecuteFunctions, parameter: string, itemIndex: number, message: string, nextStep: string): string {
	const { value } = picked(this.getNodeParameter(parameter, itemIndex, ''));
	if (value === '') throw new Failure('invalid', message, { nextStep });
	return value;
}

/** The site that a parameter names, by its name, and its libraries. */
export async function findLibraries(this: IExecuteFunctions, siteParameter: string, itemIndex: number): Promise<{ site: string; libraries: DriveInfo[] }> {
	const { shown } = namedSite.call(this, siteParameter, itemIndex);
	const signal = this.getExecutionCancelSignal();
	const { graph } = await connectGraph.call(this, itemIndex, { priority: 'backup', ...(signal ? { signal } : {}) });
	const site = await findSite(graph, shown);
	return { site: site.name, libraries: await listLibraries(graph, site) };
}
