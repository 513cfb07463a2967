import type { Ambient } from '../base/ambient';
import { Failure, isFailure, toFailure } from '../base/failure';
import type { Lease } from '../repository/lease';

const LEASE_RENEWAL_MS = 5 * 60_000;

/** Renews the lease in the background; a lost one stops the run, since another run goes on in its place. */
export function keepLease(lease: Lease, ambient: Ambient, stop: AbortController): { end(): Promise<void> } {
	const ended = new AbortController();
	const loop = (async () => {
		while (!ended.signal.aborted) {
			await ambient.sleep(LEASE_RENEWAL_MS, ended.signal);
			if (!(await lease.renew())) {
				stop.abort(new Failure('conflict', 'Another run has taken over the backup of this source'));
				return;
			}
		}
	})().catch((error: unknown) => {
		if (!ended.signal.aborted) stop.abort(toFailure(error));
	});
	return {
		end: async () => {
			ended.abort();
			await loop;
			await lease.release().catch(runsOut);
		},
	};
}

/** A lease that cannot be given back runs out by itself: how the run went matters more, whether it failed or not. */
function runsOut(error: unknown): void {
	if (!isFailure(error) || isFailure(error, 'defect')) throw error;
}
