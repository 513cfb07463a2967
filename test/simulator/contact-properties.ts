import { badRequest } from './graph-error';
import type { Json } from './message-json';

/** The contact resource type of v1.0 (contact.md): what a client may write, by the shape of its value. */
const TEXTS = [
	'assistantName', 'businessHomePage', 'companyName', 'department', 'displayName', 'fileAs', 'generation', 'givenName', 'initials', 'jobTitle', 'manager', 'middleName',
	'mobilePhone', 'nickName', 'officeLocation', 'personalNotes', 'profession', 'spouseName', 'surname', 'title', 'yomiCompanyName', 'yomiGivenName', 'yomiSurname',
] as const;
const TEXT_LISTS = ['businessPhones', 'categories', 'children', 'homePhones', 'imAddresses'] as const;
const ADDRESSES = ['businessAddress', 'homeAddress', 'otherAddress'] as const;
const ADDRESS_FIELDS = ['street', 'city', 'state', 'countryOrRegion', 'postalCode'];
/** Exchange's own: a client that sends them is not heard. */
const READ_ONLY = ['id', 'changeKey', 'createdDateTime', 'lastModifiedDateTime', 'primaryEmailAddress', 'secondaryEmailAddress', 'tertiaryEmailAddress'];

/** What a user can say of a contact, as Graph spells it. */
export interface ContactProperties {
	birthday?: string | null;
	emailAddresses?: { name?: string | null; address?: string | null }[];
	[property: string]: unknown;
}

/** All properties that a plain GET shows, empty as Graph shows them empty. */
export function emptyContact(): Json {
	const json: Json = {};
	for (const name of TEXTS) json[name] = null;
	for (const name of TEXT_LISTS) json[name] = [];
	for (const name of ADDRESSES) json[name] = {};
	json['emailAddresses'] = [];
	json['birthday'] = null;
	return json;
}

export const CONTACT_PROPERTIES: readonly string[] = [
	...READ_ONLY, 'parentFolderId', 'birthday', 'emailAddresses', ...TEXTS, ...TEXT_LISTS, ...ADDRESSES,
];

/**
 * Lays what a client sent over a contact's properties; an address replaces the one before. `parentFolderId`, extended
 * properties and OData annotations are the caller's.
 *
 * @throws GraphError 400 for properties that contacts do not have, and for values of another type
 */
export function layOver(json: Json, sent: ContactProperties): void {
	for (const [name, value] of Object.entries(sent)) {
		if (name.includes('@') || READ_ONLY.includes(name) || ['parentFolderId', 'singleValueExtendedProperties', 'multiValueExtendedProperties'].includes(name)) continue;
		json[name] = checked(name, value);
	}
	deriveEmails(json);
}

function checked(name: string, value: unknown): unknown {
	if ((TEXTS as readonly string[]).includes(name)) return text(name, value) || null;
	if ((TEXT_LISTS as readonly string[]).includes(name)) return list(name, value).map((one) => text(name, one));
	if ((ADDRESSES as readonly string[]).includes(name)) return address(name, value);
	if (name === 'emailAddresses') return list(name, value).map((one) => email(one));
	if (name === 'birthday') return value === null ? null : birthday(value);
	throw badRequest(`The property '${name}' does not exist on type 'microsoft.graph.contact'. Make sure to only use property names that are defined by the type.`, 'RequestBodyRead');
}

function wrong(name: string): never {
	throw badRequest(`Cannot convert the value of the property '${name}' to its type.`, 'RequestBodyRead');
}

function text(name: string, value: unknown): string | null {
	return value === null || typeof value === 'string' ? value : wrong(name);
}

function list(name: string, value: unknown): unknown[] {
	return Array.isArray(value) ? value : wrong(name);
}

function address(name: string, value: unknown): Json {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) wrong(name);
	const kept: Json = {};
	for (const [field, one] of Object.entries(value as Json)) {
		if (!ADDRESS_FIELDS.includes(field)) wrong(name);
		const checkedField = text(name, one);
		if (checkedField !== null && checkedField !== '') kept[field] = checkedField;
	}
	return kept;
}

function email(value: unknown): Json {
	if (typeof value !== 'object' || value === null) wrong('emailAddresses');
	const { name = null, address: at = null } = value as { name?: unknown; address?: unknown };
	// Exchange shows the address where an entry has no name.
	return { name: text('emailAddresses', name) ?? text('emailAddresses', at), address: text('emailAddresses', at) };
}

/** A day: Exchange keeps it as 11:59 UTC. */
function birthday(value: unknown): string {
	if (typeof value !== 'string' || Number.isNaN(Date.parse(value))) wrong('birthday');
	return `${new Date(value).toISOString().slice(0, 10)}T11:59:00Z`;
}

function deriveEmails(json: Json): void {
	const emails = json['emailAddresses'] as Json[];
	for (const [at, name] of ['primaryEmailAddress', 'secondaryEmailAddress', 'tertiaryEmailAddress'].entries()) json[name] = emails[at] ?? null;
}

/** The name that Exchange makes where a client gives none, or changes its parts without it (contact-update.md). */
export function derivedName(json: Json): string | null {
	const parts = ['givenName', 'middleName', 'surname', 'generation'].map((name) => json[name]).filter((one) => typeof one === 'string');
	if (parts.length > 0) return parts.join(' ');
	const first = (json['emailAddresses'] as { address?: string | null }[])[0]?.address;
	return (json['companyName'] as string | null) ?? first ?? null;
}

/** `Berg, Anna`. */
export function derivedFileAs(json: Json): string | null {
	const { surname, givenName } = json;
	return typeof surname === 'string' && typeof givenName === 'string' ? `${surname}, ${givenName}` : (json['displayName'] as string | null);
}
