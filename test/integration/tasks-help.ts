import { createHash } from 'node:crypto';
import type { RestoreOptions, RestoreResult } from '../../nodes/M365Backup/engine/restore';
import { restore } from '../../nodes/M365Backup/engine/restore';
import { mailboxRestorer } from '../../nodes/M365Backup/workloads/mailbox/restore-mailbox';
import { expect } from 'vitest';
import type { TaskRecord } from '../simulator/todo-store';
import type { MailboxFixture } from '../support/mailbox-fixture';

/** What a user sees of a task. Ids and the times that Microsoft gives belong to no portrait. */
export interface TaskPortrait {
	list: string;
	title: string;
	body: string;
	importance: string;
	status: string;
	categories: string[];
	due: string | null;
	start: string | null;
	completed: string | null;
	reminder: string | null;
	recurrence: unknown;
	steps: [string, boolean][];
	links: unknown[];
	files: [string, string][];
	extensions: unknown[];
}

export function taskPortrait(task: TaskRecord): TaskPortrait {
	return {
		list: task.list.displayName,
		title: task.title,
		body: `${task.body.contentType}:${task.body.content}`,
		importance: task.importance,
		status: task.status,
		categories: task.categories,
		due: task.dueDateTime?.dateTime ?? null,
		start: task.startDateTime?.dateTime ?? null,
		completed: task.completedDateTime?.dateTime ?? null,
		reminder: task.isReminderOn ? (task.reminderDateTime?.dateTime ?? null) : null,
		recurrence: task.recurrence,
		steps: task.checklist.map(({ displayName, isChecked }) => [displayName, isChecked]),
		links: task.linkedResources.map(({ id: _id, ...link }) => link),
		files: task.attachments.map(({ name, content }): [string, string] => [name, createHash('sha256').update(content).digest('hex')]).sort(),
		extensions: [...task.extensions],
	};
}

/** All living tasks but the flagged emails, sorted. */
export function taskPortraits(mailbox: MailboxFixture['mailbox']): TaskPortrait[] {
	return mailbox.todo
		.allTasks()
		.filter((task) => task.list.wellknownListName !== 'flaggedEmails')
		.map(taskPortrait)
		.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

async function bytesOf(fixture: MailboxFixture, entry: Awaited<ReturnType<MailboxFixture['entries']>> extends Map<string, infer E> ? E : never, part: string): Promise<Buffer> {
	const ref = entry.content!.find((one) => one.part === part);
	const chunks: Uint8Array[] = [];
	for await (const chunk of fixture.repository.readContent(fixture.key, ref!)) chunks.push(chunk);
	return Buffer.concat(chunks);
}

/** The newest snapshot holds exactly the tasks of the owned lists, each as it is now. */
export async function expectTasksEqual(fixture: MailboxFixture): Promise<void> {
	const { todo } = fixture.mailbox;
	const held = await fixture.entries();
	const own = todo.allTasks().filter(({ list }) => list.isOwner && list.wellknownListName !== 'flaggedEmails');
	const ids = [...held.values()].filter(({ type }) => type === 'task').map(({ id }) => id);
	expect(ids.sort()).toEqual(own.map((task) => `tasks/${todo.taskId(task)}`).sort());
	for (const task of own) {
		const entry = held.get(`tasks/${todo.taskId(task)}`)!;
		expect(held.get(entry.parent!)).toMatchObject({ name: task.list.displayName, parent: 'tasks/root', meta: { kind: 'taskList' } });
		const document = JSON.parse((await fixture.content(entry)).toString('utf8')) as Record<string, unknown>;
		expect(document).toMatchObject({ title: task.title, status: task.status, body: task.body, importance: task.importance });
		expect(document['recurrence'] ?? null).toEqual(task.recurrence);
		expect(document['dueDateTime'] ?? null).toEqual(task.dueDateTime);
		expect(((document['checklistItems'] ?? []) as { displayName: string; isChecked: boolean }[]).map(({ displayName, isChecked }) => [displayName, isChecked])).toEqual(task.checklist.map(({ displayName, isChecked }) => [displayName, isChecked]));
		expect(((document['linkedResources'] ?? []) as { webUrl: string }[]).map(({ webUrl }) => webUrl)).toEqual(task.linkedResources.map(({ webUrl }) => webUrl));
		expect(entry.content!.map(({ part }) => part)).toEqual([undefined, ...task.attachments.map((_, index) => `attachment-${index + 1}`)]);
		for (const [index, { content }] of task.attachments.entries()) expect(await bytesOf(fixture, entry, `attachment-${index + 1}`)).toEqual(content);
	}
}

export interface TasksRestoreCall extends Partial<Omit<RestoreOptions, 'restorer'>> {
	mailboxId?: string;
}

/** Restores the tasks of the newest snapshot to where they were, unless told otherwise. */
export async function restoreTasks(fixture: MailboxFixture, options: TasksRestoreCall = {}): Promise<RestoreResult[]> {
	const { mailboxId = fixture.source.id, ...rest } = options;
	const results: RestoreResult[] = [];
	for await (const result of restore({
		repository: fixture.repository,
		source: fixture.source,
		snapshot: rest.snapshot ?? (await fixture.repository.snapshots(fixture.key)).at(-1)!,
		selection: { kind: 'everything' },
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

export function deleteAllTasks({ mailbox }: MailboxFixture): void {
	for (const task of mailbox.todo.allTasks()) mailbox.todo.delete(task);
	for (const list of [...mailbox.todo.lists.values()]) if (list.wellknownListName === 'none') mailbox.todo.deleteList(list);
}
