import type { Ambient } from '../../base/ambient';
import type { GraphClient } from '../../graph/client';

/** What of a site can be backed up, in the order in which it is read: what is small comes first. */
export const SITE_PARTS = ['site', 'lists', 'pages', 'libraries'] as const;

export type SitePartName = (typeof SITE_PARTS)[number];

/** What a backup of one site is told. */
export interface SiteOptions {
	graph: GraphClient;
	/** `host,site collection GUID,web GUID` */
	siteId: string;
	ambient: Ambient;
	/** What to back up; everything if absent. */
	content?: readonly SitePartName[];
	/** Also who may do what: the site's grants to applications, and the sharing of files and folders. */
	permissions?: boolean;
	/** Older versions of files, the last so many. */
	versions?: number;
	/** Left out of libraries: paths and patterns as for drives, with the library's name before them (`Documents/Old`) or, for all of them, without. */
	excludePaths?: readonly string[];
	maxFileBytes?: number;
	/** Also the sites below this one, at any depth. */
	subsites?: boolean;
}
