import { backUp } from '../engine/back-up';
import { confirmCopied, filesToCopy } from '../engine/copy';
import { exportItem } from '../engine/export-items';
import { importFiles } from '../engine/import-files';
import { filesNeeded } from '../engine/files-needed';
import { listSnapshots } from '../engine/list-snapshots';
import { mailboxWorkload, mailboxRestorer } from '../engine/mailbox';
import { restore } from '../engine/restore';
import { searchSnapshot } from '../engine/search';

/** What the operations call, in one place, so that tests of an operation can put something else there. */
export const useCases = {
	backUp,
	confirmCopied,
	exportItem,
	filesNeeded,
	filesToCopy,
	importFiles,
	listSnapshots,
	mailboxWorkload,
	mailboxRestorer,
	restore,
	searchSnapshot,
};
