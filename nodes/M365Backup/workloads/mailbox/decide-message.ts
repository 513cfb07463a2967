import type { JsonObject } from '../../base/json';
import type { Change, ContentRequest, KnownItem } from '../workload';
import type { GraphMessage } from './graph-message';
import {
	contentStillHolds,
	isCompleteEntry,
	messageEtag,
	messageMeta,
	messageTitle,
	messageVersion,
	metaChanges,
} from './graph-message';
import type { MailContext } from './mail-context';
import { graphIdOf, scopedId } from './mail-context';

const MAX_NAME_CHARS = 4096;

/**
 * What an entry for a living message of a backed-up folder means for the catalog.
 *
 * @param folderId Graph id of the folder where the message is.
 * @param wasRemoved A folder reported it as removed in this run: a move there and back explains a new change key.
 * @returns the change; null if the catalog says the same already; `ask` if the entry is partial and the catalog has too
 * little to patch, so that the whole message must be read.
 */
export function decideMessage(
	context: MailContext,
	message: GraphMessage,
	folderId: string,
	known: KnownItem | undefined,
	wasRemoved = false,
): Change | null | 'ask' {
	const complete = isCompleteEntry(message);
	if (!known) return complete ? newMessage(context, message, folderId) : 'ask';
	const stored = known.hasContent && known.failedAttempts === 0;
	if (!complete && !stored) return 'ask';

	const parent = scopedId(folderId);
	const moved = known.parent !== parent;
	const changes = metaChanges(message, known.meta);
	const etag = messageEtag(message);
	const sameEtag = etag !== undefined && etag === known.etag;
	const name = message.subject === undefined ? undefined : nameOf(message);

	if (complete && (!stored || !contentStillHolds(message, known.meta, changes, sameEtag, moved || wasRemoved))) {
		context.tree.count(known.parent && graphIdOf(known.parent), folderId);
		return { ...wholeMessage(context, message, folderId), isNew: false };
	}
	if (!moved && sameEtag) return null;
	const renamed = name !== undefined && name !== known.name;
	if (!moved && !renamed && Object.keys(changes).length === 0 && (etag === undefined || sameEtag)) return null;
	context.tree.count(known.parent && graphIdOf(known.parent), folderId);
	return {
		kind: 'patch',
		id: known.id,
		type: 'message',
		...(moved ? { parent } : {}),
		...(renamed ? { name } : {}),
		...(message.lastModifiedDateTime ? { modified: message.lastModifiedDateTime } : {}),
		...(etag !== undefined && !sameEtag ? { etag } : {}),
		...(Object.keys(changes).length > 0 ? { meta: changes } : {}),
	};
}

function newMessage(context: MailContext, message: GraphMessage, folderId: string): Change {
	context.tree.count(undefined, folderId);
	return { ...wholeMessage(context, message, folderId), isNew: true };
}

function wholeMessage(context: MailContext, message: GraphMessage, folderId: string): Omit<Change & { kind: 'item' }, 'isNew'> {
	const id = scopedId(message.id);
	const etag = messageEtag(message);
	return {
		kind: 'item',
		id,
		type: 'message',
		parent: scopedId(folderId),
		name: nameOf(message),
		...(message.lastModifiedDateTime ? { modified: message.lastModifiedDateTime } : {}),
		...(etag === undefined ? {} : { etag }),
		meta: messageMeta(message),
		fetch: mimeRequest(context, message, folderId),
	};
}

/** A catalog line takes names up to a limit; one message beyond it must not stop the backup. Its meta has the whole subject. */
function nameOf(message: GraphMessage): string {
	return (message.subject ?? '').slice(0, MAX_NAME_CHARS);
}

function mimeRequest(context: MailContext, message: GraphMessage, folderId: string): ContentRequest {
	const hints: JsonObject = {
		...(message.hasAttachments === true ? { hasAttachments: true } : {}),
		...(message['@odata.type']?.startsWith('#microsoft.graph.eventMessage') === true ? { isMeeting: true } : {}),
	};
	return {
		id: scopedId(message.id),
		folderPath: context.tree.path(folderId),
		title: messageTitle(message),
		extension: '.eml',
		version: messageVersion(message),
		hints,
	};
}
