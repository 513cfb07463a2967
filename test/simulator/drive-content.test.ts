import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GeneratedContent } from './drive-content';
import { quickXorHash } from './drive-hash';
import type { Drive } from './drive-store';
import { GraphCaller, type AnswerJson } from './graph-caller';
import { startSimulator, type RunningSimulator } from './start';
import { memoryInUse } from '../contract/sources';

let simulator: RunningSimulator;
let graph: GraphCaller;
let drive: Drive;
let base: string;

beforeEach(async () => {
	simulator = await startSimulator({ http: true, users: 0 });
	graph = new GraphCaller(simulator);
	drive = simulator.tenant.addUser({ displayName: 'Anna Berg' }).drive!;
	base = `/drives/${drive.id}`;
});
afterEach(async () => {
	expect(simulator.misses).toEqual([]);
	await simulator.stop();
});

const urlOf = async (path: string): Promise<string> => String((await graph.get(`${base}/root:/${path}`)).json['@microsoft.graph.downloadUrl']);
const get = (url: string, headers: Record<string, string> = {}): Promise<Response> => fetch(url, { headers });
const read = (path: string): Buffer => drive.item(path).content!.read(0, 1 << 30);

async function location(path: string): Promise<string> {
	const answer = await fetch(`${simulator.graphUrl}/v1.0${base}${path}`, { redirect: 'manual', headers: { authorization: `Bearer ${simulator.token}` } });
	expect(answer.status).toBe(302);
	return answer.headers.get('location')!;
}

