import type { Failure } from '../../base/failure';
import type { RestorableItem, RestoreOutcome, Restorer, RestoreRequest } from '../restorer';
import { takeTurn } from '../restore-turns';
import { restoreListItems } from './restore/restore-list-items';
import { scopedId, scopeOf } from './restore/scoped-id';
import { failedOutcome, ownFailure, stopIfCancelled, type SiteRestoreContext, type SiteRestorerOptions } from './restore/site-restore-context';
import { SiteWork } from './restore/site-work';
import { TargetLists, type TargetList } from './restore/target-lists';
import { TargetSites } from './restore/target-sites';

export type { SiteRestorerOptions } from './restore/site-restore-context';

/** Gives one site its libraries, lists and pages back. See DESIGN §6: list items by living id or field fingerprint. */
export function siteRestorer(options: SiteRestorerOptions): Restorer {
	return {
		types: ['folder', 'file', 'listItem', 'page', 'site'],
		restore: (request) => (request.preview ? restoreSite(options, request) : restoreInTurn(options, request)),
	};
}

/** One restore into a site after the other: what the first has made is there for the second to find. */
async function* restoreInTurn(options: SiteRestorerOptions, request: RestoreRequest): AsyncGenerator<RestoreOutcome> {
	const endTurn = await takeTurn(`${options.tenantId ?? options.source.tenantId}/site/${options.siteId}`.toLowerCase(), request.signal);
	try {
		yield* restoreSite(options, request);
	} finally {
		endTurn();
	}
}

async function* restoreSite(options: SiteRestorerOptions, request: RestoreRequest): AsyncGenerator<RestoreOutcome> {
	const context = contextOf(options, request);
	const news: RestoreOutcome[] = [];
	const sites = new TargetSites(context);
	const lists = new TargetLists(context, sites, (outcome) => news.push(outcome));
	const work = new SiteWork(context, sites, lists);

	const waiting = new Map<string, RestorableItem[]>();
	for await (const item of request.items) {
		stopIfCancelled(context);
		const scope = scopeOf(item.id);
		const same = waiting.get(scope);
		if (same) same.push(item);
		else waiting.set(scope, [item]);
	}
	const wanted = new Set<string>([...request.selectedFolders].filter((id) => isListRoot(id)));
	for (const scope of waiting.keys()) if (scopedId(`${scope}/root`)?.kind === 'list') wanted.add(`${scope}/root`);
	work.lookups.expect([...waiting].flatMap(([scope, items]) => (scope.startsWith('list-') ? items.map(({ id }) => id) : [])));

	const targets = new Map<string, TargetList | Failure>();
	for (const key of inOrder([...wanted], request)) {
		stopIfCancelled(context);
		try {
			targets.set(key, await lists.target(key));
		} catch (error) {
			const failure = ownFailure(context, error);
			targets.set(key, failure);
			const folder = request.folders.get(key);
			if (folder && request.selectedFolders.has(key)) yield failedOutcome(folder, [], failure);
		}
		yield* news.splice(0);
	}
	await lists.finish();
	for (const [key, target] of targets) {
		const items = waiting.get(scopeOf(key)) ?? [];
		if ('kind' in target) {
			for (const item of items) work.lookups.settle(item.id, null, true);
			yield* items.map((item) => failedOutcome(item, [], target));
			continue;
		}
		yield* intoList(work, target, items);
	}
	for (const late of work.late.splice(0)) yield await late();
}

async function* intoList(work: SiteWork, target: TargetList, items: readonly RestorableItem[]): AsyncGenerator<RestoreOutcome> {
	const answered = new Set<string>();
	try {
		for await (const outcome of restoreListItems(work, target, items)) {
			answered.add(outcome.id);
			yield outcome;
		}
	} catch (error) {
		// The list cannot be read: that is the outcome of its items, and other lists go on.
		const failure = ownFailure(work.context, error);
		for (const item of items) {
			if (answered.has(item.id)) continue;
			work.lookups.settle(item.id, null, true);
			yield failedOutcome(item, target.path, failure);
		}
	}
}

function isListRoot(id: string): boolean {
	return id.endsWith('/root') && scopedId(id)?.kind === 'list';
}

/** Lists that others look into come before those. */
function inOrder(keys: readonly string[], request: RestoreRequest): string[] {
	const sorted = [...keys].sort();
	const done = new Set<string>();
	const visit = (key: string): void => {
		if (done.has(key)) return;
		done.add(key);
		for (const guid of lookedInto(request, key)) if (keys.includes(`list-${guid}/root`)) visit(`list-${guid}/root`);
		order.push(key);
	};
	const order: string[] = [];
	sorted.forEach(visit);
	return order;
}

function lookedInto(request: RestoreRequest, key: string): string[] {
	const columns = request.folders.get(key)?.meta['columns'];
	if (!Array.isArray(columns)) return [];
	return columns.flatMap((column) => {
		const lookup = typeof column === 'object' && column !== null && !Array.isArray(column) ? column['lookup'] : undefined;
		const listId = typeof lookup === 'object' && lookup !== null && !Array.isArray(lookup) ? lookup['listId'] : undefined;
		return typeof listId === 'string' ? [listId.toLowerCase()] : [];
	});
}

function contextOf(options: SiteRestorerOptions, request: RestoreRequest): SiteRestoreContext {
	const isSameTenant = (options.tenantId ?? options.source.tenantId) === options.source.tenantId;
	return {
		graph: options.graph,
		ambient: options.ambient,
		siteId: options.siteId,
		sourceSiteId: options.source.id,
		isSameTenant,
		isOriginalSite: isSameTenant && options.siteId.toLowerCase() === options.source.id.toLowerCase(),
		folders: request.folders,
		selectedFolders: request.selectedFolders,
		destination: request.destination,
		policy: request.conflictPolicy,
		preview: request.preview,
		roles: options.roles,
		held: request.held ?? (() => Promise.resolve(new Set<string>())),
		...(request.signal ? { signal: request.signal } : {}),
	};
}
