import type { Ambient } from '../base/ambient';
import { isFailure, toFailure, type Failure } from '../base/failure';

export interface Patience {
	ambient: Pick<Ambient, 'sleep' | 'random'>;
	/** Tries in all. Default 5. */
	attempts?: number | undefined;
	/** Before the second try; doubles each time, with jitter, up to 30 s. Default 500. */
	firstDelayMs?: number | undefined;
}

const maxDelayMs = 30_000;

/** Faults after which trying again is right. */
export function isPassing(error: unknown): error is Failure {
	return isFailure(error, 'transient', 'throttled');
}

/** Waits before the next try, or throws the fault if that was the last one. `attempt` counts from 1. */
export async function waitForNextTry(fault: Failure, attempt: number, patience: Patience, signal?: AbortSignal): Promise<void> {
	if (attempt >= (patience.attempts ?? 5)) throw fault;
	const backoffMs = Math.min(maxDelayMs, (patience.firstDelayMs ?? 500) * 2 ** (attempt - 1));
	const delayMs = Math.max(fault.retryAfterMs ?? 0, backoffMs * (0.5 + patience.ambient.random() / 2));
	try {
		await patience.ambient.sleep(delayMs, signal);
	} catch (error) {
		throw toFailure(error);
	}
}

/** The action's result, tried again after passing faults. It is told which try it is, from 1. */
export async function retried<T>(action: (attempt: number) => Promise<T>, patience: Patience, signal?: AbortSignal): Promise<T> {
	for (let attempt = 1; ; attempt += 1) {
		try {
			return await action(attempt);
		} catch (error) {
			if (!isPassing(error)) throw error;
			await waitForNextTry(error, attempt, patience, signal);
		}
	}
}
