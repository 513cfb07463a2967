import { describe, expect, it } from 'vitest';
import { isLockable } from '../../../nodes/M365Backup/repository/lockable';
import { createLockingStore } from '../../../nodes/M365Backup/stores/locking-store';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import { MODES, ReplicaWorld } from './replica-world';

const DAY_MS = 24 * 3_600_000;

describe.each(MODES)('a replica whose files are locked: %s', (mode) => {
	it('stays locked as long as replications go on, or says that it does not', async () => {
		const world = await ReplicaWorld.make(mode);
		const bucket = createMemoryStore({ now: () => world.ambient.now(), locks: {} });
		world.to = createLockingStore(bucket, { days: 10, ambient: world.ambient, isLockable });
		await world.days(1);
		await world.replicate();
		const warnings: string[] = [];
		for (let day = 0; day < 12; day++) {
			world.ambient.advance(DAY_MS);
			warnings.push(...(await world.replicate()).warnings.filter((warning) => /lock|immutable/i.test(warning)));
		}
		const unlocked: string[] = [];
		for await (const { key } of bucket.list('')) if (/archive|snapshot/.test(key) && !(await bucket.lockedUntil!(key))) unlocked.push(key);
		if (mode === 'encrypted, without the key') expect(warnings.at(-1)).toContain('are not extended');
		else expect(unlocked).toEqual([]);
	});
});
