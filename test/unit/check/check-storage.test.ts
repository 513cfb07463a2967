import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import { Failure } from '../../../nodes/M365Backup/base/failure';
import type { Finding } from '../../../nodes/M365Backup/base/finding';
import { checkStorage, type CheckStorageOptions } from '../../../nodes/M365Backup/engine/check-storage';
import { createFolderStore } from '../../../nodes/M365Backup/stores/folder-store';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import { createReadOnlyStore } from '../../../nodes/M365Backup/stores/read-only-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { FakeAmbient } from '../repository/fixtures';
import { lockingStore, lyingStore } from './lying-stores';

const ambient = new FakeAmbient();
const check = async (store: Store, more: Partial<CheckStorageOptions> = {}): Promise<Finding[]> => (await checkStorage(store, { ambient, ...more })).findings;
const memory = (): Store => createMemoryStore({ now: () => ambient.now() });
const lying = (lie: (honest: Store) => Partial<Store>): Store => lyingStore(lie, memory());
const bad = (findings: readonly Finding[]): string[] => findings.filter(({ ok }) => ok === false).map(({ name }) => name);
const one = (findings: readonly Finding[], name: string): Finding | undefined => findings.find((finding) => finding.name === name);

async function keysOf(store: Store): Promise<string[]> {
	const keys: string[] = [];
	for await (const { key } of store.list('')) keys.push(key);
	return keys;
}

const everything = ['list', 'missingFile', 'write', 'readAfterWrite', 'listAfterWrite', 'clock', 'readAfterOverwrite', 'listAfterOverwrite', 'bytes', 'speed', 'ranges', 'conditionalPut', 'lock', 'delete'];

