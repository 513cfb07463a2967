import { afterEach, describe, expect, it } from 'vitest';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import { fillTodo } from '../simulator/todo-generate';
import type { MailboxFixture } from '../support/mailbox-fixture';
import { mailboxFixture } from '../support/mailbox-fixture';
import { expectTasksEqual } from './tasks-help';

let fixture: MailboxFixture;
afterEach(() => fixture.stop());

const TASKS = { content: ['tasks' as const] };

async function filled(options: Parameters<typeof mailboxFixture>[0] = {}, tasks = 60): Promise<MailboxFixture> {
	fixture = await mailboxFixture(options);
	fillTodo(fixture.mailbox, { tasks, seed: 3 });
	fixture.mailbox.todo.add('Aufgaben', {
		title: 'With all',
		checklist: ['One', { displayName: 'Two', isChecked: true }],
		linkedResources: [{ webUrl: 'https://tracker.example/1', applicationName: 'Tracker' }],
		attachments: [
			{ name: 'agenda.pdf', content: Buffer.from([1, 2, 3, 0, 255]) },
			{ name: 'notes', content: 'Second' },
		],
	});
	return fixture;
}

describe('backing up tasks', () => {
	it('stores every list and task with steps, links and files, and leaves flagged emails and foreign lists out', async () => {
		await filled();
		const { todo } = fixture.mailbox;
		const foreign = todo.addList('Of Bruno', { isOwner: false, isShared: true });
		todo.add(foreign, { title: 'Not mine' });
		todo.add(todo.flaggedEmails, { title: 'A flagged mail' });
		const summary = await fixture.backUp(TASKS);
		expect(summary).toMatchObject({ status: 'complete', changes: { added: 61, failed: 0 }, failures: [] });
		expect(summary.warnings).toEqual(['The task list "Of Bruno" belongs to somebody else and is left out: back up its owner\'s mailbox']);
		await expectTasksEqual(fixture);
		const entries = [...(await fixture.entries()).values()];
		const withAll = entries.find(({ name }) => name === 'With all')!;
		expect(withAll.meta).toMatchObject({ subject: 'With all', attachments: true, status: 'notStarted' });
		expect(withAll.content!.map(({ entry }) => entry)).toEqual([
			expect.stringMatching(/^Tasks\/Aufgaben\/\d{4}-\d\d-\d\d With all \[[0-9a-f]+\]\.json$/),
			expect.stringMatching(/^Tasks\/Aufgaben\/\d{4}-\d\d-\d\d With all, agenda \[[0-9a-f]+\]\.pdf$/),
			expect.stringMatching(/^Tasks\/Aufgaben\/\d{4}-\d\d-\d\d With all, notes \[[0-9a-f]+\]$/),
		]);
		expect(entries.find(({ id }) => id === 'tasks/root')).toMatchObject({ type: 'folder', name: 'Tasks', meta: { kind: 'root' } });
		const snapshot = (await fixture.repository.snapshots(fixture.key)).at(-1)!;
		expect(snapshot.scopes.map(({ name, state }) => [name, state])).toContainEqual(['Tasks/Aufgaben', 'complete']);
		expect(snapshot.scopes.filter(({ state, id }) => state === 'excluded' && id.startsWith('tasks/')).map(({ name }) => name).sort()).toEqual(['Tasks/Gekennzeichnete E-Mails', 'Tasks/Of Bruno']);
		expect(fixture.sim.misses).toEqual([]);
	});

	it('asks one request a list and one for the lists when nothing has changed', async () => {
		await filled();
		await fixture.backUp(TASKS);
		const summary = await fixture.backUp(TASKS);
		expect(summary.status).toBe('unchanged');
		const lists = fixture.mailbox.todo.lists.size - 1;
		expect(summary.graph.requests).toBe(lists + 1);
		expect(summary.graph.calls).toBe(2);
	});

	it.each([
		[{}],
		[{ deltaReplays: true, deltaEmptyPages: 'always' as const, todoListsShowRecurrence: true }],
		[{ todoExpand: 'refused' as const, todoAttachmentValue: 'refused' as const }],
	])('follows every change, and reads only what changed (%j)', async (switches) => {
		await filled({ switches });
		await fixture.backUp(TASKS);
		await expectTasksEqual(fixture);
		const { todo } = fixture.mailbox;
		const [renamed, done, deleted, moved, attached, ...others] = todo.allTasks().filter(({ recurrence, attachments }) => recurrence === null && attachments.length === 0);
		const repeats = todo.allTasks().find(({ recurrence }) => recurrence !== null)!;
		todo.patch(renamed!, { title: 'Renamed' });
		todo.complete(done!);
		todo.complete(repeats);
		todo.delete(deleted!);
		todo.move(moved!, todo.addList('Fresh'));
		todo.attach(attached!, 'new.txt', 'New');
		todo.renameList(todo.list('CON'), 'NUL');
		todo.deleteList(others.find(({ list }) => list.displayName === '日本')!.list);
		fixture.sim.requestLog.reset();
		const summary = await fixture.backUp(TASKS);
		expect(summary.status).toBe('complete');
		await expectTasksEqual(fixture);
		// The list of tasks that was deleted costs one question each; the rest of the mailbox costs nothing.
		if (!('todoExpand' in switches)) expect(fixture.sim.requestLog.count('GET /users/{id}/todo/lists/{id}/tasks/{id}')).toBeLessThan(30);
		expect((await verifyRepository(fixture.repository)).damage).toEqual([]);
		expect(fixture.sim.misses).toEqual([]);
	});

	it('never mistakes an expired link for deletions, and finds what went meanwhile', async () => {
		await filled();
		await fixture.backUp(TASKS);
		const { todo } = fixture.mailbox;
		todo.delete(todo.allTasks()[3]!);
		todo.add('Aufgaben', { title: 'Came meanwhile' });
		todo.expireDelta();
		fixture.sim.requestLog.reset();
		const summary = await fixture.backUp(TASKS);
		expect(summary).toMatchObject({ status: 'complete', changes: { added: 1, deleted: 1, updated: 0 } });
		await expectTasksEqual(fixture);
		// Only the new one is read, and the missing one is asked for.
		expect(fixture.sim.requestLog.count('GET /users/{id}/todo/lists/{id}/tasks/{id}')).toBe(2);
	});

	it.each([[true], [false]])('notices a ticked step within a day, whether delta reports it (%s) or not', async (todoStepsChangeTask) => {
		await filled({ switches: { todoStepsChangeTask } });
		await fixture.backUp(TASKS);
		const { todo } = fixture.mailbox;
		const task = todo.allTasks().find(({ title }) => title === 'With all')!;
		todo.patchStep(task, task.checklist[0]!, { isChecked: true });
		todo.addLink(task, { webUrl: 'https://tracker.example/2' });
		const bare = todo.allTasks().find(({ checklist, status }) => checklist.length === 0 && status === 'notStarted')!;
		todo.addStep(bare, { displayName: 'First step' });
		const soon = await fixture.backUp(TASKS);
		expect(soon.status).toBe(todoStepsChangeTask ? 'complete' : 'unchanged');
		const later = await fixture.backUp({ ...TASKS, hoursLater: 24 });
		expect(later.status).toBe(todoStepsChangeTask ? 'unchanged' : 'complete');
		await expectTasksEqual(fixture);
		expect((await fixture.backUp({ ...TASKS, hoursLater: 1 })).status).toBe('unchanged');
	});

	it('lists everything once a week and finds a task that delta lost', async () => {
		await filled();
		await fixture.backUp(TASKS);
		const { todo } = fixture.mailbox;
		const lost = todo.allTasks()[5]!;
		lost.list.tasks.delete(lost.sequence);
		expect((await fixture.backUp({ ...TASKS, hoursLater: 25 })).status).toBe('unchanged');
		expect(await fixture.backUp({ ...TASKS, hoursLater: 8 * 24 })).toMatchObject({ status: 'complete', changes: { deleted: 1 } });
		await expectTasksEqual(fixture);
	});

	it('keeps the tasks of a list that cannot be read, says so, and catches up', async () => {
		await filled();
		await fixture.backUp(TASKS);
		const { todo } = fixture.mailbox;
		const list = todo.list('a/b');
		const before = (await fixture.entries()).size;
		list.isForbidden = true;
		todo.add(list, { title: 'Unseen' });
		todo.add('Aufgaben', { title: 'Seen' });
		const summary = await fixture.backUp(TASKS);
		expect(summary.status).toBe('partial');
		expect(summary.warnings.join()).toMatch(/Tasks\/a\/b: .*Tasks\.Read\.All/);
		expect((await fixture.entries()).size).toBe(before + 1);
		list.isForbidden = false;
		expect(await fixture.backUp(TASKS)).toMatchObject({ status: 'complete', changes: { added: 1 } });
		await expectTasksEqual(fixture);
	});

	it('leaves the rest complete where tasks alone are refused, and names the permission', async () => {
		await filled();
		fixture.mailbox.addMime('inbox', 'From: a@x.example\r\nSubject: Hi\r\n\r\nHi\r\n');
		fixture.sim.tenant.roles.revoke(['Tasks.Read.All', 'Tasks.ReadWrite.All']);
		const summary = await fixture.backUp({ content: ['mail', 'tasks'] });
		expect(summary).toMatchObject({ status: 'complete', changes: { added: 1 } });
		expect(summary.warnings.join()).toContain('Tasks.Read.All');
		fixture.sim.tenant.roles.grant('Tasks.Read.All');
		expect(await fixture.backUp({ content: ['mail', 'tasks'] })).toMatchObject({ status: 'complete', changes: { added: 61 } });
		await expectTasksEqual(fixture);
		fixture.sim.tenant.roles.revoke('Tasks.Read.All');
		const refused = await fixture.backUp({ content: ['mail', 'tasks'] });
		expect(refused.status).toBe('partial');
		await expectTasksEqual(fixture);
	});

	it('leaves tasks out where there is no To Do, and the rest is complete', async () => {
		await filled();
		fixture.mailbox.addMime('inbox', 'From: a@x.example\r\nSubject: Hi\r\n\r\nHi\r\n');
		const { faults } = fixture.sim.tenant;
		faults.script({ match: /\/todo/, times: Infinity, do: { status: 400 } });
		for (let runs = 0; runs < 2; runs++) {
			const summary = await fixture.backUp({ content: ['mail', 'tasks'], alwaysRecord: true });
			expect(summary.status).toBe('complete');
			expect(summary.warnings.join()).toContain('no Microsoft To Do');
		}
		faults.clear();
		expect(await fixture.backUp({ content: ['mail', 'tasks'] })).toMatchObject({ status: 'complete', changes: { added: 61 } });
		await expectTasksEqual(fixture);
	});

	it('records a task that cannot be read, and tries again', async () => {
		await filled();
		const { faults } = fixture.sim.tenant;
		const task = fixture.mailbox.todo.allTasks().find(({ title }) => title === 'With all')!;
		const id = encodeURIComponent(fixture.mailbox.todo.taskId(task));
		faults.script({ match: (method, path) => method === 'GET' && path.includes(`/tasks/${id}/attachments/`), times: Infinity, do: { status: 500 } });
		const summary = await fixture.backUp(TASKS);
		expect(summary).toMatchObject({ changes: { added: 61, failed: 1 } });
		expect(summary.failures.map(({ name }) => name)).toEqual(['With all']);
		faults.clear();
		expect(await fixture.backUp(TASKS)).toMatchObject({ status: 'complete' });
		await expectTasksEqual(fixture);
	});

	it('goes through passing faults of every kind', async () => {
		await filled();
		const { faults } = fixture.sim.tenant;
		faults.script({ match: 'GET /users/*/todo/lists*', do: { status: 503 } });
		faults.script({ match: /tasks\/delta/, times: 3, do: { status: 504 } });
		faults.script({ match: /\$value/, do: { truncateAtByte: 2 } });
		faults.script({ match: /\$batch/, when: 'during', do: { reset: true } });
		expect(await fixture.backUp(TASKS)).toMatchObject({ status: 'complete', changes: { added: 61, failed: 0 } });
		await expectTasksEqual(fixture);
	});

	it('takes up after a stop in the middle', async () => {
		await filled({}, 300);
		const first = await fixture.backUp({ ...TASKS, stopAfter: { bytes: 20_000 } });
		expect(first.hasMore).toBe(true);
		for (let runs = 0; runs < 20; runs++) {
			const summary = await fixture.backUp({ ...TASKS, stopAfter: { bytes: 40_000 } });
			if (!summary.hasMore) break;
		}
		await expectTasksEqual(fixture);
	});
});
