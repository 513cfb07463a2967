import { realAmbient, type Ambient } from '../base/ambient';
import { isFailure } from '../base/failure';
import { createGraphClient, type GraphClient } from './client';
import { cloudEndpoints, type CloudName } from './clouds';
import { hasPermission } from './permissions';
import { msalTokens, readTokenClaims, type MsalOptions, type TokenSource } from './tokens';
import { listMailboxes } from './users';

/** The credential's fields, as n8n stores them. */
export interface MicrosoftCredential {
	tenantId: string;
	clientId: string;
	authentication: 'secret' | 'certificate';
	clientSecret?: string;
	certificate?: string;
	privateKey?: string;
	cloud: CloudName;
	loginUrl?: string;
	graphUrl?: string;
	usedFor: 'backup' | 'backupAndRestore';
}

export interface CredentialCheck {
	status: 'OK' | 'Error';
	message: string;
}

export interface CheckParts {
	ambient?: Ambient;
	fetch?: typeof globalThis.fetch;
	/** Instead of MSAL's: tests. */
	tokens?: TokenSource;
	signal?: AbortSignal;
}

const mailboxesTried = 5;

/** What each use needs at least. Names of Microsoft Graph application permissions. */
const needed: Readonly<Record<MicrosoftCredential['usedFor'], readonly string[]>> = Object.freeze({
	backup: ['User.ReadBasic.All', 'Mail.Read'],
	backupAndRestore: ['User.ReadBasic.All', 'Mail.ReadWrite'],
});

/** May be granted for some mailboxes only, by Exchange RBAC for Applications; such grants do not show in tokens. */
const grantedByExchange = /^(Mail|Calendars|Contacts|MailboxSettings)\./;

/** What MSAL needs, from the credential's fields. Throws `invalid`. */
export function msalOptionsOf(credential: MicrosoftCredential): MsalOptions {
	const { loginUrl = '', graphUrl = '' } = credential;
	return {
		tenantId: credential.tenantId,
		clientId: credential.clientId,
		proof:
			credential.authentication === 'certificate'
				? { kind: 'certificate', certificate: credential.certificate ?? '', privateKey: credential.privateKey ?? '' }
				: { kind: 'secret', clientSecret: credential.clientSecret ?? '' },
		endpoints: cloudEndpoints(credential.cloud, { loginUrl, graphUrl }),
	};
}

/**
 * Tests a credential: gets a new token and compares the permissions in it with what the chosen use needs. `Error` names
 * each permission that is missing, since n8n shows the message of a failed test only.
 *
 * Permissions by Exchange RBAC for Applications, which cover some mailboxes, are never in a token. So where only mail
 * permissions are missing, a few mailboxes are tried: one that answers proves such grants, and the test passes (whether
 * writing is granted, too, cannot be tried without writing). Where all refuse, the message says that it is unknown, and
 * how to find out.
 */
export async function checkMicrosoftCredential(credential: MicrosoftCredential, parts: CheckParts = {}): Promise<CredentialCheck> {
	try {
		const options = msalOptionsOf(credential);
		const { ambient = realAmbient, fetch, signal } = parts;
		const tokens = parts.tokens ?? msalTokens({ ...options, ambient, ...(fetch ? { fetch } : {}) });
		const { roles } = readTokenClaims(await tokens.token({ renew: true, ...(signal ? { signal } : {}) }));
		const missing = needed[credential.usedFor].filter((permission) => !hasPermission(roles, permission));
		if (missing.length === 0) return { status: 'OK', message: 'Signed in; the permissions for mail are there' };
		const client = createGraphClient({ graphUrl: options.endpoints.graphUrl, tokens, ambient, ...(fetch ? { fetch } : {}), ...(signal ? { signal } : {}) });
		if (missing.every((permission) => grantedByExchange.test(permission)) && (await someMailboxAnswers(client))) {
			return { status: 'OK', message: `Signed in; a mailbox answers, by Exchange RBAC for Applications` };
		}
		return { status: 'Error', message: lacking(missing, credential.usedFor) };
	} catch (error) {
		if (!isFailure(error)) throw error;
		return { status: 'Error', message: error.nextStep === undefined ? error.message : `${error.message}. ${error.nextStep}` };
	}
}

/** Tries the mailboxes of a few users. Those without a mailbox, and refusals, prove nothing. */
async function someMailboxAnswers(client: GraphClient): Promise<boolean> {
	const { mailboxes } = await listMailboxes(client, { limit: mailboxesTried });
	for (const { id } of mailboxes.slice(0, mailboxesTried)) {
		try {
			await client.json({ path: `/users/${id}/mailFolders?$top=1&$select=id`, retries: 0 });
			return true;
		} catch (error) {
			if (!isFailure(error, 'denied', 'notFound')) throw error;
		}
	}
	return false;
}

function lacking(missing: readonly string[], usedFor: MicrosoftCredential['usedFor']): string {
	const unknown = missing.filter((permission) => grantedByExchange.test(permission));
	const use = usedFor === 'backup' ? 'Backup' : 'Backup and restore';
	const grant = `${use} needs the application permission ${missing.join(' and ')}: add it to the app registration in Entra (API permissions > Microsoft Graph > Application permissions) and grant admin consent`;
	if (unknown.length === 0) return grant;
	return `${grant}. If ${unknown.join(', ')} is granted for some mailboxes by Exchange RBAC for Applications, that is unknown here: save the credential and back up one of them`;
}
