import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { Failure } from '../../base/failure';

/** A repository file as an M365 Backup node put it out. */
export interface EmittedFile {
	fileName: string;
	sizeBytes?: number;
	sha256?: string;
}

/** What the storage node did with the files: it says which of our operations put them out. */
export type FileDeed = 'copied' | 'deleted';

/**
 * The file that an input item goes back to: many storage nodes drop the incoming json, so the item is followed through
 * n8n's item pairing to the nearest M365 Backup node above that puts out files for this.
 * Failure invalid: no such node above, no pairing, or one that leads to several files.
 */
export function nearestFile(this: IExecuteFunctions, itemIndex: number, deed: FileDeed): EmittedFile {
	const names = emittersAbove.call(this, deed);
	if (names.length === 0) {
		const emitter = deed === 'deleted' ? 'Get Files to Delete' : 'Get Files to Copy';
		throw new Failure('invalid', `There is no M365 Backup node above that puts out files to ${deed === 'deleted' ? 'delete' : 'copy'}`, {
			nextStep: `Put this node behind ${emitter} and the storage node, or set the option File Name.`,
		});
	}
	const data = this.getWorkflowDataProxy(itemIndex) as { $: (node: string) => { item?: INodeExecutionData } };
	let reason = 'n8n cannot say which file it stands for';
	for (const name of names) {
		try {
			const file = emittedFile(data.$(name).item?.json);
			if (file) return file;
			reason = `the item that it goes back to in "${name}" is no file of the repository`;
		} catch (error) {
			// n8n says so by throwing: not paired, several matches, another branch. A farther node may still be paired.
			if (error instanceof Error) reason = `n8n cannot follow it back to "${name}": ${error.message}`;
		}
	}
	throw new Failure('invalid', `This item was not confirmed: ${reason}`, {
		nextStep: 'Use a storage node that keeps item pairing, or set the option File Name.',
	});
}

/** M365 Backup nodes above that put out files for this, nearest first. */
function emittersAbove(this: IExecuteFunctions, deed: FileDeed): string[] {
	const node = this.getNode();
	const names: string[] = [];
	for (let depth = 1, before = 0; ; depth += 1) {
		const above = this.getParentNodes(node.name, { includeNodeParameters: true, depth });
		for (const parent of above) {
			if (parent.type === node.type && emitsFiles(parent.parameters, deed) && !names.includes(parent.name)) names.push(parent.name);
		}
		if (above.length === before) return names;
		before = above.length;
	}
}

function emitsFiles(parameters: IDataObject | undefined, deed: FileDeed): boolean {
	const operation = parameters?.['operation'];
	// Never the files to copy: where both stand above, a file would be forgotten that is still there.
	if (deed === 'deleted') return operation === 'getFilesToDelete';
	// Its other modes put out names of what is there already.
	if (operation === 'getFilesToCopy') return [undefined, 'new'].includes(parameters?.['mode'] as string | undefined);
	// `operation` is absent where it has its default, Back Up.
	return (operation === undefined || operation === 'backUp') && parameters?.['outputFilesToCopy'] === true;
}

function emittedFile(json: IDataObject | undefined): EmittedFile | undefined {
	if (typeof json?.['fileName'] !== 'string' || typeof json['sha256'] !== 'string') return undefined;
	return {
		fileName: json['fileName'],
		sha256: json['sha256'],
		...(typeof json['size'] === 'number' ? { sizeBytes: json['size'] } : {}),
	};
}
