import type { INodeProperties } from 'n8n-workflow';
import { folderField } from '../../pickers/folder';
import { itemKinds } from './item-kinds';

/** What an item must be like; shared by all operations that search. */
const conditions: INodeProperties = {
	displayName: 'Search',
	name: 'query',
	type: 'collection',
	placeholder: 'Add condition',
	default: {},
	description: 'Items must meet all conditions. Without any, Get Many finds all items but folders; Restore and Export need at least one.',
	options: [
		{
			displayName: 'Date After',
			name: 'dateAfter',
			type: 'dateTime',
			default: '',
			description:
				'Only items of that time or later: messages by when they were received, events that were not over then, tasks by when they are due or were created, everything else by when it was changed',
		},
		{
			displayName: 'Date Before',
			name: 'dateBefore',
			type: 'dateTime',
			default: '',
			description:
				'Only items from before that time: messages received, events begun, tasks due or created, everything else changed before it',
		},
		folderField({ name: 'folder', displayName: 'Folder', description: 'Only items in this folder, calendar, task list, library or list' }),
		{
			displayName: 'From',
			name: 'from',
			type: 'string',
			default: '',
			placeholder: 'e.g. nathan@example.com',
			description: "Part of the name or address of a message's sender, an event's organizer, or whoever made or last changed a file, list item or page",
		},
		{
			displayName: 'Has Attachments',
			name: 'hasAttachments',
			type: 'boolean',
			default: true,
			description: 'Whether the item must have attachments, or must have none',
		},
		{
			displayName: 'Include Subfolders',
			name: 'includeSubfolders',
			type: 'boolean',
			default: true,
			description: 'Whether to look in the folders below the chosen one, too',
		},
		{
			displayName: 'Kinds',
			name: 'types',
			type: 'multiOptions',
			options: itemKinds,
			default: ['message'],
			description: 'Kinds of items to find; all but folders if not given',
		},
		{
			displayName: 'Subject',
			name: 'subject',
			type: 'string',
			default: '',
			placeholder: 'e.g. quarterly report',
			description: 'Part of the subject, title or name, e.g. of a file',
		},
		{
			displayName: 'Text',
			name: 'text',
			type: 'string',
			default: '',
			placeholder: 'e.g. invoice 4711',
			description:
				'Words that must all occur in the subject, names, addresses, phone numbers, company, location, categories or first lines. Put words that belong together in "quotes".',
		},
		{
			displayName: 'To',
			name: 'to',
			type: 'string',
			default: '',
			placeholder: 'e.g. nathan@example.com',
			description: "Part of the name or address of a message's recipient or an event's attendee",
		},
	],
};

/** What must have happened to an item. */
const changes: INodeProperties = {
	displayName: 'Changes',
	name: 'changes',
	type: 'collection',
	placeholder: 'Add change',
	default: {},
	description: 'Only items to which this has happened. With both, items that were changed or deleted.',
	options: [
		{
			displayName: 'Changed Since',
			name: 'changedSince',
			type: 'dateTime',
			default: '',
			description: 'Only items that were added or changed since that time. An expression may also give the ID of a snapshot.',
		},
		{
			displayName: 'Deleted Since',
			name: 'deletedSince',
			type: 'dateTime',
			default: '',
			description:
				'Only items that were there at that time, or came later, and are gone from the snapshot that is searched. Mail in Deleted Items is not gone yet: search that folder for it. An expression may also give the ID of a snapshot.',
		},
	],
};

/** Two groups: what items are like, and what has happened to them. */
export const queryFields: INodeProperties[] = [conditions, changes];
