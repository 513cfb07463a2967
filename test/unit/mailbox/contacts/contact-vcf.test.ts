import ICAL from 'ical.js';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../nodes/M365Backup/base/json';
import { contactVcf } from '../../../../nodes/M365Backup/workloads/mailbox/contacts/contact-vcf';

const PHOTO = Buffer.from([0x89, 0x50, 0x4e, 0x47, ...Array.from({ length: 5000 }, (_, index) => (index * 7) % 256)]);

async function written(contact: JsonObject, photo?: Buffer): Promise<string> {
	const chunksOf = async function* (bytes: Buffer): AsyncGenerator<Uint8Array> {
		for (let at = 0; at < bytes.length; at += 1000) yield await Promise.resolve(bytes.subarray(at, at + 1000));
	};
	const parts = new Map(photo ? [['photo', { sizeBytes: photo.length, open: () => chunksOf(photo) }]] : []);
	const chunks: Uint8Array[] = [];
	for await (const chunk of contactVcf(contact, parts)) chunks.push(chunk);
	return Buffer.concat(chunks).toString('utf8');
}

/** RFC 2426 §4 has semicolons escaped in every text; ical.js takes that back in structured values only. */
function unescaped(value: unknown): unknown {
	return typeof value === 'string' ? value.replaceAll('\\;', ';') : value;
}

/** As another program reads it: properties by name, with their types and values. */
function read(vcf: string): Map<string, { type: string; value: unknown }[]> {
	const component = new ICAL.Component(ICAL.parse(vcf) as unknown[]);
	const found = new Map<string, { type: string; value: unknown }[]>();
	for (const property of component.getAllProperties()) {
		const values = property.getValues().map((value: unknown) => (value instanceof ICAL.Time ? value.toICALString() : unescaped(value)));
		const type = [property.getParameter('type') ?? []].flat().join(',');
		found.set(property.name, [...(found.get(property.name) ?? []), { type, value: values.length === 1 ? values[0] : values }]);
	}
	return found;
}

const FULL = {
	id: 'AAMk=', displayName: 'Dr. Änne Müller-Groß', fileAs: 'Müller-Groß, Änne', title: 'Dr.', givenName: 'Änne', middleName: 'Marie; M.', surname: 'Müller-Groß', generation: 'III', initials: 'Ä.M.', nickName: 'Änni, die',
	yomiGivenName: 'アンネ', yomiSurname: 'ミュラー', yomiCompanyName: 'コントソ', companyName: 'Contoso; Ltd., "North"', department: 'R&D', jobTitle: 'Head, Research', profession: 'Chemist', officeLocation: '20/1101',
	manager: 'Grady', assistantName: 'Pradeep', mobilePhone: '+49 170 1', businessHomePage: 'https://contoso.example/~a?b=c,d;e', spouseName: 'Jörg', personalNotes: `Line 1\r\nLine 2, \\ "quoted"; 🎉 日本語${' lang und breit'.repeat(30)}`,
	birthday: '1974-07-22T11:59:00Z', emailAddresses: [{ name: 'Work', address: 'aenne@contoso.example' }, { name: 'Home', address: 'aenne@home.example' }],
	businessPhones: ['+49 30 1', '+49 30 2'], homePhones: ['+49 40 1'], imAddresses: ['sip:aenne@contoso.example', 'änne im chat'], children: ['Lea', 'Noah'], categories: ['Red category', 'Kunde, wichtig'],
	businessAddress: { street: 'Hauptstraße 1\nHinterhaus', city: 'Köln', state: 'NRW', postalCode: '50667', countryOrRegion: 'Germany' }, homeAddress: { city: 'Bonn' }, otherAddress: {},
} satisfies JsonObject;

