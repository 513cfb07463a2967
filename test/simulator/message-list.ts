import type { GraphAnswer, GraphRequest } from './exchange';
import { isoSeconds, messageJson } from './message-json';
import type { MailFolder } from './mail-folder';
import type { Mailbox } from './mailbox';
import type { MessageRecord } from './message';
import type { MessageSummary } from './message-content';
import { storedProperties } from './extended-properties';
import { badRequest } from './graph-error';
import { matches, needsExtendedProperties, parseFilter, propertiesOf, type Filter } from './odata-filter';
import { contextUrl, nextPageLink, pageBounds } from './paging';
import { refuseExpandWithoutBodies, visibleProperties } from './visible-properties';

/** A page of messages of one folder, or of the whole mailbox without Recoverable Items; newest first unless asked otherwise. */
export async function listMessages(request: GraphRequest, mailbox: Mailbox, folder: MailFolder | undefined): Promise<GraphAnswer> {
	const { query } = request;
	if (query.top !== undefined && (query.top < 1 || query.top > 1000)) throw badRequest('The value of $top must be between 1 and 1000.', 'ErrorInvalidParameter');
	if (query.search !== undefined && query.filter !== undefined) throw badRequest('The query parameter $search cannot be combined with $filter.', 'SearchWithFilter');
	if (query.filter !== undefined && query.orderby !== undefined && !isEfficient(query.filter, query.orderby)) {
		throw badRequest('The restriction or sort order is too complex for this operation.', 'InefficientFilter');
	}
	const properties = visibleProperties(request, query.select);
	refuseExpandWithoutBodies(request, query);
	let messages = await everything(mailbox, folder);
	if (query.filter !== undefined) messages = await filtered(messages, parseFilter(query.filter));
	if (query.search !== undefined) messages = await searched(messages, query.search);
	if (query.orderby !== undefined) messages = await ordered(messages, query.orderby);
	const { skip, limit } = pageBounds(request, 1000);
	const json: Record<string, unknown> = { '@odata.context': contextUrl(request, "users('…')/messages") };
	if (query.count) json['@odata.count'] = messages.length;
	json.value = await Promise.all(messages.slice(skip, skip + limit).map((message) => messageJson(message, { properties, prefer: request.prefer, expand: query.expand })));
	if (skip + limit < messages.length) json['@odata.nextLink'] = nextPageLink(request, skip + limit);
	return { status: 200, json };
}

/** Properties in $orderby must stand in $filter too, first and in that order (user-list-messages). */
function isEfficient(filter: string, orderby: string): boolean {
	const filtered = [...propertiesOf(parseFilter(filter))];
	return orderby.split(',').every((part, index) => filtered[index]?.toLowerCase() === part.trim().split(/[\s/]+/)[0]?.toLowerCase());
}

async function everything(mailbox: Mailbox, folder: MailFolder | undefined): Promise<readonly MessageRecord[]> {
	if (folder?.kind === 'search') return searchFolderContent(mailbox, folder);
	return folder ? folder.sorted() : mailbox.sorted();
}

/** Search folders hold nothing: they show messages of other folders. */
async function searchFolderContent(mailbox: Mailbox, folder: MailFolder): Promise<readonly MessageRecord[]> {
	const search = folder.search ?? { filterQuery: '', includeNestedFolders: true, sourceFolderIds: [] };
	const sources = search.sourceFolderIds.length ? search.sourceFolderIds.map((id) => mailbox.findFolder(id)) : [mailbox.root];
	const found: MessageRecord[] = [];
	for (const one of mailbox.folders.values()) {
		if (one.kind === 'search' || !(one === mailbox.root || one.isBelow(mailbox.root))) continue;
		if (sources.some((source) => source && (one === source || (search.includeNestedFolders && one.isBelow(source))))) found.push(...one.messages());
	}
	const kept = search.filterQuery === '' ? found : await filtered(found, parseFilter(search.filterQuery));
	return [...kept].sort((a, b) => b.receivedMs - a.receivedMs || b.sequence - a.sequence);
}

