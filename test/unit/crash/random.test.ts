import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFailure } from '../../../nodes/M365Backup/base/failure';
import { holdSnapshot } from '../../../nodes/M365Backup/engine/hold';
import { prune } from '../../../nodes/M365Backup/engine/prune';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { createFaultyStore } from '../../../nodes/M365Backup/stores/faulty-store';
import { all } from '../repository/fixtures';
import { arrange, backedUp, damageOf, DAY_MS, everything, HOUR_MS, isExhaustive, KEY, newestContents, newWorld, type Mishap, type World } from './crash-world';
import { ModelMailbox } from './model-mailbox';
import { randomRuns } from '../../support/random-runs';

/** Half a file under its name is what no sound disk leaves; tests of their own say what becomes of that. */
const mishaps: readonly Mishap[] = ['fails', 'answerLost', 'torn', 'diskFull', 'killedBefore', 'killedAfter'];

interface Step {
	work: 'backUp' | 'prune' | 'hold';
	put: readonly number[];
	remove: readonly number[];
	mishap: Mishap;
	/** Beyond the last call: nothing goes wrong. */
	call: number;
	hours: number;
}

const step: fc.Arbitrary<Step> = fc.record({
	work: fc.constantFrom('backUp', 'backUp', 'backUp', 'prune', 'hold'),
	put: fc.array(fc.nat(60), { maxLength: 25 }),
	remove: fc.array(fc.nat(60), { maxLength: 12 }),
	mishap: fc.constantFrom(...mishaps),
	call: fc.integer({ min: 1, max: 90 }),
	hours: fc.integer({ min: 1, max: 60 }),
});

/** Whether something went wrong. */
async function tried(world: World, { work, mishap, call }: Step, mailbox: ModelMailbox): Promise<boolean> {
	const faulty = createFaultyStore(world.store, world.ambient);
	arrange(faulty, mishap, call);
	const broken: World = { ...world, store: faulty };
	try {
		if (work === 'backUp') await backedUp(broken, mailbox, 2000);
		else {
			const repository = await Repository.open(faulty, world.ambient);
			const newest = await repository.latest(KEY);
			if (work === 'hold' && newest) await holdSnapshot(repository, { key: KEY, id: newest.id, by: 'legal', reason: 'case' });
			if (work === 'prune') await all(prune({ repository, policy: { last: 2 }, zone: 'UTC', dryRun: false }));
		}
	} catch (error) {
		if (!isFailure(error) || error.kind === 'defect') throw error;
	}
	return faulty.log.length >= call;
}

describe('a mailbox over many runs, each of which may break anywhere', () => {
	it('never loses or changes a snapshot, and is whole after the next run that goes well', { timeout: 600_000 }, async () => {
		let hits = 0;
		let snapshots = 0;
		await fc.assert(
			fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
				const world = newWorld();
				const mailbox = new ModelMailbox(7);
				for (let at = 0; at < 40; at++) mailbox.put(`item-${at}`, `first content of ${at} ${'x'.repeat(at * 20)}`);
				await backedUp(world, mailbox, 2000);
				let known = await everything(world);
				const held = new Set<string>();
				for (const [number, one] of steps.entries()) {
					for (const at of one.put) mailbox.put(`item-${at}`, `content of ${at} in step ${number}`);
					for (const at of one.remove) if (mailbox.items.has(`mail/item-${at}`)) mailbox.remove(`item-${at}`);
					world.ambient.advance(one.hours * HOUR_MS);
					if (await tried(world, one, mailbox)) hits += 1;
					const what = `step ${number}: ${JSON.stringify(one)}`;
					expect(await damageOf(world), what).toEqual([]);
					const now = await everything(world);
					for (const [id, contents] of known) {
						if (one.work !== 'prune' || held.has(id)) expect(now.has(id), `${what}: ${id} is there`).toBe(true);
						if (now.has(id)) expect(now.get(id), `${what}: ${id}`).toEqual(contents);
					}
					for (const contents of now.values()) for (const [id, content] of contents) expect(mailbox.everHeld.get(id), what).toContain(content);
					for (const { key } of await all(world.store.list(`${KEY}/`))) if (key.endsWith('.hold.json')) held.add(key.slice(KEY.length + 1, -'.hold.json'.length));
					known = now;
				}
				world.ambient.advance(DAY_MS);
				expect(['complete', 'unchanged']).toContain((await backedUp(world, mailbox, 2000)).status);
				expect(await newestContents(world)).toEqual(mailbox.contents());
				expect(await damageOf(world, true)).toEqual([]);
				snapshots += known.size;
			}),
			{ numRuns: randomRuns(isExhaustive ? 300 : 12) },
		);
		expect(hits).toBeGreaterThan(10);
		expect(snapshots).toBeGreaterThan(20);
	});
});
