import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Drive } from './drive-store';
import { GeneratedContent } from './drive-content';
import { fillDrive } from './drive-generate';
import { quickXorHash, QuickXorHash } from './drive-hash';
import { GraphCaller, type Answer } from './graph-caller';
import { startSimulator, type RunningSimulator } from './start';
import type { TenantUser } from './tenant';
import { cpuTimer } from '../support/cpu-time';

let simulator: RunningSimulator;
let graph: GraphCaller;
let user: TenantUser;
let drive: Drive;
let base: string;

beforeEach(async () => {
	simulator = await startSimulator({ http: true, users: 0 });
	graph = new GraphCaller(simulator);
	user = simulator.tenant.addUser({ displayName: 'Anna Berg', userPrincipalName: 'anna@contoso.example' });
	drive = user.drive!;
	base = `/drives/${drive.id}`;
});
afterEach(async () => {
	expect(simulator.misses).toEqual([]);
	expect(simulator.tenant.leaks).toEqual([]);
	await simulator.stop();
});

const names = (answer: Answer): unknown[] => answer.json.value.map((entry) => entry.name);

describe('quickXorHash', () => {
	it('is as known vectors say', () => {
		expect(quickXorHash(Buffer.from([0x4a]))).toBe('SgAAAAAAAAAAAAAAAQAAAAAAAAA=');
		expect(quickXorHash(Buffer.from([0xb5, 0xb4]))).toBe('taAFAAAAAAAAAAAAAgAAAAAAAAA=');
		expect(quickXorHash(Buffer.from([0xd2, 0x96, 0x4f]))).toBe('0rDEEwAAAAAAAAAAAwAAAAAAAAA=');
		expect(quickXorHash(Buffer.alloc(0))).toBe('AAAAAAAAAAAAAAAAAAAAAAAAAAA=');
	});

	it('is the same however the bytes come, and for generated content without reading it', () => {
		for (const sizeBytes of [1, 100, 160, 161, 5000, 655_360, 655_520, 1_400_007, 2_000_000]) {
			const content = new GeneratedContent(7, sizeBytes);
			const bytes = content.read(0, sizeBytes);
			expect(bytes.length).toBe(sizeBytes);
			expect(content.quickXorHash).toBe(quickXorHash(bytes));
			expect(content.read(sizeBytes >> 1, 1000)).toEqual(bytes.subarray(sizeBytes >> 1, (sizeBytes >> 1) + 1000));
			expect(new QuickXorHash().update(bytes.subarray(0, 77)).update(bytes.subarray(77)).digest()).toBe(quickXorHash(bytes));
		}
	});

	it('does not see two blocks swapped that are 160 bytes apart', () => {
		const bytes = new GeneratedContent(1, 1000).read(0, 1000);
		const swapped = Buffer.concat([bytes.subarray(0, 160), bytes.subarray(320, 480), bytes.subarray(160, 320), bytes.subarray(480)]);
		expect(swapped.equals(bytes)).toBe(false);
		expect(quickXorHash(swapped)).toBe(quickXorHash(bytes));
	});
});

