import type { Ambient } from '../../base/ambient';
import type { GraphClient } from '../../graph/client';
import type { LineSpeed } from './line-speed';

export interface DriveOptions {
	graph: GraphClient;
	/** `b!…` */
	driveId: string;
	ambient: Ambient;
	/** What the ids of its items begin with; `drive` if absent. */
	scope?: string;
	/** How the scope is called in summaries; `Files` if absent. */
	title?: string;
	/** The container that stands for the drive's root; absent: what lies at the root has no parent. */
	top?: { id: string };
	/** Display names before a file's path in archives. */
	topPath?: readonly string[];
	/** Display paths from the drive's root, or patterns with `*` and `**`, in any case: left out with everything below. */
	excludePaths?: readonly string[];
	/** Larger files are left out. */
	maxFileBytes?: number;
	/** Also who may see and change what: permissions and sharing links of items that are shared. */
	permissions?: boolean;
	/** So many older versions of each file are kept beside it. */
	versions?: number;
	/** How many connections a download may take, and when; several, where one is slow, if absent. */
	speed?: LineSpeed;
}
