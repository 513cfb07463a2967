import type { Ambient } from '../base/ambient';
import { Failure, isFailure, toFailure } from '../base/failure';
import { evictedAsKnown } from '../repository/evicted';
import { sourceKey } from '../repository/names';
import type { CatalogEntry, ItemType, SnapshotRecord, SourceRef } from '../repository/records';
import type { Repository } from '../repository/repository';
import { listSource } from '../repository/snapshot-files';
import type { RestorableItem, Restorer } from '../workloads/restorer';
import type { DrillMarks, Scratch, ScratchThing } from '../workloads/scratch';
import type { GraphCounters } from './back-up-summary';
import { failureInWords } from './failure-in-words';
import { shownPath } from './folder-tree';
import { restorableItem, restore } from './restore';
import { removeDrill, type CleanupResult } from './restore-drill-cleanup';
import { MOST_LISTED, proofMessage, type DifferentItem, type DrilledItem, type FailedItem, type RestoreDrillProof } from './restore-drill-proof';
import { drawSample, type DrillSample } from './restore-drill-sample';
import { SnapshotFolders } from './search-folders';

export type { RestoreDrillProof } from './restore-drill-proof';

export interface RestoreDrillOptions {
	repository: Repository;
	/** Whose backup it is. */
	source: SourceRef;
	snapshot: SnapshotRecord;
	/** The very one that a restore uses, into the source itself or another mailbox or drive. */
	restorer: Restorer;
	/** The same place, for what a restore does not do: reading back, comparing, removing. */
	scratch: Scratch;
	/** How many items; at most 500. */
	items?: number;
	kinds?: readonly ItemType[];
	/** Larger items are not drawn. */
	largestBytes?: number;
	/** Draws the same sample of the same snapshot again. */
	seed?: string;
	/** What the name of the scratch folder begins with; the day and a few random digits follow. */
	folderName?: string;
	graph?: GraphCounters;
	ambient: Ambient;
	/** Cancels: nothing new is begun, and what was made is removed all the same. */
	signal?: AbortSignal;
}

export const DRILL_ITEMS = 20;
export const MOST_DRILL_ITEMS = 500;
export const DRILL_FOLDER = 'M365 Backup drill';
const LARGEST_BYTES = 100e6;

/** What a restore that is under way may take to come to its end, so that everything it made is known. */
const CANCEL_GRACE_MS = 10_000;
const CLEANUP_MS = 300_000;
const CLEANUP_AFTER_CANCEL_MS = 60_000;
/** Graph's clock may be behind ours. */
const CLOCK_TOLERANCE_MS = 300_000;
/** What was made a moment ago may not be found everywhere at once. */
const READ_TRIES = 4;
const READ_PAUSE_MS = 2_000;

/**
 * Proves that a backup can be restored: draws a random sample of a snapshot, reads its stored bytes, restores it into a
 * new folder by the restorer that every restore uses, reads back from the service what is there now, compares it with the
 * backup, and removes everything again, also where something failed or the user stopped it.
 *
 * What it touches it has made: nothing of the source is moved, replaced or deleted, and nobody is notified.
 *
 * @throws Failure `denied` before anything is made, naming the permission that the application lacks; `cancelled`;
 * `invalid` (number of items); whatever ends a restore as a whole. What could not be removed then is in its message.
 */
export async function restoreDrill(options: RestoreDrillOptions): Promise<RestoreDrillProof> {
	const { items = DRILL_ITEMS } = options;
	if (!Number.isInteger(items) || items < 1 || items > MOST_DRILL_ITEMS) {
		throw new Failure('invalid', `A drill of ${items} items is none`, { nextStep: `Choose 1 to ${MOST_DRILL_ITEMS} items.` });
	}
	return await new RestoreDrill(options).run();
}

/** An item of the sample on its way. */
interface Drilled {
	entry: CatalogEntry;
	item: RestorableItem;
	place: string;
	shown: DrilledItem;
}

