import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFailure } from '../../../nodes/M365Backup/base/failure';
import { holdSnapshot } from '../../../nodes/M365Backup/engine/hold';
import { prune } from '../../../nodes/M365Backup/engine/prune';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { all } from '../repository/fixtures';
import { backedUp, damageOf, DAY_MS, everything, HOUR_MS, isExhaustive, KEY, newestContents, newWorld, restored, RunAmbient, save, type Saved, type World } from './crash-world';
import { ModelMailbox } from './model-mailbox';
import { InterruptedStore, Interleaving, WaitingStore } from './waiting-store';
import { randomRuns } from '../../support/random-runs';

const numRuns = randomRuns(isExhaustive ? 1000 : 25);
const orders = fc.infiniteStream(fc.nat(997));

/** A host of its own, with other chance than the first one's. */
function otherHost(timeMs: number): RunAmbient {
	const ambient = new RunAmbient();
	ambient.time = timeMs;
	const own = ambient.randomHex.bind(ambient);
	ambient.randomHex = (count) => own(count).replaceAll('0', 'f');
	return ambient;
}

function sharing(store: Store, order: Iterable<number>, capabilities?: Store['capabilities']): () => Store {
	const numbers = order[Symbol.iterator]();
	const interleaving = new Interleaving((count) => Number(numbers.next().value) % count);
	return () => new WaitingStore(store, interleaving, capabilities);
}

async function history(days: number): Promise<{ saved: Saved; before: Map<string, Map<string, string>>; mailbox: ModelMailbox }> {
	const mailbox = new ModelMailbox(2);
	const world = newWorld();
	for (let day = 0; day < days; day++) {
		mailbox.put(`new-${day}`, `Message of day ${day}`);
		mailbox.put('changing', `As of day ${day}`);
		if (day > 1) mailbox.remove(`new-${day - 2}`);
		await backedUp(world, mailbox, 1e9);
		world.ambient.advance(DAY_MS);
	}
	const before = await everything(world);
	mailbox.put('changing', 'as of now');
	mailbox.put('today', 'new today');
	mailbox.remove(`new-${days - 1}`);
	return { saved: await save(world), before, mailbox };
}

/** Whatever became of both: nothing that stood is changed, what came is true, the next run is right. */
async function expectWhole(world: World, before: ReadonlyMap<string, Map<string, string>>, mailbox: ModelMailbox, mayBeGone: ReadonlySet<string> = new Set(), what = ''): Promise<void> {
	expect(await damageOf(world, true), what).toEqual([]);
	const after = await everything(world);
	for (const [id, contents] of before) if (!mayBeGone.has(id) || after.has(id)) expect(after.get(id), what).toEqual(contents);
	for (const contents of after.values()) for (const [id, content] of contents) expect(mailbox.everHeld.get(id), what).toContain(content);
	world.ambient.advance(HOUR_MS);
	expect(['complete', 'unchanged']).toContain((await backedUp(world, mailbox)).status);
	expect(await newestContents(world), what).toEqual(mailbox.contents());
	expect(await damageOf(world, true), what).toEqual([]);
}

async function pruned({ store, ambient }: World, last: number): Promise<Set<string>> {
	const [result] = await all(prune({ repository: await Repository.open(store, ambient), policy: { last }, zone: 'UTC', dryRun: false }));
	return new Set(result?.remove.map(({ id }) => id));
}

/** All of `inner` happens between two calls of `outer`, wherever that may be. */
async function insideEachOther(saved: Saved, outer: (world: World) => Promise<unknown>, inner: (world: World) => Promise<unknown>, check: (world: World, what: string) => Promise<void>): Promise<number> {
	for (let call = 1; ; call++) {
		const world = await restored(saved);
		const store = new InterruptedStore(world.store, call, async () => await inner({ store: world.store, ambient: otherHost(saved.timeMs) }));
		await outer({ store, ambient: world.ambient });
		if (store.calls < call) return call - 1;
		await check(world, `before call ${call}`);
	}
}

/** Failures are answers, too; anything else is a defect. */
async function outcome<T>(work: Promise<T>): Promise<T | 'failed'> {
	try {
		return await work;
	} catch (error) {
		if (!isFailure(error) || error.kind === 'defect') throw error;
		return 'failed';
	}
}

