import type { JsonObject } from '../base/json';
import type { Workload } from '../workloads/workload';

/** The same workload, with what the engine wants to keep in the cursor beside its notes. */
export function notingWorkload(inner: Workload, more: () => JsonObject): Workload {
	return {
		enumerate: (input) => inner.enumerate(input),
		fetch: (requests, signal) => inner.fetch(requests, signal),
		confirmMissing: (ids, known, signal) => inner.confirmMissing(ids, known, signal),
		notes: () => ({ ...inner.notes(), ...more() }),
	};
}
