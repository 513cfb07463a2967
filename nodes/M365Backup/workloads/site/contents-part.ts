import { isFailure, toFailure } from '../../base/failure';
import type { JsonObject } from '../../base/json';
import type { Part } from '../join-parts';
import { unreadable } from '../join-parts';
import type { Change, ChangePage, EnumerationInput, ScopeNews } from '../workload';
import { scopeOf } from '../scope-of';
import { FirstPages } from './first-pages';
import { gonePart } from './gone-part';
import type { GraphList } from './graph-site';
import { libraryLinks, libraryPart } from './library-part';
import { isBackedUp, isUserList, kindOfList, LISTS_TITLE, listInfo, listsScope, listTitle, scopeOfList } from './list-info';
import type { ListInfo, ListKind } from './list-info';
import { itemsLink, listPart } from './list-part';
import { People } from './people';
import { askLists, readLists } from './read-lists';
import type { SiteRun, Web } from './site-run';
import { rootOf, titleOf } from './site-run';
import type { Subsites } from './subsites';

/** Its notes: what was backed up of a site, so that what is missing is noticed. */
interface ContentsNotes {
	/** The container "Lists" is stored. */
	root: boolean;
	/** Scopes of lists and libraries → their title. */
	lists: Map<string, string>;
	/** Scopes that are gone, but not yet from the catalog. */
	gone: Map<string, string>;
}

/**
 * Which lists and libraries a site has. Those found become parts of their own, appended to `parts`; what an earlier run
 * knew and is confirmed to be gone, too, as one that ends all that is stored of it.
 */
export function contentsPart(run: SiteRun, web: Web, parts: Part[], subsites: Subsites): Part {
	const scope = listsScope(web);
	const title = titleOf(web, LISTS_TITLE);
	const kinds = new Set<ListKind>([...(wants(run, 'lists') ? ['list' as const] : []), ...(wants(run, 'libraries') ? ['library' as const] : [])]);
	let state: ContentsNotes | null = null;
	let userListId: string | undefined;

	async function* enumerate(input: EnumerationInput): AsyncGenerator<ChangePage> {
		state = await takeUp(input);
		const { lists, gone } = state;
		const changes: Change[] = [];
		if (kinds.has('list') && !state.root) changes.push({ kind: 'item', id: rootOf(scope), type: 'folder', ...(web.parent === undefined ? {} : { parent: web.parent }), name: LISTS_TITLE, meta: { kind: 'folder', web: web.guid }, isNew: true });
		if (kinds.has('list')) state.root = true;
		// Before anything can fail: what a subsite holds is told by itself.
		yield { changes, scopes: [...lists].filter(([one]) => !kinds.has(kindOfScope(one))).map(([id, name]): ScopeNews => ({ id, name, state: 'excluded' })) };
		if (kinds.size > 0) yield* readContents(input);
		yield* subsites.enumerate(input, gone);
		for (const [one, name] of gone) parts.push(gonePart({ scope: one, title: name }, linksOf(one), () => gone.delete(one)));
	}

	async function* readContents(input: EnumerationInput): AsyncGenerator<ChangePage> {
		const { lists, gone } = state ?? { lists: new Map<string, string>(), gone: new Map<string, string>() };
		const before = [...lists.keys()].filter((one) => kinds.has(kindOfScope(one)));
		let served: GraphList[];
		try {
			served = await readLists(run, web, input.signal);
		} catch (error) {
			const failure = toFailure(error);
			if (!isFailure(failure, 'cancelled', 'corrupt', 'defect')) {
				const stale = (one: string): ScopeNews => ({ id: one, name: lists.get(one) ?? one, state: failure.kind === 'denied' ? 'denied' : 'stale' });
				yield { changes: [], scopes: before.map(stale) };
			}
			throw failure;
		}
		userListId = served.find(isUserList)?.id;
		const shown = new Map(served.map((list) => [scopeOfList(kindOfList(list), list.id), list]));
		const missing = before.filter((one) => !shown.has(one));
		const asked = await askLists(run, web, missing.map(listIdOf), input.signal);
		const found: ListInfo[] = [];
		for (const [one, list] of shown) if (kinds.has(kindOfScope(one)) && (isBackedUp(list) || lists.has(one))) found.push(listInfo(web, list));
		for (const list of asked.found.values()) found.push(listInfo(web, list));
		const scopes: ScopeNews[] = [];
		for (const one of missing) {
			const name = lists.get(one) ?? one;
			const failure = asked.failures.get(listIdOf(one));
			if (failure) scopes.push(unreadable({ scope: one, title: name }, failure));
			if (!asked.gone.includes(listIdOf(one))) continue;
			lists.delete(one);
			gone.set(one, name);
		}
		for (const info of found) lists.set(info.scope, listTitle(info));
		yield { changes: [], scopes };
		addParts(found, input);
	}

	function addParts(found: readonly ListInfo[], input: EnumerationInput): void {
		const people = new People(run, web, () => userListId);
		const firstPages = new FirstPages(run);
		const lists = found.filter(({ kind }) => kind === 'list');
		for (const info of lists) {
			const link = input.links[itemsLink(info)];
			if (link !== undefined && input.isInDoubt !== true) firstPages.add(info.scope, link);
			parts.push(listPart(run, info, people, (one, signal) => firstPages.take(one, signal)));
		}
		for (const info of found) if (info.kind === 'library') parts.push(libraryPart(run, info, people));
	}

	/** The notes; where they are lost or in doubt, the containers that the catalog has. */
	async function takeUp(input: EnumerationInput): Promise<ContentsNotes> {
		const notes = input.notes[scope] as JsonObject | null | undefined;
		const lists = new Map(Object.entries((notes?.['lists'] ?? {}) as Record<string, string>));
		const gone = new Map(Object.entries((notes?.['gone'] ?? {}) as Record<string, string>));
		let root = notes?.['root'] === true;
		if (!input.isFirst && (notes === undefined || notes === null || input.isInDoubt === true)) {
			for await (const folder of input.known.ofType('folder')) {
				const { web: guid, kind } = folder.meta;
				if (guid !== web.guid || (kind !== 'list' && kind !== 'library')) continue;
				const one = scopeOf(folder.id);
				if (!gone.has(one)) lists.set(one, titleOf(web, ...(kind === 'list' ? [LISTS_TITLE] : []), folder.name));
			}
			root = (await input.known.lookUp([rootOf(scope)])).has(rootOf(scope));
		}
		return { root, lists, gone };
	}

	return {
		scope,
		title,
		enumerate,
		async *fetch() {
			yield* await Promise.resolve([]);
		},
		confirmMissing: () => Promise.resolve([]),
		notes: (): JsonObject =>
			state ? { [scope]: { root: state.root, lists: Object.fromEntries(state.lists), ...(state.gone.size > 0 ? { gone: Object.fromEntries(state.gone) } : {}), ...subsites.notes } } : {},
	};
}

function wants({ options }: SiteRun, part: 'lists' | 'libraries'): boolean {
	return options.content === undefined || options.content.includes(part);
}

function kindOfScope(scope: string): ListKind {
	return scope.startsWith('library-') ? 'library' : 'list';
}

function listIdOf(scope: string): string {
	return scope.slice(scope.indexOf('-') + 1);
}

function linksOf(scope: string): string[] {
	if (/^(site|pages|lists)-/.test(scope)) return [];
	return kindOfScope(scope) === 'library' ? libraryLinks({ scope }) : [itemsLink({ scope })];
}
