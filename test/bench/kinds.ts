import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fillContacts } from '../simulator/contact-generate';
import { fillCalendars } from '../simulator/event-generate';
import type { Mailbox } from '../simulator/mailbox';
import { startSimulator } from '../simulator/start';
import { fillTodo } from '../simulator/todo-generate';
import type { BackupReport } from '../support/backup-process';
import { startBackup } from '../support/run-backup';
import type { BenchRow } from './rows';

/** Items of each kind. */
const ITEMS = 1000;
/** Changes of the small run: half of them new content, a fifth removed. */
const CHANGES = 20;
const LATENCY_MS = 50;
/** What Graph puts into a page unless it is asked for fewer; each page is a request. */
const PAGE = 100;
const BATCH = 20;

type Kind = 'calendar' | 'contacts' | 'tasks';

interface Minimum {
	requests: number;
	calls: number;
	why: string;
}

interface KindBench {
	kind: Kind;
	title: string;
	fill(mailbox: Mailbox): void;
	/** What no client could do with less, by what the mailbox holds. */
	full(mailbox: Mailbox): Minimum;
	quiet(mailbox: Mailbox): Minimum;
	change(mailbox: Mailbox): void;
	/** Beyond a quiet run. */
	changed: Minimum;
}

const batches = (requests: number): number => Math.ceil(requests / BATCH);
const pagesOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + Math.max(1, Math.ceil(count / PAGE)), 0);
const removed = CHANGES / 5;
const fetched = CHANGES / 2;

const kinds: KindBench[] = [
	{
		kind: 'calendar',
		title: '1,000 events',
		fill: (mailbox) => fillCalendars(mailbox, { events: ITEMS, seed: 7 }),
		full: (mailbox) => {
			const { pages, files } = calendarCounts(mailbox);
			const requests = ITEMS + pages + 2 + 2 * files;
			return { requests, calls: batches(requests - files) + files, why: 'a GET an event, a page for 100, two requests a file, two lists' };
		},
		quiet: (mailbox) => {
			const { pages } = calendarCounts(mailbox);
			return { requests: pages + 2, calls: batches(pages + 2) + 1, why: 'a page for 100 events, two lists' };
		},
		change: ({ calendar }) => {
			const events = calendar.events();
			for (let index = 0; index < CHANGES; index++) {
				const event = events[index * 3]!;
				if (index < fetched) calendar.change(event, { subject: `Changed ${index}` });
				else if (index < fetched + removed) calendar.purgeEvent(event);
				else calendar.addEvent(calendar.default, eventJson(index));
			}
		},
		changed: { requests: fetched + (CHANGES - fetched - removed) + removed, calls: 3, why: 'a GET for each new content and each absence' },
	},
	{
		kind: 'contacts',
		title: '1,000 contacts',
		fill: (mailbox) => fillContacts(mailbox, { contacts: ITEMS, folders: 4, seed: 7 }),
		full: ({ contacts }) => {
			const folders = foldersOf(contacts.living().map(({ place }) => place));
			const requests = ITEMS + pagesOf(folders) + 1;
			return { requests, calls: batches(requests), why: 'the photo of each, a page for 100, one list' };
		},
		quiet: ({ contacts }) => {
			const folders = foldersOf(contacts.living().map(({ place }) => place)).length;
			return { requests: folders + 1, calls: 1 + batches(folders), why: 'one link a folder, one list' };
		},
		change: ({ contacts }) => {
			const living = contacts.living();
			for (let index = 0; index < CHANGES; index++) {
				const contact = living[index * 3]!;
				if (index < fetched) contacts.patch(contact, { jobTitle: `Job ${index}` });
				else if (index < fetched + removed) contacts.purge(contact);
				else contacts.add('default', { givenName: `New ${index}`, displayName: `New ${index}` });
			}
		},
		changed: { requests: CHANGES, calls: 3, why: 'a photo for each new content, a GET for each removal' },
	},
	{
		kind: 'tasks',
		title: '1,000 tasks',
		fill: (mailbox) => fillTodo(mailbox, { tasks: ITEMS, seed: 7 }),
		full: ({ todo }) => {
			const lists = foldersOf(todo.allTasks().map(({ list }) => list));
			const files = todo.allTasks().reduce((sum, { attachments }) => sum + attachments.length, 0);
			const holders = todo.allTasks().filter(({ attachments }) => attachments.length > 0).length;
			const requests = ITEMS + pagesOf(lists) + 1 + holders + files;
			return { requests, calls: batches(requests - files) + files, why: 'a GET a task (its steps), a page for 100, a list of files each, a request a file' };
		},
		quiet: ({ todo }) => {
			const lists = foldersOf(todo.allTasks().map(({ list }) => list)).length;
			return { requests: lists + 1, calls: 1 + batches(lists), why: 'one link a list, the lists' };
		},
		change: ({ todo }) => {
			const tasks = todo.allTasks();
			for (let index = 0; index < CHANGES; index++) {
				const task = tasks[index * 3]!;
				if (index < fetched) todo.patch(task, { title: `Changed ${index}` });
				else if (index < fetched + removed) todo.delete(task);
				else todo.add(todo.defaultList, { title: `New ${index}` });
			}
		},
		changed: { requests: CHANGES, calls: 3, why: 'a GET for each new content and each removal' },
	},
];

