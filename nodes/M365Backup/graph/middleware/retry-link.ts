import type { Ambient } from '../../base/ambient';
import { toFailure, Failure } from '../../base/failure';
import type { Call } from '../call';
import { backoffMs, longestRetryAfterMs, maximumRetries, mayRetry, pauseMs } from '../retry-rule';
import type { GraphStats } from '../stats';
import { Link } from './link';

/**
 * Tries again what may be tried again (retry-rule.ts). A Retry-After is honoured by the governor, which then holds back
 * the whole mailbox; this link waits itself only where the service named no time.
 */
export class RetryLink extends Link {
	constructor(
		private readonly ambient: Ambient,
		private readonly stats: GraphStats,
	) {
		super();
	}

	protected async pass(call: Call, next: () => Promise<void>): Promise<void> {
		for (let attempt = 0; ; attempt++) {
			try {
				await next();
				return;
			} catch (error) {
				const failure = toFailure(error);
				const maximum = call.retries ?? (failure.kind === 'throttled' ? maximumRetries.throttled : maximumRetries.transient);
				const tooLong = (failure.retryAfterMs ?? 0) > longestRetryAfterMs;
				if (attempt >= maximum || tooLong || !mayRetry(failure, call.repeatable)) throw withEffectUnknown(failure, call);
				this.stats.retries++;
				if (failure.kind === 'throttled' && failure.retryAfterMs !== undefined) continue;
				const random = this.ambient.random();
				const delayMs = failure.retryAfterMs === undefined ? backoffMs(attempt, random) : pauseMs(failure.retryAfterMs, random);
				if (failure.kind === 'throttled') this.stats.throttledMs += delayMs;
				await this.ambient.sleep(delayMs, call.signal);
			}
		}
	}
}

/** Says so when a request that creates something may have had its effect. */
function withEffectUnknown(failure: Failure, call: Call): Failure {
	if (failure.kind !== 'transient' || call.repeatable || mayRetry(failure, false)) return failure;
	return new Failure('transient', `${failure.message}. Whether the request took effect is unknown`, {
		title: failure.title,
		code: 'effectUnknown',
		status: failure.status,
		nextStep: failure.nextStep,
		cause: failure,
	});
}
