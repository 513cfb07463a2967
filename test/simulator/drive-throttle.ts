import type { VirtualClock } from './clock';
import { GraphError } from './graph-error';
import type { Switches } from './switches';
import type { Throttle } from './throttle';

/** [units, window], by tenant size; the first is the application's in the tenant (graph-facts §5). */
const LIMITS: Record<Switches['tenantSize'], readonly (readonly [number, number])[]> = {
	'0-1k': [[1250, 60_000], [1_200_000, 86_400_000], [18_750, 300_000]],
	'1k-5k': [[2500, 60_000], [2_400_000, 86_400_000], [37_500, 300_000]],
	'5k-15k': [[3750, 60_000], [3_600_000, 86_400_000], [56_250, 300_000]],
	'15k-50k': [[5000, 60_000], [4_800_000, 86_400_000], [75_000, 300_000]],
	'50k+': [[6250, 60_000], [6_000_000, 86_400_000], [93_750, 300_000]],
};
const SHARING_LIMIT: readonly [number, number] = [300, 300_000];
const BUCKETS = 60;

/** A sliding window of units. Refused requests count as well. */
class UnitWindow {
	private buckets: { index: number; units: number }[] = [];
	private total = 0;

	/** The milliseconds until the window has room; 0: it had. */
	take(units: number, [limit, windowMs]: readonly [number, number], nowMs: number): number {
		const bucketMs = windowMs / BUCKETS;
		const index = Math.floor(nowMs / bucketMs);
		while (this.buckets.length && this.buckets[0]!.index <= index - BUCKETS) this.total -= this.buckets.shift()!.units;
		this.total += units;
		const last = this.buckets.at(-1);
		if (last?.index === index) last.units += units;
		else this.buckets.push({ index, units });
		let excess = this.total - limit;
		if (excess <= 0) return 0;
		for (const bucket of this.buckets) {
			excess -= bucket.units;
			if (excess <= 0) return Math.max(1, (bucket.index + BUCKETS) * bucketMs - nowMs);
		}
		return windowMs;
	}
}

/** SharePoint's resource units: 1, 2 or 5 a request, for all drives and sites of a tenant together. */
export class SharePointThrottle {
	/** Units of all requests so far, refused ones included. */
	units = 0;
	requests = 0;
	refused = 0;
	private windows = LIMITS['0-1k'].map(() => new UnitWindow());
	private sharing = new UnitWindow();

	constructor(
		private readonly clock: VirtualClock,
		private readonly switches: Switches,
		/** Shares the speed of Outlook's limits. */
		private readonly pace: Pick<Throttle, 'speed'>,
	) {}

	reset(): void {
		this.units = this.requests = this.refused = 0;
		this.windows = LIMITS['0-1k'].map(() => new UnitWindow());
		this.sharing = new UnitWindow();
	}

	/** @throws GraphError 429 or 503 with Retry-After */
	spend(units: number, isSharing = false): void {
		this.units += units;
		this.requests++;
		if (!this.switches.throttling) return;
		const nowMs = this.clock.nowMs() * this.pace.speed;
		const waits = LIMITS[this.switches.tenantSize].map((limit, n) => this.windows[n]!.take(units, limit, nowMs));
		if (isSharing) waits.push(this.sharing.take(1, SHARING_LIMIT, nowMs));
		const waitMs = Math.max(...waits);
		if (waitMs === 0) return;
		this.refused++;
		const headers = { 'Retry-After': String(Math.ceil(waitMs / this.pace.speed / 1000)) };
		throw this.switches.sharePointRefusal === 503 ? new GraphError(503, 'serviceNotAvailable', 'The service is temporarily unavailable. Please retry later.', headers) : new GraphError(429, 'activityLimitReached', 'The request has been throttled.', headers);
	}
}
