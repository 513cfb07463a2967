import type { IExecuteFunctions } from 'n8n-workflow';
import { Failure } from '../../base/failure';
import type { RestoreOptions } from '../../engine/restore';
import { namedMailbox } from '../../pickers/mailbox';
import { newFolderName } from './destination-fields';
import { refuseEmpty } from './read-selection';

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

/** Failure invalid: an expression gave something else. Never taken for one of the three, of which Replace takes things away. */
export function conflictPolicy(this: IExecuteFunctions, itemIndex: number): RestoreOptions['conflictPolicy'] {
	const policy: unknown = this.getNodeParameter('conflictPolicy', itemIndex, 'skip');
	if (policy === 'skip' || policy === 'replace' || policy === 'keepBoth') return policy;
	throw new Failure('invalid', `There is no conflict policy "${String(policy)}"`, { nextStep: 'Set If It Already Exists to Skip, Replace or Keep Both.' });
}

/** Where to. */
export interface RestoreTarget {
	/** As the user names it; null: the mailbox that was backed up. */
	mailbox: string | null;
	destination: RestoreOptions['destination'];
}

/** Failure invalid: no folder or mailbox named. */
export function restoreTarget(this: IExecuteFunctions, itemIndex: number): RestoreTarget {
	const where = this.getNodeParameter('destination', itemIndex, 'original') as string;
	switch (where) {
		case 'original':
			return { mailbox: null, destination: { kind: 'original' } };
		case 'newFolder': {
			const path = targetPath.call(this, itemIndex);
			return path.length === 0 ? refuseEmpty('Target Folder') : { mailbox: null, destination: { kind: 'folder', path } };
		}
		case 'elsewhere': {
			const path = targetPath.call(this, itemIndex);
			return {
				mailbox: namedMailbox.call(this, 'targetMailbox', itemIndex) ?? refuseEmpty('Target Mailbox'),
				destination: path.length === 0 ? { kind: 'original' } : { kind: 'folder', path },
			};
		}
		default:
			throw new Failure('invalid', `There is no destination "${where}"`, { nextStep: 'Choose Destination anew.' });
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
