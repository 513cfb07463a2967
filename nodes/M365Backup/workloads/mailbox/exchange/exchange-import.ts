import { Failure, isFailure, toFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { RestorableContent, RestorableItem } from '../../restorer';
import { graphIdOf } from '../mail-context';
import { differenceOf } from '../restore/living-message';
import { markerOf, markerProperty } from '../restore/marker';
import type { Imported, MessageImport, RestoreContext } from '../restore/restore-context';
import { signalOf } from '../restore/restore-context';
import { EXCHANGE_PART } from './exchange-export';
import { ImportSession } from './import-session';
import { StagedMessages, type StagedMessage } from './staged-messages';

const TRIES = 4;
const UNSETTLED = 'importUnsettled';
/** From here on imports go one after the other: each needs several times its size in memory. */
const LARGE_BYTES = 4 * 1024 * 1024;

/**
 * Brings messages back from their Exchange exports: with class, signature, nested attachments and all. Importing sends
 * nothing; only messages are ever imported, no events.
 *
 * An import, once marked and moved, is found by every later restore like a rebuilt message. See StagedMessages for what
 * happens in between.
 */
export class ExchangeImport implements MessageImport {
	private readonly session: ImportSession;
	private readonly staged: StagedMessages;
	/** Why nothing more is imported in this run. */
	private refusal: Failure | undefined;
	/** Copies of one mail go one after the other: in Drafts nothing tells them apart. */
	private readonly turns = new Map<string, Promise<unknown>>();

	constructor(private readonly context: RestoreContext) {
		this.session = new ImportSession(context);
		this.staged = new StagedMessages(context);
	}

	/**
	 * Undefined for a message that has no export, and for drafts, which come back whole as MIME.
	 *
	 * @throws Failure for a message that is under way in Drafts and could not be finished; the next restore finishes it
	 */
	async bring(item: RestorableItem, folderId: string): Promise<Imported | undefined> {
		const content = item.parts?.get(EXCHANGE_PART);
		if (!content || item.meta['draft'] === true) return undefined;
		const { internetMessageId } = item.meta;
		return await this.inTurn(typeof internetMessageId === 'string' ? internetMessageId : item.id, async () => {
			const left = await this.staged.takeLeft(item.meta, item.markerKey, this.context.isOriginalMailbox ? graphIdOf(item.id) : '');
			if (left) return await this.finish(item, folderId, left.id, left);
			if (this.refusal) return { refused: refusalNote(this.refusal) };
			let id: string;
			try {
				id = await this.import(item.meta, content);
			} catch (error) {
				return this.refused(error);
			}
			return await this.finish(item, folderId, id);
		});
	}

	private async inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
		const mine = (this.turns.get(key) ?? Promise.resolve()).then(work);
		const settled = mine.catch(() => undefined);
		this.turns.set(key, settled);
		try {
			return await mine;
		} finally {
			if (this.turns.get(key) === settled) this.turns.delete(key);
		}
	}

	/** What concerns all imports is remembered; what the limits or a cancellation say is thrown. */
	private refused(error: unknown): Imported {
		const failure = toFailure(error);
		if (isFailure(failure, 'cancelled', 'throttled') || failure.code === UNSETTLED) throw failure;
		return { refused: refusalNote(failure) };
	}

	/**
	 * @returns the id of what was made, as the answer says it or as Drafts shows it
	 * @throws Failure if Exchange takes no import, or not this one
	 */
	private async import(meta: JsonObject, content: RestorableContent): Promise<string> {
		await this.ready();
		const post = async (): Promise<string> => await this.post(meta, await bytesOf(content));
		return await (content.sizeBytes < LARGE_BYTES ? post() : this.context.largeUploads.run(post));
	}

	/** What must be there for any import; without it no other one is tried in this run. */
	private async ready(): Promise<void> {
		try {
			await this.session.url();
		} catch (error) {
			if (isFailure(error, 'denied', 'notFound', 'invalid')) this.refusal = error;
			throw error;
		}
	}

	private async post(meta: JsonObject, bytes: Buffer): Promise<string> {
		const data = bytes.toString('base64');
		for (let tries = 1; ; tries += 1) {
			const folderId = await this.session.folderId();
			// Base64 needs no escapes: no JSON text of the whole is made twice.
			const body = Buffer.from(`{"FolderId":${JSON.stringify(folderId)},"Mode":"create","Data":"${data}"}`);
			try {
				const answer = await this.context.graph.postPreauthorised(await this.session.url(), body, { mailbox: this.context.mailboxId, ...signalOf(this.context) });
				return graphSpelling(itemIdIn(answer));
			} catch (error) {
				const isLast = tries >= TRIES || !(await this.mayTryAgain(error, folderId));
				await this.context.ambient.sleep(1_000 * tries, this.context.signal);
				// An answer that was lost may be that of an import which took place.
				const made = isFailure(error, 'transient') ? await this.look(meta) : undefined;
				if (made !== undefined) return made;
				if (isLast) throw error;
			}
		}
	}

	/** Nothing may be made beside what could be there already. */
	private async look(meta: JsonObject): Promise<string | undefined> {
		try {
			return await this.staged.findNew(meta);
		} catch (error) {
			const failure = toFailure(error);
			if (isFailure(failure, 'cancelled')) throw failure;
			throw new Failure('transient', 'Nobody could tell whether Exchange imported this message', {
				code: UNSETTLED,
				nextStep: 'Run the restore again: it takes up what is there',
				cause: failure,
			});
		}
	}

	private async mayTryAgain(error: unknown, folderId: string): Promise<boolean> {
		if (isFailure(error, 'transient')) return true;
		// A session ends when its key does, or when Exchange says so (409 "Invalid import session").
		if (isFailure(error, 'denied', 'conflict')) {
			this.session.forget();
			return true;
		}
		return isFailure(error, 'notFound') && (await this.session.learnOwnFolderId(folderId));
	}

	/** Marks it, sets its marks to what the snapshot says (the export may be older), and moves it to its folder. */
	private async finish(item: RestorableItem, folderId: string, stagedId: string, left?: StagedMessage): Promise<Imported> {
		this.staged.claim(stagedId);
		const message = left && markerOf(left) ? left : await this.mark(item, stagedId);
		this.staged.claim(message.id);
		const { patch, left: leftAsItIs } = differenceOf(message, item.meta);
		if (patch) await this.patch(message.id, patch);
		if (message.parentFolderId !== folderId) await this.move(message.id, folderId);
		return { id: message.id, fidelity: leftAsItIs === undefined ? [] : [leftAsItIs] };
	}

	/** The id of the answer may be none that Graph knows (yet): then Drafts shows it. */
	private async mark(item: RestorableItem, stagedId: string): Promise<StagedMessage> {
		const body = { singleValueExtendedProperties: [markerProperty({ key: item.markerKey, state: 'done' })] };
		let id = stagedId;
		for (let tries = 1; ; tries += 1) {
			try {
				const marked = await this.patch(id, body);
				return marked ?? (await this.read(id));
			} catch (error) {
				if (!isFailure(error, 'notFound') || tries >= TRIES) throw error;
				await this.context.ambient.sleep(1_000 * tries, this.context.signal);
				id = (await this.staged.findNew(item.meta)) ?? id;
			}
		}
	}

	private async read(id: string): Promise<StagedMessage> {
		return await this.context.graph.json<StagedMessage>({ path: this.pathOf(id), ...signalOf(this.context) });
	}

	private async patch(id: string, body: JsonObject): Promise<StagedMessage | undefined> {
		return await this.context.graph.json<StagedMessage | undefined>({ method: 'PATCH', path: this.pathOf(id), body, ...signalOf(this.context) });
	}

	private async move(id: string, destinationId: string): Promise<void> {
		await this.context.graph.json({
			method: 'POST',
			path: `${this.pathOf(id)}/move`,
			body: { destinationId },
			// With immutable ids, moving it there twice is moving it there.
			repeatable: true,
			...signalOf(this.context),
		});
	}

	private pathOf(id: string): string {
		return `${this.context.userPath}/messages/${encodeURIComponent(id)}`;
	}
}

async function bytesOf(content: RestorableContent): Promise<Buffer> {
	const chunks: Uint8Array[] = [];
	for await (const chunk of content.open()) chunks.push(chunk);
	return Buffer.concat(chunks);
}

function itemIdIn(answer: unknown): string {
	const entries = typeof answer === 'object' && answer !== null ? Object.entries(answer) : [];
	const id: unknown = entries.find(([name]) => name.toLowerCase() === 'itemid')?.[1];
	return typeof id === 'string' ? id : '';
}

/** Exchange's own ids have `/` and `+` where Graph's have `-` and `_` (outlook-immutable-id, translateExchangeIds). */
function graphSpelling(id: string): string {
	return id.replaceAll('/', '-').replaceAll('+', '_');
}

function refusalNote(failure: Failure): string {
	const why = failure.kind === 'denied' ? 'grant MailboxItem.ImportExport.All and User.Read.All for that' : (failure.title ?? failure.message);
	return `The backup holds its Exchange export, which would bring it back whole, but it could not be imported (${why}).`;
}
