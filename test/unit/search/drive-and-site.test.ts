import { beforeAll, describe, expect, it } from 'vitest';
import { exportItem } from '../../../nodes/M365Backup/engine/export-items';
import { selectedItems } from '../../../nodes/M365Backup/engine/export-selection';
import { emptyTally, exportZip } from '../../../nodes/M365Backup/engine/export-zip';
import { SnapshotFolders } from '../../../nodes/M365Backup/engine/search-folders';
import { searchHistory } from '../../../nodes/M365Backup/engine/search-history';
import { searchSnapshot, type SearchQuery } from '../../../nodes/M365Backup/engine/search';
import { partOfId, typeOfId } from '../../../nodes/M365Backup/engine/parts';
import { select, type RestoreSelection } from '../../../nodes/M365Backup/engine/restore-selection';
import { sourceKey } from '../../../nodes/M365Backup/repository/names';
import type { ItemLine, SnapshotRecord, SourceRef } from '../../../nodes/M365Backup/repository/records';
import type { Repository } from '../../../nodes/M365Backup/repository/repository';
import { all, bytesOf, commitInput, openNew, readAll } from '../repository/fixtures';
import { unzip } from './unzip';

const WEB = 'aaaaaaaa-0000-4000-8000-000000000001';
const SUB = 'aaaaaaaa-0000-4000-8000-000000000002';
const LIBRARY = 'library-bbbbbbbb-0000-4000-8000-000000000001';
const LIST = 'list-cccccccc-0000-4000-8000-000000000001';
const source: SourceRef = { workload: 'site', id: `contoso.sharepoint.com,${WEB},${WEB}`, name: 'Projects', tenantId: 'dddddddd-0000-4000-8000-000000000001' };
const key = sourceKey(source);

let repository: Repository;
let snapshot: SnapshotRecord;

/** A site with a library, a list, pages and a subsite that has a library of its own. */
beforeAll(async () => {
	const opened = await openNew();
	repository = opened.repository;
	const run = repository.startRun(source, null);
	const folder = (id: string, name: string, kind: string, parent?: string): ItemLine => ({ id, whole: true, type: 'folder', name, meta: { kind }, ...(parent ? { parent } : {}) });
	const put = async (line: ItemLine, content: string, parts: Record<string, string> = {}): Promise<void> => {
		const add = (text: string, name: string) => run.addContent({ entryName: name, content: bytesOf(text) });
		const refs = [await add(content, `${line.name ?? ''} [00000001].bin`)];
		for (const [part, text] of Object.entries(parts)) refs.push({ ...(await add(text, `${part} [00000002].bin`)), part });
		await run.add({ ...line, whole: true, content: refs, meta: line.meta ?? {} });
	};
	await run.add(folder(`${LIBRARY}/root`, 'Documents', 'library'));
	await run.add(folder(`${LIBRARY}/f1`, '2026', 'folder', `${LIBRARY}/root`));
	await run.add(folder(`lists-${WEB}/root`, 'Lists', 'list'));
	await run.add(folder(`${LIST}/root`, 'Tasks of the project', 'list', `lists-${WEB}/root`));
	await run.add(folder(`pages-${WEB}/root`, 'Site Pages', 'pages'));
	await run.add(folder(`site-${SUB}/root`, 'Team A', 'site'));
	await run.add(folder('library-sub/root', 'Documents', 'library', `site-${SUB}/root`));
	await put({ id: `site-${WEB}/site`, type: 'site', name: 'Projects' }, '{"displayName":"Projects"}');
	await put(
		{ id: `${LIBRARY}/1`, type: 'file', name: 'Budget.xlsx', parent: `${LIBRARY}/f1`, modified: '2026-11-20T10:00:00Z', meta: { mimeType: 'application/vnd.ms-excel', createdBy: 'ada@contoso.com', modifiedBy: 'Grace Hopper', columns: { Status: 'Geprüft', Owner: [{ LookupValue: 'Linus' }] }, versions: [{ id: '1.0' }] } },
		'today',
		{ 'version-1.0': 'yesterday' },
	);
	await put({ id: `${LIBRARY}/2`, type: 'file', name: '.gitignore', parent: `${LIBRARY}/root`, modified: '2026-10-01T10:00:00Z', meta: { mimeType: 'text/plain\r\nX: y' } }, 'dist');
	await put({ id: 'library-sub/1', type: 'file', name: 'Sub.txt', parent: 'library-sub/root', meta: {} }, 'sub');
	await put({ id: `${LIST}/1`, type: 'listItem', name: 'Write report', parent: `${LIST}/root`, modified: '2026-11-21T10:00:00Z', meta: { createdBy: 'ada@contoso.com', fields: { Priority: 'Hoch', Hours: 42 } } }, '{"fields":{"Title":"Write report"}}');
	await put({ id: `pages-${WEB}/1`, type: 'page', name: 'Home', parent: `pages-${WEB}/root`, modified: '2026-11-22T10:00:00Z', meta: { description: 'Welcome to the project' } }, '{"title":"Home"}');
	snapshot = await run.commit(commitInput());
});

