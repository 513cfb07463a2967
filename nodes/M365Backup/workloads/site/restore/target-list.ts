import type { Column } from './column';
import type { TargetSite } from './target-sites';

/** Where the items of one list, or the files of one library, go. */
export interface TargetList {
	/** Scoped id of the container in the snapshot. */
	key: string;
	site: TargetSite;
	/** Graph id; null in a preview of a list that is to be made. */
	id: string | null;
	/** Of a library; null in a preview of one that is to be made. */
	driveId?: string | null;
	isLibrary: boolean;
	/** `['Lists', 'Projects']`, `['Documents']` */
	path: string[];
	/** It is the very list that was backed up: its items may be alive in it. */
	isOriginal: boolean;
	isNew: boolean;
	/** Names of columns that were added to it: no item has anything in them. */
	newColumns?: ReadonlySet<string>;
	columns: Column[];
	/** As they were; those of the target if the backup does not say. */
	sourceColumns: Column[];
	contentTypes: { id: string; name: string }[];
	/** What of its columns and content types could not come back. */
	notes: string[];
}
