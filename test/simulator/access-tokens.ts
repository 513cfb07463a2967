import { createHmac, randomBytes } from 'node:crypto';
import type { Tenant } from './tenant';

export interface TokenClaims {
	aud: string;
	iss: string;
	tid: string;
	appid: string;
	roles: string[];
	/** Seconds since 1970. */
	iat: number;
	exp: number;
}

interface KnownToken {
	claims: TokenClaims;
	/** Tokens of an older epoch were expired by a test. */
	epoch: number;
}

/** Application tokens as JWT. Graph alone checks them, so a secret of this process signs them. */
export class AccessTokens {
	private readonly secret = randomBytes(32);
	private readonly known = new Map<string, KnownToken>();
	private epoch = 0;
	private serial = 0;

	constructor(private readonly tenant: Tenant) {}

	issue(options: { audience?: string; roles?: readonly string[]; lifetimeMs?: number } = {}): { token: string; expiresInSeconds: number } {
		const iat = Math.floor(this.tenant.clock.nowMs() / 1000);
		const expiresInSeconds = Math.floor((options.lifetimeMs ?? this.tenant.switches.accessTokenLifetimeMs) / 1000);
		const claims: TokenClaims = {
			aud: options.audience ?? 'https://graph.microsoft.com',
			iss: `https://sts.windows.net/${this.tenant.tenantId}/`,
			tid: this.tenant.tenantId,
			appid: this.tenant.clientId,
			roles: [...(options.roles ?? this.tenant.roles.list())],
			iat,
			exp: iat + expiresInSeconds,
		};
		const header = { typ: 'JWT', alg: 'HS256', kid: 'simulator' };
		const unsigned = `${encode(header)}.${encode({ uti: `${this.serial++}-${randomBytes(12).toString('base64url')}`, ...claims, nbf: iat, ver: '1.0', idtyp: 'app', app_displayname: 'Simulated backup' })}`;
		const token = `${unsigned}.${createHmac('sha256', this.secret).update(unsigned).digest('base64url')}`;
		this.tenant.issued.noteToken('access token', token);
		this.known.set(token, { claims, epoch: this.epoch });
		return { token, expiresInSeconds };
	}

	/** From now on every token issued so far answers 401. */
	expireAll(): void {
		this.epoch++;
	}

	/** undefined: not ours, altered, or expired. */
	check(token: string): TokenClaims | undefined {
		const known = this.known.get(token);
		if (!known || known.epoch !== this.epoch || known.claims.exp * 1000 <= this.tenant.clock.nowMs()) return undefined;
		return known.claims;
	}
}

function encode(value: unknown): string {
	return Buffer.from(JSON.stringify(value)).toString('base64url');
}