class RestoreDrill {
	private readonly startedAt: Date;
	private readonly seed: string;
	private readonly scratchName: string;
	private readonly made: ScratchThing[] = [];
	private readonly places = new Set<string>();
	private readonly restored: { drilled: Drilled; thing: ScratchThing; fidelity: string[] }[] = [];
	private readonly failed: FailedItem[] = [];
	private readonly different: DifferentItem[] = [];
	private readonly notes = new Map<string, number>();
	private identical = 0;
	/** Ends what is under way; the user's own signal only keeps anything new from being begun. */
	private readonly hard = new AbortController();

	constructor(private readonly options: RestoreDrillOptions) {
		const { ambient, seed, folderName = DRILL_FOLDER } = options;
		this.startedAt = ambient.now();
		this.seed = seed ?? ambient.randomHex(4);
		this.scratchName = `${folderName} ${this.startedAt.toISOString().slice(0, 10)} ${ambient.randomHex(3)}`;
	}

	async run(): Promise<RestoreDrillProof> {
		const gone = await this.options.scratch.gone(this.hard.signal);
		if (gone !== undefined) return this.proof({ entries: [], notDrilled: [] }, { removed: 0, toBin: 0, leftBehind: [] }, gone);
		const sample = await this.draw();
		this.refuseWithoutPermission(sample);
		const drilled = await this.prepare(sample);
		const marks: DrillMarks = {
			markerKeys: new Set(drilled.map(({ item }) => item.markerKey)),
			names: new Set(drilled.flatMap(({ item, names }) => [item.name, ...names])),
			sinceMs: this.startedAt.getTime() - CLOCK_TOLERANCE_MS,
		};
		const { outcome, cleanup } = await this.cleanedUp(marks, async () => {
			const sound = await this.proveStored(drilled);
			for (const [place, members] of await this.byPlace(sound, sample)) await this.restorePlace(place, members);
			for (const one of this.restored) await this.compare(one);
		});
		if (outcome) throw withLeftovers(outcome, cleanup);
		return this.proof(sample, cleanup);
	}

	private async draw(): Promise<DrillSample> {
		const { repository, snapshot, restorer, scratch, items = DRILL_ITEMS, kinds, largestBytes = LARGEST_BYTES, signal } = this.options;
		const cannot = (type: ItemType): string | undefined =>
			scratch.notDrilled(type) ?? (restorer.types.includes(type) ? undefined : `Items of type ${type} cannot be restored there`);
		return await drawSample(repository.catalog(snapshot), { items, kinds, largestBytes, seed: this.seed, notDrilled: cannot, elsewhere: await this.heldElsewhere(), signal });
	}

	private async heldElsewhere(): Promise<ReadonlySet<string>> {
		const { repository, source, signal } = this.options;
		const key = sourceKey(source);
		const evicted = await evictedAsKnown(repository.store, key, signal);
		if (evicted.size === 0) return new Set();
		const here = await listSource(repository.store, key, signal);
		return new Set([...evicted.keys()].filter((name) => !here.has(name)));
	}

	private refuseWithoutPermission({ entries }: DrillSample): void {
		const lacked = new Map<string, Set<ItemType>>();
		for (const { type } of entries) {
			const permission = this.options.scratch.lackedPermission(type);
			if (permission !== undefined) lacked.set(permission, (lacked.get(permission) ?? new Set()).add(type));
		}
		if (lacked.size === 0) return;
		const names = [...lacked.keys()].join(' and ');
		throw new Failure('denied', `The application may not write what the drill would restore: it lacks ${names}`, {
			nextStep: `Grant the application permission ${names} to the app registration in Entra and give admin consent, or leave these kinds of items out of the drill. Nothing was made.`,
		});
	}

	private async prepare({ entries }: DrillSample): Promise<(Drilled & { names: string[] })[]> {
		const { repository, snapshot, scratch, signal } = this.options;
		const folders = new SnapshotFolders(repository.catalog(snapshot), signal);
		await folders.readAncestors(entries.flatMap(({ parent }) => parent ?? []));
		return entries.map((entry) => {
			const names = folders.path(entry.parent);
			return {
				entry,
				item: restorableItem({ repository, snapshot, conflictPolicy: 'keepBoth', signal: this.hard.signal }, entry),
				place: scratch.placeOf(entry.id),
				shown: { name: entry.name, kind: entry.type, folderPath: shownPath(names) },
				names,
			};
		});
	}

