import { Failure } from '../../../base/failure';

export interface Fragment {
	offset: number;
	/** Good until the next fragment is asked for. */
	bytes: Buffer;
	isLast: boolean;
}

/**
 * Cuts a content into pieces of `fragmentBytes` from `from` on. The last piece comes only after the content has ended
 * as it should: a service that makes a file of the last piece never makes one of a damaged content.
 *
 * @param observe sees every byte, those before `from` as well.
 * @throws Failure `corrupt` if there are more or fewer bytes than `totalBytes`
 */
export async function* fragmentsOf(
	content: AsyncIterable<Uint8Array>,
	totalBytes: number,
	fragmentBytes: number,
	from: number,
	observe: (bytes: Uint8Array) => void,
): AsyncGenerator<Fragment> {
	const buffer = Buffer.allocUnsafe(Math.min(fragmentBytes, totalBytes - from));
	let filled = 0;
	/** Of the first byte in the buffer. */
	let offset = from;
	let seenBytes = 0;
	for await (const piece of content) {
		observe(piece);
		const start = seenBytes;
		seenBytes += piece.byteLength;
		if (seenBytes > totalBytes) throw unlikeTold(seenBytes, totalBytes);
		let rest = piece.subarray(Math.min(piece.byteLength, Math.max(0, from - start)));
		while (rest.byteLength > 0) {
			const taken = rest.subarray(0, buffer.length - filled);
			buffer.set(taken, filled);
			filled += taken.byteLength;
			rest = rest.subarray(taken.byteLength);
			if (filled < buffer.length || offset + filled === totalBytes) continue;
			yield { offset, bytes: buffer, isLast: false };
			offset += filled;
			filled = 0;
		}
	}
	if (seenBytes !== totalBytes) throw unlikeTold(seenBytes, totalBytes);
	yield { offset, bytes: buffer.subarray(0, filled), isLast: true };
}

function unlikeTold(seenBytes: number, totalBytes: number): Failure {
	return new Failure('corrupt', `The backup holds ${seenBytes} bytes or more of this file where ${totalBytes} are recorded`, {
		nextStep: 'Run Repository: Verify, and restore this file from another snapshot.',
	});
}
