import type { ConflictPolicy, RestorableFolder, RestorableItem } from '../../restorer';
import type { DriveContext } from './drive-context';
import type { DriveView } from './drive-view';
import type { DriveWriter } from './drive-writer';
import type { LivingItem } from './living-item';
import type { Places } from './places';
import type { TargetFolders } from './target-folders';

/** What all files of one restore into one drive share. */
export interface RestoreRun {
	context: DriveContext;
	view: DriveView;
	places: Places;
	writer: DriveWriter;
	folders: TargetFolders;
	policy: ConflictPolicy;
	/** Its own drive, its own place: the living original is looked for. */
	looksForOriginal(item: Pick<RestorableItem, 'id'>): boolean;
	/** What stands there is another item of the snapshot, by its id: it has to go back to its own name. */
	isHeldAsOther(item: RestorableItem, there: LivingItem): Promise<boolean>;
	/** Gives sharing back where that was asked for. @returns what could not be, in plain sentences */
	share(item: Pick<RestorableItem | RestorableFolder, 'meta'>, living: LivingItem, isNew: boolean): Promise<string[]>;
}
