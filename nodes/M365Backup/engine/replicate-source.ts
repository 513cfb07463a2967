import { isFailure } from '../base/failure';
import { parseRepositoryKey, recordName, type RepositoryFileKind } from '../repository/names';
import { readPrune } from '../repository/prune-records';
import type { SourceRef } from '../repository/records';
import type { StoreFile } from '../stores/store';
import { takeLockStock } from './keep-locked';
import type { CopyOutcome } from './replica-copier';
import { copyCurrentCursor } from './replica-cursor';
import { NamedNeeds, RecordedNeeds, type NeededFile, type NeedsReader } from './replica-needs';
import { count, type ReplicaTally } from './replica-tally';
import { listReplicated, type ReplicationContext } from './replication';
import { removePruned } from './replicate-removal';

/** Of one source; over all sources the copier has the say. */
const FILES_AT_ONCE = 4;

/**
 * Brings one source of the replica up to date, snapshot by snapshot from the oldest on: what it needs, then its record, so
 * that at every moment each snapshot in the replica is whole. Prune records go first, since they explain what is missing.
 */
export async function replicateSource(context: ReplicationContext, key: string): Promise<void> {
	await new SourceReplication(context, key).run();
}

class SourceReplication {
	private here = new Map<string, StoreFile>();
	private there = new Map<string, StoreFile>();
	private readonly checked = new Set<string>();
	private readonly damagedIds = new Set<string>();
	private readonly counts = { copied: 0, removed: 0 };
	private source: SourceRef | undefined;
	private readonly tally: ReplicaTally;

	constructor(
		private readonly context: ReplicationContext,
		private readonly key: string,
	) {
		this.tally = context.tally;
	}

	async run(): Promise<void> {
		const { context, key } = this;
		const [here, there] = await Promise.all([listReplicated(context.from, key, context), listReplicated(context.to, key, context)]);
		this.here = here;
		this.there = there;
		const lacking = this.lacking();
		const reader = context.repository ? new RecordedNeeds(context.repository, key, here, context.signal) : new NamedNeeds(here);
		if (lacking.length > 0 || context.verifiesAll) await this.bringUp(lacking, reader);
		await copyCurrentCursor(context, key, this.newestIds());
		await this.keepLocked();
		if (context.removesPruned) this.counts.removed = await removePruned(context, key);
		this.tally.sourceCount += 1;
		this.tally.snapshots.copied += this.counts.copied;
		const { copied, removed } = this.counts;
		const damaged = this.damagedIds.size;
		if (copied + damaged + removed > 0) this.tally.sources.push({ key, ...(this.source && { source: this.source }), snapshots: { copied, damaged, removed } });
	}

	/** Where the replica's files are locked, what its newest and held snapshots need stays so: no backup runs there that would see to it. */
	private async keepLocked(): Promise<void> {
		const { replica, signal } = this.context;
		if (replica?.store.lockDays === undefined) return;
		const { warning } = await takeLockStock({ repository: replica, key: this.key, remembered: undefined, signal });
		if (warning !== undefined) this.tally.warnings.push(warning);
	}

	/** Names of what the replica has not, or in another size. */
	private lacking(): string[] {
		const lacking: string[] = [];
		for (const [name, { sizeBytes }] of this.here) {
			if (this.there.get(name)?.sizeBytes === sizeBytes) count(this.tally.alreadyThere, sizeBytes);
			else lacking.push(name);
		}
		return lacking;
	}

	private async bringUp(lacking: readonly string[], reader: NeedsReader): Promise<void> {
		await this.bringPruneRecords(reader);
		const runs = lacking.map((name) => this.runOf(name)).sort();
		const oldest = this.context.verifiesAll ? '' : (runs[0] ?? '');
		const pruned = await this.prunedThere();
		for (const name of namesOf(this.here, 'snapshot')) {
			const id = this.runOf(name);
			// A snapshot needs only files of its own run and of earlier ones.
			if (id < oldest) continue;
			if (pruned !== undefined && id <= pruned && !this.there.has(name) && !this.here.has(recordName(id, 'hold'))) {
				this.tally.snapshots.prunedThere += 1;
				continue;
			}
			await this.bringSnapshot(id, reader);
		}
		for (const name of namesOf(this.here, 'hold')) if (this.there.has(recordName(this.runOf(name), 'snapshot'))) await this.copySmall(name, reader);
	}

