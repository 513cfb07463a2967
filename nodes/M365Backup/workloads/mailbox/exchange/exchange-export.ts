import type { Failure } from '../../../base/failure';
import { isFailure, toFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { ContentRequest, Fetched } from '../../workload';
import { ItemExporter } from './item-exporter';
import type { ExchangeMailbox } from './exchange-mailbox';
import { isLossyMime, LossySniffer } from './lossy-mime';

/**
 * Which messages are exported in full fidelity beside their MIME:
 * - `lossy`: those that MIME alone cannot give back
 * - `all`: every message
 */
export type ExchangeExportMode = 'off' | 'lossy' | 'all';

/** The name of the content that an export is stored as. */
export const EXCHANGE_PART = 'exchange';

/** `exportItems` takes at most twenty, and its answer is held until it is whole: large messages go in smaller groups. */
const GROUP_ITEMS = 20;
const GROUP_BYTES = 8 * 1024 * 1024;
/** An export is about as long as its MIME. Beyond this a message has its MIME alone. */
const LARGEST_BYTES = 64 * 1024 * 1024;

interface Waiting {
	request: ContentRequest;
	mimeBytes: number;
}

/**
 * The Exchange exports of one run: which messages wait for one, and their bytes once all MIME of a round is stored. A
 * message whose export cannot be had is stored without it; nothing here fails a message.
 */
export class ExchangeExport {
	private readonly exporter: ItemExporter;
	private waiting = new Map<string, Waiting>();
	private hasWarned = false;

	constructor(
		mailbox: ExchangeMailbox,
		private readonly mode: Exclude<ExchangeExportMode, 'off'>,
		private readonly graphIdOf: (id: string) => string,
	) {
		this.exporter = new ItemExporter(mailbox, LARGEST_BYTES);
	}

	/** What a run before this one remembered. */
	resume(notes: unknown): void {
		this.exporter.resume(notes);
	}

	/** For the next run: the mailbox's id, the form of ids that is taken, and why there were no exports. */
	notes(): { exchange?: JsonObject } {
		const notes = this.exporter.notes();
		return Object.keys(notes).length === 0 ? {} : { exchange: notes };
	}

	get exportsAll(): boolean {
		return this.mode === 'all';
	}

	/** Whether there are any exports to be had in this run. Not once Microsoft has refused; that is said once. */
	private get isOn(): boolean {
		return this.exporter.refusal === undefined || this.owesWarning;
	}

	private get owesWarning(): boolean {
		return this.mode === 'all' && !this.hasWarned && this.exporter.refusal !== undefined;
	}

	/** Of a message whose MIME is at hand. @returns `{more: true}` if its export is to follow. */
	noted(request: ContentRequest, mime: Uint8Array): { more?: true } {
		if (!this.isOn || !this.isWanted(request, () => isLossyMime(mime))) return {};
		this.waiting.set(request.id, { request, mimeBytes: mime.length });
		return { more: true };
	}

	/**
	 * Of a message whose MIME streams by: whether its export is wanted shows at its end, so that another answer always
	 * follows. Undefined if nothing is to be exported in this run.
	 */
	watched(request: ContentRequest, mime: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> | undefined {
		if (!this.isOn) return undefined;
		const source = mime[Symbol.asyncIterator]();
		const sniffer = new LossySniffer();
		const next = async (): Promise<IteratorResult<Uint8Array>> => {
			const step = await source.next();
			if (step.done !== true) sniffer.see(step.value);
			else if (this.isWanted(request, () => sniffer.isLossy)) this.waiting.set(request.id, { request, mimeBytes: sniffer.sizeBytes });
			return step;
		};
		const close = async (): Promise<IteratorResult<Uint8Array>> => {
			await source.return?.();
			return { done: true, value: undefined };
		};
		// Not a generator: closing one that was never started would leave the source open.
		return { [Symbol.asyncIterator]: () => ({ next, return: close }) };
	}

	isWaiting(id: string): boolean {
		return this.waiting.has(id);
	}

	private isWanted(request: ContentRequest, isLossy: () => boolean): boolean {
		return this.mode === 'all' || request.hints['isMeeting'] === true || isLossy();
	}

	/**
	 * The last answer for each message that waits: its export, or its end without one. Only while no stream of the
	 * mailbox is open: each holds one of its four slots.
	 *
	 * @throws Failure `cancelled` only
	 */
	async *flush(signal: AbortSignal): AsyncGenerator<Fetched> {
		const { waiting } = this;
		this.waiting = new Map();
		for (const group of groupsOf([...waiting.values()])) {
			const exported = await this.exported(group, signal);
			for (const { request } of group) {
				const pieces = exported.get(request.id);
				exported.delete(request.id);
				yield pieces === undefined ? this.withoutExport(request.id) : exportOf(request, pieces);
			}
		}
	}

	private async exported(group: readonly Waiting[], signal: AbortSignal): Promise<Map<string, Buffer[]>> {
		const wanted = group.filter(({ mimeBytes }) => mimeBytes <= LARGEST_BYTES);
		if (wanted.length === 0) return new Map();
		const idOf = new Map(wanted.map(({ request }) => [this.graphIdOf(request.id), request.id]));
		const found = new Map<string, Buffer[]>();
		try {
			for (const [graphId, pieces] of await this.exporter.export([...idOf.keys()], signal)) found.set(idOf.get(graphId) ?? '', pieces);
		} catch (error) {
			const failure = toFailure(error);
			if (isFailure(failure, 'cancelled')) throw failure;
			this.exporter.refuse(failure);
		}
		return found;
	}

	private withoutExport(id: string): Fetched {
		if (!this.owesWarning || this.exporter.refusal === undefined) return { id, end: true };
		this.hasWarned = true;
		return { id, end: true, warning: refusalWarning(this.exporter.refusal) };
	}
}

function refusalWarning(failure: Failure): string {
	const isDenied = failure.kind === 'denied';
	return [
		`Messages are backed up as MIME alone: Microsoft 365 did not export them in full fidelity (${failure.title ?? failure.message}).`,
		isDenied
			? 'Grant the application permissions MailboxItem.Export.All and User.Read.All, or choose to export only where MIME is not enough.'
			: 'The export exists in the global cloud only.',
	].join(' ');
}

function exportOf(request: ContentRequest, pieces: readonly Buffer[]): Fetched {
	return {
		id: request.id,
		content: inPieces(pieces),
		sizeBytes: pieces.reduce((sum, piece) => sum + piece.length, 0),
		part: { name: EXCHANGE_PART, title: request.title, extension: '.fts' },
	};
}

async function* inPieces(pieces: readonly Buffer[]): AsyncGenerator<Uint8Array> {
	yield* await Promise.resolve(pieces);
}

function* groupsOf(all: readonly Waiting[]): Generator<Waiting[]> {
	let group: Waiting[] = [];
	let bytes = 0;
	for (const one of all) {
		if (group.length > 0 && (group.length >= GROUP_ITEMS || bytes + one.mimeBytes > GROUP_BYTES)) {
			yield group;
			group = [];
			bytes = 0;
		}
		group.push(one);
		bytes += one.mimeBytes;
	}
	if (group.length > 0) yield group;
}
