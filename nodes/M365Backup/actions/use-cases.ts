import { backUp } from '../engine/back-up';
import { checkRepository } from '../engine/check-repository';
import { checkStorage } from '../engine/check-storage';
import { confirmCopied, filesToCopy } from '../engine/copy';
import { driveRestorer, driveScratch, driveWorkload } from '../engine/drive';
import { evict } from '../engine/evict';
import { exportItem } from '../engine/export-items';
import { exportList } from '../engine/export-list';
import { exportZip } from '../engine/export-zip';
import { filesToDelete } from '../engine/files-to-delete';
import { filesToEvict } from '../engine/files-to-evict';
import { holdSnapshot, releaseSnapshot } from '../engine/hold';
import { importFiles } from '../engine/import-files';
import { filesNeeded } from '../engine/files-needed';
import { lockSnapshot } from '../engine/keep-locked';
import { listSnapshots } from '../engine/list-snapshots';
import { mailboxRestorer, mailboxScratch, mailboxWorkload } from '../engine/mailbox';
import { prune } from '../engine/prune';
import { archivedSources, rebuildCatalog, sourceOf } from '../engine/rebuild-catalog';
import { replicateRepository } from '../engine/replicate';
import { restore } from '../engine/restore';
import { restoreDrill } from '../engine/restore-drill';
import { restoreTimeMs } from '../engine/restore-time';
import { searchSnapshot } from '../engine/search';
import { searchHistory } from '../engine/search-history';
import { siteContainers, siteRestorer, siteScratch, siteWorkload } from '../engine/site';
import { verifyRepository } from '../engine/verify';

/** What the operations call, in one place, so that tests of an operation can put something else there. */
export const useCases = {
	archivedSources,
	backUp,
	checkRepository,
	checkStorage,
	confirmCopied,
	driveRestorer,
	driveScratch,
	driveWorkload,
	evict,
	exportItem,
	exportList,
	exportZip,
	filesNeeded,
	filesToCopy,
	filesToDelete,
	filesToEvict,
	holdSnapshot,
	importFiles,
	listSnapshots,
	lockSnapshot,
	mailboxWorkload,
	mailboxRestorer,
	mailboxScratch,
	prune,
	rebuildCatalog,
	releaseSnapshot,
	replicateRepository,
	restore,
	restoreDrill,
	restoreTimeMs,
	searchHistory,
	searchSnapshot,
	siteContainers,
	siteRestorer,
	siteScratch,
	siteWorkload,
	sourceOf,
	verifyRepository,
};
