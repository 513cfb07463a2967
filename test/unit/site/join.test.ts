import { describe, expect, it } from 'vitest';
import { Failure } from '../../../nodes/M365Backup/base/failure';
import type { Part } from '../../../nodes/M365Backup/workloads/join-parts';
import { joinParts } from '../../../nodes/M365Backup/workloads/join-parts';
import { scopeOf } from '../../../nodes/M365Backup/workloads/scope-of';
import { joinRestorers } from '../../../nodes/M365Backup/workloads/join-restorers';
import type { RestorableFolder, RestorableItem, Restorer, RestoreRequest } from '../../../nodes/M365Backup/workloads/restorer';
import type { EnumerationInput } from '../../../nodes/M365Backup/workloads/workload';

const known = { lookUp: () => Promise.resolve(new Map()), async *ofType() { yield* await Promise.resolve([]); }, places: () => Promise.resolve({ parentOf: () => undefined }) };

function input(more: Partial<EnumerationInput> = {}): EnumerationInput {
	return { known, links: {}, notes: {}, retry: [], isFirst: false, signal: new AbortController().signal, ...more };
}

function part(scope: string, asked: string[], more: { onEnumerate?: (input: EnumerationInput) => void; fails?: Failure } = {}): Part {
	let notes = {};
	return {
		scope,
		title: `Title of ${scope}`,
		async *enumerate(given) {
			asked.push(`${scope}${given.isInDoubt === true ? ' in doubt' : ''}${given.retry.length > 0 ? ` again ${given.retry.join()}` : ''}`);
			more.onEnumerate?.(given);
			if (more.fails) throw more.fails;
			notes = { [scope]: { read: true } };
			yield await Promise.resolve({ changes: [] });
		},
		async *fetch(requests) {
			for (const { id } of requests) {
				asked.push(`fetch ${id}`);
				yield await Promise.resolve({ id, end: true as const });
			}
		},
		confirmMissing: (ids) => Promise.resolve(ids.map((id) => ({ kind: 'gone', id }))),
		notes: () => notes,
	};
}

describe('parts that become known on the way', () => {
	it('follow those that found them, and answer for what is theirs', async () => {
		const asked: string[] = [];
		const parts: Part[] = [];
		parts.push(part('lists', asked, { onEnumerate: () => parts.push(part('list-2', asked), part('list-1', asked)) }), part('pages', asked));
		const workload = joinParts(parts, { known: () => [], leftOut: [{ scope: 'site', title: 'Site' }] });
		const scopes: unknown[] = [];
		for await (const page of workload.enumerate(input({ retry: ['list-1/7', 'pages/x', 'elsewhere/1'] }))) scopes.push(...(page.scopes ?? []));
		expect(asked.splice(0)).toEqual(['lists', 'pages again pages/x', 'list-2', 'list-1 again list-1/7']);
		expect(scopes).toEqual([{ id: 'site', name: 'Site', state: 'excluded', andBelow: true }]);
		expect(workload.notes()).toEqual({ lists: { read: true }, pages: { read: true }, 'list-2': { read: true }, 'list-1': { read: true } });
		const requests = ['list-1/1', 'pages/1', 'nobody/1'].map((id) => ({ id, folderPath: [], title: '', extension: '', version: '', hints: {} }));
		for await (const _fetched of workload.fetch(requests, new AbortController().signal));
		expect(asked).toEqual(['fetch pages/1', 'fetch list-1/1']);
		expect(await workload.confirmMissing(['list-2/1', 'nobody/1'], known, new AbortController().signal)).toEqual([{ kind: 'gone', id: 'list-2/1' }]);
	});

	it('are in doubt as long as they have not been read since', async () => {
		const asked: string[] = [];
		const broken = [part('a', asked), part('b', asked, { fails: new Failure('transient', 'No') })];
		const first = joinParts(broken, { known: () => ['a', 'b', 'c'], leftOut: [] });
		for await (const _page of first.enumerate(input({ isInDoubt: true })));
		expect(asked.splice(0)).toEqual(['a in doubt', 'b in doubt']);
		expect(first.notes()['doubtedParts']).toEqual(['b', 'c']);
		const second = joinParts([part('a', asked), part('b', asked)], { known: () => ['a', 'b', 'c'], leftOut: [] });
		for await (const _page of second.enumerate(input({ notes: first.notes() })));
		expect(asked).toEqual(['a', 'b in doubt']);
		expect(second.notes()['doubtedParts']).toEqual(['c']);
	});

	it('leave each other alone, and fail together only if none can be read', async () => {
		const asked: string[] = [];
		const fails = new Failure('denied', 'No access', { nextStep: 'Grant it' });
		const parts: Part[] = [];
		parts.push(part('lists', asked, { fails, onEnumerate: () => parts.push(part('list-1', asked, { fails })) }), part('pages', asked, { fails }));
		const states: string[] = [];
		await expect(async () => {
			for await (const { scopes } of joinParts(parts, { known: () => [], leftOut: [] }).enumerate(input())) states.push(...(scopes ?? []).map(({ id, state, reason }) => `${id} ${state} ${reason ?? ''}`));
		}).rejects.toThrow('No access');
		expect(states).toEqual(['lists denied Title of lists: No access. Grant it', 'pages denied Title of pages: No access. Grant it']);
	});
});

describe('restorers of parts', () => {
	const item = (id: string): RestorableItem => ({ id, type: 'x', name: id, meta: {}, markerKey: '' });
	const folder = (id: string): [string, RestorableFolder] => [id, { id, name: id, meta: {} }];

	async function restored(request: Partial<RestoreRequest> & { ids: string[] }): Promise<string[]> {
		const told: string[] = [];
		const restorer = (name: string): Restorer => ({
			types: ['x'],
			async *restore({ items, folders, selectedFolders }) {
				const ids: string[] = [];
				for await (const { id } of items) ids.push(id);
				told.push(`${name}: ${ids.join()} of ${[...folders.keys()].join()} selected ${[...selectedFolders].join()}`);
				yield* ids.map((id) => ({ id, type: 'x', name: id, outcome: 'created' as const, targetPath: [], fidelity: [] }));
			},
		});
		const joined = joinRestorers({ types: ['x'], partOf: (id) => (id.includes('/') ? scopeOf(id) : undefined), restorerOf: (one) => (one === 'unknown' ? undefined : restorer(one)), seesAllFolders: (one) => one === 'b' });
		const { ids, ...rest } = request;
		const items = async function* (): AsyncGenerator<RestorableItem> {
			for (const id of ids) yield await Promise.resolve(item(id));
		};
		for await (const { id, outcome } of joined.restore({ folders: new Map(), selectedFolders: new Set(), items: items(), destination: { kind: 'original' }, conflictPolicy: 'skip', preview: false, ...rest })) if (outcome === 'failed') told.push(`failed ${id}`);
		return told;
	}

	it('get their own items and folders, and folders without items after them', async () => {
		const folders = new Map([folder('a/root'), folder('b/root'), folder('c/root')]);
		expect(await restored({ ids: ['a/1', 'a/2', 'b/1', 'unknown/1', 'nothing'], folders, selectedFolders: new Set(['a/root', 'c/root']) })).toEqual([
			'a: a/1,a/2 of a/root selected a/root', 'b: b/1 of a/root,b/root,c/root selected ', 'failed unknown/1', 'failed nothing', 'c:  of c/root selected c/root',
		]);
	});
});
