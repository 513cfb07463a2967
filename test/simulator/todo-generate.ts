import type { Mailbox } from './mailbox';
import { SeededRandom } from './seeded-random';
import type { NewTask, TaskRecord } from './todo-store';

const LISTS = ['Groceries', 'Größe & Maß', 'a/b', 'CON', '日本', 'Travel'];
const VERBS = ['Call', 'Write to', 'Pay', 'Plan', 'Review', 'Send', 'Book'];
const OBJECTS = ['Anna Berg', 'the invoice 4711', 'the quarterly report', 'the trip to Oslo', 'Fabrikam', 'the keys'];
const STATUSES = ['notStarted', 'notStarted', 'notStarted', 'inProgress', 'completed', 'waitingOnOthers', 'deferred'] as const;
const DAY_MS = 86_400_000;

/** Lists and tasks of all sorts, the same for the same seed: some alike in every field, some that repeat, some with files. */
export function fillTodo(mailbox: Mailbox, options: { tasks: number; seed: number }): TaskRecord[] {
	const { todo } = mailbox;
	const random = new SeededRandom(options.seed, 77);
	const lists = [todo.defaultList, ...LISTS.slice(0, Math.min(LISTS.length, Math.ceil(options.tasks / 8))).map((name) => todo.addList(name))];
	return Array.from({ length: options.tasks }, (_, index) => todo.add(random.pick(lists), randomTask(random, index, todo.nowMs)));
}

function randomTask(random: SeededRandom, index: number, nowMs: number): NewTask {
	const day = (offset: number): { dateTime: string; timeZone: string } => ({ dateTime: `${new Date(nowMs + offset * DAY_MS).toISOString().slice(0, 10)}T00:00:00.0000000`, timeZone: 'UTC' });
	const task: NewTask = { title: `${random.pick(VERBS)} ${random.pick(OBJECTS)}`, created: nowMs - (index + 1) * 3_600_000 };
	if (random.chance(0.5)) task.title += ` ${index}`;
	if (random.chance(0.4)) task.body = random.chance(0.5) ? { content: `Notes on ${index}\nsecond line`, contentType: 'text' } : { content: `<html><body><b>Notes</b> on ${index}</body></html>`, contentType: 'html' };
	task.status = random.pick(STATUSES);
	if (random.chance(0.3)) task.importance = random.chance(0.7) ? 'high' : 'low';
	if (random.chance(0.2)) task.categories = ['Red category'];
	if (random.chance(0.4)) task.dueDateTime = day(random.below(60) - 10);
	if (random.chance(0.2)) task.startDateTime = day(-random.below(20));
	if (random.chance(0.2)) Object.assign(task, { isReminderOn: true, reminderDateTime: { dateTime: `${new Date(nowMs + (40 + random.below(30)) * DAY_MS).toISOString().slice(0, 19)}.0000000`, timeZone: 'UTC' } });
	if (random.chance(0.15) && task.status !== 'completed') {
		const start = day(3).dateTime.slice(0, 10);
		task.recurrence = { pattern: { type: 'weekly', interval: 1, month: 0, dayOfMonth: 0, daysOfWeek: ['monday'], firstDayOfWeek: 'sunday', index: 'first' }, range: { type: 'noEnd', startDate: start, endDate: '0001-01-01', recurrenceTimeZone: 'UTC', numberOfOccurrences: 0 } };
	}
	if (random.chance(0.3)) task.checklist = Array.from({ length: 1 + random.below(4) }, (_, step) => ({ displayName: `Step ${step + 1}`, isChecked: random.chance(0.4) }));
	if (random.chance(0.1)) task.linkedResources = [{ webUrl: `https://tracker.example/${index}`, applicationName: 'Tracker', displayName: `Ticket ${index}`, externalId: `T-${index}` }];
	if (random.chance(0.1)) task.attachments = [{ name: `file ${index}.txt`, content: `Content of ${index}`, contentType: 'text/plain' }];
	return task;
}
