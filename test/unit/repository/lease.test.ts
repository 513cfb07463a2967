import { describe, expect, it } from 'vitest';
import { Failure } from '../../../nodes/M365Backup/base/failure';
import { sourceKey } from '../../../nodes/M365Backup/repository/names';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { all, bytesOf, commitInput, openNew, readAll, SOURCE } from './fixtures';

const KEY = sourceKey(SOURCE);
const MINUTES = 60_000;

async function leases(store: Store): Promise<string[]> {
	return (await all(store.list(`${KEY}/lease-`))).map(({ key }) => key.slice(KEY.length + 1)).sort();
}

async function foreignLease(store: Store, number: number, content: object): Promise<void> {
	await store.put(`${KEY}/lease-${number}.json`, bytesOf(JSON.stringify(content)));
}

describe('a lease', () => {
	it('keeps a second run away until it is released', async () => {
		const { repository, store } = await openNew();
		const first = await repository.acquireLease(KEY, { holder: 'one' });
		expect(await repository.acquireLease(KEY, { holder: 'two' })).toBeNull();
		await first!.release();
		const second = await repository.acquireLease(KEY, { holder: 'two' });
		expect(second).not.toBeNull();
		expect(await leases(store)).toHaveLength(1);
		expect((await readAll((await store.get(`${KEY}/${(await leases(store))[0]!}`))!)).toString()).toContain('"holder":"two"');
	});

	it('runs out after 15 minutes unless it is renewed', async () => {
		const { repository, ambient } = await openNew();
		const first = await repository.acquireLease(KEY, { holder: 'one' });
		ambient.advance(14 * MINUTES);
		expect(await first!.renew()).toBe(true);
		ambient.advance(14 * MINUTES);
		expect(await repository.acquireLease(KEY, { holder: 'two' })).toBeNull();
		ambient.advance(2 * MINUTES);
		expect(await repository.acquireLease(KEY, { holder: 'two' })).not.toBeNull();
		expect(await first!.renew()).toBe(false);
	});

	it('that could not be given back keeps no later run of this process away, but one that is held does', async () => {
		const { repository, store } = await openNew();
		const first = await repository.acquireLease(KEY, { holder: 'one' });
		expect(await repository.acquireLease(KEY, { holder: 'two' })).toBeNull();
		const put = store.put.bind(store);
		store.put = () => Promise.reject(new Failure('transient', 'The storage is down'));
		await expect(first!.release()).rejects.toThrow('The storage is down');
		store.put = put;
		expect(await repository.acquireLease(KEY, { holder: 'two' })).not.toBeNull();
		expect(await repository.acquireLease(KEY, { holder: 'three' })).toBeNull();
	});

	it('goes to exactly one of many that ask at once', async () => {
		const { repository } = await openNew();
		const asked = await Promise.all(Array.from({ length: 8 }, (_, index) => repository.acquireLease(KEY, { holder: String(index) })));
		expect(asked.filter(Boolean)).toHaveLength(1);
	});

	it('of another machine counts; one of a dead process of this machine does not', async () => {
		const { hostname } = await import('node:os');
		const until = '2026-11-22T10:10:00Z';
		const far = await openNew();
		await foreignLease(far.store, 4, { holder: 'far', until, host: 'elsewhere', pid: 1, process: 'x' });
		expect(await far.repository.acquireLease(KEY, { holder: 'one' })).toBeNull();
		const here = await openNew();
		await foreignLease(here.store, 4, { holder: 'dead', until, host: hostname(), pid: 2 ** 30, process: 'x' });
		expect(await here.repository.acquireLease(KEY, { holder: 'one' })).not.toBeNull();
		expect(await leases(here.store)).toEqual(['lease-5.json']);
	});

	it('of a machine of the same name counts, where process numbers mean something else there: workers in several containers', async () => {
		const { hostname } = await import('node:os');
		expect(hostname()).not.toMatch(/^[0-9a-f]{12}$/);
		const { repository, store, ambient } = await openNew();
		await foreignLease(store, 4, { holder: 'twin', until: '2026-11-22T10:10:00Z', host: hostname(), pid: process.pid, pidSpace: 'boot pid:[1]', process: 'x' });
		expect(await repository.acquireLease(KEY, { holder: 'one' })).toBeNull();
		ambient.advance(16 * MINUTES);
		expect(await repository.acquireLease(KEY, { holder: 'one' })).not.toBeNull();
	});

	it('that cannot be read runs out by the date of its file', async () => {
		const { repository, store, ambient } = await openNew(createMemoryStore({ now: () => new Date('2026-11-22T10:00:00Z') }));
		await store.put(`${KEY}/lease-1.json`, bytesOf('half a li'));
		expect(await repository.acquireLease(KEY, { holder: 'one' })).toBeNull();
		ambient.advance(16 * MINUTES);
		expect(await repository.acquireLease(KEY, { holder: 'one' })).not.toBeNull();
	});

	it('is no snapshot, and does nothing where the store cannot put if absent', async () => {
		const inner = createMemoryStore();
		const store: Store = {
			capabilities: { ...inner.capabilities, ifAbsent: false },
			label: inner.label,
			list: (prefix, signal) => inner.list(prefix, signal),
			get: (key, range, signal) => inner.get(key, range, signal),
			put: (key, source, options) => inner.put(key, source, options),
			delete: (keys, signal) => inner.delete(keys, signal),
		};
		const { repository } = await openNew(store);
		await repository.startRun(SOURCE, null).commit(commitInput());
		const both = [await repository.acquireLease(KEY, { holder: '1' }), await repository.acquireLease(KEY, { holder: '2' })];
		expect(await both[0]!.renew()).toBe(true);
		expect(await both[1]!.renew()).toBe(true);
		expect(await leases(store)).toEqual([]);
	});
});
