import type { Failure } from '../base/failure';

/**
 * Why one item could not be read, for its line and the summary: short, without ids and addresses, and the same for the
 * same cause, so that a lasting failure is recognised as one.
 */
export function itemReason(failure: Failure): string {
	const code = failure.code ?? (failure.status === undefined ? failure.kind : String(failure.status));
	switch (failure.kind) {
		case 'corrupt':
			return `Microsoft 365 itself cannot read it (${code})`;
		case 'denied':
			return `No permission to read it (${code})`;
		case 'throttled':
		case 'transient':
			return `Microsoft 365 did not give it, in spite of several attempts (${code})`;
		case 'notFound':
			return `It was deleted while the backup ran (${code})`;
		default:
			return failure.message;
	}
}
