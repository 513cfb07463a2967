import { Buffer } from 'node:buffer';
import type { JsonObject, JsonValue } from '../../../base/json';
import { CONTACT_PROPERTIES } from './contact-properties';

/** A contact as Graph serves it in lists, delta and by itself. */
export type GraphContact = JsonObject & { id: string };

/** Exchange's own, said by the catalog line (`etag`, `modified`, `parent`): a mere move leaves the content as it was. */
const IN_CATALOG = ['changeKey', 'lastModifiedDateTime', 'parentFolderId'];

const PREVIEW_CHARS = 255;
const MAX_NAME_CHARS = 4096;
const MAX_TITLE_CHARS = 200;

/** A delta entry may hold a few properties only (graph-facts §10): whatever lacks one is asked for by itself. */
export function isWhole(contact: GraphContact): boolean {
	return typeof contact['parentFolderId'] === 'string' && typeof contact['changeKey'] === 'string' && CONTACT_PROPERTIES.every((name) => name in contact);
}

/** The content that is kept: what Graph served, always in the same order, so that the same contact is the same bytes. */
export function contactDocument(contact: GraphContact): Buffer {
	const document: JsonObject = {};
	const known = ['id', 'createdDateTime', ...CONTACT_PROPERTIES];
	const others = Object.keys(contact)
		.filter((name) => !name.includes('@') && !known.includes(name) && !IN_CATALOG.includes(name))
		.sort();
	for (const name of [...known, ...others]) {
		const value = contact[name];
		if (value !== undefined) document[name] = inOrder(value);
	}
	return Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
}

function inOrder(value: JsonValue): JsonValue {
	if (Array.isArray(value)) return value.map(inOrder);
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(
		Object.keys(value)
			.filter((key) => !key.includes('@'))
			.sort()
			.map((key) => [key, inOrder(value[key] ?? null)]),
	);
}

/** What people call it. */
export function contactName(contact: GraphContact): string {
	const parts = [text(contact['givenName']), text(contact['surname'])].filter((part) => part !== '').join(' ');
	const candidates = [text(contact['displayName']), text(contact['fileAs']), parts, text(contact['companyName']), emailsOf(contact)[0]?.address ?? ''];
	return (candidates.find((name) => name.trim() !== '') ?? '(no name)').slice(0, MAX_NAME_CHARS);
}

/** For the name of its entry in the archive. */
export function contactTitle(contact: GraphContact): string {
	return contactName(contact).slice(0, MAX_TITLE_CHARS);
}

/** What search and listings show (the keys that all parts of a mailbox share). */
export function contactMeta(contact: GraphContact): JsonObject {
	const emails = emailsOf(contact);
	const phones = [...texts(contact['businessPhones']), text(contact['mobilePhone']), ...texts(contact['homePhones'])].filter((phone) => phone !== '');
	const preview = text(contact['personalNotes']).slice(0, PREVIEW_CHARS);
	const subject = text(contact['displayName']).slice(0, MAX_NAME_CHARS);
	const company = text(contact['companyName']);
	const categories = texts(contact['categories']);
	return {
		...(subject === '' ? {} : { subject }),
		...(preview === '' ? {} : { preview }),
		...(categories.length === 0 ? {} : { categories }),
		...(emails.length === 0 ? {} : { emails: emails.map(({ name, address }) => ({ name, address })) }),
		...(company === '' ? {} : { company }),
		...(phones.length === 0 ? {} : { phones }),
	};
}

export function emailsOf(contact: JsonObject): { name: string; address: string }[] {
	const given = contact['emailAddresses'];
	if (!Array.isArray(given)) return [];
	return given.flatMap((one) => {
		if (typeof one !== 'object' || one === null || Array.isArray(one)) return [];
		const email = { name: text(one['name']), address: text(one['address']) };
		return email.name === '' && email.address === '' ? [] : [email];
	});
}

/** A value that is no text counts as empty. */
export function text(value: JsonValue | undefined): string {
	return typeof value === 'string' ? value : '';
}

export function texts(value: JsonValue | undefined): string[] {
	return Array.isArray(value) ? value.map(text).filter((one) => one !== '') : [];
}
