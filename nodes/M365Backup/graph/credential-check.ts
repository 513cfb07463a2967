import { z } from 'zod';
import { realAmbient, type Ambient } from '../base/ambient';
import { Failure, isFailure } from '../base/failure';
import { createGraphClient, type GraphClient } from './client';
import { cloudEndpoints } from './clouds';
import { hasPermission } from './permissions';
import { msalTokens, type MsalOptions } from './msal-tokens';
import { readTokenClaims, type TokenSource } from './tokens';
import { listMailboxes } from './users';

const text = z.string().default('');

/** The credential's fields, as n8n stores them. Made through n8n's API, any of them may be missing. */
const credentialFields = z.object({
	tenantId: text,
	clientId: text,
	authentication: z.enum(['secret', 'certificate']).default('secret'),
	clientSecret: text,
	certificate: text,
	privateKey: text,
	cloud: z.enum(['global', 'gccHigh', 'dod', 'china', 'custom']).default('global'),
	loginUrl: text,
	graphUrl: text,
	usedFor: z.enum(['backup', 'backupAndRestore']).default('backup'),
	licences: z.number().positive().default(1000),
	backupShare: z.number().min(1).max(100).default(80),
	requestLimits: z.enum(['microsoft', 'none']).default('microsoft'),
});

/** Those fields; what may be missing, may be missing. */
export type MicrosoftCredential = z.input<typeof credentialFields>;

type Use = z.output<typeof credentialFields>['usedFor'];

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
const needed: Readonly<Record<Use, readonly string[]>> = Object.freeze({
	backup: ['User.ReadBasic.All', 'Mail.Read'],
	backupAndRestore: ['User.ReadBasic.All', 'Mail.ReadWrite'],
});

/** For an app that has nothing to do with mailboxes, one of these is enough. `Sites.Selected` says nothing about what may be done there. */
const neededForFiles: Readonly<Record<Use, readonly string[]>> = Object.freeze({
	backup: ['Files.Read.All', 'Sites.Read.All', 'Sites.Selected'],
	backupAndRestore: ['Files.ReadWrite.All', 'Sites.ReadWrite.All', 'Sites.Selected'],
});
const ofFiles = /^(Files|Sites)\./;
const ofMailboxes = /^(Mail|Calendars|Contacts|Tasks|MailboxSettings|MailboxItem)\./;

/** May be granted for some mailboxes only, by Exchange RBAC for Applications; such grants do not show in tokens. */
const grantedByExchange = /^(Mail|Calendars|Contacts|MailboxSettings)\./;

/** The fields with their defaults. Throws `invalid` with the field's name, never its value. */
function readCredential(credential: MicrosoftCredential): z.output<typeof credentialFields> {
	const read = credentialFields.safeParse(credential);
	if (read.success) return read.data;
	const field = read.error.issues[0]?.path.join('.') ?? '';
	throw new Failure('invalid', `The Microsoft credential has a value in "${field}" that is not possible`, {
		nextStep: 'Open the credential, choose the field again and save it',
	});
}

/** What MSAL needs, from the credential's fields. Throws `invalid`. */
export function msalOptionsOf(credential: MicrosoftCredential): MsalOptions {
	const { tenantId, clientId, authentication, clientSecret, certificate, privateKey, cloud, loginUrl, graphUrl } = readCredential(credential);
	return {
		tenantId,
		clientId,
		proof: authentication === 'certificate' ? { kind: 'certificate', certificate, privateKey } : { kind: 'secret', clientSecret },
		endpoints: cloudEndpoints(cloud, { loginUrl, graphUrl }),
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
		const { usedFor } = readCredential(credential);
		const { ambient = realAmbient, fetch, signal } = parts;
		const tokens = parts.tokens ?? msalTokens({ ...options, ambient, ...(fetch ? { fetch } : {}) });
		const { roles } = readTokenClaims(await tokens.token({ renew: true, ...(signal ? { signal } : {}) }));
		const missing = missingForFiles(roles, usedFor) ?? needed[usedFor].filter((permission) => !hasPermission(roles, permission));
		if (missing.length === 0) return { status: 'OK', message: 'Signed in; the permissions are there' };
		const client = createGraphClient({ graphUrl: options.endpoints.graphUrl, tokens, ambient, ...(fetch ? { fetch } : {}), ...(signal ? { signal } : {}) });
		if (missing.every((permission) => grantedByExchange.test(permission)) && (await someMailboxAnswers(client))) {
			return { status: 'OK', message: `Signed in; a mailbox answers, by Exchange RBAC for Applications` };
		}
		return { status: 'Error', message: lacking(missing, usedFor) };
	} catch (error) {
		if (!isFailure(error)) throw error;
		return { status: 'Error', message: [error.title ?? error.message, ...(error.nextStep === undefined ? [] : [error.nextStep]), ...(error.title === undefined ? [] : [error.message])].join('. ') };
	}
}

/** What an app lacks that was granted files or sites, and nothing of mailboxes; undefined: it is about mailboxes, too. */
function missingForFiles(roles: readonly string[], usedFor: Use): string[] | undefined {
	if (!roles.some((role) => ofFiles.test(role)) || roles.some((role) => ofMailboxes.test(role))) return undefined;
	const wanted = neededForFiles[usedFor];
	if (wanted.some((permission) => hasPermission(roles, permission))) return [];
	const isOfSites = roles.some((role) => role.startsWith('Sites.'));
	return wanted.filter((permission) => permission.startsWith(isOfSites ? 'Sites.' : 'Files.')).slice(0, 1);
}

/** How much of SharePoint's quotas a credential's tenant has, what part of all quotas is for backups (in (0, 1]), and whether its requests are to be limited at all. */
export function requestLimitsOf(credential: MicrosoftCredential): { licences: number; backupShare: number; isUnlimited: boolean } {
	const { licences, backupShare, requestLimits, cloud } = readCredential(credential);
	return { licences, backupShare: backupShare / 100, isUnlimited: cloud === 'custom' && requestLimits === 'none' };
}

/** What a credential says, without anything that is secret. Throws `invalid`. */
export function describedCredential(credential: MicrosoftCredential): { cloud: string; usedFor: Use; licences: number; isUnlimited: boolean } {
	const { cloud, usedFor } = readCredential(credential);
	return { cloud, usedFor, ...requestLimitsOf(credential) };
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

function lacking(missing: readonly string[], usedFor: Use): string {
	const unknown = missing.filter((permission) => grantedByExchange.test(permission));
	const use = usedFor === 'backup' ? 'Backup' : 'Backup and restore';
	const grant = `${use} needs the application permission ${missing.join(' and ')}: add it to the app registration in Entra (API permissions > Microsoft Graph > Application permissions) and grant admin consent`;
	if (unknown.length === 0) return grant;
	return `${grant}. If ${unknown.join(', ')} is granted for some mailboxes by Exchange RBAC for Applications, that is unknown here: save the credential and back up one of them`;
}
