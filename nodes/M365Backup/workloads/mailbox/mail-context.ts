import type { Ambient } from '../../base/ambient';
import type { GraphClient } from '../../graph/client';
import type { ExchangeExport } from './exchange/exchange-export';
import type { FolderTree } from './folder-tree';
import { MAIL_SCOPE } from './message-meta';

/** What the parts of one run over one mailbox share. */
export interface MailContext {
	graph: GraphClient;
	/** `/users/<id>`, ready to be put before a path. */
	userPath: string;
	ambient: Ambient;
	tree: FolderTree;
	/** Recoverable Items are backed up, too. */
	recoverableItems: boolean;
	/** Whether the tree's counts are the catalog's; after the loss of a cursor they are not. */
	countsKnown: boolean;
	/** Folders that the run met through a message before the folder list showed them: their lines are still to be written. */
	discovered: Set<string>;
	/** Absent where no message is exported in full fidelity. */
	exchange?: ExchangeExport;
}

export function scopedId(graphId: string): string {
	return `${MAIL_SCOPE}/${graphId}`;
}

/** The Graph id behind a scoped one. */
export function graphIdOf(id: string): string {
	return id.slice(MAIL_SCOPE.length + 1);
}
