import { badRequest } from './graph-error';
import type { MessageRecord } from './message';
import type { MessageSummary } from './message-content';
import { matches, parseFilter } from './odata-filter';

export interface ExtendedProperty {
	id: string;
	value: string;
}

/** PidTagMessageFlags bits. */
const READ = 0x1;
const UNSENT = 0x8;
const HAS_ATTACHMENTS = 0x10;

const TAGGED = /^(Integer|Long|String|Boolean|Binary|SystemTime|Double|Short|CLSID|ApplicationTime|Currency|Float)(Array)?\s+0x[0-9a-f]{1,8}$/i;
const NAMED = /^(Integer|Long|String|Boolean|Binary|SystemTime|Double|Short|CLSID|ApplicationTime|Currency|Float)(Array)?\s+\{[0-9a-f-]{36}\}\s+(Name\s+\S.*|Id\s+0x[0-9a-f]+)$/i;

/** @throws GraphError 400 where Graph does not understand the property's id */
export function checkPropertyId(id: string): void {
	if (!TAGGED.test(id) && !NAMED.test(id)) throw badRequest(`The specified property id '${id}' is invalid.`, 'ErrorInvalidExtendedProperty');
}

/** `Integer 0x0E07` and `integer 0xe07` are one property. */
function canonical(id: string): string {
	const tag = /^(\w+)\s+0x0*([0-9a-f]+)$/i.exec(id);
	return tag ? `${tag[1]!} 0x${tag[2]!}`.toLowerCase() : id.toLowerCase();
}

/** The MAPI properties that the simulated store works out by itself. */
function builtIn(message: MessageRecord, summary: MessageSummary): ExtendedProperty[] {
	const flags = (message.isRead ? READ : 0) | (message.isDraft ? UNSENT : 0) | (summary.hasAttachments ? HAS_ATTACHMENTS : 0);
	return [
		{ id: 'Integer 0x0E07', value: String(flags) },
		{ id: 'Integer 0xe08', value: String(message.content.approximateBytes) },
		{ id: 'Long 0xe08', value: String(message.content.approximateBytes) },
		{ id: 'SystemTime 0x0039', value: new Date(message.sentMs).toISOString() },
		{ id: 'SystemTime 0x0E06', value: new Date(message.receivedMs).toISOString() },
		{ id: 'String 0x001A', value: summary.odataType ? 'IPM.Schedule.Meeting.Request' : 'IPM.Note' },
	];
}

/** Set at creation, read-only afterwards: they live as the message's own fields. */
export function isBuiltIn(id: string, code: '0xe07' | '0x39' | '0xe06'): boolean {
	return canonical(id).endsWith(` ${code}`);
}

export function storedProperties(message: MessageRecord): ExtendedProperty[] {
	return message.singleValueProperties ? [...message.singleValueProperties].map(([id, value]) => ({ id, value })) : [];
}

/** What `$expand=singleValueExtendedProperties($filter=id eq '…')` shows of properties that were set, not worked out. */
export function expandedProperties(stored: ReadonlyMap<string, string> | undefined, filter: string | undefined): ExtendedProperty[] {
	if (filter === undefined) throw badRequest('Expanding extended properties needs a $filter by id.', 'ErrorInvalidRequest');
	return wanted(filter, [...(stored ?? [])].map(([id, value]) => ({ id, value })), (property) => property);
}

/** What `$expand=singleValueExtendedProperties($filter=id eq '…')` shows. Without a filter Graph refuses. */
export async function extendedPropertiesJson(message: MessageRecord, filter: string | undefined): Promise<ExtendedProperty[]> {
	if (filter === undefined) throw badRequest('Expanding extended properties needs a $filter by id.', 'ErrorInvalidRequest');
	return wanted(filter, [...storedProperties(message), ...builtIn(message, await message.summary())], (property) => property);
}

export function multiValuePropertiesJson(message: MessageRecord, filter: string | undefined): { id: string; value: string[] }[] {
	if (filter === undefined) throw badRequest('Expanding extended properties needs a $filter by id.', 'ErrorInvalidRequest');
	const stored = message.multiValueProperties ? [...message.multiValueProperties].map(([id, value]) => ({ id, value })) : [];
	return wanted(filter, stored, (property) => property);
}

function wanted<T extends { id: string }>(filter: string, properties: readonly T[], show: (property: T) => T): T[] {
	const parsed = parseFilter(filter.replace(/'(\w+)\s+0x0*([0-9a-fA-F]+)'/g, (_, type: string, tag: string) => `'${type} 0x${tag}'`));
	return properties.filter((property) => matches(parsed, { ...property, id: canonical(property.id) })).map(show);
}
