import type { IExecuteFunctions } from 'n8n-workflow';
import { Failure } from '../../base/failure';
import type { Repository, SnapshotRecord } from '../../connect/repository';
import type { RestoreSelection } from '../../engine/restore';
import { resolveFolder } from '../../pickers/folder';
import { resolveSnapshot, type ChosenSnapshot } from '../../pickers/snapshot';
import { commaList } from '../comma-list';
import { itemPartsAmong } from '../item-parts';

export const maxItemIds = 500;

/** What one snapshot holds, without a search: for the engine to select. */
export type SnapshotSelection = Exclude<RestoreSelection, { kind: 'search' }>;

/** Failures: invalid (nothing or too much named), notFound (folder). Not for Input Items and Search. */
export async function snapshotSelection(
	this: IExecuteFunctions,
	repository: Repository,
	snapshot: SnapshotRecord,
	itemIndex: number,
	shown: { selection: string; folder: string },
): Promise<SnapshotSelection> {
	const selection = this.getNodeParameter('selection', itemIndex) as string;
	switch (selection) {
		case 'everything':
			return { kind: 'everything' };
		case 'kind': {
			const parts = itemPartsAmong(this.getNodeParameter('kinds', itemIndex, []), snapshot.source.workload);
			return parts.length === 0 ? refuseEmpty('Kinds') : { kind: 'parts', parts };
		}
		case 'folder':
			return {
				kind: 'folder',
				folderId: (await resolveFolder(repository, snapshot, this.getNodeParameter('folder', itemIndex))) ?? refuseEmpty(shown.folder),
				includeSubfolders: this.getNodeParameter('includeSubfolders', itemIndex, true) as boolean,
			};
		case 'ids':
			return { kind: 'ids', ids: checkedIds(commaList(this.getNodeParameter('itemIds', itemIndex, ''))) };
		default:
			throw new Failure('invalid', `There is no selection "${selection}"`, { nextStep: `Choose ${shown.selection} anew.` });
	}
}

/** Between 1 and 500 different ids. */
export function checkedIds(ids: readonly string[], parameter = 'Item IDs'): string[] {
	const different = [...new Set(ids)].filter((id) => id !== '');
	if (different.length === 0) refuseEmpty(parameter);
	if (different.length > maxItemIds) {
		throw new Failure('invalid', `${different.length} item IDs are too many`, {
			nextStep: `Give at most ${maxItemIds} at a time, or choose a folder or a search.`,
		});
	}
	return different;
}

/** The id of the item that an input item stands for. Failure invalid if it is empty. */
export function inputItemId(this: IExecuteFunctions, itemIndex: number): string {
	const id: unknown = this.getNodeParameter('itemId', itemIndex, '');
	return checkedIds(typeof id === 'string' ? [id.trim()] : [], 'Item ID')[0] ?? '';
}

/** The snapshot that an input item names, as text; empty = the latest. Raw output of Get Many holds it as an object. */
export function itemSnapshot(this: IExecuteFunctions, itemIndex: number): string {
	const given: unknown = this.getNodeParameter('itemSnapshot', itemIndex, '');
	const id = typeof given === 'object' && given !== null && 'id' in given ? given.id : given;
	return typeof id === 'string' ? id.trim() : '';
}

/** The snapshot itself. Failure notFound. */
export function chosenItemSnapshot(this: IExecuteFunctions, repository: Repository, sourceKey: string, itemIndex: number): Promise<ChosenSnapshot> {
	return resolveSnapshot(repository, sourceKey, itemSnapshot.call(this, itemIndex), this.getTimezone());
}

export function inPieces<T>(values: readonly T[], length: number): T[][] {
	const pieces: T[][] = [];
	for (let start = 0; start < values.length; start += length) pieces.push(values.slice(start, start + length));
	return pieces;
}

export function refuseEmpty(parameter: string): never {
	throw new Failure('invalid', `${parameter} is empty`, { nextStep: `Fill in the parameter ${parameter}.` });
}
