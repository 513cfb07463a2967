/** What comes back how. The README shows this table, and the round-trip tests hold restored mail to it. */
export interface FidelityRow {
	/** For people: `Subject`. */
	property: string;
	/**
	 * - `equal`: as it was
	 * - `close`: as `how` says
	 * - `never`: not, and `how` says why
	 */
	result: 'equal' | 'close' | 'never';
	/** Empty where it is equal in every case. */
	how: string;
	/** The Graph properties that it is about, for tests that compare. */
	graph: readonly string[];
}

/** A message that was found alive and moved back: everything, since it is the same message. */
export const MOVED_BACK = 'Messages that still exist somewhere in the mailbox (Deleted Items, another folder, Recoverable Items) are moved back and lose nothing.';

/** A message that was imported from the export that the backup holds beside its MIME. */
export const IMPORTED = 'Messages whose Exchange export is in the backup come back whole, with signature, message class and nested attachments, where the app may import (MailboxItem.ImportExport.All, global cloud only).';

/** A message that had to be made anew from its MIME and the backup's catalog. */
export const REBUILT_MESSAGE: readonly FidelityRow[] = [
	{ property: 'Folder', result: 'equal', how: 'Folders that are gone are made anew, hidden ones hidden. A folder that was only moved or renamed is used where it is now. What was in Recoverable Items comes back into a folder named Recovered Items.', graph: ['parentFolderId'] },
	{ property: 'Subject', result: 'equal', how: '', graph: ['subject'] },
	{ property: 'Text', result: 'equal', how: 'HTML if there is HTML, else plain text; line ends may differ. Beyond 3 MB: shortened, with original.eml attached.', graph: ['body', 'bodyPreview'] },
	{ property: 'From, sender, to, cc, bcc, reply-to', result: 'equal', how: 'A reply-to that is no valid address is left out. A message without any sender shows the mailbox as its sender.', graph: ['from', 'sender', 'toRecipients', 'ccRecipients', 'bccRecipients', 'replyTo'] },
	{ property: 'Sent and received times', result: 'equal', how: '', graph: ['sentDateTime', 'receivedDateTime'] },
	{ property: 'Received, sent or draft', result: 'equal', how: 'A received message with attachments of 3 MB and more comes back as a draft if Microsoft 365 refuses to add them otherwise; the result says so.', graph: ['isDraft'] },
	{ property: 'Read or unread', result: 'equal', how: '', graph: ['isRead'] },
	{ property: 'Flag with start, due and completion dates', result: 'equal', how: 'A start date alone also becomes the due date.', graph: ['flag'] },
	{ property: 'Categories', result: 'equal', how: 'Their colours belong to the mailbox, not to the message.', graph: ['categories'] },
	{ property: 'Importance', result: 'equal', how: '', graph: ['importance'] },
	{ property: 'Focused or other inbox', result: 'equal', how: '', graph: ['inferenceClassification'] },
	{ property: 'Message-ID', result: 'equal', how: '', graph: ['internetMessageId'] },
	{ property: 'Attached files', result: 'equal', how: 'Bytes, name, type, and inline pictures where the text shows them. A file without a name gets one. One that is a few hundred bytes smaller than 3 MB, which Microsoft Graph does not take, comes in a .zip file; the result says so.', graph: ['attachments', 'hasAttachments'] },
	{ property: 'Attached messages', result: 'close', how: 'As messages, with text and people. Microsoft Graph cannot nest their own attachments: these are in original.eml, which is then attached. Beyond 2.5 MB they come as .eml files.', graph: [] },
	{ property: 'Sender\'s own headers (X-…)', result: 'close', how: 'The first five; Microsoft Graph takes no more.', graph: ['internetMessageHeaders'] },
	{ property: 'Signed or encrypted mail (S/MIME, PGP)', result: 'close', how: 'Text and attachments where they can be read, and the untouched message as original.eml, which still verifies and decrypts. Drafts up to 1.5 MB come back whole.', graph: [] },
	{ property: 'Meeting requests, answers and cancellations', result: 'close', how: 'As plain mail with original.eml attached: a rebuilt request would be a new invitation.', graph: [] },
	{ property: 'Delivery reports and read receipts', result: 'close', how: 'As plain mail with the text and the returned message, and with original.eml attached: Microsoft Graph makes no reports.', graph: [] },
	{ property: 'Outlook\'s own format (winmail.dat)', result: 'close', how: 'As an attachment, with original.eml.', graph: [] },
	{ property: 'Broken MIME, unknown character sets', result: 'close', how: 'As far as it can be read, with original.eml.', graph: [] },
	{ property: 'Conversation', result: 'close', how: 'Exchange groups by subject and message ids anew; the conversation\'s id changes.', graph: [] },
	{ property: 'Transport headers (Received, DKIM, spam verdicts)', result: 'never', how: 'Microsoft Graph takes only X- headers. Export gives the untouched message with all of them.', graph: [] },
	{ property: 'Requests for receipts', result: 'never', how: 'Left out on purpose, so that a restore notifies nobody.', graph: ['isReadReceiptRequested', 'isDeliveryReceiptRequested'] },
	{ property: 'Ids, created and modified times, web link', result: 'never', how: 'Exchange gives a rebuilt message its own.', graph: [] },
	{ property: 'Links to cloud files as attachments', result: 'never', how: 'Only what the MIME holds of them, usually a link in the text.', graph: [] },
];
