import { Failure, type FailureKind } from '../../base/failure';
import { redact } from '../../base/redact';
import { LOCKED_CODE } from '../store';

/** What was being done, for messages. */
export interface AzureCall {
	/** e.g. `read a/b.json in Azure container contoso (…)`. */
	doing: string;
	/** What a SAS calls the permission that it takes, e.g. `Read`. */
	permission: string;
	container: string;
	/** What must not stand in a message, whatever a server says. */
	secrets: readonly string[];
	/** When the shared access signature runs out, as it says itself. */
	signatureEnds?: string | undefined;
}

interface Answer {
	kind: FailureKind;
	/** Instead of what the server said. */
	said?: string;
	nextStep: string;
	/** Instead of the service's code. */
	code?: string;
}

const busy = 'The storage is busy or has a passing fault: run again later.';
const space = 'Raise the quota or the capacity of the storage account, or let Prune remove old backups, then run again: what was stored before is unharmed.';
const unreachable = 'Check the name of the account or the endpoint in the Azure Blob credential, and that n8n can reach it (firewall, proxy, DNS, private endpoint). What was stored before is unharmed.';
const untrusted = 'Enter the certificate of the authority that signed it (PEM) as CA Certificate in the Azure Blob credential, or use the host name that the certificate is for.';
const locked = 'Nothing is to be done: it can be deleted once the policy of the container allows it.';

