import { Failure, isFailure } from '../../base/failure';
import type { JsonObject } from '../../base/json';
import type { BatchRequest } from '../../graph/client';
import { batchResult } from '../../graph/client';
import { isGone } from '../is-gone';
import type { Part } from '../join-parts';
import type { Change, ChangePage, ContentRequest, EnumerationInput, Fetched, ItemChange } from '../workload';
import type { GraphPage } from './graph-site';
import { documentBytes, lasting, sitePath, whoOf } from './graph-site';
import type { SiteRun, Web } from './site-run';
import { fetchedBytes, graphIdIn, rootOf, titleOf } from './site-run';

export const PAGES_TITLE = 'Site Pages';
const SELECT = 'id,eTag,name,title,createdDateTime,lastModifiedDateTime,createdBy,lastModifiedBy,publishingState';
/** Changed pages handed on at once: their documents come twenty to a batch. */
const CHANGES_AT_ONCE = 100;
/** Documents of one batch at most: layouts weigh some 50 KB, few of them megabytes. */
const LARGEST_ANSWER_BYTES = 24 * 1024 * 1024;

export function pagesScope(web: Pick<Web, 'guid'>): string {
	return `pages-${web.guid}`;
}

/** The modern pages of a site: one listing, and one GET a changed page for its layout. Graph has no delta of pages. */
export function pagesPart(run: SiteRun, web: Web): Part {
	const scope = pagesScope(web);
	const title = titleOf(web, PAGES_TITLE);
	const pagesPath = `${sitePath(web.siteId)}/pages`;
	/** Page id → its version as stored. Made once a page, since all parts' notes are asked for again and again. */
	let notes: JsonObject = {};

	async function* enumerate(input: EnumerationInput): AsyncGenerator<ChangePage> {
		const before = await storedPages(input);
		const hasContainer = before.delete('root');
		const now = new Map(before);
		const retry = new Set(input.retry);
		const seen = new Set<string>();
		let changes: Change[] = hasContainer ? [] : [container()];
		const stand = (): ChangePage => {
			notes = { [scope]: { pages: { ...Object.fromEntries(now), root: '' } } };
			const page = { changes };
			changes = [];
			return page;
		};
		for await (const pages of listPages(input.signal, before.size > 0)) {
			for (const page of pages) {
				if (seen.has(page.id)) continue;
				seen.add(page.id);
				const version = versionOf(page);
				if (before.get(page.id) === version && !retry.has(`${scope}/${page.id}`)) continue;
				changes.push(line(page, !before.has(page.id)));
				now.set(page.id, version);
				if (changes.length >= CHANGES_AT_ONCE) yield stand();
			}
		}
		const missing = [...before.keys()].filter((id) => !seen.has(id)).map((id) => `${scope}/${id}`);
		for (const change of await ask(missing, input.signal)) {
			changes.push(change);
			now.delete(graphIdIn(change.id));
		}
		yield { ...stand(), scopes: [{ id: scope, name: title, state: 'complete' }] };
	}

	/**
	 * A site without modern pages, such as a classic one, may answer that there is no such thing: if the site itself
	 * answers, there are none. Of one that had some, it is no word on them: all would seem to be gone at once.
	 */
	async function* listPages(signal: AbortSignal, hadPages: boolean): AsyncGenerator<GraphPage[]> {
		try {
			yield* run.graph.pages<GraphPage>({ path: `${pagesPath}?$select=${SELECT}`, signal });
		} catch (error) {
			if (hadPages || !isFailure(error, 'notFound')) throw error;
			await run.graph.json({ path: `${sitePath(web.siteId)}?$select=id`, signal });
		}
	}

	/** The cursor's notes tell it, so that a quiet run reads no catalog; where they are lost or in doubt, a pass over the catalog does. */
	async function storedPages(input: EnumerationInput): Promise<Map<string, string>> {
		if (input.isFirst) return new Map();
		const noted = (input.notes[scope] as JsonObject | undefined)?.['pages'];
		if (typeof noted === 'object' && noted !== null && input.isInDoubt !== true) return new Map(Object.entries(noted as Record<string, string>));
		const found = new Map<string, string>();
		for await (const item of input.known.ofType('page')) {
			if (item.id.startsWith(`${scope}/`)) found.set(graphIdIn(item.id), item.hasContent && item.failedAttempts === 0 ? (item.etag ?? '') : '');
		}
		if ((await input.known.lookUp([rootOf(scope)])).has(rootOf(scope))) found.set('root', '');
		return found;
	}

	/** What became of pages that the listing did not show. */
	async function ask(ids: readonly string[], signal: AbortSignal): Promise<Change[]> {
		const gone: Change[] = [];
		const requests = ids.map((id): BatchRequest => ({ id, method: 'GET', path: `${pagesPath}/${graphIdIn(id)}?$select=id` }));
		for await (const answer of run.graph.batch(requests, { signal })) {
			const result = batchResult(answer);
			if (result.ok) continue;
			if (isFailure(result.failure, 'cancelled')) throw result.failure;
			// Anything else says nothing of the page: the next listing asks again.
			if (isGone(result.failure)) gone.push({ kind: 'gone', id: answer.id });
		}
		return gone;
	}

	function container(): ItemChange {
		return { kind: 'item', id: rootOf(scope), type: 'folder', ...(web.parent === undefined ? {} : { parent: web.parent }), name: PAGES_TITLE, meta: { kind: 'pages', web: web.guid }, isNew: true };
	}

	function line(page: GraphPage, isNew: boolean): ItemChange {
		const id = `${scope}/${page.id}`;
		const name = page.title !== undefined && page.title.trim() !== '' ? page.title : (page.name ?? page.id);
		const [createdBy, modifiedBy] = [whoOf(page.createdBy), whoOf(page.lastModifiedBy)];
		const level = page.publishingState?.level;
		return {
			kind: 'item',
			id,
			type: 'page',
			parent: rootOf(scope),
			name,
			...(page.lastModifiedDateTime === undefined ? {} : { modified: page.lastModifiedDateTime }),
			etag: versionOf(page),
			meta: {
				...(page.name === undefined ? {} : { fileName: page.name }),
				...(page.createdDateTime === undefined ? {} : { created: page.createdDateTime }),
				...(createdBy === undefined ? {} : { createdBy }),
				...(modifiedBy === undefined ? {} : { modifiedBy }),
				...(level === undefined ? {} : { level }),
			},
			isNew,
			fetch: { id, folderPath: [...web.path, PAGES_TITLE], title: name, extension: '.json', version: versionOf(page), hints: { ...(isSitePage(page) ? {} : { isPlain: true }) } },
		};
	}

	async function* fetch(requests: readonly ContentRequest[], signal: AbortSignal): AsyncGenerator<Fetched> {
		const asked = requests.map(({ id, hints }): BatchRequest => ({
			id,
			method: 'GET',
			path: `${pagesPath}/${graphIdIn(id)}${hints['isPlain'] === true ? '' : '/microsoft.graph.sitePage?$expand=canvasLayout'}`,
		}));
		for await (const answer of run.graph.batch(asked, { signal, maxResponseBytes: LARGEST_ANSWER_BYTES })) {
			const result = batchResult(answer);
			if (result.ok) {
				if (typeof result.body === 'object' && result.body !== null) yield fetchedBytes(answer.id, documentBytes(lasting(result.body as JsonObject)));
				else yield { id: answer.id, failure: new Failure('transient', 'Microsoft gave no document for this page') };
			} else if (isFailure(result.failure, 'cancelled')) throw result.failure;
			else yield { id: answer.id, failure: result.failure };
		}
	}

	return {
		scope,
		title,
		enumerate,
		fetch,
		confirmMissing: (ids, _known, signal) => ask(ids, signal),
		notes: () => notes,
	};
}

/** Changes with each draft and publication: the number in `"{GUID},7"`. */
function versionOf({ eTag, lastModifiedDateTime }: GraphPage): string {
	return eTag === undefined ? (lastModifiedDateTime ?? '') : eTag.slice(eTag.lastIndexOf(',') + 1).replace(/"/g, '');
}

/** Others, such as links to news elsewhere, have no layout to ask for. */
function isSitePage(page: GraphPage): boolean {
	const type = (page as unknown as JsonObject)['@odata.type'];
	return type === undefined || type === '#microsoft.graph.sitePage';
}
