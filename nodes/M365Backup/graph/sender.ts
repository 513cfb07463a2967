import { Client, ResponseType } from '@microsoft/microsoft-graph-client';
import type { Ambient } from '../base/ambient';
import { toFailure } from '../base/failure';
import { Call, type CallInput } from './call';
import { CallHolder } from './call-holder';
import type { Governor } from './governor';
import type { GraphAddress } from './graph-address';
import { AnswerLink } from './middleware/answer-link';
import { AuthLink } from './middleware/auth-link';
import { GovernedLink } from './middleware/governed-link';
import { HttpLink } from './middleware/http-link';
import { PreferLink } from './middleware/prefer-link';
import { RetryLink } from './middleware/retry-link';
import type { GraphStats } from './stats';
import type { TokenSource } from './tokens';

export interface SenderOptions {
	address: GraphAddress;
	tokens: TokenSource;
	ambient: Ambient;
	fetch: typeof globalThis.fetch;
	governor: Governor;
	tenant: string;
	priority: 'backup' | 'restore';
	userAgent: string;
	signal: AbortSignal | undefined;
	stats: GraphStats;
}

/** Puts the chain together and sends calls through the Microsoft Graph client. */
export class Sender {
	private readonly client: Client;
	/** The same chain for pre-authorised URLs: without a token, without preferences. */
	private readonly tokenless: Client;
	private readonly answers: AnswerLink;

	constructor(private readonly options: SenderOptions) {
		const { ambient, stats, address, governor, tenant, priority } = options;
		this.answers = new AnswerLink(ambient);
		const http = new HttpLink(options.fetch, stats);
		const customHosts = new Set([new URL(address.baseUrl).hostname]);
		const governed = { governor, tenant, priority, stats };
		this.client = Client.initWithMiddleware({
			baseUrl: address.origin,
			customHosts,
			middleware: [
				new PreferLink(),
				new RetryLink(ambient, stats),
				new GovernedLink(governed),
				new AuthLink(options.tokens, address, stats),
				this.answers,
				http,
			],
		});
		this.tokenless = Client.initWithMiddleware({
			baseUrl: address.origin,
			middleware: [new RetryLink(ambient, stats), new GovernedLink(governed), new AnswerLink(ambient), new HttpLink(options.fetch, stats)],
		});
	}

	get clockSkewMs(): number | undefined {
		return this.answers.clockSkewMs;
	}

	/** Sends with a token, to the Graph host only. Throws Failures. */
	send(input: CallInput): Promise<unknown> {
		return this.through(this.client, input);
	}

	/** Sends without a token, to a pre-authorised URL. Throws Failures. */
	sendWithoutToken(input: CallInput): Promise<unknown> {
		return this.through(this.tokenless, input);
	}

	private async through(client: Client, input: CallInput): Promise<unknown> {
		const call = new Call({
			...input,
			headers: { 'User-Agent': this.options.userAgent, Accept: '*/*', ...input.headers },
			signal: either(this.options.signal, input.signal),
		});
		if (call.signal?.aborted === true) throw toFailure(Object.assign(new Error('stopped'), { name: 'AbortError' }));
		const holder = new CallHolder(call);
		// The client's own URL building sorts query parameters and knows https alone, so the links of our chain take the
		// address, headers and body from the call, verbatim; the client contributes its chain and its request contract.
		const request = client.api(call.path).responseType(ResponseType.RAW).middlewareOptions([holder]);
		try {
			await request.get();
		} catch (error) {
			throw toFailure(call.failure ?? error);
		} finally {
			holder.letGo();
		}
		return call.result;
	}
}

/** A signal that fires when one of two does. */
export function either(one: AbortSignal | undefined, other: AbortSignal | undefined): AbortSignal | undefined {
	if (one === undefined || one === other) return other;
	return other === undefined ? one : AbortSignal.any([one, other]);
}
