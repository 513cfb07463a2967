import { isFailure, toFailure } from '../../base/failure';
import type { JsonObject } from '../../base/json';
import { batchResult } from '../../graph/client';
import { unreadable } from '../join-parts';
import type { ChangePage, EnumerationInput, ScopeNews } from '../workload';
import type { GraphSite } from './graph-site';
import { sitePath, webGuidOf } from './graph-site';
import { LISTS_TITLE } from './list-info';
import { PAGES_TITLE, pagesScope } from './pages-part';
import { SITE_TITLE, siteScope } from './site-part';
import type { SiteRun, Web } from './site-run';
import { rootOf, titleOf } from './site-run';

/** A subsite as the notes keep it. */
type KnownSubsite = { siteId: string; name: string };

/** The sites right below one. Each that is found is handed to `add`, which makes parts of it. */
export class Subsites {
	/** Web GUID → what is known of it. */
	private readonly known = new Map<string, KnownSubsite>();
	private begun = false;

	constructor(
		private readonly run: SiteRun,
		private readonly web: Web,
		private readonly add: (web: Web, name: string) => void,
	) {}

	get notes(): JsonObject {
		return this.begun && this.known.size > 0 ? { subsites: Object.fromEntries(this.known) } : {};
	}

	/** @param gone scope → title of what is confirmed to be gone; added to */
	async *enumerate(input: EnumerationInput, gone: Map<string, string>): AsyncGenerator<ChangePage> {
		await this.takeUp(input);
		if (this.run.options.subsites !== true) {
			const scopes = [...this.known].flatMap(([guid, { name }]) => scopesOf(input.notes, guid, [...this.web.path, name]));
			yield { changes: [], scopes: scopes.map(([id, name]): ScopeNews => ({ id, name, state: 'excluded' })) };
			return;
		}
		const known = [...this.known];
		try {
			yield* this.read(input, gone);
		} catch (error) {
			const failure = toFailure(error);
			if (isFailure(failure, 'cancelled', 'corrupt', 'defect')) throw failure;
			// What the site itself holds goes on.
			const stale = known.flatMap(([guid, { name }]) => scopesOf(input.notes, guid, [...this.web.path, name])).map(([id, name]): ScopeNews => ({ id, name, state: failure.kind === 'denied' ? 'denied' : 'stale' }));
			yield { changes: [], scopes: [unreadable({ scope: `sites-${this.web.guid}`, title: titleOf(this.web, 'Subsites') }, failure), ...stale] };
		}
	}

	private async *read(input: EnumerationInput, gone: Map<string, string>): AsyncGenerator<ChangePage> {
		const path = `${sitePath(this.web.siteId)}/sites?$select=id,name,displayName`;
		const found = new Map<string, KnownSubsite>();
		for await (const page of this.run.graph.pages<GraphSite>({ path, signal: input.signal })) {
			for (const { id, displayName, name } of page) found.set(webGuidOf(id), { siteId: id, name: displayName ?? name ?? id });
		}
		const missing = [...this.known].filter(([guid]) => !found.has(guid));
		const scopes: ScopeNews[] = [];
		for await (const answer of this.run.graph.batch(missing.map(([id, { siteId }]) => ({ id, method: 'GET' as const, path: `${sitePath(siteId)}?$select=id,displayName` })), { signal: input.signal })) {
			const result = batchResult(answer);
			const subsite = this.known.get(answer.id);
			if (!subsite) continue;
			const own = scopesOf(input.notes, answer.id, [...this.web.path, subsite.name]);
			if (result.ok) found.set(answer.id, subsite);
			else if (isFailure(result.failure, 'cancelled')) throw result.failure;
			else if (isFailure(result.failure, 'notFound')) {
				this.known.delete(answer.id);
				for (const [scope, title] of own) gone.set(scope, title);
			} else for (const [scope, title] of own) scopes.push(unreadable({ scope, title }, result.failure));
		}
		for (const [guid, subsite] of found) this.known.set(guid, subsite);
		yield { changes: [], scopes };
		for (const [guid, { siteId, name }] of found) {
			this.add({ siteId, guid, path: [...this.web.path, name], parent: rootOf(siteScope({ guid })), above: this.web.parent }, name);
		}
	}

	private async takeUp(input: EnumerationInput): Promise<void> {
		const notes = input.notes[`lists-${this.web.guid}`] as JsonObject | null | undefined;
		for (const [guid, subsite] of Object.entries((notes?.['subsites'] ?? {}) as Record<string, KnownSubsite>)) this.known.set(guid, subsite);
		this.begun = true;
		if (input.isFirst || (notes && input.isInDoubt !== true)) return;
		for await (const folder of input.known.ofType('folder')) {
			if (folder.meta['kind'] !== 'site' || folder.parent !== this.web.parent || typeof folder.meta['siteId'] !== 'string') continue;
			const siteId = folder.meta['siteId'];
			this.known.set(webGuidOf(siteId), { siteId, name: folder.name });
		}
	}
}

/** Everything that may be stored of a subsite and of those below it: scope and title. */
function scopesOf(notes: Readonly<JsonObject>, guid: string, path: readonly string[]): [scope: string, title: string][] {
	const own = notes[`lists-${guid}`] as JsonObject | null | undefined;
	const title = (name: string): string => [...path, name].join('/');
	const lists = { ...(own?.['lists'] as Record<string, string> | undefined), ...(own?.['gone'] as Record<string, string> | undefined) };
	const below = Object.entries((own?.['subsites'] ?? {}) as Record<string, KnownSubsite>);
	return [
		...Object.entries(lists),
		[pagesScope({ guid }), title(PAGES_TITLE)],
		[`lists-${guid}`, title(LISTS_TITLE)],
		...below.flatMap(([one, { name }]) => scopesOf(notes, one, [...path, name])),
		[siteScope({ guid }), title(SITE_TITLE)],
	];
}
