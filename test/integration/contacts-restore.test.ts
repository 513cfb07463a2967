import { afterEach, describe, expect, it } from 'vitest';
import { CONTACT_PROPERTIES } from '../../nodes/M365Backup/workloads/mailbox/contacts/contact-properties';
import { REBUILT_CONTACT } from '../../nodes/M365Backup/workloads/mailbox/contacts/fidelity';
import { fillContacts } from '../simulator/contact-generate';
import { contactPortrait, contactPortraits, contactsFixture, expectContactsSaved, FULL_CONTACT, PHOTO, restoreContacts } from './contacts-help';
import { outcomes } from './restore-help';

let fixture: Awaited<ReturnType<typeof contactsFixture>>;
afterEach(async () => {
	expect(fixture.sim.misses).toEqual([]);
	expect(fixture.sim.tenant.outbox).toEqual([]);
	await fixture.stop();
});

const CONTACTS = { content: ['contacts' as const] };

/** Contacts of all sorts in nested folders, backed up. */
async function filled(options: Parameters<typeof contactsFixture>[0] = {}): Promise<typeof fixture> {
	fixture = await contactsFixture(options);
	const { contacts } = fixture;
	const vip = contacts.addFolder('default', 'Freunde');
	const nested = contacts.addFolder(vip, 'a/b');
	contacts.add(nested, FULL_CONTACT, { photo: PHOTO });
	contacts.add(vip, { companyName: 'Only a company' });
	fillContacts(fixture.mailbox, { contacts: 25, folders: 2, seed: 11 });
	expect((await fixture.backUp(CONTACTS)).status).toBe('complete');
	return fixture;
}

function purgeContacts(): void {
	const { contacts } = fixture;
	for (const contact of contacts.all()) contacts.purge(contact);
	for (const folder of [...contacts.folders.values()]) if (folder !== contacts.default && folder.parent === contacts.default) contacts.purgeFolder(folder);
}

