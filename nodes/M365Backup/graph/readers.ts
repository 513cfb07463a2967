import { Failure } from '../base/failure';
import { bodyOf, bytesOf, plainLength } from './body';
import type { Call } from './call';
import { cancelBody } from './long-answer';
import { onAbort } from './on-abort';

/** A page of 999 messages with bodies stays below this. */
const longestJsonBytes = 64 * 1024 * 1024;

/** Reads an answer's JSON; undefined for an answer without a body. Broken JSON is `transient`: Graph cuts pages off now and then. */
export async function readJson(response: Response, call: Call): Promise<unknown> {
	const host = new URL(call.url).host;
	if (response.status === 204) {
		await cancelBody(response);
		return undefined;
	}
	const bytes = await bytesOf(response, host, longestJsonBytes);
	call.lease?.received(bytes.length);
	if (bytes.length === 0 && call.method !== 'GET') return undefined;
	try {
		return JSON.parse(bytes.toString('utf8'));
	} catch {
		throw new Failure('transient', `The answer of ${host} to ${call.method} ${call.path.split('?')[0] ?? ''} is not complete JSON`, {
			code: 'brokenJson',
			status: response.status,
		});
	}
}

export interface StreamAnswer {
	status: number;
	headers: Headers;
	/** To be read once, to its end or abandoned (`return`): until then it holds one slot of the mailbox. */
	body: AsyncIterable<Uint8Array>;
	sizeBytes?: number;
}

/**
 * Hands the body on unread. The slot of the mailbox is given back when the body ends, breaks, is abandoned or cancelled; of
 * one that is begun before its turn also from its first bytes until it is read on.
 */
export function readStream(response: Response, call: Call): Promise<StreamAnswer> {
	const { signal } = call;
	const lease = call.takeLease();
	const release = (): void => {
		forget();
		lease?.release();
	};
	const forget = onAbort(signal, release);
	const source = bodyOf(response, new URL(call.url).host);
	let started = false;
	let ahead: 'no' | 'begun' | 'resting' = call.isAhead ? 'begun' : 'no';
	const iterator: AsyncIterator<Uint8Array, void, undefined> = {
		next: async () => {
			started = true;
			try {
				if (ahead === 'resting') {
					ahead = 'no';
					await lease?.resume();
				}
				const result = await source.next();
				if (result.done === true) release();
				else {
					lease?.received(result.value.byteLength);
					if (ahead === 'begun') {
						ahead = 'resting';
						lease?.rest();
					}
				}
				return result;
			} catch (error) {
				release();
				// Where nothing but its slot was refused, the connection still stands.
				await source.return();
				throw error;
			}
		},
		return: async () => {
			release();
			// A generator that never ran has no `finally` to close the connection.
			if (started) await source.return();
			else await cancelBody(response);
			return { done: true, value: undefined };
		},
	};
	const sizeBytes = plainLength(response);
	return Promise.resolve({
		status: response.status,
		headers: response.headers,
		body: { [Symbol.asyncIterator]: () => iterator },
		...(sizeBytes === undefined ? {} : { sizeBytes }),
	});
}
