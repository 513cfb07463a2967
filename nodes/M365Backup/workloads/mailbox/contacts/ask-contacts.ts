import type { Failure } from '../../../base/failure';
import { isFailure, toFailure } from '../../../base/failure';
import type { BatchRequest } from '../../../graph/client';
import { batchResult } from '../../../graph/client';
import { isGone } from '../../is-gone';
import { itemReason } from '../../item-reason';
import type { Change, KnownItem } from '../../workload';
import { graphIdIn, partId } from '../mailbox-part';
import { isBelowUnlisted, lookAgain } from './contact-folder-changes';
import { CONTACTS } from './contact-folder-tree';
import type { ContactRun } from './contact-run';
import { contactDocument, contactMeta, contactName, contactTitle, text } from './graph-contact';
import type { GraphContact } from './graph-contact';

/**
 * Asks the mailbox itself what became of contacts: those that a folder reported as `@removed` (one that was moved is
 * removed *there* and alive elsewhere), those whose entry is partial, those that a complete listing did not show, and
 * those that failed before. One GET each, twenty to a batch.
 *
 * @param ids Scoped, each once.
 */
export async function askContacts(run: ContactRun, ids: readonly string[], known: ReadonlyMap<string, KnownItem>, signal: AbortSignal): Promise<Change[]> {
	const changes: Change[] = [];
	const requests: BatchRequest[] = ids.map((id) => ({ id, method: 'GET', path: `${run.userPath}/contacts/${encodeURIComponent(graphIdIn(id))}` }));
	for await (const answer of run.graph.batch(requests, { signal })) {
		const before = known.get(answer.id);
		const result = batchResult(answer);
		if (result.ok) {
			const change = await decideContact(run, result.body as GraphContact, before, signal);
			if (change) changes.push(change);
		} else if (isGone(result.failure)) {
			if (before) changes.push(gone(run, before));
		} else if (isFailure(result.failure, 'cancelled')) throw result.failure;
		else {
			changes.push(failedContact(answer.id, before, result.failure));
		}
	}
	return changes;
}

/**
 * What a living contact, given whole, means for the catalog: null if it says the same already, or if it is neither there
 * nor in a contact folder. A deleted one lives on in Deleted Items: for the backup it has moved out.
 */
export async function decideContact(run: ContactRun, contact: GraphContact, before: KnownItem | undefined, signal: AbortSignal): Promise<Change | null> {
	const { tree } = run;
	const folderId = text(contact['parentFolderId']);
	if (!tree.has(folderId) && !tree.outside.has(folderId)) {
		try {
			await lookAgain(run, signal);
			if (!tree.has(folderId) && !(await isBelowUnlisted(run, folderId, signal))) tree.outside.add(folderId);
		} catch (error) {
			const failure = toFailure(error);
			if (isFailure(failure, 'cancelled')) throw failure;
			return failedContact(partId(CONTACTS, contact.id), before, failure);
		}
	}
	if (!tree.has(folderId)) return before ? gone(run, before, 'a place that is no contact folder, such as Deleted Items') : null;
	const id = partId(CONTACTS, contact.id);
	const parent = partId(CONTACTS, folderId);
	const etag = text(contact['changeKey']);
	if (before?.etag === etag && before.parent === parent && before.hasContent && before.failedAttempts === 0) return null;
	tree.moved(before?.parent && graphIdIn(before.parent), folderId);
	const modified = contact['lastModifiedDateTime'];
	return {
		kind: 'item',
		id,
		type: 'contact',
		parent,
		name: contactName(contact),
		...(typeof modified === 'string' ? { modified } : {}),
		etag,
		meta: contactMeta(contact),
		isNew: before === undefined,
		fetch: {
			id,
			folderPath: tree.path(folderId),
			title: contactTitle(contact),
			extension: '.json',
			version: etag,
			hints: { document: contactDocument(contact).toString('utf8') },
		},
	};
}

function gone(run: ContactRun, before: KnownItem, movedTo?: string): Change {
	run.tree.moved(before.parent && graphIdIn(before.parent), undefined);
	return { kind: 'gone', id: before.id, ...(movedTo === undefined ? {} : { movedTo }) };
}

function failedContact(id: string, before: KnownItem | undefined, failure: Failure): Change {
	return {
		kind: 'failed',
		id,
		type: 'contact',
		name: before?.name ?? graphIdIn(id),
		...(before?.parent === undefined ? {} : { parent: before.parent }),
		reason: itemReason(failure),
		failure,
	};
}
