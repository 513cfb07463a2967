import { describe, expect, it } from 'vitest';
import { createFaultyStore, diskFull, type FaultyStore } from '../../../nodes/M365Backup/stores/faulty-store';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { gated, generated, keys, readText, text } from '../../contract/sources';

function setUp(): { inner: Store; store: FaultyStore; slept: number[] } {
	const inner = createMemoryStore();
	const slept: number[] = [];
	return { inner, slept, store: createFaultyStore(inner, { sleep: async (delayMs) => void slept.push(delayMs) }) };
}

describe('faulty store', () => {
	it('fails before the effect, at the call that was named, and only there', async () => {
		const { inner, store } = setUp();
		store.script({ call: 'put', key: /^a/, from: 2, effect: 'before' });
		await store.put('a1', text('x'));
		await store.put('b', text('x'));
		await expect(store.put('a2', text('x'))).rejects.toMatchObject({ kind: 'transient', code: 'scripted' });
		await store.put('a3', text('x'));
		expect(await keys(inner, '')).toEqual(['a1', 'a3', 'b']);
	});

	it('loses the answer to what took effect', async () => {
		const { inner, store } = setUp();
		store.script({ call: 'put', effect: 'after' });
		store.script({ call: 'delete', effect: 'after' });
		await expect(store.put('a', text('x'))).rejects.toMatchObject({ kind: 'transient' });
		expect(await readText(inner, 'a')).toBe('x');
		await expect(store.delete(['a'])).rejects.toMatchObject({ kind: 'transient' });
		expect(await keys(inner, '')).toEqual([]);
	});

	it('tears writes, reads, listings and deletions', async () => {
		const { inner, store } = setUp();
		store.script({ call: 'put', effect: 'torn', bytes: 4 });
		await expect(store.put('a', text('abc', 'def'))).rejects.toMatchObject({ kind: 'transient' });
		expect(await readText(inner, 'a')).toBe('abcd');
		store.script({ call: 'get', effect: 'torn', bytes: 3 });
		await expect(readText(store, 'a')).rejects.toMatchObject({ kind: 'transient' });
		await store.put('b', text('x'));
		store.script({ call: 'list', effect: 'torn' });
		await expect(keys(store, '')).rejects.toMatchObject({ kind: 'transient' });
		store.script({ call: 'delete', effect: 'torn' });
		await expect(store.delete(['a', 'b'])).rejects.toMatchObject({ kind: 'transient' });
		expect(await keys(store, '')).toEqual(['b']);
	});

	it('runs out of space and takes its time', async () => {
		const { store, slept } = setUp();
		store.script({ call: 'put', from: 2, times: Infinity, effect: 'before', failure: diskFull() });
		store.script({ call: 'get', effect: 'delay', delayMs: 700 });
		await store.put('a', text('x'));
		for (const key of ['b', 'c']) await expect(store.put(key, text('x'))).rejects.toMatchObject({ kind: 'quota' });
		expect(await readText(store, 'a')).toBe('x');
		expect(slept).toEqual([700]);
	});

	it('stops as if killed: nothing works any more, also what was going on', async () => {
		const { inner, store } = setUp();
		await store.put('large', generated(500_000));
		const reading = (await store.get('large'))![Symbol.asyncIterator]();
		await reading.next();
		const gate = gated(Buffer.from('slow'), Buffer.from('slower'));
		const putting = store.put('slow', gate.source);
		store.stopAfter(1);
		await store.put('last', text('x'));
		await expect(store.put('not', text('x'))).rejects.toMatchObject({ code: 'stopped' });
		expect(store.isStopped).toBe(true);
		await expect(reading.next()).rejects.toMatchObject({ code: 'stopped' });
		await expect(store.get('last')).rejects.toMatchObject({ code: 'stopped' });
		await expect(keys(store, '')).rejects.toMatchObject({ code: 'stopped' });
		gate.release();
		await expect(putting).rejects.toMatchObject({ code: 'stopped' });
		expect(await keys(inner, '')).toEqual(['large', 'last']);
		store.heal();
		expect(await readText(store, 'last')).toBe('x');
	});

	it('stops just after an effect', async () => {
		const { inner, store } = setUp();
		store.stopAfter(0, { lastTakesEffect: true });
		await expect(store.put('done', text('a', 'b'))).rejects.toMatchObject({ code: 'stopped' });
		await expect(store.put('not', text('x'))).rejects.toMatchObject({ code: 'stopped' });
		expect(await readText(inner, 'done')).toBe('ab');
		expect(await keys(inner, '')).toEqual(['done']);
	});

	it('keeps a log and counts', async () => {
		const { store } = setUp();
		await store.put('a', text('x'));
		await store.get('a');
		await store.get('b');
		store.script({ call: 'delete', effect: 'before' });
		await expect(store.delete(['a', 'b'])).rejects.toThrow('call 4: delete a, b');
		await keys(store, 'a');
		expect(store.log).toEqual([
			{ number: 1, call: 'put', keys: ['a'], outcome: 'done' },
			{ number: 2, call: 'get', keys: ['a'], outcome: 'done' },
			{ number: 3, call: 'get', keys: ['b'], outcome: 'missing' },
			{ number: 4, call: 'delete', keys: ['a', 'b'], outcome: 'failed' },
			{ number: 5, call: 'list', keys: ['a'], outcome: 'done' },
		]);
		expect([store.count(), store.count('get'), store.count('put')]).toEqual([5, 2, 1]);
	});
});
