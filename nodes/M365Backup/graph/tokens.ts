import { z } from 'zod';
import { Failure } from '../base/failure';

/** Where access tokens for Graph come from. */
export interface TokenSource {
	/** A token that is valid now. `renew` asks for a new one, past any cache: Graph has refused the last. Throws Failures. */
	token(options?: { renew?: boolean; signal?: AbortSignal }): Promise<string>;
}

export interface TokenClaims {
	/** The tenant's GUID, whatever spelling the credential uses: this identifies sources. */
	tenantId: string;
	/** Application permissions granted in Entra, e.g. `Mail.Read`. Grants by Exchange RBAC are not among them. */
	roles: string[];
	appId: string;
}

/** Always the same token: tests and the simulator. */
export function fixedToken(token: string): TokenSource {
	return { token: () => Promise.resolve(token) };
}

const claims = z.object({
	tid: z.string(),
	roles: z.array(z.string()).default([]),
	appid: z.string().optional(),
	azp: z.string().optional(),
});

/** What a token says of itself. Nothing is verified here: Graph verifies. Throws `invalid` without quoting the token. */
export function readTokenClaims(token: string): TokenClaims {
	const payload = token.split('.')[1];
	const parsed = claims.safeParse(payload === undefined ? undefined : parseJson(Buffer.from(payload, 'base64url').toString('utf8')));
	if (!parsed.success) {
		throw new Failure('invalid', 'The access token does not say which tenant it belongs to', {
			nextStep: 'Check Tenant ID and Login URL of the credential: the login service did not issue a token for Microsoft Graph',
		});
	}
	const { tid, roles, appid, azp } = parsed.data;
	return { tenantId: tid.toLowerCase(), roles, appId: appid ?? azp ?? '' };
}

function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