describe('two backups of one source at once', () => {
	it('do no harm where no lease keeps them apart', { timeout: 300_000 }, async () => {
		const { saved, before, mailbox } = await history(3);
		let forks = 0;
		await fc.assert(
			fc.asyncProperty(orders, async (order) => {
				const world = await restored(saved);
				const share = sharing(world.store, order, { ...world.store.capabilities, ifAbsent: false });
				const hosts = [world.ambient, otherHost(saved.timeMs)];
				const runs = await Promise.all(hosts.map((ambient) => outcome(backedUp({ store: share(), ambient }, mailbox))));
				if (runs.every((run) => run !== 'failed')) forks += 1;
				await expectWhole(world, before, mailbox);
			}),
			{ numRuns },
		);
		expect(forks).toBeGreaterThan(0);
	});

	it('are kept apart by a lease: one of them says that the other is running', { timeout: 300_000 }, async () => {
		const { saved, before, mailbox } = await history(3);
		await fc.assert(
			fc.asyncProperty(orders, async (order) => {
				const world = await restored(saved);
				const share = sharing(world.store, order);
				const hosts = [world.ambient, otherHost(saved.timeMs)];
				const runs = await Promise.all(hosts.map((ambient) => outcome(backedUp({ store: share(), ambient }, mailbox))));
				const said = runs.map((run) => (run === 'failed' ? run : run.status)).sort();
				// They may also follow one another, if one had ended before the other began.
				expect([['alreadyRunning', 'complete'], ['complete', 'unchanged']]).toContainEqual(said);
				expect(runs.flatMap((run) => (run === 'failed' ? [] : [run.snapshot !== null]))).toEqual([true, true]);
				await expectWhole(world, before, mailbox);
			}),
			{ numRuns },
		);
	});

	it('of a source that was never backed up make one repository', { timeout: 300_000 }, async () => {
		const mailbox = new ModelMailbox(1);
		for (const name of ['a', 'b', 'c']) mailbox.put(name, `content of ${name}`);
		await fc.assert(
			fc.asyncProperty(orders, fc.boolean(), async (order, ifAbsent) => {
				const world = newWorld();
				const share = sharing(world.store, order, { ...world.store.capabilities, ifAbsent });
				await Promise.all([world.ambient, otherHost(world.ambient.time)].map((ambient) => outcome(backedUp({ store: share(), ambient }, mailbox))));
				await expectWhole(world, new Map(), mailbox);
			}),
			{ numRuns },
		);
	});
});

describe('a prune beside another run', () => {
	it('takes nothing that a backup going on needs', { timeout: 300_000 }, async () => {
		const { saved, before, mailbox } = await history(7);
		let removals = 0;
		await fc.assert(
			fc.asyncProperty(orders, fc.integer({ min: 1, max: 3 }), async (order, last) => {
				const world = await restored(saved);
				const share = sharing(world.store, order);
				const [run, gone] = await Promise.all([
					backedUp({ store: share(), ambient: world.ambient }, mailbox),
					outcome(pruned({ store: share(), ambient: otherHost(saved.timeMs) }, last)),
				]);
				expect(run.status).toBe('complete');
				const removed = gone === 'failed' ? new Set<string>() : gone;
				removals += removed.size;
				await expectWhole(world, before, mailbox, removed);
			}),
			{ numRuns },
		);
		expect(removals).toBeGreaterThan(numRuns);
	});

	it('takes no snapshot that a hold was said to hold, whenever the one falls into the other', { timeout: 300_000 }, async () => {
		const { saved, before, mailbox } = await history(6);
		const [oldest] = before.keys();
		const said = { held: 0, gone: 0 };
		const hold = async ({ store, ambient }: World) => await holdSnapshot(await Repository.open(store, ambient), { key: KEY, id: oldest!, by: 'legal', reason: 'case' });
		let held: Awaited<ReturnType<typeof outcome>>;
		const holding = async (world: World): Promise<void> => {
			held = await outcome(hold(world));
		};
		const pruning = async (world: World) => await outcome(pruned(world, 1));
		for (const [outer, inner] of [[pruning, holding], [holding, pruning]] as const) {
			await insideEachOther(saved, outer, inner, async (world, what) => {
				if (held === 'failed') said.gone += 1;
				else said.held += 1;
				if (held !== 'failed') expect((await everything(world)).get(oldest!), what).toEqual(before.get(oldest!));
				await expectWhole(world, before, mailbox, new Set(before.keys()), what);
			});
		}
		expect(said.held).toBeGreaterThan(5);
		expect(said.gone).toBeGreaterThan(5);
	});

	it('and a backup leave a whole repository, whenever the one falls into the other', { timeout: 300_000 }, async () => {
		const { saved, before, mailbox } = await history(6);
		const gone = new Set(before.keys());
		const backingUp = async (world: World) => await backedUp(world, mailbox);
		const pruning = async (world: World) => await outcome(pruned(world, 1));
		let times = 0;
		for (const [outer, inner] of [[pruning, backingUp], [backingUp, pruning]] as const) {
			times += await insideEachOther(saved, outer, inner, async (world, what) => await expectWhole(world, before, mailbox, gone, what));
		}
		expect(times).toBeGreaterThan(60);
	});

	it('and another prune leave what either of them keeps', { timeout: 300_000 }, async () => {
		const { saved, before, mailbox } = await history(7);
		await fc.assert(
			fc.asyncProperty(orders, async (order) => {
				const world = await restored(saved);
				const share = sharing(world.store, order);
				await Promise.all([
					outcome(pruned({ store: share(), ambient: world.ambient }, 1)),
					outcome(pruned({ store: share(), ambient: otherHost(saved.timeMs) }, 2)),
				]);
				expect((await everything(world)).size).toBeGreaterThan(0);
				await expectWhole(world, before, mailbox, new Set(before.keys()));
			}),
			{ numRuns },
		);
	});
});
