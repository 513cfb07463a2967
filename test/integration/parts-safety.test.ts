import { afterEach, describe, expect, it } from 'vitest';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import { mailboxRestorer } from '../../nodes/M365Backup/workloads/mailbox/restore-mailbox';
import type { ContactFolder } from '../simulator/contact-folder';
import type { MailboxContacts } from '../simulator/contact-store';
import type { MailboxFixture } from '../support/mailbox-fixture';
import { mailboxFixture, plainMail } from '../support/mailbox-fixture';
import { contactsFixture, expectContactsSaved, PHOTO } from './contacts-help';
import { restoreAll } from './restore-help';
import { expectTasksEqual } from './tasks-help';

let fixture: MailboxFixture;
afterEach(async () => {
	expect(fixture.sim.tenant.outbox).toEqual([]);
	await fixture.stop();
});

const CONTACTS = { content: ['contacts' as const] };

async function loseCursor({ store, key }: MailboxFixture): Promise<void> {
	const keys: string[] = [];
	for await (const file of store.list(`${key}/`)) if (file.key.endsWith('cursor.json')) keys.push(file.key);
	await store.delete(keys);
}

/** What a new mailbox of the same user brings: another default folder, and nothing of the old one. */
function renewDefaultFolder(contacts: MailboxContacts): void {
	const old = contacts.default;
	for (const contact of contacts.all()) contacts.purge(contact);
	const inner = contacts as unknown as { default: ContactFolder; makeFolder(name: string, parent: unknown, isHidden: boolean): ContactFolder };
	inner.default = inner.makeFolder(old.displayName, contacts.mailbox.root, false);
	old.isDeleted = true;
	contacts.folders.delete(old.sequence);
}

describe('contacts', () => {
	it('of a mailbox that was made anew are found in its new default folder', async () => {
		const own = await contactsFixture();
		fixture = own;
		const { contacts } = own;
		contacts.add('default', { displayName: 'Old' });
		await fixture.backUp(CONTACTS);
		renewDefaultFolder(contacts);
		contacts.add('default', { displayName: 'New' });
		await fixture.backUp(CONTACTS);
		await expectContactsSaved(own);
		expect((await fixture.backUp(CONTACTS)).status).toBe('unchanged');
	});

	it('of a folder whose delta says that it is gone, while the folder answers, stay and are not asked for without end', async () => {
		const own = await contactsFixture();
		fixture = own;
		own.contacts.add('default', { displayName: 'Here' });
		await fixture.backUp(CONTACTS);
		fixture.sim.tenant.faults.script({ match: /contacts\/delta/, times: Infinity, do: { status: 404 } });
		expect(await fixture.backUp(CONTACTS)).toMatchObject({ status: 'partial', changes: { deleted: 0 } });
		await expectContactsSaved(own);
		fixture.sim.tenant.faults.clear();
		expect((await fixture.backUp(CONTACTS)).status).toBe('complete');
		await expectContactsSaved(own);
	});

	it('are compared once a week, also where nothing is backed up after them', async () => {
		const own = await contactsFixture();
		fixture = own;
		const [a] = ['A', 'B', 'C'].map((displayName) => own.contacts.add('default', { displayName }));
		await fixture.backUp(CONTACTS);
		// Delta loses a change.
		a!.properties['jobTitle'] = 'Boss';
		a!.changeNumber = 900_000;
		expect((await fixture.backUp({ ...CONTACTS, hoursLater: 25 })).status).toBe('unchanged');
		expect(await fixture.backUp({ ...CONTACTS, hoursLater: 8 * 24 })).toMatchObject({ status: 'complete', changes: { updated: 1 } });
		await expectContactsSaved(own);
	});

	it('do not count as deleted, nor the backup as complete, while folders cannot be listed into which they may have moved', async () => {
		const own = await contactsFixture();
		fixture = own;
		const { contacts } = own;
		const vip = contacts.addFolder('default', 'VIP');
		const moving = contacts.add('default', { displayName: 'Moves' });
		contacts.add(vip, { displayName: 'Stays' });
		await fixture.backUp(CONTACTS);
		contacts.move(moving, contacts.addFolder(vip, 'New'));
		fixture.sim.tenant.faults.script({ match: 'GET /users/*/contactFolders/*/childFolders', times: Infinity, do: { status: 503 } });
		const summary = await fixture.backUp(CONTACTS);
		expect(summary).toMatchObject({ status: 'partial', changes: { deleted: 0 } });
		expect([...(await fixture.entries()).values()].some(({ name }) => name === 'Moves')).toBe(true);
		fixture.sim.tenant.faults.clear();
		expect((await fixture.backUp(CONTACTS)).status).toBe('complete');
		await expectContactsSaved(own);
	});

	it('keep their folder where a part of the run fails after it was found', async () => {
		const own = await contactsFixture();
		fixture = own;
		fixture.mailbox.addMime(fixture.mailbox.folder('inbox'), plainMail('Mail'));
		const moving = own.contacts.add('default', { displayName: 'Moves' });
		await fixture.backUp({ content: ['contacts', 'mail'] });
		own.contacts.move(moving, own.contacts.addFolder('default', 'New'));
		fixture.sim.tenant.faults.script({ match: 'GET /users/*/contactFolders', skip: 1, times: 12, do: { status: 503 } });
		await fixture.backUp({ content: ['contacts', 'mail'] });
		fixture.sim.tenant.faults.clear();
		await fixture.backUp({ content: ['contacts', 'mail'] });
		await expectContactsSaved(own);
	});
});

