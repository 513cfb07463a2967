import type { IExecuteFunctions } from 'n8n-workflow';
import { DRILL_FOLDER, DRILL_ITEMS, MOST_DRILL_ITEMS } from '../../engine/restore-drill';
import { driveFields } from '../../pickers/drive';
import { mailboxField } from '../../pickers/mailbox';
import { repositoryFields } from '../../pickers/repository';
import { snapshotField } from '../../pickers/snapshot';
import { sourceField } from '../../pickers/source';
import { optionsField } from '../collection-field';
import type { Operation } from '../operation';
import { itemKinds } from './item-kinds';
import { drillAll, DRILLED_KINDS } from './restore-drill-items';

/** Proves that a backup can be restored, by restoring some of it for a moment. */
export const restoreDrill: Operation = {
	value: 'restoreDrill',
	name: 'Restore Drill',
	action: 'Prove that backups can be restored',
	description: 'Restore a random sample into a new folder, read it back, compare it with the backup, and remove it again; nothing else is touched',
	properties: [
		...repositoryFields,
		sourceField({ description: 'The mailbox, drive or site whose backup to try out. Leave empty for all.', required: false }),
		snapshotField({}),
		{
			displayName: 'Number of Items',
			name: 'sampleItems',
			type: 'number',
			typeOptions: { minValue: 1, maxValue: MOST_DRILL_ITEMS },
			default: DRILL_ITEMS,
			description: 'How many items of each source to draw, evenly over its kinds of items',
		},
		{
			displayName: 'Restore Into',
			name: 'scratchPlace',
			type: 'options',
			options: [
				{ name: 'A New Folder in Each Source', value: 'own', description: 'In the mailbox, drive or site itself, for the minutes that the drill takes' },
				{ name: 'Another Drive or Library', value: 'drive', description: 'All drives into one that you keep for this; only drives are tried out' },
				{ name: 'Another Mailbox', value: 'mailbox', description: 'All mailboxes into one that you keep for this; only mailboxes are tried out' },
			],
			default: 'own',
			description: 'Where the sample goes',
		},
		mailboxField({
			name: 'targetMailbox',
			displayName: 'Target Mailbox',
			description: 'The mailbox to try it out in',
			displayOptions: { show: { scratchPlace: ['mailbox'] } },
		}),
		...driveFields({
			prefix: 'target',
			displayName: 'Target Drive',
			description: 'The drive to try it out in',
			displayOptions: { show: { scratchPlace: ['drive'] } },
		}),
		optionsField([
			{
				displayName: 'Allow AI Agents to Drill',
				name: 'allowTool',
				type: 'boolean',
				default: false,
				description: 'Whether an AI agent that uses this node as a tool may start a drill, which makes and removes things in Microsoft 365',
			},
			{
				displayName: 'Fail When Drill Fails',
				name: 'failWhenDrillFails',
				type: 'boolean',
				default: true,
				description: 'Whether a drill that fails, or leaves something behind, is an error. Turn it off to branch on status instead.',
			},
			{
				displayName: 'Folder Name',
				name: 'folderName',
				type: 'string',
				default: DRILL_FOLDER,
				description: 'What the name of the folder begins with; the day and six random digits follow',
			},
			{
				displayName: 'Item Kinds',
				name: 'itemKinds',
				type: 'multiOptions',
				options: itemKinds.filter(({ value }) => DRILLED_KINDS.some((kind) => kind === value)),
				default: [],
				description: 'The kinds of items to try out; all if empty. Settings, rules and pages never are.',
			},
			{
				displayName: 'Largest Item (MB)',
				name: 'largestItemMb',
				type: 'number',
				typeOptions: { minValue: 1 },
				default: 100,
				description: 'Larger items are not drawn',
			},
			{
				displayName: 'Seed',
				name: 'seed',
				type: 'string',
				default: '',
				placeholder: 'e.g. 4f3a9c01',
				description: 'The seed of an earlier drill draws the same items of the same snapshot again. Another sample each time if empty.',
			},
		]),
	],
	async execute(this: IExecuteFunctions) {
		return [await drillAll.call(this)];
	},
};
