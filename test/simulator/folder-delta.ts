import { readToken, syncStateNotFound, writeToken, type DeltaToken } from './delta-token';
import type { GraphAnswer, GraphRequest } from './exchange';
import { folderJson } from './folder-json';
import { badRequest, GraphError } from './graph-error';
import type { MailFolder } from './mail-folder';
import type { Mailbox } from './mailbox';
import type { Json } from './message-json';
import { parseQuery } from './odata-query';
import { contextUrl, link } from './paging';

/** `mailFolders/delta`: the visible folders below the root, at any depth; 10 a page unless Prefer says otherwise. */
export function folderDelta(request: GraphRequest, mailbox: Mailbox): GraphAnswer {
	const { switches, clock } = request.tenant;
	if (mailbox.isOverQuota && switches.overQuotaFolderDelta === 'refused') throw new GraphError(403, 'ErrorQuotaExceeded', 'The mailbox has exceeded its quota.');
	const given = request.query.skipToken ?? request.query.deltaToken;
	const isStart = given === undefined || given === '' || given === 'latest';
	const token = isStart ? firstToken(request, mailbox) : readToken(given);
	if (given === 'latest') token.arrival = null;
	if (!isStart) {
		if (token.kind !== 'folders' || token.mailbox !== mailbox.user.id) throw badRequest('The sync state data is not valid.', 'ErrorInvalidSyncStateData');
		const isStale = token.epoch !== mailbox.folderDeltaEpoch || clock.nowMs() - token.issuedMs > switches.deltaTokenLifetimeMs;
		if (isStale) throw syncStateNotFound(token.epoch, link(request, `${token.query ? `${token.query}&` : ''}$deltatoken=`));
		if (request.query.deltaToken !== undefined) Object.assign(token, { roundStart: token.position, given: 0, emptied: false });
	}
	const query = parseQuery(token.query);
	const includeHidden = query.other.get('includehiddenfolders')?.toLowerCase() === 'true';
	const isVisible = (folder: MailFolder): boolean => folder.isBelow(mailbox.root) && folder.role !== 'msgfolderroot' && (includeHidden || !folder.isHidden);
	const limit = Math.min(request.prefer.maxPageSize ?? switches.defaultPageSize, switches.deltaLargestPage);
	const value: Json[] = [];
	let isLast: boolean;
	if (token.arrival === null) {
		const page = mailbox.folderLog.page(token.position, limit, (folder) => (folder.isDeleted ? wasVisible(folder, mailbox) : isVisible(folder)));
		for (const folder of page.folders) value.push(folder.isDeleted ? { '@odata.type': '#microsoft.graph.mailFolder', id: folder.id, '@removed': { reason: 'deleted' } } : typed(folder, query));
		token.position = page.position;
		isLast = page.isLast;
	} else {
		const all = [...mailbox.folders.values()].filter((folder) => folder.sequence >= (token.arrival ?? 0) && isVisible(folder));
		for (const folder of all.slice(0, limit)) value.push(typed(folder, query));
		const next = all[limit];
		token.arrival = next ? next.sequence : null;
		isLast = !next && mailbox.folderLog.page(token.position, 1, isVisible).folders.length === 0;
	}
	token.given += value.length;
	token.issuedMs = clock.nowMs();
	mailbox.folderLog.observe();
	const wantsEmptyPage = isLast && !token.emptied && (switches.deltaEmptyPages === 'always' || (switches.deltaEmptyPages === 'end' && token.given > 0));
	const links: Json =
		isLast && !wantsEmptyPage
			? { '@odata.deltaLink': link(request, `$deltatoken=${writeToken({ ...token, roundStart: token.position })}`) }
			: { '@odata.nextLink': link(request, `$skiptoken=${writeToken({ ...token, emptied: wantsEmptyPage || token.emptied })}`) };
	return { status: 200, json: { '@odata.context': contextUrl(request, 'Collection(mailFolder)'), ...links, value } };
}

function typed(folder: MailFolder, query: Parameters<typeof folderJson>[1]): Json {
	return { '@odata.type': '#microsoft.graph.mailFolder', ...folderJson(folder, query) };
}

/** A deleted folder still knows what it hung below. */
function wasVisible(folder: MailFolder, mailbox: Mailbox): boolean {
	return folder.isBelow(mailbox.root) && !folder.isHidden;
}

function firstToken(request: GraphRequest, mailbox: Mailbox): DeltaToken {
	const position = mailbox.folderLog.observe();
	return {
		kind: 'folders',
		mailbox: mailbox.user.id,
		folder: 0,
		epoch: mailbox.folderDeltaEpoch,
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
