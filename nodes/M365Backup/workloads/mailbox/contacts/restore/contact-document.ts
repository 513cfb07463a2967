import { Buffer } from 'node:buffer';
import { Failure } from '../../../../base/failure';
import type { JsonObject, JsonValue } from '../../../../base/json';
import type { RestorableItem } from '../../../restorer';
import { ADDRESS_FIELDS, ADDRESS_PROPERTIES, CONTACT_PROPERTIES, TEXT_LIST_PROPERTIES } from '../contact-properties';
import { emailsOf, text, texts } from '../graph-contact';

/** The contact as it was backed up. @throws Failure `notFound` without content, `corrupt` if it is no JSON object */
export async function readContactDocument(item: RestorableItem): Promise<JsonObject> {
	if (!item.content) {
		throw new Failure('notFound', 'The backup holds no content of this contact', {
			nextStep: 'Choose a snapshot in which this contact could be read; the list of failures of each backup names it',
		});
	}
	const chunks: Uint8Array[] = [];
	for await (const chunk of item.content.open()) chunks.push(chunk);
	try {
		const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
		if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as JsonObject;
	} catch {
		// Said below.
	}
	throw new Failure('corrupt', 'The content of this contact in the backup is no JSON object', { nextStep: 'Verify the repository and choose another snapshot' });
}

/** What a POST says: everything that is not empty. Exchange derives the rest as it did before. */
export function createProperties(document: JsonObject): JsonObject {
	return Object.fromEntries(
		CONTACT_PROPERTIES.map((name): [string, JsonValue] => [name, essence(name, document)]).filter(([, value]) => !isEmpty(value)),
	);
}

/** The properties in which a living contact is not as it was. */
export function contactDifferences(document: JsonObject, living: JsonObject): string[] {
	return CONTACT_PROPERTIES.filter((name) => JSON.stringify(comparable(name, document)) !== JSON.stringify(comparable(name, living)));
}

/**
 * The PATCH that sets these properties back, empty ones too. It always says the display name: "later updates to other
 * properties may cause an automatically generated value to overwrite the displayName" (contact-update).
 */
export function patchProperties(document: JsonObject, names: readonly string[]): JsonObject {
	const patch: JsonObject = {};
	for (const name of ['displayName', ...names]) {
		const value = essence(name, document);
		if (!isAddress(name)) patch[name] = value === '' ? null : value;
		else patch[name] = Object.fromEntries(ADDRESS_FIELDS.map((field) => [field, (value as JsonObject)[field] ?? null]));
	}
	return patch;
}

/** A property without the differences that mean nothing: null, empty text and absent are one. */
function essence(name: string, contact: JsonObject): JsonValue {
	if (name === 'emailAddresses') return emailsOf(contact).map(({ name: who, address }) => ({ name: who === '' ? address : who, address }));
	if ((TEXT_LIST_PROPERTIES as readonly string[]).includes(name)) return texts(contact[name]);
	if (!isAddress(name)) return text(contact[name]);
	const address = contact[name];
	if (typeof address !== 'object' || address === null || Array.isArray(address)) return {};
	return Object.fromEntries(ADDRESS_FIELDS.map((field): [string, JsonValue] => [field, text(address[field])]).filter(([, value]) => value !== ''));
}

/** A birthday is a day, whatever hour Exchange keeps it at; categories have no order. */
function comparable(name: string, contact: JsonObject): JsonValue {
	const value = essence(name, contact);
	if (name === 'birthday') return text(value).slice(0, 10);
	return name === 'categories' && Array.isArray(value) ? [...value].sort() : value;
}

function isAddress(name: string): boolean {
	return (ADDRESS_PROPERTIES as readonly string[]).includes(name);
}

function isEmpty(value: JsonValue): boolean {
	return value === '' || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}
