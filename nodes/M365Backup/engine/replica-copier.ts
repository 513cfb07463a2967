import { createHash } from 'node:crypto';
import type { Ambient } from '../base/ambient';
import { Failure, isFailure, toFailure } from '../base/failure';
import { putConfirmed } from '../repository/put-confirmed';
import type { Store } from '../stores/store';
import { AtOnce } from './at-once';
import { measure, proven, type ExpectedFile } from './proven-content';
import { count, type ReplicaTally } from './replica-tally';

/** `newFiles`: what is copied is read back; `all`: and what was there before; `none`: the storage's word is enough. */
export type ReplicaVerification = 'newFiles' | 'all' | 'none';

/** Files on their way at the same time: each may hold a few parts of a large upload in memory. */
const FILES_AT_ONCE = 4;

export interface CopierOptions {
	/** Both with the bytes as they are stored. */
	from: Store;
	to: Store;
	ambient: Ambient;
	tally: ReplicaTally;
	verification: ReplicaVerification;
	/** What the file of that key is called where it is stored. */
	nameOf: (key: string) => string;
	signal: AbortSignal;
}

/** `damaged`: the source's file is not what it should be, and nothing was stored. `vanished`: there is no such file (any more). */
export type CopyOutcome = { copied: { size: number; sha256: string } } | { damaged: string } | { vanished: true };

/** Carries single files from one store to another: each byte is hashed on its way, and what arrived is read back. */
export class ReplicaCopier {
	private readonly transfers = new AtOnce(FILES_AT_ONCE);

	constructor(readonly options: CopierOptions) {}

	/** Whatever stands there is replaced. Throws what is the matter with either storage, never damage of the source's file. */
	async copy(key: string, expected: Partial<ExpectedFile> = {}): Promise<CopyOutcome> {
		return await this.transfers.run(async () => await this.transfer(key, expected));
	}

	/**
	 * Reads what the replica has, and copies it again if it is not that; without an expected hash, if it is not what the source has.
	 * Undefined: it is right.
	 */
	async check(key: string, expected: Partial<ExpectedFile>): Promise<CopyOutcome | undefined> {
		return await this.transfers.run(async () => {
			const { tally } = this.options;
			const there = await this.measureAt(this.options.to, key);
			const right = expected.sha256 ?? (await this.measureAt(this.options.from, key))?.sha256;
			if (right === undefined) return { vanished: true };
			if (there?.sha256 === right) {
				count(tally.verified, there.size);
				return undefined;
			}
			const outcome = await this.transfer(key, { ...expected, sha256: right });
			if ('copied' in outcome) count(tally.repaired, outcome.copied.size);
			return outcome;
		});
	}

	private async transfer(key: string, expected: Partial<ExpectedFile>): Promise<CopyOutcome> {
		const { tally, verification } = this.options;
		const outcome = await this.put(key, expected);
		if (!('copied' in outcome)) return outcome;
		if (verification !== 'none') {
			// A first wrong answer may be the trace of an upload that was overtaken by another.
			if (!(await this.stands(key, outcome.copied.sha256))) {
				const again = await this.put(key, outcome.copied);
				if (!('copied' in again)) return again;
				if (!(await this.stands(key, outcome.copied.sha256))) throw this.givesBackOther(key);
			}
			count(tally.verified, outcome.copied.size);
		}
		count(tally.copied, outcome.copied.size);
		return outcome;
	}

	private async put(key: string, expected: Partial<ExpectedFile>): Promise<CopyOutcome> {
		const { to, ambient, nameOf, signal } = this.options;
		let fault: unknown;
		let copied: { size: number; sha256: string } | undefined;
		const content = async function* (this: ReplicaCopier): AsyncGenerator<Uint8Array, void, undefined> {
			try {
				copied = yield* this.read(key, expected);
			} catch (error) {
				fault = error;
				throw error;
			}
		}.bind(this);
		try {
			await putConfirmed({ store: to, ambient, signal }, nameOf(key), content);
		} catch (error) {
			const failure = toFailure(error);
			const isOfSource = fault !== undefined && (error === fault || failure === fault);
			if (isOfSource && failure.kind === 'notFound') return { vanished: true };
			if (isOfSource && failure.kind === 'corrupt') return { damaged: failure.message };
			throw isOfSource ? failure : this.targetTrouble(failure);
		}
		if (!copied) throw new Failure('defect', `${to.label} said that it had stored ${key} without having read it`);
		return { copied };
	}

	/** The bytes as the source has them, each one hashed, and a Failure instead of the end if they are not the expected ones. */
	private async *read(key: string, expected: Partial<ExpectedFile>): AsyncGenerator<Uint8Array, { size: number; sha256: string }, undefined> {
		const { from, nameOf, signal } = this.options;
		const name = nameOf(key);
		const stored = await from.get(name, undefined, signal);
		if (stored === null) throw new Failure('notFound', `${name} is missing in ${from.label}`);
		const { sha256, size } = expected;
		if (sha256 !== undefined) {
			let sizeBytes = 0;
			for await (const chunk of proven(stored, { sha256, ...(size !== undefined && { size }) }, name)) {
				sizeBytes += chunk.length;
				yield chunk;
			}
			return { size: sizeBytes, sha256 };
		}
		const hash = createHash('sha256');
		let sizeBytes = 0;
		for await (const chunk of stored) {
			sizeBytes += chunk.length;
			hash.update(chunk);
			yield chunk;
		}
		return { size: sizeBytes, sha256: hash.digest('hex') };
	}

	private async stands(key: string, sha256: string): Promise<boolean> {
		return (await this.measureAt(this.options.to, key))?.sha256 === sha256;
	}

	private async measureAt(store: Store, key: string): Promise<{ size: number; sha256: string } | undefined> {
		const { nameOf, signal } = this.options;
		const stored = await store.get(nameOf(key), undefined, signal);
		return stored === null ? undefined : await measure(stored);
	}

	private givesBackOther(key: string): Failure {
		const { to, nameOf } = this.options;
		return new Failure('corrupt', `${to.label} gives back other bytes of ${nameOf(key)} than it was given, twice`, {
			code: 'unfaithfulStorage',
			nextStep: 'Have the storage checked (disk, memory, whatever stands between): what it holds cannot be relied upon.',
		});
	}

	private targetTrouble(failure: Failure): Failure {
		if (isFailure(failure, 'cancelled')) return failure;
		const whole = 'What was copied so far stands; the next run goes on from there.';
		return new Failure(failure.kind, `The replica in ${this.options.to.label} could not be brought up to date: ${failure.message}`, {
			nextStep: failure.nextStep === undefined ? whole : `${failure.nextStep} ${whole}`,
			retryAfterMs: failure.retryAfterMs,
			code: failure.code,
			status: failure.status,
			cause: failure,
		});
	}
}
