import { timeAtQuotasMs, type QuotaWindow } from '../base/time-at-quotas';
import type { SnapshotTotals } from '../repository/records';
import type { SourceSize, Workload } from '../workloads/workload';

/** Of a backup that is not finished: what is left of it, as far as the service tells, and how long that takes. An estimate. */
export interface TimeLeft {
	items?: number;
	bytes?: number;
	/** Of running, at the pace so far or at the quotas, whichever is slower. */
	seconds: number;
}

/** What a source's requests may cost, and in what they are counted. */
export interface SourceQuotas {
	costs: readonly QuotaWindow[];
	countedIn: 'requests' | 'resourceUnits';
}

export interface RunSoFar {
	before: SnapshotTotals;
	now: SnapshotTotals;
	durationMs: number;
	/** In the unit of the quotas. */
	cost: number;
}

/**
 * How long the rest takes if it goes on as it went so far: bytes count where the service tells how many there are, items
 * otherwise. A run within the first window of a quota is faster than the whole can be, so the quotas are looked at, too.
 * Null where nothing can be said: nothing was stored yet, or there is no more than what is stored.
 */
export function timeLeft(size: SourceSize, run: RunSoFar, quotas: readonly QuotaWindow[]): TimeLeft | null {
	const { before, now, durationMs, cost } = run;
	const left = {
		...(size.items === undefined ? {} : { items: Math.max(0, size.items - now.items) }),
		...(size.bytes === undefined ? {} : { bytes: Math.max(0, size.bytes - now.bytes) }),
	};
	const measure = left.bytes === undefined ? 'items' : 'bytes';
	const done = now[measure] - before[measure];
	const rest = left[measure] ?? 0;
	if (done <= 0 || rest <= 0) return null;
	const times = rest / done;
	const leftMs = Math.max(durationMs * times, timeAtQuotasMs(cost * times, quotas));
	return { ...left, seconds: Math.ceil(leftMs / 1000) };
}

/** As `timeLeft`, of what the source says of its size now. Null, too, where it does not say. */
export async function askTimeLeft(workload: Workload, run: RunSoFar, quotas: readonly QuotaWindow[], signal: AbortSignal | undefined): Promise<TimeLeft | null> {
	try {
		const size = await workload.size?.(signal ?? new AbortController().signal);
		return size === undefined ? null : timeLeft(size, run, quotas);
	} catch {
		return null; // what was stored is stored: the backup must not fail for want of an estimate
	}
}
