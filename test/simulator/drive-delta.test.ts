import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Drive } from './drive-store';
import { GraphCaller, type Entity } from './graph-caller';
import { startSimulator, type RunningSimulator } from './start';
import type { Switches } from './switches';

let simulator: RunningSimulator;
let graph: GraphCaller;
let drive: Drive;
let start: string;

beforeEach(async () => {
	simulator = await startSimulator({ http: true, users: 0 });
	graph = new GraphCaller(simulator);
	drive = simulator.tenant.addUser({ displayName: 'Anna Berg' }).drive!;
	simulator.tenant.addUser({ displayName: 'Bruno Costa' });
	start = `/drives/${drive.id}/root/delta`;
});
afterEach(async () => {
	expect(simulator.misses).toEqual([]);
	await simulator.stop();
});

const named = (entries: readonly Entity[]): unknown[] => entries.map((entry) => entry.name ?? entry.id);
const set = (switches: Partial<Switches>): void => void Object.assign(simulator.tenant.switches, switches);

describe('the delta of a drive', () => {
	it('lists everything, parents first, in pages; then what changed, once, and the root', async () => {
		drive.addFile('A/B', 'b.txt', 'x');
		for (let n = 0; n < 250; n++) drive.addFile('A', `${n}.txt`, 'x');
		const first = await graph.round(start);
		expect([first.pages, first.entries.length]).toEqual([2, 254]);
		expect(named(first.entries).slice(0, 4)).toEqual(['root', 'A', 'B', 'b.txt']);
		expect(first.entries[3]).toMatchObject({ cTag: expect.any(String) as unknown, '@microsoft.graph.downloadUrl': expect.stringContaining('download.aspx') as unknown, parentReference: { path: `/drives/${drive.id}/root:/A/B` } });
		expect((await graph.round(first.deltaLink)).entries).toEqual([]);
		drive.edit('A/1.txt', 'yy');
		drive.edit('A/1.txt', 'zzz');
		drive.rename('A', 'Z');
		drive.move('Z/B/b.txt', 'root', 'moved.txt');
		const next = await graph.round(first.deltaLink);
		expect(named(next.entries)).toEqual(['root', '1.txt', 'Z', 'moved.txt']);
		expect(next.entries[1]).toMatchObject({ size: 3, parentReference: { path: `/drives/${drive.id}/root:/Z` } });
		expect(next.entries[3]!.cTag).toBe(first.entries[3]!.cTag);
		expect((await graph.round(next.deltaLink)).entries).toEqual([]);
		expect(named((await graph.round(first.deltaLink)).entries)).toEqual(named(next.entries));
	});

	it('tells of changes in the middle of an enumeration', async () => {
		for (let n = 0; n < 10; n++) drive.addFile('', `${n}.txt`, 'x');
		const page = await graph.get(`${start}?$top=5`);
		drive.delete('0.txt');
		drive.edit('1.txt', 'new');
		const rest = await graph.round(page.json['@odata.nextLink']!);
		expect(rest.entries.filter(({ deleted }) => deleted)).toHaveLength(1);
		expect(rest.entries.at(-1)).toMatchObject({ name: '1.txt', size: 3 });
	});

	it('tells deletions without a name, of a folder and what was in it, and what came back from the bin', async () => {
		const file = drive.addFile('A', 'a.txt', 'x');
		const { deltaLink } = await graph.round(start);
		const folder = file.parent!;
		drive.delete(folder);
		const gone = await graph.round(deltaLink);
		expect(gone.entries.slice(1)).toEqual([
			expect.objectContaining({ id: drive.idOf(folder), folder: {}, deleted: { state: 'deleted' } }),
			expect.objectContaining({ id: drive.idOf(file), file: {}, deleted: { state: 'deleted' }, parentReference: expect.objectContaining({ driveId: drive.id, id: drive.idOf(folder) }) as unknown }),
		]);
		for (const entry of gone.entries.slice(1)) {
			for (const name of ['name', 'cTag', 'size']) expect(entry).not.toHaveProperty(name);
			expect(entry.parentReference).not.toHaveProperty('path');
		}
		drive.restore(folder);
		expect(named((await graph.round(gone.deltaLink)).entries)).toEqual(['root', 'A', 'a.txt']);
		set({ driveDeletedDescendants: 'folderOnly', driveDeltaRoot: 'changedOnly' });
		drive.delete(folder);
		expect((await graph.round(gone.deltaLink)).entries.map(({ id }) => id)).toContain(drive.idOf(folder));
	});

	it('breaks deleted entries as they were seen broken', async () => {
		const file = drive.addFile('', 'a.txt', 'x');
		const { deltaLink } = await graph.round(start);
		drive.delete(file);
		const entry = async (style: Switches['driveDeletedEntries']): Promise<Entity> => {
			set({ driveDeletedEntries: style });
			return (await graph.round(deltaLink)).entries.at(-1)!;
		};
		expect((await entry('named')).name).toBe('a.txt');
		expect((await entry('emptyFacet')).deleted).toEqual({});
		expect(await entry('nullParent')).toMatchObject({ name: null, parentReference: null });
		expect(((await entry('foreignDrive')).parentReference as { driveId: string }).driveId).not.toBe(drive.id);
		expect(Object.keys(await entry('bare')).sort()).toEqual(['@odata.type', 'createdDateTime', 'deleted', 'id', 'lastModifiedDateTime']);
		const stripped = (await graph.round(`${start}?$select=id,name&token=${encodeURIComponent('2020-01-01T00:00:00Z')}`)).entries;
		expect(stripped.find(({ id }) => id === drive.idOf(file))).not.toHaveProperty('deleted');
	});

	it('takes tokens in all spellings, of a time and of now', async () => {
		drive.addFile('', 'old.txt', 'x');
		const latest = await graph.get(`${start}?token=latest`);
		expect(latest.json.value).toEqual([]);
		simulator.tenant.clock.advance(3_600_000);
		const since = new Date(simulator.tenant.clock.nowMs() - 60_000).toISOString();
		drive.addFile('', 'new.txt', 'x');
		expect(named((await graph.round(`${start}?token=${encodeURIComponent(since)}`)).entries)).toEqual(['root', 'new.txt']);
		expect(named((await graph.round(latest.json['@odata.deltaLink']!)).entries)).toEqual(['root', 'new.txt']);
		const token = new URL(latest.json['@odata.deltaLink']!).searchParams.get('token')!;
		for (const url of [`${start}(token='${token}')`, `/drives/${drive.id}/items/root/microsoft.graph.delta(token='${token}')`, `/drives/${drive.id}/items/${drive.idOf(drive.root)}/delta?token=${token}`, `/users/anna.berg@contoso.example/drive/root/delta()?$deltatoken=${token}`]) {
			expect(named((await graph.round(url)).entries)).toEqual(['root', 'new.txt']);
		}
		expect((await graph.get(`${start}?token=rubbish`)).status).toBe(400);
		expect((await graph.get(`/drives/${drive.id}/items/${drive.idOf(drive.addFolder('F'))}/delta`)).status).toBe(400);
	});

	it('answers 410 with a place to start over when tokens have expired', async () => {
		drive.addFile('', 'a.txt', 'x');
		const { deltaLink } = await graph.round(`${start}?$select=id,name`);
		drive.expireDelta('resyncChangesApplyDifferences');
		const answer = await graph.get(deltaLink);
		expect([answer.status, answer.json.error.code]).toEqual([410, 'resyncChangesApplyDifferences']);
		const again = await graph.round(answer.headers.get('location')!);
		expect(again.entries[1]).toEqual({ '@odata.type': '#microsoft.graph.driveItem', id: drive.idOf(drive.item('a.txt')), name: 'a.txt' });
		set({ driveDeltaTokenLifetimeMs: 1000 });
		simulator.tenant.clock.advance(2000);
		expect((await graph.get(again.deltaLink)).status).toBe(410);
	});

	it('replays, gives empty pages and leaves properties out where told to', async () => {
		for (let n = 0; n < 6; n++) drive.addFile('', `${n}.txt`, 'x');
		set({ deltaReplays: true, deltaEmptyPages: 'always', driveDeltaCTag: 'absent', driveDeltaParentPath: 'absent', driveDeltaDownloadUrl: 'absent', driveHashes: 'absent' });
		const first = await graph.round(`${start}?$top=4`);
		expect([first.pages, first.entries.length]).toEqual([3, 8]);
		expect(new Set(first.entries.map(({ id }) => id)).size).toBe(7);
		const file = first.entries.at(-1)!;
		for (const name of ['cTag', '@microsoft.graph.downloadUrl']) expect(Object.keys(file)).not.toContain(name);
		expect(file.parentReference).not.toHaveProperty('path');
		expect(file.file).toEqual({ mimeType: 'text/plain' });
		expect((await graph.round(first.deltaLink)).pages).toBe(2);
	});

	it('tells of sharing only to those who ask, never on folders, and not of links', async () => {
		const file = drive.addFile('A', 'a.txt', 'x');
		const { deltaLink } = await graph.round(start);
		drive.share(file, { user: 'bruno.costa@contoso.example' });
		drive.share(file.parent!, { user: 'bruno.costa@contoso.example', role: 'write' });
		expect((await graph.round(deltaLink)).entries).toEqual([]);
		const headers = { prefer: 'deltashowremovedasdeleted, deltatraversepermissiongaps, deltashowsharingchanges, hierarchicalsharing' };
		const told = await graph.round(deltaLink, { headers });
		expect(told.entries.map((entry) => [entry.name, entry['@microsoft.graph.sharedChanged'], entry.shared])).toEqual([['root', undefined, undefined], ['a.txt', 'True', { scope: 'users' }], ['A', undefined, { scope: 'users' }]]);
		expect(told.last.headers.get('preference-applied')).toContain('deltashowsharingchanges');
		drive.share(file, { link: 'view' });
		expect((await graph.round(told.deltaLink, { headers })).entries).toEqual([]);
	});
});
