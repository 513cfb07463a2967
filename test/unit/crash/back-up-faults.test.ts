import { describe, expect, it } from 'vitest';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { atEveryCall, backedUp, damageOf, everything, HOUR_MS, isExhaustive, KEY, MISHAPS, newestContents, newWorld, restored, save, type Accident, type Mishap, type Saved, type World } from './crash-world';
import { ModelMailbox } from './model-mailbox';

/** Nothing that stood before is lost or changed, what came is true, and the next run makes it whole. */
function holdsWhatItHeld(before: ReadonlyMap<string, Map<string, string>>, mailbox: ModelMailbox) {
	return async ({ what, torn, world }: Accident): Promise<void> => {
		const only = (damage: string[]): string[] => damage.filter((one) => torn === undefined || !one.startsWith(torn));
		world.ambient.advance(HOUR_MS);
		const isCreated = await world.store.get('repository.json');
		if (isCreated !== null && torn !== 'repository.json') {
			expect(only(await damageOf(world)), what).toEqual([]);
			const after = await everything(world);
			for (const [id, contents] of before) expect(after.get(id), `${what}: snapshot ${id}`).toEqual(contents);
			for (const contents of after.values()) for (const [id, content] of contents) expect(mailbox.everHeld.get(id), what).toContain(content);
		}
		if (torn === 'repository.json') await world.store.delete([torn]);
		const { status } = await backedUp(world, mailbox);
		expect(['complete', 'unchanged'], what).toContain(status);
		expect(await newestContents(world), what).toEqual(mailbox.contents());
		expect(only(await damageOf(world, true)), what).toEqual([]);
	};
}

/** What the second test is about does happen in it. */
async function expectCommitsMergesAndRewrite(world: World, mailbox: ModelMailbox): Promise<void> {
	const old = new Set((await everything(world)).keys());
	await backedUp(world, mailbox);
	const records = (await (await Repository.open(world.store, world.ambient)).snapshots(KEY)).filter(({ id }) => !old.has(id));
	expect(records.length).toBeGreaterThanOrEqual(3);
	const [rewritten, before] = records.toReversed();
	expect(rewritten!.changes).toEqual({ added: 0, updated: 0, deleted: 0, failed: 0, skipped: 0 });
	expect(rewritten!.segments).toHaveLength(1);
	expect(rewritten!.archives).toHaveLength(1);
	expect(before!.segments.length).toBeLessThan(records.length + 1);
}

/** Each kind of mishap is tried by itself, so that a failure says which. */
const mishaps: readonly Mishap[] = isExhaustive ? MISHAPS : ['fails', 'answerLost', 'killedAfter', 'torn', 'diskFull', 'tornAndKilled'];

describe('a backup, whatever goes wrong at any call to the store', () => {
	describe.each(mishaps)('%s', (mishap) => {
		it('the first backup of all, in several commits, with a listing that goes on', { timeout: 300_000 }, async () => {
			const mailbox = new ModelMailbox(1);
			for (const name of ['a', 'b', 'c']) mailbox.put(name, `first content of ${name}`);
			const empty: Saved = { timeMs: newWorld().ambient.time, files: new Map() };
			const accidents = await atEveryCall(empty, [mishap], (world) => backedUp(world, mailbox), holdsWhatItHeld(new Map(), mailbox));
			expect(accidents).toBeGreaterThan(15);
		});

		it('a later one that changes, deletes, merges and writes the base anew', { timeout: 300_000 }, async () => {
			const mailbox = new ModelMailbox(2);
			const world = newWorld();
			for (const name of ['a', 'b', 'c', 'd', 'x', 'y', 'z']) mailbox.put(name, `first content of ${name}`);
			await backedUp(world, mailbox, 1e9);
			world.ambient.advance(HOUR_MS);
			mailbox.put('e', 'content of e');
			await backedUp(world, mailbox, 1e9);
			const before = await everything(world);
			mailbox.put('a', 'second content of a');
			mailbox.remove('b');
			mailbox.put('f', 'content of f');
			world.ambient.advance(HOUR_MS);
			const saved = await save(world);
			const accidents = await atEveryCall(saved, [mishap], (broken) => backedUp(broken, mailbox), holdsWhatItHeld(before, mailbox));
			expect(accidents).toBeGreaterThanOrEqual(15);
			await expectCommitsMergesAndRewrite(await restored(saved), mailbox);
		});
	});
});
