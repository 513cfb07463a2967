import type { Ambient } from '../../base/ambient';
import type { GraphClient } from '../../graph/client';
import type { ExchangeExportMode } from './exchange/exchange-export';
import type { MailboxPartName } from './mailbox-part';

/** What a backup of one mailbox is told; each part takes what concerns it. */
export interface MailboxOptions {
	graph: GraphClient;
	/** The user's Entra GUID. */
	mailboxId: string;
	ambient: Ambient;
	/** What to back up; everything if absent. */
	content?: readonly MailboxPartName[];
	/** Mail folders to leave out, with everything below them: id, role, name or display path. */
	excludeFolders?: readonly string[];
	/** Also what users have deleted for good and Exchange still keeps (Recoverable Items); no if absent. */
	recoverableItems?: boolean;
	/** Which messages are exported in full fidelity beside their MIME; `lossy` (those that MIME alone cannot give back) if absent. */
	exchangeExport?: ExchangeExportMode;
}

/** What a restore into one mailbox is told. */
export interface MailboxRestorerOptions {
	graph: GraphClient;
	/** GUID of the mailbox to restore into. */
	mailboxId: string;
	/** The tenant that `graph` signs in to, where it may be another one than the source's. */
	tenantId?: string;
	ambient: Ambient;
	/** The mailbox that was backed up. */
	source: { id: string; tenantId: string };
}
