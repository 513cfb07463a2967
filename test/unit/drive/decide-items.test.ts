import { beforeEach, describe, expect, it } from 'vitest';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import { Failure } from '../../../nodes/M365Backup/base/failure';
import type { BatchAnswer, BatchRequest, GraphClient } from '../../../nodes/M365Backup/graph/client';
import { decideItems, type Decided } from '../../../nodes/M365Backup/workloads/drive/decide-items';
import { driveContext, type DriveContext } from '../../../nodes/M365Backup/workloads/drive/drive-context';
import type { DriveOptions } from '../../../nodes/M365Backup/workloads/drive/drive-options';
import type { GraphItem } from '../../../nodes/M365Backup/workloads/drive/graph-item';
import type { KnownItem, KnownItems } from '../../../nodes/M365Backup/workloads/workload';

const DRIVE = 'b!drive';
let catalog: Map<string, KnownItem>;
let answers: Map<string, GraphItem | Failure>;
let asked: string[];

beforeEach(() => {
	catalog = new Map();
	answers = new Map();
	asked = [];
});

const known: KnownItems = {
	lookUp: (ids) => Promise.resolve(new Map(ids.flatMap((id): [string, KnownItem][] => (catalog.has(id) ? [[id, catalog.get(id)!]] : [])))),
	async *ofType(type) {
		for (const item of catalog.values()) if (item.type === type) yield item;
	},
	places: () => Promise.resolve({ parentOf: (id) => catalog.get(id)?.parent }),
};

function decide(items: GraphItem[], options: Partial<DriveOptions> = {}, context?: DriveContext): Promise<Decided> {
	const graph = {
		async *batch(requests: readonly BatchRequest[]): AsyncGenerator<BatchAnswer> {
			for (const { id } of requests) {
				asked.push(id);
				const answer = answers.get(id) ?? new Failure('notFound', 'Gone', { code: 'itemNotFound', status: 404 });
				yield answer instanceof Failure ? { id, failure: answer } : { id, status: 200, headers: {}, body: answer };
			}
		},
	} as unknown as GraphClient;
	const at = context ?? driveContext({ graph, driveId: DRIVE, ambient: realAmbient, ...options });
	at.folders.rootId ??= 'root';
	return decideItems(at, items, known, { versions: false }, new AbortController().signal);
}

const file = (id: string, parent = 'root', more: Partial<GraphItem> = {}): GraphItem => ({ id, name: `${id}.txt`, size: 3, cTag: `c-${id}`, eTag: `e-${id}`, file: {}, parentReference: { driveId: DRIVE, id: parent }, ...more });
const folder = (id: string, parent = 'root', more: Partial<GraphItem> = {}): GraphItem => ({ id, name: id, folder: { childCount: 0 }, parentReference: { driveId: DRIVE, id: parent }, ...more });
const stored = (id: string, more: Partial<KnownItem> = {}): void => void catalog.set(`drive/${id}`, { id: `drive/${id}`, type: 'file', name: `${id}.txt`, etag: `c-${id}`, hasContent: true, failedAttempts: 0, meta: {}, ...more });

