import type { GoneSource } from '../repository/prune-records';
import { recordName } from '../repository/names';
import type { SourceRef } from '../repository/records';
import type { Repository } from '../repository/repository';
import { listSource, snapshotIds } from '../repository/snapshot-files';

/** What Microsoft 365 says of a source. */
export type Existence =
	| { state: 'exists' }
	/** `since` (ISO 8601) where it is told: then it is in a recycle bin still. */
	| { state: 'gone'; since?: string }
	/** Refused, throttled, another tenant …: nothing follows from it. `reason` for people. */
	| { state: 'unknown'; reason: string };

/** The option *Remove Sources Gone for N Days*. */
export interface GoneRule {
	/** At least 1. */
	days: number;
	/** Asks about this very id. Throws only `cancelled` and `defect`. */
	existence: (source: SourceRef, signal?: AbortSignal) => Promise<Existence>;
}

/** What becomes of a source that no backup has reached for so long. */
export interface GoneVerdict {
	/** `remove`: all that is not held goes; `wait`: it is gone, but not for long enough; `keep`: that it is gone is not certain. */
	decision: 'remove' | 'wait' | 'keep';
	/** For people: what is known and how. */
	reason: string;
	/** ISO 8601: when the newest snapshot was finished. */
	lastBackedUpAt: string;
	/** ISO 8601: when a backup last reached it, be it one that found nothing new. */
	lastSeenAt: string;
	/** ISO 8601, of `wait`. */
	until?: string;
}

/** A source of the repository with its newest readable record. */
export interface KnownSource {
	source: SourceRef;
	key: string;
	newest: { finishedAt: string };
}

interface LastTimes {
	seenMs: number;
	/** When a complete backup last ended; null if none ever did. */
	completeMs: number | null;
}

const DAY_MS = 24 * 3_600_000;
/** Another source of the tenant must have been backed up since: else an expired secret, not a deletion, may be the cause. */
const WITNESS_WITHIN_MS = DAY_MS;
/** Sources that are asked about as witnesses: one that answers is enough. */
const MOST_WITNESSES = 3;

/**
 * Which sources no longer exist. The one case in which a prune takes a newest complete snapshot, and so it takes all of: no
 * backup has reached the source for N days; Microsoft 365 says that this very id does not exist, and has not for N days where
 * it tells; and another source of the same tenant was backed up completely within 24 hours and is still there when it is
 * asked about in the same way. Whatever is not certain keeps the source.
 */
export class GoneSources {
	private readonly witnesses = new Map<string, { source: SourceRef } | { problem: string }>();

	constructor(
		private readonly repository: Repository,
		private readonly sources: readonly KnownSource[],
		private readonly rule: GoneRule,
		private readonly signal: AbortSignal | undefined,
	) {}

	/** Undefined where the source was backed up within N days: then nothing is asked. */
	async verdict({ source, key, newest }: KnownSource): Promise<GoneVerdict | undefined> {
		const nowMs = this.repository.ambient.now().getTime();
		const { seenMs } = await this.lastTimes(key);
		if (seenMs + this.rule.days * DAY_MS > nowMs) return undefined;
		const known = { lastBackedUpAt: newest.finishedAt, lastSeenAt: new Date(seenMs).toISOString() };
		const keep = (reason: string): GoneVerdict => ({ ...known, decision: 'keep', reason });
		const answer = await this.rule.existence(source, this.signal);
		if (answer.state === 'exists') return keep('it exists in Microsoft 365, although no backup has reached it for so long');
		if (answer.state === 'unknown') return keep(`whether it still exists is not known: ${answer.reason}`);
		const sinceMs = answer.since === undefined ? seenMs : Date.parse(answer.since);
		if (Number.isNaN(sinceMs)) return keep('Microsoft 365 does not say when it was deleted');
		const deleted = answer.since === undefined ? 'it no longer exists in Microsoft 365' : `it was deleted in Microsoft 365 on ${day(sinceMs)}`;
		const goneMs = Math.max(seenMs, sinceMs) + this.rule.days * DAY_MS;
		if (goneMs > nowMs) return { ...known, decision: 'wait', until: new Date(goneMs).toISOString(), reason: `${deleted}, less than ${this.days} ago` };
		const witness = await this.witnessFor(source, key, nowMs);
		if ('problem' in witness) return keep(`${deleted}, but ${witness.problem}`);
		return { ...known, decision: 'remove', reason: `${deleted}, and was last backed up on ${day(seenMs)}, over ${this.days} ago; ${witness.source.name} of the same tenant is there and was backed up within 24 hours` };
	}

