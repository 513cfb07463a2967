/** A source that a put may read again from its beginning after a passing fault. */
export class ReplayableSource implements AsyncIterable<Uint8Array> {
	/** `open` yields the same bytes each time. */
	constructor(private readonly open: () => AsyncIterable<Uint8Array>) {}

	[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
		return this.open()[Symbol.asyncIterator]();
	}
}
