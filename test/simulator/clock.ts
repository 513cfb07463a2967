/** The tenant's time: the host's, plus whatever a test advanced it by. The `Date` header follows it. */
export class VirtualClock {
	private offsetMs = 0;

	nowMs(): number {
		return Date.now() + this.offsetMs;
	}

	now(): Date {
		return new Date(this.nowMs());
	}

	/** Moves the tenant's time forward: throttling windows, token lifetimes and upload sessions pass. */
	advance(durationMs: number): void {
		this.offsetMs += durationMs;
	}
}
