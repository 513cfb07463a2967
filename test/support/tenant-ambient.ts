import type { Ambient } from '../../nodes/M365Backup/base/ambient';
import { realAmbient } from '../../nodes/M365Backup/base/ambient';
import type { RunningSimulator } from '../simulator/start';

/** Advances the tenant's clock where the product waits. */
export function tenantAmbient(sim: RunningSimulator): Ambient {
	const { clock } = sim.tenant;
	return {
		...realAmbient,
		now: () => clock.now(),
		sleep: async (delayMs, signal) => {
			// A background wait (the lease) must not run the clock away: only what ends within minutes advances it.
			if (delayMs >= 300_000) {
				await realAmbient.sleep(delayMs, signal);
				return;
			}
			signal?.throwIfAborted();
			clock.advance(delayMs);
			await new Promise((resolve) => setImmediate(resolve));
		},
	};
}
