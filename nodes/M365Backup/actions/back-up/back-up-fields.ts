import type { INodeProperties } from 'n8n-workflow';
import type { SourceWords } from '../../pickers/source-words';
import { useAnywayOption } from '../../pickers/repository';
import { outputTargetField, sizeLimitField } from '../repositories/copy-fields';

/** Back Up's second output. */
export const fileOutputFields: INodeProperties[] = [
	{
		displayName: 'Output Files to Copy',
		name: 'outputFilesToCopy',
		type: 'boolean',
		noDataExpression: true,
		default: false,
		description:
			'Whether to add a second output with the backup files that are not yet copied elsewhere, ready for a storage node. Confirm them afterwards with Repository: Confirm Copied.',
	},
	{ ...outputTargetField, displayOptions: { show: { outputFilesToCopy: [true] } } },
	{ ...sizeLimitField, displayOptions: { show: { outputFilesToCopy: [true] } } },
];

/** The options that every Back Up has, and its own among them, by name. */
export function backUpOptions(words: SourceWords, own: readonly INodeProperties[]): INodeProperties[] {
	const sorted = [...commonOptions(words), ...own].sort((a, b) => a.displayName.localeCompare(b.displayName));
	return [...sorted, useAnywayOption];
}

function commonOptions({ one, many }: SourceWords): INodeProperties[] {
	return [
		{
			displayName: 'Always Record a Snapshot',
			name: 'alwaysRecord',
			type: 'boolean',
			default: false,
			description:
				'Whether to write a snapshot even if nothing has changed. Without it, the newest snapshot is marked as still holding.',
		},
		{
			displayName: 'Fail When Incomplete',
			name: 'failWhenIncomplete',
			type: 'boolean',
			default: true,
			description: `Whether the node reports an error, after everything was stored that could be, if a part of a ${one} could not be read. Reaching a limit that you set is no error.`,
		},
		{
			displayName: 'Full Resync',
			name: 'fullResync',
			type: 'boolean',
			default: false,
			description: `Whether to list the whole ${one} anew and compare it with the backup. Only what differs is downloaded, and what was lost from damaged backup files.`,
		},
		{
			displayName: 'Hold Last Good Snapshot When Unusual',
			name: 'holdWhenUnusual',
			type: 'boolean',
			default: false,
			description: `Whether to keep the snapshot from before from every prune if the changes do not fit the history of the ${one}: a mass deletion, or files that were encrypted. The field anomaly of the result says so in any case.`,
		},
		{
			displayName: 'Parallel Sources',
			name: 'parallelSources',
			type: 'number',
			typeOptions: { minValue: 1, maxValue: 16, numberPrecision: 0 },
			default: 2,
			description: `How many ${many} to back up at the same time. Taken from the first item.`,
		},
		{
			displayName: 'Stop After (GB)',
			name: 'stopAfterGb',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 0,
			description:
				'Store what there is after this many gigabytes and say hasMore: true; the next run goes on from there. 0 means no limit.',
		},
		{
			displayName: 'Stop After (Minutes)',
			name: 'stopAfterMinutes',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 0,
			description:
				'Store what there is after this many minutes and say hasMore: true; the next run goes on from there. 0 means no limit. Without this option, a run by hand in the editor stops after 5 minutes.',
		},
		{
			displayName: 'Tag',
			name: 'tag',
			type: 'string',
			default: '',
			placeholder: 'e.g. before-migration',
			description: 'Text to keep with the snapshot, to find it by later',
		},
	];
}
