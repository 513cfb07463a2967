import type { INodeProperties } from 'n8n-workflow';
import { mailboxField } from '../../pickers/mailbox';

export const newFolderName = "=Restored {{ $now.format('yyyy-MM-dd HH:mm') }}";

/** Where a restore puts things, and what it does with what is there. */
export const destinationFields: INodeProperties[] = [
	{
		displayName: 'Destination',
		name: 'destination',
		type: 'options',
		options: [
			{
				name: 'Another Mailbox',
				value: 'elsewhere',
				description: 'Into a mailbox that you name, below a new folder or to the same places there',
			},
			{
				name: 'New Folder',
				value: 'newFolder',
				description: 'Below a folder that you name, in the mailbox that was backed up; calendars and task lists get its name in front of theirs',
			},
			{ name: 'Original Place', value: 'original', description: 'Back to the folders, calendars and lists where the items were' },
		],
		default: 'original',
		description: 'Where to restore to',
	},
	mailboxField({
		name: 'targetMailbox',
		displayName: 'Target Mailbox',
		description: 'The mailbox to restore to',
		displayOptions: { show: { destination: ['elsewhere'] } },
	}),
	{
		displayName: 'Target Folder',
		name: 'targetFolder',
		type: 'string',
		default: newFolderName,
		placeholder: 'e.g. Restored/November',
		description:
			'Path of the folder to restore to, with / between folders. It is created if need be. In another mailbox it may be empty: then everything goes to the same places there.',
		displayOptions: { show: { destination: ['elsewhere', 'newFolder'] } },
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
