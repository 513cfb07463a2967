import type { ByteRange, PutOptions, Store, StoreFile } from '../../../nodes/M365Backup/stores/store';

/**
 * Lets several runs share a store in an order of one's own: each call waits, at its beginning and at its end, until
 * `choose` picks it from those that wait.
 */
export class Interleaving {
	private readonly waiting: (() => void)[] = [];
	private isGoing = false;

	/** `choose` gets how many wait and says which goes on, from 0. */
	constructor(private readonly choose: (count: number) => number) {}

	async turn(): Promise<void> {
		await new Promise<void>((resolve) => {
			this.waiting.push(resolve);
			void this.go();
		});
	}

	private async go(): Promise<void> {
		if (this.isGoing) return;
		this.isGoing = true;
		while (this.waiting.length > 0) {
			// Everybody who can go on without the store does so first: then it is known who waits.
			await new Promise((resolve) => setImmediate(resolve));
			const [next] = this.waiting.splice(this.choose(this.waiting.length), 1);
			next?.();
		}
		this.isGoing = false;
	}
}

export class WaitingStore implements Store {
	constructor(
		private readonly inner: Store,
		private readonly interleaving: Interleaving,
		readonly capabilities = inner.capabilities,
	) {}

	get label(): string {
		return this.inner.label;
	}

	async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<StoreFile, void, undefined> {
		await this.interleaving.turn();
		yield* this.inner.list(prefix, signal);
	}

	async get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | null> {
		await this.interleaving.turn();
		return await this.inner.get(key, range, signal);
	}

	async put(key: string, source: AsyncIterable<Uint8Array>, options?: PutOptions): Promise<void> {
		await this.interleaving.turn();
		await this.inner.put(key, source, options);
		await this.interleaving.turn();
	}

	async delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
		for (const key of keys) {
			await this.interleaving.turn();
			await this.inner.delete([key], signal);
		}
	}
}

/** Before its `call`-th call (each key of a delete counts as one) something else happens from beginning to end. */
export class InterruptedStore implements Store {
	calls = 0;

	constructor(
		private readonly inner: Store,
		private readonly call: number,
		private readonly meanwhile: () => Promise<unknown>,
		readonly capabilities = inner.capabilities,
	) {}

	get label(): string {
		return this.inner.label;
	}

	private async next(): Promise<void> {
		this.calls += 1;
		if (this.calls === this.call) await this.meanwhile();
	}

	async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<StoreFile, void, undefined> {
		await this.next();
		yield* this.inner.list(prefix, signal);
	}

	async get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | null> {
		await this.next();
		return await this.inner.get(key, range, signal);
	}

	async put(key: string, source: AsyncIterable<Uint8Array>, options?: PutOptions): Promise<void> {
		await this.next();
		await this.inner.put(key, source, options);
	}

	async delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
		for (const key of keys) {
			await this.next();
			await this.inner.delete([key], signal);
		}
	}
}
