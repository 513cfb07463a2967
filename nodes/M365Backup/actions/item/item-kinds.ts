import type { INodePropertyOptions } from 'n8n-workflow';

/** The kinds of items that mailboxes, drives and sites hold, by the type that the backup gives them. */
export const itemKinds: INodePropertyOptions[] = [
	{ name: 'Contact', value: 'contact' },
	{ name: 'Event', value: 'event' },
	{ name: 'File', value: 'file' },
	{ name: 'Folder', value: 'folder', description: 'Folders of mail and files, calendars, task lists, libraries and lists' },
	{ name: 'List Item', value: 'listItem' },
	{ name: 'Message', value: 'message' },
	{ name: 'Page', value: 'page' },
	{ name: 'Setting', value: 'setting', description: 'Inbox rules, categories and mailbox settings' },
	{ name: 'Site', value: 'site', description: 'What is known of a site itself' },
	{ name: 'Task', value: 'task' },
];
