import type { INodeProperties } from 'n8n-workflow';
import { driveFields } from '../../pickers/drive';
import { mailboxField } from '../../pickers/mailbox';
import { siteField } from '../../pickers/site';

export const newFolderName = "=Restored {{ $now.format('yyyy-MM-dd HH:mm') }}";

/** Parameters that say which target is meant; input items that differ in one of them do not go the same way. */
export const targetParameters = ['destination', 'targetMailbox', 'targetDriveOf', 'targetDriveUser', 'targetDriveSite', 'targetLibrary', 'targetDrive', 'targetSite'];

/**
 * Where a restore puts things, and what it does with what is there. n8n cannot show a field by what the source is, so
 * each sort of target is a destination of its own; one that does not fit the source is refused before anything is sent.
 */
export const destinationFields: INodeProperties[] = [
	{
		displayName: 'Destination',
		name: 'destination',
		type: 'options',
		options: [
			{
				name: 'Another Drive or Library',
				value: 'drive',
				description: 'Files of a drive, or of a library of a site, into a OneDrive or library that you name',
			},
			{
				name: 'Another Mailbox',
				value: 'elsewhere',
				description: 'What a mailbox holds into a mailbox that you name, below a new folder or to the same places there',
			},
			{
				name: 'Another Site',
				value: 'site',
				description: 'Libraries, lists and pages of a site into a site that you name and that exists',
			},
			{
				name: 'New Folder',
				value: 'newFolder',
				description: 'Below a folder that you name, in the mailbox, drive or site that was backed up; calendars and task lists, libraries and lists cannot lie in folders and get its name in front of theirs',
			},
			{ name: 'Original Place', value: 'original', description: 'Back to the folders, calendars, libraries and lists where the items were' },
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
	...driveFields({
		prefix: 'target',
		displayName: 'Target Drive',
		description: 'The drive to restore to',
		displayOptions: { show: { destination: ['drive'] } },
	}),
	siteField({
		name: 'targetSite',
		displayName: 'Target Site',
		description: 'The site to restore to',
		displayOptions: { show: { destination: ['site'] } },
	}),
	{
		displayName: 'Target Folder',
		name: 'targetFolder',
		type: 'string',
		default: newFolderName,
		placeholder: 'e.g. Restored/November',
		description:
			'Path of the folder to restore to, with / between folders. It is created if need be. In another mailbox, drive or site it may be empty: then everything goes to the same places there.',
		displayOptions: { show: { destination: ['drive', 'elsewhere', 'newFolder', 'site'] } },
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
