import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../nodes/M365Backup/base/json';
import { CONTACT_PROPERTIES } from '../../../../nodes/M365Backup/workloads/mailbox/contacts/contact-properties';
import { ContactFolderTree } from '../../../../nodes/M365Backup/workloads/mailbox/contacts/contact-folder-tree';
import { contactDocument, contactMeta, contactName, isWhole } from '../../../../nodes/M365Backup/workloads/mailbox/contacts/graph-contact';
import { contactDifferences, createProperties, patchProperties } from '../../../../nodes/M365Backup/workloads/mailbox/contacts/restore/contact-document';

const EMPTY: JsonObject = Object.fromEntries(CONTACT_PROPERTIES.map((name) => [name, name.endsWith('Address') ? {} : /Phones|Addresses|children|categories/.test(name) ? [] : null]));

describe('a contact as it is kept', () => {
	it('is the same bytes for the same contact, however Graph orders and annotates it, and wherever it is', () => {
		const contact = { id: 'x', ...EMPTY, displayName: 'Anna', homeAddress: { street: 'S', city: 'C' }, parentFolderId: 'f', changeKey: '1' };
		const again = { '@odata.etag': 'W/"2"', changeKey: '2', parentFolderId: 'g', lastModifiedDateTime: '2026-01-01T00:00:00Z', ...Object.fromEntries(Object.entries(contact).reverse()), homeAddress: { city: 'C', '@odata.type': 'x', street: 'S' }, id: 'x' };
		expect(contactDocument({ ...again, changeKey: '2' }).equals(contactDocument(contact))).toBe(true);
		expect(contactDocument(contact).toString()).toMatch(/^\{\n {2}"id": "x",\n {2}"displayName": "Anna",/);
		expect(contactDocument({ ...contact, somethingNew: { b: 1, a: [2] } }).toString()).toMatch(/"somethingNew": \{\n {4}"a": \[/);
	});

	it('counts as whole only with every property', () => {
		const whole = { id: 'x', ...EMPTY, parentFolderId: 'f', changeKey: '1' };
		expect(isWhole(whole)).toBe(true);
		for (const name of [...CONTACT_PROPERTIES, 'changeKey', 'parentFolderId']) {
			expect(isWhole({ ...Object.fromEntries(Object.entries(whole).filter(([key]) => key !== name)), id: 'x' }), name).toBe(false);
		}
	});

	it('has a name that people know, and says nothing of what is empty', () => {
		const contacts: JsonObject[] = [{ displayName: ' ', fileAs: 'F' }, { givenName: 'A', surname: 'B' }, { companyName: 'C' }, { emailAddresses: [{ address: 'a@x' }] }, {}];
		expect(contacts.map((one) => contactName({ id: 'x', ...one }))).toEqual(['F', 'A B', 'C', 'a@x', '(no name)']);
		expect(contactMeta({ id: 'x', ...EMPTY })).toEqual({});
	});
});

describe('setting a contact back', () => {
	const saved: JsonObject = { ...EMPTY, displayName: 'Anna', birthday: '1974-07-22T11:59:00Z', categories: ['a', 'b'], emailAddresses: [{ name: 'a@x', address: 'a@x' }], homeAddress: { city: 'Bonn' } };

	it('sees no difference where there is none: hours of birthdays, order of categories, ways to be empty', () => {
		expect(contactDifferences(saved, { ...saved, birthday: '1974-07-22T00:00:00Z', categories: ['b', 'a'], emailAddresses: [{ name: null, address: 'a@x' }], homeAddress: { city: 'Bonn', street: '' }, jobTitle: '', otherAddress: null })).toEqual([]);
		expect(contactDifferences(saved, {})).toEqual(['displayName', 'birthday', 'emailAddresses', 'categories', 'homeAddress']);
	});

	it('creates with what is there and clears what is not, the display name always said', () => {
		expect(createProperties(saved)).toEqual({ displayName: 'Anna', birthday: '1974-07-22T11:59:00Z', categories: ['a', 'b'], emailAddresses: [{ name: 'a@x', address: 'a@x' }], homeAddress: { city: 'Bonn' } });
		expect(patchProperties(saved, ['jobTitle', 'businessPhones', 'otherAddress', 'homeAddress'])).toEqual({
			displayName: 'Anna',
			jobTitle: null,
			businessPhones: [],
			otherAddress: { street: null, city: null, state: null, postalCode: null, countryOrRegion: null },
			homeAddress: { street: null, city: 'Bonn', state: null, postalCode: null, countryOrRegion: null },
		});
	});
});

describe('the tree of contact folders', () => {
	it('comes back from its notes, and lives with a ring in them', () => {
		const tree = new ContactFolderTree();
		tree.defaultId = 'd';
		tree.set('d', { name: 'Contacts', parent: null });
		tree.set('v', { name: 'VIP', parent: 'd' });
		const again = ContactFolderTree.fromNotes(JSON.parse(JSON.stringify(tree.toNotes())) as JsonObject)!;
		expect([again.defaultId, again.path('v'), again.isBelow('v', new Set(['d']))]).toEqual(['d', ['Contacts', 'Contacts', 'VIP'], true]);
		expect(ContactFolderTree.fromNotes(undefined)).toBeNull();
		again.set('d', { name: 'Contacts', parent: 'v' });
		expect(again.path('v')).toEqual(['Contacts', 'Contacts', 'VIP']);
		expect(again.isBelow('v', new Set(['elsewhere']))).toBe(false);
	});
});
