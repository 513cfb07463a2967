import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holdSnapshot, releaseSnapshot } from '../../../nodes/M365Backup/engine/hold';
import { verifyRepository } from '../../../nodes/M365Backup/engine/verify';
import { randomRuns } from '../../support/random-runs';
import { mail } from '../engine/scripted-workload';
import { KEY, LockWorld } from './lock-world';

const LOCK_DAYS = 20;

const step = fc.record({
	/** Less than half of the lock days: a backup runs in time. */
	days: fc.integer({ min: 0, max: 95 }).map((tenths) => tenths / 10),
	add: fc.integer({ min: 0, max: 2 }),
	remove: fc.boolean(),
	prune: fc.boolean(),
	hold: fc.constantFrom('nothing', 'nothing', 'hold', 'release'),
	breaks: fc.constantFrom(false, false, false, true),
});

describe('locks, whatever happens', () => {
	it('what is needed is never unlocked, what is locked is never deleted, and in the end all that is not needed is gone', async () => {
		await fc.assert(
			fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
				const world = new LockWorld(LOCK_DAYS);
				const living: string[] = [];
				const held = new Set<string>();
				let count = 0;
				for (const { days, add, remove, prune, hold, breaks } of steps) {
					world.passDays(days);
					const changes = [];
					for (let index = 0; index < add; index++) {
						const id = `mail/${count++}`;
						living.push(id);
						changes.push(mail(id));
					}
					const gone = remove ? living.shift() : undefined;
					if (gone !== undefined) changes.push({ kind: 'gone' as const, id: gone });
					if (breaks) {
						world.faulty.stopAfter(world.faulty.log.length % 17);
						await world.backUp(changes).catch(() => undefined);
						world.faulty.heal();
						// The lease of the process that was killed.
						world.ambient.advance(3_600_000);
					}
					const summary = await world.backUp(changes);
					expect(summary.warnings).toEqual([]);
					const earliest = await world.earliestNeededLock();
					expect(Date.parse(summary.immutableUntil!)).toBeGreaterThan(world.ambient.time);
					expect(earliest!.getTime()).toBeGreaterThanOrEqual(Date.parse(summary.immutableUntil!));

					const snapshots = await (await world.open()).snapshots(KEY);
					const some = snapshots[count % snapshots.length]!.id;
					if (hold === 'hold') {
						await holdSnapshot(await world.open(), { key: KEY, id: some, by: 'x', reason: 'y' });
						held.add(some);
					} else if (hold === 'release') {
						for (const id of held) await releaseSnapshot(await world.open(), KEY, id);
						held.clear();
					}
					if (!prune) continue;
					const locked = new Set<string>();
					for (const key of await world.keys()) if (await world.lockedUntil(key)) locked.add(key);
					const result = await world.prune();
					expect(result.refused).toBeUndefined();
					const left = new Set(await world.keys());
					expect([...locked].filter((key) => !left.has(key))).toEqual([]);
					expect((await verifyRepository(await world.open(), { deep: true })).damage).toEqual([]);
				}
				for (const id of held) await releaseSnapshot(await world.open(), KEY, id);
				await world.backUp([mail('mail/last')]);
				world.passDays(LOCK_DAYS + 3);
				const final = await world.prune();
				expect(final).toMatchObject({ waiting: [], waitingFiles: { count: 0 }, lockedFiles: { count: 0 } });
				expect((await (await world.open()).snapshots(KEY)).length).toBe(1);
				expect((await verifyRepository(await world.open(), { deep: true })).damage).toEqual([]);
				world.passDays(3);
				expect((await world.prune()).files.count).toBeLessThanOrEqual(1);
			}),
			{ numRuns: randomRuns(40) },
		);
	});
});
