import { Buffer } from 'node:buffer';
import type { JsonObject, JsonValue } from '../../../base/json';
import { base64Line, contentLine, escapeText } from './content-lines';
import { PHOTO_PART } from './fetch-contacts';
import type { GraphContact } from './graph-contact';
import { contactName, emailsOf, text, texts } from './graph-contact';
import { imageKind } from './image-kind';

export interface ExportedPart {
	sizeBytes: number;
	open(): AsyncIterable<Uint8Array>;
}

/**
 * A contact as a vCard: version 3.0 (RFC 2426), which Outlook, Apple and Google read alike, with their `X-` properties for
 * what it has none for. Written by hand: a list of properties is all it is, and the libraries for it know fewer.
 *
 * @param contact The JSON of the backup.
 * @param parts `photo`, where there is one.
 */
export async function* contactVcf(contact: JsonObject, parts: ReadonlyMap<string, ExportedPart>): AsyncGenerator<Uint8Array> {
	const lines = [...properties(contact as GraphContact)].map(([name, value]) => contentLine(name, value));
	yield Buffer.from(lines.join(''));
	const photo = parts.get(PHOTO_PART);
	if (photo) for await (const piece of photoLine(photo)) yield Buffer.from(piece);
	yield Buffer.from('END:VCARD\r\n');
}

async function* photoLine(photo: ExportedPart): AsyncGenerator<string> {
	const source = photo.open()[Symbol.asyncIterator]();
	const first = await source.next();
	if (first.done === true) return;
	const whole = async function* (): AsyncGenerator<Uint8Array> {
		yield first.value;
		for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value;
	};
	try {
		yield* base64Line(`PHOTO;ENCODING=b;TYPE=${imageKind(first.value).vcardType}`, whole());
	} finally {
		await source.return?.();
	}
}

function* properties(contact: GraphContact): Generator<[name: string, value: string]> {
	yield ['BEGIN', 'VCARD'];
	yield ['VERSION', '3.0'];
	yield ['PRODID', '-//n8n-nodes-m365-backup//EN'];
	yield ['N', structured(['surname', 'givenName', 'middleName', 'title', 'generation'].map((name) => contact[name]))];
	yield ['FN', escapeText(contactName(contact))];
	yield* plain(contact, PERSON);
	const organization = [text(contact['companyName']), text(contact['department'])];
	if (organization.some((one) => one !== '')) yield ['ORG', structured(organization[1] === '' ? organization.slice(0, 1) : organization)];
	for (const [at, { address }] of emailsOf(contact).entries()) if (address !== '') yield [`EMAIL;TYPE=INTERNET${at === 0 ? ',PREF' : ''}`, escapeText(address)];
	yield* phones(contact);
	yield* addresses(contact);
	const birthday = /^\d{4}-\d{2}-\d{2}/.exec(text(contact['birthday']))?.[0];
	if (birthday !== undefined) yield ['BDAY', birthday];
	for (const chat of texts(contact['imAddresses'])) yield ['IMPP', chatUri(chat)];
	// A URI has neither commas nor semicolons to escape (RFC 2426 §3.6.8).
	const home = text(contact['businessHomePage']).replace(/\s/g, '');
	if (home !== '') yield ['URL;TYPE=WORK', home];
	const categories = texts(contact['categories']);
	if (categories.length > 0) yield ['CATEGORIES', categories.map(escapeText).join(',')];
	for (const child of texts(contact['children'])) yield ['X-MS-CHILD', escapeText(child)];
	yield* plain(contact, OTHERS);
	const id = text(contact.id);
	if (id !== '') yield ['UID', escapeText(id)];
}

/** vCard name → Graph's. The `X-` ones are those of Outlook (`X-MS-`), Evolution and Apple (`X-PHONETIC-`). */
const PERSON: readonly (readonly [string, string])[] = [
	['NICKNAME', 'nickName'],
	['TITLE', 'jobTitle'],
	['ROLE', 'profession'],
];
const OTHERS: readonly (readonly [string, string])[] = [
	['X-PHONETIC-FIRST-NAME', 'yomiGivenName'],
	['X-PHONETIC-LAST-NAME', 'yomiSurname'],
	['X-PHONETIC-ORG', 'yomiCompanyName'],
	['X-EVOLUTION-FILE-AS', 'fileAs'],
	['X-MS-SPOUSE', 'spouseName'],
	['X-MS-MANAGER', 'manager'],
	['X-MS-ASSISTANT', 'assistantName'],
	['X-INITIALS', 'initials'],
	['NOTE', 'personalNotes'],
];

function* plain(contact: GraphContact, table: readonly (readonly [string, string])[]): Generator<[string, string]> {
	for (const [name, property] of table) {
		const value = text(contact[property]);
		if (value !== '') yield [name, escapeText(value)];
	}
}

function* phones(contact: GraphContact): Generator<[string, string]> {
	for (const phone of texts(contact['businessPhones'])) yield ['TEL;TYPE=WORK,VOICE', escapeText(phone)];
	for (const phone of texts(contact['homePhones'])) yield ['TEL;TYPE=HOME,VOICE', escapeText(phone)];
	const mobile = text(contact['mobilePhone']);
	if (mobile !== '') yield ['TEL;TYPE=CELL,VOICE', escapeText(mobile)];
}

/** The office stands where Outlook puts it: in the second field of the business address. */
function* addresses(contact: GraphContact): Generator<[string, string]> {
	const kinds = [['businessAddress', 'ADR;TYPE=WORK'], ['homeAddress', 'ADR;TYPE=HOME'], ['otherAddress', 'ADR;TYPE=POSTAL']] as const;
	for (const [property, name] of kinds) {
		const given = contact[property];
		const address = typeof given === 'object' && given !== null && !Array.isArray(given) ? given : {};
		const office = property === 'businessAddress' ? contact['officeLocation'] : undefined;
		const fields = [undefined, office, address['street'], address['city'], address['state'], address['postalCode'], address['countryOrRegion']];
		if (fields.some((field) => text(field) !== '')) yield [name, structured(fields)];
	}
}

function structured(fields: readonly (JsonValue | undefined)[]): string {
	return fields.map((field) => escapeText(text(field))).join(';');
}

/** `sip:anna@x` is a URI already; a bare name is one of no known service. */
function chatUri(chat: string): string {
	const uri = /^[a-z][a-z0-9+.-]*:/i.test(chat) ? chat : `x-im:${encodeURIComponent(chat)}`;
	return uri.replace(/\s/g, '');
}
