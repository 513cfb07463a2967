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
	resourcenotfound: { kind: 'notFound', note: 'Directory, drives: "User not found", "mysite not found"' },

	erroraccessdenied: { kind: 'denied', note: 'No permission, or refused by an Exchange access policy ("Access to OData is disabled")' },
	accessdenied: { kind: 'denied', note: 'Drives and sites' },
	authorization_requestdenied: { kind: 'denied', note: 'Directory: permission missing' },
	errorsecurityaccessdenied: { kind: 'denied', note: 'Outlook: seen on protected folders' },
	invalidauthenticationtoken: { kind: 'denied', note: '401: expired, or for another audience', nextStep: signIn },
	notallowed: {
		kind: 'denied',
		note: 'SharePoint: the site is locked or read-only',
		title: 'The site is locked',
		nextStep: 'Unlock the site in the SharePoint admin centre, or exclude it',
	},
	resourcelocked: {
		kind: 'denied',
		note: 'SharePoint: the site is locked',
		title: 'The site is locked',
		nextStep: 'Unlock the site in the SharePoint admin centre, or exclude it',
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
	quotalimitreached: { kind: 'quota', note: 'Drives: 507', nextStep: 'Make room in the drive or raise its quota' },
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

	namealreadyexists: { kind: 'conflict', note: 'Drives: 409, get the existing one and use it' },
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
