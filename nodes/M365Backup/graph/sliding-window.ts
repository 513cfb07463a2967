/** So many stretches of a window keep their uses together, so that a window of a day stays small; none is below a second. */
const mostStretches = 600;

/** How much was used within the last `windowMs`. */
export class SlidingWindow {
	/** `atMs`: of the last use in the stretch, which all of it counts by. */
	private readonly uses: { beganMs: number; atMs: number; amount: number }[] = [];
	private readonly stretchMs: number;
	private total = 0;

	constructor(readonly windowMs: number) {
		this.stretchMs = Math.max(1000, windowMs / mostStretches);
	}

	add(nowMs: number, amount: number): void {
		if (amount <= 0) return;
		this.forget(nowMs);
		const last = this.uses.at(-1);
		if (last !== undefined && nowMs - last.beganMs < this.stretchMs) {
			last.amount += amount;
			last.atMs = nowMs;
		} else this.uses.push({ beganMs: nowMs, atMs: nowMs, amount });
		this.total += amount;
	}

	/** How long until `amount` more fits under `limit`. More than the limit fits when nothing else is in the window. */
	waitMs(nowMs: number, amount: number, limit: number): number {
		if (amount <= 0) return 0;
		this.forget(nowMs);
		let excess = this.total + amount - limit;
		if (excess <= 0) return 0;
		for (const use of this.uses) {
			excess -= use.amount;
			if (excess <= 0) return use.atMs + this.windowMs - nowMs;
		}
		const last = this.uses.at(-1);
		return last === undefined ? 0 : last.atMs + this.windowMs - nowMs;
	}

	isEmpty(nowMs: number): boolean {
		this.forget(nowMs);
		return this.uses.length === 0;
	}

	private forget(nowMs: number): void {
		let count = 0;
		for (const use of this.uses) {
			if (use.atMs + this.windowMs > nowMs) break;
			this.total -= use.amount;
			count++;
		}
		if (count > 0) this.uses.splice(0, count);
	}
}