async function names(query: SearchQuery): Promise<string[]> {
	return (await all(searchSnapshot(repository, snapshot, query))).map(({ name }) => name).sort();
}

async function entry(id: string) {
	return (await repository.catalog(snapshot).lookUp([id])).get(id)!;
}

describe('searching drives and sites', () => {
	it.each<[string, SearchQuery, string[]]>([
		['a name', { text: 'budget' }, ['Budget.xlsx']],
		['columns of a library, whatever the accents', { text: 'gepruft' }, ['Budget.xlsx']],
		['people in columns', { text: 'linus' }, ['Budget.xlsx']],
		['fields of a list item', { text: 'hoch 42' }, ['Write report']],
		['a page by its description', { text: 'welcome' }, ['Home']],
		['who made it', { from: 'ada@contoso' }, ['Budget.xlsx', 'Write report']],
		['who changed it last', { from: 'hopper' }, ['Budget.xlsx']],
		['dates of changes', { after: new Date('2026-11-20T00:00:00Z'), before: new Date('2026-11-22T00:00:00Z') }, ['Budget.xlsx', 'Write report']],
		['kinds', { types: ['page', 'site'] }, ['Home', 'Projects']],
		['a library', { folders: ['documents'], includeSubfolders: true }, ['.gitignore', 'Budget.xlsx']],
		['a library of a subsite', { folders: ['Team A/Documents'] }, ['Sub.txt']],
		['all lists', { folders: ['Lists'], includeSubfolders: true }, ['Write report']],
		['a list', { folders: ['lists/tasks of the project'] }, ['Write report']],
	])('finds by %s', async (_what, query, expected) => {
		expect(await names(query)).toEqual(expected);
	});

	it('tells where things are, in one snapshot and in all', async () => {
		const expected = ['Documents/2026', 'Lists/Tasks of the project', 'Site Pages', 'Team A/Documents'];
		const one = (await all(searchSnapshot(repository, snapshot, {}))).map(({ folderPath }) => folderPath);
		const many = (await all(searchHistory(repository, key, { all: true }, {}))).map(({ folderPath }) => folderPath);
		expect(one).toEqual(expect.arrayContaining(expected));
		expect(many).toEqual(one);
		expect((await all(searchHistory(repository, key, { all: true }, { folders: ['Site Pages'] }))).map(({ name }) => name)).toEqual(['Home']);
	});
});

