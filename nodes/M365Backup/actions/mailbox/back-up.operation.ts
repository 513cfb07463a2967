import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { mailboxField } from '../../pickers/mailbox';
import { repositoryFields, useAnywayOption } from '../../pickers/repository';
import { optionsField } from '../collection-field';
import { mailboxParts } from '../mailbox-parts';
import { outputTargetField, sizeLimitField } from '../repositories/copy-fields';
import { checkFileOutput, filesOfSources } from '../repositories/file-items';
import type { Operation } from '../operation';
import { reportBackUps } from './back-up-report';
import { backUpAll } from './back-up-sources';

/** Backs up the mailboxes of all input items; the second output, where it is on, has the files to copy. */
export const backUp: Operation = {
	value: 'backUp',
	name: 'Back Up',
	action: 'Back up mailbox',
	description: 'Store what is new or has changed in a mailbox since its last backup',
	properties: [
		mailboxField({
			name: 'mailbox',
			displayName: 'Mailbox',
			description: 'The mailbox to back up. Each input item backs up one mailbox.',
		}),
		...repositoryFields,
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
		optionsField([
			{
				displayName: 'Always Record a Snapshot',
				name: 'alwaysRecord',
				type: 'boolean',
				default: false,
				description:
					'Whether to write a snapshot even if nothing has changed. Without it, the newest snapshot is marked as still holding.',
			},
			{
				displayName: 'Content',
				name: 'content',
				type: 'multiOptions',
				options: mailboxParts,
				default: ['calendar', 'contacts', 'mail', 'settings', 'tasks'],
				description: 'What of the mailbox to back up; everything if this option is not added',
			},
			{
				displayName: 'Exchange Export',
				name: 'exchangeExport',
				type: 'options',
				options: [
					{ name: 'All Messages', value: 'all', description: 'Twice the storage and many more requests' },
					{
						name: 'Messages That Would Lose Something',
						value: 'lossy',
						description: 'Signed, encrypted and meeting messages, and what else cannot be rebuilt exactly',
					},
					{ name: 'Off', value: 'off' },
				],
				default: 'lossy',
				description:
					'Which messages to store a second time in the form in which Exchange itself gives them back exactly. Needs the permission MailboxItem.Export.All, and MailboxItem.ImportExport.All to restore; without them, messages are rebuilt as well as possible.',
			},
			{
				displayName: 'Exclude Folders',
				name: 'excludeFolders',
				type: 'string',
				default: '',
				placeholder: 'e.g. Junk Email, Archive/2019',
				description: 'Comma-separated list of mail folders to leave out, with everything in them, by name or path',
			},
			{
				displayName: 'Fail When Incomplete',
				name: 'failWhenIncomplete',
				type: 'boolean',
				default: true,
				description:
					'Whether the node reports an error, after everything was stored that could be, if a part of a mailbox could not be read. Reaching a limit that you set is no error.',
			},
			{
				displayName: 'Full Resync',
				name: 'fullResync',
				type: 'boolean',
				default: false,
				description:
					'Whether to list the whole mailbox anew and compare it with the backup. Only what differs is downloaded, and what was lost from damaged backup files.',
			},
			{
				displayName: 'Parallel Sources',
				name: 'parallelSources',
				type: 'number',
				typeOptions: { minValue: 1, maxValue: 16, numberPrecision: 0 },
				default: 2,
				description: 'How many mailboxes to back up at the same time. Taken from the first item.',
			},
			{
				displayName: 'Recoverable Items',
				name: 'recoverableItems',
				type: 'boolean',
				default: false,
				description: 'Whether to back up also what users have deleted for good and Exchange still keeps for a while',
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
			useAnywayOption,
		]),
	],
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const hasFiles = this.getNodeParameter('outputFilesToCopy', 0, false) as boolean;
		if (hasFiles) checkFileOutput.call(this);
		const outcomes = await backUpAll.call(this);
		const summaries = reportBackUps.call(this, outcomes);
		return hasFiles ? [summaries, await filesOfSources.call(this, outcomes)] : [summaries];
	},
};
