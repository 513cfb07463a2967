import type { Readable } from 'node:stream';
import { Failure } from '../../base/failure';
import { throwIfAborted } from '../abortable';
import { checkKey, checkPrefix, temporaryPrefix } from '../keys';
import { refuseRetention, throwIfLocked, type LockedFile } from '../refusals';
import { LOCKED_CODE, type ByteRange, type PutOptions, type Store, type StoreCapabilities, type StoreFile } from '../store';
import type { AzureContainer } from './azure-container';
import { azureFacts, notAzure } from './azure-failure';
import { putBlob } from './azure-put';
import { StallGuard } from './stall-guard';

/** Read at once: most files, and all that is asked for by range, are no larger, so that no connection waits for its reader. */
const FIRST_READ_BYTES = 256 * 1024;
const DELETES_AT_ONCE = 8;

interface Answer {
	content: AsyncGenerator<Uint8Array>;
	/** Where it ends in the file. */
	end: number;
	totalBytes: number;
	etag: string | undefined;
}

/**
 * A repository in a container of Azure Blob Storage, which is strongly consistent and keeps its conditions. Passing faults
 * are tried again by the single requests of a put only; whoever makes the store wraps it in a retrying store for the rest.
 * What is deleted stays for as long as the account's soft delete and versioning say: that is not ours to undo.
 */
export class AzureStore implements Store {
	readonly capabilities: StoreCapabilities = { ifAbsent: true, retainUntil: false, overwriteIsCostly: false };
	readonly label: string;

	constructor(private readonly container: AzureContainer) {
		this.label = container.label;
	}

	async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<StoreFile, void, undefined> {
		checkPrefix(prefix);
		let continuationToken: string | undefined;
		do {
			throwIfAborted(signal);
			const from = continuationToken;
			const page = await this.ask('list files', 'List', signal, async (abortSignal) => {
				const pages = this.container.client.listBlobsFlat({ prefix: this.container.nameOf(prefix), abortSignal }).byPage(from === undefined ? {} : { continuationToken: from });
				return (await pages.next()).value as BlobPage | undefined;
			});
			for (const { name, properties } of page?.segment.blobItems ?? []) {
				throwIfAborted(signal);
				const key = this.container.keyOf(name);
				// Accounts with folders (Data Lake) list these, too.
				if (properties.resourceType === 'directory' || name.endsWith('/') || key.slice(key.lastIndexOf('/') + 1).startsWith(temporaryPrefix)) continue;
				yield { key, sizeBytes: properties.contentLength ?? 0, modifiedAt: properties.lastModified };
			}
			continuationToken = page?.continuationToken === '' ? undefined : page?.continuationToken;
		} while (continuationToken !== undefined);
	}

	async get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | null> {
		checkKey(key);
		throwIfAborted(signal);
		const offset = range?.offset ?? 0;
		const wanted = range?.length ?? Number.MAX_SAFE_INTEGER;
		// No range means "nothing", so one byte tells whether there is a file.
		const first = await this.read(key, { offset, length: Math.max(1, Math.min(wanted, FIRST_READ_BYTES)) }, undefined, signal);
		if (first === 'missing') return null;
		if (first === 'beyond') return nothing();
		const bytes: Uint8Array[] = [];
		for await (const chunk of first.content) bytes.push(chunk);
		if (wanted === 0) return nothing();
		const end = Math.min(first.totalBytes, offset + wanted);
		return this.joined(key, bytes, { offset: first.end, length: end - first.end }, first.etag, signal);
	}

	private async *joined(key: string, first: Uint8Array[], rest: ByteRange, etag: string | undefined, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
		for (const chunk of first) {
			throwIfAborted(signal);
			yield chunk;
		}
		if (rest.length <= 0) return;
		throwIfAborted(signal);
		const more = await this.read(key, rest, etag, signal);
		if (typeof more === 'string') {
			throw new Failure(more === 'missing' ? 'notFound' : 'corrupt', `${key} in ${this.label} was deleted or changed while it was read`, { nextStep: 'Run again.' });
		}
		yield* more.content;
	}

