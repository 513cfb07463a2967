import { contactFolderJson, type ContactFolder } from './contact-folder';
import type { MailboxContacts } from './contact-store';
import { readToken, syncStateNotFound, writeToken, type DeltaToken } from './delta-token';
import type { GraphAnswer, GraphRequest } from './exchange';
import { badRequest } from './graph-error';
import type { Json } from './message-json';
import { parseQuery } from './odata-query';
import { contextUrl, link } from './paging';

const TYPE = '#microsoft.graph.contactFolder';

/** `contactFolders/delta`: the visible folders below the default one, at any depth, the default one left out as in lists. */
export function contactFolderDelta(request: GraphRequest, contacts: MailboxContacts): GraphAnswer {
	const { switches, clock } = request.tenant;
	const given = request.query.skipToken ?? request.query.deltaToken;
	const isStart = given === undefined || given === '' || given === 'latest';
	const token = isStart ? firstToken(request, contacts) : readToken(given);
	if (given === 'latest') token.arrival = null;
	if (!isStart) {
		if (token.kind !== 'contactFolders' || token.mailbox !== contacts.mailbox.user.id) throw badRequest('The sync state data is not valid.', 'ErrorInvalidSyncStateData');
		const isStale = token.epoch !== contacts.folderDeltaEpoch || clock.nowMs() - token.issuedMs > switches.deltaTokenLifetimeMs;
		if (isStale) throw syncStateNotFound(token.epoch, link(request, '$deltatoken='));
	}
	const { select } = parseQuery(token.query);
	const showsHidden = switches.hiddenContactFolders === 'listed';
	const isVisible = (folder: ContactFolder): boolean => folder !== contacts.default && (showsHidden || !folder.isHidden);
	const limit = Math.min(request.prefer.maxPageSize ?? switches.defaultPageSize, switches.deltaLargestPage);
	const value: Json[] = [];
	let isLast: boolean;
	if (token.arrival === null) {
		const page = contacts.folderLog.page(token.position, limit, isVisible);
		for (const folder of page.folders) {
			const isGone = folder.isDeleted || !contacts.isLiving(folder);
			value.push(isGone ? { '@odata.type': TYPE, id: folder.id, '@removed': { reason: 'deleted' } } : { '@odata.type': TYPE, ...contactFolderJson(folder, select) });
		}
		token.position = page.position;
		isLast = page.isLast;
	} else {
		const from = token.arrival;
		const all = [...contacts.folders.values()].filter((folder) => folder.sequence >= from && isVisible(folder) && contacts.isLiving(folder));
		for (const folder of all.slice(0, limit)) value.push({ '@odata.type': TYPE, ...contactFolderJson(folder, select) });
		const next = all[limit];
		token.arrival = next ? next.sequence : null;
		isLast = !next && contacts.folderLog.page(token.position, 1, isVisible).folders.length === 0;
	}
	token.issuedMs = clock.nowMs();
	contacts.folderLog.observe();
	const links: Json = isLast
		? { '@odata.deltaLink': link(request, `$deltatoken=${writeToken(token)}`) }
		: { '@odata.nextLink': link(request, `$skiptoken=${writeToken(token)}`) };
	return { status: 200, json: { '@odata.context': contextUrl(request, 'Collection(contactFolder)'), ...links, value } };
}

function firstToken(request: GraphRequest, contacts: MailboxContacts): DeltaToken {
	const position = contacts.folderLog.observe();
	return {
		kind: 'contactFolders',
		mailbox: contacts.mailbox.user.id,
		folder: 0,
		epoch: contacts.folderDeltaEpoch,
		issuedMs: request.tenant.clock.nowMs(),
		query: request.query.repeatable,
		roundStart: position,
		position,
		arrival: 0,
		left: null,
		given: 0,
		emptied: false,
	};
}
