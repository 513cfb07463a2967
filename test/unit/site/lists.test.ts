import { describe, expect, it } from 'vitest';
import { Failure } from '../../../nodes/M365Backup/base/failure';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import type { JsonObject } from '../../../nodes/M365Backup/base/json';
import type { BatchAnswer, BatchRequest, DeltaAnswer, GraphClient, GraphRequest } from '../../../nodes/M365Backup/graph/client';
import { uniqueIdOf } from '../../../nodes/M365Backup/workloads/site/file-ids';
import { FirstPages } from '../../../nodes/M365Backup/workloads/site/first-pages';
import { lasting, webGuidOf } from '../../../nodes/M365Backup/workloads/site/graph-site';
import { containerPrint, isBackedUp, listInfo } from '../../../nodes/M365Backup/workloads/site/list-info';
import { readLists } from '../../../nodes/M365Backup/workloads/site/read-lists';
import type { SiteRun, Web } from '../../../nodes/M365Backup/workloads/site/site-run';

const WEB: Web = { siteId: 'host,1,2', guid: '2', path: [], parent: undefined, above: undefined };
const SIGNAL = new AbortController().signal;

/** A client that answers by path; what is asked is noted. */
function run(answers: (path: string) => unknown, asked: string[] = []): SiteRun {
	const answer = (path: string): unknown => {
		asked.push(path);
		const found = answers(path);
		if (found instanceof Error) throw found;
		return found;
	};
	const graph = {
		json: ({ path }: GraphRequest) => Promise.resolve(answer(path)),
		async *pages({ path }: GraphRequest) {
			yield await Promise.resolve(answer(path) as unknown[]);
		},
		async *batch(requests: readonly BatchRequest[]): AsyncGenerator<BatchAnswer> {
			for (const { id, path } of requests) yield { id, status: 200, headers: {}, body: await Promise.resolve(answer(path)) };
		},
		async *deltaBatch(cursors: readonly { id: string; cursor: { url?: string } }[]): AsyncGenerator<DeltaAnswer<never>> {
			asked.push(cursors.map(({ id }) => id).join(' '));
			for (const { id } of cursors) yield await Promise.resolve(id === 'list-5' ? { id, failure: new Failure('denied', 'No') } : { id, page: { items: [], delta: `link of ${id}` } });
		},
	} as unknown as GraphClient;
	return { graph, ambient: realAmbient, options: { graph, siteId: WEB.siteId, ambient: realAmbient } };
}

describe('lists as Graph answers', () => {
	it('are read to the end of their columns, and libraries with their drive', async () => {
		const lists = [
			{ id: 'a', displayName: 'A', list: { template: 'genericList' }, columns: [{ name: 'One' }], 'columns@odata.nextLink': 'https://rest-of-columns' },
			{ id: 'b', displayName: 'B', list: { template: 'documentLibrary' }, columns: [] },
		];
		const read = await readLists(run((path) => (path.includes('rest-of-columns') ? [{ name: 'Two' }] : path.includes('/lists/b/drive') ? { id: 'b!drive' } : lists)), WEB, SIGNAL);
		expect(read.map(({ columns }) => columns?.map(({ name }) => name))).toEqual([['One', 'Two'], []]);
		expect(read[1]?.drive?.id).toBe('b!drive');
	});

	it('are asked one by one where a listing refuses to expand so much', async () => {
		const asked: string[] = [];
		const answers = (path: string): unknown => {
			if (path.includes('/lists?') && path.includes('$expand')) return new Failure('invalid', 'The query is too complex');
			if (path.includes('/lists?')) return [{ id: 'a' }, { id: 'b' }];
			return { id: path.includes('/lists/a?') ? 'a' : 'b', list: { template: 'genericList' }, columns: [{ name: 'One' }] };
		};
		const read = await readLists(run(answers, asked), WEB, SIGNAL);
		expect(read.map(({ id, columns }) => [id, columns?.length])).toEqual([['a', 1], ['b', 1]]);
		expect(asked).toHaveLength(4);
	});

	it('are left out if they are the service\'s own, but for the pictures of pages', () => {
		const list = (name: string, template: string, system?: JsonObject): boolean => isBackedUp({ id: name, name, list: { template }, ...(system ? { system } : {}) });
		expect([list('Projects', 'genericList'), list('Docs', 'documentLibrary'), list('SiteAssets', 'documentLibrary', {})]).toEqual([true, true, true]);
		expect([list('TaxonomyHiddenList', 'genericList', {}), list('Style Library', 'documentLibrary', {}), list('users', 'userInformation', {}), list('SitePages', 'webPageLibrary'), list('x', 'sharingLinks'), list('y', 'accessRequest'), list('z', 'webTemplateExtensionsList')])
			.toEqual([false, false, false, false, false, false, false]);
	});

	it('have another fingerprint when their columns, name or settings change, and the same otherwise', () => {
		const about = { id: 'a', displayName: 'A', eTag: '"1"', lastModifiedDateTime: '2026-01-01', list: { template: 'genericList' }, columns: [{ id: '1', name: 'One', text: {} }], contentTypes: [] };
		const print = (change: object): string => containerPrint(listInfo(WEB, { ...about, ...change }));
		const same = print({});
		expect(print({ eTag: '"2"', lastModifiedDateTime: '2027-01-01' })).toBe(same);
		for (const change of [{ displayName: 'B' }, { columns: [] }, { columns: [{ id: '1', name: 'One', text: { maxLength: 5 } }] }, { description: 'x' }, { list: { template: 'genericList', hidden: true } }]) expect(print(change)).not.toBe(same);
	});

	it('are asked for their first changes ten at a time, each once', async () => {
		const asked: string[] = [];
		const pages = new FirstPages(run(() => [], asked));
		for (let n = 1; n <= 12; n++) pages.add(`list-${n}`, `https://link/${n}`);
		for (let n = 1; n <= 12; n++) {
			if (n === 5) await expect(pages.take('list-5', SIGNAL)).rejects.toThrow('No');
			else expect((await pages.take(`list-${n}`, SIGNAL))?.delta).toBe(`link of list-${n}`);
		}
		expect(asked.map((ids) => ids.split(' ').length)).toEqual([10, 2]);
		expect(await pages.take('list-1', SIGNAL)).toBeUndefined();
	});
});

describe('answers as they are kept', () => {
	it('lose what only says how to ask again, and nothing else', () => {
		expect(lasting({ '@odata.etag': 'x', id: '1', fields: { '@odata.etag': 'y', Tags: ['a'], 'Tags@odata.type': 'Collection(Edm.String)', Empty: null, Deep: [{ '@odata.context': 'z', a: 1 }] }, 'fields@odata.context': 'c' }))
			.toEqual({ id: '1', fields: { Tags: ['a'], 'Tags@odata.type': 'Collection(Edm.String)', Empty: null, Deep: [{ a: 1 }] } });
	});

	it('name a site by its web, and a file by the GUID in its eTag', () => {
		expect(webGuidOf('contoso.sharepoint.com,AAA,BBB')).toBe('bbb');
		expect(uniqueIdOf('"{5B3B1C9E-1111-4A2B-8C3D-222222222222},3"')).toBe('5b3b1c9e-1111-4a2b-8c3d-222222222222');
		expect(uniqueIdOf('"5b3b1c9e-1111-4a2b-8c3d-222222222222,12"')).toBe('5b3b1c9e-1111-4a2b-8c3d-222222222222');
		expect(uniqueIdOf('"12"')).toBeUndefined();
	});
});
