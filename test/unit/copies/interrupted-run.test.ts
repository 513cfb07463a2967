import { describe, expect, it } from 'vitest';
import { verifyRepository } from '../../../nodes/M365Backup/engine/verify';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { createFaultyStore } from '../../../nodes/M365Backup/stores/faulty-store';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { adaKey, all, commit, emptySample, sampleAmbient, type CommitPlan } from './sample-repository';

async function cloned(store: Store): Promise<Store> {
	const clone = createMemoryStore();
	for await (const { key } of store.list('')) await clone.put(key, (await store.get(key))!);
	return clone;
}

describe('a run that is killed at any call to the store', () => {
	const plan: CommitPlan = { add: ['m1', 'new1', 'new2'], remove: ['m2'], seen: ['m1'] };

	for (const lastTakesEffect of [false, true]) {
		it(`leaves a repository that verifies, and the next run completes (the last call ${lastTakesEffect ? 'took effect' : 'did not happen'})`, async () => {
			const before = await emptySample();
			const first = await commit(before, { add: ['m1', 'm2', 'm3'] });
			let calls = 0;
			for (; ; calls += 1) {
				const inner = await cloned(before.store);
				const store = createFaultyStore(inner, { sleep: async () => undefined });
				const ambient = sampleAmbient('2026-11-23T10:00:00Z');
				const repository = await Repository.open(store, ambient);
				store.stopAfter(calls, { lastTakesEffect });
				const wasKilled = await commit({ store, ambient, repository }, plan).then(
					() => store.isStopped,
					(error: unknown) => {
						expect(error).toMatchObject({ code: 'stopped' });
						return true;
					},
				);

				const reopened = await Repository.open(inner, ambient);
				expect((await verifyRepository(reopened, { deep: true })).damage).toEqual([]);
				const found = (await reopened.snapshots(adaKey)).map(({ id }) => id);
				expect(found[0]).toBe(first.id);
				await commit({ store: inner, ambient, repository: reopened }, plan);
				const { snapshot } = (await reopened.newest(adaKey))!;
				expect((await all(reopened.catalog(snapshot).entries())).map(({ id }) => id)).toEqual(['m1', 'm3', 'new1', 'new2']);
				expect(await verifyRepository(reopened, { deep: true })).toMatchObject({ ok: true, items: 4 });
				if (!wasKilled) break;
			}
			expect(calls).toBeGreaterThan(8);
		});
	}
});