describe('downloads', () => {
	it('come from another origin, whole or in ranges', async () => {
		drive.addFile('', 'a.txt', 'Hello world');
		const url = await location('/root:/a.txt:/content');
		expect(new URL(url).port).not.toBe(new URL(simulator.graphUrl).port);
		const whole = await get(url);
		expect([whole.status, whole.headers.get('content-length'), await whole.text()]).toEqual([200, '11', 'Hello world']);
		const part = await get(url, { range: 'bytes=6-8' });
		expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 6-8/11', 'wor']);
		expect(await (await get(url, { range: 'bytes=6-' })).text()).toBe('world');
		expect(await (await get(url, { range: 'bytes=-3' })).text()).toBe('rld');
		expect((await get(url, { range: 'bytes=11-' })).status).toBe(416);
		simulator.tenant.switches.downloadRanges = 'ignored';
		const ignored = await get(url, { range: 'bytes=6-8' });
		expect([ignored.status, await ignored.text()]).toEqual([200, 'Hello world']);
		const empty = drive.addFile('', 'empty', '');
		expect(await (await get(await urlOf(empty.name))).text()).toBe('');
	});

	it('record a token of Graph and refuse it if told to, and URLs that have expired', async () => {
		drive.addFile('', 'a.txt', 'x');
		const url = await urlOf('a.txt');
		expect((await get(url, { authorization: `Bearer ${simulator.token}` })).status).toBe(200);
		simulator.tenant.switches.driveUrlAuthorization = 'refused';
		expect((await get(url, { authorization: `Bearer ${simulator.token}` })).status).toBe(401);
		expect(simulator.tenant.leaks).toHaveLength(2);
		simulator.tenant.clock.advance(3_600_001);
		expect((await get(url)).status).toBe(401);
		const fresh = await urlOf('a.txt');
		expect((await get(fresh)).status).toBe(200);
		drive.expireDownloadUrls();
		expect((await get(fresh)).status).toBe(401);
		drive.delete('a.txt');
	});

	it('break off where a script says so, and go on by range', async () => {
		const content = new GeneratedContent(3, 3_000_000);
		drive.addFile('', 'big.bin', content);
		const url = await urlOf('big.bin');
		simulator.tenant.faults.script({ match: 'GET *download.aspx*', do: { truncateAtByte: 1_000_000 } });
		const broken = await get(url);
		expect(broken.headers.get('content-length')).toBe('3000000');
		const received: Buffer[] = [];
		await expect((async () => {
			for await (const chunk of broken.body as unknown as AsyncIterable<Uint8Array>) received.push(Buffer.from(chunk));
		})()).rejects.toThrow();
		const sofar = Buffer.concat(received);
		expect(sofar.length).toBeLessThanOrEqual(1_000_000);
		const rest = Buffer.from(await (await get(url, { range: `bytes=${sofar.length}-` })).arrayBuffer());
		expect(quickXorHash(Buffer.concat([sofar, rest]))).toBe(content.quickXorHash);
		expect(simulator.requestLog.count('GET download')).toBe(2);
	});

	it('stream a file of 6 GB at constant memory, with a hash that was never computed from it', async () => {
		const sizeBytes = 6 * 1024 ** 3;
		drive.addFile('', 'huge.bin', new GeneratedContent(9, sizeBytes));
		drive.addFile('', 'sparse.bin', { sizeBytes, read: (offset, length) => Buffer.alloc(length, offset % 251) });
		const { json } = await graph.get(`${base}/root:/huge.bin`);
		expect([json.size, (json.file as { hashes: { quickXorHash: string } }).hashes.quickXorHash.length]).toEqual([sizeBytes, 28]);
		expect((await graph.get(`${base}/root:/sparse.bin`)).json.file).toEqual({ mimeType: 'application/octet-stream' });
		const response = await get(String(json['@microsoft.graph.downloadUrl']), { range: `bytes=${5 * 1024 ** 3}-` });
		const before = memoryInUse();
		let sum = 0;
		let most = 0;
		for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
			sum += chunk.length;
			if (Math.floor(sum / 10_000_000) > Math.floor((sum - chunk.length) / 10_000_000)) most = Math.max(most, memoryInUse());
			if (sum > 200_000_000) break;
		}
		expect(sum).toBeGreaterThan(200_000_000);
		expect(most - before).toBeLessThan(150_000_000);
	});

	it('give other bytes than were told for labelled files, and identifiers to those who name them', async () => {
		drive.addFile('', 'labelled.docx', 'plain', { servedAs: 'protected bytes' });
		const { json } = await graph.get(`${base}/root:/labelled.docx?$select=size,file,sharepointIds,content.downloadUrl`);
		expect(json).toMatchObject({ size: 5, file: { hashes: { quickXorHash: quickXorHash(Buffer.from('plain')) } }, sharepointIds: { listId: drive.listGuid, listItemId: '1', webId: drive.webGuid, siteId: drive.about.siteGuid } });
		expect(await (await get(String(json['@microsoft.graph.downloadUrl']))).text()).toBe('protected bytes');
		expect((await graph.get(`${base}/root:/labelled.docx`)).json).not.toHaveProperty('sharepointIds');
	});

	it('are refused for malware, notebooks and folders', async () => {
		drive.addFile('', 'bad.exe', 'x', { malware: 'Virus:Test' });
		const answer = await graph.get(`${base}/root:/bad.exe:/content`);
		expect([answer.status, answer.json.error.code, answer.headers.get('x-virus-infected')]).toEqual([403, 'malwareDetected', 'true']);
		expect((await get(await urlOf('bad.exe'))).status).toBe(403);
		const notebook = drive.addNotebook('', 'Notes', { Plans: 'section' });
		expect((await graph.get(`${base}/root:/Notes`)).json).toMatchObject({ package: { type: 'oneNote' }, folder: { childCount: 2 } });
		expect((await graph.get(`${base}/root:/Notes:/content`)).status).toBe(404);
		expect(await (await get(await urlOf('Notes/Plans.one'))).text()).toBe('section');
		notebook.child('Plans.one')!.contentStatus = 503;
		expect((await graph.get(`${base}/root:/Notes/Plans.one:/content`)).status).toBe(503);
	});

	it('also come from versions', async () => {
		const file = drive.addFile('', 'a.txt', 'one');
		drive.edit(file, 'two');
		drive.edit(file, 'three!');
		const versions = (await graph.get(`${base}/items/${drive.idOf(file)}/versions`)).json.value;
		expect(versions.map(({ id, size }) => [id, size])).toEqual([['3.0', 6], ['2.0', 3], ['1.0', 3]]);
		expect(await (await get(await location(`/items/${drive.idOf(file)}/versions/1.0/content`))).text()).toBe('one');
		expect((await graph.get(`${base}/items/${drive.idOf(file)}/versions/3.0/content`)).status).toBe(400);
		expect((await graph.post(`${base}/items/${drive.idOf(file)}/versions/1.0/restoreVersion`, {})).status).toBe(204);
		expect(read('a.txt').toString()).toBe('one');
		expect((await graph.call('DELETE', `${base}/items/${drive.idOf(file)}/versions/2.0`)).status).toBe(204);
	});
});

