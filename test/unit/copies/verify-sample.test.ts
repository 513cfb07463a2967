import { expect, it } from 'vitest';
import { verifyRepository } from '../../../nodes/M365Backup/engine/verify';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { SeededRandom } from '../../simulator/seeded-random';
import { adaKey, commit, emptySample } from './sample-repository';

/**
 * What is read is drawn by chance each time, so that nobody who damages files can know what will be looked at; how often
 * it runs and how often it was left out does not matter. The price: after a year of 1 % a day each archive was read with a
 * probability of 1 − 0.99^365 = 97.4 %, after two years 99.9 %.
 */
it('a sample of 1 % a day reads nearly all archives within a year', { timeout: 120_000 }, async () => {
	const sample = await emptySample();
	for (let index = 0; index < 40; index++) await commit(sample, { add: [`m${index}`] });
	const read = new Set<string>();
	const { store } = sample;
	const watched: Store = {
		capabilities: store.capabilities,
		label: store.label,
		list: (prefix, signal) => store.list(prefix, signal),
		put: (key, source, options) => store.put(key, source, options),
		delete: (keys, signal) => store.delete(keys, signal),
		get: (key, range, signal) => {
			if (range === undefined && key.endsWith('.zip')) read.add(key);
			return store.get(key, range, signal);
		},
	};
	const chance = new SeededRandom(4711);
	const repository = await Repository.open(watched, { ...sample.ambient, random: () => chance.next() });
	let reads = 0;
	for (let day = 0; day < 365; day++) {
		const report = await verifyRepository(repository, { deep: true, share: 0.01, sourceKeys: [adaKey] });
		expect(report.ok).toBe(true);
		reads += report.archives.read;
	}
	// 146 are expected of 14,600, give or take 12; 97.4 % of 40 are 39, give or take 1.
	expect(reads).toBeGreaterThan(90);
	expect(reads).toBeLessThan(210);
	expect(read.size).toBeGreaterThanOrEqual(35);
});
