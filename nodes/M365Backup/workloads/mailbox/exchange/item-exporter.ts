import type { Failure } from '../../../base/failure';
import { isFailure, toFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { ExchangeMailbox } from './exchange-mailbox';
import { askExchangeMailboxId, exchangePath } from './exchange-mailbox';
import type { ExportedItem } from './export-answer';
import { readExportAnswer } from './export-answer';

/** What is tried again costs time, and there is the MIME. */
const RETRIES = 2;
/** Requests in a row that fail before a run asks no more. */
const TROUBLES = 2;
/** Items that are not known by their ids, which cannot be translated, before a run asks no more. */
const UNKNOWN_IDS = 5;
/** Of these codes of a single item another try may come to something else. */
const PASSING = /busy|throttl|timeout|transient|unavailable|toomany|noData/i;

/**
 * `POST /admin/exchange/mailboxes/{id}/exportItems`: twenty items at most, each by itself again if it was left out
 * (which happens: CIPP). Whether immutable ids are taken is documented nowhere: if none of them is known, they are
 * translated.
 */
export class ItemExporter {
	/** Why nothing more is asked in this run. */
	refusal: Failure | undefined;
	private exchangeMailboxId: string | undefined;
	private idForm: 'immutable' | 'translated' | undefined;
	private troubles = 0;
	private unknownIds = 0;

	constructor(
		private readonly mailbox: ExchangeMailbox,
		private readonly limitBytes: number,
	) {}

	resume(notes: unknown): void {
		if (typeof notes !== 'object' || notes === null) return;
		if ('mailbox' in notes && typeof notes.mailbox === 'string') this.exchangeMailboxId = notes.mailbox;
		if ('ids' in notes && (notes.ids === 'immutable' || notes.ids === 'translated')) this.idForm = notes.ids;
	}

	notes(): JsonObject {
		return {
			...(this.exchangeMailboxId === undefined ? {} : { mailbox: this.exchangeMailboxId }),
			...(this.idForm === undefined ? {} : { ids: this.idForm }),
			...(this.refusal === undefined ? {} : { refused: this.refusal.code ?? this.refusal.kind }),
		};
	}

	refuse(failure: Failure): void {
		this.refusal ??= failure;
		// A mailbox that was moved or made anew has another id.
		if (failure.kind === 'notFound') this.exchangeMailboxId = undefined;
	}

	/**
	 * The items' bytes by Graph id; those that cannot be had are missing.
	 *
	 * @throws Failure for which no other item need be asked (permission, cloud), and `cancelled`
	 */
	async export(graphIds: readonly string[], signal: AbortSignal): Promise<Map<string, Buffer[]>> {
		const found = new Map<string, Buffer[]>();
		if (this.refusal !== undefined) return found;
		this.exchangeMailboxId ??= await askExchangeMailboxId(this.mailbox, signal);
		const form = this.idForm ?? 'immutable';
		const unknown = await this.exportAs(form, graphIds, found, signal);
		// As long as no item ever came by its immutable id, it may be the ids that are not taken.
		if (unknown.length === 0 || this.idForm !== undefined) return found;
		try {
			await this.exportAs('translated', unknown, found, signal);
		} catch (error) {
			const failure = toFailure(error);
			if (isFailure(failure, 'cancelled')) throw failure;
			// One or two may have been deleted meanwhile.
			this.unknownIds += unknown.length;
			if (this.unknownIds >= UNKNOWN_IDS) this.refusal ??= failure;
		}
		return found;
	}

	/** @returns those that Exchange says it does not know */
	private async exportAs(
		form: 'immutable' | 'translated',
		graphIds: readonly string[],
		found: Map<string, Buffer[]>,
		signal: AbortSignal,
	): Promise<string[]> {
		const idOf = form === 'immutable' ? new Map(graphIds.map((id) => [id, id])) : await this.translated(graphIds, signal);
		const unknown: string[] = [];
		const missing = new Set(idOf.keys());
		const take = (item: ExportedItem, sent: string): void => {
			missing.delete(sent);
			const graphId = idOf.get(sent) ?? sent;
			if (item.data !== undefined) {
				found.set(graphId, item.data);
				this.idForm = form;
			} else if (/notfound|malformed|invalidid/i.test(item.error ?? '')) unknown.push(graphId);
			else if (PASSING.test(item.error ?? '')) missing.add(sent);
		};
		if (missing.size > 1) {
			for (const item of await this.ask([...missing], signal)) if (missing.has(item.itemId)) take(item, item.itemId);
		}
		for (const sent of [...missing]) {
			if (this.refusal !== undefined) break;
			const [only] = await this.ask([sent], signal);
			// Asked for alone, it is the one, by whatever id it is called in the answer.
			if (only) take(only, sent);
			missing.delete(sent);
		}
		return unknown;
	}

	/** The items of one answer; none if it could not be had, which is counted. */
	private async ask(itemIds: readonly string[], signal: AbortSignal): Promise<ExportedItem[]> {
		try {
			const answer = await this.mailbox.graph.stream({
				method: 'POST',
				path: exchangePath(this.exchangeMailboxId ?? '', 'exportItems'),
				body: { itemIds: [...itemIds] },
				mailbox: this.mailbox.mailboxId,
				retries: RETRIES,
				signal,
			});
			const items = await readExportAnswer(answer.body, this.limitBytes);
			this.troubles = 0;
			return items;
		} catch (error) {
			const failure = toFailure(error);
			if (isFailure(failure, 'cancelled', 'denied', 'notFound')) throw failure;
			// One of several may be what is wrong with them all: each is asked for by itself.
			if (itemIds.length > 1 && isFailure(failure, 'invalid', 'corrupt', 'quota')) return [];
			if (failure.code === 'exportTooLarge') return [];
			this.troubles += 1;
			if (this.troubles >= TROUBLES) this.refusal ??= failure;
			return [];
		}
	}

	/** Immutable ids as those that Graph gives without preference: translated → immutable. Those that are gone are missing. */
	private async translated(graphIds: readonly string[], signal: AbortSignal): Promise<Map<string, string>> {
		const answer = await this.mailbox.graph.json<{ value?: { sourceId?: string; targetId?: string | null }[] }>({
			method: 'POST',
			path: `${this.mailbox.userPath}/translateExchangeIds`,
			body: { inputIds: [...graphIds], sourceIdType: 'restImmutableEntryId', targetIdType: 'restId' },
			retries: RETRIES,
			signal,
		});
		return new Map((answer.value ?? []).flatMap(({ sourceId, targetId }): [string, string][] => (sourceId !== undefined && targetId ? [[targetId, sourceId]] : [])));
	}
}
