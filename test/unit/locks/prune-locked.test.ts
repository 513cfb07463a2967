import { describe, expect, it } from 'vitest';
import { Failure } from '../../../nodes/M365Backup/base/failure';
import { holdSnapshot, releaseSnapshot } from '../../../nodes/M365Backup/engine/hold';
import { verifyRepository } from '../../../nodes/M365Backup/engine/verify';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { bytesOf } from '../repository/fixtures';
import { DAY_MS, KEY, LockWorld } from './lock-world';

async function isSound(world: LockWorld): Promise<void> {
	expect((await verifyRepository(await world.open(), { deep: true })).damage).toEqual([]);
}

const records = async (world: LockWorld): Promise<string[]> => (await world.keys()).filter((key) => key.endsWith('.snapshot.json'));

describe('prune where files are locked', () => {
	it('says until when, in preview and for real, keeps record and files until then, and removes them afterwards', async () => {
		const world = new LockWorld(10);
		for (let day = 0; day < 5; day++) {
			await world.backUp();
			world.passDays(1);
		}
		world.passDays(4);
		const before = await world.keys();
		const preview = await world.prune({ last: 1 }, true);
		const real = await world.prune({ last: 1 });
		for (const plan of [preview, real]) {
			expect(plan.refused).toBeUndefined();
			expect(plan.remove).toEqual([]);
			expect(plan.files.count).toBe(0);
			expect(plan.waiting).toHaveLength(4);
			for (const { id, until, reason, isLocked } of plan.waiting) {
				expect(isLocked).toBe(true);
				expect(reason).toContain(`locked until ${until}`);
				expect(until).toBe((await world.lockedUntil(`${KEY}/${id}.snapshot.json`))!.toISOString());
			}
		}
		expect(await world.keys()).toEqual(before);
		// The first two run out, the others do not yet.
		world.passDays(2.5);
		const some = await world.prune();
		expect(some.remove).toHaveLength(2);
		expect(some.waiting).toHaveLength(2);
		expect(await records(world)).toHaveLength(3);
		await isSound(world);
		world.passDays(10);
		expect((await world.prune()).remove).toHaveLength(2);
		expect(await records(world)).toHaveLength(1);
		await isSound(world);
	});

	it('a snapshot of which only a file is locked stays whole', async () => {
		const world = new LockWorld(undefined);
		for (let day = 0; day < 4; day++) {
			await world.backUp();
			world.passDays(3);
		}
		const [first] = (await world.keys()).filter((key) => key.endsWith('.cursor.json'));
		const until = new Date(world.ambient.time + 5 * DAY_MS);
		await world.bucket.extendLock!(first!, until);
		const plan = await world.prune();
		expect(plan.remove).toHaveLength(2);
		expect(plan.waiting).toMatchObject([{ id: first!.split('/')[1]!.split('.')[0], until: until.toISOString(), isLocked: true }]);
		expect(await records(world)).toHaveLength(2);
		await isSound(world);
		world.passDays(5.1);
		expect((await world.prune()).remove).toHaveLength(1);
		expect(await records(world)).toHaveLength(1);
	});

	it('files of a run that broke off are reported as locked, and go with a later prune', async () => {
		const world = new LockWorld(10);
		await world.backUp();
		world.faulty.script({ call: 'put', key: /\.snapshot\.json$/, effect: 'before', failure: new Failure('denied', 'the storage broke') });
		await expect(world.backUp()).rejects.toThrow('the storage broke');
		world.faulty.heal();
		world.passDays(3);
		await world.backUp();
		world.passDays(3);
		const before = await world.keys();
		const plan = await world.prune({ last: 5 });
		expect(plan.lockedFiles.count).toBeGreaterThan(1);
		expect(plan.files.count).toBe(0);
		expect(Date.parse(plan.lockedFiles.until!)).toBeGreaterThan(world.ambient.time);
		expect(await world.keys()).toEqual(before);
		world.passDays(5);
		const later = await world.prune({ last: 5 });
		expect(later.files.count).toBe(plan.lockedFiles.count);
		expect(later.lockedFiles).toEqual({ count: 0, bytes: 0 });
		await isSound(world);
	});

	it.each([
		['the clock of this machine is ahead of the storage by some minutes', { lagMs: 20 * 60_000, isBlind: false }],
		['the storage does not say what it has locked', { lagMs: 0, isBlind: true }],
	])('refused deletions are no error, and never leave a record without its files: %s', async (_title, { lagMs, isBlind }) => {
		const world = new LockWorld(10);
		for (let day = 0; day < 4; day++) {
			await world.backUp();
			world.passDays(1);
		}
		// For the storage, the first record has run out, and the second does so in ten minutes.
		world.ambient.time = (await world.lockedUntil((await records(world))[1]!))!.getTime() - 10 * 60_000 + lagMs;
		world.lagMs = lagMs;
		if (isBlind) Object.defineProperty(world.faulty, 'lockedUntil', { value: undefined, configurable: true });
		const plan = await world.prune();
		expect(plan.refused).toBeUndefined();
		expect(plan.remove).toHaveLength(1);
		expect(plan.keep.length + plan.waiting.length).toBe(3);
		expect(await records(world)).toHaveLength(3);
		await isSound(world);
		world.passDays(20);
		expect((await world.prune()).remove).toHaveLength(2);
		await isSound(world);
	});

	it('a denial that is no lock stays an error', async () => {
		const world = new LockWorld(undefined);
		for (let day = 0; day < 3; day++) {
			await world.backUp();
			world.passDays(3);
		}
		world.faulty.script({ call: 'delete', effect: 'before', failure: new Failure('denied', 'no permission') });
		await expect(world.prune()).rejects.toMatchObject({ kind: 'denied', message: 'no permission' });
	});

	it('a bucket that locks everything by itself: holds, releases and prunes say what they cannot do yet', async () => {
		const world = new LockWorld(undefined, { defaultMs: 10 * DAY_MS });
		for (let day = 0; day < 3; day++) {
			await world.backUp();
			world.passDays(3);
		}
		const [first] = (await records(world)).map((key) => key.split('/')[1]!.split('.')[0]!);
		await holdSnapshot(await world.open(), { key: KEY, id: first!, by: 'Legal', reason: 'Case' });
		await expect(releaseSnapshot(await world.open(), KEY, first!)).rejects.toMatchObject({ code: 'locked', message: expect.stringContaining('hold.json') });
		expect((await world.prune()).waiting).toHaveLength(1);
		world.passDays(11);
		await releaseSnapshot(await world.open(), KEY, first!);
		expect((await world.prune()).remove).toHaveLength(2);
		await isSound(world);
	});

	it('old versions of cursor.json go with each prune, as far as they are not locked', async () => {
		const world = new LockWorld(undefined, { defaultMs: 2 * DAY_MS });
		await world.backUp();
		const asked: string[] = [];
		const bucket = world.bucket as Required<Pick<Store, 'deleteOldVersions'>> & Store;
		const inner = bucket.deleteOldVersions.bind(bucket);
		bucket.deleteOldVersions = async (key, signal) => {
			asked.push(key);
			await inner(key, signal);
		};
		await bucket.put(`${KEY}/cursor.json`, bytesOf('x'));
		await world.prune();
		expect(asked).toEqual([`${KEY}/cursor.json`]);
		await world.prune({ last: 1 }, true);
		expect(asked).toHaveLength(1);
	});
});
