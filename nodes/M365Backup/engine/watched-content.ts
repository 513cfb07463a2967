import type { Failure } from '../base/failure';
import { toFailure } from '../base/failure';

interface Seen {
	failure: Failure | undefined;
}

/** Remembers what the source threw, to tell it from what the store throws. */
export function watched(source: AsyncIterable<Uint8Array>): { content: AsyncIterable<Uint8Array>; readonly failure: Failure | undefined } {
	const seen: Seen = { failure: undefined };
	return {
		content: read(source, seen),
		get failure() {
			return seen.failure;
		},
	};
}

/** Not a generator function inside `watched`: V8 keeps what each of these can reach, here a message, until a full collection. */
async function* read(source: AsyncIterable<Uint8Array>, seen: Seen): AsyncGenerator<Uint8Array> {
	try {
		yield* source;
	} catch (error) {
		seen.failure = toFailure(error);
		throw seen.failure;
	}
}
