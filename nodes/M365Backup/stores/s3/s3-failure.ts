import { Failure, type FailureDetails, type FailureKind } from '../../base/failure';
import { redact } from '../../base/redact';

/** What was being done, for messages. */
export interface S3Call {
	/** e.g. `read a/b.json in S3 bucket contoso (s3.example.com)`. */
	doing: string;
	/** What AWS calls the permission that it takes, e.g. `s3:GetObject`. */
	permission: string;
	bucket: string;
	/** What must not stand in a message, whatever a server says. */
	secrets: readonly string[];
}

interface Answer {
	kind: FailureKind;
	/** Instead of what the server said. */
	said?: string;
	nextStep: string;
}

const busy = 'The storage is busy or has a passing fault: run again later. If it goes on, ask its operator.';
const space = 'Enlarge the storage or raise its quota or spending cap, or let Prune remove old backups, then run again: what was stored before is unharmed.';
const unreachable = 'Check the endpoint in the S3 credential, that the storage is running, and that n8n can reach it (firewall, proxy, DNS). What was stored before is unharmed.';
const unsupported = 'This storage lacks something that backups need, or the endpoint is not that of its S3 service (but, for example, that of its web console).';
const untrusted = 'Enter the certificate of the authority that signed it (PEM) as CA Certificate in the S3 credential, or use the host name that the certificate is for.';

