import { toFailure, type Failure } from '../../base/failure';
import { giveBack } from '../../base/pieces';
import type { StreamAnswer } from '../../graph/client';

/** A range of a file that is read into memory at once, whether or not its turn has come. */
export class FilePart {
	private readonly ready: Uint8Array[] = [];
	private end: 'none' | 'reached' | { failure: Failure } = 'none';
	private isUnwanted = false;
	private wake: (() => void) | undefined;

	/** @param release once, when its bytes have gone on or nobody wants them */
	constructor(
		answer: Promise<StreamAnswer>,
		private readonly release: () => void,
	) {
		void this.read(answer);
	}

	get hasFailed(): boolean {
		return typeof this.end === 'object';
	}

	/**
	 * Its bytes in pieces that their last reader may give back; to be read once.
	 *
	 * @throws Failure of the request or of its body, behind the bytes that came before it
	 */
	async *bytes(): AsyncGenerator<Uint8Array, void, undefined> {
		for (;;) {
			while (this.ready.length === 0 && this.end === 'none') await new Promise<void>((resolve) => (this.wake = resolve));
			const piece = this.ready.shift();
			if (piece) yield piece;
			else break;
		}
		if (typeof this.end === 'object') throw this.end.failure;
	}

	/** Once, whatever has been read of it. Whoever stops it before its end also aborts its request. */
	stop(): void {
		this.isUnwanted = true;
		for (const piece of this.ready.splice(0)) giveBack(piece);
		this.release();
	}

	private async read(answer: Promise<StreamAnswer>): Promise<void> {
		try {
			for await (const chunk of (await answer).body) {
				if (this.isUnwanted) {
					giveBack(chunk);
					break;
				}
				this.ready.push(chunk);
				this.wake?.();
			}
			this.end = 'reached';
		} catch (error) {
			this.end = { failure: toFailure(error) };
		}
		this.wake?.();
	}
}