describe('a drive and its items', () => {
	it('is found by its user, by id and in the list of drives', async () => {
		const mine = (await graph.get('/users/anna@contoso.example/drive')).json;
		expect(mine).toMatchObject({ id: drive.id, driveType: 'business', name: 'OneDrive', quota: { used: 0, state: 'normal' }, owner: { user: { displayName: 'Anna Berg' } } });
		expect((await graph.get(base)).json.id).toBe(drive.id);
		expect((await graph.get(`/users/${user.id}/drives`)).json.value.map(({ id }) => id)).toEqual([drive.id]);
		expect((await graph.get(`/users/${user.id}/drives/${drive.id}/root`)).json).toMatchObject({ name: 'root', root: {}, folder: { childCount: 0 } });
	});

	it('says of users without a drive that their site is not there, and of unknown drives 404 or 400', async () => {
		simulator.tenant.addUser({ displayName: 'Guest', mailbox: false });
		const answer = await graph.get('/users/guest@contoso.example/drive');
		expect([answer.status, answer.json.error.message]).toEqual([404, "User's mysite not found."]);
		expect((await graph.get('/users/nobody@contoso.example/drive')).status).toBe(404);
		expect((await graph.get(`/drives/b!AAAA`)).json.error.code).toBe('itemNotFound');
		expect((await graph.get(`/drives/x`)).status).toBe(400);
	});

	it('shows a file as Graph does', async () => {
		const file = drive.addFile('Docs/2026', 'a.docx', Buffer.from([0x4a]), { created: '2026-01-02T03:04:05Z', modified: '2026-02-02T03:04:05Z' });
		const json = (await graph.get(`${base}/items/${drive.idOf(file)}`)).json;
		expect(json).toMatchObject({
			id: drive.idOf(file), name: 'a.docx', size: 1, createdBy: { user: { displayName: 'Anna Berg' } },
			file: { mimeType: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', hashes: { quickXorHash: 'SgAAAAAAAAAAAAAAAQAAAAAAAAA=' } },
			fileSystemInfo: { createdDateTime: '2026-01-02T03:04:05Z', lastModifiedDateTime: '2026-02-02T03:04:05Z' },
			parentReference: { driveType: 'business', driveId: drive.id, name: '2026', path: `/drives/${drive.id}/root:/Docs/2026` },
		});
		expect(json.id).toMatch(/^01[A-Z2-7]{32}$/);
		expect(json.eTag).toMatch(/^"\{[0-9A-F-]{36}\},\d+"$/);
		expect(json.cTag).toMatch(/^"c:\{[0-9A-F-]{36}\},\d+"$/);
		expect(json['@microsoft.graph.downloadUrl']).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/personal\/anna_contoso_example\/_layouts\/15\/download\.aspx\?.*tempauth=/);
		expect((await graph.get(`${base}/root`)).json.size).toBe(1);
	});

	it('is addressed by path in all spellings', async () => {
		const file = drive.addFile('Größe & Maß/C# 100%', "Report('1').txt", 'x');
		const path = encodeURI('Größe & Maß/').replace('&', '%26') + 'C%23%20100%25';
		const leaf = "Report('1').txt";
		const folder = drive.idOf(file.parent!);
		for (const url of [`root:/${path}/${leaf}`, `root:/${path}/${leaf}:`, `items/root:/${path}/${leaf}`, `items/${folder}:/${leaf}`, `items/${folder}:/${leaf}:/`, `root:/GR%C3%96SSE%20%26%20MASS/x`]) {
			const answer = await graph.get(`${base}/${url}`);
			if (url.endsWith('/x')) expect(answer.status).toBe(404);
			else expect([url, answer.json.id]).toEqual([url, drive.idOf(file)]);
		}
		expect((await graph.get(`${base}/root:/${path.toLowerCase().replace('%26', '&')}/REPORT('1').TXT?select=id`)).json.id).toBe(drive.idOf(file));
		expect(names(await graph.get(`/users/${user.id}/drive/root:/${path}:/children`))).toEqual([leaf]);
		expect(names(await graph.get(`${base}/items/${drive.idOf(file.parent!.parent!)}:/C%23%20100%25:/children?select=name`))).toEqual([leaf]);
		expect(names(await graph.get(`${base}/root:/:/children`))).toEqual(['Größe & Maß']);
		expect((await graph.get(`${base}/root:/%E0%A4%A`)).status).toBe(400);
	});

	it('lists children in pages, in order, selected and expanded', async () => {
		const folder = drive.addFolder('Many');
		for (let n = 0; n < 450; n++) drive.addFile(folder, `f${String(n).padStart(3, '0')}.txt`, 'x'.repeat(n % 10));
		const all = await graph.round(`${base}/items/${drive.idOf(folder)}/children`);
		expect([all.pages, all.entries.length]).toEqual([3, 450]);
		expect((await graph.round(`${base}/items/${drive.idOf(folder)}/children?$top=100&$select=id,name`)).entries[299]).toEqual({ id: drive.idOf(folder.child('f299.txt')!), name: 'f299.txt' });
		expect(names(await graph.get(`${base}/items/${drive.idOf(folder)}/children?$orderby=size desc&$top=1`))).toEqual(['f009.txt']);
		const root = (await graph.get(`${base}/root?$expand=children($select=name)&$select=name`)).json;
		expect(root).toMatchObject({ name: 'root', children: [{ name: 'Many' }] });
		expect((await graph.get(`${base}/root/children?$filter=name eq 'x'`)).status).toBe(400);
	});

	it('makes, renames, moves and deletes folders and files', async () => {
		const made = await graph.post(`${base}/root/children`, { name: 'New', folder: {}, '@microsoft.graph.conflictBehavior': 'fail' });
		expect([made.status, made.json.name]).toEqual([201, 'New']);
		expect((await graph.post(`${base}/root/children`, { name: 'NEW', folder: {} })).json.error.code).toBe('nameAlreadyExists');
		expect((await graph.post(`${base}/root/children`, { name: 'new', folder: {}, '@microsoft.graph.conflictBehavior': 'rename' })).json.name).toBe('new 1');
		const file = drive.addFile('A', 'a.txt', 'x');
		const url = `${base}/items/${drive.idOf(file)}`;
		const before = (await graph.get(url)).json;
		const renamed = (await graph.call('PATCH', url, { body: { name: 'b.txt', parentReference: { id: made.json.id } } })).json;
		expect(renamed).toMatchObject({ id: before.id, name: 'b.txt', cTag: before.cTag, parentReference: { id: made.json.id } });
		expect(renamed.eTag).not.toBe(before.eTag);
		expect((await graph.call('PATCH', url, { body: { name: 'c.txt' }, headers: { 'if-match': String(before.eTag) } })).status).toBe(412);
		drive.addFile('A', 'c.txt', 'y');
		expect((await graph.call('PATCH', url, { body: { name: 'C.TXT', parentReference: { id: drive.idOf(drive.item('A')) } } })).status).toBe(409);
		expect((await graph.call('PATCH', `${base}/items/${String(made.json.id)}`, { body: { parentReference: { id: made.json.id } } })).status).toBe(400);
		expect((await graph.call('DELETE', `${base}/items/${String(made.json.id)}`)).status).toBe(204);
		expect((await graph.get(url)).status).toBe(404);
		drive.restore(String(made.json.id));
		expect((await graph.get(url)).json.name).toBe('b.txt');
		expect((await graph.call('POST', `${url}/permanentDelete`)).status).toBe(204);
		expect(() => drive.restore(file)).toThrow('not in the bin');
	});

	it('refuses names and paths that SharePoint refuses', async () => {
		for (const name of ['a:b', 'a*b', 'a"b', 'a<b', 'a|b', 'a?b', ' a', 'a ', 'a.', 'CON', 'com1', 'lpt9', '.lock', 'desktop.ini', '~$a.docx', 'x_vti_y']) {
			expect([name, (await graph.post(`${base}/root/children`, { name, folder: {} })).status]).toEqual([name, 400]);
		}
		const deep = drive.addFolder(Array.from({ length: 11 }, () => 'd'.repeat(29)).join('/'));
		expect((await graph.post(`${base}/items/${drive.idOf(deep)}/children`, { name: 'x'.repeat(40), folder: {} })).json.error.code).toBe('pathIsTooLong');
		expect((await graph.post(`${base}/items/${drive.idOf(deep)}/children`, { name: 'x', folder: {} })).status).toBe(201);
	});

	it('copies in the background, with a monitor that needs no token', async () => {
		const file = drive.addFile('A', 'a.txt', 'content');
		const answer = await graph.post(`${base}/items/${drive.idOf(file)}/copy`, { parentReference: { driveId: drive.id, id: drive.idOf(drive.addFolder('B')) }, name: 'b.txt' });
		expect(answer.status).toBe(202);
		const monitor = answer.headers.get('location')!;
		expect([(await fetch(monitor)).status, ((await (await fetch(monitor)).json()) as { status: string }).status]).toEqual([202, 'completed']);
		const copy = drive.item('B/b.txt');
		expect(copy.sequence).not.toBe(file.sequence);
		expect(copy.content!.read(0, 100).toString()).toBe('content');
	});

	it('refuses writes to what is locked or checked out, and everything in what is forbidden', async () => {
		const file = drive.addFile('A', 'a.docx', 'x');
		drive.lock(file);
		const url = `${base}/items/${drive.idOf(file)}`;
		expect((await graph.call('DELETE', url)).json.error.code).toBe('resourceLocked');
		expect((await graph.call('PUT', `${url}/content`, { body: 'y', headers: { 'content-type': 'text/plain' } })).status).toBe(423);
		drive.lock(file, false);
		drive.checkOut(file);
		expect((await graph.get(url)).json.publication).toMatchObject({ level: 'checkout', checkedOutBy: { user: { displayName: 'Anna Berg' } } });
		expect((await graph.call('PATCH', url, { body: { name: 'b' } })).status).toBe(423);
		drive.forbid('A');
		expect((await graph.get(url)).json.error.code).toBe('accessDenied');
		drive.isLocked = true;
		expect((await graph.get(base)).status).toBe(423);
	});

	it('wants permissions for files', async () => {
		simulator.tenant.roles.set('Files.Read.All');
		const { token } = simulator.tenant.tokens.issue();
		expect((await graph.get(`${base}/root`, { token })).status).toBe(200);
		expect((await graph.post(`${base}/root/children`, { name: 'x', folder: {} }, { token })).json.error.code).toBe('accessDenied');
		simulator.tenant.roles.set('Files.ReadWrite.All');
		simulator.tenant.switches.uploadSessionRole = 'sitesOnly';
		const writer = { token: simulator.tenant.tokens.issue().token };
		expect((await graph.post(`${base}/root:/a:/createUploadSession`, {}, writer)).status).toBe(403);
		expect((await graph.post(`${base}/root/children`, { name: 'x', folder: {} }, writer)).status).toBe(201);
		simulator.tenant.roles.set('User.Read.All');
		expect((await graph.get(`${base}/root`, { token: simulator.tenant.tokens.issue().token })).status).toBe(403);
	});

	it('counts resource units and refuses what is over 1,250 a minute', async () => {
		const { sharePoint, clock, switches } = simulator.tenant;
		await graph.get(`${base}/root`);
		await graph.get(`${base}/root/children`);
		await graph.get(`${base}/root/permissions`);
		const link = (await graph.get(`${base}/root/delta`)).json['@odata.deltaLink']!;
		await graph.get(link);
		expect(sharePoint.units).toBe(1 + 2 + 5 + 2 + 1);
		for (let n = 0; n < 1239; n++) sharePoint.spend(1);
		const refused = await graph.get(`${base}/root`);
		expect([refused.status, Number(refused.headers.get('retry-after')) > 50]).toEqual([429, true]);
		switches.sharePointRefusal = 503;
		expect((await graph.get(`${base}/root`)).status).toBe(503);
		expect(simulator.requestLog.byRoute.get('GET /drives/{id}/root')).toBe(3);
		clock.advance(61_000);
		expect((await graph.get(`${base}/root`)).status).toBe(200);
		expect((await graph.get(`/users/${user.id}/messages`)).status).toBe(200);
	});

	it('has the files of a folder on disk', async () => {
		const dir = await mkdtemp(join(tmpdir(), 'simulator-drive-'));
		await mkdir(join(dir, 'Docs', 'Deep'), { recursive: true });
		await writeFile(join(dir, 'Docs', 'Deep', 'a.txt'), 'from disk');
		await writeFile(join(dir, 'top.txt'), 'top');
		const other = await startSimulator({ http: true, dataDir: dir });
		expect([...other.tenant.users[0]!.drive!.files()].map((file) => [file.path, file.content!.read(0, 100).toString()])).toEqual([['Docs/Deep/a.txt', 'from disk'], ['top.txt', 'top']]);
		await other.stop();
		await rm(dir, { recursive: true });
	});

	it('answers in batches, a redirect to content included', async () => {
		const file = drive.addFile('', 'a.txt', 'x');
		const answer = await graph.post('/$batch', { requests: [{ id: '1', method: 'GET', url: `${base}/items/${drive.idOf(file)}/content` }, { id: '2', method: 'GET', url: `${base}/root:/a.txt?select=name` }] });
		const [two, one] = answer.json.responses;
		expect([one!.status, one!.headers.Location, two!.body]).toEqual([302, expect.stringContaining('download.aspx'), { '@odata.context': expect.any(String) as unknown, name: 'a.txt' }]);
		expect(simulator.tenant.sharePoint.units).toBe(2);
	});

	it('generates the same drive for the same seed, and holds 250,000 files in a folder', async () => {
		const other = simulator.tenant.addUser({ displayName: 'B C' }).drive!;
		for (const one of [drive, other]) fillDrive(one, { files: 300, seed: 5 });
		const told = (one: Drive): string[] => [...one.files()].map((file) => `${file.path} ${file.content!.quickXorHash ?? ''}`);
		expect(told(drive)).toEqual(told(other));
		expect(new Set(told(drive)).size).toBe(300);
		const folder = drive.addFolder('Huge');
		for (let n = 0; n < 250_000; n++) drive.addFile(folder, `${n}.bin`, new GeneratedContent(n, 100));
		const spentMs = cpuTimer();
		const page = await graph.get(`${base}/items/${drive.idOf(folder)}/children?$top=1000`);
		expect(page.json.value).toHaveLength(1000);
		expect((await graph.get(page.json['@odata.nextLink']!)).json.value).toHaveLength(1000);
		expect(spentMs()).toBeLessThan(10_000);
	});
});
