import { invalidDriveRequest, parentReference, selected, shownItem, time } from './drive-json';
import type { DriveNode } from './drive-node';
import type { Drive } from './drive-store';
import type { GraphAnswer, GraphRequest } from './exchange';
import { GraphError } from './graph-error';
import type { Json } from './message-json';
import { parseQuery, type OdataQuery } from './odata-query';
import { contextUrl } from './paging';

const DEFAULT_PAGE_SIZE = 200;

/** What a link stands for. Clients must treat it as opaque. */
interface Token {
	drive: string;
	epoch: number;
	issuedMs: number;
	/** The query that the round began with. */
	query: string;
	/** Where in the log the round began, and where it is. */
	roundStart: number;
	position: number;
	/** Where in the drive's items, while they are listed. */
	listed: number | null;
	/** Of a round from a timestamp. */
	sinceMs: number | null;
	given: number;
	emptied: boolean;
	/** The last entry of the page before. */
	previous: number | null;
	isNewRound: boolean;
}

/** Whether a request has a token: with one it costs one resource unit, without two. */
export function hasToken(request: GraphRequest, tail: string): boolean {
	return givenToken(request, tail) !== undefined;
}

function givenToken(request: GraphRequest, tail: string): string | undefined {
	const inPath = /^delta\(token='(.*)'\)$/i.exec(tail)?.[1];
	const token = inPath ?? request.query.other.get('token') ?? request.query.deltaToken ?? request.query.skipToken;
	return token === '' ? undefined : token;
}

/** `/drives/{id}/root/delta`: one page (driveitem-delta; graph-facts §1, §10). */
export function driveDelta(request: GraphRequest, drive: Drive, item: DriveNode, tail: string): GraphAnswer {
	if (item !== drive.root) throw invalidDriveRequest('Delta is only supported on the root folder of a drive.');
	const { switches } = request.tenant;
	const given = givenToken(request, tail);
	const { token, query } = openRound(request, drive, given);
	const prefer = preferences(request);
	if (given?.toLowerCase() === 'latest') return answer(request, drive, [], { '@odata.deltaLink': link(request, drive, { ...token, listed: null, isNewRound: true }) }, prefer);
	const limit = Math.min(query.top ?? request.prefer.maxPageSize ?? DEFAULT_PAGE_SIZE, switches.deltaLargestPage);
	if (limit < 1) throw invalidDriveRequest('The page size is not valid.');
	const nodes: DriveNode[] = [];
	const replayed = switches.deltaReplays && token.previous !== null ? drive.nodes[token.previous] : undefined;
	if (replayed) nodes.push(replayed);
	const isTold = (node: DriveNode): boolean => node.lastChanged >= token.roundStart || (prefer.has('deltashowsharingchanges') && node.lastShared >= token.roundStart);
	let isLast = false;
	if (token.listed === null) {
		const page = drive.log.page(token.position, limit, isTold);
		const tellsRoot = token.given === 0 && switches.driveDeltaRoot === 'always' && page.nodes.length > 0 && !page.nodes.includes(drive.root);
		nodes.push(...(tellsRoot ? [drive.root] : []), ...page.nodes);
		token.position = page.position;
		isLast = page.isLast;
	} else {
		nodes.push(...listing(drive, token, limit));
		isLast = token.listed === null && drive.log.page(token.position, 1, isTold).nodes.length === 0;
	}
	token.given += nodes.length;
	token.previous = nodes.at(-1)?.sequence ?? null;
	token.issuedMs = request.tenant.clock.nowMs();
	const value = nodes.map((node) => entry(request, drive, node, query, prefer, token.roundStart));
	return answer(request, drive, value, links(request, drive, token, isLast), prefer);
}

function answer(request: GraphRequest, drive: Drive, value: Json[], nextLinks: Json, prefer: ReadonlySet<string>): GraphAnswer {
	const known = [...prefer].filter((name) => ['deltashowremovedasdeleted', 'deltatraversepermissiongaps', 'deltashowsharingchanges', 'hierarchicalsharing'].includes(name));
	return {
		status: 200,
		...(known.length ? { headers: { 'Preference-Applied': known.join(', ') } } : {}),
		json: { '@odata.context': contextUrl(request, 'Collection(driveItem)'), ...nextLinks, value },
	};
}

function preferences(request: GraphRequest): Set<string> {
	return new Set((request.headers.prefer ?? '').split(/[,;]/).map((one) => one.trim().toLowerCase()));
}

function openRound(request: GraphRequest, drive: Drive, given: string | undefined): { token: Token; query: OdataQuery } {
	const { switches, clock } = request.tenant;
	const since = given !== undefined && /^\d{4}-\d\d-\d\dT/.test(given) ? Date.parse(given) : undefined;
	if (since !== undefined && Number.isNaN(since)) throw invalidDriveRequest('The timestamp of the token is not valid.');
	const isStart = given === undefined || given.toLowerCase() === 'latest' || since !== undefined;
	const token = isStart ? freshToken(request, drive, since) : readToken(given);
	if (token.drive !== drive.id) throw invalidDriveRequest('The provided token is not valid.');
	if (!isStart && (token.epoch !== drive.deltaEpoch || clock.nowMs() - token.issuedMs > switches.driveDeltaTokenLifetimeMs)) throw resync(request, drive, token);
	if (token.isNewRound) Object.assign(token, { roundStart: token.position, given: 0, emptied: false, previous: null, isNewRound: false });
	const query = isStart ? request.query : parseQuery(token.query);
	if (query.filter !== undefined || query.orderby !== undefined || query.search !== undefined) throw invalidDriveRequest('$filter, $orderby and $search are not supported with delta.');
	return { token, query };
}