/** By the service's code ("Common REST API error codes", "Blob Storage error codes"), or Node's. */
const answers: Record<string, Answer> = {
	...same(['ServerBusy', 'OperationTimedOut', 'IngressIsExceedingLimit', 'EgressIsOverAccountLimit'], { kind: 'throttled', nextStep: 'The storage asks for fewer requests: run again later, or back up fewer sources at once.' }),
	...same(['InternalError', 'Md5Mismatch', 'Crc64Mismatch', 'PendingCopyOperation', 'SystemInUse', 'AccountBeingCreated'], { kind: 'transient', nextStep: busy }),
	...same(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'EHOSTDOWN', 'EADDRNOTAVAIL', 'ERR_STREAM_PREMATURE_CLOSE', 'PARSE_ERROR', 'REQUEST_SEND_ERROR'], { kind: 'transient', nextStep: unreachable }),
	...same(['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'CERT_UNTRUSTED', 'CERT_SIGNATURE_FAILURE', 'ERR_TLS_CERT_ALTNAME_INVALID', 'HOSTNAME_MISMATCH', 'INVALID_CA'], { kind: 'invalid', nextStep: untrusted }),
	...same(['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'HPE_INVALID_CONSTANT'], { kind: 'invalid', said: 'the endpoint does not speak the protocol in its address', nextStep: 'Check http or https and the port of the endpoint in the Azure Blob credential.' }),
	...same(['AccountQuotaExceeded', 'BlockCountExceedsLimit', 'InsufficientStorage', 'ENOSPC'], { kind: 'quota', nextStep: space }),
	...same(['AuthenticationFailed', 'InvalidAuthenticationInfo', 'NoAuthenticationInformation'], {
		kind: 'denied',
		said: 'the storage account does not accept the key or the shared access signature',
		nextStep: 'Enter the account key anew in the Azure Blob credential (it may have been rotated), or a new shared access signature if that one has run out; and check that the clock of the machine that n8n runs on is right: 15 minutes off, and no signature is accepted.',
	}),
	...same(['AuthorizationProtocolMismatch', 'AccountRequiresHttps'], { kind: 'denied', said: 'the storage account wants https', nextStep: 'Enter the endpoint with https:// in the Azure Blob credential.' }),
	...same(['AuthorizationSourceIPMismatch', 'AuthorizationFailure', 'PublicAccessNotPermitted'], {
		kind: 'denied',
		said: 'the storage account lets nobody in from here, or does not accept the key or signature for this',
		nextStep: 'Check the key or the shared access signature in the Azure Blob credential, and add the address of n8n under Networking of the storage account.',
	}),
	...same(['KeyBasedAuthenticationNotPermitted'], { kind: 'denied', said: 'the storage account does not accept account keys', nextStep: 'Allow storage account key access in its configuration, or use a shared access signature that was delegated by a user.' }),
	...same(['AccountIsDisabled', 'AuthorizationServiceMismatch', 'InsufficientAccountPermissions'], { kind: 'denied', nextStep: 'Look at the storage account in the portal: it is disabled, or the signature is for another service.' }),
	...same(['BlobArchived', 'BlobBeingRehydrated'], { kind: 'denied', said: 'the file was moved to the archive tier, from which it cannot be read directly', nextStep: 'Rehydrate it to the hot or cool tier, and take care that lifecycle rules leave backups in a tier that can be read at once.' }),
	...same(['BlobImmutableDueToPolicy', 'BlobImmutableDueToLegalHold', 'SnapshotsPresent'], { kind: 'denied', said: 'a policy of the container keeps it from being changed or deleted', nextStep: locked, code: LOCKED_CODE }),
	...same(['ContainerBeingDeleted', 'ContainerDisabled'], { kind: 'invalid', said: 'the container is being deleted', nextStep: 'Create a container of that name again once it is gone, or choose another one.' }),
	...same(['LeaseIdMissing', 'LeaseIdMismatchWithBlobOperation', 'LeaseAlreadyPresent'], { kind: 'denied', said: 'somebody else holds a lease on it', nextStep: 'Find out what else works on this container and have it let go.' }),
	...same(['UnsupportedHttpVerb', 'InvalidUri', 'OutOfRangeInput', 'InvalidResourceName', 'FeatureNotSupported'], { kind: 'invalid', nextStep: 'Check that the endpoint is that of the blob service (not of Data Lake, files or tables).' }),
};

function same(codes: readonly string[], answer: Answer): Record<string, Answer> {
	return Object.fromEntries(codes.map((code) => [code, answer]));
}

/** An error of the SDK or of the connection, as far as it is ours to read. */
export interface AzureErrorFacts {
	code: string;
	status: number | undefined;
	message: string;
	/** What the service says of a refused signature beside its message. */
	detail: string;
	retryAfterMs: number | undefined;
}

export function azureFacts(error: unknown): AzureErrorFacts {
	const fields = asRecord(error);
	const details = asRecord(fields['details']);
	const headers = asRecord(fields['response'])['headers'] as { get?(name: string): string | undefined } | undefined;
	const retryAfterSeconds = Number(headers?.get?.('retry-after'));
	const name = text(fields['name']);
	// The SDK gives one code to all that happens to a connection: what Node says stands in the error behind it.
	const behind = text(asRecord(fields['cause'])['code']);
	const said = text(fields['code']) ?? text(details['errorCode']) ?? text(details['code']) ?? headers?.get?.('x-ms-error-code') ?? undefined;
	const generic = said === undefined || said === 'REQUEST_SEND_ERROR' || said === 'PARSE_ERROR';
	const message = text(fields['message']) ?? '';
	return {
		code: (generic ? (behind ?? said) : said) ?? name ?? 'UnknownError',
		status: typeof fields['statusCode'] === 'number' ? fields['statusCode'] : undefined,
		// Behind the first line come request id and time.
		message: message.split('\n')[0] ?? '',
		detail: text(details['authenticationErrorDetail']) ?? text(details['AuthenticationErrorDetail']) ?? '',
		retryAfterMs: retryAfterSeconds > 0 ? retryAfterSeconds * 1000 : undefined,
	};
}

/** An error of the SDK as a Failure that says what could not be done, where, and what to do about it. */
export function azureFailure(error: unknown, call: AzureCall): Failure {
	if (error instanceof Failure) return error;
	// The SDK reads whatever comes as if it were the service's answer, and stumbles over what is missing.
	if (error instanceof TypeError || error instanceof RangeError) return notAzure(call.doing);
	const facts = azureFacts(error);
	if (facts.code === 'AbortError' || text(asRecord(error)['name']) === 'AbortError') return new Failure('cancelled', 'The run was stopped', { cause: error });
	const { kind, said, nextStep, code = facts.code } = answerTo(facts, call);
	const reason = said ?? ([facts.message, facts.status].find((known) => known !== undefined && known !== '') ?? 'no reason given');
	const message = `Could not ${call.doing}: ${redact(String(reason).replaceAll(/\s+/g, ' ').trim(), call.secrets)} (${redact(facts.code, call.secrets)})`;
	// The SDK's error is no cause to hand on: it holds the whole request, the signature among it.
	return new Failure(kind, message, { code, status: facts.status, nextStep, ...(facts.retryAfterMs !== undefined && { retryAfterMs: facts.retryAfterMs }) });
}

/** Something else answered. */
export function notAzure(doing: string): Failure {
	return new Failure('invalid', `Could not ${doing}: the endpoint does not answer as Azure Blob Storage does`, {
		code: 'notAzure',
		nextStep: 'Check that the endpoint in the Azure Blob credential is that of the blob service.',
	});
}

function answerTo(facts: AzureErrorFacts, call: AzureCall): Answer {
	const { code, status, message, detail } = facts;
	if (code === 'ContainerNotFound') {
		return { kind: 'invalid', said: `there is no container "${call.container}"`, nextStep: 'Check the name of the container and the account, or create the container: the backup makes none by itself.' };
	}
	if (['AuthorizationPermissionMismatch', 'AuthorizationResourceTypeMismatch'].includes(code)) {
		return { kind: 'denied', said: `the shared access signature does not allow it`, nextStep: `Give it the permission ${call.permission} on container ${call.container}. Backups need Read, Add, Create, Write, Delete and List; a restore needs Read and List.` };
	}
	if ((code === 'InvalidHeaderValue' && /date/i.test(message)) || /date header too old/i.test(detail)) {
		return { kind: 'invalid', said: 'the clock of this machine is more than 15 minutes off', nextStep: 'Set the clock of the machine that n8n runs on, best with NTP, then run again.' };
	}
	const ends = call.signatureEnds === undefined ? '' : ` (it ends ${call.signatureEnds})`;
	if (/not valid in the specified time frame/i.test(detail)) {
		return { kind: 'denied', said: `the shared access signature has run out or is not valid yet${ends}`, nextStep: 'Enter a new shared access signature in the Azure Blob credential, and check that the clock of the machine that n8n runs on is right.' };
	}
	if (code.startsWith('BlobImmutableDueTo') && call.permission === 'Write') {
		return { kind: 'denied', said: 'a policy of the container forbids overwriting files, which a backup does with a few', nextStep: 'Back up into a container without immutability policy, or with one at the level of versions (versioning on): those allow overwriting, and keep what was there. What was stored before is unharmed.' };
	}
	const known = answers[code];
	if (known) return ends !== '' && code === 'AuthenticationFailed' ? { ...known, said: `the storage account does not accept the shared access signature${ends}` } : known;
	if (code.startsWith('ERR_TLS') || code.startsWith('ERR_SSL')) return { kind: 'invalid', nextStep: untrusted };
	if (status === 409 || status === 412) return { kind: 'conflict', nextStep: 'Run again.' };
	if (status === 429) return { kind: 'throttled', nextStep: busy };
	if (status === 507) return { kind: 'quota', nextStep: space };
	if (status !== undefined && status >= 500) return { kind: 'transient', nextStep: busy };
	if (status === 401 || status === 403) return { kind: 'denied', nextStep: `Give the credential the permission ${call.permission} on container ${call.container}.` };
	if (status === 404) return { kind: 'notFound', nextStep: 'Check account, endpoint and container.' };
	if (status !== undefined) return { kind: 'invalid', nextStep: 'Check account, endpoint and container; the endpoint must be that of the blob service.' };
	return { kind: 'defect', nextStep: 'Run again. If it goes on, report it together with this message.' };
}

function asRecord(value: unknown): Record<string, unknown> {
	return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string | undefined {
	return typeof value === 'string' && value !== '' ? value : undefined;
}
