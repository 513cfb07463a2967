import { createPrivateKey, X509Certificate } from 'node:crypto';
import { Failure } from '../base/failure';

/** What MSAL signs client assertions with. */
export interface ClientCertificate {
	/** Hexadecimal, without colons. */
	thumbprintSha256: string;
	/** PKCS 8 or PKCS 1, PEM. */
	privateKey: string;
	/** The certificate (and chain) as PEM: Microsoft can then check it by subject name and issuer, too. */
	x5c: string;
}

/**
 * Reads a certificate and its private key, both PEM, and proves that they belong together. Single-line input fields turn
 * line breaks into spaces or `\n`; that is undone. Throws `invalid` with what to change; never quotes the key.
 */
export function readClientCertificate(certificatePem: string, privateKeyPem: string, now: Date): ClientCertificate {
	const x5c = withLineBreaks(certificatePem);
	const privateKey = withLineBreaks(privateKeyPem);
	const certificate = readCertificate(x5c);
	if (/ENCRYPTED/.test(privateKey)) {
		throw new Failure('invalid', 'The Private Key of the credential is protected by a passphrase', {
			nextStep: 'Give it without one: openssl pkey -in key.pem -out plain.pem',
		});
	}
	let belongs: boolean;
	try {
		belongs = certificate.checkPrivateKey(createPrivateKey(privateKey));
	} catch {
		throw new Failure('invalid', 'The Private Key of the credential is not a PEM private key', {
			nextStep: 'Paste the whole file, from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY-----',
		});
	}
	if (!belongs) {
		throw new Failure('invalid', 'The Private Key of the credential belongs to another certificate', {
			nextStep: 'Paste certificate and key of the same pair',
		});
	}
	if (Date.parse(certificate.validTo) < now.getTime()) {
		throw new Failure('invalid', `The Certificate of the credential expired on ${certificate.validTo}`, {
			nextStep: 'Make a new certificate, upload it to the app registration in Entra, and paste it here',
		});
	}
	return { thumbprintSha256: certificate.fingerprint256.replaceAll(':', ''), privateKey, x5c };
}

function readCertificate(pem: string): X509Certificate {
	try {
		return new X509Certificate(pem);
	} catch {
		throw new Failure('invalid', 'The Certificate of the credential is not a PEM certificate', {
			nextStep: 'Paste the whole file, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----',
		});
	}
}

function withLineBreaks(text: string): string {
	return text
		.replaceAll('\\n', '\n')
		.replace(/-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g, (_whole, label: string, body: string) => {
			const base64 = body.replace(/\s+/g, '');
			return `-----BEGIN ${label}-----\n${base64.replace(/.{64}/g, '$&\n').trimEnd()}\n-----END ${label}-----`;
		})
		.trim();
}
