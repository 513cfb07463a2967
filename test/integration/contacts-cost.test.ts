import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillContacts } from '../simulator/contact-generate';
import { contactsFixture, restoreContacts } from './contacts-help';
import { outcomes } from './restore-help';

const CONTACTS = { content: ['contacts' as const] };

/** C contacts in F folders, 100 a page: the least is one question about a photo for each contact, and one page of each folder. */
describe('what 1,000 contacts in 10 folders cost', () => {
	const [C, F] = [1000, 10];
	let fixture: Awaited<ReturnType<typeof contactsFixture>>;
	beforeAll(async () => {
		fixture = await contactsFixture();
		fillContacts(fixture.mailbox, { contacts: C, folders: F - 1, seed: 3 });
	});
	afterAll(() => fixture.stop());

	it('in full: a request a contact, and a call for twenty', async () => {
		const { status, graph } = await fixture.backUp(CONTACTS);
		expect(status).toBe('complete');
		expect(graph.requests).toBeLessThanOrEqual(C + C / 100 + 4 * F + 5);
		// Of each page of changes the last twenty may be fewer.
		expect(graph.calls).toBeLessThanOrEqual(C / 20 + 2 * (C / 100) + 7);
	});

	it('quiet: three requests a folder (its changes, its children, its count), twenty to a call', async () => {
		const { status, graph } = await fixture.backUp(CONTACTS);
		expect(status).toBe('unchanged');
		expect(graph.requests).toBeLessThanOrEqual(3 * F + 1);
		expect(graph.calls).toBeLessThanOrEqual((3 * F) / 20 + 3);
	});

	it('after 50 changes: one request for each of them more, and for each removal', async () => {
		const living = fixture.contacts.living();
		for (const contact of living.slice(0, 20)) fixture.contacts.patch(contact, { jobTitle: 'Changed' });
		for (const contact of living.slice(20, 40)) fixture.contacts.deleteByUser(contact);
		for (const contact of living.slice(40, 50)) fixture.contacts.move(contact, contact.place === fixture.contacts.default ? 'Kontakte/VIP' : 'default');
		const { changes, graph } = await fixture.backUp(CONTACTS);
		expect(changes).toMatchObject({ added: 0, deleted: 20, failed: 0 });
		// A deleted contact lives on in Deleted Items: one more walk of the folders tells that this is none of them.
		expect(graph.requests).toBeLessThanOrEqual(3 * F + 1 + F + 20 + 20 + 2 * 10);
	});

	it('restored again: one question for twenty contacts and the marks of each folder, nothing written', async () => {
		fixture.sim.requestLog.reset();
		const results = await restoreContacts(fixture);
		expect(outcomes(results)).toEqual({ skipped: C - 20 });
		const { byRoute, calls } = fixture.sim.requestLog;
		expect([...byRoute.keys()].filter((route) => /^(PUT|PATCH|DELETE)|^POST (?!\/\$batch)/.test(route))).toEqual([]);
		expect(calls).toBeLessThanOrEqual(C / 20 + C / 60 + C / 250 + 2 * F + 5);
	});
});
