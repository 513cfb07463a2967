/** The folders that every mailbox is born with. `inRoot`: below msgfolderroot; otherwise beside it, invisible to lists. */
export interface WellKnownFolder {
	role: string;
	english: string;
	german: string;
	parent: string | null;
	isHidden: boolean;
}

export const WELL_KNOWN_FOLDERS: readonly WellKnownFolder[] = [
	{ role: 'msgfolderroot', english: 'Top of Information Store', german: 'Oberste Ebene des Informationsspeichers', parent: null, isHidden: false },
	{ role: 'archive', english: 'Archive', german: 'Archiv', parent: 'msgfolderroot', isHidden: false },
	{ role: 'conversationhistory', english: 'Conversation History', german: 'Verlauf der Unterhaltung', parent: 'msgfolderroot', isHidden: true },
	{ role: 'deleteditems', english: 'Deleted Items', german: 'Gelöschte Elemente', parent: 'msgfolderroot', isHidden: false },
	{ role: 'drafts', english: 'Drafts', german: 'Entwürfe', parent: 'msgfolderroot', isHidden: false },
	{ role: 'inbox', english: 'Inbox', german: 'Posteingang', parent: 'msgfolderroot', isHidden: false },
	{ role: 'junkemail', english: 'Junk Email', german: 'Junk-E-Mail', parent: 'msgfolderroot', isHidden: false },
	{ role: 'outbox', english: 'Outbox', german: 'Postausgang', parent: 'msgfolderroot', isHidden: false },
	{ role: 'sentitems', english: 'Sent Items', german: 'Gesendete Elemente', parent: 'msgfolderroot', isHidden: false },
	{ role: 'syncissues', english: 'Sync Issues', german: 'Synchronisierungsprobleme', parent: 'msgfolderroot', isHidden: true },
	{ role: 'recoverableitemsroot', english: 'Recoverable Items', german: 'Recoverable Items', parent: null, isHidden: true },
	{ role: 'recoverableitemsdeletions', english: 'Deletions', german: 'Deletions', parent: 'recoverableitemsroot', isHidden: true },
	{ role: 'recoverableitemspurges', english: 'Purges', german: 'Purges', parent: 'recoverableitemsroot', isHidden: true },
	{ role: 'recoverableitemsversions', english: 'Versions', german: 'Versions', parent: 'recoverableitemsroot', isHidden: true },
	{ role: 'searchfolders', english: 'Finder', german: 'Finder', parent: null, isHidden: true },
];

/** Names that Graph knows but that this mailbox has no folder for: 404 rather than a malformed id. */
export const UNPROVISIONED_ROLES: ReadonlySet<string> = new Set([
	'clutter',
	'conflicts',
	'localfailures',
	'serverfailures',
	'scheduled',
	'archivemsgfolderroot',
	'archiverecoverableitemsdeletions',
]);
