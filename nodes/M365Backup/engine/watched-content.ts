import type { Failure } from '../base/failure';
import { toFailure } from '../base/failure';

/** Remembers what the source threw, to tell it from what the store throws. */
export function watched(source: AsyncIterable<Uint8Array>): { content: AsyncIterable<Uint8Array>; readonly failure: Failure | undefined } {
	let failure: Failure | undefined;
	async function* read(): AsyncGenerator<Uint8Array> {
		try {
			yield* source;
		} catch (error) {
			failure = toFailure(error);
			throw failure;
		}
	}
	return {
		content: read(),
		get failure() {
			return failure;
		},
	};
}