const RECORD_PROPERTIES = new Set(['id', 'isRead', 'isDraft', 'receivedDateTime', 'sentDateTime', 'createdDateTime', 'lastModifiedDateTime', 'categories', 'parentFolderId', 'flag', 'singleValueExtendedProperties']);

async function filtered(messages: readonly MessageRecord[], filter: Filter): Promise<MessageRecord[]> {
	const candidates = needsExtendedProperties(filter) ? messages.filter((message) => message.singleValueProperties) : [...messages];
	const needsSummary = [...propertiesOf(filter)].some((name) => !RECORD_PROPERTIES.has(name));
	const found: MessageRecord[] = [];
	for (const message of candidates) {
		const summary = needsSummary ? (message.knownSummary ?? (await message.summary())) : undefined;
		if (matches(filter, filterable(message, summary))) found.push(message);
	}
	return found;
}

/** What a filter may look at, made cheaply. */
function filterable(message: MessageRecord, summary: MessageSummary | undefined): Record<string, unknown> {
	const at = (address: { name: string; address: string } | null | undefined): unknown => address && { emailAddress: address };
	return {
		isRead: message.isRead,
		isDraft: message.isDraft,
		receivedDateTime: isoSeconds(message.receivedMs),
		sentDateTime: isoSeconds(message.sentMs),
		createdDateTime: isoSeconds(message.createdMs),
		lastModifiedDateTime: isoSeconds(message.modifiedMs),
		categories: message.categories,
		flag: message.flag,
		inferenceClassification: message.inference,
		singleValueExtendedProperties: storedProperties(message),
		internetMessageId: summary?.internetMessageId,
		subject: summary?.subject,
		importance: message.importance ?? summary?.importance,
		hasAttachments: summary?.hasAttachments,
		from: at(summary?.from),
		sender: at(summary?.sender),
		toRecipients: summary?.to.map(at),
	};
}

/** A likeness of `$search`: all words occur in subject, body preview, sender or recipients; `subject:x` in the subject. */
async function searched(messages: readonly MessageRecord[], search: string): Promise<MessageRecord[]> {
	const words = search.toLowerCase().replace(/"/g, '').split(/\s+/).filter((word) => word !== '');
	const found: MessageRecord[] = [];
	for (const message of messages) {
		const summary = await message.summary();
		const people = [summary.from, ...summary.to, ...summary.cc].map((one) => `${one?.name ?? ''} ${one?.address ?? ''}`).join(' ');
		const all = `${summary.subject} ${summary.preview} ${people}`.toLowerCase();
		const inSubject = (word: string): boolean => summary.subject.toLowerCase().includes(word);
		if (words.every((word) => (word.startsWith('subject:') ? inSubject(word.slice('subject:'.length)) : all.includes(word)))) found.push(message);
	}
	return found;
}

async function ordered(messages: readonly MessageRecord[], orderby: string): Promise<MessageRecord[]> {
	const [property = '', direction = 'asc'] = orderby.split(',')[0]!.trim().split(/\s+/);
	const sign = direction.toLowerCase() === 'desc' ? -1 : 1;
	const times: Record<string, (message: MessageRecord) => number> = {
		receiveddatetime: (message) => message.receivedMs,
		sentdatetime: (message) => message.sentMs,
		createddatetime: (message) => message.createdMs,
		lastmodifieddatetime: (message) => message.modifiedMs,
	};
	const time = times[property.toLowerCase()];
	if (time) return [...messages].sort((a, b) => sign * (time(a) - time(b) || a.sequence - b.sequence));
	if (property.toLowerCase() !== 'subject') throw badRequest(`The property '${property}' does not support sorting.`, 'ErrorInvalidProperty');
	const subjects = new Map<MessageRecord, string>();
	for (const message of messages) subjects.set(message, (await message.summary()).subject);
	return [...messages].sort((a, b) => sign * subjects.get(a)!.localeCompare(subjects.get(b)!));
}