/** By the server's code (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html), or Node's. */
const answers: Record<string, Answer> = {
	...same(['SlowDown', 'SlowDownRead', 'SlowDownWrite', 'ServiceUnavailable', 'Throttling', 'ThrottlingException', 'RequestLimitExceeded', 'TooManyRequests', 'TooManyRequestsException', 'BandwidthLimitExceeded'], {
		kind: 'throttled',
		nextStep: 'The storage asks for fewer requests: run again later, or back up fewer sources at once.',
	}),
	...same(['InternalError', 'InternalFailure', 'RequestTimeout', 'OperationAborted', 'ConditionalRequestConflict', 'IncompleteBody', 'BadDigest', 'XAmzContentSHA256Mismatch', 'XMinioServerNotInitialized', 'XMinioReadQuorum', 'XMinioWriteQuorum'], { kind: 'transient', nextStep: busy }),
	...same(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'EHOSTDOWN', 'EADDRNOTAVAIL', 'TimeoutError', 'ERR_STREAM_PREMATURE_CLOSE'], { kind: 'transient', nextStep: unreachable }),
	...same(['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'CERT_UNTRUSTED', 'CERT_SIGNATURE_FAILURE', 'ERR_TLS_CERT_ALTNAME_INVALID', 'HOSTNAME_MISMATCH', 'INVALID_CA'], { kind: 'invalid', nextStep: untrusted }),
	...same(['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'HPE_INVALID_CONSTANT'], {
		kind: 'invalid',
		said: 'the endpoint does not speak the protocol in its address',
		nextStep: 'Check http or https and the port of the endpoint in the S3 credential.',
	}),
	...same(['QuotaExceeded', 'XMinioAdminBucketQuotaExceeded', 'XMinioStorageFull', 'InsufficientStorage', 'StorageCapExceeded', 'TooManyObjects', 'EntityTooLarge', 'ENOSPC'], { kind: 'quota', nextStep: space }),
	...same(['InvalidAccessKeyId', 'InvalidToken', 'ExpiredToken', 'TokenRefreshRequired', 'AuthFailure'], {
		kind: 'denied',
		said: 'the storage does not know the access key',
		nextStep: 'Check Access Key ID in the S3 credential and that the key was not revoked, and that endpoint and key belong to the same provider.',
	}),
	...same(['SignatureDoesNotMatch', 'XAmzSignatureMismatch'], {
		kind: 'denied',
		said: 'the secret access key is wrong',
		nextStep: 'Enter the Secret Access Key of this Access Key ID in the S3 credential anew, and check the region.',
	}),
	...same(['RequestTimeTooSkewed', 'RequestExpired', 'RequestNotYetValid'], {
		kind: 'invalid',
		said: 'the clock of this machine and that of the storage differ by more than 15 minutes',
		nextStep: 'Set the clock of the machine that n8n runs on (or of the storage), best with NTP, then run again.',
	}),
	...same(['AccountProblem', 'AllAccessDisabled', 'NotSignedUp', 'InvalidPayer', 'AccountSuspended'], { kind: 'denied', nextStep: 'Ask the operator of the storage what is wrong with the account.' }),
	...same(['InvalidObjectState'], {
		kind: 'denied',
		said: 'the file was moved to an archive class from which it cannot be read directly',
		nextStep: 'Restore it from the archive class at your provider (AWS: Initiate restore), and take care that lifecycle rules leave backups in a class that can be read at once.',
	}),
	...same(['InvalidBucketName'], { kind: 'invalid', nextStep: 'Check the name of the bucket.' }),
	...same(['NotImplemented', 'MethodNotAllowed'], { kind: 'invalid', nextStep: unsupported }),
};

function same(codes: readonly string[], answer: Answer): Record<string, Answer> {
	return Object.fromEntries(codes.map((code) => [code, answer]));
}

/** An error of the SDK or of the connection, as far as it is ours to read. */
export interface S3ErrorFacts {
	/** The server's code or Node's. */
	code: string;
	status: number | undefined;
	message: string;
	/** The region that the server names instead. */
	region: string | undefined;
	retryAfterMs: number | undefined;
}

export function errorFacts(error: unknown): S3ErrorFacts {
	const fields = asRecord(error);
	const metadata = asRecord(fields['$metadata']);
	const headers = asRecord(asRecord(fields['$response'])['headers']);
	const name = text(fields['Code']) ?? text(fields['code']) ?? text(fields['name']) ?? 'UnknownError';
	const message = text(fields['message']);
	const retryAfterSeconds = Number(text(headers['retry-after']));
	return {
		code: name,
		status: typeof metadata['httpStatusCode'] === 'number' ? metadata['httpStatusCode'] : undefined,
		message: message === undefined || message === 'UnknownError' ? '' : message,
		region: text(fields['Region']) ?? text(headers['x-amz-bucket-region']),
		retryAfterMs: retryAfterSeconds > 0 ? retryAfterSeconds * 1000 : undefined,
	};
}

/** An error of the SDK as a Failure that says what could not be done, where, and what to do about it. */
export function s3Failure(error: unknown, call: S3Call): Failure {
	if (error instanceof Failure) return error;
	const facts = errorFacts(error);
	if (facts.code === 'AbortError') return new Failure('cancelled', 'The run was stopped', { cause: error });
	const { kind, said, nextStep } = answerTo(facts, call);
	const reason = said ?? ([facts.message, facts.status].find((known) => known !== undefined && known !== '') ?? 'no reason given');
	const message = `Could not ${call.doing}: ${redact(String(reason).replaceAll(/\s+/g, ' ').trim(), call.secrets)} (${redact(facts.code, call.secrets)})`;
	// The SDK's error is no cause to hand on: it holds the whole request, the key's id and signature among it.
	const details: FailureDetails = { code: facts.code, status: facts.status, nextStep };
	return new Failure(kind, message, { ...details, ...(facts.retryAfterMs !== undefined && { retryAfterMs: facts.retryAfterMs }) });
}

function answerTo(facts: S3ErrorFacts, call: S3Call): Answer {
	if (facts.code === 'NoSuchBucket') {
		return { kind: 'invalid', said: `there is no bucket "${call.bucket}"`, nextStep: 'Check the name of the bucket and the endpoint, or create the bucket: the backup makes none by itself.' };
	}
	if (facts.region !== undefined && (facts.status === 301 || facts.status === 307 || facts.code === 'AuthorizationHeaderMalformed')) {
		return { kind: 'invalid', said: `the bucket is in the region ${facts.region}`, nextStep: `Enter ${facts.region} as Region in the S3 credential.` };
	}
	if (facts.status === 301 || facts.status === 307 || facts.code === 'AuthorizationHeaderMalformed' || facts.code === 'IllegalLocationConstraintException') {
		return { kind: 'invalid', said: 'the bucket is in another region', nextStep: 'Enter the region of the bucket, and the endpoint of that region, in the S3 credential.' };
	}
	// Backblaze says it with the code of a denial.
	if (/\bcap exceeded\b/i.test(facts.message)) return { kind: 'quota', nextStep: space };
	const known = answers[facts.code];
	if (known) return known;
	if (facts.code.startsWith('ERR_TLS') || facts.code.startsWith('ERR_SSL')) return { kind: 'invalid', nextStep: untrusted };
	return byStatus(facts, call);
}

function byStatus({ status, code, message }: S3ErrorFacts, call: S3Call): Answer {
	if (status === 412) return { kind: 'conflict', nextStep: 'Run again.' };
	if (status === 429) return { kind: 'throttled', nextStep: busy };
	if (status === 507) return { kind: 'quota', nextStep: space };
	if (status === 405 || status === 501) return { kind: 'invalid', nextStep: unsupported };
	if (status !== undefined && status >= 500) return { kind: 'transient', nextStep: busy };
	if (status === 401 || status === 403) {
		const locked = /object lock|WORM|retention/i.test(message);
		return {
			kind: 'denied',
			nextStep: locked
				? 'The file is locked against deletion until its lock runs out.'
				: `Give the access key the permission ${call.permission} on bucket ${call.bucket} (and s3:ListBucket: without it, a missing file looks like a forbidden one).`,
		};
	}
	if (status === 404) return { kind: 'notFound', nextStep: 'Check bucket and endpoint in the S3 credential.' };
	if (/deserialization|parse|unexpected token|closing tag|is not expected/i.test(message) || code === 'SyntaxError') {
		return { kind: 'invalid', said: 'the endpoint does not answer as an S3 server does', nextStep: 'Check that the endpoint is that of the S3 service, not of its web console.' };
	}
	if (status !== undefined) return { kind: 'invalid', nextStep: 'Check endpoint, region and bucket; if they are right, this storage may lack something that backups need.' };
	return { kind: 'defect', nextStep: 'Run again. If it goes on, report it together with this message.' };
}

function asRecord(value: unknown): Record<string, unknown> {
	return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string | undefined {
	return typeof value === 'string' && value !== '' ? value : undefined;
}