describe('what a storage guarantees', () => {
	it('a store that keeps its word: everything was tried, nothing is wrong, nothing is left', async () => {
		const store = memory();
		const findings = await check(store);
		expect(findings.map(({ name }) => name)).toEqual(everything);
		expect(bad(findings)).toEqual([]);
		expect(await keysOf(store)).toEqual([]);
	});

	describe('in a folder', () => {
		let folder: string;
		beforeEach(async () => {
			folder = await mkdtemp(path.join(tmpdir(), 'm365-check-'));
		});
		afterEach(() => rm(folder, { recursive: true, force: true }));

		it('finds all in order and leaves the folder as it was', async () => {
			const findings = (await checkStorage(createFolderStore({ root: folder }), { ambient: realAmbient })).findings;
			expect(findings.map(({ name }) => name)).toEqual(everything);
			expect(bad(findings)).toEqual([]);
			expect(await readdir(folder)).toEqual([]);
		});
	});

	it('what cannot be written to: says why, tries nothing else, and leaves nothing', async () => {
		const findings = await check(createReadOnlyStore(memory()));
		expect(findings.map(({ name }) => name)).toEqual(['list', 'missingFile', 'write']);
		expect(one(findings, 'write')!.detail).toContain('reading only');
	});

	it('only to restore: nothing is written, and that is no fault', async () => {
		const store = lying(() => ({ put: () => Promise.reject(new Failure('defect', 'was written to')) }));
		const findings = await check(store, { readOnly: true });
		expect(bad(findings)).toEqual([]);
		expect(one(findings, 'write')).toMatchObject({ ok: null });
	});

	const full = new Failure('quota', 'Could not write: the storage is full', { nextStep: 'Make room.' });
	it.each<[string, (honest: Store) => Partial<Store>, string[], RegExp]>([
		['is full', () => ({ put: () => Promise.reject(full) }), ['write'], /full/],
		['shows a file to readers only later', (honest) => ({ get: firstMissing(honest) }), ['readAfterWrite'], /said to be missing, but is 1 s later/],
		['lists a file only later', (honest) => ({ list: firstEmpty(honest) }), ['listAfterWrite'], /does not stand in listings, but is \d s later/],
		['never lists anything', () => ({ list: nothing }), ['listAfterWrite', 'listAfterOverwrite'], /nor 3 s later/],
		['reads what was before a file was replaced', (honest) => ({ put: onlyFirst(honest) }), ['readAfterOverwrite', 'listAfterOverwrite'], /nor 3 s later/],
		['ignores ranges', (honest) => ({ get: (key, _range, signal) => honest.get(key, undefined, signal) }), ['ranges'], /at the start, in the middle, at the end/],
		['reads one byte further at the end of a range', (honest) => ({ get: (key, range, signal) => honest.get(key, range && { ...range, length: range.length + 1 }, signal) }), ['ranges'], /at the start, in the middle$/],
		['changes line ends', (honest) => ({ get: async (key, range, signal) => mapped(await honest.get(key, range, signal), (bytes) => bytes.map((byte) => (byte === 13 ? 10 : byte))) }), ['readAfterWrite', 'readAfterOverwrite', 'bytes', 'ranges'], /byte at 13 is another one/],
		['loses the end of long files', (honest) => ({ put: (key, source, options) => honest.put(key, cutAfter(source, 8 * 1024 * 1024), options) }), ['bytes', 'ranges'], /ends after 8388608 of 8388864 bytes/],
		['ignores "only if absent"', (honest) => ({ put: (key, source, { ifAbsent: _ignored, ...rest } = {}) => honest.put(key, source, rest) }), ['conditionalPut'], /a file that was there was replaced/],
		['looks first and stores then', (honest) => ({ put: lookFirst(honest) }), ['conditionalPut'], /4 of 4 won/],
		['says that a missing file is there', (honest) => ({ get: async (key, range, signal) => (await honest.get(key, range, signal)) ?? nothing() }), ['missingFile', 'delete'], /never stored is said to be there/],
		['deletes nothing', () => ({ delete: () => Promise.resolve() }), ['delete'], /was deleted and is still to be read/],
	])('finds out one that %s', async (_what, lie, wrong, detail) => {
		const findings = await check(lying(lie));
		expect(bad(findings)).toEqual(wrong);
		expect(findings.filter(({ ok }) => ok === false).map((finding) => finding.detail).join('\n')).toMatch(detail);
		// Whatever is wrong, somebody is told what to do.
		for (const finding of findings) if (finding.ok === false) expect(finding.advice, finding.name).toMatch(/\w/);
	});

	it.each([
		[6, 'ahead of'],
		[-6, 'behind'],
	])('a clock that is %i minutes off', async (minutes, words) => {
		const report = await checkStorage(createMemoryStore({ now: () => new Date(ambient.now().getTime() + minutes * 60_000) }), { ambient });
		expect(bad(report.findings)).toEqual(['clock']);
		expect(one(report.findings, 'clock')!.detail).toBe(`The clock of the storage is 360 s ${words} that of this machine`);
		expect(report.clockSkewMs).toBe(minutes * 60_000);
	});

	it('a store that cannot put if absent is fine, and what follows from that is said', async () => {
		const store = lying((honest) => ({ capabilities: { ...honest.capabilities, ifAbsent: false } }));
		const findings = await check(store);
		expect(bad(findings)).toEqual([]);
		expect(one(findings, 'conditionalPut')).toMatchObject({ ok: null, advice: expect.stringContaining('not overlap') });
	});

	it('what an earlier check left goes, what another one is using stays, and so do the backups', async () => {
		const clock = new FakeAmbient();
		const store = createMemoryStore({ now: () => clock.now() });
		await store.put('check-0123456789abcdef.large', bytes('old'));
		await store.put('check-list.txt', bytes('of the customer'));
		clock.advance(3_600_000);
		await store.put('check-fedcba9876543210.large', bytes('new'));
		await store.put('repository.json', bytes('{}'));
		const { findings } = await checkStorage(store, { ambient: clock });
		expect(one(findings, 'leftovers')).toMatchObject({ ok: true, detail: '1 files that an earlier check left were deleted' });
		expect((await keysOf(store)).sort()).toEqual(['check-fedcba9876543210.large', 'check-list.txt', 'repository.json']);
	});

	it.each(['put', 'get', 'list'] as const)('stopped during its 3rd %s: ends as cancelled, and nothing is left', async (method) => {
		const controller = new AbortController();
		const store = memory();
		let calls = 0;
		const stopping = lyingStore(
			(honest) => ({
				[method]: (...parameters: unknown[]) => {
					calls += 1;
					if (calls === 3) controller.abort();
					return (honest[method] as (...all: unknown[]) => unknown)(...parameters);
				},
			}),
			store,
		);
		await expect(check(stopping, { signal: controller.signal })).rejects.toMatchObject({ kind: 'cancelled' });
		expect(await keysOf(store)).toEqual([]);
	});

	it('a fault in the middle is told, the rest is tried, and nothing is left', async () => {
		const store = memory();
		const failing = lyingStore((honest) => ({ get: (key, range, signal) => (range ? Promise.reject(new Failure('transient', 'The line broke', { nextStep: 'Again.' })) : honest.get(key, range, signal)) }), store);
		const findings = await check(failing);
		expect(bad(findings)).toEqual(['ranges', 'delete']);
		expect(one(findings, 'ranges')).toMatchObject({ detail: 'The line broke', advice: 'Again.' });
		expect(await keysOf(store)).toEqual([]);
	});

	it('one that may not delete: says so, and what is left', async () => {
		const findings = await check(lying(() => ({ delete: () => Promise.reject(new Failure('denied', 'May not delete', { nextStep: 'Give the key s3:DeleteObject.' })) })));
		expect(bad(findings)).toEqual(['delete']);
		expect(one(findings, 'leftovers')!.detail).toMatch(/named check-[0-9a-f]{16}, could not be deleted: May not delete \(Give the key s3:DeleteObject\.\)/);
	});
});

