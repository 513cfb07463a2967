import { expect } from 'vitest';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import { isFailure } from '../../../nodes/M365Backup/base/failure';
import { backUp } from '../../../nodes/M365Backup/engine/back-up';
import type { BackUpSummary } from '../../../nodes/M365Backup/engine/back-up-summary';
import { verifyRepository } from '../../../nodes/M365Backup/engine/verify';
import { plainName, sourceKey } from '../../../nodes/M365Backup/repository/names';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { createFaultyStore, diskFull, type FaultyStore } from '../../../nodes/M365Backup/stores/faulty-store';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { all, bytesOf, FakeAmbient, readAll, SOURCE, stateOf } from '../repository/fixtures';
import type { ModelMailbox } from './model-mailbox';

export const KEY = sourceKey(SOURCE);
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
export const isExhaustive = process.env['CRASH_ALL'] === '1';

/** Waits are skipped, but for those that last until something else ends (the renewal of a lease). */
export class RunAmbient extends FakeAmbient {
	override async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
		if (delayMs >= 300_000) await realAmbient.sleep(delayMs, signal);
		else await super.sleep(delayMs);
	}
}

/** A store and a host, their clocks apart. */
export interface World {
	store: Store;
	ambient: RunAmbient;
}

export function newWorld(): World {
	const ambient = new RunAmbient();
	return { ambient, store: createMemoryStore({ now: () => ambient.now() }) };
}

/** All files of a store with their dates: what stood there before something went wrong. */
export interface Saved {
	timeMs: number;
	files: ReadonlyMap<string, { bytes: Buffer; modifiedAt: Date }>;
}

export async function save({ store, ambient }: World): Promise<Saved> {
	const files = new Map<string, { bytes: Buffer; modifiedAt: Date }>();
	for (const { key, modifiedAt } of await all(store.list(''))) files.set(key, { bytes: await readAll((await store.get(key))!), modifiedAt });
	return { timeMs: ambient.time, files };
}

export async function restored(saved: Saved): Promise<World> {
	const ambient = new RunAmbient();
	let now: Date | undefined;
	const store = createMemoryStore({ now: () => now ?? ambient.now() });
	for (const [key, { bytes, modifiedAt }] of saved.files) {
		now = modifiedAt;
		await store.put(key, bytesOf(bytes));
	}
	now = undefined;
	ambient.time = saved.timeMs;
	return { store, ambient };
}

/** A backup that commits after each content. */
export async function backedUp({ store, ambient }: World, mailbox: ModelMailbox, commitBytes = 1): Promise<BackUpSummary> {
	const repository = await Repository.open(store, ambient, { create: true });
	return await backUp({ repository, source: SOURCE, workload: mailbox.workload(), ambient, commitEvery: { bytes: commitBytes } });
}

/** What a restore of each snapshot gives back: item id → content. */
export async function everything({ store, ambient }: World): Promise<Map<string, Map<string, string>>> {
	const found = new Map<string, Map<string, string>>();
	const repository = await Repository.open(store, ambient);
	for (const snapshot of await repository.snapshots(KEY)) {
		const contents = new Map<string, string>();
		for (const [id, { content }] of await stateOf(repository, snapshot)) {
			for (const ref of content ?? []) contents.set(id, (await readAll(repository.readContent(KEY, ref))).toString());
		}
		found.set(snapshot.id, contents);
	}
	return found;
}

export async function newestContents(world: World): Promise<Map<string, string> | undefined> {
	return [...(await everything(world)).values()].at(-1);
}

export async function damageOf({ store, ambient }: World, deep = false): Promise<string[]> {
	const report = await verifyRepository(await Repository.open(store, ambient), { deep });
	return report.damage.map(({ file, reason }) => `${file}: ${reason}`);
}

/**
 * What goes wrong at one call: it fails and changes nothing; it takes effect and its answer is lost; it is done by half;
 * from then on no put succeeds; the process is killed, the call done or not; half of a put is stored and the process killed.
 */
export type Mishap = 'fails' | 'answerLost' | 'torn' | 'diskFull' | 'killedBefore' | 'killedAfter' | 'tornAndKilled';

export const MISHAPS: readonly Mishap[] = ['fails', 'answerLost', 'torn', 'diskFull', 'killedBefore', 'killedAfter', 'tornAndKilled'];

/** At the `call`-th call from now on (of `diskFull`: the `call`-th put). */
export function arrange(faulty: FaultyStore, mishap: Mishap, call: number): void {
	if (mishap === 'fails') faulty.script({ from: call, effect: 'before' });
	else if (mishap === 'answerLost') faulty.script({ from: call, effect: 'after' });
	else if (mishap === 'torn') faulty.script({ from: call, effect: 'torn', bytes: 20 });
	else if (mishap === 'diskFull') faulty.script({ call: 'put', from: call, times: Infinity, effect: 'before', failure: diskFull() });
	else if (mishap === 'tornAndKilled') {
		faulty.script({ from: call, effect: 'torn', bytes: 20 });
		faulty.stopAfter(call);
	} else faulty.stopAfter(call - 1, { lastTakesEffect: mishap === 'killedAfter' });
}

export interface Accident {
	/** For messages: what happened at which call. */
	what: string;
	mishap: Mishap;
	/** The file that a broken disk left half of, if any. */
	torn: string | undefined;
	/** The work said that it failed; undefined if it went through all the same. */
	error: unknown;
	/** The store as it is after that, healthy again. */
	world: World;
}

/** Does the work again and again from the same start, with a mishap at its first call, its second, and so on to its last. */
export async function atEveryCall(
	saved: Saved,
	mishaps: readonly Mishap[],
	work: (world: World) => Promise<unknown>,
	check: (accident: Accident) => Promise<void>,
): Promise<number> {
	let accidents = 0;
	for (const mishap of mishaps) {
		for (let call = 1; ; call++) {
			const world = await restored(saved);
			const faulty = createFaultyStore(world.store, world.ambient);
			arrange(faulty, mishap, call);
			const error = await work({ ...world, store: faulty }).then(
				() => undefined,
				(thrown: unknown) => thrown ?? 'nothing was thrown',
			);
			if (mishap === 'diskFull' ? faulty.count('put') < call : faulty.log.length < call) break;
			const hit = mishap === 'diskFull' ? faulty.log.filter((logged) => logged.call === 'put')[call - 1] : faulty.log[call - 1];
			const what = `${mishap} at call ${call}: ${hit?.call ?? ''} ${hit?.keys.join(', ') ?? ''}`;
			if (error !== undefined) expect(isFailure(error), `${what}: ${error instanceof Error ? (error.stack ?? '') : 'no error'}`).toBe(true);
			// What is put if absent is not put again over what is there: half of it stays.
			const stays = mishap === 'tornAndKilled' || (mishap === 'torn' && /^repository\.json|^copies\//.test(hit?.keys[0] ?? ''));
			const torn = stays && hit?.call === 'put' ? plainName(hit.keys[0] ?? '') : undefined;
			await check({ what, mishap, torn, error, world });
			accidents += 1;
		}
	}
	return accidents;
}
