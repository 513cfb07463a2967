import { describe, expect, it } from 'vitest';
import { Failure, isFailure } from '../../../nodes/M365Backup/base/failure';
import { createFaultyStore, diskFull } from '../../../nodes/M365Backup/stores/faulty-store';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { arrange, DAY_MS, isExhaustive, MISHAPS, type Mishap } from '../crash/crash-world';
import { InterruptedStore } from '../crash/waiting-store';
import { all, readAll } from '../repository/fixtures';
import { MODES, ReplicaWorld, type Mode } from './replica-world';

/** A torn put leaves half a file under its name: only a broken disk does that, and the next run must repair it. */
const mishaps: readonly Mishap[] = isExhaustive ? MISHAPS : ['fails', 'answerLost', 'torn', 'diskFull', 'killedBefore', 'killedAfter'];
/** Of so many calls each mishap hits one, each mishap another one. Encrypting takes its time; the calls are the same. */
const everyCall = (mode: Mode): number => (isExhaustive ? 1 : mode === 'plain' ? 4 : 20);

/** A history with a prune, a hold, and a replica that is some days old, or none. */
async function history(mode: Mode, hasReplica: boolean): Promise<ReplicaWorld> {
	const world = await ReplicaWorld.make(mode);
	await world.days(5);
	if (hasReplica) await world.replicate();
	await world.hold(world.from, (await world.snapshotIds(world.from))[1]!);
	await world.days(2);
	await world.prune(world.from, 2);
	await world.days(1);
	return world;
}

/** What stands in a store, with its times. */
async function copyOf(store: Store, now: () => Date): Promise<Store> {
	let at: Date | undefined;
	const copy = createMemoryStore({ now: () => at ?? now() });
	for (const { key, modifiedAt } of await all(store.list(''))) {
		const bytes = await readAll((await store.get(key))!);
		at = modifiedAt;
		await copy.put(key, (async function* () { yield await Promise.resolve(bytes); })());
	}
	at = undefined;
	return copy;
}

const missingParent = /as its parent, and no prune removed it/;

describe.each(MODES)('a replication, whatever goes wrong at any call to either store (%s)', (mode) => {
	it.each([
		['the first one', false],
		['a later one', true],
	])('%s', { timeout: 600_000 }, async (_title, hasReplica) => {
		const world = await history(mode, hasReplica);
		const whole = await world.everything(world.from);
		const replicaBefore = hasReplica ? await world.everything(world.to) : new Map<string, Map<string, string>>();
		const start = world.to;
		let accidents = 0;
		for (const side of ['from', 'to'] as const) {
			for (const [index, mishap] of mishaps.entries()) {
				if (side === 'from' && mishap === 'diskFull') continue;
				for (let call = 1 + (index % everyCall(mode)); ; call += everyCall(mode)) {
					world.to = await copyOf(start, () => new Date(world.ambient.now().getTime() + 7777));
					const faulty = createFaultyStore(side === 'from' ? world.from : world.to, world.ambient);
					arrange(faulty, mishap, call);
					const error: unknown = await world.replicate({ [side]: faulty }).then(() => undefined, (thrown: unknown) => thrown);
					if (mishap === 'diskFull' ? faulty.count('put') < call : faulty.log.length < call) break;
					const hit = mishap === 'diskFull' ? faulty.log.filter((logged) => logged.call === 'put')[call - 1] : faulty.log[call - 1];
					const what = `${side} ${mishap} at call ${call}: ${hit?.call ?? ''} ${hit?.keys.join(', ') ?? ''}`;
					if (error !== undefined) expect(isFailure(error), `${what}: ${error instanceof Error ? (error.stack ?? '') : ''}`).toBe(true);
					const isTorn = mishap.startsWith('torn') && hit?.call === 'put';
					if (isTorn && hit?.keys[0] === 'repository.json' && error !== undefined) await world.to.delete(['repository.json']);
					if ((await world.to.get('repository.json')) !== null && !(isTorn && error !== undefined)) {
						expect(await world.damage(world.to), what).toEqual([]);
						const there = await world.everything(world.to);
						for (const [id, contents] of replicaBefore) expect(there.get(id), `${what}: snapshot ${id}`).toEqual(contents);
						for (const [id, contents] of there) expect(whole.get(id) ?? replicaBefore.get(id), what).toEqual(contents);
					}
					expect((await world.replicate()).damaged, what).toEqual([]);
					const after = await world.everything(world.to);
					for (const [id, contents] of whole) expect(after.get(id), `${what}: snapshot ${id}`).toEqual(contents);
					expect(await world.damage(world.to), what).toEqual([]);
					accidents += 1;
				}
			}
		}
		expect(accidents).toBeGreaterThan(20);
	});

	// Without the key nobody can tell what was pruned.
	if (mode !== 'encrypted, without the key') it('with the removal of what was pruned', { timeout: 600_000 }, async () => {
		const world = await history(mode, false);
		await world.replicate();
		world.ambient.advance(3 * DAY_MS);
		await world.days(1);
		await world.prune(world.from, 1);
		const whole = await world.everything(world.from);
		const start = world.to;
		const before = await world.everything(start);
		let removed = 0;
		for (const [index, mishap] of (['fails', 'answerLost', 'torn', 'killedBefore', 'killedAfter'] as const).entries()) {
			for (let call = 1 + (index % everyCall(mode)); ; call += everyCall(mode)) {
				world.to = await copyOf(start, () => new Date(world.ambient.now().getTime() + 7777));
				const faulty = createFaultyStore(world.to, world.ambient);
				arrange(faulty, mishap, call);
				await world.replicate({ to: faulty, removePruned: true }).catch((error: unknown) => {
					if (!isFailure(error)) throw error;
				});
				if (faulty.log.length < call) break;
				const hit = faulty.log[call - 1];
				const what = `${mishap} at call ${call}: ${hit?.call ?? ''} ${hit?.keys.join(', ') ?? ''}`;
				if (!(mishap === 'torn' && hit?.call === 'put')) {
					expect(await world.damage(world.to), what).toEqual([]);
					for (const [id, contents] of await world.everything(world.to)) expect(whole.get(id) ?? before.get(id), what).toEqual(contents);
				}
				removed += (await world.replicate({ removePruned: true })).removed.snapshots;
				expect(await world.everything(world.to), what).toEqual(whole);
				expect(await world.damage(world.to), what).toEqual([]);
			}
		}
		expect(removed).toBeGreaterThan(0);
	});

	it('a prune and a backup of the source at any moment of it do no harm', { timeout: 600_000 }, async () => {
		const world = await history(mode, false);
		world.ambient.advance(3 * DAY_MS);
		await world.days(1);
		const saved = world.from;
		const before = await world.everything(saved);
		const startMs = world.ambient.time;
		for (let call = 1; ; call += isExhaustive ? 1 : mode === 'plain' ? 2 : 9) {
			world.ambient.time = startMs;
			const from = await copyOf(saved, () => world.ambient.now());
			world.to = createMemoryStore({ now: () => new Date(world.ambient.now().getTime() + 7777) });
			const interrupted = new InterruptedStore(from, call, async () => {
				await world.prune(from, 1);
				await world.day((mailbox) => mailbox.put(`meanwhile-${call}`, 'came during the replication'), from);
			});
			const { damaged } = await world.replicate({ from: interrupted });
			if (interrupted.calls < call) break;
			const what = `before call ${call}`;
			expect(damaged, what).toEqual([]);
			expect(await world.damage(world.to), what).toEqual([]);
			for (const [id, contents] of await world.everything(world.to)) if (before.has(id)) expect(contents, what).toEqual(before.get(id));
			expect(await world.replicate({ from }), what).toMatchObject({ damaged: [] });
			const after = await world.everything(world.to);
			for (const [id, contents] of await world.everything(from)) expect(after.get(id), what).toEqual(contents);
			expect(await world.damage(world.to), what).toEqual([]);
		}
	});
});

