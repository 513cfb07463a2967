import { toFailure, type Failure } from '../../base/failure';
import { giveBack, takePiece } from '../../base/pieces';
import type { StreamAnswer } from '../../graph/client';

/** What comes in chunks of so much is handed on as it is. */
const WORTH_BYTES = 128 * 1024;

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
		const gathered = new Gathered((piece) => this.took(piece));
		try {
			for await (const chunk of (await answer).body) {
				if (this.isUnwanted) {
					giveBack(chunk);
					break;
				}
				gathered.add(chunk);
			}
			gathered.flush();
			this.end = 'reached';
		} catch (error) {
			gathered.flush();
			this.end = { failure: toFailure(error) };
		}
		this.wake?.();
	}

	private took(piece: Uint8Array): void {
		if (this.isUnwanted) giveBack(piece);
		else this.ready.push(piece);
		this.wake?.();
	}
}

/** Small chunks, copied into pieces. */
class Gathered {
	private piece: Buffer | undefined;
	private filled = 0;

	constructor(private readonly done: (piece: Uint8Array) => void) {}

	add(chunk: Uint8Array): void {
		if (chunk.length >= WORTH_BYTES) {
			this.flush();
			this.done(chunk);
			return;
		}
		for (let at = 0; at < chunk.length; ) {
			this.piece ??= takePiece();
			const taken = chunk.subarray(at, at + this.piece.length - this.filled);
			this.piece.set(taken, this.filled);
			this.filled += taken.length;
			at += taken.length;
			if (this.filled === this.piece.length) this.flush();
		}
	}

	flush(): void {
		if (!this.piece) return;
		this.done(this.piece.subarray(0, this.filled));
		this.piece = undefined;
		this.filled = 0;
	}
}