	/** Reads every stored byte of the sample, which proves length, checksum and SHA-256. */
	private async proveStored(drilled: readonly Drilled[]): Promise<Drilled[]> {
		const sound: Drilled[] = [];
		for (const one of drilled) {
			this.stopIfCancelled();
			try {
				for (const content of [...(one.item.content ? [one.item.content] : []), ...(one.item.parts?.values() ?? [])]) for await (const _chunk of content.open());
				sound.push(one);
			} catch (error) {
				this.fail(one, 'stored', error);
			}
		}
		return sound;
	}

	private async byPlace(drilled: readonly Drilled[], sample: DrillSample): Promise<Map<string, Drilled[]>> {
		const places = new Map<string, Drilled[]>();
		for (const one of drilled) {
			const same = places.get(one.place);
			if (same) same.push(one);
			else places.set(one.place, [one]);
		}
		for (const [place, members] of places) {
			const reason = await this.options.scratch.unfit?.(place, this.hard.signal);
			if (reason === undefined) continue;
			places.delete(place);
			const [first] = members;
			if (first) sample.notDrilled.push({ kind: first.entry.type, items: members.length, reason });
			sample.entries = sample.entries.filter((entry) => !members.some((one) => one.entry === entry));
		}
		return places;
	}

	private async restorePlace(place: string, members: readonly Drilled[]): Promise<void> {
		this.stopIfCancelled();
		const { repository, source, snapshot, restorer, ambient } = this.options;
		const byId = new Map(members.map((one) => [one.entry.id, one]));
		const folders = new Map<string, string>();
		this.places.add(place);
		for await (const result of restore({
			repository,
			source,
			snapshot,
			selection: { kind: 'ids', ids: [...byId.keys()] },
			destination: { kind: 'folder', path: [this.scratchName] },
			conflictPolicy: 'keepBoth',
			mode: 'restore',
			restorer,
			ambient,
			signal: this.hard.signal,
		})) {
			const { id, newId, outcome, targetPath, name, reason, nextStep, fidelity } = result;
			if (outcome === 'folderCreated') {
				if (newId === undefined) continue;
				folders.set(id, newId);
				this.made.push({ place, kind: 'folder', id: newId, name, path: targetPath });
				continue;
			}
			const drilled = byId.get(id);
			if (!drilled) continue;
			byId.delete(id);
			if (outcome !== 'created' || newId === undefined) {
				const why = outcome === 'failed' ? [reason, nextStep] : [`The restore made nothing new of it: ${outcome}`, reason];
				this.fail(drilled, 'restore', new Failure('conflict', why.filter((text) => text !== undefined).join('. ')));
				continue;
			}
			const listId = folders.get(drilled.entry.parent ?? '') ?? folders.get(`${place}/root`);
			const thing: ScratchThing = { place, kind: 'item', id: newId, name, path: targetPath.endsWith(name) ? targetPath : `${targetPath}/${name}`, ...(listId === undefined ? {} : { listId }) };
			this.made.push(thing);
			this.restored.push({ drilled, thing, fidelity });
		}
		for (const one of byId.values()) this.fail(one, 'restore', new Failure('defect', 'The restore said nothing of it'));
	}

	private async compare({ drilled, thing, fidelity }: RestoreDrill['restored'][number]): Promise<void> {
		const { scratch, ambient } = this.options;
		for (let tries = 1; ; tries += 1) {
			this.stopIfCancelled();
			try {
				const { differences, notCompared } = await scratch.compare(drilled.item, thing, fidelity, this.hard.signal);
				for (const note of new Set([...fidelity, ...notCompared])) this.notes.set(note, (this.notes.get(note) ?? 0) + 1);
				if (differences.length === 0) this.identical += 1;
				else this.different.push({ ...drilled.shown, differences });
				return;
			} catch (error) {
				if (isFailure(error, 'notFound') && tries < READ_TRIES) await ambient.sleep(READ_PAUSE_MS * tries, this.hard.signal);
				else {
					this.fail(drilled, 'readBack', error);
					return;
				}
			}
		}
	}

