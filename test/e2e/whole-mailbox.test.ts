import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareItems, type ItemDifference } from '../demo/compare-items';
import { seenItems, type SeenItem, type SeenKind } from '../demo/graph-items';
import { compared, compareMail, GraphMail, type SeenMessage } from '../demo/graph-mail';
import { headingOf, isInText, promiseOf, promisesOf } from '../demo/promised';
import type { Mailbox } from '../simulator/mailbox';
import measuredBefore from '../unit/shipped/measured-fidelity.json';
import { nodeRun, type Execution } from './harness/execution';
import type { WorkflowJson } from './harness/n8n-client';
import { chain, ourNode, pick } from './harness/our-node';
import { Stage } from './harness/stage';

const measuredFile = join(__dirname, '../unit/shipped/measured-fidelity.json');
const zone = 'W. Europe Standard Time';

/**
 * A mailbox with every kind of data through a real n8n: backed up, lost, restored, and compared property by property with
 * what Graph serves, by code that shares nothing with ours. What may differ is what the README's tables say.
 */
describe('a whole mailbox in a real n8n', () => {
	let stage: Stage;
	let graph: GraphMail;
	let mailbox: Mailbox;
	let user: { id: string; address: string };
	let mailBefore: SeenMessage[];
	let before: SeenItem[];
	let restored: Execution;
	let after: SeenItem[];
	let differences: ItemDifference[];

	beforeAll(async () => {
		stage = await Stage.start({ simulator: { users: 1, messages: 25, events: 30, contacts: 25, tasks: 30, seed: 11 } });
		graph = new GraphMail(stage.simulator.graphUrl, stage.simulator.token, stage.simulator.caFile);
		user = (await graph.mailboxes())[0]!;
		mailbox = stage.simulator.tenant.users.find(({ id }) => id === user.id)!.mailbox!;
		addOddThings();
		mailBefore = await graph.messages(user.id);
		before = await seenItems(graph, user.id);

		const common = { repositoryFolder: stage.repositoryFolder };
		const backUp = await run(chain('backUpWhole', [ourNode('Back Up', 'mailbox/backUp', { ...common, mailbox: pick(user.address) })]));
		expect(nodeRun(backUp, 'Back Up').items.map(({ json }) => [json['status'], json['warnings']])).toEqual([['complete', []]]);
		loseEverything();
		expect(await seenItems(graph, user.id)).toEqual([]);
		restored = await run(chain('restoreWhole', [ourNode('Restore', 'item/restore', { ...common, mode: 'restore', source: pick(user.address), selection: 'everything', destination: 'original', conflictPolicy: 'skip' })]));
		after = await seenItems(graph, user.id);
		differences = compareItems(before, after);
	});
	afterAll(async () => stage?.stop());

	/** Beside what is generated: what people have, and programs forget. */
	function addOddThings(): void {
		const { calendar, contacts, todo, settings } = mailbox;
		const at = (day: string, hour: number): { dateTime: string; timeZone: string } => ({ dateTime: `${day}T${String(hour).padStart(2, '0')}:00:00`, timeZone: zone });
		const recurrence = {
			pattern: { type: 'weekly', interval: 2, daysOfWeek: ['tuesday', 'thursday'], firstDayOfWeek: 'monday' },
			range: { type: 'endDate', startDate: '2026-10-06', endDate: '2027-03-30', recurrenceTimeZone: zone },
		};
		const series = calendar.addEvent(calendar.default, { subject: 'Jour fixe', start: at('2026-10-06', 10), end: at('2026-10-06', 11), recurrence, sensitivity: 'private' });
		calendar.changeOccurrence(series, '2026-10-20', { subject: 'Jour fixe, moved', start: at('2026-10-21', 15), end: at('2026-10-21', 16) });
		calendar.changeOccurrence(series, '2026-11-03', { location: { displayName: 'Room 7' } });
		calendar.cancelOccurrence(series, '2026-10-22');
		calendar.cancelOccurrence(series, '2026-11-05');
		calendar.addEvent(calendar.default, {
			subject: 'Called off',
			start: at('2026-12-02', 14),
			end: at('2026-12-02', 15),
			isCancelled: true,
			isOrganizer: false,
			organizer: { emailAddress: { name: 'Boss', address: 'boss@example.com' } },
			attendees: [{ type: 'required', emailAddress: { name: 'Me', address: user.address } }],
		});
		const group = calendar.addGroup('Projects');
		calendar.addEvent(calendar.addCalendar('Apollo', { group, color: 'lightGreen' }), {
			subject: 'Launch',
			isAllDay: true,
			start: at('2026-12-24', 0),
			end: at('2026-12-26', 0),
			showAs: 'oof',
			categories: ['Space'],
			attachments: [{ '@odata.type': '#microsoft.graph.fileAttachment', name: 'Plan Ä.pdf', contentType: 'application/pdf', contentBytes: Buffer.from('%PDF-1.7').toString('base64') }],
		});
		const vip = contacts.addFolder('default', 'Board');
		contacts.add(vip, { displayName: 'Zoë O’Neill', givenName: 'Zoë', surname: 'O’Neill', emailAddresses: [{ name: 'Zoë', address: 'zoe@example.com' }], birthday: '1980-02-29T11:59:00Z' }, { photo: Buffer.from('ffd8ffe000104a464946', 'hex') });
		todo.add(todo.addList('House'), {
			title: 'Paint the door',
			checklist: ['Sand', { displayName: 'Buy paint', isChecked: true }],
			linkedResources: [{ webUrl: 'https://paint.example/1', applicationName: 'Shop', displayName: 'Paint' }],
			attachments: [{ name: 'colour.txt', content: 'RAL 5010', contentType: 'text/plain' }],
			recurrence: {
				pattern: { type: 'absoluteYearly', interval: 1, month: 5, dayOfMonth: 1, daysOfWeek: [], firstDayOfWeek: 'sunday', index: 'first' },
				range: { type: 'noEnd', startDate: '2027-05-01', endDate: '0001-01-01', recurrenceTimeZone: 'UTC', numberOfOccurrences: 0 },
			},
			dueDateTime: { dateTime: '2027-05-01T00:00:00.0000000', timeZone: 'UTC' },
		});
		settings.addCategory('Space', 'preset7');
		settings.addRule({ displayName: 'Invoices', conditions: { subjectContains: ['invoice'] }, actions: { moveToFolder: mailbox.addFolder('inbox', 'Invoices').id, stopProcessingRules: true } });
	}

	/** As somebody does who cleans up thoroughly: most of it for good, some into Deleted Items. */
	function loseEverything(): void {
		const { calendar, contacts, todo, settings } = mailbox;
		const lose = <T>(all: Iterable<T>, intoDeletedItems: (item: T) => void, forGood: (item: T) => void): void => {
			for (const [index, item] of [...all].entries()) (index % 3 === 0 ? intoDeletedItems : forGood)(item);
		};
		lose(mailbox.allMessages(), (message) => mailbox.deleteByUser(message), (message) => mailbox.purge(message));
		lose(calendar.events(), (event) => calendar.deleteEvent(event), (event) => calendar.purgeEvent(event));
		lose(contacts.living(), (contact) => contacts.deleteByUser(contact), (contact) => contacts.purge(contact));
		for (const task of todo.allTasks()) todo.delete(task);
		for (const rule of settings.sortedRules()) settings.deleteRule(rule);
		for (const category of [...settings.categories]) settings.deleteCategory(category);
	}

	async function run(workflow: WorkflowJson): Promise<Execution> {
		await stage.put(workflow);
		const execution = await stage.n8n.client.run(workflow.id, 'Start');
		expect(execution.error).toBeUndefined();
		return execution;
	}

	it('comes back whole: every item once, nothing failed, and nobody was told', async () => {
		const failed = nodeRun(restored, 'Restore').items.filter(({ json }) => json['outcome'] === 'failed' || json['error'] !== undefined);
		expect(failed.map(({ json }) => json)).toEqual([]);
		expect(differences.filter(({ now }) => now === undefined).map(({ was }) => `${was.kind} ${was.place}/${was.name}`)).toEqual([]);
		expect(after).toHaveLength(before.length);
		const mail = await graph.messages(user.id);
		const living = mailBefore.filter(({ folder }) => !folder.startsWith('Deleted Items'));
		expect(compareMail(living, mail.filter(({ folder }) => !folder.startsWith('Deleted Items'))).differences).toEqual([]);
		expect(stage.simulator.tenant.outbox).toEqual([]);
		expect(stage.simulator.misses).toEqual([]);
	});

	it.each(Object.entries(headingOf) as [SeenKind, string][])('%s: what differs is what the README says, and nothing else', (kind, heading) => {
		const measured = comparisonTable(kind);
		console.log(`${heading}\n${measured.map(({ property, equal, text, not }) => `  ${property}: equal ${equal}, text ${text}, not ${not}`).join('\n')}`);
		expect(measured.length).toBeGreaterThan(1);
		for (const { property, text, not } of measured) {
			const promise = promiseOf(kind, property);
			expect(promise, `${property} is in no row of the README's table`).toBeDefined();
			if (promise === 'equal') expect([property, not]).toEqual([property, 0]);
			if (promise === 'equal' && !property.startsWith('body')) expect([property, text]).toEqual([property, 0]);
		}
		const isUsed = (property: string): boolean => before.some((item) => item.kind === kind && Boolean(item.properties[property]));
		for (const { property: row, graph: names } of promisesOf(kind).filter(({ result, graph: about }) => result === 'never' && about.some(isUsed))) {
			const lost = measured.filter(({ property }) => names.includes(property)).reduce((sum, { text, not }) => sum + text + not, 0);
			expect(lost, `${row}: comes back although the README says that it does not`).toBeGreaterThan(0);
		}
	});

	it('measures what the README says was measured', () => {
		const measured = Object.fromEntries([
			['Mail', Object.fromEntries(compared.map((property) => [property, 'equal']))], // whatever differs fails the first test
			...(Object.entries(headingOf) as [SeenKind, string][]).map(([kind, heading]) => [
				heading,
				Object.fromEntries(comparisonTable(kind).map(({ property, text, not }) => [property, not > 0 ? 'not' : text > 0 ? 'text' : 'equal'])),
			]),
		]) as typeof measuredBefore;
		if (process.env['M365_MEASURE'] === '1') {
			writeFileSync(measuredFile, `${JSON.stringify(measured, null, '\t')}\n`);
		}
		expect(measured, 'M365_MEASURE=1 takes it over, then: npx tsx test/unit/shipped/update-readme.ts').toEqual(process.env['M365_MEASURE'] === '1' ? measured : measuredBefore);
	});

	it('loses nothing the second time: a further restore changes nothing', async () => {
		const again = await run({ ...(await stage.n8n.client.workflow('restoreWhole')), id: 'restoreWhole' });
		const outcomes = new Set(nodeRun(again, 'Restore').items.map(({ json }) => json['outcome']));
		expect(outcomes).toEqual(new Set(['skipped']));
		expect(await seenItems(graph, user.id)).toEqual(after);
	});

	/** How many items kept a property, have it as lines in their text, or lost it. */
	function comparisonTable(kind: SeenKind): { property: string; equal: number; text: number; not: number }[] {
		const items = before.filter((item) => item.kind === kind);
		const served = new Set(items.flatMap(({ properties }) => Object.keys(properties)));
		return [...served].sort().map((property) => {
			const lost = differences.filter(({ was, properties }) => was.kind === kind && properties.includes(property));
			const asText = lost.filter((difference) => isInText(difference, property));
			const total = items.filter(({ properties }) => property in properties).length;
			return { property, equal: total - lost.length, text: asText.length, not: lost.length - asText.length };
		});
	}
});
