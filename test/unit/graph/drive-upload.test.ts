import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import { createGraphClient, type GraphClient } from '../../../nodes/M365Backup/graph/client';
import { Governor } from '../../../nodes/M365Backup/graph/governor';
import { fixedToken } from '../../../nodes/M365Backup/graph/tokens';
import { fragmentUnitBytes } from '../../../nodes/M365Backup/graph/upload';
import type { Drive } from '../../simulator/drive-store';
import { startSimulator, type RunningSimulator } from '../../simulator/start';
import { rejection } from './fake-graph';

describe('upload sessions of a simulated drive', () => {
	const bytes = Buffer.from(Array.from({ length: fragmentUnitBytes * 2 + 1_000 }, (_, index) => (index * 13) % 253));
	const pieces = [0, fragmentUnitBytes, fragmentUnitBytes * 2].map((offset) => ({ offset, bytes: bytes.subarray(offset, offset + fragmentUnitBytes), totalBytes: bytes.length }));
	let sim: RunningSimulator;
	let client: GraphClient;
	let drive: Drive;

	beforeEach(async () => {
		sim = await startSimulator({ http: true, users: 1 });
		client = createGraphClient({ graphUrl: sim.graphUrl, tokens: fixedToken(sim.token), ambient: { ...realAmbient, random: () => 0 }, governor: new Governor(realAmbient) });
		drive = sim.tenant.users[0]!.drive!;
	});
	afterEach(async () => {
		expect(sim.tenant.leaks).toEqual([]);
		expect(sim.misses).toEqual([]);
		await sim.stop();
	});

	const open = async (name = 'a.bin', behavior = 'fail', headers: Record<string, string> = {}): Promise<string> =>
		(
			await client.json<{ uploadUrl: string }>({
				method: 'POST',
				path: `/drives/${drive.id}/root:/${name}:/createUploadSession`,
				headers,
				body: { item: { '@microsoft.graph.conflictBehavior': behavior, name, fileSize: bytes.length } },
			})
		).uploadUrl;
	const contentOf = (path: string): Buffer => drive.item(path).content!.read(0, drive.item(path).content!.sizeBytes);

	it('take pieces, say which one is next, and give the file with the last one', async () => {
		const url = await open();
		expect(new URL(url).origin).not.toBe(new URL(sim.graphUrl).origin);
		expect(await client.upload(url, pieces[0]!)).toEqual({ done: false, nextOffset: fragmentUnitBytes });
		expect(await client.uploadStatus(url)).toEqual({ nextOffset: fragmentUnitBytes });
		expect(await client.upload(url, pieces[1]!)).toEqual({ done: false, nextOffset: fragmentUnitBytes * 2 });
		expect(await client.upload(url, pieces[2]!)).toMatchObject({ done: true, body: { name: 'a.bin', size: bytes.length, id: drive.idOf(drive.item('a.bin')) } });
		expect(contentOf('a.bin').equals(bytes)).toBe(true);
	});

	it.each([
		['of 60 MiB', { offset: 0, bytes: Buffer.alloc(60 * 1024 * 1024), totalBytes: 70 * 1024 * 1024 }],
		['of no multiple of 320 KiB before the end', { offset: 0, bytes: bytes.subarray(0, 1_000), totalBytes: bytes.length }],
		['without a byte', { offset: 0, bytes: Buffer.alloc(0), totalBytes: bytes.length }],
		['beyond the end', { offset: fragmentUnitBytes, bytes: bytes.subarray(0, fragmentUnitBytes), totalBytes: fragmentUnitBytes + 1 }],
	])('are not sent a piece %s', async (_what, piece) => {
		const url = await open();
		const before = client.stats.calls;
		expect(await rejection(client.upload(url, piece))).toMatchObject({ kind: 'defect', code: 'wrongFragment' });
		expect(client.stats.calls).toBe(before);
	});

	it('say of a piece that came before, or too early, that the session must be asked', async () => {
		const url = await open();
		expect(await rejection(client.upload(url, pieces[1]!))).toMatchObject({ kind: 'conflict', status: 416, title: expect.stringContaining('out of step') as string, nextStep: expect.stringContaining('Run this again') as string });
		await client.upload(url, pieces[0]!);
		expect(await rejection(client.upload(url, pieces[0]!))).toMatchObject({ kind: 'conflict', status: 416, code: 'invalidRange' });
		expect(await client.uploadStatus(url)).toEqual({ nextOffset: fragmentUnitBytes });
	});

	it('whose answer was lost have the piece: the second try is out of step, and the session tells where to go on', async () => {
		const url = await open();
		sim.tenant.faults.script({ match: 'PUT *uploadSession*', when: 'after', do: { reset: true } });
		expect(await rejection(client.upload(url, pieces[0]!))).toMatchObject({ kind: 'conflict', status: 416 });
		const { nextOffset } = await client.uploadStatus(url);
		expect(nextOffset).toBe(fragmentUnitBytes);
		for (const piece of pieces.slice(1)) await client.upload(url, piece);
		expect(contentOf('a.bin').equals(bytes)).toBe(true);
	});

	it('that lost the answer to the last piece are gone, and the file is there', async () => {
		const url = await open();
		for (const piece of pieces.slice(0, 2)) await client.upload(url, piece);
		sim.tenant.faults.script({ match: 'PUT *uploadSession*', when: 'after', do: { reset: true } });
		expect(await rejection(client.upload(url, pieces[2]!))).toMatchObject({ kind: 'notFound', code: 'uploadSessionGone', status: 404 });
		expect(contentOf('a.bin').equals(bytes)).toBe(true);
	});

	it.each([
		['reset before anything happened', { reset: true }],
		['429', { status: 429, headers: { 'Retry-After': '0' } }],
		['503', { status: 503 }],
	] as const)('get a piece again, whole, after %s', async (_what, fault) => {
		const url = await open();
		sim.tenant.faults.script({ match: 'PUT *uploadSession*', times: 2, do: fault });
		for (const piece of pieces) await client.upload(url, piece);
		expect(client.stats.retries).toBe(2);
		expect(contentOf('a.bin').equals(bytes)).toBe(true);
	});

	it('may be ended, twice if need be, and are gone then', async () => {
		const url = await open();
		await client.upload(url, pieces[0]!);
		await client.cancelUpload(url);
		await client.cancelUpload(url);
		expect(await rejection(client.upload(url, pieces[1]!))).toMatchObject({ kind: 'notFound', code: 'uploadSessionGone', title: expect.stringContaining('ended an upload') as string, nextStep: expect.any(String) as string });
		expect(await rejection(client.uploadStatus(url))).toMatchObject({ kind: 'notFound', code: 'uploadSessionGone' });
	});

	it('that expired are gone', async () => {
		const url = await open();
		sim.tenant.clock.advance(25 * 3_600_000);
		expect(await rejection(client.upload(url, pieces[0]!))).toMatchObject({ kind: 'notFound', code: 'uploadSessionGone' });
	});

	it('say with the last piece that the name was taken meanwhile, and take it again once it is free', async () => {
		const url = await open();
		const other = drive.addFile('', 'a.bin', 'somebody else');
		for (const piece of pieces.slice(0, 2)) await client.upload(url, piece);
		expect(await rejection(client.upload(url, pieces[2]!))).toMatchObject({
			kind: 'conflict',
			status: 409,
			code: 'nameAlreadyExists',
			title: 'Something of this name is there already',
			nextStep: expect.stringContaining('Replace or Keep Both') as string,
		});
		drive.rename(other, 'b.bin');
		expect(await client.upload(url, pieces[2]!)).toMatchObject({ done: true, body: { name: 'a.bin' } });
		expect(contentOf('a.bin').equals(bytes)).toBe(true);
	});

	it('are refused for a file that changed meanwhile, is locked or checked out, or has no room, each in plain words', async () => {
		const file = drive.addFile('', 'a.bin', 'old');
		expect(await rejection(open('a.bin', 'replace', { 'If-Match': '"{old},1"' }))).toMatchObject({ kind: 'conflict', status: 412, nextStep: expect.stringContaining('Run this again') as string });

		const url = await open('a.bin', 'replace');
		for (const piece of pieces.slice(0, 2)) await client.upload(url, piece);
		drive.lock(file);
		expect(await rejection(client.upload(url, pieces[2]!))).toMatchObject({ kind: 'denied', status: 423, title: 'The file is locked: somebody has it open' });

		const other = drive.addFile('', 'b.bin', 'old');
		drive.checkOut(other);
		expect(await rejection(open('b.bin', 'replace'))).toMatchObject({ kind: 'denied', status: 423, title: 'The file is checked out to somebody', nextStep: expect.stringContaining('checked in') as string });

		const third = await open('c.bin');
		drive.quotaTotalBytes = 1_000;
		expect(await rejection(client.upload(third, pieces[0]!))).toMatchObject({ kind: 'quota', status: 507, title: 'The drive is full', nextStep: 'Make room in the drive or raise its quota' });
		expect(await rejection(open('d.bin'))).toMatchObject({ kind: 'quota', status: 507 });
	});

	it('stop with the run', async () => {
		const url = await open();
		const stop = new AbortController();
		sim.tenant.faults.script({ match: 'PUT *uploadSession*', do: { delayMs: 5_000 } });
		const sending = rejection(client.upload(url, pieces[0]!, { signal: stop.signal }));
		setTimeout(() => stop.abort(), 20);
		expect(await sending).toMatchObject({ kind: 'cancelled' });
	});
});