describe('what a replication says of trouble', () => {
	it('a full target: how full, where, and that nothing is lost', async () => {
		const world = await ReplicaWorld.make();
		await world.days(2);
		const to = createFaultyStore(world.to, world.ambient);
		to.script({ call: 'put', from: 6, times: Infinity, effect: 'before', failure: diskFull() });
		const error: unknown = await world.replicate({ to }).catch((thrown: unknown) => thrown);
		expect(isFailure(error, 'quota')).toBe(true);
		expect(error).toMatchObject({ message: expect.stringMatching(/^The replica in .* could not be brought up to date: .*no space left/) as string, nextStep: expect.stringMatching(/Free some space.*the next run goes on/) as string });
	});

	it('a throttled target is waited for', async () => {
		const world = await ReplicaWorld.make();
		await world.days(2);
		const to = createFaultyStore(world.to, world.ambient);
		to.script({ call: 'put', from: 3, times: 2, effect: 'before', failure: new Failure('throttled', 'Slow down', { retryAfterMs: 1000 }) });
		expect(await world.replicate({ to })).toMatchObject({ status: 'complete' });
		expect(await world.files(world.to)).toEqual(await world.files(world.from));
	});

	it('a target that gives back other bytes than it was given', async () => {
		const world = await ReplicaWorld.make();
		await world.days(1);
		const to = world.to;
		const liar: Store = {
			capabilities: to.capabilities,
			label: 'a broken disk',
			list: to.list.bind(to),
			put: to.put.bind(to),
			delete: to.delete.bind(to),
			get: async (key, range, signal) => (key.includes('archive') ? (async function* () { yield await Promise.resolve(Buffer.from('rust')); })() : await to.get(key, range, signal)),
		};
		await expect(world.replicate({ to: liar })).rejects.toMatchObject({ kind: 'corrupt', code: 'unfaithfulStorage' });
		expect(await world.snapshotIds(to)).toEqual([]);
		await expect(world.replicate({ to: liar, verification: 'none' })).resolves.toMatchObject({ verified: { files: 0 } });
	});

	it('stops when it is cancelled, and the next one goes on', async () => {
		const world = await ReplicaWorld.make();
		await world.days(4);
		const stop = new AbortController();
		const to = new InterruptedStore(world.to, 20, () => {
			stop.abort();
			return Promise.resolve();
		});
		await expect(world.replicate({ to, signal: stop.signal })).rejects.toMatchObject({ kind: 'cancelled' });
		expect((await world.damage(world.to)).filter((line) => !missingParent.test(line))).toEqual([]);
		expect(await world.replicate()).toMatchObject({ status: 'complete' });
		expect(await world.files(world.to)).toEqual(await world.files(world.from));
	});
});