describe('restoring contacts', () => {
	it('brings back every documented property and the photo of what is gone for good, folders and all', async () => {
		await filled();
		const before = contactPortraits(fixture.contacts);
		purgeContacts();
		const preview = await restoreContacts(fixture, { mode: 'preview' });
		expect(fixture.contacts.all()).toEqual([]);
		const results = await restoreContacts(fixture);
		expect(outcomes(results)).toEqual({ folderCreated: 4, created: 27 });
		expect(outcomes(preview)).toEqual(outcomes(results));
		expect(contactPortraits(fixture.contacts)).toEqual(before);
		expect(results.find(({ name }) => name === FULL_CONTACT.displayName)).toMatchObject({ targetPath: 'Contacts/Kontakte/Freunde/a/b', fidelity: [] });
	});

	it('again adds nothing, whatever the policy; a copy is made on purpose only once', async () => {
		await filled();
		const before = contactPortraits(fixture.contacts);
		purgeContacts();
		await restoreContacts(fixture);
		for (const conflictPolicy of ['skip', 'replace'] as const) {
			expect(outcomes(await restoreContacts(fixture, { conflictPolicy }))).toEqual({ skipped: 27 });
		}
		expect(contactPortraits(fixture.contacts)).toEqual(before);
		expect(outcomes(await restoreContacts(fixture, { conflictPolicy: 'keepBoth' }))).toEqual({ created: 27 });
		expect(outcomes(await restoreContacts(fixture, { conflictPolicy: 'keepBoth' }))).toEqual({ skipped: 27 });
		expect(fixture.contacts.living()).toHaveLength(54);
	});

	it('leaves living ones alone, moves those elsewhere back and makes what is gone', async () => {
		await filled();
		const { contacts } = fixture;
		const before = contactPortraits(contacts);
		const [a, b, c, d] = contacts.living();
		const home = c!.place;
		contacts.deleteByUser(a!);
		contacts.delete(b!);
		contacts.move(c!, home === contacts.default ? 'Kontakte/Freunde' : 'default');
		contacts.purge(d!);
		const results = await restoreContacts(fixture);
		expect(outcomes(results)).toEqual({ movedBack: 3, created: 1, skipped: 23 });
		expect(contactPortraits(contacts)).toEqual(before);
		expect(contacts.find(a!.id)!.place).toBe(a!.place);
		expect(outcomes(await restoreContacts(fixture))).toEqual({ skipped: 27 });
	});

	it.each([{ contactParentPatch: 'ignored' as const }, { contactParentPatch: 'refused' as const }, { deletedContacts: 'notFound' as const }])('makes it anew where it cannot be moved: %o', async (switches) => {
		await filled({ switches });
		const before = contactPortraits(fixture.contacts);
		fixture.contacts.deleteByUser(fixture.contacts.living()[0]!);
		const results = await restoreContacts(fixture);
		expect(outcomes(results)).toEqual({ created: 1, skipped: 26 });
		expect(contactPortraits(fixture.contacts)).toEqual(before);
		expect(outcomes(await restoreContacts(fixture))).toEqual({ skipped: 27 });
	});

	it('replace sets back what was changed, in place, and says what it left', async () => {
		await filled();
		const { contacts, sim } = fixture;
		const before = contactPortraits(contacts);
		const full = contacts.living().find(({ name }) => name === FULL_CONTACT.displayName)!;
		const other = contacts.living().find(({ name, photo }) => name !== FULL_CONTACT.displayName && !photo)!;
		const cleared = Object.fromEntries(CONTACT_PROPERTIES.map((name) => [name, Array.isArray(full.properties[name]) ? [] : name.endsWith('Address') ? {} : null]));
		contacts.patch(full, { ...cleared, displayName: 'Somebody else', surname: 'Else' });
		contacts.setPhoto(full, Buffer.from('another picture'));
		contacts.setPhoto(other, PHOTO);
		expect(outcomes(await restoreContacts(fixture))).toEqual({ skipped: 27 });
		const preview = await restoreContacts(fixture, { conflictPolicy: 'replace', mode: 'preview' });
		expect(contacts.living().filter(({ name }) => name === 'Somebody else')).toHaveLength(1);
		sim.requestLog.reset();
		const results = await restoreContacts(fixture, { conflictPolicy: 'replace' });
		expect(outcomes(results)).toEqual({ replaced: 1, skipped: 26 });
		expect(outcomes(preview)).toEqual(outcomes(results));
		expect(sim.requestLog.count('PATCH /users/{id}/contacts/{id}')).toBe(1);
		expect(results.find(({ id }) => id === `contacts/${other.id}`)?.reason).toMatch(/cannot take a photo away/);
		const now = contactPortraits(contacts).map((one) => (one.properties['displayName'] === other.name ? { ...one, photo: null } : one));
		expect(now).toEqual(before);
		expect(outcomes(await restoreContacts(fixture, { conflictPolicy: 'replace' }))).toEqual({ skipped: 27 });
	});

	it('goes into a folder of its own, into another mailbox, and there into its default folder', async () => {
		await filled();
		const { contacts, sim } = fixture;
		const before = contactPortraits(contacts);
		const path = ['Restored 2026-11-22 14:05', 'x'];
		const results = await restoreContacts(fixture, { destination: { kind: 'folder', path } });
		expect(outcomes(results)).toMatchObject({ created: 27 });
		expect(contacts.living()).toHaveLength(54);
		const added = contactPortraits(contacts).filter(({ folder }) => folder.startsWith('Kontakte/Restored 2026-11-22 14:05/x/'));
		expect(added.map((one) => ({ ...one, folder: one.folder.slice('Kontakte/Restored 2026-11-22 14:05/x/'.length) }))).toEqual(before);
		expect(outcomes(await restoreContacts(fixture, { destination: { kind: 'folder', path } }))).toEqual({ skipped: 27 });

		const { mailbox } = sim.tenant.addUser({ displayName: 'Bruno Costa', locale: 'en' });
		const elsewhere = mailbox!.contacts;
		expect(outcomes(await restoreContacts(fixture, { mailboxId: mailbox!.user.id }))).toEqual({ folderCreated: 4, created: 27 });
		expect(contactPortraits(elsewhere).map((one) => ({ ...one, folder: one.folder.replace(/^Contacts/, 'Kontakte') }))).toEqual(before);
		expect(outcomes(await restoreContacts(fixture, { mailboxId: mailbox!.user.id }))).toEqual({ skipped: 27 });
	});

	it('brings a deleted folder back as it is, or makes it anew where Graph does not move it', async () => {
		for (const contactParentPatch of ['moves', 'ignored'] as const) {
			await filled({ switches: { contactParentPatch, deletedFolderGoesTo: 'deletedItems' } });
			const { contacts } = fixture;
			const before = contactPortraits(contacts);
			const folder = contacts.folder('Kontakte/Freunde');
			contacts.deleteFolder(folder);
			const preview = outcomes(await restoreContacts(fixture, { mode: 'preview' }));
			const done = outcomes(await restoreContacts(fixture));
			expect(contactPortraits(contacts)).toEqual(before);
			if (contactParentPatch === 'moves') {
				expect(preview).toEqual(done);
				expect(contacts.isLiving(folder)).toBe(true);
				expect(done['created']).toBeUndefined();
				await fixture.stop();
			}
		}
	});

	it('finishes what an interrupted restore has begun, and makes nothing twice when answers get lost', async () => {
		await filled();
		const { contacts, sim } = fixture;
		const before = contactPortraits(contacts);
		purgeContacts();
		const { faults } = sim.tenant;
		faults.script({ match: 'POST /users/*/contacts', when: 'after', times: 3, do: { reset: true } });
		faults.script({ match: 'POST /users/*/contactFolders', when: 'after', do: { reset: true } });
		faults.script({ match: 'PUT /users/*/photo/$value', times: 60, do: { status: 503 } });
		const first = await restoreContacts(fixture);
		const open = first.filter(({ outcome }) => outcome === 'failed').length;
		expect(open).toBeGreaterThan(0);
		expect(contacts.living()).toHaveLength(27);
		faults.clear();
		expect(outcomes(await restoreContacts(fixture))).toEqual({ created: open, skipped: 27 - open });
		expect(contactPortraits(contacts)).toEqual(before);
		expect(outcomes(await restoreContacts(fixture))).toEqual({ skipped: 27 });
	});

	it('finds the default folder of a mailbox without any contact once one is in it', async () => {
		fixture = await contactsFixture();
		fixture.contacts.add('default', { displayName: 'A' }, { photo: PHOTO });
		fixture.contacts.add('default', { displayName: 'B' });
		await fixture.backUp(CONTACTS);
		for (const contact of fixture.contacts.all()) fixture.contacts.purge(contact);
		fixture.sim.tenant.faults.script({ match: 'POST /users/*/contacts', when: 'after', do: { reset: true } });
		expect(outcomes(await restoreContacts(fixture))).toEqual({ created: 2 });
		expect(fixture.contacts.living().map(contactPortrait)).toMatchObject([{ folder: 'Kontakte' }, { folder: 'Kontakte' }]);
		expect(outcomes(await restoreContacts(fixture))).toEqual({ skipped: 2 });
	});

	it('names the permission that it lacks, for each contact; a photo that nobody takes is said and does no harm', async () => {
		await filled();
		purgeContacts();
		fixture.sim.tenant.roles.revoke('Contacts.ReadWrite');
		const refused = await restoreContacts(fixture);
		expect(new Set(refused.map(({ outcome }) => outcome))).toEqual(new Set(['failed']));
		expect(refused[0]!.nextStep).toMatch(/Contacts\.ReadWrite/);
		fixture.sim.tenant.roles.grant('Contacts.ReadWrite');
		fixture.sim.tenant.faults.script({ match: 'PUT /users/*/photo/$value', times: 60, do: { status: 400, body: { error: { code: 'ErrorInvalidRequest', message: 'x' } } } });
		const results = await restoreContacts(fixture);
		expect(results.filter(({ fidelity }) => fidelity.some((note) => /did not take its photo/.test(note)))).not.toEqual([]);
		expect(outcomes(results)['failed']).toBeUndefined();
		expect(outcomes(await restoreContacts(fixture))).toEqual({ skipped: 27 });
	});

	it('leaves the backup quiet about what it put back unchanged, and saves what it made', async () => {
		await filled();
		purgeContacts();
		await restoreContacts(fixture);
		expect(await fixture.backUp(CONTACTS)).toMatchObject({ status: 'complete', changes: { added: 27, deleted: 27, failed: 0 } });
		await expectContactsSaved(fixture);
	});

	it('makes nothing twice when two restores run at once, nor when Exchange encodes photos anew', async () => {
		await filled({ switches: { contactPhotoBytes: 'encodedAnew' } });
		purgeContacts();
		const [one, other] = await Promise.all([restoreContacts(fixture), restoreContacts(fixture)]);
		expect([outcomes(one)['created'], outcomes(other)].sort()).toEqual([27, { skipped: 27 }]);
		expect(fixture.contacts.living()).toHaveLength(27);
		expect(outcomes(await restoreContacts(fixture, { conflictPolicy: 'replace' }))['created']).toBeUndefined();
		expect(fixture.contacts.living()).toHaveLength(27);
	});

	it('brings back one contact alone, with the folders on its way', async () => {
		await filled();
		const entry = [...(await fixture.entries()).values()].find(({ name }) => name === FULL_CONTACT.displayName)!;
		purgeContacts();
		const results = await restoreContacts(fixture, { selection: { kind: 'ids', ids: [entry.id] } });
		expect(outcomes(results)).toEqual({ folderCreated: 2, created: 1 });
		expect(contactPortraits(fixture.contacts)).toMatchObject([{ folder: 'Kontakte/Freunde/a/b', properties: FULL_CONTACT, photo: PHOTO.toString('base64') }]);
	});

	it('promises in its table exactly what Graph lets us write', () => {
		const equal = REBUILT_CONTACT.filter(({ result }) => result === 'equal').flatMap(({ graph }) => graph);
		expect(equal.filter((name) => name !== 'parentFolderId' && name !== 'photo').sort()).toEqual([...CONTACT_PROPERTIES].sort());
	});
});
