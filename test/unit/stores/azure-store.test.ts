import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import { createAzureClient } from '../../../nodes/M365Backup/stores/azure/azure-client';
import { AzureContainer } from '../../../nodes/M365Backup/stores/azure/azure-container';
import { openAzureStore } from '../../../nodes/M365Backup/stores/azure/azure-repository-store';
import type { AzureSettings } from '../../../nodes/M365Backup/stores/azure/azure-settings';
import { AzureStore } from '../../../nodes/M365Backup/stores/azure/azure-store';
import { ReplayableSource } from '../../../nodes/M365Backup/stores/replayable-source';
import { createRetryingStore } from '../../../nodes/M365Backup/stores/retrying-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { AzuriteServer } from '../../azure-server/azurite-server';
import { broken, gated, generated, keys, listed, readBytes, readText, text } from '../../contract/sources';
import { FaultyProxy } from '../../s3-server/faulty-proxy';
import { certificatesFor } from '../../simulator/certificates';

const mebibyte = 1024 * 1024;
/** Three blocks. */
const largeBytes = 20 * mebibyte;

describe('Azure store when things go wrong', () => {
	let server: AzuriteServer;
	let proxy: FaultyProxy;
	const slept: number[] = [];
	const ambient = { ...realAmbient, sleep: async (delayMs: number): Promise<void> => void slept.push(delayMs) };
	let count = 0;

	beforeAll(async () => {
		server = await AzuriteServer.start();
		proxy = await FaultyProxy.start(server.endpoint);
		await server.client.createContainer('backups');
	});
	afterAll(async () => {
		await proxy?.stop();
		await server?.stop();
	});
	afterEach(() => {
		proxy.clear();
		slept.length = 0;
	});

	function through(endpoint: string): AzureSettings {
		return { ...server.settings, endpoint: `${endpoint}${new URL(server.endpoint).pathname}` };
	}

	function storeIn(prefix: string, settings = through(proxy.endpoint)): AzureStore {
		return new AzureStore(new AzureContainer(createAzureClient(settings), { container: 'backups', prefix }, settings, { ambient }));
	}

	const store = (): AzureStore => storeIn(`faults/${count++}`);

	async function isWhole(from: Store, key: string, sizeBytes: number): Promise<boolean> {
		const chunks: Uint8Array[] = [];
		for await (const chunk of generated(sizeBytes)) chunks.push(chunk);
		return (await readBytes(from, key)).equals(Buffer.concat(chunks));
	}

	describe('puts', () => {
		it('a lost answer to a small put costs one more put', async () => {
			const tested = store();
			proxy.script({ method: 'PUT', url: /f$/, lose: 'answer' });
			await tested.put('f', text('content'));
			expect(await readText(tested, 'f')).toBe('content');
			expect(proxy.count('PUT', /f$/)).toBe(2);
			expect(slept).toHaveLength(1);
		});

		for (const [title, sizeBytes, url] of [['in one piece', 10, /lease/], ['in blocks', largeBytes, /comp=blocklist/]] as const) {
			it(`if absent, ${title}: after a lost answer it is our own file that is in the way`, async () => {
				const tested = store();
				proxy.script({ method: 'PUT', url, lose: 'answer' });
				await tested.put('lease-1.json', generated(sizeBytes), { ifAbsent: true });
				expect(await isWhole(tested, 'lease-1.json', sizeBytes)).toBe(true);
			});

			it(`if absent, ${title}: after a fault, somebody else's file is a conflict and stays`, async () => {
				const prefix = `faults/${count++}`;
				await storeIn(prefix, server.settings).put('lease-1.json', text('theirs'));
				proxy.script({ method: 'PUT', url, answer: { status: 500, code: 'InternalError' } });
				await expect(storeIn(prefix).put('lease-1.json', generated(sizeBytes), { ifAbsent: true })).rejects.toMatchObject({ kind: 'conflict', code: 'exists' });
				expect(await readText(storeIn(prefix), 'lease-1.json')).toBe('theirs');
			});
		}

		it('each block is tried again by itself: throttled as long as the service asks, broken, or with its answer lost', async () => {
			const tested = store();
			proxy.script({ method: 'PUT', url: /comp=block&/, answer: { status: 503, code: 'ServerBusy', headers: { 'retry-after': '7' } } });
			proxy.script({ method: 'PUT', url: /comp=block&/, lose: 'request' });
			proxy.script({ method: 'PUT', url: /comp=block&/, lose: 'answer' });
			await tested.put('large', generated(largeBytes));
			expect(await isWhole(tested, 'large', largeBytes)).toBe(true);
			expect(proxy.count('PUT', /comp=block&/)).toBe(6);
			expect(slept).toContain(7000);
		});

		it('a block that fails for good ends the put at once, though its source hangs, and nothing is to be seen of it', async () => {
			const tested = store();
			proxy.script({ method: 'PUT', url: /comp=block&/, times: 9, answer: { status: 403, code: 'AuthorizationPermissionMismatch' } });
			await expect(tested.put('large', gated(Buffer.alloc(9 * mebibyte)).source)).rejects.toMatchObject({ kind: 'denied', nextStep: expect.stringContaining('Write on container backups') as string });
			expect(await tested.get('large')).toBeNull();
			expect(await listed(tested, '')).toEqual([]);
		});

		it('a source that breaks after some blocks leaves what was there before, and its very error comes out', async () => {
			const tested = store();
			const mistake = new TypeError('the source broke');
			await tested.put('large', text('older version'));
			await expect(tested.put('large', broken(1000, mistake))).rejects.toBe(mistake);
			expect(proxy.count('PUT', /comp=block&/)).toBeGreaterThan(0);
			expect(await readText(tested, 'large')).toBe('older version');
		});

		it('cancelling in the middle of the blocks stores nothing', async () => {
			const tested = store();
			const controller = new AbortController();
			const gate = gated(Buffer.alloc(9 * mebibyte));
			const putting = tested.put('large', gate.source, { signal: controller.signal });
			await gate.firstTaken;
			await delay(50);
			controller.abort();
			await expect(putting).rejects.toMatchObject({ kind: 'cancelled' });
			expect(await listed(tested, '')).toEqual([]);
			expect(proxy.count('PUT', /comp=blocklist/)).toBe(0);
		});

		it.each([['in one piece', 1000, /f$/], ['in blocks', largeBytes, /comp=block&/]] as const)('bytes that change on the way %s are refused by the service, and sent again', async (_title, sizeBytes, url) => {
			const tested = store();
			proxy.script({ method: 'PUT', url, garbled: true });
			await tested.put('f', generated(sizeBytes));
			expect(slept).toHaveLength(1);
			expect(await isWhole(tested, 'f', sizeBytes)).toBe(true);
			proxy.script({ method: 'PUT', url, garbled: true, times: 99 });
			await expect(tested.put('never/f', generated(sizeBytes))).rejects.toMatchObject({ kind: 'transient', code: 'Md5Mismatch' });
			expect(await keys(tested, '')).toEqual(['f']);
		});

		it('goes through a retrying store with passing faults everywhere', async () => {
			const tested = createRetryingStore(store(), { ambient });
			for (const method of ['PUT', 'GET', 'HEAD', 'DELETE']) proxy.script({ method, url: /./, answer: { status: 503, code: 'ServerBusy' } });
			await tested.put('large', new ReplayableSource(() => generated(largeBytes)));
			expect(await isWhole(tested, 'large', largeBytes)).toBe(true);
			await tested.delete(['large']);
			expect(await listed(tested, '')).toEqual([]);
		});
	});

	describe('reads', () => {
		it('a read that breaks off is resumed where it broke off', async () => {
			const bare = store();
			const tested = createRetryingStore(bare, { ambient });
			await tested.put('f', generated(4 * mebibyte));
			proxy.script({ method: 'GET', url: /f$/, tornAfterBytes: 100_000 });
			proxy.script({ method: 'GET', url: /f$/, tornAfterBytes: 1_000_000, times: 2 });
			expect(await isWhole(tested, 'f', 4 * mebibyte)).toBe(true);
			proxy.script({ method: 'GET', url: /f$/, tornAfterBytes: 100_000 });
			await expect(bare.get('f')).rejects.toMatchObject({ name: 'Failure', kind: 'transient' });
		});

		it('readers who never begin hold no connection', async () => {
			const tested = store();
			await tested.put('f', generated(2 * mebibyte));
			const begun = await Promise.all(Array.from({ length: 150 }, () => tested.get('f')));
			await tested.put('g', text('still going'));
			expect(await isWhole(tested, 'f', 2 * mebibyte)).toBe(true);
			expect(begun).not.toContain(null);
		});

		it('a file that is replaced while it is read is not patched together', async () => {
			const tested = store();
			await tested.put('f', generated(2 * mebibyte));
			const content = (await tested.get('f'))!;
			await tested.put('f', generated(3 * mebibyte));
			await expect(
				(async () => {
					for await (const chunk of content) expect(chunk.length).toBeGreaterThan(0);
				})(),
			).rejects.toMatchObject({ name: 'Failure', kind: 'conflict' });
		});

		it('something that is no blob service', async () => {
			const tested = store();
			const answer = { status: 200, code: '', headers: { 'content-type': 'text/html' }, body: '<html><body>Console</body></html>' };
			proxy.script({ method: 'GET', url: /./, times: 2, answer });
			await expect(listed(tested, '')).rejects.toMatchObject({ name: 'Failure', kind: 'invalid' });
			await expect(tested.get('f')).rejects.toMatchObject({ name: 'Failure', kind: 'invalid', code: 'notAzure' });
		});
	});

	it('one deletion that fails ends the others, too; nothing is deleted afterwards', async () => {
		const tested = store();
		const names = Array.from({ length: 60 }, (_, index) => `f${index}`);
		for (const name of names) await tested.put(name, text('x'));
		proxy.script({ method: 'DELETE', url: /f59/, answer: { status: 403, code: 'AuthorizationPermissionMismatch' } });
		await expect(tested.delete(names)).rejects.toMatchObject({ kind: 'denied', nextStep: expect.stringContaining('permission Delete') as string });
		const sent = proxy.count('DELETE', /./);
		await delay(300);
		expect(proxy.count('DELETE', /./)).toBe(sent);
		expect(sent).toBeLessThan(60);
	});

	describe('what is wrong, and what to do', () => {
		it('a certificate of an unknown authority, until it is given in the credential', async () => {
			const { key, cert, caFile } = await certificatesFor([]);
			const secure = await FaultyProxy.start(server.endpoint, { key, cert });
			const open = (more: Partial<AzureSettings>): Store => openAzureStore({ ...through(secure.endpoint), ...more }, { container: 'backups', prefix: 'tls' }, { ambient, isOverwritten: () => false });
			try {
				await expect(listed(open({}), '')).rejects.toMatchObject({ kind: 'invalid', nextStep: expect.stringContaining('CA Certificate') as string });
				const trusting = open({ caCertificate: await readFile(caFile, 'utf8') });
				await trusting.put('secure', generated(largeBytes));
				expect(await isWhole(trusting, 'secure', largeBytes)).toBe(true);
			} finally {
				await secure.stop();
			}
		});

		it('https where the server speaks http', async () => {
			const wrong = through(server.endpoint.replace('http:', 'https:').replace(/\/[^/]*$/, ''));
			await expect(listed(storeIn('', wrong), '')).rejects.toMatchObject({ kind: 'invalid', nextStep: expect.stringContaining('http or https') as string });
		});

		it('no such host', async () => {
			const failing = listed(storeIn('', { ...server.settings, endpoint: 'https://no-such-host.invalid' }), '');
			await expect(failing).rejects.toMatchObject({ kind: 'transient', nextStep: expect.stringContaining('name of the account') as string });
		});
	});
});