const NO_MAILBOX = { status: 404, body: { error: { code: 'MailboxNotEnabledForRESTAPI', message: 'The mailbox is either inactive, soft-deleted, or is hosted on-premise.' } } };

describe('a mailbox that loses its licence in the middle of a run', () => {
	it('does not lose what is asked about just then', async () => {
		const own = await contactsFixture();
		fixture = own;
		const { contacts, mailbox, sim } = own;
		const content = ['contacts' as const, 'tasks' as const, 'mail' as const];
		const contact = contacts.add('default', { displayName: 'Contact' });
		const task = mailbox.todo.add(mailbox.todo.defaultList, { title: 'Task' });
		const message = mailbox.addMime(mailbox.folder('inbox'), plainMail('Message'));
		await fixture.backUp({ content });
		contacts.purge(contact);
		mailbox.todo.delete(task);
		mailbox.purge(message);
		for (const match of [/^GET \/users\/[^/]+\/contacts\/[^/?]+$/, /^GET \/users\/[^/]+\/todo\/lists\/[^/]+\/tasks\/(?!delta)[^/?]+$/, /^GET \/users\/[^/]+\/messages\/[^/?]+/]) sim.tenant.faults.script({ match, times: Infinity, do: NO_MAILBOX });
		const summary = await fixture.backUp({ content });
		expect(summary.changes.deleted).toBe(0);
		expect(summary.failures).toHaveLength(3);
		sim.tenant.faults.clear();
		expect(await fixture.backUp({ content })).toMatchObject({ status: 'complete', changes: { deleted: 3, failed: 0 } });
	});

	it('gets what could not be read just then once it is back', async () => {
		const own = await contactsFixture();
		fixture = own;
		const { mailbox, sim } = own;
		const content = ['tasks' as const, 'mail' as const];
		await fixture.backUp({ content });
		mailbox.todo.add(mailbox.todo.defaultList, { title: 'Task' });
		mailbox.addMime(mailbox.folder('inbox'), plainMail('Message'));
		for (const match of [/^GET \/users\/[^/]+\/todo\/lists\/[^/]+\/tasks\/(?!delta)[^/?]+/, /\/\$value$/]) sim.tenant.faults.script({ match, times: Infinity, do: NO_MAILBOX });
		expect(await fixture.backUp({ content })).toMatchObject({ changes: { failed: 2, skipped: 0 } });
		sim.tenant.faults.clear();
		expect(await fixture.backUp({ content })).toMatchObject({ status: 'complete', changes: { failed: 0 } });
		await expectTasksEqual(fixture);
		expect(await fixture.messages()).toEqual(await fixture.living());
	});
});

