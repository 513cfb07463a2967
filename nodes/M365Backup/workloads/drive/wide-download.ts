import { Failure } from '../../base/failure';
import type { StreamAnswer } from '../../graph/client';
import type { DownloadMemory } from './download-memory';
import { FilePart } from './file-part';
import type { LineSpeed } from './line-speed';

export interface WideDownload {
	/** Where the first answer begins. */
	offset: number;
	/** It was asked for one part only, since further connections are wanted at once. */
	isPart: boolean;
	speed: LineSpeed;
	memory: DownloadMemory;
	/** Is told what asks for further parts, as memory and connections allow: for when memory has become free before its turn. */
	hasMore(askFurther: () => void): void;
	/** A range of the same content. */
	ask(offset: number, endBefore: number, tag: string, signal: AbortSignal): Promise<StreamAnswer>;
}

/** What must be known of a file to ask for it in parts. */
export interface Whole {
	/** Names the content. */
	tag: string;
	totalBytes: number;
}

/** Of an answer that begins at `offset`; undefined: this server does not tell what parts of it could be put together by. */
export function wholeOf({ status, headers, sizeBytes }: StreamAnswer, { offset, isPart }: Pick<WideDownload, 'offset' | 'isPart'>): Whole | undefined {
	const tag = headers.get('etag');
	const told = /^bytes \d+-\d+\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1];
	const totalBytes = status === 206 ? told : offset === 0 && !isPart ? sizeBytes : undefined;
	return tag === null || totalBytes === undefined ? undefined : { tag, totalBytes: Number(totalBytes) };
}

/**
 * The bytes of a file from where an answer begins to the file's end, in their order. While one connection is enough they
 * are that answer's; else what follows is asked for in parts, several at once, each over a connection of its own: one
 * that is kept costs a full collection every few megabytes (long-answer.ts), more than a new one.
 *
 * @throws Failure of the first part that failed, behind all bytes before it; code `notInParts` where the server sends
 * everything instead
 */
export async function* wideDownload(answer: StreamAnswer, whole: Whole, download: WideDownload): AsyncGenerator<Uint8Array, void, undefined> {
	const parts = new PartsAhead(whole, download);
	download.hasMore(() => parts.fill());
	try {
		if (download.isPart) yield* parts.startingWith(answer);
		else yield* oneConnection(answer, whole.totalBytes, download, parts);
		yield* parts.rest();
	} finally {
		parts.stop();
	}
}

/** The parts of one file that have been asked for and not been handed on, in their order. */
class PartsAhead {
	private readonly parts: FilePart[] = [];
	private readonly stopping = new AbortController();
	/** Up to here the file has been asked for. */
	private asked: number;

	constructor(
		private readonly whole: Whole,
		private readonly download: WideDownload,
	) {
		this.asked = whole.totalBytes;
	}

	/** What comes from `from` on is to be had in parts, too. @returns whether there is memory for any */
	begin(from: number): boolean {
		this.asked = from;
		this.fill();
		if (this.parts.length === 0) this.asked = this.whole.totalBytes;
		return this.parts.length > 0;
	}

	/** Whether the first of them is not to be had. Then all are let go. */
	haveFailed(): boolean {
		if (this.parts[0]?.hasFailed !== true) return false;
		this.letGo();
		this.asked = this.whole.totalBytes;
		return true;
	}

	/** An answer that was asked for as the first part. */
	async *startingWith(answer: StreamAnswer): AsyncGenerator<Uint8Array, void, undefined> {
		const { sizeBytes = 0 } = answer;
		this.asked = this.download.offset + sizeBytes;
		const isAhead = this.readAhead(Promise.resolve(answer), sizeBytes);
		this.fill();
		if (!isAhead) yield* answer.body;
	}

	async *rest(): AsyncGenerator<Uint8Array, void, undefined> {
		for (;;) {
			this.fill();
			const [first] = this.parts;
			if (first) {
				yield* first.bytes();
				this.parts.shift()?.stop();
			} else if (this.asked < this.whole.totalBytes) {
				// The memory is others': what is wanted next is taken as it comes.
				const answer = await this.ask(...this.next());
				yield* answer.body;
			} else return;
		}
	}

	stop(): void {
		this.stopping.abort();
		this.letGo();
	}

	private letGo(): void {
		for (const part of this.parts.splice(0)) part.stop();
	}

	/** Asks for as many as connections and memory allow. */
	fill(): void {
		const { speed } = this.download;
		if (this.stopping.signal.aborted) return;
		while (this.asked < this.whole.totalBytes && this.parts.length < speed.connections) {
			const sizeBytes = Math.min(speed.partBytes, this.whole.totalBytes - this.asked);
			if (sizeBytes > this.download.memory.freeBytes) return;
			this.readAhead(this.ask(...this.next()), sizeBytes);
		}
	}

	private next(): [from: number, endBefore: number] {
		const from = this.asked;
		this.asked = Math.min(from + this.download.speed.partBytes, this.whole.totalBytes);
		return [from, this.asked];
	}

	private readAhead(answer: Promise<StreamAnswer>, sizeBytes: number): boolean {
		const { memory } = this.download;
		if (!memory.take(sizeBytes)) return false;
		this.parts.push(new FilePart(answer, () => memory.giveBack(sizeBytes)));
		return true;
	}

	private async ask(from: number, endBefore: number): Promise<StreamAnswer> {
		const { tag } = this.whole;
		const part = await this.download.ask(from, endBefore, tag, this.stopping.signal);
		if (part.status === 206 && part.headers.get('etag') === tag && part.sizeBytes === endBefore - from) return part;
		await part.body[Symbol.asyncIterator]().return?.();
		if (part.status === 206 && part.headers.get('etag') !== tag) throw new Failure('conflict', 'A part of the file belongs to another content', { code: 'contentChanged', status: part.status });
		this.download.speed.settle();
		throw new Failure('transient', 'The file is not to be had in parts', { code: 'notInParts', status: part.status });
	}
}

/**
 * The answer as it comes, until further connections are wanted: then it is left a part later, where theirs begin. If the
 * first of these fails by then, it goes on to its end.
 */
async function* oneConnection(answer: StreamAnswer, totalBytes: number, { offset, speed }: WideDownload, parts: PartsAhead): AsyncGenerator<Uint8Array, void, undefined> {
	let at = offset;
	/** Where it is left. */
	let border: number | undefined;
	let mayWiden = true;
	for await (const piece of answer.body) {
		if (border !== undefined && at + piece.length >= border && parts.haveFailed()) {
			border = undefined;
			mayWiden = false;
		}
		const wanted = border === undefined ? piece : piece.subarray(0, border - at);
		at += wanted.length;
		yield wanted;
		if (at === border) return;
		const behind = at + speed.partBytes;
		if (border === undefined && mayWiden && speed.connections > 1 && totalBytes - behind > speed.partBytes && parts.begin(behind)) border = behind;
	}
}
