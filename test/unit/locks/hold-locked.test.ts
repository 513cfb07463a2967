import { describe, expect, it } from 'vitest';
import { Failure } from '../../../nodes/M365Backup/base/failure';
import { holdSnapshot } from '../../../nodes/M365Backup/engine/hold';
import { lockSnapshot } from '../../../nodes/M365Backup/engine/keep-locked';
import { DAY_MS, KEY, LockWorld } from './lock-world';

describe('a hold where files are locked', () => {
	it('locks at once what it holds, where the locks are about to run out', async () => {
		const world = new LockWorld(10);
		await world.backUp();
		world.passDays(4);
		await world.backUp();
		world.passDays(7);
		const repository = await world.open();
		const [first] = await repository.snapshots(KEY);
		expect(await world.lockedUntil(`${KEY}/${first!.id}.snapshot.json`)).toBeNull();
		await holdSnapshot(repository, { key: KEY, id: first!.id, by: 'Legal', reason: 'Case' });
		const until = await lockSnapshot(repository, first!);
		expect(until!.getTime()).toBeGreaterThanOrEqual(world.ambient.time + 5 * DAY_MS);
		for (const { name } of [...first!.archives, ...first!.segments, first!.cursor]) {
			expect((await world.lockedUntil(`${KEY}/${name}`))!.getTime()).toBeGreaterThanOrEqual(until!.getTime());
		}
	});

	it('does nothing where nothing is to be locked, and says what could not be', async () => {
		const plain = new LockWorld(undefined);
		await plain.backUp();
		const [record] = await (await plain.open()).snapshots(KEY);
		expect(await lockSnapshot(await plain.open(), record!)).toBeUndefined();
		plain.lockDays = 10;
		plain.faulty.script({ call: 'extendLock', effect: 'before', times: Infinity, failure: new Failure('denied', 'may not') });
		await expect(lockSnapshot(await plain.open(), record!)).rejects.toMatchObject({ code: 'notLocked', message: expect.stringContaining('may not') });
	});
});
