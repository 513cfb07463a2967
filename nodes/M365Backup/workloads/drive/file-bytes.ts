import { Failure, isFailure } from '../../base/failure';
import type { StreamAnswer } from '../../graph/client';
import { downloadMemory } from './download-memory';
import type { DriveContext } from './drive-context';
import { itemPath } from './drive-context';
import type { FileToFetch } from './file-to-fetch';
import type { GraphItem } from './graph-item';
import { wholeOf, wideDownload } from './wide-download';

/** Breaks of one download without a byte in between. */
const MOST_BREAKS = 5;
/** New addresses for one download without a byte in between: an address that is refused at once is refused for good. */
const MOST_RENEWALS = 2;
const FIRST_PAUSE_MS = 500;
/** In an address's place: there is none, and Graph itself is asked for the content. */
const THROUGH_GRAPH = '';
const CHECK_SELECT = 'id,name,size,cTag,eTag,file,malware,content.downloadUrl';

/** A file as it is now: whether it still has the content that was asked for, and where that is. */
export async function askFile(context: DriveContext, graphId: string, signal: AbortSignal): Promise<GraphItem> {
	return context.graph.json<GraphItem>({ path: `${itemPath(context, graphId)}?$select=${CHECK_SELECT}`, signal });
}

export function isSameContent(file: FileToFetch, now: GraphItem): boolean {
	return file.version === (now.cTag ?? now.eTag) || file.version === now.eTag;
}

/**
 * The bytes of a file from its first to its last. A download that breaks off goes on where it broke; an address that is
 * no longer good is replaced; a file that is edited meanwhile ends it, since the rest would belong to other bytes.
 *
 * @throws Failure; `transient` code `editedMeanwhile`: begin anew
 */
export async function* fileBytes(context: DriveContext, file: FileToFetch, signal: AbortSignal, reading: Reading): AsyncGenerator<Uint8Array, void, undefined> {
	// Where a listing gives no address, Graph leads there.
	let url: string | undefined = file.url ?? THROUGH_GRAPH;
	let offset = 0;
	let breaks = 0;
	let renewals = 0;
	/** Of the first answer: the same bytes as long as it stays. */
	let tag: string | undefined;
	for (;;) {
		try {
			if (url === undefined) url = await addressOf(context, file, offset, signal);
			const isLastTry = renewals > MOST_RENEWALS;
			const mayWiden = reading.turn !== 'whole' && url !== THROUGH_GRAPH && !isLastTry;
			const isPart = mayWiden && context.speed.connections > 1;
			const answer = await open(context, file, { url, offset, tag, isLastTry, isPart, isAhead: reading.turn === 'ahead' && offset === 0 }, signal);
			const now = answer.headers.get('etag') ?? undefined;
			if (offset > 0 && (now === undefined || now !== tag)) await assertSame(context, file, answer, signal);
			tag = now;
			const bytes = mayWiden ? await overConnections(context, answer, { url, offset, isPart, reading }, signal) : answer.body;
			if (!bytes) continue;
			for await (const chunk of bytes) {
				offset += chunk.length;
				breaks = 0;
				renewals = 0;
				yield chunk;
			}
			// Without a length, nothing but the size that was told shows that the end is missing.
			if (answer.sizeBytes === undefined && file.sizeBytes !== undefined && offset < file.sizeBytes) {
				throw new Failure('transient', `The download ended after ${offset} of ${file.sizeBytes} bytes`, { code: 'bodyTruncated' });
			}
			return;
		} catch (error) {
			if (isFailure(error, 'notFound') && error.code === 'downloadUrlExpired') {
				if (++renewals > MOST_RENEWALS + 1) throw error;
				url = undefined;
			} else if (isFailure(error, 'conflict') && error.code === 'contentChanged') {
				if (++breaks > MOST_BREAKS) throw error;
				url = await addressOf(context, file, offset, signal);
				tag = undefined;
			} else if (isFailure(error, 'transient') && error.code !== EDITED && error.code !== NOT_SERVED && ++breaks <= MOST_BREAKS) {
				await context.ambient.sleep(FIRST_PAUSE_MS * 2 ** (breaks - 1), signal);
			} else throw error;
		}
	}
}

/** How a file is read. */
export interface Reading {
	/** `ahead`: it has not come, and only the first bytes are wanted now. `whole`: a small file, which one connection brings. */
	turn: 'whole' | 'now' | 'ahead';
	/** Set by the reading: asks for more of it before its turn, if there is memory. */
	askFurther?: () => void;
}