describe('a contact as a vCard, read by another program (ical.js)', () => {
	it('says all that the contact says', async () => {
		const card = read(await written(FULL, PHOTO));
		const only = (name: string): unknown => {
			expect(card.get(name), name).toHaveLength(1);
			return card.get(name)![0]!.value;
		};
		expect(only('version')).toBe('3.0');
		expect(only('fn')).toBe(FULL.displayName);
		expect(only('n')).toEqual(['Müller-Groß', 'Änne', 'Marie; M.', 'Dr.', 'III']);
		expect(only('org')).toEqual(['Contoso; Ltd., "North"', 'R&D']);
		expect(only('title')).toBe('Head, Research');
		expect(only('role')).toBe('Chemist');
		expect([only('nickname')].flat().join(', ')).toBe('Änni, die');
		expect(card.get('email')).toEqual([{ type: 'INTERNET,PREF', value: 'aenne@contoso.example' }, { type: 'INTERNET', value: 'aenne@home.example' }]);
		expect(card.get('tel')).toEqual([{ type: 'WORK,VOICE', value: '+49 30 1' }, { type: 'WORK,VOICE', value: '+49 30 2' }, { type: 'HOME,VOICE', value: '+49 40 1' }, { type: 'CELL,VOICE', value: '+49 170 1' }]);
		expect(card.get('adr')).toEqual([
			{ type: 'WORK', value: ['', '20/1101', 'Hauptstraße 1\nHinterhaus', 'Köln', 'NRW', '50667', 'Germany'] },
			{ type: 'HOME', value: ['', '', '', 'Bonn', '', '', ''] },
		]);
		expect(only('bday')).toBe('19740722');
		expect(only('url')).toBe(FULL.businessHomePage);
		expect(only('categories')).toEqual(FULL.categories);
		expect(only('note')).toBe(FULL.personalNotes.replace('\r\n', '\n'));
		expect(card.get('impp')!.map(({ value }) => value)).toEqual(['sip:aenne@contoso.example', 'x-im:%C3%A4nne%20im%20chat']);
		expect(card.get('x-ms-child')!.map(({ value }) => value)).toEqual(FULL.children);
		for (const [name, value] of [['x-ms-spouse', 'Jörg'], ['x-ms-manager', 'Grady'], ['x-ms-assistant', 'Pradeep'], ['x-phonetic-first-name', 'アンネ'], ['x-phonetic-last-name', 'ミュラー'], ['x-phonetic-org', 'コントソ'], ['x-initials', 'Ä.M.'], ['uid', 'AAMk=']] as const) expect(only(name)).toBe(value);
		expect(card.get('photo')![0]!.type).toBe('PNG');
		expect(Buffer.from(String(only('photo')), 'base64').equals(PHOTO)).toBe(true);
	});

	it('is folded at 75 octets, never within a character, and ends its lines as vCards do', async () => {
		const vcf = await written(FULL, PHOTO);
		const lines = vcf.split('\r\n');
		expect(lines.pop()).toBe('');
		for (const line of lines) {
			expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
			expect(line).not.toMatch(/[\r\n\uFFFD]/);
		}
		expect([lines[0], lines[1], lines.at(-1)]).toEqual(['BEGIN:VCARD', 'VERSION:3.0', 'END:VCARD']);
	});

	it('is a vCard of little, too, and of odd things', async () => {
		expect(read(await written({ id: 'x', companyName: 'Fabrikam' })).get('fn')).toEqual([{ type: '', value: 'Fabrikam' }]);
		const odd = read(await written({ displayName: 'a\u0000b\uD800', personalNotes: 'BEGIN:VCARD\r\nEND:VCARD', birthday: 'nonsense', emailAddresses: 'none', homeAddress: null, categories: [] }));
		expect(odd.get('fn')![0]!.value).toBe('ab\uFFFD');
		expect(odd.get('note')![0]!.value).toBe('BEGIN:VCARD\nEND:VCARD');
		expect(['bday', 'email', 'adr', 'categories', 'photo', 'org'].filter((name) => odd.has(name))).toEqual([]);
		expect(read(await written({}, Buffer.alloc(0))).get('fn')).toEqual([{ type: '', value: '(no name)' }]);
	});
});
