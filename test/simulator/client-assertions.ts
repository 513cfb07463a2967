import { createHash, X509Certificate, verify } from 'node:crypto';
import type { VirtualClock } from './clock';
import type { GraphAnswer } from './exchange';
import { loginError } from './login';

interface Assertion {
	header: { alg?: string; x5t?: string; 'x5t#S256'?: string };
	claims: { aud?: string; iss?: string; sub?: string; exp?: number };
	signed: string;
	signature: Buffer;
}

/** Certificates of the app registration: a client assertion must be signed by one of them. */
export class ClientAssertions {
	private readonly certificates: X509Certificate[] = [];

	constructor(private readonly clock: VirtualClock) {}

	/** Uploads a certificate (PEM) to the app registration. */
	register(pem: string): void {
		this.certificates.push(new X509Certificate(pem));
	}

	/** undefined: accepted. */
	check(text: string, clientId: string): GraphAnswer | undefined {
		const assertion = parse(text);
		if (!assertion) return loginError(400, 'invalid_request', 50027, 'JWT token is invalid or malformed.');
		const { header, claims } = assertion;
		const certificate = this.certificates.find((one) => thumbprints(one).some((print) => print === header.x5t || print === header['x5t#S256']));
		if (!certificate) return loginError(401, 'invalid_client', 700027, 'The certificate with identifier used to sign the client assertion is not registered on application.');
		if (!isSigned(assertion, certificate)) return loginError(401, 'invalid_client', 700027, 'Client assertion failed signature validation.');
		if (claims.iss !== clientId || claims.sub !== clientId) return loginError(401, 'invalid_client', 700021, 'Client assertion application identifier does not match client_id.');
		if ((claims.exp ?? 0) * 1000 <= this.clock.nowMs()) return loginError(401, 'invalid_client', 700024, 'Client assertion is not within its valid time range.');
		return undefined;
	}
}

function parse(text: string): Assertion | undefined {
	const [head = '', claims = '', signature = ''] = text.split('.');
	try {
		return {
			header: JSON.parse(Buffer.from(head, 'base64url').toString('utf8')) as Assertion['header'],
			claims: JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as Assertion['claims'],
			signed: `${head}.${claims}`,
			signature: Buffer.from(signature, 'base64url'),
		};
	} catch {
		return undefined;
	}
}

function thumbprints(certificate: X509Certificate): string[] {
	return ['sha1', 'sha256'].map((algorithm) => createHash(algorithm).update(certificate.raw).digest('base64url'));
}

function isSigned({ header, signed, signature }: Assertion, certificate: X509Certificate): boolean {
	const key = header.alg === 'PS256' ? { key: certificate.publicKey, padding: 6, saltLength: 32 } : { key: certificate.publicKey };
	return verify('sha256', Buffer.from(signed), key, signature);
}