describe('choosing parts of a site', () => {
	it.each([
		[`${LIBRARY}/1`, 'libraries', 'file'], [`${LIST}/3`, 'lists', 'listItem'], [`lists-${WEB}/root`, 'lists', 'listItem'], [`site-${WEB}/site`, 'site', 'site'],
		[`pages-${WEB}/1`, 'pages', 'page'], ['drive/1', 'drive', 'file'], ['mail/AA-b/c', 'mail', 'message'], ['nonsense/1', undefined, undefined], ['nothing', undefined, undefined],
	])('%s belongs to %s', (id, part, type) => {
		expect([partOfId(id), typeOfId(id)]).toEqual([part, type]);
	});

	async function chosen(selection: RestoreSelection) {
		const catalog = repository.catalog(snapshot);
		const folders = new SnapshotFolders(catalog);
		const { folderIds, items, unknownIds } = await select(catalog, folders, selection, undefined);
		return { folderIds, items: (await all(items)).map(({ name }) => name).sort(), unknownIds, known: [...folders.known().keys()] };
	}

	it('takes whole libraries, lists, pages and the site itself', async () => {
		expect(await chosen({ kind: 'parts', parts: ['libraries'] })).toMatchObject({ items: ['.gitignore', 'Budget.xlsx', 'Sub.txt'], folderIds: expect.arrayContaining([`${LIBRARY}/root`, `${LIBRARY}/f1`]) });
		expect(await chosen({ kind: 'parts', parts: ['lists'] })).toMatchObject({ items: ['Write report'], folderIds: [`lists-${WEB}/root`, `${LIST}/root`] });
		expect((await chosen({ kind: 'parts', parts: ['pages', 'site'] })).items).toEqual(['Home', 'Projects']);
	});

	it('knows all lists when one list item is chosen: its look-ups name others', async () => {
		const { items, known } = await chosen({ kind: 'ids', ids: [`${LIST}/1`] });
		expect(items).toEqual(['Write report']);
		expect(known).toHaveLength(7);
	});

	it('says which ids the snapshot does not have', async () => {
		const found = await all(selectedItems(repository, snapshot, { kind: 'ids', ids: [`${LIST}/99`, `${LIBRARY}/99`] }));
		expect(found.map(({ type, failed }) => [type, failed?.reason.includes('no item with this id')])).toEqual([['listItem', true], ['file', true]]);
	});
});

describe('exporting from drives and sites', () => {
	it('gives a file its own name, type and bytes', async () => {
		const exported = exportItem(repository, key, await entry(`${LIBRARY}/1`));
		expect(exported).toMatchObject({ fileName: 'Budget.xlsx', mimeType: 'application/vnd.ms-excel', sizeBytes: 5 });
		expect((await readAll(exported.open())).toString()).toBe('today');
		// What could break a header of whoever hands the file on is no MIME type.
		expect(exportItem(repository, key, await entry(`${LIBRARY}/2`))).toMatchObject({ fileName: '.gitignore', mimeType: 'application/octet-stream' });
	});

	it('gives an older version its bytes under a name that tells it', async () => {
		const exported = exportItem(repository, key, await entry(`${LIBRARY}/1`), { part: 'version-1.0' });
		expect(exported).toMatchObject({ fileName: 'Budget (version 1.0).xlsx', mimeType: 'application/vnd.ms-excel', sizeBytes: 9, beside: [] });
		expect((await readAll(exported.open())).toString()).toBe('yesterday');
		expect(() => exportItem(repository, key, { ...snapshotlessFile }, { part: 'version-9' })).toThrow('The backup holds no version-9');
	});

	it('gives pages and sites as JSON under their names', async () => {
		expect(exportItem(repository, key, await entry(`pages-${WEB}/1`))).toMatchObject({ fileName: 'Home.json', mimeType: 'application/json' });
		expect(exportItem(repository, key, await entry(`site-${WEB}/site`))).toMatchObject({ fileName: 'Projects.json' });
		expect(exportItem(repository, key, await entry(`${LIST}/1`), { format: 'original' })).toMatchObject({ fileName: 'Write report.json', mimeType: 'application/json' });
	});

	it('says why there is no content of what was skipped', () => {
		expect(() => exportItem(repository, key, { ...snapshotlessFile, meta: { skipped: 'it holds malware' } })).toThrow('it holds malware');
	});

	it('puts a folder with its files into a ZIP', async () => {
		const tally = emptyTally();
		const items = selectedItems(repository, snapshot, { kind: 'folder', folderId: `${LIBRARY}/root`, includeSubfolders: true });
		const files = await unzip(await readAll(exportZip(repository, key, items, tally, { format: 'original' })));
		expect([...files.keys()].sort()).toEqual(['Documents/.gitignore', 'Documents/2026/Budget (version 1.0).xlsx', 'Documents/2026/Budget.xlsx', 'contents.csv']);
		expect(tally).toMatchObject({ items: 2, files: 3, failed: 0 });
	});
});

const snapshotlessFile = { id: 'drive/9', type: 'file' as const, name: 'X.doc', meta: {} };
