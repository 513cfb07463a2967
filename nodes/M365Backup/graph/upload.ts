import { Failure, isFailure, toFailure } from '../base/failure';
import { preauthorisedAddress } from './preauthorised-address';
import { readJson } from './readers';
import type { CallInput } from './call';
import type { Sender } from './sender';

export interface UploadChunk {
	/** Position of the first byte within the whole. */
	offset: number;
	/** Drives take multiples of `fragmentUnitBytes` below `fragmentLimitBytes`; only the last piece may have any length. */
	bytes: Buffer;
	totalBytes: number;
}

/** Pieces of a file for a drive are multiples of this, all but the last (driveitem-createuploadsession). */
export const fragmentUnitBytes = 327_680;
/** …and smaller than this. */
export const fragmentLimitBytes = 60 * 1024 * 1024;

/**
 * `location`: the created thing's address where the service says it; it is not pre-authorised. `body`: what was made
 * where the service tells it (a drive's item).
 */
export type UploadAnswer = { done: false; nextOffset: number } | { done: true; location?: string; body?: unknown };

export interface UploadOptions {
	signal?: AbortSignal;
	/** Whose quota of 150 MB in 5 minutes the bytes use; the tenant's SharePoint pays when absent. */
	mailbox?: string;
	/** Tries after the first; see GraphRequest. */
	retries?: number;
}

interface Stored {
	status: number;
	location: string | null;
	body: unknown;
}

/** Documented: an upload costs 2, a request for one thing 1 ("How to avoid getting throttled or blocked in SharePoint Online"). */
const uploadUnits = 2;
const statusUnits = 1;

/**
 * One piece of an upload session, to its pre-authorised URL, without a token. Sending the same range again does no harm
 * ("Large file upload"), though the service may refuse it.
 *
 * @throws Failure `notFound` = the session is gone (drives: code `uploadSessionGone`): begin a new one, after the last
 * piece look whether the file is there; `conflict` with status 416 = received before, or another piece is expected: ask
 * `uploadStatus`; `conflict` with 409 = the name is taken, with 412 = changed meanwhile; `denied` with 423 = locked;
 * `quota` with 507; `defect` for a piece that no drive takes
 */
export async function uploadChunk(sender: Sender, url: string, chunk: UploadChunk, options: UploadOptions): Promise<UploadAnswer> {
	const end = chunk.offset + chunk.bytes.length;
	if (options.mailbox === undefined) assertFits(chunk);
	const { status, location, body } = (await toSession(sender, options, {
		...common('PUT', url, options, uploadUnits),
		headers: {
			'Content-Type': 'application/octet-stream',
			'Content-Range': `bytes ${chunk.offset}-${end - 1}/${chunk.totalBytes}`,
		},
		body: chunk.bytes,
		isTransfer: true,
		read: async (response, call): Promise<Stored> => ({
			status: response.status,
			location: response.headers.get('location'),
			body: await readJson(response, call),
		}),
	})) as Stored;
	const nextOffset = firstMissing(body);
	if (nextOffset !== undefined && status !== 201) return { done: false, nextOffset };
	if (status === 202) return { done: false, nextOffset: end };
	return { done: true, ...(location === null ? {} : { location }), ...(body === undefined ? {} : { body }) };
}

/** How far a session got. Throws Failures: `notFound` = it is gone. */
export async function uploadStatus(sender: Sender, url: string, options: UploadOptions): Promise<{ nextOffset?: number }> {
	const nextOffset = firstMissing(await toSession(sender, options, { ...common('GET', url, options, statusUnits), read: readJson }));
	return nextOffset === undefined ? {} : { nextOffset };
}

/** Ends a session and drops what it holds. One that is gone already is fine. */
export async function cancelUpload(sender: Sender, url: string, options: UploadOptions): Promise<void> {
	try {
		await toSession(sender, options, { ...common('DELETE', url, options, uploadUnits), read: readJson });
	} catch (error) {
		if (!isFailure(toFailure(error), 'notFound', 'expiredCursor')) throw error;
	}
}

/** A session's address holds its key, which goes with it: 401 says the same as 404. Of a mailbox's sessions nothing of the sort is known. */
async function toSession(sender: Sender, options: UploadOptions, input: CallInput): Promise<unknown> {
	try {
		return await sender.sendWithoutToken(input);
	} catch (error) {
		const failure = toFailure(error);
		const { status } = failure;
		if (options.mailbox !== undefined || (status !== 401 && status !== 404 && status !== 410)) throw failure;
		throw new Failure('notFound', `${failure.message}: the upload session is gone`, {
			status,
			code: 'uploadSessionGone',
			title: 'Microsoft 365 ended an upload before it was complete',
			nextStep: 'Run this again: what is there already is skipped',
			cause: failure,
		});
	}
}

/** What every drive refuses is not sent. A piece that begins where the service asked for it in the middle of one may have any length. */
function assertFits({ offset, bytes, totalBytes }: UploadChunk): void {
	const isLast = offset + bytes.length === totalBytes;
	const isEven = bytes.length % fragmentUnitBytes === 0 || offset % fragmentUnitBytes !== 0;
	if (bytes.length > 0 && bytes.length < fragmentLimitBytes && offset + bytes.length <= totalBytes && (isLast || isEven)) return;
	throw new Failure('defect', `A piece of ${bytes.length} bytes at ${offset} of ${totalBytes} fits into no upload session; nothing was sent`, { code: 'wrongFragment' });
}

function common(method: 'PUT' | 'GET' | 'DELETE', url: string, { signal, mailbox, retries }: UploadOptions, units: number): Omit<CallInput, 'read'> {
	const { host } = preauthorisedAddress(url, 'an upload address');
	return { method, url, path: `(upload to ${host})`, signal, mailbox, retries, repeatable: true, isSharePoint: mailbox === undefined, resourceUnits: units };
}

/** `nextExpectedRanges: ["2097152-"]`, in any case; an empty list says nothing is missing. */
function firstMissing(body: unknown): number | undefined {
	if (typeof body !== 'object' || body === null) return undefined;
	const entry = Object.entries(body).find(([name]) => name.toLowerCase() === 'nextexpectedranges');
	const ranges: unknown = entry?.[1];
	const first: unknown = Array.isArray(ranges) ? ranges[0] : undefined;
	if (typeof first !== 'string') return undefined;
	const start = Number.parseInt(first, 10);
	return Number.isNaN(start) ? undefined : start;
}
