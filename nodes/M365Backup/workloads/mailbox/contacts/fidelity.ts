import type { FidelityRow } from '../restore/fidelity';

/** A contact that was found alive and moved back: everything, since it is the same contact. */
export const CONTACT_MOVED_BACK = 'Contacts that still exist somewhere in the mailbox (Deleted Items, another folder) are moved back and lose nothing, where Microsoft Graph lets them be moved.';

/** A contact that had to be made anew. */
export const REBUILT_CONTACT: readonly FidelityRow[] = [
	{ property: 'Folder', result: 'equal', how: 'Folders that are gone are made anew, nested as they were. The default folder is the default folder in every mailbox.', graph: ['parentFolderId'] },
	{ property: 'Names, titles, nickname, phonetic names', result: 'equal', how: '', graph: ['displayName', 'fileAs', 'title', 'givenName', 'middleName', 'surname', 'generation', 'initials', 'nickName', 'yomiGivenName', 'yomiSurname', 'yomiCompanyName'] },
	{ property: 'E-mail and chat addresses', result: 'equal', how: '', graph: ['emailAddresses', 'imAddresses'] },
	{ property: 'Phone numbers', result: 'equal', how: '', graph: ['businessPhones', 'homePhones', 'mobilePhone'] },
	{ property: 'Postal addresses', result: 'equal', how: '', graph: ['businessAddress', 'homeAddress', 'otherAddress'] },
	{ property: 'Company, department, job, office, manager, assistant', result: 'equal', how: '', graph: ['companyName', 'department', 'jobTitle', 'profession', 'officeLocation', 'manager', 'assistantName', 'businessHomePage'] },
	{ property: 'Birthday, spouse, children', result: 'equal', how: 'A birthday is a day; Exchange keeps its own hour.', graph: ['birthday', 'spouseName', 'children'] },
	{ property: 'Notes', result: 'equal', how: 'As plain text: Microsoft Graph shows no formatting.', graph: ['personalNotes'] },
	{ property: 'Categories', result: 'equal', how: 'Their colours belong to the mailbox, not to the contact.', graph: ['categories'] },
	{ property: 'Photo', result: 'equal', how: 'A photo that was added since the backup stays when the contact is set back: Microsoft Graph cannot take one away.', graph: ['photo'] },
	{ property: 'Ids, created and modified times', result: 'never', how: 'Exchange gives a rebuilt contact its own.', graph: ['id', 'createdDateTime', 'lastModifiedDateTime', 'changeKey'] },
	{ property: 'Follow-up flags, contact lists, fields that only Outlook shows', result: 'never', how: 'Microsoft Graph does not show them.', graph: [] },
];

/** What a result says about a contact that did not come back as it was. */
export const CONTACT_NOTES = {
	photoUnreadable: 'Microsoft 365 could not read its photo when it was backed up: it is back without one.',
	photoRefused: 'Microsoft Graph did not take its photo: it is back without one. Export gives the picture.',
	kept: (properties: readonly string[]): string => `Exchange kept its own value of: ${properties.join(', ')}.`,
} as const;
