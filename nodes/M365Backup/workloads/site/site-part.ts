import { isFailure, toFailure } from '../../base/failure';
import type { JsonObject } from '../../base/json';
import type { Part } from '../join-parts';
import type { ChangePage, EnumerationInput, ItemChange } from '../workload';
import type { GraphSite } from './graph-site';
import { documentBytes, lasting, sitePath } from './graph-site';
import type { SiteRun, Web } from './site-run';
import { fetchedBytes, fingerprint, rootOf, titleOf, trouble } from './site-run';

export const SITE_TITLE = 'Site';

/** Said where permissions are wanted, and only with a new document: it is so with every site. */
const NO_GROUPS = 'SharePoint groups, their members and permission levels are not in the backup, because Microsoft Graph does not give them';

export function siteScope(web: Pick<Web, 'guid'>): string {
	return `site-${web.guid}`;
}

/** A site's own properties, as an item; before it, the container that stands for a subsite. */
export function sitePart(run: SiteRun, web: Web, options: { withDocument: boolean; name: string }): Part {
	const scope = siteScope(web);
	const title = titleOf(web, SITE_TITLE);
	const id = `${scope}/site`;
	let bytes: Buffer | undefined;
	let notes: JsonObject = {};

	async function* enumerate(input: EnumerationInput): AsyncGenerator<ChangePage> {
		notes = { ...((input.notes[scope] ?? {}) as JsonObject) };
		const stored = await storedPrints(input);
		if (web.parent !== undefined) {
			const print = fingerprint({ name: options.name, parent: web.above ?? null });
			notes['container'] = print;
			if (stored.container !== print) yield { changes: [containerLine(print, stored.container === undefined)] };
		}
		if (!options.withDocument) return;
		const site = await run.graph.json<GraphSite>({ path: sitePath(web.siteId), signal: input.signal });
		const grants = run.options.permissions === true ? await readGrants(input.signal) : {};
		// Its time of change follows everything in it: a new document each run would tell nothing.
		const { lastModifiedDateTime, ...lastingFields } = lasting(site as unknown as JsonObject);
		const print = fingerprint({ ...lastingFields, ...grants.part });
		notes['print'] = print;
		bytes = documentBytes({ ...lastingFields, ...(lastModifiedDateTime === undefined ? {} : { lastModifiedDateTime }), ...grants.part });
		const isChanged = stored.print !== print || input.retry.includes(id);
		yield {
			changes: isChanged ? [line(site, print, stored.print === undefined)] : [],
			scopes: [{ id: scope, name: title, state: 'complete' }],
			warnings: [...(grants.warning === undefined ? [] : [grants.warning]), ...(isChanged && run.options.permissions === true ? [NO_GROUPS] : [])],
		};
	}

	/** What applications with Sites.Selected may do: SharePoint's own groups and users are nowhere in Graph. */
	async function readGrants(signal: AbortSignal): Promise<{ part?: JsonObject; warning?: string }> {
		const permissions: JsonObject[] = [];
		try {
			for await (const page of run.graph.pages<JsonObject>({ path: `${sitePath(web.siteId)}/permissions`, signal })) permissions.push(...page.map(lasting));
		} catch (error) {
			const failure = toFailure(error);
			if (isFailure(failure, 'cancelled')) throw failure;
			return { warning: trouble({ title: `${title}, permissions of applications` }, failure) };
		}
		return { part: { permissions } };
	}

	async function storedPrints(input: EnumerationInput): Promise<{ print?: string; container?: string }> {
		if (input.isFirst) return {};
		if ((options.withDocument ? 'print' in notes : 'container' in notes) && input.isInDoubt !== true) return { ...notes };
		const known = await input.known.lookUp([id, rootOf(scope)]);
		const [item, container] = [known.get(id), known.get(rootOf(scope))];
		return { ...(item ? { print: item.hasContent ? (item.etag ?? '') : '' } : {}), ...(container ? { container: container.etag ?? '' } : {}) };
	}

	function line(site: GraphSite, print: string, isNew: boolean): ItemChange {
		const name = site.displayName ?? site.name ?? options.name;
		return {
			kind: 'item',
			id,
			type: 'site',
			...(web.parent === undefined ? {} : { parent: rootOf(scope) }),
			name,
			...(site.lastModifiedDateTime === undefined ? {} : { modified: site.lastModifiedDateTime }),
			etag: print,
			meta: { siteId: web.siteId, ...(site.webUrl === undefined ? {} : { webUrl: site.webUrl }), ...(site.createdDateTime === undefined ? {} : { created: site.createdDateTime }) },
			isNew,
			fetch: { id, folderPath: [...web.path], title: name, extension: '.json', version: print, hints: {} },
		};
	}

	function containerLine(print: string, isNew: boolean): ItemChange {
		const parent = web.above;
		return { kind: 'item', id: rootOf(scope), type: 'folder', ...(parent === undefined ? {} : { parent }), name: options.name, etag: print, meta: { kind: 'site', siteId: web.siteId }, isNew };
	}

	return {
		scope,
		title,
		enumerate,
		async *fetch(requests, signal) {
			for (const request of requests) {
				bytes ??= documentBytes(lasting(await run.graph.json<JsonObject>({ path: sitePath(web.siteId), signal })));
				yield fetchedBytes(request.id, bytes);
			}
		},
		// Its site is gone, or it is not: nothing lists its parts.
		confirmMissing: () => Promise.resolve([]),
		notes: (): JsonObject => ({ [scope]: notes }),
	};
}
