import { Failure, isFailure, toFailure } from '../base/failure';
import { LONG_BYTES } from './long-answer';
import { preauthorisedAddress } from './preauthorised-address';
import { readRange } from './range-reader';
import type { StreamAnswer } from './readers';
import type { Sender } from './sender';

export interface DownloadOptions {
	signal?: AbortSignal;
	/** First byte wanted; 0 when absent. */
	offset?: number;
	/** The byte behind the last one wanted; the end when absent. */
	endBefore?: number;
	/** Such as `If-Range`. Whatever names a person or a session is left out. */
	headers?: Readonly<Record<string, string>>;
	/** Tries after the first until an answer has begun; see GraphRequest. */
	retries?: number;
	/** How much will come, where it is known: a long answer gets a connection of its own. */
	expectedBytes?: number | undefined;
	/** It is begun before its turn: from its first bytes until it is read on it holds no place of the lane's. */
	isAhead?: boolean | undefined;
}

/** Documented: a download costs 1 ("How to avoid getting throttled or blocked in SharePoint Online"). */
const downloadUnits = 1;

/**
 * The bytes behind a download URL (`@microsoft.graph.downloadUrl`), which carries its own key and is good for minutes
 * (driveitem-get-content). Nothing of ours goes there: no token, no cookie. The tenant's SharePoint lane is held until
 * the body is read to its end, abandoned or cancelled.
 *
 * The answer holds exactly the bytes that were asked for, whether the server knows ranges (206) or sends everything
 * (200); `sizeBytes` is their number where the server tells it. Beginning at the very end gives no bytes. The body
 * throws `transient` when it breaks off: go on at `offset` + what has arrived.
 *
 * @throws Failure `notFound` code `downloadUrlExpired`: ask Graph for the item, which brings a new URL or its 404;
 * `denied` code `malwareDetected`; `conflict` code `contentChanged`: shorter than `offset`, or not what `If-Range` names
 */
export async function download(sender: Sender, url: string, options: DownloadOptions, httpIsFine: boolean): Promise<StreamAnswer> {
	const target = preauthorisedAddress(url, 'a download address', httpIsFine);
	const range = { offset: options.offset ?? 0, endBefore: options.endBefore };
	let isInfected = false;
	let totalBytes: number | undefined;
	try {
		return (await sender.sendWithoutToken({
			method: 'GET',
			url,
			path: `(download from ${target.host})`,
			// Packed bytes have no ranges and no length that could be checked.
			headers: { ...withoutIdentity(options.headers ?? {}), 'Accept-Encoding': 'identity', ...rangeHeader(range) },
			signal: options.signal,
			retries: options.retries,
			repeatable: true,
			isSharePoint: true,
			isTransfer: true,
			isLong: (options.expectedBytes ?? 0) >= LONG_BYTES,
			isAhead: options.isAhead,
			resourceUnits: downloadUnits,
			read: (response, call) => Promise.resolve(readRange(response, call, range, headerOf(options.headers, 'if-range'))),
			onRefusal: ({ headers }) => {
				isInfected = headers.get('x-virus-infected')?.toLowerCase() === 'true';
				totalBytes = totalOf(headers.get('content-range'));
			},
		})) as StreamAnswer;
	} catch (error) {
		const failure = toFailure(error);
		if (failure.status === 416 && totalBytes === range.offset) return nothing();
		throw refusal(failure, isInfected, target.host);
	}
}

interface WantedRange {
	offset: number;
	endBefore: number | undefined;
}

function rangeHeader({ offset, endBefore }: WantedRange): Record<string, string> {
	if (offset === 0 && endBefore === undefined) return {};
	return { Range: `bytes=${offset}-${endBefore === undefined ? '' : endBefore - 1}` };
}

function withoutIdentity(headers: Readonly<Record<string, string>>): Record<string, string> {
	return Object.fromEntries(Object.entries(headers).filter(([name]) => !/^(authorization|proxy-authorization|cookie|range)$/i.test(name)));
}

function headerOf(headers: Readonly<Record<string, string>> | undefined, name: string): string | undefined {
	return Object.entries(headers ?? {}).find(([other]) => other.toLowerCase() === name)?.[1];
}

/** Of a 416: `bytes *`+`/1234`. */
function totalOf(contentRange: string | null): number | undefined {
	const total = /^bytes \*\/(\d+)$/.exec(contentRange ?? '')?.[1];
	return total === undefined ? undefined : Number(total);
}

function nothing(): StreamAnswer {
	// eslint-disable-next-line @typescript-eslint/require-await -- an empty body
	const body = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
		yield* [];
	};
	return { status: 206, headers: new Headers(), body: body(), sizeBytes: 0 };
}

/** Refusals that a new URL would not change. */
const lasting = /^(malwareDetected|notAllowed|resourceLocked|accessRestricted)$/i;

function refusal(failure: Failure, isInfected: boolean, host: string): Failure {
	const { status } = failure;
	if (isInfected && failure.code?.toLowerCase() !== 'malwaredetected') {
		return new Failure('denied', failure.message, {
			status,
			code: 'malwareDetected',
			title: 'Microsoft 365 found malware in it',
			nextStep: 'Nothing to do: Microsoft does not hand out files in which it found malware',
			cause: failure,
		});
	}
	if (status === 416) {
		return new Failure('conflict', `The file at ${host} is shorter than it was when its download began`, {
			status,
			code: 'contentChanged',
			title: 'The file was changed while it was read',
			nextStep: 'Nothing to do: the next run reads it as it is then',
			cause: failure,
		});
	}
	const isOver = status === 401 || status === 403 || status === 404 || status === 410;
	if (!isOver || isFailure(failure, 'throttled') || lasting.test(failure.code ?? '')) return failure;
	return new Failure('notFound', `The download address on ${host} is no longer valid (${status})`, {
		status,
		code: 'downloadUrlExpired',
		title: 'A download address of Microsoft 365 was used up before the file was read',
		nextStep: 'The next run reads the file. If this comes back, the file cannot be opened by the app registration, or is gone',
		cause: failure,
	});
}