	private get days(): string {
		return this.rule.days === 1 ? 'a day' : `${this.rule.days} days`;
	}

	private async witnessFor({ tenantId }: SourceRef, key: string, nowMs: number): Promise<{ source: SourceRef } | { problem: string }> {
		const tenant = tenantId.toLowerCase();
		const found = this.witnesses.get(tenant) ?? (await this.findWitness(tenant, key, nowMs));
		this.witnesses.set(tenant, found);
		return found;
	}

	/** One that is gone was not backed up within 24 hours, so that a witness for one is a witness for all of its tenant. */
	private async findWitness(tenant: string, key: string, nowMs: number): Promise<{ source: SourceRef } | { problem: string }> {
		let asked = 0;
		let doubt = '';
		for (const other of this.sources) {
			if (other.key === key || other.source.tenantId.toLowerCase() !== tenant) continue;
			const { completeMs } = await this.lastTimes(other.key);
			if (completeMs === null || completeMs + WITNESS_WITHIN_MS < nowMs) continue;
			const answer = await this.rule.existence(other.source, this.signal);
			if (answer.state === 'exists') return { source: other.source };
			doubt ||= answer.state === 'unknown' ? answer.reason : `${other.source.name} was backed up within 24 hours and yet seems to be gone`;
			asked++;
			if (asked === MOST_WITNESSES) break;
		}
		if (asked > 0) return { problem: `nothing of the same tenant vouches for it: ${doubt}` };
		return { problem: 'nothing else of the same tenant was backed up completely within 24 hours, so that the cause may lie elsewhere, e.g. in an expired secret' };
	}

	/**
	 * By the record and by the store's clock: the later of both for "when was it last there", the earlier for "was it backed up
	 * lately", so that neither a clock that was wrong once nor files that were copied back make a source look gone.
	 */
	private async lastTimes(key: string): Promise<LastTimes> {
		const { repository, signal } = this;
		const files = await listSource(repository.store, key, signal);
		const storedMs = (name: string): number => files.get(name)?.modifiedAt.getTime() ?? 0;
		const newest = await repository.latest(key, signal);
		const cursor = await repository.cursor(key, signal);
		const checkedMs = cursor ? Date.parse(cursor.checkedAt) : 0;
		const recordsMs = snapshotIds(files.keys()).map((id) => storedMs(recordName(id, 'snapshot')));
		const seenMs = recordsMs.reduce((a, b) => Math.max(a, b), Math.max(newest ? Date.parse(newest.finishedAt) : 0, checkedMs, storedMs('cursor.json')));
		const found = await repository.newest(key, signal ? { signal } : {});
		if (!found || found.isPartial) return { seenMs, completeMs: null };
		const { id, finishedAt } = found.snapshot;
		const finishedMs = Math.min(Date.parse(finishedAt), storedMs(recordName(id, 'snapshot')));
		const quietMs = cursor?.snapshot === id ? Math.min(checkedMs, storedMs('cursor.json')) : 0;
		return { seenMs, completeMs: Math.max(finishedMs, quietMs) };
	}
}

/** What the prune record says of it. */
export function goneSource({ source }: KnownSource, { lastBackedUpAt, lastSeenAt, reason }: GoneVerdict): GoneSource {
	return { source, lastBackedUpAt, lastSeenAt, reason };
}

function day(timeMs: number): string {
	return new Date(timeMs).toISOString().slice(0, 10);
}
