/** A login service for MSAL: discovery document and token endpoint, as Microsoft's answer. */
export class FakeLogin {
	readonly sent: { url: string; method: string; form: URLSearchParams }[] = [];
	/** The answer of the token endpoint; a token with these roles when undefined. */
	refuse: (() => Response | Promise<Response>) | undefined;
	discovery: (() => Response) | undefined;
	roles = ['User.ReadBasic.All', 'Mail.Read'];
	/** Graph, for what is asked of it with the token. */
	graph: (url: string) => Response = () => new Response('{}', { status: 404 });

	constructor(
		readonly loginUrl = 'https://login.example',
		readonly graphUrl = 'https://graph.example',
	) {}

	readonly fetch: typeof globalThis.fetch = async (input, init) => {
		const url = input instanceof Request ? input.url : input.toString();
		const form = new URLSearchParams(typeof init?.body === 'string' ? init.body : '');
		this.sent.push({ url, method: init?.method ?? 'GET', form });
		if (url.startsWith(`${this.graphUrl}/v1.0`)) return this.graph(url);
		const tenant = new URL(url).pathname.split('/')[1];
		if (url.includes('/.well-known/openid-configuration')) {
			if (this.discovery) return this.discovery();
			return Response.json({
				issuer: `${this.loginUrl}/${tenant}/v2.0`,
				authorization_endpoint: `${this.loginUrl}/${tenant}/oauth2/v2.0/authorize`,
				token_endpoint: `${this.loginUrl}/${tenant}/oauth2/v2.0/token`,
				jwks_uri: `${this.loginUrl}/${tenant}/discovery/v2.0/keys`,
			});
		}
		if (this.refuse) return this.refuse();
		const number = this.sent.filter(({ method }) => method === 'POST').length;
		return Response.json({ token_type: 'Bearer', expires_in: 3599, access_token: tokenWith(this.roles, number) });
	};

	get tokenRequests(): URLSearchParams[] {
		return this.sent.filter(({ method, url }) => method === 'POST' && !url.startsWith(`${this.graphUrl}/v1.0`)).map(({ form }) => form);
	}
}

/** Unsigned, as nobody but Graph verifies. */
export function tokenWith(roles: string[], number = 1): string {
	const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
	return `${part({ alg: 'none' })}.${part({ tid: 'AAAAAAAA-0000-0000-0000-000000000001', appid: 'bbbbbbbb-0000-0000-0000-000000000002', roles, number })}.${part('signature')}`;
}

/** The login service's way to refuse. */
export function aadsts(code: number, status = 400, error = 'invalid_client'): Response {
	return Response.json(
		{ error, error_description: `AADSTS${code}: long text that repeats s3cret-value. Trace ID: 1`, error_codes: [code], trace_id: 't', correlation_id: 'c' },
		{ status },
	);
}