describe('object lock', () => {
	/** Sleeping moves the clock. */
	const sleeper = (): FakeAmbient => {
		const clock = new FakeAmbient();
		clock.sleep = (delayMs: number) => {
			clock.advance(delayMs);
			return Promise.resolve();
		};
		return clock;
	};

	it('is tried where backups are to be locked, waits for its end, and leaves nothing', async () => {
		const clock = sleeper();
		const store = lockingStore({ now: () => clock.now() });
		const { findings } = await checkStorage(store, { ambient: clock, lockDays: 30 });
		expect(bad(findings)).toEqual([]);
		expect(one(findings, 'lock')).toMatchObject({ ok: true, detail: 'A file was locked for 10 s, and its deletion was refused' });
		expect(await keysOf(store)).toEqual([]);
	});

	it('one that locks for far longer than asked is not waited for: says so, and what stays', async () => {
		const clock = sleeper();
		const start = clock.now().getTime();
		const store = lockingStore({ now: () => clock.now() });
		const daily = lyingStore(() => ({
			capabilities: store.capabilities,
			lockedUntil: (key) => store.lockedUntil!(key),
			put: (key, source, options) => store.put(key, source, options?.retainUntil ? { ...options, retainUntil: new Date(clock.now().getTime() + 86_400_000) } : options),
		}), store);
		const { findings } = await checkStorage(daily, { ambient: clock, lockDays: 30 });
		expect(clock.now().getTime() - start).toBeLessThan(60_000);
		expect(bad(findings)).toEqual([]);
		expect(one(findings, 'lock')).toMatchObject({ ok: true, detail: expect.stringContaining('its deletion was refused') as unknown });
		expect(one(findings, 'delete')).toMatchObject({ ok: true });
		expect(one(findings, 'leftovers')!.detail).toMatch(/locked until/);
		expect(await keysOf(store)).toHaveLength(1);
	});

	it('is not tried otherwise: no file is locked', async () => {
		const clock = sleeper();
		const store = lockingStore({ now: () => clock.now() });
		const findings = (await checkStorage(lyingStore(() => ({ capabilities: store.capabilities, put: (key, source, options) => (options?.retainUntil ? Promise.reject(new Error('was locked')) : store.put(key, source, options)) }), store), { ambient: clock })).findings;
		expect(one(findings, 'lock')).toMatchObject({ ok: true, advice: expect.stringContaining('Set it to protect') });
	});

	it('one that deletes locked files is found out', async () => {
		const clock = sleeper();
		const { findings } = await checkStorage(lockingStore({ now: () => clock.now(), deletesLocked: true }), { ambient: clock, lockDays: 30 });
		expect(bad(findings)).toEqual(['lock']);
		expect(one(findings, 'lock')!.detail).toContain('and yet it could be deleted');
	});

	it('one that takes a lock and forgets it is found out', async () => {
		const clock = sleeper();
		const { findings } = await checkStorage(lockingStore({ now: () => clock.now(), forgetsLocks: true }), { ambient: clock, lockDays: 30 });
		expect(bad(findings)).toEqual(['lock']);
		expect(one(findings, 'lock')!.detail).toContain('not locked');
	});

	it('lock days in a storage without locks are a fault, with what to do', async () => {
		const findings = await check(memory(), { lockDays: 30 });
		expect(bad(findings)).toEqual(['lock']);
		expect(one(findings, 'lock')!.advice).toContain('made with object lock');
	});

	it('where every file is locked by itself, little is stored, and what stays is said', async () => {
		const clock = sleeper();
		const store = lockingStore({ now: () => clock.now(), ownLockMs: 86_400_000 });
		const { findings } = await checkStorage(store, { ambient: clock });
		expect(bad(findings)).toEqual([]);
		expect(one(findings, 'lock')).toMatchObject({ ok: true, detail: 'This storage locks every file by itself, and its deletion was refused' });
		expect(one(findings, 'leftovers')!.detail).toMatch(/locked until/);
		const left = await keysOf(store);
		expect(left.length).toBeLessThanOrEqual(2);
		clock.advance(2 * 86_400_000);
		await checkStorage(lyingStore(() => ({ lockedUntil: async () => null }), store), { ambient: clock });
		expect(await keysOf(store)).not.toContain(left[0]);
	});
});

