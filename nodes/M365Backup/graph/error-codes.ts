import type { FailureKind } from '../base/failure';

export interface KnownCode {
	kind: FailureKind;
	/** What it means in the field, and where that was learnt. */
	note: string;
	/** What happened and what to do, for the user. Without a title, the kind's counts. */
	title?: string;
	nextStep?: string;
}

const noMailbox = 'This user has no Exchange Online mailbox that Microsoft Graph can read';
const giveLicence =
	'Give the user an Exchange Online licence or a shared mailbox, or take it off the list of sources. Guests and mailboxes hosted on premises cannot be backed up';
const unlockSite = 'Unlock the site in the SharePoint admin centre, or exclude it';
const signIn = 'Check the credential: Tenant ID, Client ID, and that Cloud and Graph URL belong together';

/** Graph's error codes, in lower case since their casing varies, and what they come to. Codes not listed go by the HTTP status. */
export const knownCodes: Readonly<Record<string, KnownCode>> = Object.freeze({
	erroritemnotfound: { kind: 'notFound', note: 'Outlook: deleted in flight, or moved with a mutable id (corso PR#2805)' },
	itemnotfound: { kind: 'notFound', note: 'Drives and sites; also seen in the middle of a delta (onedrive-api-docs#1476)' },
	errorfoldernotfound: { kind: 'notFound', note: 'Outlook: folder gone' },
	errorparentfoldernotfound: { kind: 'notFound', note: 'Outlook: folder gone or not created yet' },
	errorinvalididmalformed: { kind: 'notFound', note: 'Outlook: the id is none of this mailbox' },
	errorinvaliduser: { kind: 'notFound', note: 'No such user, or no mailbox (microsoft-graph-docs#17826)', title: noMailbox, nextStep: giveLicence },
	errornonexistentmailbox: { kind: 'notFound', note: 'No mailbox for this address', title: noMailbox, nextStep: giveLicence },
	mailboxnotenabledforrestapi: {
		kind: 'notFound',
		note: '404: inactive, soft-deleted, on premises, or no licence (microsoft-graph-docs#17826)',
		title: noMailbox,
		nextStep: giveLicence,
	},
	mailboxnotsupportedforrestapi: { kind: 'notFound', note: 'Mailbox of an older server', title: noMailbox, nextStep: giveLicence },
	request_resourcenotfound: {
		kind: 'notFound',
		note: 'Directory: no such user, group or object',
		nextStep: 'Check the address or id; a user deleted more than 30 days ago is gone',
	},
	resourcenotfound: { kind: 'notFound', note: 'Directory, drives: "User not found", "mysite not found" (knownTexts)' },

	erroraccessdenied: { kind: 'denied', note: 'No permission, or refused by an Exchange access policy ("Access to OData is disabled")' },
	accessdenied: { kind: 'denied', note: 'Drives and sites' },
	authorization_requestdenied: { kind: 'denied', note: 'Directory: permission missing' },
	errorsecurityaccessdenied: { kind: 'denied', note: 'Outlook: seen on protected folders' },
	invalidauthenticationtoken: { kind: 'denied', note: '401: expired, or for another audience', nextStep: signIn },
	notallowed: { kind: 'denied', note: 'SharePoint: the site is locked or read-only', title: 'The site is locked or read-only', nextStep: unlockSite },
	resourcelocked: {
		kind: 'denied',
		note: '423: somebody has the file open, or the site is locked; knownTexts tells them apart where the message does',
		title: 'It is locked: somebody has it open, or the whole site is locked',
		nextStep: 'Have it closed (or the site unlocked in the SharePoint admin centre), then run this again',
	},
	accessrestricted: {
		kind: 'denied',
		note: 'SharePoint: restricted access control, or conditional access',
		title: 'A policy of the tenant restricts access to this site',
		nextStep: 'Ask a SharePoint administrator to let the app registration through, or exclude the site',
	},
	malwaredetected: {
		kind: 'denied',
		note: '403 on download, X-Virus-Infected: a documented permanent cause (onedrive-api-docs#1626)',
		title: 'Microsoft 365 found malware in it',
		nextStep: 'Nothing to do: Microsoft does not hand out files in which it found malware',
	},

	errorquotaexceeded: {
		kind: 'quota',
		note: 'Mailbox full: delta answers 403 while plain listing works (microsoft-graph-docs#5730)',
		title: 'This mailbox is full',
		nextStep: 'Make room in the mailbox or raise its quota',
	},
	quotalimitreached: { kind: 'quota', note: 'Drives: 507', title: 'The drive is full', nextStep: 'Make room in the drive or raise its quota' },
	requestentitytoolarge: { kind: 'invalid', note: 'Drives: 413, over 250 MB at once or a piece of 60 MiB and more', title: 'It is larger than SharePoint takes at once' },
	pathistoolong: {
		kind: 'invalid',
		note: 'Drives: 400, over 400 characters',
		title: 'The path would be longer than SharePoint takes (400 characters)',
		nextStep: 'Choose a folder nearer to the top of the drive',
	},
	errormessagesizeexceeded: {
		kind: 'quota',
		note: 'Larger than the mailbox accepts (35 MB by default)',
		title: 'The message is larger than the mailbox accepts',
		nextStep: 'Raise the message size limit of the mailbox (Set-Mailbox -MaxReceiveSize)',
	},

	errorcorruptdata: { kind: 'corrupt', note: '500 that lasts: Exchange cannot read the item (corso PR#5191)' },
	errormimecontentconversionfailed: { kind: 'corrupt', note: '500 that lasts: no MIME for this item' },
	errormimecontentinvalid: { kind: 'corrupt', note: '400 on creating from MIME' },
	errorinvalidrecipients: { kind: 'corrupt', note: '500 on reading a damaged item (corso PR#5191)' },
	errorcannotopenfileattachment: { kind: 'corrupt', note: 'The attachment cannot be read; skip it (corso)' },

	namealreadyexists: {
		kind: 'conflict',
		note: 'Drives: 409, also of the last piece of an upload; get the existing one and use it',
		title: 'Something of this name is there already',
		nextStep: 'Choose Replace or Keep Both for what is there already, or another folder',
	},
	resourcemodified: { kind: 'conflict', note: 'Drives, lists: 412, If-Match named another state', nextStep: 'Run this again: it looks anew at what is there' },
	lockmismatch: { kind: 'conflict', note: 'Drives: the lock belongs to somebody else', title: 'It is locked by somebody else', nextStep: 'Have it closed, then run this again' },
	invalidrange: {
		kind: 'conflict',
		note: '416: the piece was received before, or another one is expected; ask the session',
		title: 'An upload got out of step with Microsoft 365',
		nextStep: 'Run this again: what is there already is skipped',
	},
	errorfolderexists: { kind: 'conflict', note: 'Outlook: 409, get the existing one and use it (corso graph/errors.go)' },
	errorduplicateinboxrulesvalidationerror: { kind: 'conflict', note: 'Outlook: rule exists' },
	errorirresolvableconflict: { kind: 'conflict', note: 'Outlook: change key is old' },
	errortransientconflict: { kind: 'transient', note: 'Outlook: two writes at once' },

	syncstatenotfound: { kind: 'expiredCursor', note: '410: Outlook delta token gone (microsoft-graph-docs#2350)' },
	syncstateinvalid: { kind: 'expiredCursor', note: 'Outlook delta token refused (corso graph/errors.go)' },
	errorsyncfoldernotfound: { kind: 'expiredCursor', note: 'Folder of the delta token gone (corso graph/errors.go)' },
	errorinvalidsyncstatedata: { kind: 'expiredCursor', note: 'Outlook delta token unreadable' },
	resyncrequired: { kind: 'expiredCursor', note: '410: drive delta token gone (onedrive-api-docs#1356)' },
	resyncchangesapplydifferences: { kind: 'expiredCursor', note: '410: documented drive code, the server wins' },
	resyncchangesuploaddifferences: { kind: 'expiredCursor', note: '410: documented drive code, keep both' },

	applicationthrottled: { kind: 'throttled', note: '429: "over its MailboxConcurrency limit"' },
	toomanyrequests: { kind: 'throttled', note: '429' },
	activitylimitreached: { kind: 'throttled', note: 'Drives: 429 or 503' },
	errortoomanyobjectsopened: { kind: 'throttled', note: 'Outlook: too many at once' },
	errorserverbusy: { kind: 'transient', note: 'Outlook: 503' },
	errormailboxstoreunavailable: { kind: 'transient', note: 'Outlook: 503, the mailbox is being moved' },
	errormailboxmoveinprogress: { kind: 'transient', note: 'Outlook: the mailbox is being moved' },
	errortimeoutexpired: { kind: 'transient', note: 'Outlook: 504' },
	errorinternalservererror: { kind: 'transient', note: 'Outlook: generic 500' },
	errorinternalservertransienterror: { kind: 'transient', note: 'Outlook: generic 500' },

	invalidrequest: { kind: 'invalid', note: 'Our request is wrong' },
	badrequest: { kind: 'invalid', note: 'Our request is wrong' },
	errorinvalidrequest: { kind: 'invalid', note: 'Our request is wrong' },
	unabletodeserializepostbody: { kind: 'invalid', note: 'MIME posted straight into a folder (docs-contrib#189)' },
});