const EDITED = 'editedMeanwhile';
const NOT_SERVED = 'notServed';

function editedMeanwhile(): Failure {
	return new Failure('transient', 'It was edited while it was downloaded', { code: EDITED });
}

/** A fresh address. Once bytes have been taken, only of the same content. */
async function addressOf(context: DriveContext, file: FileToFetch, offset: number, signal: AbortSignal): Promise<string> {
	const now = await askFile(context, file.graphId, signal);
	if (offset > 0 && !isSameContent(file, now)) throw editedMeanwhile();
	if (now.malware) throw new Failure('denied', 'Microsoft 365 found malware in it', { code: 'malwareDetected', status: 403 });
	return now['@microsoft.graph.downloadUrl'] ?? THROUGH_GRAPH;
}

interface Opening {
	url: string;
	offset: number;
	tag: string | undefined;
	/** Fresh addresses were refused, too: Graph says why. */
	isLastTry: boolean;
	/** Not all that is left: the rest comes over other connections. */
	isPart: boolean;
	isAhead: boolean;
}

async function open(context: DriveContext, file: FileToFetch, { url, offset, tag, isLastTry, isPart, isAhead }: Opening, signal: AbortSignal): Promise<StreamAnswer> {
	if (url !== THROUGH_GRAPH && !isLastTry) {
		const { partBytes } = context.speed;
		const expectedBytes = isPart ? partBytes : file.sizeBytes === undefined ? undefined : file.sizeBytes - offset;
		const endBefore = isPart ? { endBefore: offset + partBytes } : {};
		return context.graph.download(url, { signal, offset, ...endBefore, expectedBytes, isAhead, ...(tag === undefined || offset === 0 ? {} : { headers: { 'If-Range': tag } }) });
	}
	const answer = await throughGraph(context, file, { offset, isAhead }, signal);
	if (offset === 0 || answer.status === 206) return answer;
	await answer.body[Symbol.asyncIterator]().return?.();
	throw new Failure('transient', 'The download broke off and could not be resumed', { code: 'bodyTruncated' });
}

/** An answer and what follows it; undefined: the answer is a part that cannot be put together with others, and is left. */
async function overConnections(context: DriveContext, answer: StreamAnswer, { url, reading, ...from }: Pick<Opening, 'url' | 'offset' | 'isPart'> & { reading: Reading }, signal: AbortSignal): Promise<AsyncIterable<Uint8Array> | undefined> {
	const { speed, graph } = context;
	const whole = wholeOf(answer, from);
	if (whole) {
		return wideDownload(answer, whole, {
			...from,
			speed,
			memory: downloadMemory,
			hasMore: (askFurther) => (reading.askFurther = askFurther),
			ask: (offset, endBefore, tag, stopping) => graph.download(url, { offset, endBefore, expectedBytes: endBefore - offset, headers: { 'If-Range': tag }, signal: AbortSignal.any([signal, stopping]) }),
		});
	}
	if (!from.isPart) return answer.body;
	speed.settle();
	await answer.body[Symbol.asyncIterator]().return?.();
	return undefined;
}

/** A download server that does not find a file says nothing of the file: only Graph itself tells that it is gone. */
async function throughGraph(context: DriveContext, file: FileToFetch, { offset, isAhead }: Pick<Opening, 'offset' | 'isAhead'>, signal: AbortSignal): Promise<StreamAnswer> {
	try {
		return await context.graph.stream({ path: `${itemPath(context, file.graphId)}/content`, signal, isAhead, ...(offset === 0 ? {} : { headers: { Range: `bytes=${offset}-` } }) });
	} catch (error) {
		if (!isFailure(error, 'notFound')) throw error;
		await askFile(context, file.graphId, signal);
		throw new Failure('transient', 'The file is there, but its content was not found', { code: NOT_SERVED, status: error.status, cause: error });
	}
}

/** Another tag may come from another name or date alone; only the content's own tag tells. */
async function assertSame(context: DriveContext, file: FileToFetch, answer: StreamAnswer, signal: AbortSignal): Promise<void> {
	try {
		if (isSameContent(file, await askFile(context, file.graphId, signal))) return;
		throw editedMeanwhile();
	} catch (error) {
		await answer.body[Symbol.asyncIterator]().return?.();
		throw error;
	}
}
