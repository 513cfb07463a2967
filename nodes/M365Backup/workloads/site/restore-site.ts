import type { Failure } from '../../base/failure';
import type { RestorableItem, RestoreOutcome, Restorer, RestoreRequest } from '../restorer';
import { inFlight } from '../in-flight';
import { itemRuns } from '../item-runs';
import { inTurn } from '../restore-turns';
import { scopeOf } from '../scope-of';
import { listsInOrder } from './restore/list-order';
import { restoreLibrary } from './restore/restore-library';
import { restoreListItems } from './restore/restore-list-items';
import { restorePages } from './restore/restore-pages';
import { restoreSiteItem } from './restore/restore-site-item';
import { scopedId } from './restore/scoped-id';
import { failedOutcome, outcomeOf, ownFailure, stopIfCancelled, type SiteRestoreContext, type SiteRestorerOptions } from './restore/site-restore-context';
import { SiteWork } from './restore/site-work';
import type { TargetList } from './restore/target-list';
import { TargetLists } from './restore/target-lists';
import { TargetSites } from './restore/target-sites';

export type { SiteRestorerOptions } from './restore/site-restore-context';

/** Requests for single items at a time. */
const IN_FLIGHT = 4;

/** Gives one site its libraries, lists and pages back. See DESIGN §6: list items by living id or field fingerprint. */
export function siteRestorer(options: SiteRestorerOptions): Restorer {
	const place = `${options.tenantId ?? options.source.tenantId}/site/${options.siteId}`.toLowerCase();
	return {
		types: ['folder', 'file', 'listItem', 'page', 'site'],
		restore: (request) => (request.preview ? restoreSite(options, request) : inTurn(place, request.signal, () => restoreSite(options, request))),
	};
}

async function* restoreSite(options: SiteRestorerOptions, request: RestoreRequest): AsyncGenerator<RestoreOutcome> {
	const run = new SiteRestore(options, request);
	// Every list is there, or known to fail, before anything goes into one.
	yield* run.findTargets([...request.selectedFolders].filter((id) => kindOfRoot(id) === 'list' || kindOfRoot(id) === 'library'));
	yield* run.files();
	yield* run.listItems();
	yield* run.rest();
	yield* run.late();
}

class SiteRestore {
	private readonly context: SiteRestoreContext;
	private readonly work: SiteWork;
	private readonly lists: TargetLists;
	private readonly targets = new Map<string, TargetList | Failure>();
	private readonly news: RestoreOutcome[] = [];
	/** Items of lists, pages and sites by scope; of each its catalog line, not its content. */
	private readonly waiting = new Map<string, RestorableItem[]>();

	constructor(
		private readonly options: SiteRestorerOptions,
		private readonly request: RestoreRequest,
	) {
		this.context = contextOf(options, request);
		const sites = new TargetSites(this.context);
		this.lists = new TargetLists(this.context, sites, (outcome) => this.news.push(outcome));
		this.work = new SiteWork(this.context, sites, this.lists);
	}

	/** @param keys scoped ids of lists and libraries */
	async *findTargets(keys: readonly string[]): AsyncGenerator<RestoreOutcome> {
		const { context, lists, request, targets } = this;
		for (const key of listsInOrder(keys, request.folders)) {
			if (targets.has(key)) continue;
			stopIfCancelled(context);
			try {
				targets.set(key, await lists.target(key));
			} catch (error) {
				const failure = ownFailure(context, error);
				targets.set(key, failure);
				const folder = request.folders.get(key);
				if (folder && request.selectedFolders.has(key)) yield failedOutcome(folder, [], failure);
			}
			yield* this.news.splice(0);
		}
		await lists.finish();
	}