	/**
	 * Of a listing anew: a prune that ran during the first one wrote its record before it took any snapshot away, and without
	 * that record the replica would seem to have lost those.
	 */
	private async bringPruneRecords(reader: NeedsReader): Promise<void> {
		for (const [name, file] of await listReplicated(this.context.from, this.key, this.context)) {
			if (parseRepositoryKey(file.key).kind !== 'prune') continue;
			this.here.set(name, file);
			await this.copySmall(name, reader);
		}
	}

	private async bringSnapshot(id: string, reader: NeedsReader): Promise<void> {
		const isNew = !this.there.has(recordName(id, 'snapshot'));
		const needs = await reader.needs(id);
		if (needs === null) {
			await this.bringPruneRecords(reader);
			return;
		}
		if ('damaged' in needs) {
			await this.noteTrouble(id, needs.damaged.name, needs.damaged.reason, reader);
			return;
		}
		this.source ??= needs.source;
		for (const files of [needs.contents, needs.cursors]) if (!(await this.bringAll(id, files, reader))) return;
		const hold = recordName(id, 'hold');
		if (this.here.has(hold)) await this.copySmall(hold, reader);
		if ((await this.bring(id, needs.record, reader)) && isNew) this.counts.copied += 1;
	}

	/** False if a file is damaged or gone: then the record must not come. */
	private async bringAll(id: string, files: readonly NeededFile[], reader: NeedsReader): Promise<boolean> {
		const waiting = [...files].reverse();
		let isWhole = true;
		const lane = async (): Promise<void> => {
			for (let file = waiting.pop(); file !== undefined && isWhole; file = waiting.pop()) {
				if (!(await this.bring(id, file, reader))) isWhole = false;
			}
		};
		await allSettled(Array.from({ length: FILES_AT_ONCE }, lane));
		return isWhole;
	}

	/** False if the file could not be brought to the replica. */
	private async bring(id: string, file: NeededFile, reader: NeedsReader): Promise<boolean> {
		const { name, sha256 } = file;
		if (this.checked.has(name)) return true;
		const path = `${this.key}/${name}`;
		const here = this.here.get(name);
		const size = file.size ?? here?.sizeBytes;
		const expected = { ...(size !== undefined && { size }), ...(sha256 !== undefined && { sha256 }) };
		const there = this.there.get(name);
		if (there !== undefined && (size === undefined || there.sizeBytes === size)) {
			return this.context.verifiesAll ? await this.concluded(id, file, await this.context.copier.check(path, expected), reader) : true;
		}
		if (here === undefined && (await reader.isHeldElsewhere(file, false))) return true;
		const problem = this.tally.damageOf(path) ?? wrongSize(here, file) ?? (sha256 === undefined ? await reader.problem(name) : undefined);
		if (problem !== undefined) return await this.noteTrouble(id, name, problem, reader);
		return await this.concluded(id, file, await this.context.copier.copy(path, expected), reader);
	}

	private async concluded(id: string, file: NeededFile, outcome: CopyOutcome | undefined, reader: NeedsReader): Promise<boolean> {
		const { name } = file;
		if (outcome === undefined || 'copied' in outcome) {
			this.checked.add(name);
			if (outcome !== undefined) this.there.set(name, { key: `${this.key}/${name}`, sizeBytes: outcome.copied.size, modifiedAt: this.context.ambient.now() });
			return true;
		}
		if ('damaged' in outcome) return await this.noteTrouble(id, name, outcome.damaged, reader);
		if (reader.needsTooMuch && name !== recordName(id, 'snapshot') && (await this.stillStands(id))) return true;
		if (await reader.isHeldElsewhere(file, true)) return true;
		return await this.noteTrouble(id, name, 'it is missing', reader);
	}

