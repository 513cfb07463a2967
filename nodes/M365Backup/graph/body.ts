import { Failure } from '../base/failure';
import { letGo } from '../base/let-go';
import { connectionFailure } from './connection-failure';
import { longBody } from './long-answer';

/**
 * The bytes of an answer. A connection that breaks off, and a body that is shorter than its Content-Length, end in a
 * Failure `transient`: half a body is never taken for a whole one. (undici has undone any Content-Encoding; lengths are
 * then those of the packed bytes and cannot be compared.) Long answers come in large pieces (long-answer.ts).
 */
export async function* bodyOf(response: Response, host: string): AsyncGenerator<Uint8Array, void, undefined> {
	const expected = plainLength(response);
	let received = 0;
	const long = longBody(response);
	if (long) {
		try {
			for await (const piece of long) {
				received += piece.byteLength;
				yield piece;
			}
		} catch (error) {
			throw connectionFailure(error, host);
		}
	}
	const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader();
	if (reader !== undefined) {
		let finished = false;
		try {
			for (;;) {
				const { done, value } = await reader.read();
				if (done) {
					finished = true;
					break;
				}
				received += value.byteLength;
				yield value;
			}
		} catch (error) {
			finished = true;
			throw connectionFailure(error, host);
		} finally {
			// Abandoned half way: close the connection. What cancelling says is of no interest any more.
			if (!finished) await reader.cancel().catch(() => undefined);
		}
	}
	if (expected !== undefined && received < expected) {
		throw new Failure('transient', `The answer of ${host} broke off after ${received} of ${expected} bytes`, { code: 'bodyTruncated' });
	}
}

/** Content-Length where it tells the number of bytes that `bodyOf` yields. */
export function plainLength(response: Response): number | undefined {
	const encoding = response.headers.get('content-encoding');
	const length = response.headers.get('content-length');
	if (length === null || !/^\d+$/.test(length)) return undefined;
	return encoding === null || encoding === 'identity' ? Number(length) : undefined;
}

/** The whole body, which must be at most `maxBytes`. Throws `transient` when broken, `corrupt` when larger. */
export async function bytesOf(response: Response, host: string, maxBytes: number): Promise<Buffer> {
	const pieces: Uint8Array[] = [];
	let size = 0;
	for await (const piece of bodyOf(response, host)) {
		size += piece.byteLength;
		if (size > maxBytes) throw new Failure('corrupt', `The answer of ${host} is larger than ${maxBytes} bytes`, { code: 'answerTooLarge' });
		pieces.push(piece);
	}
	const whole = Buffer.concat(pieces);
	pieces.forEach(letGo);
	return whole;
}