/** Asked of the message since Graph gives this one no code of its own (corso graph/errors.go). */
export const expiredCursorTexts: readonly RegExp[] = [/parameter:? ?'?deltatoken'? not supported/i, /resync required/i];

export interface KnownText {
	text: RegExp;
	kind: FailureKind;
	note: string;
	title: string;
	nextStep: string;
}

/** Where the message says more than the code, which is then a general one. The first that matches counts. */
export const knownTexts: readonly KnownText[] = [
	{
		text: /\bmy ?site not found/i,
		kind: 'notFound',
		note: '404 resourceNotFound of /users/{id}/drive: never provisioned, or deleted with its owner (corso graph/errors.go)',
		title: 'This user has no OneDrive',
		nextStep: 'Have the user open OneDrive once, or provision it (Request-SPOPersonalSite); or take the user off the list of sources',
	},
	{
		text: /does not have a SPO licen[cs]e/i,
		kind: 'notFound',
		note: '400 BadRequest of anything in drives and sites (corso graph/errors.go)',
		title: 'This tenant has no SharePoint Online',
		nextStep: 'Assign licences that include SharePoint Online, or take drives and sites off the list of sources',
	},
	{
		text: /access to this site has been blocked|\bsite is (locked|read-?only)|\bsite has been locked/i,
		kind: 'denied',
		note: '423 or 403 notAllowed, resourceLocked within (corso graph/errors.go)',
		title: 'The site is locked',
		nextStep: unlockSite,
	},
	{
		text: /\bchecked[ -]?out\b/i,
		kind: 'denied',
		note: '423 of a file that somebody else has checked out',
		title: 'The file is checked out to somebody',
		nextStep: 'Have it checked in, or the check-out discarded by an owner of the library, then run this again',
	},
	{
		text: /resource you are attempting to access is locked|\blocked for (shared|exclusive) use/i,
		kind: 'denied',
		note: '423 resourceLocked of a file that somebody has open',
		title: 'The file is locked: somebody has it open',
		nextStep: 'Have it closed, then run this again',
	},
];