function eventJson(index: number): Record<string, unknown> {
	const time = (hour: number): object => ({ dateTime: `2026-12-01T${String(hour).padStart(2, '0')}:00:00`, timeZone: 'UTC' });
	return { subject: `New ${index}`, start: time(8), end: time(9) };
}

function calendarCounts({ calendar }: Mailbox): { pages: number; files: number } {
	const events = calendar.events();
	return { pages: pagesOf(foldersOf(events.map((event) => event.calendar))), files: events.filter(({ attachments }) => attachments.length > 0).length };
}

/** How many items each container has. */
function foldersOf(containers: readonly unknown[]): number[] {
	const counts = new Map<unknown, number>();
	for (const container of containers) counts.set(container, (counts.get(container) ?? 0) + 1);
	return [...counts.values()];
}

/** Requests and calls for each kind beside mail: full, quiet and after a few changes, next to the theoretical minimum. */
export async function kindRows(rows: BenchRow[], say: (text: string) => void): Promise<void> {
	for (const bench of kinds) {
		const sim = await startSimulator({ http: true, users: 0, latencyMs: LATENCY_MS, switches: { throttling: false } });
		const folder = await mkdtemp(path.join(tmpdir(), 'm365-bench-'));
		try {
			const user = sim.tenant.addUser({ displayName: 'Bench' });
			const mailbox = sim.tenant.mailbox(user.id);
			bench.fill(mailbox);
			const backUp = (): Promise<BackupReport> =>
				startBackup({ graphUrl: sim.graphUrl, token: sim.token, tenantId: sim.tenantId, mailboxId: user.id, folder, withoutQuota: true, content: [bench.kind] }).report;
			const measure = async (name: string, minimum: Minimum): Promise<void> => {
				say(`${bench.title}: ${name}`);
				const report = await backUp();
				const { status, graph, message } = report.summary;
				if (status !== 'complete' && status !== 'unchanged') throw new Error(`${bench.title}, ${name}, ended ${status}: ${message}`);
				addRows(rows, `${bench.title}: ${name}`, minimum, graph, report);
			};
			await measure('full', bench.full(mailbox));
			const quiet = bench.quiet(mailbox);
			await measure('quiet', quiet);
			bench.change(mailbox);
			const { changed } = bench;
			await measure(`${CHANGES} changes`, { requests: quiet.requests + changed.requests, calls: quiet.calls + changed.calls, why: `quiet, and ${changed.why}` });
		} finally {
			await sim.stop();
			await rm(folder, { recursive: true, force: true });
		}
	}
}

/** A tenth and a handful more than the minimum: containers are listed first, pages end in an empty one, live series are read again. */
function addRows(rows: BenchRow[], group: string, minimum: Minimum, graph: { requests: number; calls: number }, report: BackupReport): void {
	const rule = (least: number): string => `minimum ${least}: ${minimum.why}`;
	rows.push(
		{ group, name: 'Graph requests', value: graph.requests, unit: '', atMost: Math.floor(minimum.requests * 1.1 + 20), rule: rule(minimum.requests) },
		{ group, name: 'HTTP calls', value: graph.calls, unit: '', atMost: Math.floor(minimum.calls * 1.1 + 20), rule: rule(minimum.calls) },
		{ group, name: 'time', value: report.wallMs / 1000, unit: 's' },
		{ group, name: 'longest event-loop stall', value: report.longestStallMs, unit: 'ms', atMost: 200 },
	);
}
