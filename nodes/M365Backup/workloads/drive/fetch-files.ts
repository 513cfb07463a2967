import { Failure, isFailure, toFailure } from '../../base/failure';
import type { JsonObject } from '../../base/json';
import { SHAREPOINT_TRANSFERS } from '../../graph/governor';
import type { ContentRequest, Fetched } from '../workload';
import type { Checked } from './check-bytes';
import { checkBytes } from './check-bytes';
import { downloadMemory } from './download-memory';
import type { DriveContext } from './drive-context';
import { MALWARE_SKIP } from './file-meta';
import { fileBytes, type Reading } from './file-bytes';
import type { FileToFetch } from './file-to-fetch';
import { fileToFetch } from './file-to-fetch';
import { fetchVersions } from './fetch-versions';
import { QuickXorHash } from './quick-xor-hash';

/** Files of at most this size are downloaded whole, several at once, and checked before they are handed on. */
const SMALL_BYTES = 4 * 1024 * 1024;
/** What files that wait for their turn may weigh together. */
const WAITING_BYTES = 24 * 1024 * 1024;
/** Downloads of a small file that come damaged, each in another way. */
const MOST_TRIES = 3;
/** When so much is left of a large file, the next one is asked for: until its first bytes are there, several answers pass. */
const OPEN_NEXT_BYTES = 32 * 1024 * 1024;

/** What came of a small file. */
type Small = { bytes: Uint8Array; checked: Extract<Checked, { again: false }> } | { failure: Failure } | { isLarge: true };

interface Waiting {
	file: FileToFetch;
	/** Absent: it is streamed when its turn comes. */
	small?: Promise<Small>;
	/** A large one that was asked for before its turn. */
	opened?: Opened;
	weightBytes: number;
}

/** To be told how much is left of the file that is read. */
type OpenNext = (leftBytes: number) => void;

/** A download that has begun. */
interface Opened {
	reading: Reading;
	bytes: AsyncGenerator<Uint8Array, void, undefined>;
	/** Shows whether there is any content: a refusal then is an answer, not a break in the middle. */
	first: Promise<IteratorResult<Uint8Array, void> | { failure: Failure }>;
}

/**
 * The bytes of files, in the order of the requests: small ones are read ahead, several at once, large ones streamed as
 * they are taken. In memory are at most `WAITING_BYTES`, whatever the files weigh.
 */
export async function* fetchFiles(context: DriveContext, requests: readonly ContentRequest[], signal: AbortSignal): AsyncGenerator<Fetched> {
	const files = requests.map(fileToFetch);
	const own = new AbortController();
	const both = AbortSignal.any([signal, own.signal]);
	const waiting: Waiting[] = [];
	let next = 0;
	let weightBytes = 0;
	const fill = (): void => {
		while (next < files.length && waiting.length < SHAREPOINT_TRANSFERS) {
			const file = files[next];
			if (!file) return;
			const isSmall = !file.onlyVersions && file.sizeBytes !== undefined && file.sizeBytes <= SMALL_BYTES;
			const weight = isSmall ? (file.sizeBytes ?? 0) : 0;
			if (weightBytes + weight > WAITING_BYTES && waiting.length > 0) return;
			next += 1;
			weightBytes += weight;
			waiting.push({ file, weightBytes: weight, ...(isSmall ? { small: readSmall(context, file, both) } : {}) });
		}
	};
	const openNext = (leftBytes: number): void => {
		const isWide = context.speed.connections > 1;
		// Over several connections so much of all that is wanted next is under way: what memory there is for it, but for a part.
		const mostBytes = isWide ? downloadMemory.mostBytes - context.speed.partBytes : OPEN_NEXT_BYTES;
		let aheadBytes = leftBytes;
		for (const following of isWide ? waiting : waiting.slice(0, 1)) {
			if (aheadBytes > mostBytes) return;
			if (following.small || following.file.onlyVersions) continue;
			following.opened ??= openLarge(context, following.file, both, 'ahead');
			following.opened.reading.askFurther?.();
			aheadBytes += following.file.sizeBytes ?? Number.POSITIVE_INFINITY;
		}
	};
	fill();
	try {
		for (let first = waiting.shift(); first; first = waiting.shift()) {
			yield* answer(context, first, openNext, both);
			weightBytes -= first.weightBytes;
			fill();
		}
	} finally {
		// Whoever stops early must not leave downloads running.
		own.abort();
		for (const { opened } of waiting) opened?.bytes.return().catch(() => undefined);
	}
}

async function* answer(context: DriveContext, { file, small, opened }: Waiting, openNext: OpenNext, signal: AbortSignal): AsyncGenerator<Fetched> {
	const { id } = file.request;
	if (file.onlyVersions) {
		yield { id, kept: {}, more: true };
		yield* rest(context, file, { again: false }, signal);
		return;
	}
	const read = await small;
	if (read && 'failure' in read) yield refused(context, file, read.failure);
	else if (read && 'bytes' in read) {
		const { bytes, checked } = read;
		const isAll = context.versions === 0 && checked.meta === undefined && checked.warning === undefined;
		yield { id, content: once(bytes), sizeBytes: bytes.length, ...(isAll ? {} : { more: true as const }) };
		if (!isAll) yield* rest(context, file, checked, signal);
	} else yield* streamLarge(context, file, opened ?? openLarge(context, file, signal, 'now'), openNext, signal);
}

