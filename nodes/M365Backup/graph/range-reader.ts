import { Failure } from '../base/failure';
import type { Call } from './call';
import { cancelBody } from './long-answer';
import { readStream, type StreamAnswer } from './readers';

export interface ByteRange {
	offset: number;
	/** The byte behind the last one; the end when undefined. */
	endBefore: number | undefined;
}

/**
 * An answer of a download server as exactly the bytes that were asked for, unread. A 206 must begin where it was told
 * to; out of a 200, which holds everything, the part is cut.
 *
 * @param ifRange the entity tag that the request named: another one in a 200 means that this is another content
 */
export async function readRange(response: Response, call: Call, range: ByteRange, ifRange: string | undefined): Promise<StreamAnswer> {
	const { offset, endBefore } = range;
	const isPart = offset > 0 || endBefore !== undefined;
	const host = new URL(call.url).host;
	if (response.status === 206) {
		const told = /^bytes (\d+)-(\d+)\//.exec(response.headers.get('content-range') ?? '');
		const first = Number(told?.[1]);
		const behindLast = Number(told?.[2]) + 1;
		if (first !== offset || (endBefore !== undefined && behindLast > endBefore)) {
			await cancelBody(response);
			throw new Failure('transient', `${host} sent another part of the file than it was asked for`, { code: 'wrongRange', status: 206 });
		}
		const answer = await readStream(response, call);
		return { ...answer, body: cut(answer.body, 0, behindLast - first, host), sizeBytes: behindLast - first };
	}
	const tag = response.headers.get('etag');
	if (isPart && ifRange !== undefined && tag !== null && tag !== ifRange) {
		await cancelBody(response);
		throw new Failure('conflict', `The file at ${host} is another one than when its download began`, {
			status: response.status,
			code: 'contentChanged',
			title: 'The file was changed while it was read',
			nextStep: 'Nothing to do: the next run reads it as it is then',
		});
	}
	const answer = await readStream(response, call);
	if (!isPart) return answer;
	const { sizeBytes: totalBytes, ...rest } = answer;
	const end = Math.min(endBefore ?? Number.POSITIVE_INFINITY, totalBytes ?? Number.POSITIVE_INFINITY);
	return { ...rest, body: cut(answer.body, offset, end, host), ...(Number.isFinite(end) && totalBytes !== undefined ? { sizeBytes: Math.max(0, end - offset) } : {}) };
}

/** The bytes from `start` to before `end` of a body, which is left as soon as they are there; `transient` if they do not come. */
function cut(body: AsyncIterable<Uint8Array>, start: number, end: number, host: string): AsyncIterable<Uint8Array> {
	const source = body[Symbol.asyncIterator]();
	let at = 0;
	let isOver = false;
	const finish = async (): Promise<IteratorReturnResult<undefined>> => {
		if (!isOver) {
			isOver = true;
			await source.return?.();
		}
		return { done: true, value: undefined };
	};
	const next = async (): Promise<IteratorResult<Uint8Array, undefined>> => {
		while (!isOver && at < end) {
			const piece = await source.next();
			if (piece.done === true) {
				isOver = true;
				if (Number.isFinite(end)) throw new Failure('transient', `The answer of ${host} broke off after ${at} bytes`, { code: 'bodyTruncated' });
				break;
			}
			const from = Math.max(0, start - at);
			const wanted = piece.value.subarray(from, Math.min(piece.value.length, end - at));
			at += piece.value.length;
			if (wanted.length > 0) return { done: false, value: wanted };
		}
		return await finish();
	};
	return { [Symbol.asyncIterator]: () => ({ next, return: finish }) };
}
