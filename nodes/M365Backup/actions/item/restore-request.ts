import type { IExecuteFunctions } from 'n8n-workflow';
import { Failure } from '../../base/failure';
import type { RestoreOptions } from '../../engine/restore';
import { namedDrive, type NamedDrive } from '../../pickers/drive';
import { namedMailbox } from '../../pickers/mailbox';
import { namedSite, type NamedSite } from '../../pickers/site';
import { newFolderName } from './destination-fields';
import { refuseEmpty } from './read-selection';

/** Failure invalid: an expression gave something else. Never taken for one of the three, of which Replace takes things away. */
export function conflictPolicy(this: IExecuteFunctions, itemIndex: number): RestoreOptions['conflictPolicy'] {
	const policy: unknown = this.getNodeParameter('conflictPolicy', itemIndex, 'skip');
	if (policy === 'skip' || policy === 'replace' || policy === 'keepBoth') return policy;
	throw new Failure('invalid', `There is no conflict policy "${String(policy)}"`, { nextStep: 'Set If It Already Exists to Skip, Replace or Keep Both.' });
}

/** What is written to. `own`: what was backed up. */
export type TargetPlace = { kind: 'own' } | { kind: 'mailbox'; named: string } | { kind: 'drive'; named: NamedDrive } | { kind: 'site'; named: NamedSite };

/** Where to. */
export interface RestoreTarget {
	place: TargetPlace;
	destination: RestoreOptions['destination'];
}

/** Failure invalid: no folder, mailbox, drive or site named. */
export function restoreTarget(this: IExecuteFunctions, itemIndex: number): RestoreTarget {
	const where = this.getNodeParameter('destination', itemIndex, 'original') as string;
	if (where === 'original') return { place: { kind: 'own' }, destination: { kind: 'original' } };
	if (!['newFolder', 'elsewhere', 'drive', 'site'].includes(where)) {
		throw new Failure('invalid', `There is no destination "${where}"`, { nextStep: 'Choose Destination anew.' });
	}
	const path = targetPath.call(this, itemIndex);
	if (where === 'newFolder' && path.length === 0) refuseEmpty('Target Folder');
	return { place: placeOf.call(this, where, itemIndex), destination: path.length === 0 ? { kind: 'original' } : { kind: 'folder', path } };
}

function placeOf(this: IExecuteFunctions, where: string, itemIndex: number): TargetPlace {
	switch (where) {
		case 'elsewhere':
			return { kind: 'mailbox', named: namedMailbox.call(this, 'targetMailbox', itemIndex) ?? refuseEmpty('Target Mailbox') };
		case 'drive':
			return { kind: 'drive', named: namedDrive.call(this, 'target', itemIndex) };
		case 'site':
			return { kind: 'site', named: namedSite.call(this, 'targetSite', itemIndex, 'target site') };
		default:
			return { kind: 'own' };
	}
}

/** An empty text may be meant; what an expression gives as nothing never is: it would be the original places. */
function targetPath(this: IExecuteFunctions, itemIndex: number): string[] {
	const given: unknown = this.getNodeParameter('targetFolder', itemIndex, null);
	if (typeof given !== 'string' && typeof given !== 'number') return refuseEmpty('Target Folder');
	return String(given)
		.split('/')
		.map((part) => part.trim())
		.filter((part) => part !== '');
}

/**
 * What tells target folders of input items apart. The default names the minute, which may change between two items of
 * one run: they go to the folder of the first one all the same.
 */
export function targetFolderKey(this: IExecuteFunctions, itemIndex: number): string {
	if (this.getNodeParameter('destination', itemIndex, 'original') === 'original') return '';
	const { targetFolder: asWritten = newFolderName } = this.getNode().parameters;
	return asWritten === newFolderName ? newFolderName : JSON.stringify(targetPath.call(this, itemIndex));
}
