import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';

/** Options of Mailbox: Back Up that other sources do not have. */
export function mailboxOptions(content: INodePropertyOptions[]): INodeProperties[] {
	return [
		{
			displayName: 'Content',
			name: 'content',
			type: 'multiOptions',
			options: content,
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
			displayName: 'Recoverable Items',
			name: 'recoverableItems',
			type: 'boolean',
			default: false,
			description: 'Whether to back up also what users have deleted for good and Exchange still keeps for a while',
		},
	];
}