describe('tasks', () => {
	const TASKS = { content: ['tasks' as const] };

	it('one of whose files does not answer are not forgotten', async () => {
		fixture = await mailboxFixture();
		const { todo } = fixture.mailbox;
		await fixture.backUp(TASKS);
		todo.add(todo.defaultList, { title: 'With a file', attachments: [{ name: 'a.txt', content: 'A' }] });
		fixture.sim.tenant.faults.script({ match: /\/attachments\/[^/]+(\/\$value)?$/, times: Infinity, do: { status: 404 } });
		expect(await fixture.backUp(TASKS)).toMatchObject({ changes: { failed: 1, skipped: 0 } });
		fixture.sim.tenant.faults.clear();
		expect(await fixture.backUp(TASKS)).toMatchObject({ status: 'complete', changes: { failed: 0 } });
		await expectTasksEqual(fixture);
	});

	it('have all their steps, also where Microsoft gives only some of them with the task, or none', async () => {
		fixture = await mailboxFixture();
		const { todo } = fixture.mailbox;
		for (const title of ['None', 'Some']) todo.add(todo.defaultList, { title, checklist: ['One', 'Two', 'Three'], linkedResources: [{ webUrl: 'https://tracker.example/1', applicationName: 'Tracker' }] });
		const graphClient = fixture.client();
		const { batch } = graphClient;
		graphClient.batch = async function* (requests, options) {
			for await (const answer of batch.call(graphClient, requests, options)) {
				const asked = requests.find(({ id }) => id === answer.id);
				if (!('failure' in answer) && asked?.path.includes('/tasks/') && asked.path.includes('$expand')) {
					const body = answer.body as { title: string; checklistItems?: unknown[]; linkedResources?: unknown[] };
					if (body.title === 'None') {
						delete body.checklistItems;
						delete body.linkedResources;
					} else Object.assign(body, { checklistItems: body.checklistItems?.slice(0, 1), 'checklistItems@odata.nextLink': `${fixture.sim.graphUrl}/v1.0${asked.path.split('?')[0]!}/checklistItems?$skip=1` });
				}
				yield answer;
			}
		};
		expect((await fixture.backUp({ ...TASKS, graphClient })).status).toBe('complete');
		await expectTasksEqual(fixture);
	});
});

