import type { VirtualClock } from './clock';
import { GraphError } from './graph-error';
import type { Switches } from './switches';

const REQUEST_LIMIT = 10_000;
const REQUEST_WINDOW_MS = 600_000;
const UPLOAD_LIMIT_BYTES = 150 * 1024 * 1024;
const UPLOAD_WINDOW_MS = 300_000;
const CONCURRENCY_LIMIT = 4;
const BUCKETS = 60;

/** A sliding window, kept as a few buckets. */
class Window {
	private readonly buckets: { index: number; amount: number }[] = [];
	private total = 0;

	/** The milliseconds until `amount` more would fit; 0: it fits and is counted. Refused calls count, too. */
	take(amount: number, limit: number, windowMs: number, nowMs: number): number {
		const bucketMs = windowMs / BUCKETS;
		const index = Math.floor(nowMs / bucketMs);
		while (this.buckets.length && this.buckets[0]!.index <= index - BUCKETS) this.total -= this.buckets.shift()!.amount;
		const excess = this.total + amount - limit;
		if (excess > 0) {
			let freed = 0;
			for (const bucket of this.buckets) {
				freed += bucket.amount;
				if (freed >= excess) return Math.max(1, (bucket.index + BUCKETS) * bucketMs - nowMs);
			}
			return windowMs;
		}
		this.total += amount;
		const last = this.buckets.at(-1);
		if (last?.index === index) last.amount += amount;
		else this.buckets.push({ index, amount });
		return 0;
	}
}

interface Usage {
	requests: Window;
	uploads: Window;
	running: number;
	peak: number;
	refused: number;
}

/** Outlook's documented limits, by mailbox (graph-facts §5), on the tenant's clock. */
export class Throttle {
	/** How much faster than the clock the windows pass: 60 makes ten minutes ten seconds. */
	speed = 1;
	private readonly usages = new Map<string, Usage>();

	constructor(
		private readonly clock: VirtualClock,
		private readonly switches: Switches,
	) {}

	private usage(mailboxId: string): Usage {
		let usage = this.usages.get(mailboxId);
		if (!usage) {
			usage = { requests: new Window(), uploads: new Window(), running: 0, peak: 0, refused: 0 };
			this.usages.set(mailboxId, usage);
		}
		return usage;
	}

	/** What was seen of a mailbox: most requests at once, and how many were answered 429. */
	seen(mailboxId: string): { peak: number; refused: number } {
		const { peak, refused } = this.usage(mailboxId);
		return { peak, refused };
	}

	/** @throws GraphError 429; otherwise call `leave` when the answer is out */
	enter(mailboxId: string, uploadBytes: number): void {
		const usage = this.usage(mailboxId);
		if (this.switches.throttling) {
			const nowMs = this.clock.nowMs() * this.speed;
			if (usage.running >= CONCURRENCY_LIMIT) {
				usage.refused++;
				throw throttled('ApplicationThrottled', 'Application is over its MailboxConcurrency limit.', this.switches.concurrencyRetryAfterSeconds);
			}
			this.refuse(usage, usage.requests.take(1, REQUEST_LIMIT, REQUEST_WINDOW_MS, nowMs), 'Please retry again later.', 'TooManyRequests');
			if (uploadBytes > 0) {
				this.refuse(usage, usage.uploads.take(uploadBytes, UPLOAD_LIMIT_BYTES, UPLOAD_WINDOW_MS, nowMs), 'Application is over its IncomingBytes limit.', 'ApplicationThrottled');
			}
		}
		usage.running++;
		usage.peak = Math.max(usage.peak, usage.running);
	}

	private refuse(usage: Usage, waitMs: number, message: string, code: string): void {
		if (waitMs === 0) return;
		usage.refused++;
		throw throttled(code, message, Math.ceil(waitMs / this.speed / 1000));
	}

	leave(mailboxId: string): void {
		this.usage(mailboxId).running--;
	}
}

function throttled(code: string, message: string, retryAfterSeconds: number): GraphError {
	return new GraphError(429, code, message, { 'Retry-After': String(retryAfterSeconds) });
}