/** What follows a file's own bytes: its older versions, and what is to be said. */
async function* rest(context: DriveContext, file: FileToFetch, checked: Extract<Checked, { again: false }>, signal: AbortSignal): AsyncGenerator<Fetched> {
	const { id } = file.request;
	let meta: JsonObject = { ...checked.meta };
	const warnings = checked.warning === undefined ? [] : [checked.warning];
	if (context.versions > 0) {
		const versions = yield* fetchVersions(context, file, signal);
		if ('failure' in versions) {
			yield { id, failure: versions.failure };
			return;
		}
		meta = { ...meta, ...versions.meta };
		warnings.push(...versions.warnings);
	}
	yield { id, end: true, ...(Object.keys(meta).length === 0 ? {} : { meta }), ...(warnings.length === 0 ? {} : { warning: warnings.join('. ') }) };
}

async function readSmall(context: DriveContext, file: FileToFetch, signal: AbortSignal): Promise<Small> {
	try {
		for (let tries = 1; ; tries++) {
			const chunks: Uint8Array[] = [];
			let sizeBytes = 0;
			for await (const chunk of fileBytes(context, file, signal, { turn: 'whole' })) {
				chunks.push(chunk);
				sizeBytes += chunk.length;
				// Not what the listing said, and too much to keep.
				if (sizeBytes > 2 * SMALL_BYTES) return { isLarge: true };
			}
			const [only] = chunks;
			const bytes = only && chunks.length === 1 ? only : Buffer.concat(chunks);
			const checked = await checkBytes(context, file, { sizeBytes, hash: new QuickXorHash().update(bytes).digest() }, signal);
			if (!checked.again) return { bytes, checked };
			if (tries >= MOST_TRIES) throw unlikeTold();
		}
	} catch (error) {
		return { failure: toFailure(error) };
	}
}

function openLarge(context: DriveContext, file: FileToFetch, signal: AbortSignal, turn: 'now' | 'ahead'): Opened {
	const reading: Reading = { turn };
	const bytes = fileBytes(context, file, signal, reading);
	return { bytes, reading, first: bytes.next().catch((error: unknown) => ({ failure: toFailure(error) })) };
}

async function* streamLarge(context: DriveContext, file: FileToFetch, opened: Opened, openNext: OpenNext, signal: AbortSignal): AsyncGenerator<Fetched> {
	const { id } = file.request;
	const { bytes } = opened;
	const first = await context.speed.wait(opened.first);
	if ('failure' in first) {
		yield refused(context, file, first.failure);
		return;
	}
	const outcome: { checked?: Extract<Checked, { again: false }> } = {};
	const { sizeBytes } = file;
	yield { id, content: watched(context, file, { first, bytes, openNext, outcome }, signal), ...(sizeBytes === undefined ? {} : { sizeBytes }), more: true };
	// Without an outcome, the content broke off, and the engine knows.
	if (outcome.checked) yield* rest(context, file, outcome.checked, signal);
}

interface Streaming {
	first: IteratorResult<Uint8Array, void>;
	bytes: Opened['bytes'];
	openNext: OpenNext;
	outcome: { checked?: Extract<Checked, { again: false }> };
}

/** Checked behind the last byte. Damaged ones break off there, so that the engine drops them and asks once more. */
async function* watched(context: DriveContext, file: FileToFetch, { first, bytes, openNext, outcome }: Streaming, signal: AbortSignal): AsyncGenerator<Uint8Array> {
	const { speed } = context;
	const hash = new QuickXorHash();
	let sizeBytes = 0;
	try {
		for (let piece = first; piece.done !== true; piece = await speed.wait(bytes.next())) {
			hash.update(piece.value);
			sizeBytes += piece.value.length;
			speed.came(piece.value.length);
			if (file.sizeBytes !== undefined) openNext(file.sizeBytes - sizeBytes);
			yield piece.value;
		}
	} finally {
		await bytes.return();
	}
	const checked = await checkBytes(context, file, { sizeBytes, hash: hash.digest() }, signal);
	if (checked.again) throw unlikeTold();
	outcome.checked = checked;
}

function unlikeTold(): Failure {
	return new Failure('transient', 'What was downloaded is not what size or checksum say', { code: 'checksumMismatch' });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
	if (bytes.length > 0) yield await Promise.resolve(bytes);
}

/** Sections of a notebook above 2 GB are answered with 503 for good (corso #2910). */
const NOTEBOOK_FILE = /\.one(?:toc2)?$/i;

function refused(context: DriveContext, file: FileToFetch, failure: Failure): Fetched {
	const { id } = file.request;
	if (isFailure(failure, 'denied') && failure.code?.toLowerCase() === 'malwaredetected') {
		context.infected.push(file.name);
		return { id, skipped: MALWARE_SKIP };
	}
	if (isFailure(failure, 'transient', 'throttled') && failure.status === 503 && NOTEBOOK_FILE.test(file.name)) {
		// Lasting: the ledger gives it up some day, which it never does for a passing fault.
		return { id, failure: new Failure('corrupt', failure.message, { status: 503, code: 'notebookSection', title: 'Microsoft 365 does not hand out this section of a notebook', cause: failure }) };
	}
	return { id, failure };
}
