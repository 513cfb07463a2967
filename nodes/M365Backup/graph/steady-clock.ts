import type { Ambient } from '../base/ambient';

/**
 * The machine's clock, but for being put back: then it goes on from where it stood. Whoever counts windows and pauses by it
 * waits no hours for a time that has been already.
 */
export class SteadyClock {
	private lastMs = Number.NEGATIVE_INFINITY;
	private putBackMs = 0;

	constructor(private readonly ambient: Ambient) {}

	/** Milliseconds, of use only to be compared with others of this clock. */
	nowMs(): number {
		const machineMs = this.ambient.now().getTime();
		if (machineMs < this.lastMs) this.putBackMs += this.lastMs - machineMs;
		this.lastMs = machineMs;
		return machineMs + this.putBackMs;
	}
}
