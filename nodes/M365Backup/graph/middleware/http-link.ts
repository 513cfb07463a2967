import type { Context } from '@microsoft/microsoft-graph-client';
import { Failure } from '../../base/failure';
import type { Call } from '../call';
import { isLoopback } from '../clouds';
import { connectionFailure } from '../connection-failure';
import { cancelBody, fetchLong } from '../long-answer';
import { onAbort } from '../on-abort';
import type { GraphStats } from '../stats';
import { Link } from './link';

const mostRedirects = 5;

/** Sends. Redirects are followed here, one by one, so that a token or a preference never goes to another origin. */
export class HttpLink extends Link {
	constructor(
		private readonly fetch: typeof globalThis.fetch,
		private readonly stats: GraphStats,
	) {
		super();
	}

	protected async pass(call: Call, _next: () => Promise<void>, context: Context): Promise<void> {
		let url = new URL(call.url);
		let headers: Record<string, string> = call.headers;
		for (let hop = 0; ; hop++) {
			const response = await this.send(call, hop === 0 ? call.url : url.href, headers);
			const location = response.headers.get('location');
			if (call.method !== 'GET' || ![301, 302, 303, 307, 308].includes(response.status) || location === null) {
				context.response = response;
				return;
			}
			await cancelBody(response);
			const target = new URL(location, url);
			if (hop >= mostRedirects) throw new Failure('transient', `${url.host} redirects in a circle`, { code: 'tooManyRedirects' });
			if (target.protocol !== 'https:' && target.protocol !== url.protocol && !isLoopback(target.hostname)) {
				throw new Failure('corrupt', `${url.host} redirects to an unencrypted address; it was not followed`, { code: 'foreignLink' });
			}
			if (target.origin !== url.origin) headers = withoutSecrets(headers);
			// SharePoint charges for the download as well as for the question where it is.
			if (call.resourceUnits !== undefined) call.countAgain(this.stats);
			url = target;
		}
	}

	private async send(call: Call, url: string, headers: Record<string, string>): Promise<Response> {
		this.stats.calls++;
		// fetch leaves its listener on a signal until it is collected; a run's own signal would gather thousands.
		const own = new AbortController();
		const stop = (): void => own.abort(call.signal?.reason);
		const forget = onAbort(call.signal, stop);
		if (call.signal?.aborted === true) stop();
		call.whenRead(forget);
		try {
			// A fetch that somebody gave us is used for everything.
			if (call.isTransfer && call.method === 'GET' && this.fetch === globalThis.fetch) return await fetchLong(url, { headers, redirect: 'manual', signal: own.signal, isLong: call.isLong });
			return await this.fetch(url, {
				method: call.method,
				headers,
				redirect: 'manual',
				...(call.body === undefined ? {} : { body: sendable(call.body) }),
				signal: own.signal,
			});
		} catch (error) {
			forget();
			throw connectionFailure(error, new URL(url).host);
		}
	}
}

/** The same bytes; `fetch` is typed for views of an ArrayBuffer, which a Buffer of ours always is. */
function sendable(body: string | Buffer): string | Uint8Array<ArrayBuffer> {
	return typeof body === 'string' ? body : new Uint8Array(body.buffer as ArrayBuffer, body.byteOffset, body.byteLength);
}

/** What may go to a download server: nothing but the range and what is accepted. */
function withoutSecrets(headers: Readonly<Record<string, string>>): Record<string, string> {
	return Object.fromEntries(Object.entries(headers).filter(([name]) => /^(range|accept|user-agent|if-range)$/i.test(name)));
}
