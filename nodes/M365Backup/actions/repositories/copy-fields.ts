import type { INodeProperties } from 'n8n-workflow';

/** By what name the repository remembers what this copy holds. */
export const targetField: INodeProperties = {
	displayName: 'Target Name',
	name: 'target',
	type: 'string',
	required: true,
	default: '',
	placeholder: 'e.g. google-drive',
	description:
		'Your name for the storage that the files are copied to. The repository remembers for each target which files it holds. Use the same name when you confirm.',
};

/** The same for Back Up's second output. */
export const outputTargetField: INodeProperties = targetField;

export const sizeLimitField: INodeProperties = {
	displayName: 'Size Limit (MB)',
	name: 'sizeLimitMb',
	type: 'number',
	typeOptions: { minValue: 1 },
	default: 500,
	description:
		'How much to output in one run. The rest comes in the next one. A single larger file is output by itself. n8n keeps the output with the execution, so this is also the disk space that a run takes.',
};