describe('entries of a delta page', () => {
	it('that come before their folders', async () => {
		const { changes } = await decide([file('a', 'deep'), folder('deep', 'top'), folder('top')]);
		expect(changes.map((change) => ('fetch' in change ? change.fetch?.folderPath : change.id))).toEqual([['top', 'deep'], 'drive/deep', 'drive/top']);
	});

	it('that come twice: the last one counts, also a deletion, and a return from the bin', async () => {
		stored('a');
		const gone: GraphItem = { id: 'a', deleted: {}, parentReference: { driveId: DRIVE, id: 'root' } };
		expect((await decide([file('a'), gone])).changes).toEqual([{ kind: 'gone', id: 'drive/a' }]);
		expect((await decide([gone, file('a')])).changes).toEqual([]);
		const twice = await decide([file('b', 'root', { cTag: 'old', name: 'old' }), file('b')]);
		expect(twice.changes).toMatchObject([{ id: 'drive/b', name: 'b.txt', etag: 'c-b' }]);
	});

	it('that are deleted and name no drive of ours are asked about, if the catalog knows them', async () => {
		stored('gone');
		stored('alive', { name: 'alive.txt' });
		answers.set('alive', file('alive'));
		const odd = (id: string): GraphItem => ({ id, name: null, deleted: {}, parentReference: { driveId: 'b!other', id: 'x' } });
		const { changes, seen } = await decide([odd('gone'), odd('alive'), odd('unknown')]);
		expect(asked).toEqual(['gone', 'alive']);
		expect(changes).toEqual([{ kind: 'gone', id: 'drive/gone' }]);
		expect(seen).toEqual(['drive/alive']);
	});

	it('that say neither name nor what they are', async () => {
		answers.set('a', file('a'));
		expect((await decide([{ id: 'a' }])).changes).toMatchObject([{ id: 'drive/a', type: 'file', name: 'a.txt' }]);
		stored('b');
		answers.set('b', new Failure('transient', 'No', { status: 500 }));
		const undecided = await decide([{ id: 'b', name: null }]);
		expect(undecided.changes).toMatchObject([{ kind: 'failed', id: 'drive/b' }]);
		expect(undecided.seen).toEqual(['drive/b']);
	});

	it('that are neither file nor folder are alive, and nothing to back up', async () => {
		stored('a');
		answers.set('a', { id: 'a', name: 'album' });
		expect(await decide([{ id: 'a', name: 'album' }])).toMatchObject({ changes: [], seen: ['drive/a'] });
	});

	it('with nulls where Graph has nothing', async () => {
		const item = { ...file('a'), description: null, createdBy: { user: { email: null, displayName: 'A' } } } as unknown as GraphItem;
		const { changes } = await decide([item]);
		expect(changes).toMatchObject([{ meta: { createdBy: 'A' } }]);
		expect(changes[0]).not.toHaveProperty('meta.description');
	});

	it('that are shortcuts to other drives are counted, not backed up', async () => {
		const context = driveContext({ graph: {} as GraphClient, driveId: DRIVE, ambient: realAmbient });
		const { changes } = await decide([{ id: 's', name: 'Theirs', remoteItem: {}, parentReference: { driveId: DRIVE, id: 'root' } }], {}, context);
		expect(changes).toEqual([]);
		expect(context.leftOut.shortcuts).toBe(1);
	});

	it('unchanged by cTag; by eTag where the catalog has that; never what failed or has no content', async () => {
		stored('a');
		stored('b', { etag: 'e-b' });
		stored('c', { failedAttempts: 2 });
		stored('d', { hasContent: false });
		stored('e', { etag: 'other' });
		const { changes } = await decide(['a', 'b', 'c', 'd', 'e'].map((id) => file(id)));
		expect(changes.map((change) => [change.id, 'fetch' in change])).toEqual([['drive/c', true], ['drive/d', true], ['drive/e', true]]);
	});

	it('what others keep in a line stays when the line is written anew', async () => {
		stored('a', { parent: 'drive/x', meta: { columns: { Customer: 'y' }, people: ['p'], permissions: [{ id: '1' }], mimeType: 'old' } });
		const { changes } = await decide([file('a')]);
		expect(changes).toMatchObject([{ kind: 'item', meta: { columns: { Customer: 'y' }, people: ['p'], permissions: [{ id: '1' }] } }]);
		expect(changes[0]).not.toHaveProperty('meta.mimeType');
		expect(changes[0]).not.toHaveProperty('fetch');
	});

	it('a path that no folder tells is taken from the entry, for the name in the archive', async () => {
		const { changes } = await decide([file('a', 'unknown', { parentReference: { driveId: DRIVE, id: 'unknown', path: `/drives/${DRIVE}/root:/100%25%20sure/50%` } })]);
		expect(changes).toMatchObject([{ fetch: { folderPath: ['100%25%20sure', '50%'].map((name) => (name === '50%' ? name : '100% sure')) } }]);
		expect(asked).toEqual([]);
	});

	it('in a folder that is not backed up are left out, whose path Graph must tell', async () => {
		answers.set('deep', folder('deep', 'tmp', { name: 'deep' }));
		answers.set('tmp', folder('tmp', 'root', { name: 'tmp' }));
		const { changes, seen } = await decide([file('a', 'deep'), file('b', 'deep')], { excludePaths: ['tmp'] });
		expect(changes).toEqual([]);
		expect(seen).toHaveLength(2);
		expect(asked).toEqual(['deep', 'tmp']);
	});

	it('names without, with one, and with several endings', async () => {
		const names = ['no ending', '.hidden', 'a.tar.gz', 'a.b c', 'dot.'];
		const { changes } = await decide(names.map((name, index) => file(String(index), 'root', { name })));
		expect(changes.map((change) => ('fetch' in change ? [change.fetch?.title, change.fetch?.extension] : []))).toEqual([['no ending', ''], ['.hidden', ''], ['a.tar', '.gz'], ['a.b c', ''], ['dot.', '']]);
	});
});
