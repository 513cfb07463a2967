import type { JsonObject } from '../base/json';
import type { Workload } from '../workloads/workload';

/** The same workload, with a note of the engine's own for the cursor, if there is one, beside its notes. */
export function notingWorkload(inner: Workload, name: string, read: () => JsonObject | undefined): Workload {
	return {
		enumerate: (input) => inner.enumerate(input),
		fetch: (requests, signal) => inner.fetch(requests, signal),
		confirmMissing: (ids, known, signal) => inner.confirmMissing(ids, known, signal),
		notes: () => {
			const note = read();
			return note === undefined ? inner.notes() : { ...inner.notes(), [name]: note };
		},
	};
}
