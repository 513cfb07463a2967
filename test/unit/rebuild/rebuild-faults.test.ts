import { describe, expect, it } from 'vitest';
import { rebuildCatalog } from '../../../nodes/M365Backup/engine/rebuild-catalog';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { atEveryCall, backedUp, damageOf, DAY_MS, everything, isExhaustive, KEY, MISHAPS, newestContents, newWorld, save, type Mishap, type World } from '../crash/crash-world';
import { ModelMailbox } from '../crash/model-mailbox';
import { all } from '../repository/fixtures';
import { archiveKeys, backedUpAsking, lose } from './lost-catalog';

const mishaps: readonly Mishap[] = isExhaustive ? MISHAPS : ['fails', 'answerLost', 'diskFull', 'killedBefore', 'killedAfter', 'tornAndKilled'];

describe('a rebuild, whatever goes wrong at any call to the store', () => {
	it('makes the whole list or none, touches no archive, and the next one is through', { timeout: 300_000 }, async () => {
		const mailbox = new ModelMailbox(2);
		const world = newWorld();
		for (let day = 0; day < 3; day++) {
			mailbox.put(`new-${day}`, `Message of day ${day}`);
			mailbox.put('changing', `As of day ${day}`);
			await backedUp(world, mailbox, 1e9);
			world.ambient.advance(DAY_MS);
		}
		const right = (await newestContents(world))!;
		const archives = await archiveKeys(world.store);
		await lose(world.store);
		const saved = await save(world);
		const work = async ({ store, ambient }: World) => await rebuildCatalog(await Repository.open(store, ambient), { key: KEY, mode: 'rebuild' });
		const accidents = await atEveryCall(saved, mishaps, work, async ({ what, error, torn, world: after }) => {
			for (const key of archives) expect((await all(after.store.list(key))).length, what).toBe(1);
			// A record of which a broken disk left half is no snapshot: it is named, and passed over.
			if (torn === undefined) {
				const found = await everything(after);
				if (error === undefined) expect(found.size, what).toBe(1);
				for (const contents of found.values()) expect(contents, what).toEqual(right);
			}
			// A process that was killed still holds the source for a while.
			after.ambient.advance(DAY_MS);
			const again = await work(after).catch((failure: unknown) => failure as { code?: string });
			if ('code' in again) expect(again.code, what).toBe('catalogReadable');
			expect(await newestOf(after), what).toEqual(right);
			const { summary, asked } = await backedUpAsking(after, mailbox);
			expect(asked, what).toEqual([]);
			expect(summary.status, what).toBe('complete');
			if (torn === undefined) expect(await damageOf(after, true), what).toEqual([]);
		});
		expect(accidents).toBeGreaterThan(100);
	});
});

async function newestOf(world: World): Promise<Map<string, string> | undefined> {
	const { store, ambient } = world;
	const latest = (await (await Repository.open(store, ambient)).latest(KEY))!;
	return (await everything(world)).get(latest.id);
}
