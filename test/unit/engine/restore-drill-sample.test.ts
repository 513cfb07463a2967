import { describe, expect, it } from 'vitest';
import { drawSample, type SampleOptions } from '../../../nodes/M365Backup/engine/restore-drill-sample';
import type { Catalog } from '../../../nodes/M365Backup/repository/catalog';
import type { CatalogEntry, ContentRef, ItemType } from '../../../nodes/M365Backup/repository/records';

function entry(type: ItemType, n: number, sizeBytes = 10): CatalogEntry {
	const content: ContentRef = { archive: 'a', entry: 'e', offset: 0, length: sizeBytes, size: sizeBytes, sha256: '0' };
	return { id: `${type}/${String(n).padStart(6, '0')}`, type, name: `${type} ${n}`, meta: {}, content: [content] };
}

function catalogOf(entries: Iterable<CatalogEntry>): Catalog {
	return {
		async *entries() {
			yield* entries;
		},
	} as unknown as Catalog;
}

const many = (type: ItemType, count: number): CatalogEntry[] => Array.from({ length: count }, (_, n) => entry(type, n));
const options = (more: Partial<SampleOptions> = {}): SampleOptions => ({ items: 20, largestBytes: 1000, seed: 'seed', notDrilled: () => undefined, ...more });
const kindsOf = (entries: readonly CatalogEntry[]): Record<string, number> => {
	const kinds: Record<string, number> = {};
	for (const { type } of entries) kinds[type] = (kinds[type] ?? 0) + 1;
	return kinds;
};

describe('the sample of a restore drill', () => {
	it('is drawn evenly over the kinds, as far as there are so many', async () => {
		const all = [...many('contact', 3), ...many('event', 100), ...many('message', 5000)];
		const { entries } = await drawSample(catalogOf(all), options());
		expect(Object.values(kindsOf(entries)).reduce((a, b) => a + b)).toBe(20);
		expect(kindsOf(entries)['contact']).toBe(3);
		expect([8, 9]).toContain(kindsOf(entries)['event']);
		expect(kindsOf((await drawSample(catalogOf(all), options({ items: 2000 }))).entries)).toEqual({ contact: 3, event: 100, message: 1897 });
		expect((await drawSample(catalogOf(many('message', 5)), options())).entries).toHaveLength(5);
	});

	it('gives every item the same chance, wherever it stands', async () => {
		const all = many('message', 100);
		const drawn = new Array<number>(100).fill(0);
		for (let seed = 0; seed < 3000; seed += 1) {
			for (const { id } of (await drawSample(catalogOf(all), options({ items: 10, seed: `${seed}` }))).entries) drawn[Number(id.slice(8))]! += 1;
		}
		// 300 each, give or take five standard deviations.
		expect(Math.min(...drawn)).toBeGreaterThan(218);
		expect(Math.max(...drawn)).toBeLessThan(382);
	});

	it('is the same for the same seed, and another one for another', async () => {
		const draw = async (seed: string): Promise<string[]> => (await drawSample(catalogOf(many('message', 1000)), options({ seed }))).entries.map(({ id }) => id);
		expect(await draw('a')).toEqual(await draw('a'));
		expect(await draw('a')).not.toEqual(await draw('b'));
	});

	it('leaves out folders, other kinds, what is too large, has no content or cannot be tried out, and counts the last three', async () => {
		const bare = entry('message', 7);
		delete bare.content;
		const all = [...many('contact', 4), entry('folder', 1), entry('message', 1), entry('message', 2, 1001), bare, ...many('setting', 3), ...many('task', 2)];
		const { entries, notDrilled } = await drawSample(catalogOf(all), options({ kinds: ['message', 'setting', 'task'], notDrilled: (type) => (type === 'setting' ? 'No place' : undefined) }));
		expect(entries.map(({ id }) => id)).toEqual(['message/000001', 'task/000000', 'task/000001']);
		expect(notDrilled).toEqual([
			{ kind: 'message', items: 1, reason: expect.stringContaining('Larger than') },
			{ kind: 'message', items: 1, reason: expect.stringContaining('could not be stored yet') },
			{ kind: 'setting', items: 3, reason: 'No place' },
		]);
	});

	it('leaves out what a copy alone holds, and says so', async () => {
		const [here, gone, half] = [entry('message', 1), entry('message', 2), entry('message', 3)];
		gone.content![0]!.archive = 'old';
		half.content!.push({ ...half.content![0]!, archive: 'old', part: 'attachment-1' });
		const { entries, notDrilled } = await drawSample(catalogOf([here, gone, half]), options({ elsewhere: new Set(['old']) }));
		expect(entries).toEqual([here]);
		expect(notDrilled).toEqual([{ kind: 'message', items: 2, reason: expect.stringContaining('held by a copy alone') as unknown }]);
	});
});
