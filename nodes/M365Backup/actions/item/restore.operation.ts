import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { folderField } from '../../pickers/folder';
import { mailboxField } from '../../pickers/mailbox';
import { repositoryFields } from '../../pickers/repository';
import { snapshotField } from '../../pickers/snapshot';
import { sourceField } from '../../pickers/source';
import type { Operation } from '../operation';
import { queryFields } from './query-fields';
import { restoreAll } from './restore-items';

const selectionFields: INodeProperties[] = [
	{
		displayName: 'Restore What',
		name: 'selection',
		type: 'options',
		options: [
			{ name: 'Everything', value: 'everything', description: 'The whole mailbox as it was' },
			{ name: 'Folder', value: 'folder', description: 'A folder with its messages' },
			{ name: 'Input Items', value: 'inputItems', description: 'The items that come in, e.g. from Item: Get Many' },
			{ name: 'Item IDs', value: 'ids', description: 'Up to 500 items by ID' },
			{ name: 'Search', value: 'search', description: 'All items that a search finds; at least one condition is needed' },
		],
		default: 'search',
		description: 'Which items of the snapshot to restore',
	},
	folderField({
		name: 'folder',
		displayName: 'Folder to Restore',
		description: 'The folder to restore',
		required: true,
		displayOptions: { show: { selection: ['folder'] } },
	}),
	{
		displayName: 'Include Subfolders',
		name: 'includeSubfolders',
		type: 'boolean',
		default: true,
		description: 'Whether to restore the folders below it, too',
		displayOptions: { show: { selection: ['folder'] } },
	},
	{
		displayName: 'Item ID',
		name: 'itemId',
		type: 'string',
		required: true,
		default: '={{ $json.id }}',
		description: 'ID of the item that the input item stands for',
		displayOptions: { show: { selection: ['inputItems'] } },
	},
	{
		displayName: 'Item IDs',
		name: 'itemIds',
		type: 'string',
		required: true,
		default: '',
		placeholder: 'e.g. mail/AAMkAGI2…, mail/AAMkAGI3…',
		description: 'Comma-separated list of up to 500 item IDs, as Item: Get Many puts them out',
		displayOptions: { show: { selection: ['ids'] } },
	},
	{ ...queryFields, displayOptions: { show: { selection: ['search'] } } },
];

const destinationFields: INodeProperties[] = [
	{
		displayName: 'Destination',
		name: 'destination',
		type: 'options',
		options: [
			{
				name: 'Another Mailbox or Folder',
				value: 'elsewhere',
				description: 'Below a folder that you name, in this or another mailbox',
			},
			{ name: 'Original', value: 'original', description: 'Back to the folders where the items were' },
		],
		default: 'original',
		description: 'Where to restore to',
	},
	mailboxField({
		name: 'targetMailbox',
		displayName: 'Target Mailbox',
		description: 'The mailbox to restore to. Leave empty for the one that was backed up.',
		required: false,
		displayOptions: { show: { destination: ['elsewhere'] } },
	}),
	{
		displayName: 'Target Folder',
		name: 'targetFolder',
		type: 'string',
		required: true,
		default: 'Restored',
		placeholder: 'e.g. Restored/2026-11-22',
		description: 'Path of the folder to restore to, with / between folders. It is created if need be.',
		displayOptions: { show: { destination: ['elsewhere'] } },
	},
	{
		displayName: 'If It Already Exists',
		name: 'conflictPolicy',
		type: 'options',
		options: [
			{ name: 'Keep Both', value: 'keepBoth', description: 'Restore a second copy beside it' },
			{ name: 'Replace', value: 'replace', description: 'Put the state of the snapshot in its place' },
			{ name: 'Skip', value: 'skip', description: 'Leave it as it is' },
		],
		default: 'skip',
		description: 'What to do with an item that is still or again there',
	},
];

/** Gives items back. Only lists what would happen unless Mode says Restore; an AI agent needs a further permission. */
export const restore: Operation = {
	value: 'restore',
	name: 'Restore',
	action: 'Restore items from snapshot',
	description: 'Put items of a snapshot back into a mailbox, or preview what that would do',
	properties: [
		{
			displayName: 'Mode',
			name: 'mode',
			type: 'options',
			options: [
				{ name: 'Preview', value: 'preview', description: 'List what would happen, change nothing' },
				{ name: 'Restore', value: 'restore', description: 'Restore the items' },
			],
			default: 'preview',
			description: 'Whether to restore or only to list what would happen',
		},
		...repositoryFields,
		sourceField({ description: 'The mailbox whose backup to restore from', required: true }),
		snapshotField({}),
		...selectionFields,
		...destinationFields,
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			options: [
				{
					displayName: 'Allow AI Agents to Restore',
					name: 'allowTool',
					type: 'boolean',
					default: false,
					description:
						'Whether an AI agent that uses this node as a tool may restore. Without it, an agent can only preview.',
				},
			],
		},
	],
	async execute(this: IExecuteFunctions) {
		return [await restoreAll.call(this)];
	},
};
