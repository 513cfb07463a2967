import { Worker } from 'node:worker_threads';
import { Failure } from '../base/failure';
import { PIECE_BYTES } from '../base/pieces';
import { HASH_THREAD, type HashAnswer, type HashOrder, type HashThreadData } from './hash-thread';
import type { Digest, StreamHash } from './stream-hash';

/** Bytes on their way to the thread: 4 MB for all that is hashed in this process. */
const PLACES = 6;

interface Waiting<T> {
	resolve: (value: T) => void;
	reject: (reason: Failure) => void;
}

/**
 * The thread that hashes long contents. A content is hashed twice, by itself and as a part of its archive, which takes
 * as long as its download does: beside the main thread it costs no time.
 */
export class HashThread {
	readonly #memory = new SharedArrayBuffer(PLACES * PIECE_BYTES);
	readonly #free = Array.from({ length: PLACES }, (_, place) => place);
	readonly #wantPlace: Waiting<number>[] = [];
	readonly #wantDigest = new Map<number, Waiting<Digest>>();
	readonly #worker: Worker;
	/** On their way with this turn's end. */
	readonly #orders: HashOrder[] = [];
	readonly #numbers = new WeakMap<StreamHash, number>();
	#hashes = 0;
	#failure: Failure | undefined;

	/** Not started yet; see `started`. */
	constructor() {
		const workerData: HashThreadData = { memory: this.#memory, placeBytes: PIECE_BYTES };
		this.#worker = new Worker(HASH_THREAD, { eval: true, workerData, execArgv: [], name: 'checksums' });
		this.#worker.on('message', (answers: readonly HashAnswer[]) => this.take(answers));
		this.#worker.on('error', (error) => this.fail(error));
		this.#worker.on('exit', () => this.fail(undefined));
	}

	/** False if this system does not let us have one. */
	async started(): Promise<boolean> {
		const isOnline = await new Promise<boolean>((resolve) => {
			this.#worker.once('online', () => resolve(true));
			this.#worker.once('exit', () => resolve(false));
		});
		this.rest();
		return isOnline;
	}

	get hasFailed(): boolean {
		return this.#failure !== undefined;
	}

	/** What is under way fails. */
	async end(): Promise<void> {
		await this.#worker.terminate();
	}

	/** @param wanted CRC-32 is computed, too. */
	open(wanted?: 'withCrc32'): StreamHash {
		const hash = this.#hashes++;
		this.tell({ hash, begin: true, withCrc32: wanted !== undefined });
		const opened: StreamHash = {
			update: (bytes, also) => this.update(hash, bytes, also),
			digest: async () =>
				await new Promise((resolve, reject) => {
					this.#wantDigest.set(hash, { resolve, reject });
					this.tell({ hash, end: 'digest' });
				}),
			discard: () => this.tell({ hash, end: 'discard' }),
		};
		this.#numbers.set(opened, hash);
		return opened;
	}

	/** The bytes are copied: they may change once it has resolved. */
	private async update(hash: number, bytes: Uint8Array, other: StreamHash | undefined): Promise<void> {
		const also = other && this.#numbers.get(other);
		if (also === undefined) await other?.update(bytes);
		for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
			if (this.#failure) throw this.#failure;
			const part = bytes.subarray(at, at + PIECE_BYTES);
			const place = this.#free.pop() ?? (await new Promise<number>((resolve, reject) => this.#wantPlace.push({ resolve, reject })));
			new Uint8Array(this.#memory, place * PIECE_BYTES, part.length).set(part);
			this.tell({ hash, ...(also === undefined ? {} : { also }), place, sizeBytes: part.length });
		}
	}

	private tell(order: HashOrder): void {
		if (this.#failure) {
			this.rejectAll(this.#failure);
			return;
		}
		// What comes in one turn of the event loop goes together: each message costs as much as hashing 20 KB.
		if (this.#orders.push(order) === 1) setImmediate(() => this.send());
	}

	private send(): void {
		// A process does not end before its digests are there, nor live on for an idle thread.
		this.#worker.ref();
		this.#worker.postMessage(this.#orders);
		this.#orders.length = 0;
	}

	private take(answers: readonly HashAnswer[]): void {
		for (const answer of answers) {
			if ('place' in answer) {
				const next = this.#wantPlace.shift();
				if (next) next.resolve(answer.place);
				else this.#free.push(answer.place);
			} else {
				this.#wantDigest.get(answer.hash)?.resolve(answer);
				this.#wantDigest.delete(answer.hash);
			}
		}
		this.rest();
	}

	private rest(): void {
		if (this.#free.length === PLACES && this.#wantDigest.size === 0) this.#worker.unref();
	}

	/** Once it has ended, whyever. */
	private fail(error: unknown): void {
		this.#failure ??= new Failure('transient', 'The thread that computes checksums has ended', { nextStep: 'Run again.', cause: error });
		this.rejectAll(this.#failure);
	}

	private rejectAll(failure: Failure): void {
		for (const { reject } of this.#wantPlace.splice(0)) reject(failure);
		for (const { reject } of this.#wantDigest.values()) reject(failure);
		this.#wantDigest.clear();
	}
}

let thread: Promise<HashThread | undefined> | undefined;

async function startThread(): Promise<HashThread | undefined> {
	const started = new HashThread();
	return (await started.started()) ? started : undefined;
}

/** One thread for the process, started with its first long content. Undefined where there is none to be had. */
export async function hashThread(): Promise<HashThread | undefined> {
	const current = await (thread ??= startThread());
	if (current?.hasFailed !== true) return current;
	thread = startThread();
	return await thread;
}
