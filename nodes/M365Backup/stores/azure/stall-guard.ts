import { Failure } from '../../base/failure';

/** Without a byte for so long, whatever was asked is given up: the SDK has no limit of its own. */
const SILENT_MS = 120_000;

/** Cuts off a request at which nothing moves any more, or whose run was stopped. */
export class StallGuard {
	readonly signal: AbortSignal;
	private readonly own = new AbortController();
	private timer: NodeJS.Timeout | undefined;

	/** Watches at once. */
	constructor(
		signal: AbortSignal | undefined,
		private readonly silentMs = SILENT_MS,
	) {
		this.signal = signal ? AbortSignal.any([signal, this.own.signal]) : this.own.signal;
		this.watch();
	}

	/** From now on the other side is to move. */
	watch(): void {
		clearTimeout(this.timer);
		this.timer = setTimeout(() => this.own.abort(), this.silentMs);
		this.timer.unref();
	}

	/** It has answered; now it is our turn, which may take as long as it likes. */
	end(): void {
		clearTimeout(this.timer);
	}

	/** Throws a `transient` Failure if it was this guard that cut the request off. */
	throwIfStalled(doing: string): void {
		if (!this.own.signal.aborted) return;
		throw new Failure('transient', `Could not ${doing}: nothing came for ${SILENT_MS / 1000} seconds`, { code: 'ETIMEDOUT', nextStep: 'Run again.' });
	}
}
