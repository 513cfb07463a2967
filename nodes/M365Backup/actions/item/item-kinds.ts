import type { INodePropertyOptions } from 'n8n-workflow';

/** The kinds of items that a mailbox holds, by the type that the backup gives them. */
export const itemKinds: INodePropertyOptions[] = [
	{ name: 'Contact', value: 'contact' },
	{ name: 'Event', value: 'event' },
	{ name: 'Folder', value: 'folder', description: 'Mail folders, calendars, contact folders and task lists' },
	{ name: 'Message', value: 'message' },
	{ name: 'Setting', value: 'setting', description: 'Inbox rules, categories and mailbox settings' },
	{ name: 'Task', value: 'task' },
];
