import { afterEach, describe, expect, it } from 'vitest';
import { fillContacts } from '../simulator/contact-generate';
import { contactsFixture, expectContactsSaved, FULL_CONTACT, PHOTO } from './contacts-help';

let fixture: Awaited<ReturnType<typeof contactsFixture>>;
afterEach(async () => {
	expect(fixture.sim.misses).toEqual([]);
	expect(fixture.sim.tenant.outbox).toEqual([]);
	await fixture.stop();
});

const CONTACTS = { content: ['contacts' as const] };

describe('backing up contacts', () => {
	it('stores every folder, contact and photo under names that people read, and what search shows', async () => {
		fixture = await contactsFixture();
		const vip = fixture.contacts.addFolder('default', 'Freunde');
		fixture.contacts.addFolder(vip, 'Very');
		fixture.contacts.add(vip, FULL_CONTACT, { photo: PHOTO });
		fixture.contacts.add('default', { companyName: 'Fabrikam' });
		fillContacts(fixture.mailbox, { contacts: 130, folders: 3, seed: 5 });
		const summary = await fixture.backUp(CONTACTS);
		expect(summary).toMatchObject({ status: 'complete', changes: { added: 132, failed: 0, skipped: 0 }, warnings: [] });
		await expectContactsSaved(fixture);
		const entry = [...(await fixture.entries()).values()].find(({ name }) => name === FULL_CONTACT.displayName)!;
		expect(entry.meta).toEqual({
			subject: FULL_CONTACT.displayName,
			preview: FULL_CONTACT.personalNotes,
			categories: FULL_CONTACT.categories,
			emails: FULL_CONTACT.emailAddresses,
			company: FULL_CONTACT.companyName,
			phones: ['+49 30 1', '+49 30 2', '+49 170 1234567', '+49 40 1', '+49 40 2'],
		});
		expect(entry.content?.map(({ entry: name }) => name.replace(/\[.*\]/, '[…]'))).toEqual(['Contacts/Kontakte/Freunde/Dr. Änne Marie Müller-Groß […].json', 'Contacts/Kontakte/Freunde/Dr. Änne Marie Müller-Groß […].jpg']);
	});

	it('asks for nothing but the changes in a quiet run, and writes nothing', async () => {
		fixture = await contactsFixture();
		fillContacts(fixture.mailbox, { contacts: 60, folders: 5, seed: 2 });
		const { requestLog } = fixture.sim;
		const full = await fixture.backUp(CONTACTS);
		// The JSON comes with the pages: what is asked for singly is whether there is a photo.
		expect(requestLog.count(/\/contacts\/\{id\}\/photo/)).toBe(60);
		expect(full.graph.calls).toBeLessThanOrEqual(60 / 20 + 6 + 5);
		requestLog.reset();
		const quiet = await fixture.backUp(CONTACTS);
		expect(quiet.status).toBe('unchanged');
		expect(requestLog.count(/photo/)).toBe(0);
		expect(quiet.graph.requests).toBeLessThanOrEqual(3 * 6 + 1);
		expect(quiet.graph.calls).toBeLessThanOrEqual(3);
		fixture.contacts.patch(fixture.contacts.living()[3]!, { jobTitle: 'Boss' });
		requestLog.reset();
		expect(await fixture.backUp(CONTACTS)).toMatchObject({ status: 'complete', changes: { added: 0, updated: 1, deleted: 0 } });
		expect(requestLog.count(/photo/)).toBe(1);
		await expectContactsSaved(fixture);
	});

	it('follows edits, partial entries, moves there and back, deletions and photos', async () => {
		fixture = await contactsFixture();
		const { contacts } = fixture;
		const vip = contacts.addFolder('default', 'VIP');
		const [a, b, c, d, e, f] = ['A', 'B', 'C', 'D', 'E', 'F'].map((displayName) => contacts.add('default', { displayName }));
		await fixture.backUp(CONTACTS);
		contacts.patch(a!, { categories: ['Red'] });
		contacts.move(b!, vip);
		contacts.move(c!, vip);
		contacts.move(c!, 'default');
		contacts.deleteByUser(d!);
		contacts.purge(e!);
		contacts.setPhoto(f!, PHOTO);
		contacts.renameFolder(vip, 'Very important');
		expect(await fixture.backUp(CONTACTS)).toMatchObject({ status: 'complete', changes: { added: 0, deleted: 2, failed: 0 } });
		await expectContactsSaved(fixture);
		contacts.setPhoto(f!, null);
		contacts.move(a!, contacts.addFolder(vip, 'New and nested'));
		await fixture.backUp(CONTACTS);
		await expectContactsSaved(fixture);
	});

	it('finds the default folder though lists omit it: by a contact, by its children, by its name; and is content with nothing', async () => {
		fixture = await contactsFixture();
		const { sim } = fixture;
		const scopes = async (): Promise<string[]> => (await fixture.repository.snapshots(fixture.key)).at(-1)!.scopes.filter(({ state }) => state === 'complete').map(({ name }) => name);
		expect((await fixture.backUp(CONTACTS)).status).toBe('complete');
		await expectContactsSaved(fixture);
		expect(await scopes()).toEqual([]);
		sim.tenant.switches.contactFolderByName = 'answers';
		await fixture.backUp(CONTACTS);
		expect(await scopes()).toEqual(['Contacts/Kontakte']);
		await fixture.stop();
		fixture = await contactsFixture({ switches: { contactsPath: 'allFolders' } });
		fixture.contacts.add(fixture.contacts.addFolder('default', 'VIP'), { displayName: 'Only one, and not in the default folder' });
		await fixture.backUp(CONTACTS);
		await expectContactsSaved(fixture);
		expect(await scopes()).toEqual(['Contacts/Kontakte', 'Contacts/Kontakte/VIP']);
		fixture.contacts.add('default', { displayName: 'First one' });
		await fixture.backUp(CONTACTS);
		await expectContactsSaved(fixture);
	});

	it('enumerates anew when links expire or the cursor is lost, and downloads only what differs', async () => {
		fixture = await contactsFixture();
		const { contacts, sim } = fixture;
		fillContacts(fixture.mailbox, { contacts: 40, folders: 2, seed: 9 });
		await fixture.backUp(CONTACTS);
		contacts.expireDelta();
		contacts.purge(contacts.living()[5]!);
		contacts.add('default', { displayName: 'New' });
		sim.requestLog.reset();
		expect(await fixture.backUp(CONTACTS)).toMatchObject({ status: 'complete', changes: { added: 1, updated: 0, deleted: 1 } });
		expect(sim.requestLog.count(/photo/)).toBe(1);
		await expectContactsSaved(fixture);
		await fixture.store.delete([`${fixture.key}/cursor.json`]);
		contacts.purge(contacts.living()[6]!);
		expect(await fixture.backUp({ ...CONTACTS, fullResync: true })).toMatchObject({ changes: { added: 0, updated: 0, deleted: 1 } });
		await expectContactsSaved(fixture);
		expect((await fixture.backUp({ ...CONTACTS, hoursLater: 24 * 8 })).status).toBe('unchanged');
	});

	it('backs up hidden folders where Graph lists them', async () => {
		fixture = await contactsFixture({ switches: { hiddenContactFolders: 'listed' } });
		fixture.contacts.add(fixture.contacts.addFolder('default', 'Recipient Cache', { hidden: true }), { displayName: 'Remembered' });
		await fixture.backUp(CONTACTS);
		const entries = [...(await fixture.entries()).values()];
		expect(entries.filter(({ type }) => type === 'folder').map(({ name }) => name).sort()).toEqual(['Contacts', 'Kontakte', 'Recipient Cache']);
		expect(entries.filter(({ type }) => type === 'contact').map(({ name }) => name)).toEqual(['Remembered']);
	});

	it('finds at once what a user or a restore took out of Deleted Items, though delta never tells', async () => {
		fixture = await contactsFixture({ switches: { deltaReportsReturns: false } });
		const { contacts, sim } = fixture;
		fillContacts(fixture.mailbox, { contacts: 30, folders: 2, seed: 8 });
		await fixture.backUp(CONTACTS);
		const contact = contacts.living()[4]!;
		const home = contact.place as ReturnType<typeof contacts.folder>;
		contacts.deleteByUser(contact);
		expect(await fixture.backUp(CONTACTS)).toMatchObject({ changes: { deleted: 1 } });
		contacts.move(contact, home);
		expect(await fixture.backUp(CONTACTS)).toMatchObject({ status: 'complete', changes: { added: 1, updated: 0, deleted: 0 } });
		await expectContactsSaved(fixture);
		sim.requestLog.reset();
		expect((await fixture.backUp(CONTACTS)).status).toBe('unchanged');
		expect(sim.requestLog.count(/contacts\/delta/)).toBe(3);
	});

	it('finds what came back while a comparison went on over two runs', async () => {
		fixture = await contactsFixture({ switches: { deltaReportsReturns: false, deltaLargestPage: 2, deltaEmptyPages: 'end' } });
		const { contacts } = fixture;
		const vip = contacts.addFolder('default', 'VIP');
		const added = Array.from({ length: 8 }, (_, index) => contacts.add(index % 2 ? vip : contacts.default, { displayName: `Contact ${index}`, surname: 'S' }));
		// Ends before there is a cursor: the next run compares everything, and does not come to the end either.
		expect((await fixture.backUp({ ...CONTACTS, stopAfter: { bytes: 500 }, commitEvery: { bytes: 1000 } })).hasMore).toBe(true);
		contacts.deleteByUser(added[5]!);
		contacts.deleteByUser(added[1]!);
		expect((await fixture.backUp({ ...CONTACTS, stopAfter: { bytes: 7000 }, commitEvery: { bytes: 1000 } })).hasMore).toBe(true);
		contacts.move(added[5]!, vip);
		expect((await fixture.backUp(CONTACTS)).status).toBe('complete');
		await expectContactsSaved(fixture);
	});

	it('lists a mailbox over quota, whose delta is refused', async () => {
		fixture = await contactsFixture();
		fillContacts(fixture.mailbox, { contacts: 30, folders: 1, seed: 4 });
		fixture.mailbox.isOverQuota = true;
		expect(await fixture.backUp(CONTACTS)).toMatchObject({ status: 'complete', changes: { added: 30 } });
		await expectContactsSaved(fixture);
		fixture.contacts.purge(fixture.contacts.living()[0]!);
		fixture.contacts.patch(fixture.contacts.living()[1]!, { title: 'Prof.' });
		expect(await fixture.backUp(CONTACTS)).toMatchObject({ status: 'complete', changes: { added: 0, updated: 1, deleted: 1 } });
		fixture.mailbox.isOverQuota = false;
		expect((await fixture.backUp(CONTACTS)).status).toBe('unchanged');
		await expectContactsSaved(fixture);
	});

	it('keeps what a folder that is gone held until it is confirmed, whichever way it went', async () => {
		for (const deletedFolderGoesTo of ['deletedItems', 'recoverableItems'] as const) {
			fixture = await contactsFixture({ switches: { deletedFolderGoesTo } });
			const { contacts } = fixture;
			const vip = contacts.addFolder('default', 'VIP');
			const nested = contacts.addFolder(vip, 'Nested');
			const stays = contacts.add(nested, { displayName: 'Saved in time' });
			contacts.add(nested, { displayName: 'Goes' });
			contacts.add(vip, { displayName: 'Goes, too' });
			await fixture.backUp(CONTACTS);
			contacts.move(stays, 'default');
			contacts.deleteFolder(vip);
			expect(await fixture.backUp(CONTACTS)).toMatchObject({ status: 'complete', changes: { deleted: 2 } });
			await expectContactsSaved(fixture);
			if (deletedFolderGoesTo === 'deletedItems') await fixture.stop();
		}
	});

	it('reports what cannot be read, keeps what was stored, and tries again', async () => {
		fixture = await contactsFixture();
		const { contacts, sim } = fixture;
		const broken = contacts.add('default', { displayName: 'Broken' });
		const pictured = contacts.add('default', { displayName: 'Pictured' }, { photo: PHOTO });
		const fine = contacts.add('default', { displayName: 'Fine' }, { photo: PHOTO });
		await fixture.backUp(CONTACTS);
		for (const one of [broken, pictured, fine]) contacts.patch(one, { jobTitle: 'Boss' });
		contacts.corrupt(broken);
		contacts.corruptPhoto(pictured);
		sim.tenant.faults.script({ match: (_method, path) => path.includes(`${encodeURIComponent(fine.id)}/photo`), times: 20, do: { status: 503 } });
		const summary = await fixture.backUp(CONTACTS);
		expect(summary.changes).toMatchObject({ updated: 1, failed: 2 });
		expect(summary.warnings.join()).toMatch(/photo of "Pictured"/);
		const entry = (await fixture.entries()).get(`contacts/${broken.id}`)!;
		expect(entry.failed?.reason).toBe('Microsoft 365 itself cannot read it (ErrorCorruptData)');
		expect(JSON.parse((await fixture.content(entry)).toString())).toMatchObject({ jobTitle: null });
		sim.tenant.faults.clear();
		contacts.corrupt(broken, null);
		contacts.corruptPhoto(pictured, null);
		contacts.touch(pictured, 'full');
		expect(await fixture.backUp(CONTACTS)).toMatchObject({ status: 'complete', changes: { failed: 0 } });
		await expectContactsSaved(fixture);
	});

	it('keeps what it had of a folder that does not answer, says so, and goes on with the others', async () => {
		fixture = await contactsFixture();
		const { contacts, sim } = fixture;
		const vip = contacts.addFolder('default', 'VIP');
		contacts.add(vip, { displayName: 'A' });
		await fixture.backUp(CONTACTS);
		contacts.add(vip, { displayName: 'B' });
		contacts.add('default', { displayName: 'C' });
		sim.tenant.faults.script({ match: (_method, path) => path.includes(vip.id.slice(0, -1)) && path.includes('delta'), times: 100, do: { status: 503 } });
		const summary = await fixture.backUp(CONTACTS);
		expect(summary).toMatchObject({ status: 'partial', changes: { added: 1, deleted: 0 } });
		expect(summary.warnings.join()).toMatch(/Contact folder "Contacts\/Kontakte\/VIP"/);
		const record = (await fixture.repository.snapshots(fixture.key)).at(-1)!;
		expect(record.scopes.filter(({ name }) => name.startsWith('Contacts/')).map(({ name, state }) => [name, state])).toEqual([['Contacts/Kontakte', 'complete'], ['Contacts/Kontakte/VIP', 'stale']]);
		sim.tenant.faults.clear();
		expect(await fixture.backUp(CONTACTS)).toMatchObject({ status: 'complete', changes: { added: 1 } });
		await expectContactsSaved(fixture);
	});

	it('without permission leaves mail complete and names the permission; a forbidden folder leaves the others', async () => {
		fixture = await contactsFixture();
		const { contacts, sim } = fixture;
		contacts.add('default', { displayName: 'A' });
		sim.tenant.roles.revoke(['Contacts.Read', 'Contacts.ReadWrite']);
		const both = { content: ['contacts' as const, 'mail' as const] };
		const refused = await fixture.backUp(both);
		expect(refused.status).toBe('complete');
		expect(refused.warnings.join()).toMatch(/Contacts.*Contacts\.Read /);
		sim.tenant.roles.grant('Contacts.Read');
		expect(await fixture.backUp(both)).toMatchObject({ status: 'complete', warnings: [], changes: { added: 1 } });
		sim.tenant.roles.revoke('Contacts.Read');
		const later = await fixture.backUp(both);
		expect(later.status).toBe('partial');
		expect((await fixture.entries()).size).toBeGreaterThan(2);
		sim.tenant.roles.grant('Contacts.Read');
		const vip = contacts.addFolder('default', 'VIP');
		contacts.add(vip, { displayName: 'B' });
		contacts.forbid(vip);
		const summary = await fixture.backUp(both);
		expect(summary.warnings.join()).toMatch(/Contact folder "Contacts\/Kontakte\/VIP"/);
		contacts.forbid(vip, false);
		expect(await fixture.backUp(both)).toMatchObject({ status: 'complete', changes: { added: 1 } });
		await expectContactsSaved(fixture);
	});
});
