import type { RateLimit } from './rate-limit';

/** What the service itself said is left, which other workers and programs of the same app use up, too. */
export class ToldBudget {
	private untilMs = 0;
	private limit = 0;
	private remaining = 0;

	told({ limit, remaining, resetMs }: RateLimit, nowMs: number): void {
		this.limit = limit;
		this.remaining = remaining;
		this.untilMs = nowMs + resetMs;
	}

	/** Since it was told. */
	spend(cost: number): void {
		this.remaining -= cost;
	}

	/** @param share the part of the whole that whoever waits may use up; the rest is left to others */
	waitMs(nowMs: number, cost: number, share: number): number {
		if (nowMs >= this.untilMs) return 0;
		const reserved = this.limit * (1 - share);
		return this.remaining - cost >= reserved ? 0 : this.untilMs - nowMs;
	}
}
