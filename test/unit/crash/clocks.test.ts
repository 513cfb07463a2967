import { describe, expect, it } from 'vitest';
import { backUp } from '../../../nodes/M365Backup/engine/back-up';
import { prune } from '../../../nodes/M365Backup/engine/prune';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import { all, FakeAmbient, SOURCE } from '../repository/fixtures';
import { damageOf, DAY_MS, everything, HOUR_MS, KEY, newestContents, RunAmbient, type World } from './crash-world';
import { ModelMailbox } from './model-mailbox';

const HOURS = [-40, -13, -1, 1, 13, 40];

/** Two machines and a storage, each with a clock of its own, over the time that really passes. */
class Clocks {
	time = Date.parse('2026-11-22T10:00:00Z');
	readonly storage = new FakeAmbient();

	host(offsetHours: number, chance = '0'): RunAmbient {
		const ambient = new RunAmbient();
		ambient.now = () => new Date(this.time + offsetHours * HOUR_MS);
		const own = ambient.randomHex.bind(ambient);
		ambient.randomHex = (count) => own(count).replaceAll('0', chance);
		return ambient;
	}

	store(offsetHours: number) {
		return createMemoryStore({ now: () => new Date(this.time + offsetHours * HOUR_MS) });
	}
}

async function backedUp({ store, ambient }: World, mailbox: ModelMailbox): Promise<string> {
	const repository = await Repository.open(store, ambient, { create: true });
	return (await backUp({ repository, source: SOURCE, workload: mailbox.workload(), ambient })).status;
}

async function pruned({ store, ambient }: World) {
	const [result] = await all(prune({ repository: await Repository.open(store, ambient), policy: { last: 1 }, zone: 'UTC', dryRun: false }));
	return result!;
}

async function expectTrue(world: World, known: Map<string, Map<string, string>>, what: string): Promise<void> {
	expect(await damageOf(world, true), what).toEqual([]);
	for (const [id, contents] of await everything(world)) {
		if (known.has(id)) expect(contents, `${what} ${id}`).toEqual(known.get(id));
		known.set(id, contents);
	}
}

describe.each(HOURS)('a clock that is %i hours off', (hours) => {
	it('of one of two machines that back up and prune in turn costs nothing that is needed', { timeout: 60_000 }, async () => {
		const clocks = new Clocks();
		const store = clocks.store(0);
		const mailbox = new ModelMailbox(2);
		const known = new Map<string, Map<string, string>>();
		const machines: World[] = [{ store, ambient: clocks.host(0) }, { store, ambient: clocks.host(hours, 'f') }];
		let removed = 0;
		for (let day = 0; day < 8; day++) {
			const machine = machines[day % 2]!;
			mailbox.put(`new-${day}`, `Message of day ${day}`);
			mailbox.put('changing', `As of day ${day}`);
			if (day > 1) mailbox.remove(`new-${day - 2}`);
			expect(await backedUp(machine, mailbox), `day ${day}`).toBe('complete');
			expect(await newestContents(machine), `day ${day}`).toEqual(mailbox.contents());
			await expectTrue(machine, known, `day ${day}`);
			const newest = [...(await everything(machine))].at(-1)!;
			// Both prune, in any state of their clocks.
			for (const other of machines) removed += (await pruned(other)).remove.length;
			await expectTrue(machine, known, `day ${day}, pruned`);
			expect([...(await everything(machine))].at(-1), `day ${day}, pruned`).toEqual(newest);
			clocks.time += DAY_MS;
		}
		expect(removed).toBeGreaterThan(2);
	});

	it('of the storage lets no file of a run go that is going on', async () => {
		const clocks = new Clocks();
		const store = clocks.store(hours);
		const mailbox = new ModelMailbox(2);
		const known = new Map<string, Map<string, string>>();
		const world: World = { store, ambient: clocks.host(0) };
		for (let day = 0; day < 5; day++) {
			mailbox.put(`new-${day}`, `Message of day ${day}`);
			await backedUp(world, mailbox);
			clocks.time += DAY_MS;
		}
		await expectTrue(world, known, 'before');
		const repository = await Repository.open(store, world.ambient);
		const run = repository.startRun(SOURCE, await repository.latest(KEY), { volumeBytes: 100 });
		for (const name of ['a', 'b', 'c']) {
			const ref = await run.addContent({ entryName: `F/${name}.eml`, content: (async function* () { yield await Promise.resolve(Buffer.alloc(120, name)); })(), compress: false });
			await run.add({ id: `mail/${name}`, whole: true, type: 'message', name, content: [ref], meta: {} });
		}
		clocks.time += HOUR_MS;
		await pruned(world);
		await run.commit({ status: 'complete', scopes: [], totals: { items: 0, bytes: 0 }, changes: { added: 3, updated: 0, deleted: 0, failed: 0, skipped: 0 }, failures: [], cursor: { scopes: {}, failed: [], seen: [] }, tag: null });
		await expectTrue(world, known, 'after');
		expect([...(await newestContents(world))!.keys()]).toEqual(expect.arrayContaining(['mail/a', 'mail/b', 'mail/c']));
	});

	it('of one machine makes two runs at worst, never a lease for ever, and nothing is lost', async () => {
		const clocks = new Clocks();
		const store = clocks.store(0);
		const mailbox = new ModelMailbox(2);
		mailbox.put('a', 'content of a');
		const right: World = { store, ambient: clocks.host(0) };
		const wrong: World = { store, ambient: clocks.host(hours, 'f') };
		await backedUp(right, mailbox);
		const known = await everything(right);
		// The wrong one ends its run: the right one may begin at once, whatever that clock says.
		mailbox.put('b', 'content of b');
		expect(await backedUp(wrong, mailbox)).toBe('complete');
		mailbox.put('c', 'content of c');
		expect(await backedUp(right, mailbox)).toBe('complete');
		// The right one is in the middle of a run; the wrong one may take the lease from it, and both go on.
		const lease = (await (await Repository.open(store, right.ambient)).acquireLease(KEY, { holder: 'right' }))!;
		mailbox.put('d', 'content of d');
		const status = await backedUp(wrong, mailbox);
		expect(['complete', 'alreadyRunning']).toContain(status);
		expect(await lease.renew()).toBe(status === 'alreadyRunning');
		await lease.release();
		await expectTrue(right, known, 'at the end');
		clocks.time += HOUR_MS;
		expect(['complete', 'unchanged']).toContain(await backedUp(right, mailbox));
		expect(await newestContents(right)).toEqual(mailbox.contents());
	});
});

it('a machine whose clock is wrong says so and writes no snapshot', async () => {
	const clocks = new Clocks();
	const store = clocks.store(0);
	const mailbox = new ModelMailbox(2);
	mailbox.put('a', 'content of a');
	const ambient = clocks.host(3);
	const repository = await Repository.open(store, ambient, { create: true });
	const run = backUp({ repository, source: SOURCE, workload: mailbox.workload(), ambient, clockSkewMs: () => 3 * HOUR_MS });
	await expect(run).rejects.toThrow(/clock is 180 minutes ahead/);
	expect(await repository.snapshots(KEY)).toEqual([]);
});
