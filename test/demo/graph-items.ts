import { createHash } from 'node:crypto';
import type { GraphReader } from './graph-reader';

export type SeenKind = 'event' | 'contact' | 'task' | 'setting';

/** What Graph shows of an item that is no mail. */
export interface SeenItem<Kind extends string = SeenKind> {
	kind: Kind;
	id: string;
	/** Where Graph has it, below `/v1.0`. */
	path: string;
	/** Its calendar, contact folder or list. */
	place: string;
	/** Subject, name or title. */
	name: string;
	/** Everything that Graph serves of it, what belongs to it included, but for ids and times of change. */
	properties: Record<string, unknown>;
}

type Json = Record<string, unknown>;

/** Of every kind: what Exchange and To Do give anew to whatever is made, or derive from everything else. */
const own = ['id', '@odata.etag', '@odata.context', 'changeKey', 'createdDateTime', 'lastModifiedDateTime', 'bodyLastModifiedDateTime', 'webLink', 'iCalUId', 'uid', 'transactionId', 'parentFolderId', 'calendar@odata.associationLink', 'calendar@odata.navigationLink', 'isDraft', 'hasError', 'primaryEmailAddress', 'secondaryEmailAddress', 'tertiaryEmailAddress'];

/** Everything of a mailbox but mail, as Graph serves it. */
export async function seenItems(graph: GraphReader, mailbox: string, kinds: readonly SeenKind[] = ['event', 'contact', 'task', 'setting']): Promise<SeenItem[]> {
	const user = `/users/${mailbox}`;
	const readers: Record<SeenKind, () => Promise<SeenItem[]>> = {
		event: () => events(graph, user),
		contact: () => contacts(graph, user),
		task: () => tasks(graph, user),
		setting: () => settings(graph, user),
	};
	const all: SeenItem[] = [];
	for (const kind of kinds) {
		all.push(...(await readers[kind]()));
	}
	return all;
}

async function events(graph: GraphReader, user: string): Promise<SeenItem[]> {
	const seen: SeenItem[] = [];
	const ids = new Set<string>();
	for (const calendar of await graph.list(`${user}/calendars?$top=100`)) {
		for (const listed of await graph.list(`${user}/calendars/${String(calendar['id'])}/events?$top=100`)) {
			const id = String(listed['id']);
			if (ids.has(id)) {
				continue; // pages may repeat an event
			}
			ids.add(id);
			const path = `${user}/events/${id}`;
			const series = listed['type'] === 'seriesMaster' ? await graph.json(`${path}?$select=id,cancelledOccurrences&$expand=exceptionOccurrences`) : {};
			const exceptions = (series['exceptionOccurrences'] as Json[] | undefined) ?? [];
			seen.push({
				kind: 'event',
				id,
				path,
				place: String(calendar['name']),
				name: String(listed['subject']),
				properties: {
					...without(listed, own),
					location: place(listed['location'] as Json | undefined),
					locations: ((listed['locations'] as Json[] | undefined) ?? []).map(place),
					attachments: await files(graph, `${path}/attachments`),
					cancelledOccurrences: ((series['cancelledOccurrences'] as string[] | undefined) ?? []).map((occurrence) => occurrence.slice(occurrence.lastIndexOf('.') + 1)).sort(),
					exceptionOccurrences: exceptions.map(exception).sort(),
				},
			});
		}
	}
	return seen;
}

/** Where an event takes place, without the ids of places; null for none. */
function place(location: Json | undefined): Json | null {
	if (location === undefined || location['displayName'] === '') {
		return null;
	}
	return without(location, ['uniqueId', 'uniqueIdType', 'locationType']);
}

/** Of a changed occurrence: what makes it differ from the others. */
function exception(occurrence: Json): string {
	const { subject, start, end, location, isAllDay, originalStart } = occurrence;
	return JSON.stringify({ subject, start, end, location: (location as Json | undefined)?.['displayName'], isAllDay, originalStart });
}