	private async read(key: string, { offset, length }: ByteRange, etag: string | undefined, signal?: AbortSignal): Promise<'missing' | 'beyond' | Answer> {
		const doing = `read ${key}`;
		const guard = new StallGuard(signal);
		try {
			const conditions = etag === undefined ? {} : { conditions: { ifMatch: etag } };
			// Breaking off is ours to see: the SDK would go on by itself.
			const answer = await this.container.blob(key).download(offset, length, { ...conditions, maxRetryRequests: 0, abortSignal: guard.signal });
			const answered = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(answer.contentRange ?? '');
			const body = answer.readableStreamBody as Readable | undefined;
			if (body === undefined || !answered || Number(answered[1]) !== offset) {
				body?.destroy();
				throw notAzure(`${doing} in ${this.label}`);
			}
			const [end, totalBytes] = [Number(answered[2]) + 1, Number(answered[3])];
			return { content: this.bytesOf(body, end - offset, doing, guard, signal), end, totalBytes, etag: answer.etag };
		} catch (error) {
			guard.end();
			guard.throwIfStalled(`${doing} in ${this.label}`);
			const { code, status } = azureFacts(error);
			if (code === 'BlobNotFound' || code === 'ResourceNotFound') return 'missing';
			if (code === 'InvalidRange' || status === 416) return 'beyond';
			throw this.container.failure(error, doing, 'Read');
		}
	}

	private async *bytesOf(body: Readable, lengthBytes: number, doing: string, guard: StallGuard, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
		let received = 0;
		try {
			throwIfAborted(signal);
			for await (const chunk of body as AsyncIterable<Uint8Array>) {
				throwIfAborted(signal);
				received += chunk.length;
				guard.end();
				yield chunk;
				guard.watch();
			}
			if (received < lengthBytes) {
				throw new Failure('transient', `Could not ${doing} in ${this.label}: the connection ended ${lengthBytes - received} bytes early`, { nextStep: 'Run again.' });
			}
		} catch (error) {
			throwIfAborted(signal);
			guard.throwIfStalled(`${doing} in ${this.label}`);
			throw brokenOff(error) ?? this.container.failure(error, doing, 'Read');
		} finally {
			guard.end();
			body.destroy();
		}
	}

	async put(key: string, source: AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<void> {
		checkKey(key);
		refuseRetention(options);
		await putBlob(this.container, key, source, options);
	}

	async delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
		for (const key of keys) checkKey(key);
		throwIfAborted(signal);
		const left = [...keys];
		const locked: LockedFile[] = [];
		const work = async (): Promise<void> => {
			for (let key = left.pop(); key !== undefined; key = left.pop()) {
				throwIfAborted(signal);
				try {
					if (await this.isLockedWhenDeleted(key, signal)) locked.push({ key, until: null });
				} catch (error) {
					// Whoever is told of the failure must not find files going afterwards.
					left.length = 0;
					throw error;
				}
			}
		};
		const done = await Promise.allSettled(Array.from({ length: Math.min(DELETES_AT_ONCE, keys.length) }, work));
		for (const each of done) if (each.status === 'rejected') throw each.reason;
		throwIfLocked(this.label, locked);
	}

	private async isLockedWhenDeleted(key: string, signal: AbortSignal | undefined): Promise<boolean> {
		try {
			await this.ask(`delete ${key}`, 'Delete', signal, (abortSignal) => this.container.blob(key).delete({ deleteSnapshots: 'include', abortSignal }));
			return false;
		} catch (error) {
			if (!(error instanceof Failure)) throw error;
			if (error.code === 'BlobNotFound') return false;
			if (error.code === LOCKED_CODE) return true;
			throw error;
		}
	}

	private async ask<T>(doing: string, permission: string, signal: AbortSignal | undefined, request: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
		const guard = new StallGuard(signal);
		try {
			return await request(guard.signal);
		} catch (error) {
			throwIfAborted(signal);
			guard.throwIfStalled(`${doing} in ${this.label}`);
			throw this.container.failure(error, doing, permission);
		} finally {
			guard.end();
		}
	}
}

interface BlobPage {
	continuationToken?: string;
	segment: { blobItems: { name: string; properties: { contentLength?: number; lastModified: Date; resourceType?: string } }[] };
}

/** What the SDK's stream throws where the connection ends before the answer does; it says so in words alone. */
function brokenOff(error: unknown): Failure | undefined {
	if (error instanceof Failure) return error;
	const { code, message } = azureFacts(error);
	const isBroken = code === 'ECONNRESET' || /aborted|premature|terminated|source stream|stream ended|Invalid|unexpected/i.test(message);
	return isBroken ? new Failure('transient', 'The connection to the storage ended in the middle of a file', { code: 'ECONNRESET', nextStep: 'Run again.' }) : undefined;
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {
	// no bytes
}
