import type { Ambient } from '../base/ambient';
import { Failure } from '../base/failure';
import type { ByteRange, PutOptions, Store, StoreFile } from './store';

export type StoreCall = 'list' | 'get' | 'put' | 'delete' | 'lockedUntil' | 'extendLock' | 'deleteOldVersions';

/** One scripted mishap. */
export interface Fault {
	/** Any call without. */
	call?: StoreCall;
	/** Tested against the key, the prefix of a list, or each key of a delete. */
	key?: RegExp;
	/** The first matching call that is hit, counted from 1 since the fault was scripted. Default 1. */
	from?: number;
	/** How many matching calls in a row are hit. Default 1; `Infinity` for all. */
	times?: number;
	/**
	 * - `before`: the call fails and changes nothing
	 * - `after`: it takes effect, and then its answer is lost
	 * - `torn`: a put leaves only the first `bytes` under its name, a delete only half of its keys deleted, a get or
	 *   list breaks off after `bytes` (or one entry); then it fails. What only a broken disk does to a put.
	 * - `delay`: it takes `delayMs` longer and then goes well
	 */
	effect: 'before' | 'after' | 'torn' | 'delay';
	/** Default: `transient`. See {@link diskFull}. */
	failure?: Failure;
	bytes?: number;
	delayMs?: number;
}

export interface LoggedCall {
	/** From 1. */
	number: number;
	call: StoreCall;
	/** The key or prefix; of a delete, its keys. */
	keys: readonly string[];
	outcome: 'going' | 'done' | 'missing' | 'failed';
}

export interface FaultyStore extends Store {
	/** Adds a mishap to the script. The first one that matches a call is the one that happens. */
	script(fault: Fault): void;
	/**
	 * After `calls` more calls everything throws, as if the process had been killed: also streams that are being read.
	 * The call that is hit takes effect or not, as `lastTakesEffect` says.
	 */
	stopAfter(calls: number, options?: { lastTakesEffect?: boolean }): void;
	/** Forgets the script and the stop: the next process begins. */
	heal(): void;
	readonly isStopped: boolean;
	readonly log: readonly LoggedCall[];
	count(call?: StoreCall): number;
}

/** What a full disk says. */
export function diskFull(): Failure {
	return new Failure('quota', 'Could not write: no space left on device', { code: 'ENOSPC', nextStep: 'Free some space.' });
}

/** A store that fails on command, for tests. Without commands it behaves as the wrapped one. */
export function createFaultyStore(inner: Store, ambient: Pick<Ambient, 'sleep'>): FaultyStore {
	return new ScriptedStore(inner, ambient);
}

interface ActiveFault extends Fault {
	met: number;
}

class ScriptedStore implements FaultyStore {
	readonly log: LoggedCall[] = [];
	private faults: ActiveFault[] = [];
	private callsLeft = Infinity;
	private lastTakesEffect = false;
	isStopped = false;
	/** The call that takes effect although the process is killed before it hears so. */
	private survivor: LoggedCall | undefined;
	readonly lockedUntil?: NonNullable<Store['lockedUntil']>;
	readonly extendLock?: NonNullable<Store['extendLock']>;
	readonly deleteOldVersions?: NonNullable<Store['deleteOldVersions']>;