async function contacts(graph: GraphReader, user: string): Promise<SeenItem[]> {
	const seen: SeenItem[] = [];
	const read = async (path: string, place: string): Promise<void> => {
		for (const contact of await graph.list(`${path}/contacts?$top=100`)) {
			const id = String(contact['id']);
			const photo = await graph.bytes(`${user}/contacts/${id}/photo/$value`);
			seen.push({
				kind: 'contact',
				id,
				path: `${user}/contacts/${id}`,
				place,
				name: String(contact['displayName']),
				properties: { ...without(contact, own), photo: photo === null ? null : sha256(photo) },
			});
		}
		for (const folder of await graph.list(path === user ? `${user}/contactFolders?$top=100` : `${path}/childFolders?$top=100`)) {
			await read(`${user}/contactFolders/${String(folder['id'])}`, `${place}/${String(folder['displayName'])}`);
		}
	};
	await read(user, 'Contacts');
	return seen;
}

async function tasks(graph: GraphReader, user: string): Promise<SeenItem[]> {
	const seen: SeenItem[] = [];
	for (const list of await graph.list(`${user}/todo/lists?$top=100`)) {
		if (list['wellknownListName'] === 'flaggedEmails') {
			continue; // shows flagged mail, which is no task of its own
		}
		const listPath = `${user}/todo/lists/${String(list['id'])}/tasks`;
		for (const task of await graph.list(`${listPath}?$top=100`)) {
			const path = `${listPath}/${String(task['id'])}`;
			// Lists often leave out how a task repeats.
			const { extensions, 'extensions@odata.context': _context, ...whole } = await graph.json(`${path}?$expand=extensions`);
			seen.push({
				kind: 'task',
				id: String(task['id']),
				path,
				place: String(list['displayName']),
				name: String(task['title']),
				properties: {
					...without(whole, own),
					checklistItems: (await graph.list(`${path}/checklistItems`)).map(({ displayName, isChecked }) => ({ displayName, isChecked })),
					linkedResources: (await graph.list(`${path}/linkedResources`)).map((link) => without(link, own)),
					attachments: await files(graph, `${path}/attachments`),
					extensions: ((extensions as Json[] | undefined) ?? []).map((extension) => without(extension, own)),
				},
			});
		}
	}
	return seen;
}

async function settings(graph: GraphReader, user: string): Promise<SeenItem[]> {
	const rules = await graph.list(`${user}/mailFolders/inbox/messageRules`);
	const categories = await graph.list(`${user}/outlook/masterCategories`);
	return [
		...rules.map((rule) => setting(rule, `${user}/mailFolders/inbox/messageRules`, 'Rules')),
		...categories.map((category) => setting(category, `${user}/outlook/masterCategories`, 'Categories')),
	];
}

function setting(json: Json, list: string, place: string): SeenItem {
	return { kind: 'setting', id: String(json['id']), path: `${list}/${String(json['id'])}`, place, name: String(json['displayName']), properties: without(json, own) };
}

async function files(graph: GraphReader, path: string): Promise<unknown[]> {
	const found: { name: string; content: string }[] = [];
	for (const { id, name, contentType, '@odata.type': type } of await graph.list(path)) {
		const bytes = type === '#microsoft.graph.referenceAttachment' ? null : await graph.bytes(`${path}/${String(id)}/$value`);
		found.push({ name: String(name), content: `${String(contentType)}, ${bytes === null ? 'link' : sha256(bytes)}` });
	}
	return found.sort((a, b) => a.name.localeCompare(b.name) || a.content.localeCompare(b.content));
}

function without(json: Json, names: readonly string[]): Json {
	return Object.fromEntries(Object.entries(json).filter(([name]) => !names.includes(name)));
}

function sha256(bytes: Buffer): string {
	return createHash('sha256').update(bytes).digest('hex');
}
