import type { Ambient } from '../../../base/ambient';
import { Failure } from '../../../base/failure';
import type { GraphClient } from '../../../graph/client';

/** What the parts of one restore into one drive share. */
export interface DriveContext {
	graph: GraphClient;
	ambient: Ambient;
	driveId: string;
	/** `/drives/<id>`, ready to be put before a path. */
	drivePath: string;
	/** The drive that a scope was backed up from is the target: living originals may be found in it. */
	isOriginalDrive: (scope: string) => boolean;
	/** Container id that stands for the drive's root in a scope. */
	topOf: (scope: string) => string | undefined;
	/** What files have in columns is set by whoever asked for them. */
	setsColumns: boolean;
	signal?: AbortSignal;
}

/** Between steps: throws `cancelled` once the user has stopped the run. */
export function stopIfCancelled(context: Pick<DriveContext, 'signal'>): void {
	if (context.signal?.aborted) throw new Failure('cancelled', 'The restore was stopped', { cause: context.signal.reason });
}

/** `{signal}` or nothing, for calls whose options do not take undefined. */
export function signalOf(context: Pick<DriveContext, 'signal'>): { signal?: AbortSignal } {
	return context.signal ? { signal: context.signal } : {};
}

/** `drive/01AB…` → 01AB… */
export function graphIdOf(scopedId: string): string {
	return scopedId.slice(scopedId.indexOf('/') + 1);
}

/** An item by its id. */
export function itemPath(context: Pick<DriveContext, 'drivePath'>, id: string): string {
	return `${context.drivePath}/items/${encodeURIComponent(id)}`;
}

/** What has this name in a folder, whether it is there or not. End it by `:` before going on. */
export function childPath(context: Pick<DriveContext, 'drivePath'>, folderId: string, name: string): string {
	return `${itemPath(context, folderId)}:/${encodeURIComponent(name)}`;
}
