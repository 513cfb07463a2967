import type { INodeProperties } from 'n8n-workflow';
import { folderField } from '../../pickers/folder';

/** What to look for in a snapshot; shared by Get Many and by Restore's selection by search. */
export const queryFields: INodeProperties = {
	displayName: 'Search',
	name: 'query',
	type: 'collection',
	placeholder: 'Add condition',
	default: {},
	description: 'Items must meet all conditions. Without any, all items are found.',
	options: [
		folderField({ name: 'folder', displayName: 'Folder', description: 'Only items in this folder' }),
		{
			displayName: 'From',
			name: 'from',
			type: 'string',
			default: '',
			placeholder: 'e.g. nathan@example.com',
			description: "Part of the sender's name or address",
		},
		{
			displayName: 'Has Attachments',
			name: 'hasAttachments',
			type: 'boolean',
			default: true,
			description: 'Whether the message must have attachments, or must have none',
		},
		{
			displayName: 'Include Subfolders',
			name: 'includeSubfolders',
			type: 'boolean',
			default: true,
			description: 'Whether to look in the folders below the chosen one, too',
		},
		{
			displayName: 'Received After',
			name: 'receivedAfter',
			type: 'dateTime',
			default: '',
			description: 'Only messages received at that time or later',
		},
		{
			displayName: 'Received Before',
			name: 'receivedBefore',
			type: 'dateTime',
			default: '',
			description: 'Only messages received before that time',
		},
		{
			displayName: 'Subject',
			name: 'subject',
			type: 'string',
			default: '',
			placeholder: 'e.g. quarterly report',
			description: 'Part of the subject',
		},
		{
			displayName: 'Text',
			name: 'text',
			type: 'string',
			default: '',
			placeholder: 'e.g. invoice 4711',
			description: 'Part of the subject, of a name or address, or of the first lines of the message',
		},
		{
			displayName: 'To',
			name: 'to',
			type: 'string',
			default: '',
			placeholder: 'e.g. nathan@example.com',
			description: "Part of a recipient's name or address",
		},
		{
			displayName: 'Types',
			name: 'types',
			type: 'multiOptions',
			options: [
				{ name: 'Folder', value: 'folder' },
				{ name: 'Message', value: 'message' },
			],
			default: ['message'],
			description: 'Kinds of items to find; messages if not given',
		},
	],
};
