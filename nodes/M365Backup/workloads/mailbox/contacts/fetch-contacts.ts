import { Buffer } from 'node:buffer';
import type { Failure } from '../../../base/failure';
import { isFailure, toFailure } from '../../../base/failure';
import type { BatchRequest } from '../../../graph/client';
import { batchResult } from '../../../graph/client';
import { isGone } from '../../is-gone';
import type { ContentRequest, Fetched } from '../../workload';
import { graphIdIn } from '../mailbox-part';
import type { ContactRun } from './contact-run';
import { text } from './graph-contact';
import { imageKind } from './image-kind';

export const PHOTO_PART = 'photo';

/** What one batch takes; a photo has at most a few hundred kilobytes. */
const TOGETHER = 20;

/** What became of the question for a photo. */
type Photo = { bytes: Buffer } | { none: true } | { unreadable: Failure } | { failure: Failure };

/**
 * The content of new and changed contacts. The JSON came with the enumeration; whether there is a photo tells only a GET
 * of it (404 if none), twenty to a batch.
 */
export async function* fetchContacts(run: ContactRun, requests: readonly ContentRequest[], signal: AbortSignal): AsyncGenerator<Fetched> {
	for (let start = 0; start < requests.length; start += TOGETHER) {
		const together = requests.slice(start, start + TOGETHER);
		const photos = await askPhotos(run, together, signal);
		for (const request of together) {
			const photo = photos.get(request.id);
			// Without any answer the engine counts it as failed.
			if (photo) yield* answers(request, photo);
		}
	}
}

function* answers(request: ContentRequest, photo: Photo): Generator<Fetched> {
	const { id } = request;
	if ('failure' in photo) {
		yield { id, failure: photo.failure };
		return;
	}
	const document = Buffer.from(text(request.hints['document']));
	const main = { id, content: once(document), sizeBytes: document.length };
	if ('none' in photo) {
		yield main;
		return;
	}
	yield { ...main, more: true };
	if ('bytes' in photo) {
		const part = { name: PHOTO_PART, title: request.title, extension: imageKind(photo.bytes).extension };
		yield { id, content: once(photo.bytes), sizeBytes: photo.bytes.length, part };
		return;
	}
	// A photo that Microsoft itself cannot read must not keep the contact out of the backup.
	yield { id, end: true, meta: { photoUnreadable: true }, warning: `Contacts: Microsoft 365 cannot read the photo of "${request.title}" (${photo.unreadable.code ?? photo.unreadable.kind}); the contact itself is backed up` };
}

async function askPhotos(run: ContactRun, requests: readonly ContentRequest[], signal: AbortSignal): Promise<Map<string, Photo>> {
	const photos = new Map<string, Photo>();
	const asked: BatchRequest[] = requests.map(({ id }) => ({ id, method: 'GET', path: photoPath(run, id) }));
	const singles: string[] = [];
	for await (const answer of run.graph.batch(asked, { signal })) {
		const result = batchResult(answer);
		if (result.ok) {
			const bytes = bytesOf(result.body);
			if (bytes) photos.set(answer.id, { bytes });
			else singles.push(answer.id);
		} else if (isFailure(result.failure, 'cancelled')) throw result.failure;
		else if (isFailure(result.failure, 'notFound', 'denied')) photos.set(answer.id, outcomeOf(result.failure));
		// Too large, broken, still throttled: asked for once more by itself before it counts.
		else singles.push(answer.id);
	}
	for (const id of singles) photos.set(id, await askSingle(run, id, signal));
	return photos;
}

async function askSingle(run: ContactRun, id: string, signal: AbortSignal): Promise<Photo> {
	try {
		const { body } = await run.graph.stream({ path: photoPath(run, id), signal });
		const chunks: Uint8Array[] = [];
		for await (const chunk of body) chunks.push(chunk);
		return { bytes: Buffer.concat(chunks) };
	} catch (error) {
		const failure = toFailure(error);
		if (isFailure(failure, 'cancelled')) throw failure;
		return outcomeOf(failure);
	}
}

function outcomeOf(failure: Failure): Photo {
	if (isGone(failure)) return { none: true };
	return isFailure(failure, 'corrupt') ? { unreadable: failure } : { failure };
}

/** In a batch answer bytes are base64; anything else is in doubt, and undefined. */
function bytesOf(body: unknown): Buffer | undefined {
	if (typeof body !== 'string' || body.length === 0 || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(body)) return undefined;
	const digits = body.replace(/=/g, '').length;
	const bytes = Buffer.from(body, 'base64');
	return digits % 4 !== 1 && bytes.length === Math.floor((digits * 3) / 4) ? bytes : undefined;
}

function photoPath(run: ContactRun, id: string): string {
	return `${run.userPath}/contacts/${encodeURIComponent(graphIdIn(id))}/photo/$value`;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
	yield await Promise.resolve(bytes);
}
