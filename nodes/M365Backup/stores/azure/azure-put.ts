import { createHash, randomBytes } from 'node:crypto';
import { throwIfAborted, abortable } from '../abortable';
import { PartReader, type Part } from '../part-reader';
import { alreadyThere } from '../refusals';
import { isPassing, retried } from '../retry';
import type { PutOptions } from '../store';
import type { AzureContainer } from './azure-container';
import { azureFacts } from './azure-failure';
import { StallGuard } from './stall-guard';

const MEBIBYTE = 1024 * 1024;
/** A blob has at most 50,000 blocks: 400 GB, more than OneDrive takes. */
const BLOCK_BYTES = 8 * MEBIBYTE;
const BLOCKS_IN_FLIGHT = 2;
/** A small put is over in no time: cutting it off would only leave open whether it is stored. */
const UNINTERRUPTED_BYTES = MEBIBYTE;
/** Tells our own put from others' when its answer was lost. Names of metadata are those of C# identifiers. */
const MARK = 'm365backupput';

/**
 * One put: in one request if it fits into a block, else as blocks, of which nothing is to be seen until they are
 * committed; Azure itself clears those that never are, after a week.
 */
export async function putBlob(container: AzureContainer, key: string, source: AsyncIterable<Uint8Array>, options: PutOptions): Promise<void> {
	await new AzurePut(container, key, options).run(source);
}

class AzurePut {
	private readonly mark = randomBytes(12).toString('hex');
	/** Ends the requests of blocks, and the reading of the source, when one block has failed for good. */
	private readonly stop = new AbortController();
	private readonly signal: AbortSignal;

	constructor(
		private readonly container: AzureContainer,
		private readonly key: string,
		private readonly options: PutOptions,
	) {
		this.signal = options.signal ? AbortSignal.any([options.signal, this.stop.signal]) : this.stop.signal;
	}

	async run(source: AsyncIterable<Uint8Array>): Promise<void> {
		throwIfAborted(this.options.signal);
		const parts = new PartReader(abortable(source, this.signal));
		try {
			const first = await parts.next(BLOCK_BYTES);
			throwIfAborted(this.options.signal);
			await (first.isLast ? this.putWhole(first.bytes) : this.putInBlocks(first, parts));
		} finally {
			parts.close();
		}
	}

	private get common(): { metadata: Record<string, string>; conditions?: { ifNoneMatch: string } } {
		return { metadata: { [MARK]: this.mark }, ...(this.options.ifAbsent === true && { conditions: { ifNoneMatch: '*' } }) };
	}

	private async putWhole(bytes: Buffer): Promise<void> {
		const isShort = bytes.length <= UNINTERRUPTED_BYTES;
		await this.store((abortSignal) => this.container.blob(this.key).upload(bytes, bytes.length, { ...this.common, blobHTTPHeaders: { blobContentMD5: md5(bytes) }, abortSignal }), isShort);
	}

	private async putInBlocks(first: Part, parts: PartReader): Promise<void> {
		const ids: string[] = [];
		const running = new Set<Promise<void>>();
		let fault: unknown;
		const send = (part: Part): void => {
			// All of one length, as the service demands, and no other put's.
			const id = Buffer.from(`${this.mark}-${String(ids.length).padStart(6, '0')}`).toString('base64');
			ids.push(id);
			const sending = this.stage(id, part.bytes)
				.then(() => parts.reuse(part))
				.catch((error: unknown) => {
					if (this.stop.signal.aborted) return;
					fault = error;
					this.stop.abort();
				})
				.finally(() => running.delete(sending));
			running.add(sending);
		};
		try {
			for (let part = first; ; ) {
				send(part);
				if (part.isLast) break;
				while (running.size >= BLOCKS_IN_FLIGHT) await Promise.race(running);
				part = await parts.next(BLOCK_BYTES);
			}
			await Promise.all(running);
			throwIfAborted(this.signal);
			await this.store((abortSignal) => this.container.blob(this.key).commitBlockList(ids, { ...this.common, abortSignal }), true);
		} catch (error) {
			this.stop.abort();
			await Promise.all(running);
			throw fault ?? error;
		}
	}

	private async stage(id: string, bytes: Buffer): Promise<void> {
		const transactionalContentMD5 = md5(bytes);
		await retried(() => this.send('write a part of', (abortSignal) => this.container.blob(this.key).stageBlock(id, bytes, bytes.length, { transactionalContentMD5, abortSignal })), this.container.patience, this.signal);
	}

	/** What makes the file appear. `toItsEnd`: not cut off, or nobody could say whether it is stored. */
	private async store(request: (abortSignal: AbortSignal) => Promise<unknown>, toItsEnd: boolean): Promise<void> {
		await retried(
			async (attempt) => {
				try {
					await this.send('write', request, toItsEnd);
				} catch (error) {
					const failure = this.container.failure(error, `write ${this.key}`, 'Write');
					// The answer to the try before was lost: then what stands there is ours.
					const isFinal: boolean = !isPassing(failure);
					if (attempt > 1 && isFinal && failure.kind !== 'cancelled' && (await this.isOurs())) return;
					if (failure.kind === 'conflict' && this.options.ifAbsent === true) throw alreadyThere(this.key);
					throw failure;
				}
			},
			this.container.patience,
			this.signal,
		);
	}

	private async isOurs(): Promise<boolean> {
		try {
			const properties = await this.send('look at', (abortSignal) => this.container.blob(this.key).getProperties({ abortSignal }));
			return properties.metadata?.[MARK] === this.mark;
		} catch (error) {
			if (azureFacts(error).status === 404) return false;
			throw error;
		}
	}

	private async send<T>(doing: string, request: (abortSignal: AbortSignal) => Promise<T>, toItsEnd = false): Promise<T> {
		const guard = new StallGuard(toItsEnd ? undefined : this.signal);
		try {
			return await request(guard.signal);
		} catch (error) {
			guard.throwIfStalled(`${doing} ${this.key} in ${this.container.label}`);
			throwIfAborted(this.options.signal);
			throw this.container.failure(error, `${doing} ${this.key}`, 'Write');
		} finally {
			guard.end();
		}
	}
}

function md5(bytes: Buffer): Uint8Array {
	return createHash('md5').update(bytes).digest();
}