	/** A prune that runs meanwhile takes the records first: whose record has gone was pruned, and nothing is damaged. Always false. */
	private async noteTrouble(id: string, name: string, reason: string, reader: NeedsReader): Promise<false> {
		if (await this.stillStands(id)) {
			this.tally.addDamage(`${this.key}/${name}`, reason, id);
			this.damagedIds.add(id);
		} else await this.bringPruneRecords(reader);
		return false;
	}

	private async stillStands(id: string): Promise<boolean> {
		const { from, copier, signal } = this.context;
		const wanted = copier.options.nameOf(`${this.key}/${recordName(id, 'snapshot')}`);
		for await (const { key } of from.list(wanted, signal)) if (key === wanted) return true;
		return false;
	}

	/** Holds and prune records: no other record has their hash. */
	private async copySmall(name: string, reader: NeedsReader): Promise<void> {
		if (this.checked.has(name)) return;
		this.checked.add(name);
		const path = `${this.key}/${name}`;
		const { copier, verifiesAll } = this.context;
		const isThere = this.there.get(name)?.sizeBytes === this.here.get(name)?.sizeBytes;
		if (isThere && !verifiesAll) return;
		const problem = await reader.problem(name);
		const outcome = problem !== undefined ? { damaged: problem } : isThere ? await copier.check(path, {}) : await copier.copy(path);
		if (outcome !== undefined && 'damaged' in outcome) this.tally.addDamage(path, outcome.damaged);
	}

	/**
	 * The newest snapshot that a prune of the replica itself removed; undefined if it was never pruned. It has a policy of its
	 * own: what it let go must not come back with the next copy, nor what is older, as far as the replica has got beyond that.
	 */
	private async prunedThere(): Promise<string | undefined> {
		const { replica, signal } = this.context;
		const common = namesOf(this.there, 'snapshot').filter((name) => this.here.has(name));
		const newest = common.at(-1);
		if (!replica || newest === undefined) return undefined;
		let pruned: string | undefined;
		for (const name of namesOf(this.there, 'prune')) {
			if (this.here.has(name)) continue;
			try {
				for (const { id } of (await readPrune(replica.store, this.key, name, signal))?.snapshots ?? []) if (pruned === undefined || id > pruned) pruned = id;
			} catch (error) {
				// Then it explains nothing, and at worst something comes back.
				if (!isFailure(error, 'corrupt')) throw error;
			}
		}
		return pruned !== undefined && pruned > this.runOf(newest) ? this.runOf(newest) : pruned;
	}

	private newestIds(): { here: string | undefined; there: string | undefined } {
		const [here, there] = [this.here, this.there].map((files) => namesOf(files, 'snapshot').at(-1));
		return { here: here && this.runOf(here), there: there && this.runOf(there) };
	}

	private runOf(name: string): string {
		return parseRepositoryKey(`${this.key}/${name}`).runId ?? '';
	}
}

/** Known without having read it. */
function wrongSize(here: StoreFile | undefined, { size }: NeededFile): string | undefined {
	return here === undefined || size === undefined || here.sizeBytes === size ? undefined : `it has ${here.sizeBytes} bytes instead of ${size}`;
}

/** Sorted: of one kind, that is by run. */
function namesOf(files: ReadonlyMap<string, StoreFile>, kind: RepositoryFileKind): string[] {
	return [...files].filter(([, { key }]) => parseRepositoryKey(key).kind === kind).map(([name]) => name).sort();
}

/** Waits for all, so that nothing goes on behind an error's back. */
export async function allSettled(jobs: readonly Promise<void>[]): Promise<void> {
	for (const result of await Promise.allSettled(jobs)) if (result.status === 'rejected') throw result.reason;
}