	constructor(
		private readonly inner: Store,
		private readonly ambient: Pick<Ambient, 'sleep'>,
	) {
		if (inner.lockedUntil) this.lockedUntil = (key, signal) => this.answer('lockedUntil', key, async () => (await inner.lockedUntil?.(key, signal)) ?? null, signal);
		if (inner.extendLock) this.extendLock = (key, until, signal) => this.answer('extendLock', key, async () => inner.extendLock?.(key, until, signal), signal);
		if (inner.deleteOldVersions) this.deleteOldVersions = (key, signal) => this.answer('deleteOldVersions', key, async () => inner.deleteOldVersions?.(key, signal), signal);
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

	script(fault: Fault): void {
		this.faults.push({ ...fault, met: 0 });
	}

	stopAfter(calls: number, options: { lastTakesEffect?: boolean } = {}): void {
		this.callsLeft = calls;
		this.lastTakesEffect = options.lastTakesEffect ?? false;
	}

	heal(): void {
		this.faults = [];
		this.callsLeft = Infinity;
		this.isStopped = false;
		this.survivor = undefined;
	}

	count(call?: StoreCall): number {
		return call === undefined ? this.log.length : this.log.filter((logged) => logged.call === call).length;
	}

	async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<StoreFile, void, undefined> {
		const { fault, logged } = await this.begin('list', [prefix], signal);
		let yielded = 0;
		for await (const file of this.inner.list(prefix, signal)) {
			this.throwIfStopped(logged);
			if (fault?.effect === 'torn' && yielded === 1) throw failed(fault, logged);
			yield file;
			yielded += 1;
		}
		if (fault?.effect === 'after' || fault?.effect === 'torn') throw failed(fault, logged);
		logged.outcome = 'done';
	}

	async get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | null> {
		const { fault, logged } = await this.begin('get', [key], signal);
		const content = await this.inner.get(key, range, signal);
		if (fault?.effect === 'after') throw failed(fault, logged);
		logged.outcome = content === null ? 'missing' : 'done';
		return content === null ? null : this.handOut(content, fault, logged);
	}

	private async *handOut(content: AsyncIterable<Uint8Array>, fault: Fault | undefined, logged: LoggedCall): AsyncGenerator<Uint8Array, void, undefined> {
		let left = fault?.effect === 'torn' ? (fault.bytes ?? 0) : Infinity;
		for await (const chunk of content) {
			this.throwIfStopped(logged);
			if (chunk.length > left) {
				if (left > 0) yield chunk.subarray(0, left);
				throw failed(fault, logged);
			}
			left -= chunk.length;
			yield chunk;
		}
		if (left !== Infinity) throw failed(fault, logged);
	}

	async put(key: string, source: AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<void> {
		const { fault, logged } = await this.begin('put', [key], options.signal);
		if (fault?.effect === 'torn') {
			await this.inner.put(key, cut(source, fault.bytes ?? 0), options);
			throw failed(fault, logged);
		}
		try {
			await this.inner.put(key, this.handIn(source, logged), options);
		} catch (error) {
			logged.outcome = 'failed';
			throw error;
		}
		if (fault?.effect === 'after') throw failed(fault, logged);
		logged.outcome = 'done';
	}

	private async *handIn(source: AsyncIterable<Uint8Array>, logged: LoggedCall): AsyncGenerator<Uint8Array, void, undefined> {
		for await (const chunk of source) {
			// A put that was going on when the process was killed stays without effect.
			this.throwIfStopped(logged);
			yield chunk;
		}
		this.throwIfStopped(logged);
	}

	async delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
		const { fault, logged } = await this.begin('delete', keys, signal);
		await this.inner.delete(fault?.effect === 'torn' ? keys.slice(0, Math.ceil(keys.length / 2)) : keys, signal);
		if (fault?.effect === 'after' || fault?.effect === 'torn') throw failed(fault, logged);
		logged.outcome = 'done';
	}

	private async answer<T>(call: StoreCall, key: string, action: () => Promise<T>, signal?: AbortSignal): Promise<T> {
		const { fault, logged } = await this.begin(call, [key], signal);
		const answer = await action();
		if (fault?.effect === 'after' || fault?.effect === 'torn') throw failed(fault, logged);
		logged.outcome = 'done';
		return answer;
	}

	/** Counts the call, lets it wait or fail as scripted, and says what is still to go wrong later. */
	private async begin(call: StoreCall, keys: readonly string[], signal?: AbortSignal): Promise<{ fault: Fault | undefined; logged: LoggedCall }> {
		this.throwIfStopped();
		const logged: LoggedCall = { number: this.log.length + 1, call, keys, outcome: 'going' };
		this.log.push(logged);
		if (this.callsLeft <= 0) {
			this.isStopped = true;
			if (!this.lastTakesEffect) throw failed({ failure: stopped() }, logged);
			this.survivor = logged;
			return { fault: { effect: 'after', failure: stopped() }, logged };
		}
		this.callsLeft -= 1;
		const fault = this.meet(call, keys);
		if (fault?.effect === 'before') throw failed(fault, logged);
		if (fault?.effect === 'delay') await this.ambient.sleep(fault.delayMs ?? 0, signal);
		return { fault, logged };
	}

	private meet(call: StoreCall, keys: readonly string[]): Fault | undefined {
		for (const fault of this.faults) {
			if (fault.call !== undefined && fault.call !== call) continue;
			const { key: pattern } = fault;
			if (pattern !== undefined && !keys.some((key) => pattern.test(key))) continue;
			fault.met += 1;
			const from = fault.from ?? 1;
			if (fault.met >= from && fault.met < from + (fault.times ?? 1)) return fault;
		}
		return undefined;
	}

	private throwIfStopped(going?: LoggedCall): void {
		if (this.isStopped && going !== this.survivor) throw stopped();
	}
}

function stopped(): Failure {
	return new Failure('transient', 'The process was stopped here', { code: 'stopped' });
}

function failed(fault: Pick<Fault, 'failure'> | undefined, logged: LoggedCall): Failure {
	logged.outcome = 'failed';
	return fault?.failure ?? new Failure('transient', `Scripted fault at call ${logged.number}: ${logged.call} ${logged.keys.join(', ')}`, { code: 'scripted' });
}

/** The first `bytes`; the rest is read and lost, as when only a part reached the disk. */
async function* cut(source: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array, void, undefined> {
	let left = bytes;
	for await (const chunk of source) {
		if (left > 0) yield chunk.subarray(0, left);
		left = Math.max(0, left - chunk.length);
	}
}