describe('a rule', () => {
	it('that is set back is there once, also where the restore was cut off before the changed one was taken away', async () => {
		fixture = await mailboxFixture();
		const { settings } = fixture.mailbox;
		const rule = settings.addRule({ displayName: 'Invoices', conditions: { subjectContains: ['invoice'] }, actions: { markAsRead: true } });
		await fixture.backUp({ content: ['settings'] });
		settings.changeRule(rule, { conditions: { subjectContains: ['bill'] } });
		const restorer = mailboxRestorer({ graph: fixture.client(), mailboxId: fixture.source.id, ambient: fixture.ambient, source: fixture.source });
		fixture.sim.tenant.faults.script({ match: /^DELETE .*\/messageRules\//, times: Infinity, do: { status: 503 } });
		expect((await restoreAll(fixture, { restorer, conflictPolicy: 'replace' })).map(({ outcome }) => outcome)).toContain('failed');
		fixture.sim.tenant.faults.clear();
		await restoreAll(fixture, { restorer, conflictPolicy: 'replace' });
		expect(settings.sortedRules().map(({ displayName, conditions }) => [displayName, conditions])).toEqual([['Invoices', expect.objectContaining({ subjectContains: ['invoice'] })]]);
	});
});

describe('a calendar', () => {
	it('has what became of single days of its series after a full resync, and once a week', async () => {
		fixture = await mailboxFixture({ switches: { exceptionChangesMaster: false } });
		const { calendar } = fixture.mailbox;
		const start = { dateTime: '2026-11-23T10:00:00', timeZone: 'UTC' };
		const recurrence = { pattern: { type: 'daily', interval: 1 }, range: { type: 'endDate', startDate: '2026-11-23', endDate: '2027-01-15', recurrenceTimeZone: 'UTC' } };
		const series = Array.from({ length: 8 }, (_, index) => calendar.addEvent(calendar.default, { subject: `Series ${index}`, start, end: { ...start, dateTime: '2026-11-23T11:00:00' }, recurrence }));
		await fixture.backUp({ content: ['calendar'] });
		for (const one of series) calendar.changeOccurrence(one, '2026-12-24', { subject: 'Moved' });
		expect((await fixture.backUp({ content: ['calendar'], fullResync: true })).changes.updated).toBe(8);
		for (const one of series) calendar.changeOccurrence(one, '2026-12-27', { subject: 'Moved' });
		expect((await fixture.backUp({ content: ['calendar'], hoursLater: 8 * 24 })).changes.updated).toBe(8);
	});

	it('has what became of single days of a series that is over, after a full resync and once a week', async () => {
		fixture = await mailboxFixture({ switches: { exceptionChangesMaster: false } });
		const { calendar } = fixture.mailbox;
		const start = { dateTime: '2020-01-06T10:00:00', timeZone: 'UTC' };
		const recurrence = { pattern: { type: 'daily', interval: 1 }, range: { type: 'numbered', startDate: '2020-01-06', numberOfOccurrences: 5, recurrenceTimeZone: 'UTC' } };
		const over = calendar.addEvent(calendar.default, { subject: 'Over', start, end: { ...start, dateTime: '2020-01-06T11:00:00' }, recurrence });
		await fixture.backUp({ content: ['calendar'] });
		const held = async (): Promise<unknown[]> => {
			const event = [...(await fixture.entries()).values()].find(({ type }) => type === 'event');
			const { exceptions, cancelled } = JSON.parse((await fixture.content(event!)).toString()) as { exceptions: { subject: string }[]; cancelled?: string[] };
			return [exceptions.map(({ subject }) => subject), cancelled ?? []];
		};
		calendar.changeOccurrence(over, '2020-01-07', { subject: 'Minutes of the meeting' });
		expect((await fixture.backUp({ content: ['calendar'], fullResync: true })).changes.updated).toBe(1);
		expect(await held()).toEqual([['Minutes of the meeting'], []]);
		calendar.cancelOccurrence(over, '2020-01-08');
		expect((await fixture.backUp({ content: ['calendar'], hoursLater: 8 * 24 })).changes.updated).toBe(1);
		expect(await held()).toEqual([['Minutes of the meeting'], ['2020-01-08']]);
	});

	it('keeps what it knows of a series that is over where the cloud shows instances only, and of these none so old', async () => {
		fixture = await mailboxFixture({ switches: { occurrenceListsInCloud: false } });
		const { calendar } = fixture.mailbox;
		const day = new Date(fixture.sim.tenant.clock.nowMs() - 100 * 86_400_000).toISOString().slice(0, 10);
		const start = { dateTime: `${day}T10:00:00`, timeZone: 'UTC' };
		const recurrence = { pattern: { type: 'daily', interval: 1 }, range: { type: 'numbered', startDate: day, numberOfOccurrences: 5, recurrenceTimeZone: 'UTC' } };
		const over = calendar.addEvent(calendar.default, { subject: 'Over', start, end: { ...start, dateTime: `${day}T11:00:00` }, recurrence });
		calendar.changeOccurrence(over, new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10), { subject: 'Changed' });
		await fixture.backUp({ content: ['calendar'] });
		// Eleven months later no window of instances reaches so far back.
		expect((await fixture.backUp({ content: ['calendar'], hoursLater: 330 * 24 })).changes).toMatchObject({ updated: 0, failed: 0 });
		const [event] = [...(await fixture.entries()).values()].filter(({ type }) => type === 'event');
		expect((await fixture.content(event!)).toString()).toContain('"Changed"');
	});

	it('that another restore makes in the same moment is searched for what that one has put into it', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const start = { dateTime: '2026-11-23T10:00:00', timeZone: 'UTC' };
		const work = calendar.addCalendar('Work');
		calendar.addEvent(work, { subject: 'Event', start, end: { ...start, dateTime: '2026-11-23T11:00:00' } });
		await fixture.backUp({ content: ['calendar'] });
		calendar.deleteCalendar(work, true);
		const restorer = (graph = fixture.client()) => mailboxRestorer({ graph, mailboxId: fixture.source.id, ambient: fixture.ambient, source: fixture.source });
		// The other process: from here on no turn is waited for.
		const graph = fixture.client();
		const { json } = graph;
		let isFirst = true;
		graph.json = async <T>(...call: Parameters<typeof json>): Promise<T> => {
			if (isFirst && call[0].method === 'POST' && call[0].path.endsWith('/calendars')) {
				isFirst = false;
				const mailboxId = fixture.source.id.toUpperCase();
				await restoreAll(fixture, { restorer: mailboxRestorer({ graph: fixture.client(), mailboxId, tenantId: 'another-process', ambient: fixture.ambient, source: { ...fixture.source, tenantId: 'another-process' } }) });
			}
			return await json.call(graph, ...call) as T;
		};
		await restoreAll(fixture, { restorer: restorer(graph) });
		expect(calendar.events().map(({ state }) => state.subject)).toEqual(['Event']);
	});

	it('that was backed up before is not left out because its owner has another address now', async () => {
		fixture = await mailboxFixture();
		const { calendar } = fixture.mailbox;
		const work = calendar.addCalendar('Work');
		await fixture.backUp({ content: ['calendar'] });
		Object.assign(work, { owner: { name: 'Adele Married', address: 'adele.married@contoso.example' } });
		calendar.addEvent(work, { subject: 'After the wedding' });
		expect(await fixture.backUp({ content: ['calendar'] })).toMatchObject({ status: 'complete', changes: { added: 1 }, warnings: [] });
	});
});

