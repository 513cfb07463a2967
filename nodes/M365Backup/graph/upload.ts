import { Failure } from '../base/failure';
import { isLoopback } from './clouds';
import { readJson } from './readers';
import type { Sender } from './sender';

export interface UploadChunk {
	/** Position of the first byte within the whole. */
	offset: number;
	bytes: Buffer;
	totalBytes: number;
}

/** `location`: the created thing's address where the service says it; it is not pre-authorised. */
export type UploadAnswer = { done: false; nextOffset: number } | { done: true; location?: string };

export interface UploadOptions {
	signal?: AbortSignal;
	/** Whose quota of 150 MB in 5 minutes the bytes use. */
	mailbox?: string;
}

interface Stored {
	status: number;
	location: string | null;
	body: unknown;
}

/**
 * One piece of an upload session, to its pre-authorised URL, without a token. Sending the same range again does no harm
 * ("Large file upload"). Throws Failures: `notFound` = the session is gone, begin a new one.
 */
export async function uploadChunk(sender: Sender, url: string, chunk: UploadChunk, options: UploadOptions): Promise<UploadAnswer> {
	const target = URL.canParse(url) ? new URL(url) : undefined;
	if (target === undefined || (target.protocol !== 'https:' && !isLoopback(target.hostname))) {
		throw new Failure('corrupt', 'Microsoft Graph gave an upload address that is not encrypted; nothing was sent');
	}
	const end = chunk.offset + chunk.bytes.length;
	const { status, location, body } = (await sender.sendWithoutToken({
		method: 'PUT',
		url,
		path: `(upload to ${target.host})`,
		headers: {
			'Content-Type': 'application/octet-stream',
			'Content-Range': `bytes ${chunk.offset}-${end - 1}/${chunk.totalBytes}`,
		},
		body: chunk.bytes,
		signal: options.signal,
		mailbox: options.mailbox,
		repeatable: true,
		read: async (response, call): Promise<Stored> => ({
			status: response.status,
			location: response.headers.get('location'),
			body: await readJson(response, call),
		}),
	})) as Stored;
	const nextOffset = firstMissing(body);
	if (nextOffset !== undefined && status !== 201) return { done: false, nextOffset };
	if (status === 202) return { done: false, nextOffset: end };
	return location === null ? { done: true } : { done: true, location };
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
