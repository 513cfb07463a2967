import { Failure, type FailureKind } from '../base/failure';

/** What the login service answered, without its text, which repeats what was sent. */
export interface LoginRefusal {
	status: number;
	/** The number of an `AADSTS…` error. */
	aadsts: number | undefined;
	retryAfterMs: number | undefined;
}

interface LoginCode {
	kind: FailureKind;
	message: string;
	nextStep: string;
}

const newSecret = 'Create a new client secret in the app registration (Certificates & secrets) and paste its Value, not its Secret ID';
const checkTenant = 'Check Tenant ID (the directory ID or a domain of the tenant) and Cloud of the credential';

/** "Microsoft Entra authentication and authorization error codes": those that a client credential can meet. */
const loginCodes: Readonly<Record<number, LoginCode>> = Object.freeze({
	7000215: { kind: 'denied', message: 'Microsoft does not accept the client secret', nextStep: newSecret },
	7000222: { kind: 'denied', message: 'The client secret has expired', nextStep: newSecret },
	7000216: { kind: 'denied', message: 'Microsoft got no client secret or certificate', nextStep: newSecret },
	700027: {
		kind: 'denied',
		message: 'The certificate is not one of the app registration',
		nextStep: 'Upload the certificate to the app registration (Certificates & secrets), or paste the one that is there',
	},
	700024: {
		kind: 'invalid',
		message: 'Microsoft refuses the signed request because of its time',
		nextStep: "Set this machine's clock: it differs from Microsoft's",
	},
	700016: {
		kind: 'invalid',
		message: 'The tenant has no app with this Client ID',
		nextStep: 'Check Client ID (Application ID of the app registration) and Tenant ID; in a customer tenant, give admin consent first',
	},
	700038: { kind: 'invalid', message: 'The Client ID is not valid', nextStep: 'Copy "Application (client) ID" from the app registration' },
	90002: { kind: 'invalid', message: 'There is no tenant of this name', nextStep: checkTenant },
	90013: { kind: 'invalid', message: 'The login service does not understand the request', nextStep: checkTenant },
	900023: { kind: 'invalid', message: 'The Tenant ID is neither a GUID nor a domain', nextStep: checkTenant },
	900382: { kind: 'invalid', message: 'The tenant belongs to another cloud', nextStep: checkTenant },
	900432: { kind: 'invalid', message: 'The tenant belongs to another cloud', nextStep: checkTenant },
	500011: { kind: 'invalid', message: 'The tenant does not know this Graph URL', nextStep: 'Check Cloud, or Graph URL, of the credential' },
	70011: { kind: 'invalid', message: 'The login service does not know this Graph URL', nextStep: 'Check Cloud, or Graph URL, of the credential' },
	7000112: { kind: 'denied', message: 'The app is disabled in the tenant', nextStep: 'Enable it under Enterprise applications in Entra' },
	53003: { kind: 'denied', message: 'A Conditional Access policy blocks the app', nextStep: 'Exclude the app or this machine from the policy in Entra' },
	530034: { kind: 'denied', message: 'A delegated administrator was blocked', nextStep: 'Check the access of the partner in the customer tenant' },
});

/** An answer of the login service, or none, as a Failure. Neither its text nor the secret appears. */
export function loginFailure(refusal: LoginRefusal | undefined, host: string): Failure {
	if (refusal === undefined) {
		return new Failure('transient', `The login service ${host} gave no usable answer`, {
			code: 'loginUnavailable',
			nextStep: `Check that this machine can reach ${host}, and Cloud and Login URL of the credential`,
		});
	}
	const { aadsts, status, retryAfterMs } = refusal;
	const known = aadsts === undefined ? undefined : loginCodes[aadsts];
	const name = aadsts === undefined ? `status ${status}` : `AADSTS${aadsts}`;
	if (known !== undefined) return new Failure(known.kind, `${known.message} (${name})`, { code: name, status, nextStep: known.nextStep });
	if (status === 429 || status >= 500) {
		return new Failure(status === 429 ? 'throttled' : 'transient', `The login service ${host} is not available now (${name})`, {
			code: 'loginUnavailable',
			status,
			retryAfterMs,
			nextStep: 'The next run tries again',
		});
	}
	return new Failure('denied', `The login service ${host} refuses the credential (${name})`, {
		code: name,
		status,
		nextStep: 'Check Tenant ID, Client ID and the secret or certificate; the code is explained at https://login.microsoftonline.com/error',
	});
}
