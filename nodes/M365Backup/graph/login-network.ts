import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from '@azure/msal-node';
import type { Ambient } from '../base/ambient';
import { Failure, isFailure } from '../base/failure';
import { bytesOf } from './body';
import { connectionFailure } from './connection-failure';
import { loginFailure, type LoginRefusal } from './login-failure';
import { retryAfterMs } from './retry-after';

const longestAnswerBytes = 1024 * 1024;
const patienceMs = 30_000;

/** Microsoft's login hosts stand for each other; a credential for one may be sent on to another by MSAL. */
const microsoftHosts: ReadonlySet<string> = new Set([
	'login.microsoftonline.com',
	'login.windows.net',
	'login.microsoft.com',
	'sts.windows.net',
	'login.microsoftonline.us',
	'login.usgovcloudapi.net',
	'login.chinacloudapi.cn',
	'login.partner.microsoftonline.cn',
]);

/**
 * MSAL's way to the network: global `fetch`, which honours NODE_EXTRA_CA_CERTS. A client secret goes only to the login
 * host of the credential, whatever a discovery document says. MSAL insists on https; for a login service on this machine
 * without it, addresses are turned back to http here.
 */
export class LoginNetwork implements INetworkModule {
	private lastFailure: Failure | undefined;
	private readonly login: URL;

	constructor(
		loginUrl: string,
		private readonly fetch: typeof globalThis.fetch,
		private readonly ambient: Ambient,
	) {
		this.login = new URL(loginUrl);
	}

	/** The login address as MSAL may see it. */
	get authorityOrigin(): string {
		return `https://${this.login.host}`;
	}

	forgetLast(): void {
		this.lastFailure = undefined;
	}

	/** What broke the last request or was refused, for a message better than MSAL's, which quotes the answer. */
	whyNoToken(): Failure {
		return this.lastFailure ?? loginFailure(undefined, this.login.host);
	}

	sendGetRequestAsync<T>(url: string, options?: NetworkRequestOptions): Promise<NetworkResponse<T>> {
		return this.send<T>('GET', url, options);
	}

	sendPostRequestAsync<T>(url: string, options?: NetworkRequestOptions): Promise<NetworkResponse<T>> {
		return this.send<T>('POST', url, options);
	}

	private async send<T>(method: string, url: string, options: NetworkRequestOptions | undefined): Promise<NetworkResponse<T>> {
		try {
			const response = await this.fetch(this.realUrl(url), {
				method,
				redirect: 'error',
				signal: AbortSignal.timeout(patienceMs),
				...(options?.headers === undefined ? {} : { headers: options.headers }),
				...(options?.body === undefined ? {} : { body: options.body }),
			});
			const text = (await bytesOf(response, this.login.host, longestAnswerBytes)).toString('utf8');
			const body = this.parsed(text, response.status) as T;
			// MSAL would take a refusal without an error code for a token that is empty.
			if (response.status >= 400) throw loginFailure(this.refusalOf(response, body), this.login.host);
			const headers: Record<string, string> = {};
			response.headers.forEach((value, name) => (headers[name] = value));
			return { headers, body, status: response.status };
		} catch (error) {
			this.lastFailure = this.failureOf(error);
			throw this.lastFailure;
		}
	}

	private realUrl(url: string): string {
		const target = new URL(url);
		const isOwn = target.host === this.login.host;
		if (!isOwn && !(microsoftHosts.has(target.host) && microsoftHosts.has(this.login.host))) {
			throw new Failure('invalid', `The login service wants the credential to be sent to another host; it was not sent`, {
				code: 'foreignLink',
				nextStep: 'Check Login URL of the credential',
			});
		}
		if (isOwn) target.protocol = this.login.protocol;
		return target.href;
	}

	/** Gateways refuse with web pages: then the status alone counts. */
	private parsed(text: string, status: number): unknown {
		try {
			return JSON.parse(this.asMsalSeesIt(text));
		} catch (error) {
			if (status >= 400) return undefined;
			throw error;
		}
	}

	private asMsalSeesIt(text: string): string {
		return this.login.protocol === 'http:' ? text.replaceAll(`http://${this.login.host}`, this.authorityOrigin) : text;
	}

	private refusalOf(response: Response, body: unknown): LoginRefusal {
		return { status: response.status, aadsts: aadstsOf(body), retryAfterMs: retryAfterMs(response.headers, this.ambient.now()) };
	}

	private failureOf(error: unknown): Failure {
		if (error instanceof SyntaxError) {
			return new Failure('transient', `${this.login.host} did not answer as a login service does`, {
				code: 'loginUnavailable',
				nextStep: 'Check Login URL of the credential',
			});
		}
		if (error instanceof Failure && error.code !== 'bodyTruncated') return error;
		const failure = connectionFailure(error, this.login.host);
		const isTimeout = isFailure(failure, 'cancelled');
		// No token, so nothing was sent to Graph: whatever the request was, it may be tried again.
		if (isTimeout || failure.kind === 'transient') {
			return new Failure('transient', isTimeout ? `The login service ${this.login.host} does not answer` : failure.message, {
				code: 'loginUnavailable',
				nextStep: failure.nextStep ?? `Check that this machine can reach ${this.login.host}`,
			});
		}
		return failure;
	}
}

function aadstsOf(body: unknown): number | undefined {
	if (typeof body !== 'object' || body === null) return undefined;
	if ('error_codes' in body && Array.isArray(body.error_codes) && typeof body.error_codes[0] === 'number') return body.error_codes[0];
	const text = 'error_description' in body && typeof body.error_description === 'string' ? body.error_description : '';
	const number = /AADSTS(\d+)/.exec(text)?.[1];
	return number === undefined ? undefined : Number(number);
}
