import ICAL from 'ical.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emptyTally, exportZip } from '../../nodes/M365Backup/engine/export-zip';
import { restore } from '../../nodes/M365Backup/engine/restore';
import { searchSnapshot } from '../../nodes/M365Backup/engine/search';
import { searchHistory, type FoundInHistory, type HistoryScope } from '../../nodes/M365Backup/engine/search-history';
import { MAILBOX_PARTS } from '../../nodes/M365Backup/workloads/mailbox/mailbox-part';
import { mailboxRestorer } from '../../nodes/M365Backup/workloads/mailbox/restore-mailbox';
import { fillContacts } from '../simulator/contact-generate';
import { fillCalendars } from '../simulator/event-generate';
import { fillMailbox } from '../simulator/generate-tenant';
import { fillTodo } from '../simulator/todo-generate';
import { mailboxFixture, type MailboxFixture } from '../support/mailbox-fixture';
import { all, readAll } from '../unit/repository/fixtures';
import { unzip } from '../unit/search/unzip';
import { newestSnapshot } from './restore-help';

describe('finding and exporting what a mailbox held', () => {
	let fixture: MailboxFixture;
	let deleted: string[];

	beforeAll(async () => {
		fixture = await mailboxFixture();
		const { mailbox } = fixture;
		fillMailbox(mailbox, { messages: 60, folders: 5, seed: 3 });
		fillCalendars(mailbox, { events: 60, seed: 3 });
		fillContacts(mailbox, { contacts: 30, seed: 3 });
		fillTodo(mailbox, { tasks: 30, seed: 3 });
		expect((await fixture.backUp({ content: [...MAILBOX_PARTS] })).status).toBe('complete');
		const before = await fixture.entries();
		// What users do on a bad day: from each kind something goes for good.
		for (const message of [...mailbox.allMessages()].slice(0, 5)) mailbox.purge(message);
		for (const event of mailbox.calendar.events().slice(0, 5)) mailbox.calendar.deleteEvent(event);
		for (const contact of mailbox.contacts.living().slice(0, 5)) mailbox.contacts.purge(contact);
		for (const task of mailbox.todo.allTasks().slice(0, 5)) mailbox.todo.delete(task);
		expect((await fixture.backUp({ content: [...MAILBOX_PARTS] })).status).toBe('complete');
		const after = await fixture.entries();
		deleted = [...before.keys()].filter((id) => !after.has(id)).sort();
	});
	afterAll(() => fixture.stop());

	const find = (scope: HistoryScope): Promise<FoundInHistory[]> => all(searchHistory(fixture.repository, fixture.key, scope, {}));

	it('finds exactly what was deleted between two backups, of every kind', async () => {
		const [first] = await fixture.repository.snapshots(fixture.key);
		const found = await find({ deletedSince: first!.id });
		expect(found.map(({ id }) => id).sort()).toEqual(deleted);
		expect(new Set(found.map(({ type }) => type))).toEqual(new Set(['message', 'event', 'contact', 'task']));
		for (const item of found) expect(item).toMatchObject({ change: 'deleted', snapshot: { id: first!.id }, vanished: { after: first!.finishedAt } });
	});

	it('exports everything that ever was, in formats that other programs read', async () => {
		const found = searchHistory(fixture.repository, fixture.key, { all: true }, {});
		const tally = emptyTally();
		const files = await unzip(await readAll(exportZip(fixture.repository, fixture.key, found, tally)));
		expect(tally.failures).toEqual([]);
		expect(files.size).toBe(tally.files + 1);
		const names = [...files.keys()];
		const calendars = names.filter((name) => name.endsWith('.ics'));
		for (const name of calendars) {
			const component = new ICAL.Component(ICAL.parse(files.get(name)!.toString('utf8')) as unknown[]);
			const kind = name.startsWith('Tasks/') ? 'vtodo' : 'vevent';
			expect(component.getAllSubcomponents(kind).length, name).toBeGreaterThan(0);
		}
		for (const name of names.filter((one) => one.endsWith('.vcf'))) expect(files.get(name)!.toString()).toMatch(/^BEGIN:VCARD\r\n[^]*END:VCARD\r\n$/);
		const counts = ['.eml', '.vcf', '.ics'].map((extension) => names.filter((name) => name.endsWith(extension)).length);
		const types = (await find({ all: true })).map(({ type }) => type);
		const count = (...wanted: string[]): number => types.filter((type) => wanted.includes(type)).length;
		expect(counts).toEqual([count('message'), count('contact'), count('event', 'task')]);
	});

	it('brings back what was deleted, from the snapshot that has it', async () => {
		const [first] = await fixture.repository.snapshots(fixture.key);
		const found = await find({ deletedSince: first!.id });
		const graph = fixture.client();
		const results = await all(
			restore({
				repository: fixture.repository,
				source: fixture.source,
				snapshot: first!,
				selection: { kind: 'ids', ids: found.map(({ id }) => id) },
				destination: { kind: 'original' },
				conflictPolicy: 'skip',
				mode: 'restore',
				restorer: mailboxRestorer({ graph, mailboxId: fixture.source.id, ambient: fixture.ambient, source: fixture.source }),
				ambient: fixture.ambient,
			}),
		);
		expect(results.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
		await fixture.backUp({ content: [...MAILBOX_PARTS] });
		const now = await all(searchSnapshot(fixture.repository, await newestSnapshot(fixture), {}));
		const told = (items: readonly { type: string; name: string; folderPath: string }[]): string[] => items.map(({ type, name, folderPath }) => `${type} ${folderPath}/${name}`);
		for (const one of told(found)) expect(told(now)).toContain(one);
	});
});
