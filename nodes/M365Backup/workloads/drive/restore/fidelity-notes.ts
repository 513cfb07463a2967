/** What a result says about a file or folder that did not come back as it was. */
export const NOTES = {
	renamed: (from: string, to: string): string => `SharePoint does not take the name "${from}" there: it is "${to}" now.`,
	rewritten: 'SharePoint writes its own properties into Office, PDF, HTML and JPEG files on upload: what you see in it is the same, size and checksum are not. Export gives the bytes as they were.',
	unverified: 'Microsoft 365 tells no checksum of it: only its size could be compared.',
	datesRefused: (why: string): string => `Its dates could not be set, it bears those of the restore: ${why}.`,
	versions: (count: number): string => `Its ${count === 1 ? 'older version is' : `${count} older versions are`} not brought back; Export gives them.`,
	columns: (names: readonly string[]): string => `What it has in the columns ${names.join(', ')} is not brought back into a drive: restore into a site to have it.`,
	notebook: 'A notebook comes back as a folder with its section files: open them in OneNote.',
	newLink: (type: string, scope: string): string => `A ${type} link (${scope}) was made anew: its address is another one, and a password has to be set again.`,
	linkRefused: (type: string, scope: string): string => `Its ${type} link (${scope}) could not be made again: links of this kind are not allowed here.`,
	notShared: (who: string, why: string): string => `It could not be shared with ${who} again: ${why}.`,
} as const;
