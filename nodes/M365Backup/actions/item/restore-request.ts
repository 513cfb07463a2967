import type { IExecuteFunctions } from 'n8n-workflow';
import { Failure } from '../../base/failure';
import type { Repository, SnapshotRecord } from '../../connect/repository';
import type { RestoreOptions, RestoreSelection } from '../../engine/restore';
import type { SearchQuery } from '../../engine/search';
import { resolveFolder } from '../../pickers/folder';
import { commaList } from '../comma-list';
import { readQuery } from './read-query';

export const maxItemIds = 500;

export type RestoreMode = RestoreOptions['mode'];


/**
 * Preview or Restore. Failure denied: an AI agent may only preview, since it acts on text that others have written,
 * unless whoever built the workflow allows it.
 */
export function restoreMode(this: IExecuteFunctions, itemIndex: number): RestoreMode {
	const mode = this.getNodeParameter('mode', itemIndex, 'preview') as string;
	if (mode === 'preview') return 'preview';
	if (mode !== 'restore') {
		throw new Failure('invalid', `There is no mode "${mode}"`, { nextStep: 'Set Mode to Preview or Restore.' });
	}
	if (this.isToolExecution() && this.getNodeParameter('options.allowTool', itemIndex, false) !== true) {
		throw new Failure('denied', 'An AI agent may not restore with this node, only preview', {
			nextStep: 'Whoever builds the workflow can turn on the option Allow AI Agents to Restore.',
		});
	}
	return 'restore';
}

/** What to restore, for all selections but Input Items. Failures: invalid (nothing or too much named), notFound (folder). */
export async function restoreSelection(
	this: IExecuteFunctions,
	repository: Repository,
	snapshot: SnapshotRecord,
	itemIndex: number,
): Promise<RestoreSelection> {
	const selection = this.getNodeParameter('selection', itemIndex) as string;
	switch (selection) {
		case 'everything':
			return { kind: 'everything' };
		case 'folder':
			return {
				kind: 'folder',
				folderId: (await resolveFolder(repository, snapshot, this.getNodeParameter('folder', itemIndex))) ?? refuseEmpty('Folder to Restore'),
				includeSubfolders: this.getNodeParameter('includeSubfolders', itemIndex, true) as boolean,
			};
		case 'search':
			return { kind: 'search', query: narrowing(readQuery.call(this, itemIndex)) };
		case 'ids':
			return { kind: 'ids', ids: checkedIds(commaList(this.getNodeParameter('itemIds', itemIndex, ''))) };
		default:
			throw new Failure('invalid', `There is no selection "${selection}"`, { nextStep: 'Choose Restore What anew.' });
	}
}

/**
 * Refuses a search that finds everything: most likely an expression gave an empty text, and a whole mailbox would be
 * restored by mistake.
 */
function narrowing(query: SearchQuery): SearchQuery {
	const { types: _types, includeSubfolders: _includeSubfolders, ...conditions } = query;
	if (Object.keys(conditions).length > 0) return query;
	throw new Failure('invalid', 'The search has no condition, so it would find everything', {
		nextStep: 'Add a condition to Search, or set Restore What to Everything.',
	});
}

/** Between 1 and 500 different ids. */
export function checkedIds(ids: readonly string[], parameter = 'Item IDs'): string[] {
	const different = [...new Set(ids)].filter((id) => id !== '');
	if (different.length === 0) refuseEmpty(parameter);
	if (different.length > maxItemIds) {
		throw new Failure('invalid', `${different.length} item IDs are too many`, {
			nextStep: `Give at most ${maxItemIds} at a time, or restore by folder or search.`,
		});
	}
	return different;
}

/** Where to. Failure invalid: no folder named. */
export function restoreDestination(this: IExecuteFunctions, itemIndex: number): RestoreOptions['destination'] {
	if (this.getNodeParameter('destination', itemIndex, 'original') === 'original') return { kind: 'original' };
	const path = (this.getNodeParameter('targetFolder', itemIndex, '') as string)
		.split('/')
		.map((part) => part.trim())
		.filter((part) => part !== '');
	return path.length === 0 ? refuseEmpty('Target Folder') : { kind: 'folder', path };
}

function refuseEmpty(parameter: string): never {
	throw new Failure('invalid', `${parameter} is empty`, { nextStep: `Fill in the parameter ${parameter}.` });
}
