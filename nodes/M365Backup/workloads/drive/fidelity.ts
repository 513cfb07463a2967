import type { FidelityRow } from '../mailbox/restore/fidelity';

/** A file that still exists somewhere in its drive. */
export const LIVING_FILE =
	'Files that still exist keep their id, and with it versions, sharing and comments: those that were moved are moved back; with Replace, renamed ones get their names back, and changed ones their content as a new version, so that even what is replaced stays in the version history.';

/** A file or folder that had to be made anew. */
export const REBUILT_FILE: readonly FidelityRow[] = [
	{ property: 'Content', result: 'equal', how: 'Proved by size and checksum. Into Office, PDF, HTML and JPEG files SharePoint may write its own properties on upload: what people see is the same, and the result says so.', graph: ['content', 'size', 'file'] },
	{ property: 'Name', result: 'equal', how: 'What SharePoint does not take there (characters, reserved names, paths beyond 400 characters) is replaced or shortened, and the result says so.', graph: ['name'] },
	{ property: 'Folder', result: 'equal', how: 'Folders that are gone are made anew, empty ones if they were chosen. A folder that was only moved or renamed is used where it is; with Replace it gets its name and place back if it was chosen itself.', graph: ['parentReference'] },
	{ property: 'Created and modified dates', result: 'equal', how: 'To the second, without another version.', graph: ['fileSystemInfo', 'lastModifiedDateTime'] },
	{ property: 'Permissions', result: 'close', how: 'On request, and never with an invitation: people and groups of Microsoft Entra. SharePoint\'s own groups and roles beyond reading and writing are named in the result.', graph: ['permissions'] },
	{ property: 'Sharing links', result: 'close', how: 'On request, under new addresses; passwords have to be set again.', graph: ['shared'] },
	{ property: 'OneNote notebooks', result: 'close', how: 'As folders with their section files, which OneNote opens.', graph: ['package'] },
	{ property: 'Version history', result: 'never', how: 'What is made anew begins with one version. Versions that were backed up can be exported.', graph: ['versions'] },
	{ property: 'Author and editor, ids, web addresses, the time at which Microsoft 365 got it', result: 'never', how: 'Microsoft 365 gives a file that is made anew its own; the author is the app.', graph: ['id', 'createdDateTime', 'createdBy', 'lastModifiedBy', 'webUrl', 'eTag', 'cTag'] },
	{ property: 'Description, comments, check-out', result: 'never', how: 'Microsoft Graph cannot set them in OneDrive for Business and SharePoint.', graph: ['description', 'publication'] },
];
