import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Ambient } from '../../../nodes/M365Backup/base/ambient';
import { CopyLedger, listTargets } from '../../../nodes/M365Backup/repository/copies';
import type { CopyNews } from '../../../nodes/M365Backup/repository/copies-format';
import { createFaultyStore, diskFull } from '../../../nodes/M365Backup/stores/faulty-store';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import { keys, readBytes, text } from '../../contract/sources';

const source = 'mailbox-0123456789abcdef';
const hash = 'a'.repeat(64);

/** A clock that goes on by a millisecond each time it is looked at, and chance that repeats itself now and then. */
function testAmbient(start = '2026-11-22T10:00:00Z'): Ambient {
	let ticks = 0;
	let chances = 0;
	return {
		now: () => new Date(Date.parse(start) + ticks++),
		sleep: async () => undefined,
		random: () => 0.5,
		randomHex: () => String(Math.floor(chances++ / 2)).padStart(4, '0'),
	};
}

function copied(name: string, fields = {}): CopyNews {
	return { key: `${source}/20261122T100000Z-${name}.archive-0001.zip`, size: 7, sha256: hash, fields };
}

describe('copy ledger', () => {
	it('is empty for a target that nobody has confirmed anything for', async () => {
		const ledger = await CopyLedger.read(createMemoryStore(), testAmbient(), 'Google Drive');
		expect(ledger.target).toBe('google drive');
		expect(ledger.files().size).toBe(0);
	});

	it('remembers files with that storage’s own fields, in plain gzip NDJSON', async () => {
		const store = createMemoryStore();
		const ledger = await CopyLedger.read(store, testAmbient(), 'nas');
		await ledger.add([copied('aaaa', { id: 'x1', nested: { path: '/b' } })]);
		expect(ledger.get(copied('aaaa').key)).toMatchObject({ fields: { id: 'x1' } });
		const again = await CopyLedger.read(store, testAmbient(), 'NAS');
		expect(again.get(copied('aaaa').key)).toMatchObject({ size: 7, sha256: hash, fields: { id: 'x1', nested: { path: '/b' } } });
		expect(again.files().size).toBe(1);
		const [key] = await keys(store, 'copies/');
		expect(key).toBe('copies/nas/20261122T100000Z-0000.ndjson.gz');
		const lines = gunzipSync(await readBytes(store, key!)).toString().trim().split('\n');
		expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
			{ copies: 1, target: 'nas' },
			{ ...copied('aaaa', { id: 'x1', nested: { path: '/b' } }), at: '2026-11-22T10:00:00.000Z' },
		]);
		expect(await listTargets(store)).toEqual(['nas']);
	});

	it('keeps targets apart', async () => {
		const store = createMemoryStore();
		await (await CopyLedger.read(store, testAmbient(), 'one')).add([copied('aaaa')]);
		expect((await CopyLedger.read(store, testAmbient(), 'two')).files().size).toBe(0);
	});

	it('lets later lines win, and forgets what was deleted', async () => {
		const store = createMemoryStore();
		const ambient = testAmbient();
		const ledger = await CopyLedger.read(store, ambient, 'nas');
		await ledger.add([copied('aaaa', { id: 'old' }), copied('bbbb')]);
		await ledger.add([copied('aaaa', { id: 'new' })]);
		await ledger.add([{ key: copied('bbbb').key, deleted: true }]);
		const again = await CopyLedger.read(store, ambient, 'nas');
		expect([...again.files()].map(([key, { fields }]) => [key, fields])).toEqual([[copied('aaaa').key, { id: 'new' }]]);
		expect(again.get(copied('bbbb').key)).toBeUndefined();
	});

	it('writes nothing for no news', async () => {
		const store = createMemoryStore();
		await (await CopyLedger.read(store, testAmbient(), 'nas')).add([]);
		expect(await keys(store, '')).toEqual([]);
	});

	it('after many parts reads one, and loses nothing that somebody wrote at the same time', async () => {
		const store = createMemoryStore();
		const ambient = testAmbient();
		const ledger = await CopyLedger.read(store, ambient, 'nas');
		const rival = await CopyLedger.read(store, ambient, 'nas');
		await ledger.add([copied('dead', { id: 'to be deleted' })]);
		await rival.add([{ key: copied('dead').key, deleted: true }, copied('beef')]);
		for (let index = 0; index < 60; index += 1) await ledger.add([copied(String(index).padStart(4, '0'))]);
		expect(await keys(store, 'copies/')).toHaveLength(62);
		const counting = createFaultyStore(store, ambient);
		const again = await CopyLedger.read(counting, ambient, 'nas');
		expect(again.files().size).toBe(61);
		expect(again.get(copied('dead').key)).toBeUndefined();
		expect(again.get(copied('beef').key)).toBeDefined();
		expect(counting.count('get')).toBeLessThan(30);
	});

	it('two confirmations within one second never replace each other', async () => {
		const store = createMemoryStore();
		const frozen: Ambient = { ...testAmbient(), now: () => new Date('2026-11-22T10:00:00Z') };
		const ledgers = await Promise.all(['a', 'b', 'c'].map(() => CopyLedger.read(store, frozen, 'nas')));
		await Promise.all(ledgers.map((ledger, index) => ledger.add([copied(`000${index}`)])));
		expect((await CopyLedger.read(store, frozen, 'nas')).files().size).toBe(3);
	});

	it('remembers nothing that was not stored', async () => {
		const store = createFaultyStore(createMemoryStore(), testAmbient());
		store.script({ call: 'put', effect: 'before', failure: diskFull() });
		const ledger = await CopyLedger.read(store, testAmbient(), 'nas');
		await expect(ledger.add([copied('aaaa')])).rejects.toMatchObject({ kind: 'quota' });
		expect((await CopyLedger.read(store, testAmbient(), 'nas')).files().size).toBe(0);
	});

	for (const target of ['', ' ', '../x', 'a/b', 'a.b', 'con', '-x', 'x'.repeat(61), 'a\u0000', '“q”']) {
		it(`${JSON.stringify(target.slice(0, 12))} is refused as a target`, async () => {
			await expect(CopyLedger.read(createMemoryStore(), testAmbient(), target)).rejects.toMatchObject({
				kind: 'invalid',
				nextStep: expect.stringContaining('letters, digits'),
			});
		});
	}

	it('says which damaged part to delete', async () => {
		const store = createMemoryStore();
		const key = 'copies/nas/20261122T100000Z-0000.ndjson.gz';
		for (const bytes of ['no gzip', '']) {
			await store.put(key, text(bytes));
			await expect(CopyLedger.read(store, testAmbient(), 'nas')).rejects.toMatchObject({
				kind: 'corrupt',
				nextStep: expect.stringContaining(`Delete ${key}`),
			});
		}
	});
});