	/** @throws `cancelled`, which concerns no item alone */
	private fail({ shown }: Drilled, step: FailedItem['step'], error: unknown): void {
		const failure = toFailure(error);
		if (this.hard.signal.aborted || failure.kind === 'cancelled') throw failure;
		this.failed.push({ ...shown, step, reason: failureInWords(failure) });
	}

	private stopIfCancelled(): void {
		if (this.options.signal?.aborted) throw new Failure('cancelled', 'The restore drill was stopped', { cause: this.options.signal.reason });
	}

	/** Does the work and then, whatever came of it, removes what it made, under a signal of its own. */
	private async cleanedUp(marks: DrillMarks, work: () => Promise<void>): Promise<{ outcome?: Failure; cleanup: CleanupResult }> {
		const { signal, scratch, ambient } = this.options;
		let grace: NodeJS.Timeout | undefined;
		const onAbort = (): void => {
			grace ??= setTimeout(() => this.hard.abort(), CANCEL_GRACE_MS);
		};
		signal?.addEventListener('abort', onAbort, { once: true });
		let outcome: Failure | undefined;
		try {
			await work();
		} catch (error) {
			outcome = toFailure(error);
		} finally {
			clearTimeout(grace);
			signal?.removeEventListener('abort', onAbort);
		}
		const stop = new AbortController();
		const timer = setTimeout(() => stop.abort(), signal?.aborted === true ? CLEANUP_AFTER_CANCEL_MS : CLEANUP_MS);
		try {
			const cleanup = await removeDrill({ scratch, scratchName: this.scratchName, places: [...this.places], made: this.made, marks, isBroken: outcome !== undefined, ambient, signal: stop.signal });
			return { cleanup, ...(outcome ? { outcome } : {}) };
		} finally {
			clearTimeout(timer);
		}
	}

	private proof({ entries, notDrilled }: DrillSample, cleanup: CleanupResult, gone?: string): RestoreDrillProof {
		const { source, snapshot, ambient, graph } = this.options;
		const sampled = entries.length;
		const kinds: RestoreDrillProof['kinds'] = {};
		for (const { type } of entries) kinds[type] = (kinds[type] ?? 0) + 1;
		const hasFailed = this.identical < sampled || cleanup.leftBehind.length > 0;
		const proof: Omit<RestoreDrillProof, 'message'> = {
			status: gone !== undefined ? 'gone' : hasFailed ? 'failed' : sampled === 0 ? 'empty' : 'passed',
			source,
			snapshot: { id: snapshot.id, time: snapshot.finishedAt },
			sampled,
			kinds,
			restored: this.restored.length,
			compared: this.identical + this.different.length,
			identical: this.identical,
			different: this.different.slice(0, MOST_LISTED),
			failed: this.failed.slice(0, MOST_LISTED),
			fidelity: [...this.notes].map(([note, items]) => ({ note, items })).sort((a, b) => b.items - a.items).slice(0, MOST_LISTED),
			notDrilled,
			scratchFolder: this.scratchName,
			removed: cleanup.removed,
			removedToBin: cleanup.toBin,
			leftBehind: cleanup.leftBehind.slice(0, MOST_LISTED),
			seed: this.seed,
			startedAt: this.startedAt.toISOString(),
			durationSeconds: Math.round((ambient.now().getTime() - this.startedAt.getTime()) / 1000),
			graph: {
				requests: graph?.requests ?? 0,
				calls: graph?.calls ?? 0,
				throttledSeconds: Math.round((graph?.throttledMs ?? 0) / 1000),
				retries: graph?.retries ?? 0,
			},
		};
		const { status, ...rest } = proof;
		return { status, message: proofMessage({ ...proof, gone }), ...rest };
	}
}

/** Whoever reads why it ended must also read what is still there. */
function withLeftovers(failure: Failure, { leftBehind }: CleanupResult): Failure {
	if (leftBehind.length === 0) return failure;
	const places = leftBehind.slice(0, MOST_LISTED).map(({ path, reason }) => `${path} (${reason})`);
	return new Failure(failure.kind, `${failure.message}. Left behind: ${places.join('; ')}`, {
		nextStep: ['Delete by hand what was left behind.', failure.nextStep].filter((text) => text !== undefined).join(' '),
		code: failure.code,
		status: failure.status,
		cause: failure,
	});
}
