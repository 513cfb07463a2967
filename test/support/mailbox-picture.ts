import type { ContactRecord } from '../simulator/contact';
import type { EventRecord, EventState } from '../simulator/event-record';
import type { Mailbox } from '../simulator/mailbox';
import type { TaskRecord } from '../simulator/todo-store';

/**
 * What a user sees of everything in a mailbox, a line an item, sorted: the same before a loss and after a restore. Only
 * what a restore promises to give back, as the tenant's own state says it; ids and times of change are none of it.
 */
export async function pictureOf(mailbox: Mailbox): Promise<string[]> {
	return [...(await mailLines(mailbox)), ...eventLines(mailbox), ...contactLines(mailbox), ...taskLines(mailbox), ...settingLines(mailbox)].sort();
}

function line(kind: string, place: string, what: unknown): string {
	return `${kind} ${place}: ${JSON.stringify(what)}`;
}

async function mailLines(mailbox: Mailbox): Promise<string[]> {
	const lines: string[] = [];
	for (const message of mailbox.allMessages()) {
		const { folder, isRead, categories, importance } = message;
		if (!folder.isBelow(mailbox.root) || folder.role === 'deleteditems') continue;
		const { subject } = await message.content.summary();
		lines.push(line('message', folder.path.join('/'), { subject, isRead, categories, importance: importance ?? 'normal' }));
	}
	return lines;
}

function eventLines(mailbox: Mailbox): string[] {
	return mailbox.calendar.events().map((event) => line('event', event.calendar?.name ?? '', eventPicture(event)));
}

function eventPicture({ state, exceptions, cancelledDates, attachments }: EventRecord): unknown {
	return {
		...shown(state),
		recurrence: state.recurrence,
		cancelled: [...cancelledDates].sort(),
		exceptions: [...exceptions].map(([date, { overrides }]) => [date, shown({ ...state, ...overrides })]).sort(),
		attachments: attachments.map(({ name }) => name).sort(),
	};
}

function shown(state: EventState): object {
	const { subject, startMs, endMs, isAllDay, categories, importance, sensitivity, showAs } = state;
	return { subject, startMs, endMs, isAllDay, categories, importance, sensitivity, showAs };
}

function contactLines(mailbox: Mailbox): string[] {
	return mailbox.contacts.living().map((contact) => line('contact', placeOf(contact), { ...contact.properties, photo: contact.photo?.bytes.toString('hex') ?? null }));
}

function placeOf({ place }: ContactRecord): string {
	return place.displayName;
}

function taskLines(mailbox: Mailbox): string[] {
	return mailbox.todo.allTasks().map((task) => line('task', task.list.displayName, taskPicture(task)));
}

function taskPicture(task: TaskRecord): unknown {
	const { title, body, importance, status, categories, dueDateTime, startDateTime, recurrence, checklist, linkedResources, attachments } = task;
	return {
		title, body, importance, status, categories, dueDateTime, startDateTime, recurrence,
		steps: checklist.map(({ displayName, isChecked }) => `${displayName} ${isChecked}`).sort(),
		links: linkedResources.map(({ webUrl, displayName }) => `${webUrl ?? ''} ${displayName ?? ''}`).sort(),
		files: attachments.map(({ name, content }) => `${name} ${content.toString('hex')}`).sort(),
	};
}

function settingLines(mailbox: Mailbox): string[] {
	const { settings } = mailbox;
	return [
		// Rules come back switched off: that they are there is what counts.
		...settings.sortedRules().map(({ displayName }) => line('rule', '', displayName)),
		...settings.categories.map(({ displayName, color }) => line('category', '', { displayName, color })),
	];
}