describe('uploads', () => {
	const put = (path: string, body: string): ReturnType<GraphCaller['call']> => graph.call('PUT', `${base}/${path}`, { body, headers: { 'content-type': 'application/octet-stream' } });

	it('put small files, replacing, renaming or failing', async () => {
		const made = await put('root:/A/B/a.txt:/content', 'one');
		expect([made.status, made.json.size, made.json.createdBy]).toMatchObject([201, 3, { application: { displayName: 'Simulated backup' } }]);
		expect((await put('root:/A/B/A.TXT:/content', 'two!')).status).toBe(200);
		expect((await put('root:/A/B/a.txt:/content?@microsoft.graph.conflictBehavior=fail', 'x')).json.error.code).toBe('nameAlreadyExists');
		expect((await put('root:/A/B/a.txt:/content?@name.conflictBehavior=rename', 'x')).json.name).toBe('a 1.txt');
		expect((await put(`items/${drive.idOf(drive.item('A'))}:/50%25%20%231.txt:/content`, '')).json).toMatchObject({ name: '50% #1.txt', size: 0 });
		expect((await put(`items/${drive.idOf(drive.item('A/B/a.txt'))}/content`, 'three')).json.name).toBe('a.txt');
		expect(read('A/B/a.txt').toString()).toBe('three');
		expect((await put('root:/CON:/content', 'x')).status).toBe(400);
	});

	async function session(path: string, item: Record<string, unknown> = {}, more: Record<string, unknown> = {}): Promise<string> {
		const answer = await graph.post(`${base}/${path}:/createUploadSession`, { item, ...more });
		expect([answer.status, answer.text]).toMatchObject([200, expect.stringContaining('uploadUrl')]);
		return String(answer.json.uploadUrl);
	}
	const send = async (url: string, bytes: Buffer, from: number, total: number): Promise<{ status: number; json: AnswerJson }> => {
		const response = await fetch(url, { method: 'PUT', body: new Uint8Array(bytes), headers: { 'content-range': `bytes ${from}-${from + bytes.length - 1}/${total}` } });
		const text = await response.text();
		return { status: response.status, json: (text === '' ? {} : JSON.parse(text)) as AnswerJson };
	};
	const UNIT = 327_680;

	it('go in fragments, in order, with dates that make no version', async () => {
		const content = new GeneratedContent(4, UNIT * 2 + 100);
		const bytes = content.read(0, content.sizeBytes);
		const url = await session('root:/big.bin', { '@microsoft.graph.conflictBehavior': 'fail', fileSystemInfo: { createdDateTime: '2020-01-01T00:00:00Z', lastModifiedDateTime: '2021-01-01T00:00:00Z' } });
		const first = await send(url, bytes.subarray(0, UNIT), 0, bytes.length);
		expect([first.status, first.json.nextExpectedRanges]).toEqual([202, [`${UNIT}-${bytes.length - 1}`]]);
		expect((await send(url, bytes.subarray(0, UNIT), 0, bytes.length)).status).toBe(416);
		expect((await send(url, bytes.subarray(UNIT * 2), UNIT * 2, bytes.length)).status).toBe(416);
		expect((await send(url, bytes.subarray(UNIT, UNIT + 1000), UNIT, bytes.length)).status).toBe(400);
		expect(((await (await fetch(url)).json()) as AnswerJson).nextExpectedRanges).toEqual([`${UNIT}-${bytes.length - 1}`]);
		const last = await send(url, bytes.subarray(UNIT), UNIT, bytes.length);
		expect([last.status, last.json]).toMatchObject([201, { name: 'big.bin', file: { hashes: { quickXorHash: content.quickXorHash } }, fileSystemInfo: { createdDateTime: '2020-01-01T00:00:00Z', lastModifiedDateTime: '2021-01-01T00:00:00Z' } }]);
		expect((await fetch(url)).status).toBe(404);
		expect((await graph.get(`${base}/root:/big.bin:/versions`)).json.value).toHaveLength(1);
		await graph.call('PATCH', `${base}/root:/big.bin`, { body: { fileSystemInfo: { lastModifiedDateTime: '2022-01-01T00:00:00Z' } } });
		expect((await graph.get(`${base}/root:/big.bin:/versions`)).json.value).toHaveLength(2);
		expect(createHash('sha256').update(read('big.bin')).digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
	});

	it('keep every byte of what is not generated, or differs from it', async () => {
		const bytes = new GeneratedContent(4, UNIT * 2).read(0, UNIT * 2);
		bytes[UNIT + 7]! ^= 1;
		const url = await session('root:/a.bin');
		await send(url, bytes.subarray(0, UNIT), 0, bytes.length);
		expect((await send(url, bytes.subarray(UNIT), UNIT, bytes.length)).status).toBe(201);
		expect(read('a.bin').equals(bytes)).toBe(true);
		const two = await session('root:/two.bin');
		expect((await send(two, Buffer.from('ab'), 0, 2)).status).toBe(201);
		expect(read('two.bin').toString()).toBe('ab');
	});

	it('refuse zero bytes, what the quota has no room for, a name taken at the end, and a token of Graph', async () => {
		expect((await graph.post(`${base}/root:/z:/createUploadSession`, { item: { fileSize: 0 } })).status).toBe(400);
		drive.addFile('', 'a.bin', 'x');
		const url = await session('root:/a.bin', { '@microsoft.graph.conflictBehavior': 'fail' });
		const taken = await send(url, Buffer.from('ab'), 0, 2);
		expect([taken.status, taken.json.error.code]).toEqual([409, 'nameAlreadyExists']);
		drive.quotaTotalBytes = 100;
		expect((await graph.post(`${base}/root:/z:/createUploadSession`, { item: { fileSize: 1000 } })).status).toBe(507);
		expect((await send(await session('root:/z'), Buffer.alloc(200), 0, 200)).json.error.code).toBe('quotaLimitReached');
		expect((await put('root:/z:/content', 'x'.repeat(200))).status).toBe(507);
		simulator.tenant.switches.driveUrlAuthorization = 'refused';
		const leaked = await fetch(url, { method: 'PUT', body: 'ab', headers: { authorization: 'Bearer x', 'content-range': 'bytes 0-1/2' } });
		expect([leaked.status, simulator.tenant.leaks.length]).toEqual([401, 1]);
	});

	it('are cancelled, expire, and wait for a commit if told to', async () => {
		const cancelled = await session('root:/a');
		expect((await fetch(cancelled, { method: 'DELETE' })).status).toBe(204);
		expect((await send(cancelled, Buffer.from('ab'), 0, 2)).status).toBe(404);
		const deferred = await session('root:/b', {}, { deferCommit: true });
		expect((await send(deferred, Buffer.from('ab'), 0, 2)).json.nextExpectedRanges).toEqual([]);
		expect(drive.byPath('b')).toBeUndefined();
		expect((await fetch(deferred, { method: 'POST' })).status).toBe(201);
		expect(read('b').toString()).toBe('ab');
		const old = await session('root:/c');
		simulator.tenant.clock.advance(25 * 3_600_000);
		expect((await fetch(old)).status).toBe(404);
	});

	it('survive an answer that was lost: the file is there, the session gone', async () => {
		const url = await session('root:/a');
		simulator.tenant.faults.script({ match: 'PUT *uploadSession*', when: 'after', do: { reset: true } });
		await expect(send(url, Buffer.from('ab'), 0, 2)).rejects.toThrow();
		expect(read('a').toString()).toBe('ab');
		expect((await fetch(url)).status).toBe(404);
	});

	it('are rewritten by SharePoint where they are Office, PDF, HTML or JPEG', async () => {
		expect((await put('root:/a.docx:/content', 'one')).json.size).toBe(3);
		simulator.tenant.switches.driveRewrites = 'always';
		const answer = await put('root:/b.docx:/content', 'one');
		expect(answer.json.size).toBeGreaterThan(3);
		expect((answer.json.file as { hashes: { quickXorHash: string } }).hashes.quickXorHash).toBe(quickXorHash(read('b.docx')));
		expect((await put('root:/b.txt:/content', 'one')).json.size).toBe(3);
	});
});

describe('sharing', () => {
	it('grants, links, changes and takes back, and says what comes from above', async () => {
		const bruno = simulator.tenant.addUser({ displayName: 'Bruno Costa' });
		const file = drive.addFile('A', 'a.txt', 'x');
		const folder = `${base}/root:/A:`;
		const url = `${base}/items/${drive.idOf(file)}`;
		const invited = await graph.post(`${folder}/invite`, { requireSignIn: true, sendInvitation: false, roles: ['write'], recipients: [{ objectId: bruno.id }] });
		expect(invited.json.value[0]).toMatchObject({ roles: ['write'], grantedToV2: { user: { id: bruno.id, displayName: 'Bruno Costa' } } });
		const link = await graph.post(`${url}/createLink`, { type: 'view', scope: 'organization' });
		expect([link.status, link.json.link]).toMatchObject([201, { type: 'view', scope: 'organization' }]);
		expect((await graph.post(`${url}/createLink`, { type: 'view', scope: 'organization' })).json.id).toBe(link.json.id);
		const all = (await graph.get(`${url}/permissions`)).json.value;
		expect(all.map(({ roles, inheritedFrom }) => [roles, inheritedFrom !== undefined])).toEqual([[['read'], false], [['write'], true], [['owner'], true]]);
		expect((await graph.get(`${url}?$expand=permissions&$select=id,shared`)).json).toMatchObject({ shared: { scope: 'organization' }, permissions: all });
		expect((await graph.call('DELETE', `${url}/permissions/${invited.json.value[0]!.id}`)).status).toBe(400);
		expect((await graph.call('PATCH', `${folder}/permissions/${invited.json.value[0]!.id}`, { body: { roles: ['read'] } })).json.roles).toEqual(['read']);
		expect((await graph.call('DELETE', `${folder}/permissions/${invited.json.value[0]!.id}`)).status).toBe(204);
		expect((await graph.get(`${folder}/permissions`)).json.value).toHaveLength(1);
		expect(simulator.tenant.outbox).toEqual([]);
		expect((await graph.post(`${url}/invite`, { roles: ['read'], recipients: [{ email: 'nobody@x.example' }] })).json.error.code).toBe('noResolvedUsers');
		await graph.post(`${url}/invite`, { sendInvitation: true, roles: ['read'], recipients: [{ objectId: bruno.id }] });
		expect(simulator.tenant.outbox).toHaveLength(1);
		simulator.tenant.switches.anonymousLinks = 'refused';
		expect((await graph.post(`${url}/createLink`, { type: 'view', scope: 'anonymous' })).status).toBe(403);
	});
});
