import { isFailure } from '../../base/failure';
import type { BatchRequest } from '../../graph/client';
import { batchResult } from '../../graph/client';
import { isGone } from '../is-gone';
import type { Change, KnownItem } from '../workload';
import { itemReason } from '../item-reason';
import { decideMessage } from './decide-message';
import { FOLDER_SELECT } from './graph-folder';
import type { GraphFolder } from './graph-folder';
import type { GraphMessage } from './graph-message';
import { MESSAGE_SELECT } from './graph-message';
import type { MailContext } from './mail-context';
import { graphIdOf, scopedId } from './mail-context';

/**
 * Asks the mailbox itself what became of messages: those that a folder reported as `@removed` (with ImmutableId a moved
 * message is removed *there* and alive elsewhere, docs-contrib #72), those whose delta entry is too partial, those that a
 * complete listing did not show, and those that failed before. One GET each, twenty to a batch.
 *
 * @param graphIds Unscoped ids, each once.
 * @param known What the catalog holds of them.
 * @param removed Those that a folder reported as removed.
 */
export async function askMessages(
	context: MailContext,
	graphIds: readonly string[],
	known: ReadonlyMap<string, KnownItem>,
	signal: AbortSignal,
	removed: ReadonlySet<string> = new Set(),
): Promise<Change[]> {
	const changes: Change[] = [];
	const requests: BatchRequest[] = graphIds.map((id) => ({
		id,
		method: 'GET',
		path: `${context.userPath}/messages/${encodeURIComponent(id)}?$select=${MESSAGE_SELECT}`,
	}));
	for await (const answer of context.graph.batch(requests, { signal })) {
		const id = scopedId(answer.id);
		const before = known.get(id);
		const result = batchResult(answer);
		if (result.ok) {
			const change = await decideAlive(context, result.body as GraphMessage, before, removed.has(answer.id), signal);
			if (change) changes.push(change);
		} else if (isGone(result.failure)) {
			if (before) changes.push(gone(context, before));
		} else if (isFailure(result.failure, 'cancelled')) {
			throw result.failure;
		} else {
			changes.push({
				kind: 'failed',
				id,
				type: 'message',
				name: before?.name ?? answer.id,
				...(before?.parent === undefined ? {} : { parent: before.parent }),
				reason: itemReason(result.failure),
				failure: result.failure,
			});
		}
	}
	return changes;
}

function gone(context: MailContext, before: KnownItem, movedTo?: string): Change {
	context.tree.count(before.parent && graphIdOf(before.parent), undefined);
	return { kind: 'gone', id: before.id, ...(movedTo === undefined ? {} : { movedTo }) };
}

/** A living message, wherever it is now: in a folder that is backed up, or in one that is not. */
async function decideAlive(
	context: MailContext,
	message: GraphMessage,
	before: KnownItem | undefined,
	wasRemoved: boolean,
	signal: AbortSignal,
): Promise<Change | null> {
	const folderId = message.parentFolderId ?? '';
	const place = await findPlace(context, folderId, signal);
	if (place.outside !== undefined) return before ? gone(context, before, place.outside) : null;
	const change = decideMessage(context, message, folderId, before, wasRemoved);
	// A GET with $select gives all fields, so that 'ask' can only mean that Graph left some out: store what there is.
	if (change !== 'ask') return change;
	const filled: GraphMessage = { createdDateTime: null, subject: '', toRecipients: [], ...message };
	return decideMessage(context, filled, folderId, before, wasRemoved) as Change | null;
}

/**
 * Whether a folder belongs to the backup. A folder that the tree does not know may be new, or may be none of the
 * mailbox's visible tree (Recoverable Items): its parents tell.
 */
async function findPlace(context: MailContext, folderId: string, signal: AbortSignal): Promise<{ outside?: string }> {
	const { tree } = context;
	if (tree.isIncluded(folderId) || folderId === tree.rootId) return {};
	if (tree.get(folderId)) return { outside: tree.path(folderId).join('/') };
	const met = tree.outside.get(folderId);
	if (met !== undefined) return { outside: met };

	const chain: GraphFolder[] = [];
	let current = folderId;
	while (current !== tree.rootId && !tree.get(current) && !tree.outside.has(current) && chain.length < 50) {
		let folder: GraphFolder;
		try {
			folder = await context.graph.json<GraphFolder>({
				path: `${context.userPath}/mailFolders/${encodeURIComponent(current)}?$select=${FOLDER_SELECT}`,
				signal,
			});
		} catch (error) {
			if (!isFailure(error, 'notFound', 'denied')) throw error;
			break;
		}
		chain.push(folder);
		const parent = folder.parentFolderId;
		if (!parent || parent === current) break;
		current = parent;
	}
	if (current === tree.rootId || tree.get(current)) {
		for (const folder of chain.reverse()) {
			tree.set(folder.id, { name: folder.displayName ?? '', parent: folder.parentFolderId ?? tree.rootId, count: 0 });
			context.discovered.add(folder.id);
		}
		return tree.isIncluded(folderId) ? {} : { outside: tree.path(folderId).join('/') };
	}
	const name = chain[0]?.displayName ?? 'a folder that is not backed up';
	tree.outside.set(folderId, name);
	return { outside: name };
}
