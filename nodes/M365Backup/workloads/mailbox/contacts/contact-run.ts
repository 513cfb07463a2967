import type { Ambient } from '../../../base/ambient';
import type { Failure } from '../../../base/failure';
import type { GraphClient } from '../../../graph/client';
import type { ContactFolderTree } from './contact-folder-tree';

/** What the parts of one run over one mailbox's contacts share. */
export interface ContactRun {
	graph: GraphClient;
	/** `/users/<id>`, ready to be put before a path. */
	userPath: string;
	ambient: Ambient;
	tree: ContactFolderTree;
	/** Whether the tree is the cursor's: then a folder that it does not know has no contacts in the catalog. */
	isTreeKnown: boolean;
	/** Graph ids of folders that a question brought to light: their lines are still to be written. */
	discovered: Set<string>;
	/** Those whose lines are written, and whose contacts are still to be read. */
	unread: Set<string>;
	/** Graph ids of folders whose full listing is still going on. */
	relisting: Set<string>;
	/** Graph ids of folders whose subfolders the last walk could not list, and why: what is below them is not known. */
	unlisted: ReadonlyMap<string, Failure>;
	/** Graph ids of folders whose delta said in this run that they are gone. */
	vanished: Set<string>;
	/** Graph ids of folders that could not be read in this run. */
	unreadable: Set<string>;
	/** Graph ids of folders in the middle of a round of delta pages. */
	unfinished: Set<string>;
}