	/** Files go as they come; everything else is gathered, since lists must be seen whole. */
	async *files(): AsyncGenerator<RestoreOutcome> {
		const { context, request } = this;
		const seen = new Set<string>();
		for await (const { key: scope, items } of itemRuns(request.items, scopeOf)) {
			stopIfCancelled(context);
			if (scopedId(`${scope}/root`)?.kind === 'library') {
				yield* this.library(scope, items, seen.has(scope) ? new Set() : request.selectedFolders);
				seen.add(scope);
				continue;
			}
			const same = this.waiting.get(scope) ?? [];
			this.waiting.set(scope, same);
			for await (const item of items) same.push(item);
		}
		// Of these only folders were selected.
		const scopes = new Set([...request.selectedFolders].filter((id) => scopedId(id)?.kind === 'library').map(scopeOf));
		for (const scope of scopes) if (!seen.has(scope)) yield* this.library(scope, nothing(), request.selectedFolders);
	}

	private async *library(scope: string, items: AsyncIterable<RestorableItem>, selectedFolders: ReadonlySet<string>): AsyncGenerator<RestoreOutcome> {
		const { work, options, request } = this;
		yield* this.findTargets([`${scope}/root`]);
		const target = this.targets.get(`${scope}/root`);
		if (target && !('kind' in target)) yield* restoreLibrary(work, options, { ...request, items, selectedFolders }, target, scope);
		else for await (const item of items) if (target) yield failedOutcome(item, [], target);
	}

	async *listItems(): AsyncGenerator<RestoreOutcome> {
		const { work, waiting, targets, request } = this;
		const scopes = [...waiting.keys()].filter((scope) => scopedId(`${scope}/root`)?.kind === 'list');
		for (const scope of scopes) work.lookups.expect((waiting.get(scope) ?? []).map(({ id }) => id));
		const keys = scopes.map((scope) => `${scope}/root`);
		yield* this.findTargets(keys);
		for (const key of listsInOrder(keys, request.folders)) {
			const target = targets.get(key);
			const items = waiting.get(scopeOf(key)) ?? [];
			waiting.delete(scopeOf(key));
			if (target && !('kind' in target)) yield* this.intoList(target, items);
			else if (target) yield* this.allFailed(items, [], target);
		}
	}

	private async *intoList(target: TargetList, items: readonly RestorableItem[]): AsyncGenerator<RestoreOutcome> {
		const { work } = this;
		const answered = new Set<string>();
		try {
			for await (const outcome of restoreListItems(work, target, items)) {
				answered.add(outcome.id);
				yield outcome;
			}
		} catch (error) {
			// The list cannot be read: that is the outcome of its items, and other lists go on.
			const failure = ownFailure(work.context, error);
			yield* this.allFailed(items.filter(({ id }) => !answered.has(id) && !work.isLate(id)), target.path, failure);
		}
	}

	private *allFailed(items: readonly RestorableItem[], path: readonly string[], failure: Failure): Generator<RestoreOutcome> {
		for (const item of items) {
			this.work.lookups.settle(item.id, null, true);
			yield failedOutcome(item, path, failure);
		}
	}

	/** Pages, and what sites say of themselves. */
	async *rest(): AsyncGenerator<RestoreOutcome> {
		for (const [scope, items] of this.waiting) {
			const id = scopedId(`${scope}/root`);
			if (id?.kind === 'pages') yield* restorePages(this.work, id.guid, items);
			else for (const item of items) yield item.type === 'site' ? await restoreSiteItem(this.work, item) : unknownItem(item);
		}
	}

	/** Lookups to what came later. */
	async *late(): AsyncGenerator<RestoreOutcome> {
		yield* inFlight(streamOf(this.work.takeLate()), IN_FLIGHT, (finish) => finish());
	}
}

function kindOfRoot(id: string): string | undefined {
	return id.endsWith('/root') ? scopedId(id)?.kind : undefined;
}

async function* streamOf<T>(all: readonly T[]): AsyncGenerator<T> {
	yield* await Promise.resolve(all);
}

async function* nothing(): AsyncGenerator<RestorableItem> {
	yield* await Promise.resolve([]);
}

function unknownItem(item: RestorableItem): RestoreOutcome {
	return {
		...outcomeOf(item, 'failed', [], { reason: `Items of type ${item.type} cannot be restored into a site` }),
		nextStep: 'Export it instead (Item: Export).',
		kind: 'invalid',
	};
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
