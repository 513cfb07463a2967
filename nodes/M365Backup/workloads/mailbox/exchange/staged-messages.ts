import { isFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import { MESSAGE_SELECT } from '../graph-message';
import { scopedId } from '../mail-context';
import { differenceOf, type LivingMessage } from '../restore/living-message';
import { MARKER_EXPAND, markerOf, type MarkedMessage } from '../restore/marker';
import type { RestoreContext } from '../restore/restore-context';
import { signalOf } from '../restore/restore-context';

/** Where imports arrive before they are marked: a folder in which nothing else is no draft. */
export const STAGING_ROLE = 'drafts';

export type StagedMessage = LivingMessage & MarkedMessage;

/**
 * Imported messages on their way. An import takes no mark along, so that an answer that is lost, or a process that dies,
 * leaves a message that nothing tells from any other one of its folder. Hence imports arrive in Drafts, are marked there,
 * and only then moved to their folder: whatever lies in Drafts and is no draft is theirs to find.
 */
export class StagedMessages {
	private leftPromise: Promise<Map<string, StagedMessage>> | undefined;
	/** Met in Drafts before the first import of this run, or being finished now: no later import made them. */
	private readonly known = new Set<string>();

	constructor(private readonly context: RestoreContext) {}

	/** What an interrupted restore left of this item, if anything; found once. */
	async takeLeft(meta: JsonObject, markerKey: string, originalId: string): Promise<StagedMessage | undefined> {
		const left = await this.left();
		for (const [id, message] of left) {
			const marker = markerOf(message);
			const isIt = marker ? marker.key === markerKey : id !== originalId && isSame(message, meta);
			if (!isIt) continue;
			left.delete(id);
			return message;
		}
		return undefined;
	}

	/** A message that came since, with this content: what an import has made whose answer is of no use. */
	async findNew(meta: JsonObject): Promise<string | undefined> {
		for (const [id, message] of await this.read()) if (!this.known.has(id) && isSame(message, meta)) return id;
		return undefined;
	}

	/** From now on it is no other import's. */
	claim(id: string): void {
		this.known.add(id);
	}

	private left(): Promise<Map<string, StagedMessage>> {
		const asked = this.leftPromise ?? this.readLeft();
		this.leftPromise = asked;
		asked.catch(() => (this.leftPromise = undefined));
		return asked;
	}

	private async readLeft(): Promise<Map<string, StagedMessage>> {
		const left = await this.read();
		for (const id of left.keys()) this.known.add(id);
		// A received mail that lies in Drafts may also be the user's own: then the backup has it by this very id.
		const { held, isOriginalMailbox } = this.context;
		const unmarked = [...left].filter(([, message]) => !markerOf(message)).map(([id]) => id);
		if (held && isOriginalMailbox && unmarked.length > 0) {
			const own = await held(unmarked.map(scopedId));
			for (const id of unmarked) if (own.has(scopedId(id))) left.delete(id);
		}
		return left;
	}

	private async read(): Promise<Map<string, StagedMessage>> {
		try {
			return await this.collect('&$filter=isDraft%20eq%20false');
		} catch (error) {
			if (!isFailure(error, 'invalid')) throw error;
			return await this.collect('');
		}
	}

	private async collect(filter: string): Promise<Map<string, StagedMessage>> {
		const found = new Map<string, StagedMessage>();
		const query = `$select=${MESSAGE_SELECT}&$top=100&$expand=${MARKER_EXPAND}${filter}`;
		const path = `${this.context.userPath}/mailFolders/${STAGING_ROLE}/messages?${query}`;
		for await (const page of this.context.graph.pages<StagedMessage>({ path, ...signalOf(this.context) })) {
			for (const message of page) if (message.isDraft === false) found.set(message.id, message);
		}
		return found;
	}
}

/** The same mail, from the same moment, saying the same. */
function isSame(message: StagedMessage, meta: JsonObject): boolean {
	const { internetMessageId, received } = meta;
	if (typeof internetMessageId !== 'string' || message.internetMessageId !== internetMessageId) return false;
	if (typeof received !== 'string' || Date.parse(message.receivedDateTime ?? '') !== Date.parse(received)) return false;
	return !differenceOf(message, meta).content;
}
