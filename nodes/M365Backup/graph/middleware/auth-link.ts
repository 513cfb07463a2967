import { Failure, isFailure } from '../../base/failure';
import type { Call } from '../call';
import type { GraphAddress } from '../graph-address';
import type { GraphStats } from '../stats';
import type { TokenSource } from '../tokens';
import { Link } from './link';

/** Adds the token, to calls to the credential's own Graph host alone. A 401 is answered with exactly one new token. */
export class AuthLink extends Link {
	constructor(
		private readonly tokens: TokenSource,
		private readonly address: GraphAddress,
		private readonly stats: GraphStats,
	) {
		super();
	}

	protected async pass(call: Call, next: () => Promise<void>): Promise<void> {
		if (!this.address.isOwn(call.url)) throw new Failure('defect', 'A request with a token was about to leave the Graph host; it was not sent');
		await this.authorize(call, false);
		try {
			await next();
		} catch (error) {
			if (!isFailure(error, 'denied') || error.status !== 401) throw error;
			await this.authorize(call, true);
			call.countAgain(this.stats);
			this.stats.retries++;
			await next();
		}
	}

	private async authorize(call: Call, renew: boolean): Promise<void> {
		call.headers['Authorization'] = `Bearer ${await this.tokens.token({ renew, ...(call.signal ? { signal: call.signal } : {}) })}`;
	}
}
