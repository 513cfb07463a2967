import { describe, expect, it } from 'vitest';
import { Failure } from '../../../nodes/M365Backup/base/failure';
import { createFaultyStore, diskFull, type FaultyStore } from '../../../nodes/M365Backup/stores/faulty-store';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import { ReplayableSource } from '../../../nodes/M365Backup/stores/replayable-source';
import { createRetryingStore } from '../../../nodes/M365Backup/stores/retrying-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { bytes, generated, keys, readBytes, readText, text } from '../../contract/sources';

function setUp(options: { isOverwritten?: (key: string) => boolean } = {}): { faulty: FaultyStore; store: Store; slept: number[] } {
	const slept: number[] = [];
	const ambient = { sleep: async (delayMs: number): Promise<void> => void slept.push(delayMs), random: () => 1 };
	const faulty = createFaultyStore(createMemoryStore(), ambient);
	return { faulty, slept, store: createRetryingStore(faulty, { ambient, ...options }) };
}

describe('retrying store', () => {
	it('waits longer each time, and gives up after five tries with the last error', async () => {
		const { faulty, store, slept } = setUp();
		faulty.script({ call: 'get', times: 5, effect: 'before' });
		await expect(store.get('a')).rejects.toMatchObject({ kind: 'transient', code: 'scripted' });
		expect(slept).toEqual([500, 1000, 2000, 4000]);
		expect(faulty.count('get')).toBe(5);
	});

	it('obeys the time a throttled store asks for', async () => {
		const { faulty, store, slept } = setUp();
		faulty.script({ call: 'delete', effect: 'before', failure: new Failure('throttled', 'slow down', { retryAfterMs: 9000 }) });
		await store.delete(['a']);
		expect(slept).toEqual([9000]);
	});

	it('does not repeat what will not get better', async () => {
		const { faulty, store, slept } = setUp();
		faulty.script({ call: 'put', effect: 'before', failure: diskFull() });
		await expect(store.put('a', new ReplayableSource(() => text('x')))).rejects.toMatchObject({ kind: 'quota' });
		expect(slept).toEqual([]);
	});

	it('resumes a read where it broke off, also of a range', async () => {
		const { faulty, store } = setUp();
		await store.put('a', generated(400_000));
		const whole = await readBytes(store, 'a');
		faulty.script({ call: 'get', effect: 'torn', bytes: 100_000 });
		faulty.script({ call: 'get', effect: 'torn', bytes: 1 });
		expect((await readBytes(store, 'a')).equals(whole)).toBe(true);
		faulty.script({ call: 'get', effect: 'torn', bytes: 70_000 });
		expect((await readBytes(store, 'a', { offset: 5, length: 200_000 })).equals(whole.subarray(5, 200_005))).toBe(true);
	});

	it('does not patch together two versions of a file that is replaced now and then', async () => {
		const { faulty, store } = setUp({ isOverwritten: (key) => key.endsWith('cursor.json') });
		await store.put('cursor.json', text('{"run":1}'));
		faulty.script({ call: 'get', effect: 'torn', bytes: 4 });
		await expect(readText(store, 'cursor.json')).rejects.toMatchObject({ kind: 'transient' });
	});

	it('lists each file once although the listing breaks off', async () => {
		const { faulty, store } = setUp();
		for (const key of ['a', 'b', 'c']) await store.put(key, text('x'));
		faulty.script({ call: 'list', times: 2, effect: 'torn' });
		expect(await keys(store, '')).toEqual(['a', 'b', 'c']);
		expect(faulty.count('list')).toBe(3);
	});

	it('repeats a put whose source can be read again', async () => {
		const { faulty, store } = setUp();
		faulty.script({ call: 'put', effect: 'torn', bytes: 2 });
		await store.put('a', new ReplayableSource(() => text('whole')));
		expect(await readText(store, 'a')).toBe('whole');
	});

	it('repeats a put whose source was not touched yet', async () => {
		const { faulty, store } = setUp();
		faulty.script({ call: 'put', effect: 'before' });
		await store.put('a', text('once'));
		expect(await readText(store, 'a')).toBe('once');
	});

	it('a source that cannot be read again fails, rather than storing half of it', async () => {
		const { faulty, store } = setUp();
		faulty.script({ call: 'put', effect: 'torn', bytes: 2 });
		await expect(store.put('a', text('whole'))).rejects.toMatchObject({ kind: 'transient' });
		expect(faulty.count('put')).toBe(1);
	});

	it('takes a lost answer for success once the very bytes are there', async () => {
		const { faulty, store } = setUp();
		faulty.script({ call: 'put', effect: 'after' });
		await store.put('a', text('one ', 'shot'));
		expect(await readText(store, 'a')).toBe('one shot');
		expect(faulty.count('put')).toBe(1);
	});

	it('tells a lost answer of its own put-if-absent from somebody else’s file', async () => {
		const { faulty, store } = setUp();
		faulty.script({ call: 'put', effect: 'after' });
		await store.put('lease', new ReplayableSource(() => text('mine')), { ifAbsent: true });
		faulty.script({ call: 'put', effect: 'before' });
		await expect(store.put('lease', new ReplayableSource(() => text('other')), { ifAbsent: true })).rejects.toMatchObject({ kind: 'conflict' });
		await expect(store.put('lease', new ReplayableSource(() => text('mine')), { ifAbsent: true })).rejects.toMatchObject({ kind: 'conflict' });
		expect(await readText(store, 'lease')).toBe('mine');
	});

	it('a source that breaks, even by a passing fault, is its caller’s business', async () => {
		const { store, slept } = setUp();
		const fault = new Failure('transient', 'the download broke off');
		async function* source(): AsyncGenerator<Uint8Array> {
			yield* bytes(Buffer.from('x'));
			throw fault;
		}
		await expect(store.put('a', new ReplayableSource(source))).rejects.toBe(fault);
		expect(slept).toEqual([]);
	});

	it('stops waiting when it is cancelled', async () => {
		const controller = new AbortController();
		const faulty = createFaultyStore(createMemoryStore(), { sleep: async () => undefined });
		const sleep = async (): Promise<void> => {
			controller.abort();
			throw new DOMException('aborted', 'AbortError');
		};
		const store = createRetryingStore(faulty, { ambient: { sleep, random: () => 0 } });
		faulty.script({ effect: 'before', times: Infinity });
		await expect(store.get('a', undefined, controller.signal)).rejects.toMatchObject({ kind: 'cancelled' });
	});
});