async function* bytes(text: string): AsyncGenerator<Uint8Array, void, undefined> {
	yield Buffer.from(text);
}

async function* nothing(): AsyncGenerator<never, void, undefined> {
	// nothing
}

function firstMissing(honest: Store): Store['get'] {
	const asked = new Set<string>();
	return async (key, range, signal) => {
		const content = await honest.get(key, range, signal);
		if (content === null || asked.has(key) || !key.endsWith('.small')) return content;
		asked.add(key);
		return null;
	};
}

function firstEmpty(honest: Store): Store['list'] {
	let lists = 0;
	return (prefix, signal) => {
		lists += 1;
		return lists <= 2 ? nothing() : honest.list(prefix, signal);
	};
}

function onlyFirst(honest: Store): Store['put'] {
	const stored = new Set<string>();
	return async (key, source, options) => {
		if (stored.has(key) && options?.ifAbsent !== true) return;
		await honest.put(key, source, options);
		stored.add(key);
	};
}

function lookFirst(honest: Store): Store['put'] {
	return async (key, source, { ifAbsent = false, ...rest } = {}) => {
		if (ifAbsent && (await honest.get(key)) !== null) throw new Failure('conflict', 'is there');
		await new Promise((resolve) => setImmediate(resolve));
		await honest.put(key, source, rest);
	};
}

async function* cutAfter(source: AsyncIterable<Uint8Array>, mostBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
	let left = mostBytes;
	for await (const chunk of source) {
		yield chunk.subarray(0, left);
		left -= Math.min(left, chunk.length);
	}
}

function mapped(content: AsyncIterable<Uint8Array> | null, change: (bytes: Uint8Array) => Uint8Array): AsyncIterable<Uint8Array> | null {
	if (content === null) return null;
	return (async function* () {
		for await (const chunk of content) yield change(chunk);
	})();
}
