import type { Ambient } from '../../base/ambient';
import type { GraphClient } from '../../graph/client';
import { BrokenVersions } from './broken-versions';
import type { DriveOptions } from './drive-options';
import { ExcludedPaths } from './excluded-paths';
import { FolderPaths } from './folder-paths';
import { LineSpeed } from './line-speed';
import { StoredAnyway } from './stored-anyway';

/** What the parts of one run over one drive share. */
export interface DriveContext {
	graph: GraphClient;
	ambient: Ambient;
	/** `/drives/b!…`, ready to be put before a path. */
	drivePath: string;
	driveId: string;
	scope: string;
	title: string;
	/** Id of the container that stands for the root. */
	top: string | undefined;
	topPath: readonly string[];
	excluded: ExcludedPaths;
	maxFileBytes: number;
	/** Permissions and sharing links are read, too. */
	permissions: boolean;
	/** Older versions kept beside each file. */
	versions: number;
	folders: FolderPaths;
	/** Files that were stored although they are not what Microsoft 365 tells of them. */
	storedAnyway: StoredAnyway;
	brokenVersions: BrokenVersions;
	/** Over how many connections files are downloaded. */
	speed: LineSpeed;
	leftOut: LeftOut;
	/** Names of files that were skipped in this run since Microsoft 365 found malware in them. */
	infected: string[];
}

/** What the options keep out of the backup, as far as this run met it. */
export interface LeftOut {
	byPath: { files: number; bytes: number };
	bySize: { files: number; bytes: number };
	/** Links into other drives, which are sources of their own. */
	shortcuts: number;
}

export function nothingLeftOut(): LeftOut {
	return { byPath: { files: 0, bytes: 0 }, bySize: { files: 0, bytes: 0 }, shortcuts: 0 };
}

export function driveContext(options: DriveOptions): DriveContext {
	const scope = options.scope ?? 'drive';
	return {
		graph: options.graph,
		ambient: options.ambient,
		drivePath: `/drives/${encodeURIComponent(options.driveId)}`,
		driveId: options.driveId,
		scope,
		title: options.title ?? 'Files',
		top: options.top?.id,
		topPath: options.topPath ?? [],
		excluded: new ExcludedPaths(options.excludePaths),
		maxFileBytes: options.maxFileBytes ?? Number.POSITIVE_INFINITY,
		permissions: options.permissions ?? false,
		versions: Math.max(0, Math.floor(options.versions ?? 0)),
		folders: new FolderPaths(scope),
		storedAnyway: new StoredAnyway(),
		brokenVersions: new BrokenVersions(),
		speed: options.speed ?? new LineSpeed(options.ambient),
		leftOut: nothingLeftOut(),
		infected: [],
	};
}

export function scopedId(context: Pick<DriveContext, 'scope'>, graphId: string): string {
	return `${context.scope}/${graphId}`;
}

/** The Graph id behind a scoped one. */
export function graphIdOf(id: string): string {
	return id.slice(id.indexOf('/') + 1);
}

export function itemPath(context: DriveContext, graphId: string): string {
	return `${context.drivePath}/items/${encodeURIComponent(graphId)}`;
}
