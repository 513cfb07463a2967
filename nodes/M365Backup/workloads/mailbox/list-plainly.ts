import { isFailure, toFailure } from '../../base/failure';
import type { Change, ChangePage, ListingNews } from '../workload';
import { askMessages } from './ask-messages';
import { decideMessage } from './decide-message';
import type { GraphMessage } from './graph-message';
import { MESSAGE_SELECT } from './graph-message';
import { scopedId } from './mail-context';
import type { MessageEnumeration } from './message-changes';

const PAGE_SIZE = 100;

/**
 * All messages of a folder whose delta answers 403 ErrorQuotaExceeded, while a plain listing works (graph-docs #5730):
 * each is compared with the catalog, and what the listing does not show is asked about. The delta link stays as it is,
 * for when delta answers again.
 */
export async function* listPlainly(run: MessageEnumeration, folderId: string): AsyncGenerator<ChangePage> {
	const { context, known, signal } = run;
	const key = scopedId(folderId);
	const listing = (state: ListingNews['state'], seen: readonly string[] = []): ListingNews[] => [{ parent: key, type: 'message', state, seen }];
	const path = `${context.userPath}/mailFolders/${encodeURIComponent(folderId)}/messages?$select=${MESSAGE_SELECT}&$top=${PAGE_SIZE}`;
	yield { changes: [], listings: listing('restarted') };
	const pages = context.graph.pages<GraphMessage>({ path, signal })[Symbol.asyncIterator]();
	for (;;) {
		let messages: GraphMessage[];
		try {
			const next = await pages.next();
			if (next.done === true) break;
			messages = next.value;
		} catch (error) {
			const failure = toFailure(error);
			if (!isFailure(failure, 'denied', 'notFound', 'transient', 'throttled', 'corrupt', 'quota')) throw failure;
			const name = context.tree.path(folderId).join('/');
			const reason = `Folder "${name}": ${failure.title ?? failure.message}`;
			yield { changes: [], listings: listing('abandoned'), scopes: [{ id: key, name, state: 'stale', reason }, { id: 'mail', name: 'Mail', state: 'stale' }] };
			return;
		}
		// A page may repeat what the one before had, when something was delivered in between.
		const byId = new Map(messages.map((message) => [message.id, message]));
		const seen = [...byId.keys()].map(scopedId);
		const before = await known.lookUp(seen);
		const questions: string[] = [];
		const changes: Change[] = [];
		for (const [id, message] of byId) {
			const change = decideMessage(context, message, folderId, before.get(scopedId(id)));
			if (change === 'ask') questions.push(id);
			else if (change) changes.push(change);
		}
		if (questions.length > 0) changes.push(...(await askMessages(context, questions, before, signal)));
		yield { changes, listings: listing('going', seen) };
	}
	yield { changes: [], listings: listing('finished') };
}
