import { Failure } from '../base/failure';
import { letGo } from '../base/let-go';
import { takePiece } from '../base/pieces';
import { connectionFailure } from './connection-failure';

/**
 * The bytes of an answer. A connection that breaks off, and a body that is shorter than its Content-Length, end in a
 * Failure `transient`: half a body is never taken for a whole one. (undici has undone any Content-Encoding; lengths are
 * then those of the packed bytes and cannot be compared.)
 */
export async function* bodyOf(response: Response, host: string): AsyncGenerator<Uint8Array, void, undefined> {
	const expected = plainLength(response);
	let received = 0;
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

/** Bodies from this length on come in large pieces. */
const LONG_BYTES = 4 * 1024 * 1024;

/**
 * As `bodyOf`, but a long body comes in pieces of `PIECE_BYTES`, which its last reader may give back (`giveBack`). What
 * has come before a body breaks off comes out, too.
 */
export function piecesOf(response: Response, host: string): AsyncGenerator<Uint8Array, void, undefined> {
	const body = bodyOf(response, host);
	return (plainLength(response) ?? 0) < LONG_BYTES ? body : gathered(body);
}

async function* gathered(body: AsyncGenerator<Uint8Array, void, undefined>): AsyncGenerator<Uint8Array, void, undefined> {
	let piece = takePiece();
	let filled = 0;
	let broken: { error: unknown } | undefined;
	try {
		for (;;) {
			const step = await body.next().catch((error: unknown) => (broken = { error }));
			if ('error' in step || step.done === true) break;
			const chunk = step.value;
			for (let at = 0; at < chunk.length; ) {
				const part = chunk.subarray(at, at + piece.length - filled);
				piece.set(part, filled);
				filled += part.length;
				at += part.length;
				if (filled < piece.length) continue;
				yield piece;
				piece = takePiece();
				filled = 0;
			}
			letGo(chunk);
		}
		if (filled > 0) yield piece.subarray(0, filled);
	} finally {
		await body.return();
	}
	if (broken) throw broken.error;
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
