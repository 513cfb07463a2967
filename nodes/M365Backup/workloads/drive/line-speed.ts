import type { Ambient } from '../../base/ambient';
import { SHAREPOINT_TRANSFERS } from '../../graph/governor';
import { SteadyClock } from '../../graph/steady-clock';

export interface LineSpeedLimits {
	/** How much is read before it is judged; also the length of a part. */
	partBytes: number;
	mostConnections: number;
	/** What is as fast as this needs no further connection. */
	enoughBytesPerSecond: number;
	/** Who waits for the network less than this part of the time is held up by something else. */
	waitingPart: number;
}

/**
 * A line of a gigabit is full at `enoughBytesPerSecond`. A part costs a request, and so one of SharePoint's resource
 * units: at that speed 12 a second of the 20 of the smallest tenant.
 */
const limits: LineSpeedLimits = { partBytes: 8 * 1024 * 1024, mostConnections: SHAREPOINT_TRANSFERS, enoughBytesPerSecond: 100_000_000, waitingPart: 0.5 };

/**
 * Over how many connections at once a run downloads. SharePoint gives one connection only so much, whatever the line
 * could carry; where that is what a backup waits for, it takes more of them. Where it waits for a disk, a storage or the
 * processor, one will do.
 */
export class LineSpeed {
	readonly partBytes: number;
	private now = 1;
	private readonly clock: SteadyClock;
	private readonly limits: LineSpeedLimits;
	/** Since the last judgement. */
	private sinceMs: number | undefined;
	private readBytes = 0;
	private waitedMs = 0;
	private isSettled = false;
	private slowInARow = 0;

	constructor(ambient: Ambient, given: Partial<LineSpeedLimits> = {}) {
		this.clock = new SteadyClock(ambient);
		this.limits = { ...limits, ...given };
		this.partBytes = this.limits.partBytes;
	}

	get connections(): number {
		return this.now;
	}

	/** Whoever is to hand on what is downloaded waits for it: on the watch. */
	async wait<Result>(coming: Promise<Result>): Promise<Result> {
		const askedMs = this.clock.nowMs();
		this.sinceMs ??= askedMs;
		try {
			return await coming;
		} finally {
			this.waitedMs += this.clock.nowMs() - askedMs;
		}
	}

	/** So much came. */
	came(sizeBytes: number): void {
		this.readBytes += sizeBytes;
		if (this.readBytes >= this.limits.partBytes) this.judge();
	}

	/** The server is not one that sends parts: one connection, from now on. */
	settle(): void {
		this.isSettled = true;
		this.now = 1;
	}

	private judge(): void {
		const nowMs = this.clock.nowMs();
		const passedMs = nowMs - (this.sinceMs ?? nowMs);
		const isWaiting = this.waitedMs > passedMs * this.limits.waitingPart;
		const isEnough = this.readBytes >= (this.limits.enoughBytesPerSecond * passedMs) / 1000;
		this.slowInARow = isWaiting && !isEnough ? this.slowInARow + 1 : 0;
		// A single slow one may be a connection that broke off and came again.
		const isSlow = this.slowInARow >= (this.now === 1 ? 2 : 1);
		if (isSlow && !this.isSettled) this.now = Math.min(this.now * 2, this.limits.mostConnections);
		this.sinceMs = nowMs;
		this.readBytes = 0;
		this.waitedMs = 0;
	}
}