describe('a service that takes no delta at all for a while, not even from the beginning, or breaks off each', () => {
	it.each([
		['folders of mail', /mailFolders\/delta.*skiptoken/],
		['messages', /messages\/delta.*skiptoken/],
		['contacts', /contacts\/delta.*skiptoken/],
		['tasks', /tasks\/delta.*skiptoken/],
		['folders of mail', /mailFolders\/delta/],
		['messages', /messages\/delta/],
		['contacts', /contacts\/delta/],
		['tasks', /tasks\/delta/],
	])('keeps what was stored of %s, is not asked without end, and everything goes on afterwards', { timeout: 120_000 }, async (_what, match) => {
		const own = await contactsFixture({ switches: { deltaLargestPage: 2 } });
		fixture = own;
		const { contacts, mailbox, sim } = own;
		const content = ['contacts' as const, 'tasks' as const, 'mail' as const];
		const edit = (name: string): void => {
			contacts.add('default', { displayName: name });
			mailbox.todo.add(mailbox.todo.defaultList, { title: name });
			mailbox.addMime(mailbox.folder('inbox'), plainMail(name));
		};
		edit('One');
		await fixture.backUp({ content });
		for (const name of ['Two', 'Three', 'Four']) edit(name);
		if (match.source.includes('skip')) await loseCursor(fixture);
		sim.tenant.faults.script({ match, times: 300, do: { status: 410, body: { error: { code: 'SyncStateNotFound', message: 'The sync state generation is not found' } } } });
		expect(await fixture.backUp({ content })).toMatchObject({ status: 'partial', changes: { deleted: 0 } });
		sim.tenant.faults.clear();
		expect((await fixture.backUp({ content })).status).toBe('complete');
		await expectContactsSaved(own);
		await expectTasksEqual(fixture);
		expect(await fixture.messages()).toEqual(await fixture.living());
	});
});

describe('items of several contents', () => {
	it('are whole in the snapshot, also where the run commits between their contents, or is stopped there', async () => {
		const own = await contactsFixture();
		fixture = own;
		const { calendar, todo } = fixture.mailbox;
		const content = ['contacts' as const, 'tasks' as const, 'calendar' as const];
		const start = { dateTime: '2026-11-23T10:00:00', timeZone: 'UTC' };
		for (const name of ['One', 'Two', 'Three']) {
			const event = calendar.addEvent(calendar.default, { subject: name, start, end: { ...start, dateTime: '2026-11-23T11:00:00' } });
			for (const file of ['a.txt', 'b.txt']) calendar.addAttachment(event, { '@odata.type': '#microsoft.graph.fileAttachment', name: file, contentType: 'text/plain', contentBytes: Buffer.from(`${name} ${file}`).toString('base64') });
			own.contacts.add('default', { displayName: name }, { photo: PHOTO });
			todo.add(todo.defaultList, { title: name, attachments: [{ name: 'a.txt', content: name }] });
		}
		let summary = await fixture.backUp({ content, commitEvery: { bytes: 1 }, stopAfter: { bytes: 1 } });
		for (let runs = 0; summary.hasMore && runs < 20; runs++) summary = await fixture.backUp({ content, commitEvery: { bytes: 1 }, stopAfter: { bytes: 1 } });
		expect(summary.failures).toEqual([]);
		await fixture.backUp({ content });
		await expectContactsSaved(own);
		await expectTasksEqual(fixture);
		const events = [...(await fixture.entries()).values()].filter(({ type }) => type === 'event');
		expect(events.map((entry) => entry.content?.map(({ part }) => part ?? 'main'))).toEqual(Array.from({ length: 3 }, () => ['main', 'attachment-1', 'attachment-2']));
		expect((await verifyRepository(fixture.repository, { deep: true })).damage).toEqual([]);
	});
});
