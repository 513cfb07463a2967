import { createHash, type Hash } from 'node:crypto';
import { Failure, isFailure } from '../base/failure';
import { ReplayableSource } from './replayable-source';
import { isPassing, retried, waitForNextTry, type Patience } from './retry';
import type { ByteRange, PutOptions, Store, StoreFile } from './store';

export interface RetryOptions extends Patience {
	/** Files that are replaced now and then (`cursor.json`): a broken read of one is not resumed, since the rest could be of another version. */
	isOverwritten?: (key: string) => boolean;
}

/**
 * Tries again after `transient` and `throttled` faults. Reads are resumed where they broke off. A put is repeated if
 * its source is a {@link ReplayableSource} or was not read yet; if it was read to the end, the file is read back: the
 * same bytes mean that only the answer was lost. Meant for stores across a network, whose answers can be lost and
 * where what can be read is durable; a folder on a disk, where a failed sync is no lost answer, is not to be wrapped.
 */
export function createRetryingStore(inner: Store, options: RetryOptions): Store {
	return new RetryingStore(inner, options);
}

class RetryingStore implements Store {
	readonly lockedUntil?: NonNullable<Store['lockedUntil']>;
	readonly extendLock?: NonNullable<Store['extendLock']>;
	readonly deleteOldVersions?: NonNullable<Store['deleteOldVersions']>;
	private readonly isOverwritten: (key: string) => boolean;

	constructor(
		private readonly inner: Store,
		private readonly options: RetryOptions,
	) {
		this.isOverwritten = options.isOverwritten ?? (() => false);
		if (inner.lockedUntil) this.lockedUntil = (key, signal) => this.repeat(async () => (await inner.lockedUntil?.(key, signal)) ?? null, signal);
		if (inner.extendLock) this.extendLock = (key, until, signal) => this.repeat(async () => inner.extendLock?.(key, until, signal), signal);
		if (inner.deleteOldVersions) this.deleteOldVersions = (key, signal) => this.repeat(async () => inner.deleteOldVersions?.(key, signal), signal);
	}

	get lockDays(): number | undefined {
		return this.inner.lockDays;
	}

	get capabilities(): Store['capabilities'] {
		return this.inner.capabilities;
	}

	get label(): string {
		return this.inner.label;
	}

	async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<StoreFile, void, undefined> {
		const yielded = new Set<string>();
		for (let attempt = 1; ; attempt += 1) {
			const files = this.inner.list(prefix, signal)[Symbol.asyncIterator]();
			try {
				for (;;) {
					const result = await this.orFault(files.next());
					if ('fault' in result) {
						await this.wait(result.fault, attempt, signal);
						break;
					}
					if (result.value.done === true) return;
					if (yielded.has(result.value.value.key)) continue;
					yielded.add(result.value.value.key);
					yield result.value.value;
				}
			} finally {
				await files.return?.();
			}
		}
	}

	async get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | null> {
		const content = await this.repeat(() => this.inner.get(key, range, signal), signal);
		return content === null ? null : this.resumed(content, key, range, signal);
	}

	private async *resumed(first: AsyncIterable<Uint8Array>, key: string, range?: ByteRange, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
		let content = first;
		let handedOut = 0;
		for (let attempt = 1; ; attempt += 1) {
			const chunks = content[Symbol.asyncIterator]();
			try {
				for (;;) {
					const result = await this.orFault(chunks.next());
					if ('fault' in result) {
						if (handedOut > 0 && this.isOverwritten(key)) throw result.fault;
						await this.wait(result.fault, attempt, signal);
						break;
					}
					if (result.value.done === true) return;
					handedOut += result.value.value.length;
					yield result.value.value;
				}
			} finally {
				await chunks.return?.();
			}
			const offset = (range?.offset ?? 0) + handedOut;
			const rest: ByteRange = { offset, length: range === undefined ? Number.MAX_SAFE_INTEGER - offset : range.length - handedOut };
			const reopened = await this.repeat(() => this.inner.get(key, handedOut === 0 ? range : rest, signal), signal);
			if (reopened === null) {
				throw new Failure('notFound', `${key} was deleted while it was read`, { nextStep: 'Run again.' });
			}
			content = reopened;
		}
	}

	async put(key: string, source: AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<void> {
		for (let attempt = 1; ; attempt += 1) {
			const sent = new WatchedSource(source);
			try {
				await this.inner.put(key, sent, options);
				return;
			} catch (error) {
				// The source's own error is its caller's business.
				if (sent.hasFailed) throw error;
				const isAnswerOfRepeat = attempt > 1 && isFailure(error, 'conflict');
				if (!isAnswerOfRepeat && !isPassing(error)) throw error;
				if (sent.isComplete && (await this.holds(key, sent, options.signal))) {
					// What was lost may have been the answer about the lock: stored with one means locked.
					if (options.retainUntil) await this.extendLock?.(key, options.retainUntil, options.signal);
					return;
				}
				if (!isPassing(error)) throw error;
				if (sent.isTouched && !(source instanceof ReplayableSource)) throw error;
				await this.wait(error, attempt, options.signal);
			}
		}
	}

	/** Whether exactly these bytes are stored there: then only the answer to their put was lost. */
	private async holds(key: string, sent: WatchedSource, signal?: AbortSignal): Promise<boolean> {
		const content = await this.get(key, undefined, signal);
		if (content === null) return false;
		const hash = createHash('sha256');
		for await (const chunk of content) hash.update(chunk);
		return hash.digest('hex') === sent.sha256();
	}

	async delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
		await this.repeat(() => this.inner.delete(keys, signal), signal);
	}

	private async repeat<T>(action: () => Promise<T>, signal?: AbortSignal): Promise<T> {
		return await retried(action, this.options, signal);
	}

	/** A passing fault as a value; every other error is thrown. */
	private async orFault<T>(promise: Promise<T>): Promise<{ value: T } | { fault: Failure }> {
		try {
			return { value: await promise };
		} catch (error) {
			if (isPassing(error)) return { fault: error };
			throw error;
		}
	}

	private async wait(fault: Failure, attempt: number, signal?: AbortSignal): Promise<void> {
		await waitForNextTry(fault, attempt, this.options, signal);
	}
}

/** Knows how far its source was read, and hashes it on the way. */
class WatchedSource implements AsyncIterable<Uint8Array> {
	isTouched = false;
	isComplete = false;
	hasFailed = false;
	private readonly hash: Hash = createHash('sha256');

	constructor(private readonly source: AsyncIterable<Uint8Array>) {}

	async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
		this.isTouched = true;
		const chunks = this.source[Symbol.asyncIterator]();
		try {
			for (;;) {
				const result = await chunks.next().catch((error: unknown) => {
					this.hasFailed = true;
					throw error;
				});
				if (result.done === true) break;
				this.hash.update(result.value);
				yield result.value;
			}
			this.isComplete = true;
		} finally {
			if (!this.isComplete && !this.hasFailed) await chunks.return?.();
		}
	}

	sha256(): string {
		return this.hash.copy().digest('hex');
	}
}
