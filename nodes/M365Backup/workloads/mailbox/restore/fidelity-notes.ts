import type { Shortfall } from './message-outline';

/** The whole message as it was, attached to a rebuilt one that is less. */
export const ORIGINAL_NAME = 'original.eml';

const IN_ORIGINAL = `The message as it was is attached as ${ORIGINAL_NAME}.`;

/** What a result says about an item that did not come back as it was. */
export const SHORTFALL_NOTES: Record<Shortfall, string> = {
	signed: `Signed mail cannot be rebuilt with a valid signature: text and attachments are back, the signature can be checked in ${ORIGINAL_NAME}, which is attached.`,
	encrypted: `Encrypted mail cannot be rebuilt: open the attached ${ORIGINAL_NAME} with the recipient's key.`,
	meeting: `A meeting request cannot be rebuilt as one without notifying people: it is back as plain mail. ${IN_ORIGINAL}`,
	report: `A delivery report or read receipt cannot be rebuilt as one: it is back as plain mail, with what people read of it. ${IN_ORIGINAL}`,
	tnef: `Outlook's own format (winmail.dat) is back as an attachment only. ${IN_ORIGINAL}`,
	brokenMime: `The message is not valid MIME and is back as far as it could be read. ${IN_ORIGINAL}`,
	bodyTooLong: `The text is longer than one request may be (3 MB) and is back shortened or without formatting. ${IN_ORIGINAL}`,
	nestedAttachments: `An attached message came back without its own attachments, which Microsoft Graph cannot nest. ${IN_ORIGINAL}`,
	nestedTooLong: 'An attached message is too large to be rebuilt as one and came back as an .eml file.',
	unknownCharset: `The text names a character set that nobody knows and may be back with wrong characters. ${IN_ORIGINAL}`,
};

/** Shortfalls for which the rebuilt message needs the original beside it. */
export function needsOriginal(shortfalls: ReadonlySet<Shortfall>): boolean {
	return [...shortfalls].some((one) => one !== 'nestedTooLong');
}

export const OTHER_NOTES = {
	onlyOriginal: `Together with ${ORIGINAL_NAME} the attachments would exceed the mailbox's message size limit: they are inside ${ORIGINAL_NAME}.`,
	careful: (why: string): string =>
		`Microsoft Graph refused some header fields or addresses (${why}); they were left out. ${IN_ORIGINAL}`,
	zipped: (names: readonly string[]): string =>
		`Microsoft Graph takes no file that is a few hundred bytes smaller than 3 MB: ${names.join(', ')} is attached in a .zip file.`,
	unlessImported: `It comes back whole where Exchange takes its export (permission MailboxItem.ImportExport.All), otherwise as plain mail with ${ORIGINAL_NAME} attached.`,
	draftForLargeAttachments:
		'Microsoft Graph refused its large attachments on a received message: the message is back complete, but as a draft.',
} as const;