function freshToken(request: GraphRequest, drive: Drive, sinceMs: number | undefined): Token {
	const position = drive.log.observe();
	const query = request.query.repeatable.split('&').filter((pair) => !/^token=/i.test(pair)).join('&');
	return { drive: drive.id, epoch: drive.deltaEpoch, issuedMs: request.tenant.clock.nowMs(), query, roundStart: position, position, listed: 0, sinceMs: sinceMs ?? null, given: 0, emptied: false, previous: null, isNewRound: false };
}

/** 410 and where to start over (driveitem-delta, od#1356). */
function resync(request: GraphRequest, drive: Drive, token: Token): GraphError {
	const message = "Resync required. Replace any local items with the server's version (including deletes) if you're sure that the service was up to date with your local changes when you last sync'd. Upload any local changes that the server doesn't know about.";
	const fresh = freshToken(request, drive, undefined);
	return new GraphError(410, drive.deltaExpiryCode, message, { Location: link(request, drive, { ...fresh, query: token.query }) });
}

function listing(drive: Drive, token: Token, limit: number): DriveNode[] {
	const found: DriveNode[] = [];
	const { sinceMs } = token;
	const counts = (node: DriveNode): boolean => (sinceMs === null ? node.state === 'living' : node === drive.root || node.modifiedMs >= sinceMs);
	let at = token.listed ?? 0;
	for (; at < drive.nodes.length && found.length < limit; at++) if (counts(drive.nodes[at]!)) found.push(drive.nodes[at]!);
	while (at < drive.nodes.length && !counts(drive.nodes[at]!)) at++;
	token.listed = at < drive.nodes.length ? at : null;
	return found;
}

function entry(request: GraphRequest, drive: Drive, node: DriveNode, query: OdataQuery, prefer: ReadonlySet<string>, roundStart: number): Json {
	if (node.state !== 'living') return selected(deletedEntry(drive, node), query.select);
	const { switches } = request.tenant;
	const json = shownItem(request, drive, node, query);
	if (switches.driveDeltaParentPath === 'absent' && json.parentReference) json.parentReference = parentReference(drive, node, false);
	if (switches.driveDeltaCTag === 'absent') delete json.cTag;
	if (switches.driveDeltaDownloadUrl === 'absent') delete json['@microsoft.graph.downloadUrl'];
	// Never on folders (msgraph-sdk-java#2548).
	if (prefer.has('deltashowsharingchanges') && node.content && node.lastShared >= roundStart) json['@microsoft.graph.sharedChanged'] = 'True';
	return { '@odata.type': '#microsoft.graph.driveItem', ...json };
}

/** As little as OneDrive for Business says of what is gone; broken in the ways that were seen (od#535, od#561). */
function deletedEntry(drive: Drive, node: DriveNode): Json {
	const style = drive.tenant.switches.driveDeletedEntries;
	const json: Json = { '@odata.type': '#microsoft.graph.driveItem', id: drive.idOf(node), createdDateTime: '0001-01-01T00:00:00Z', lastModifiedDateTime: time(node.modifiedMs), deleted: style === 'emptyFacet' ? {} : { state: 'deleted' } };
	if (style === 'named') json.name = node.name;
	if (style !== 'bare') Object.assign(json, node.content ? { file: {} } : { folder: {} });
	if (style === 'nullParent') Object.assign(json, { name: null, parentReference: null });
	else if (style !== 'bare') json.parentReference = { ...parentReference(drive, node, false), ...(style === 'foreignDrive' ? { driveId: `b!${Buffer.from(drive.tenant.guid('foreign drive')).toString('base64url').slice(0, 64)}` } : {}) };
	return json;
}

function links(request: GraphRequest, drive: Drive, token: Token, isLast: boolean): Json {
	const { deltaEmptyPages } = request.tenant.switches;
	if (!isLast) return { '@odata.nextLink': link(request, drive, token) };
	const wantsEmptyPage = !token.emptied && (deltaEmptyPages === 'always' || (deltaEmptyPages === 'end' && token.given > 0));
	if (wantsEmptyPage) return { '@odata.nextLink': link(request, drive, { ...token, emptied: true, previous: null }) };
	return { '@odata.deltaLink': link(request, drive, { ...token, isNewRound: true }) };
}

function link(request: GraphRequest, drive: Drive, token: Token): string {
	return `${request.origin}/v1.0/drives/${drive.id}/root/delta?token=${Buffer.from(JSON.stringify(token)).toString('base64url')}`;
}

/** @throws GraphError 400 */
function readToken(text: string): Token {
	try {
		const token = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Token;
		if (typeof token.position === 'number' && typeof token.drive === 'string') return token;
	} catch {
		// Falls through to the answer for a token that is none.
	}
	throw invalidDriveRequest('The provided token is not valid.');
}
