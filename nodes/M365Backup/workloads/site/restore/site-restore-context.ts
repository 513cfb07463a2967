import type { Ambient } from '../../../base/ambient';
import { Failure, toFailure } from '../../../base/failure';
import type { GraphClient } from '../../../graph/client';
import type { ConflictPolicy, RestorableFolder, RestorableItem, RestoreDestination, RestoreOutcome, RestoreOutcomeKind, RestoreRequest } from '../../restorer';

/** What a restore into one site is told. */
export interface SiteRestorerOptions {
	graph: GraphClient;
	/** Full id of the site to restore into: `host,site collection GUID,web GUID`. */
	siteId: string;
	/** The tenant that `graph` signs in to, where it may be another one than the source's. */
	tenantId?: string;
	ambient: Ambient;
	/** The site that was backed up. */
	source: { id: string; tenantId: string };
	/** Sharing of files as well, never with invitations; no if absent. */
	permissions?: boolean;
	/** Application roles in the token, where they are known: a preview then names one that is missing. */
	roles?: readonly string[];
}

/** What the parts of one restore into one site share. */
export interface SiteRestoreContext {
	graph: GraphClient;
	ambient: Ambient;
	/** Of the target. */
	siteId: string;
	sourceSiteId: string;
	/** Both sites are of one tenant: people and terms are the same ones, and the source may be asked. */
	isSameTenant: boolean;
	/** The site that was backed up, so that living originals may be found in it. */
	isOriginalSite: boolean;
	folders: ReadonlyMap<string, RestorableFolder>;
	selectedFolders: ReadonlySet<string>;
	destination: RestoreDestination;
	policy: ConflictPolicy;
	preview: boolean;
	roles: readonly string[] | undefined;
	held: NonNullable<RestoreRequest['held']>;
	signal?: AbortSignal;
}

/** `{signal}` or nothing, for calls whose options do not take undefined. */
export function signalOf(context: Pick<SiteRestoreContext, 'signal'>): { signal?: AbortSignal } {
	return context.signal ? { signal: context.signal } : {};
}

/** Between steps: throws `cancelled` once the user has stopped the run. */
export function stopIfCancelled(context: Pick<SiteRestoreContext, 'signal'>): void {
	if (context.signal?.aborted) throw new Failure('cancelled', 'The restore was stopped', { cause: context.signal.reason });
}

/** An error that concerns one item or list alone. @throws Failure `cancelled`: that ends the restore */
export function ownFailure(context: Pick<SiteRestoreContext, 'signal'>, error: unknown): Failure {
	stopIfCancelled(context);
	const failure = toFailure(error);
	if (failure.kind === 'cancelled') throw failure;
	return failure;
}

/** 404 of the target itself. */
export function siteGone(cause: unknown): Failure {
	return new Failure('notFound', 'The target site is not there', { nextStep: 'Choose another site: Microsoft Graph cannot create sites. One that was deleted can be restored in the SharePoint admin centre for 93 days.', cause });
}

/** `/sites/<id>`, ready to be put before a path. */
export function sitePath(siteId: string): string {
	return `/sites/${encodeURIComponent(siteId).replaceAll('%2C', ',')}`;
}

/** An item of the snapshot, or one of its containers, in results. */
export type Named = Pick<RestorableItem, 'id' | 'name'> & { type?: string; parent?: string };

export function outcomeOf(item: Named, outcome: RestoreOutcomeKind, targetPath: readonly string[], more: { newId?: string; reason?: string; fidelity?: readonly string[] } = {}): RestoreOutcome {
	const { id, name, parent, type = 'folder' } = item;
	const { newId, reason, fidelity = [] } = more;
	return {
		id,
		type,
		name,
		...(parent === undefined ? {} : { parent }),
		outcome,
		targetPath: [...targetPath],
		...(newId === undefined ? {} : { newId }),
		...(reason === undefined ? {} : { reason }),
		fidelity: [...new Set(fidelity)],
	};
}

export function failedOutcome(item: Named, targetPath: readonly string[], failure: Failure, fidelity: readonly string[] = []): RestoreOutcome {
	// What Graph says of a refused value or a taken name tells more than the kind's title.
	const reason = failure.kind === 'invalid' || failure.kind === 'conflict' ? failure.message : (failure.title ?? failure.message);
	return {
		...outcomeOf(item, 'failed', targetPath, { reason, fidelity }),
		...(failure.nextStep === undefined ? {} : { nextStep: failure.nextStep }),
		kind: failure.kind,
	};
}
