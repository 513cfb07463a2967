import type { RestoreOptions, RestoreResult } from '../../nodes/M365Backup/engine/restore';
import { restore } from '../../nodes/M365Backup/engine/restore';
import { mailboxRestorer } from '../../nodes/M365Backup/workloads/mailbox/restore-mailbox';
import { expect } from 'vitest';
import type { ContactRecord } from '../simulator/contact';
import type { MailboxContacts } from '../simulator/contact-store';
import { mailboxFixture, type MailboxFixture } from '../support/mailbox-fixture';
import { newestSnapshot } from './restore-help';

/** A mailbox with a few contacts in nested folders, photos among them. */
export async function contactsFixture(options: Parameters<typeof mailboxFixture>[0] = {}): Promise<MailboxFixture & { contacts: MailboxContacts }> {
	const fixture = await mailboxFixture(options);
	const { contacts } = fixture.mailbox;
	return Object.assign(fixture, { contacts });
}

export const PHOTO = Buffer.from([0xff, 0xd8, 0xff, 0xe0, ...Array.from({ length: 500 }, (_, index) => index % 251), 0xff, 0xd9]);

/** Every documented property, as a user might fill it in. */
export const FULL_CONTACT = {
	displayName: 'Dr. Änne Marie Müller-Groß', fileAs: 'Müller-Groß, Änne', title: 'Dr.', givenName: 'Änne', middleName: 'Marie', surname: 'Müller-Groß', generation: 'III', initials: 'Ä.M.', nickName: 'Änni',
	yomiGivenName: 'アンネ', yomiSurname: 'ミュラー', yomiCompanyName: 'コントソ', companyName: 'Contoso; Ltd., "North"', department: 'R&D', jobTitle: 'Head, Research', profession: 'Chemist', officeLocation: '20/1101',
	manager: 'Grady Archie', assistantName: 'Pradeep', mobilePhone: '+49 170 1234567', businessHomePage: 'https://contoso.example/~a?b=c,d;e', spouseName: 'Jörg', personalNotes: 'Line 1\nLine 2, with comma; semicolon \\ and “quotes”\n🎉 日本語',
	birthday: '1974-07-22T11:59:00Z', emailAddresses: [{ name: 'Änne (work)', address: 'aenne@contoso.example' }, { name: 'Home', address: 'aenne@home.example' }, { name: 'x', address: 'x@y.example' }],
	businessPhones: ['+49 30 1', '+49 30 2'], homePhones: ['+49 40 1', '+49 40 2'], imAddresses: ['sip:aenne@contoso.example'], children: ['Lea', 'Noah'], categories: ['Red category', 'Kunde wichtig'],
	businessAddress: { street: 'Hauptstraße 1\nHinterhaus', city: 'Köln', state: 'NRW', postalCode: '50667', countryOrRegion: 'Germany' }, homeAddress: { street: 'Gasse 2; 3', city: 'Bonn' }, otherAddress: { countryOrRegion: 'France' },
};

export async function restoreContacts(fixture: MailboxFixture, options: Partial<RestoreOptions> & { mailboxId?: string } = {}): Promise<RestoreResult[]> {
	const { mailboxId = fixture.source.id, ...rest } = options;
	const results: RestoreResult[] = [];
	for await (const result of restore({
		repository: fixture.repository,
		source: fixture.source,
		snapshot: rest.snapshot ?? (await newestSnapshot(fixture)),
		selection: { kind: 'folder', folderId: 'contacts/root', includeSubfolders: true },
		destination: { kind: 'original' },
		conflictPolicy: 'skip',
		mode: 'restore',
		restorer: mailboxRestorer({ graph: fixture.client(), mailboxId, ambient: fixture.ambient, source: fixture.source }),
		ambient: fixture.ambient,
		...rest,
	})) {
		results.push(result);
	}
	return results;
}

/** What a user sees of a contact. */
export interface ContactPortrait {
	folder: string;
	properties: Record<string, unknown>;
	photo: string | null;
}

export function contactPortrait(contact: ContactRecord): ContactPortrait {
	const { place } = contact;
	return { folder: 'path' in place ? place.path.join('/') : '', properties: contact.properties, photo: contact.photo && contact.photo.bytes.toString('base64') };
}

/** The living contacts as users see them, in order of folder and name. */
export function contactPortraits(contacts: MailboxContacts): ContactPortrait[] {
	const key = ({ folder, properties }: ContactPortrait): string => JSON.stringify([folder, properties['displayName'], properties]);
	return contacts.living().map(contactPortrait).sort((a, b) => key(a).localeCompare(key(b)));
}

/** The newest snapshot has exactly the contacts of the mailbox, with content and photo. */
export async function expectContactsSaved(fixture: MailboxFixture & { contacts: MailboxContacts }): Promise<void> {
	const entries = await fixture.entries();
	const held = [...entries.values()].filter(({ type }) => type === 'contact');
	const living = fixture.contacts.living();
	expect(held.map(({ id }) => id).sort()).toEqual(living.map(({ id }) => `contacts/${id}`).sort());
	for (const contact of living) {
		const entry = entries.get(`contacts/${contact.id}`)!;
		expect(entry.parent).toBe(`contacts/${contact.place.id}`);
		expect(entry.failed).toBeUndefined();
		expect(JSON.parse((await fixture.content(entry)).toString())).toMatchObject(contact.properties);
		const photo = entry.content?.find(({ part }) => part === 'photo');
		expect(photo !== undefined, contact.name).toBe(contact.photo !== null);
		if (photo) expect(await fixture.content({ ...entry, content: [photo] })).toEqual(contact.photo?.bytes);
	}
	const folders = [...fixture.contacts.folders.values()].filter((folder) => fixture.contacts.isLiving(folder) && !folder.isHidden);
	const known = [...entries.values()].filter(({ type, id }) => type === 'folder' && id.startsWith('contacts/') && id !== 'contacts/root');
	// Nothing tells of the default folder while it is empty and alone; once found, it may stay, since it is there.
	const isFound = (folder: (typeof folders)[number]): boolean => folder !== fixture.contacts.default || living.length > 0 || folders.length > 1;
	const told = known.filter(({ id }) => id !== `contacts/${fixture.contacts.default.id}` || isFound(fixture.contacts.default));
	expect(told.map(({ id, name, parent }) => ({ id, name, parent })).sort((a, b) => a.id.localeCompare(b.id))).toEqual(
		folders
			.filter(isFound)
			.map((folder) => ({ id: `contacts/${folder.id}`, name: folder.displayName, parent: folder === fixture.contacts.default ? 'contacts/root' : `contacts/${folder.parent.id}` }))
			.sort((a, b) => a.id.localeCompare(b.id)),
	);
}
