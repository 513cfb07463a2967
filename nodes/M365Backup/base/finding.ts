import { isFailure, toFailure } from './failure';

/** What was tried out, and what came of it. */
export interface Finding {
	/** camelCase and stable, so that workflows can pick one out. */
	name: string;
	/** False: something is wrong. Null: not known, since it could not be tried or the storage cannot tell. */
	ok: boolean | null;
	/** What was found, in a sentence without a full stop. */
	detail: string;
	/** What to do. Without a fault it is a hint. */
	advice?: string;
}

/** Findings in the order in which they were made. */
export class Findings {
	readonly all: Finding[] = [];

	good(name: string, detail: string, hint?: string): void {
		this.all.push({ name, ok: true, detail, ...(hint !== undefined && { advice: hint }) });
	}

	bad(name: string, detail: string, advice: string): void {
		this.all.push({ name, ok: false, detail, advice });
	}

	unknown(name: string, detail: string, hint?: string): void {
		this.all.push({ name, ok: null, detail, ...(hint !== undefined && { advice: hint }) });
	}

	/** Does it; a Failure becomes a bad finding, and the answer is undefined. A cancellation and what is no Failure are thrown. */
	async trying<T>(name: string, action: () => Promise<T>): Promise<T | undefined> {
		try {
			return await action();
		} catch (error) {
			this.failed(name, error);
			return undefined;
		}
	}

	/** Why something could not be done. Throws what is no Failure, and a cancellation. */
	failed(name: string, error: unknown): void {
		const failure = toFailure(error);
		if (failure.kind === 'cancelled' || !isFailure(error)) throw failure;
		this.bad(name, failure.title ?? failure.message, failure.nextStep ?? 'Run it again. If it goes on, report it together with this text.');
	}
}
