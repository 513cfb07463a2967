import { afterEach, describe, expect, it } from 'vitest';
import { REBUILT_TASK } from '../../nodes/M365Backup/workloads/mailbox/tasks/fidelity';
import { fillTodo } from '../simulator/todo-generate';
import { randomBytesOf, SeededRandom } from '../simulator/seeded-random';
import type { MailboxFixture } from '../support/mailbox-fixture';
import { mailboxFixture } from '../support/mailbox-fixture';
import { deleteAllTasks, restoreTasks, taskPortrait, taskPortraits, type TaskPortrait } from './tasks-help';
import { failures, outcomes } from './restore-help';

let fixture: MailboxFixture;
afterEach(() => {
	expect(fixture.sim.tenant.outbox).toEqual([]);
	expect(fixture.sim.misses).toEqual([]);
	return fixture.stop();
});

const TASKS = { content: ['tasks' as const] };
const utc = (day: string, time = '00:00:00'): { dateTime: string; timeZone: string } => ({ dateTime: `${day}T${time}.0000000`, timeZone: 'UTC' });
const WEEKLY = {
	pattern: { type: 'weekly', interval: 1, month: 0, dayOfMonth: 0, daysOfWeek: ['monday'], firstDayOfWeek: 'sunday', index: 'first' },
	range: { type: 'noEnd', startDate: '2030-01-07', endDate: '0001-01-01', numberOfOccurrences: 0 },
};

async function filled(options: Parameters<typeof mailboxFixture>[0] = {}, tasks = 40): Promise<MailboxFixture> {
	fixture = await mailboxFixture(options);
	if (tasks > 0) fillTodo(fixture.mailbox, { tasks, seed: 5 });
	return fixture;
}

/** A task that has everything at once. */
function addRich(title = 'Rich'): void {
	const { todo } = fixture.mailbox;
	const task = todo.add('Aufgaben', {
		title,
		body: { content: '<html><body><p>Notes &amp; more</p></body></html>', contentType: 'html' },
		importance: 'high',
		status: 'inProgress',
		categories: ['Red category', 'Blue category'],
		dueDateTime: utc('2030-01-07'),
		startDateTime: utc('2030-01-02'),
		isReminderOn: true,
		reminderDateTime: utc('2030-01-06', '08:30:00'),
		recurrence: WEEKLY,
		checklist: ['One', { displayName: 'Two', isChecked: true }, 'One', 'Three'],
		linkedResources: [{ webUrl: 'https://tracker.example/1', applicationName: 'Tracker', displayName: 'Ticket 1', externalId: 'T-1' }],
		attachments: [
			{ name: 'a.txt', content: 'A', contentType: 'text/plain' },
			{ name: 'a.txt', content: 'A, too', contentType: 'text/plain' },
			{ name: 'empty', content: '' },
			{ name: 'large.bin', content: randomBytesOf(new SeededRandom(9), 9_000_000) },
		],
	});
	todo.setExtension(task, 'com.contoso.colour', { colour: 'red', depth: 3 });
}

describe('restoring tasks', () => {
	it.each([
		[{}],
		[{ todoExpand: 'refused' as const, todoListsShowRecurrence: true }],
	])('brings back lists and tasks property by property, and nothing twice (%j)', async (switches) => {
		await filled({ switches });
		addRich();
		fixture.mailbox.todo.add('Aufgaben', { title: 'Done long ago', status: 'completed', created: '2026-01-01T00:00:00Z' });
		const before = taskPortraits(fixture.mailbox);
		await fixture.backUp(TASKS);
		deleteAllTasks(fixture);
		const results = await restoreTasks(fixture);
		expect(failures(results)).toEqual([]);
		expect(outcomes(results)).toEqual({ created: 42, folderCreated: 5 });
		expect(taskPortraits(fixture.mailbox)).toEqual(before);
		const again = await restoreTasks(fixture);
		expect(outcomes(again)).toEqual({ skipped: 42 });
		expect(taskPortraits(fixture.mailbox)).toEqual(before);
	});

	it('says before what it would do, and does nothing', async () => {
		await filled();
		addRich();
		await fixture.backUp(TASKS);
		const { todo } = fixture.mailbox;
		todo.deleteList(todo.list('CON'));
		for (const task of todo.allTasks().slice(0, 5)) todo.delete(task);
		const before = taskPortraits(fixture.mailbox);
		fixture.sim.requestLog.reset();
		const preview = await restoreTasks(fixture, { mode: 'preview' });
		expect(fixture.sim.requestLog.count(/^(POST|PATCH|PUT|DELETE) \/users/)).toBe(0);
		expect(taskPortraits(fixture.mailbox)).toEqual(before);
		const real = await restoreTasks(fixture);
		expect(outcomes(real)).toEqual(outcomes(preview));
		expect(outcomes(await restoreTasks(fixture, { mode: 'preview' }))).toEqual({ skipped: 41 });
	});

	it('counts equal tasks: of three, the one that is gone comes back', async () => {
		await filled({}, 0);
		const { todo } = fixture.mailbox;
		const [, second] = [1, 2, 3].map(() => todo.add('Aufgaben', { title: 'Water the plants' }));
		await fixture.backUp(TASKS);
		todo.delete(second!);
		expect(outcomes(await restoreTasks(fixture))).toEqual({ skipped: 2, created: 1 });
		expect(todo.allTasks()).toHaveLength(3);
		expect(outcomes(await restoreTasks(fixture))).toEqual({ skipped: 3 });
		deleteAllTasks(fixture);
		expect(outcomes(await restoreTasks(fixture))).toEqual({ created: 3 });
		expect(outcomes(await restoreTasks(fixture))).toEqual({ skipped: 3 });
	});

	it('tells tasks apart that differ in their steps alone', async () => {
		await filled({}, 0);
		const { todo } = fixture.mailbox;
		for (const steps of [['Milk'], ['Eggs', 'Milk'], ['Bread'], []]) todo.add('Aufgaben', { title: 'Groceries', checklist: steps });
		const before = taskPortraits(fixture.mailbox);
		await fixture.backUp(TASKS);
		for (const gone of [0, 1, 2, 3]) {
			todo.delete(todo.allTasks()[gone]!);
			await restoreTasks(fixture);
			expect(taskPortraits(fixture.mailbox)).toEqual(before);
		}
		// A list of the user's own with the same title is no copy of ours.
		deleteAllTasks(fixture);
		todo.add('Aufgaben', { title: 'Groceries', checklist: ['Cheese'], created: '2026-01-01T00:00:00Z' });
		await restoreTasks(fixture);
		expect(taskPortraits(fixture.mailbox)).toEqual(expect.arrayContaining(before.filter(({ steps }) => steps.length > 0)));
		expect(outcomes(await restoreTasks(fixture))).toEqual({ skipped: 4 });
	});

	it('never makes a next task, and keeps the day of completion', async () => {
		await filled({}, 0);
		const { todo } = fixture.mailbox;
		const task = todo.add('Aufgaben', { title: 'Weekly', recurrence: WEEKLY, dueDateTime: utc('2030-01-07') });
		todo.complete(task);
		task.completedDateTime = utc('2026-10-01');
		// As some clients leave it.
		task.recurrence = WEEKLY;
		await fixture.backUp(TASKS);
		deleteAllTasks(fixture);
		const results = await restoreTasks(fixture);
		expect(outcomes(results)).toEqual({ created: 2 });
		expect(todo.allTasks().map(({ status, recurrence, completedDateTime }) => [status, recurrence !== null, completedDateTime]).sort()).toEqual([
			['completed', false, utc('2026-10-01')],
			['notStarted', true, null],
		]);
		expect(results.flatMap(({ fidelity }) => fidelity)).toEqual(['It was completed: it is back without its repetition, which would have made another task.']);
	});

	it('says so where To Do keeps its own day of completion', async () => {
		await filled({ switches: { todoCompletedDate: 'now' } }, 0);
		const { todo } = fixture.mailbox;
		const task = todo.add('Aufgaben', { title: 'Done', status: 'completed' });
		task.completedDateTime = utc('2026-10-01');
		await fixture.backUp(TASKS);
		deleteAllTasks(fixture);
		const [result] = await restoreTasks(fixture);
		expect(result!.fidelity).toEqual([expect.stringMatching(/^To Do kept its own day of completion, 20\d\d-/)]);
	});

	it('does without what Graph refuses of a task, and says so', async () => {
		await filled({ switches: { todoCompletedDate: 'refused', todoStepTimes: 'refused' } }, 0);
		const { todo } = fixture.mailbox;
		todo.add('Aufgaben', { title: 'Done', status: 'completed', checklist: [{ displayName: 'Step', isChecked: true }] });
		const odd = todo.add('Aufgaben', { title: 'Odd', dueDateTime: utc('2030-01-07') });
		odd.recurrence = { pattern: { type: 'weekly', interval: 0 }, range: { type: 'noEnd', startDate: '2030-01-07' } };
		await fixture.backUp(TASKS);
		deleteAllTasks(fixture);
		const results = await restoreTasks(fixture);
		expect(results.map(({ name, outcome, fidelity }) => [name, outcome, fidelity]).sort()).toEqual([
			['Done', 'created', ['Microsoft Graph did not take its day of completion: it counts as completed on the day of the restore.']],
			['Odd', 'created', ['Microsoft Graph did not take its repetition: it is back without.']],
		]);
		expect(todo.allTasks().map((task) => [task.title, task.status, taskPortrait(task).steps]).sort()).toEqual([['Done', 'completed', [['Step', true]]], ['Odd', 'notStarted', []]]);
		expect(outcomes(await restoreTasks(fixture))).toEqual({ skipped: 2 });
	});

	it('writes to no list that others see because of its name alone', async () => {
		await filled({}, 0);
		const { todo } = fixture.mailbox;
		todo.add(todo.addList('Plans'), { title: 'Mine' });
		await fixture.backUp(TASKS);
		deleteAllTasks(fixture);
		const shared = todo.addList('Plans', { isShared: true });
		await restoreTasks(fixture);
		expect(shared.tasks.size).toBe(0);
		expect(todo.allTasks().map(({ title }) => title)).toEqual(['Mine']);
	});

	it('leaves a past reminder out, so that nobody is rung up', async () => {
		await filled({}, 0);
		const { todo } = fixture.mailbox;
		const at = new Date(fixture.sim.tenant.clock.nowMs() + 5 * 3_600_000).toISOString();
		todo.add('Aufgaben', { title: 'Soon', isReminderOn: true, reminderDateTime: utc(at.slice(0, 10), at.slice(11, 19)) });
		await fixture.backUp(TASKS);
		deleteAllTasks(fixture);
		fixture.sim.tenant.clock.advance(10 * 3_600_000);
		const [result] = await restoreTasks(fixture);
		expect(result).toMatchObject({ outcome: 'created', fidelity: ['Its reminder was in the past and was left out, so that it does not ring now.'] });
		expect(todo.allTasks().map(({ isReminderOn }) => isReminderOn)).toEqual([false]);
	});

	it('sets living tasks back with Replace, and leaves them with Skip', async () => {
		await filled({}, 0);
		const { todo } = fixture.mailbox;
		addRich();
		todo.add('Aufgaben', { title: 'Untouched', checklist: ['x'] });
		const before = taskPortraits(fixture.mailbox);
		await fixture.backUp(TASKS);
		const rich = todo.allTasks()[0]!;
		const id = todo.taskId(rich);
		todo.patch(rich, { title: 'Changed', body: { content: '', contentType: 'text' }, status: 'deferred', categories: [], dueDateTime: utc('2031-01-01'), startDateTime: null, isReminderOn: false, importance: 'low' });
		todo.patchStep(rich, rich.checklist[0]!, { isChecked: true });
		todo.deleteStep(rich, rich.checklist[3]!);
		todo.addStep(rich, { displayName: 'New step' });
		todo.deleteLink(rich, rich.linkedResources[0]!);
		todo.addLink(rich, { webUrl: 'https://new.example' });
		todo.detach(rich, rich.attachments[0]!);
		const changed = taskPortraits(fixture.mailbox);
		expect(outcomes(await restoreTasks(fixture))).toEqual({ skipped: 2 });
		expect(taskPortraits(fixture.mailbox)).toEqual(changed);
		const preview = await restoreTasks(fixture, { conflictPolicy: 'replace', mode: 'preview' });
		expect(outcomes(preview)).toEqual({ replaced: 1, skipped: 1 });
		expect(taskPortraits(fixture.mailbox)).toEqual(changed);
		expect(outcomes(await restoreTasks(fixture, { conflictPolicy: 'replace' }))).toEqual({ replaced: 1, skipped: 1 });
		expect(taskPortraits(fixture.mailbox)).toEqual(before);
		expect(todo.taskId(todo.allTasks()[0]!)).toBe(id);
		expect(outcomes(await restoreTasks(fixture, { conflictPolicy: 'replace' }))).toEqual({ skipped: 2 });
	});

	it('completes a task again with Replace without making a next one', async () => {
		await filled({}, 0);
		const { todo } = fixture.mailbox;
		const task = todo.add('Aufgaben', { title: 'Done once', status: 'completed', dueDateTime: utc('2030-01-07') });
		await fixture.backUp(TASKS);
		todo.patch(task, { status: 'notStarted', recurrence: WEEKLY });
		await restoreTasks(fixture, { conflictPolicy: 'replace' });
		expect(todo.allTasks().map(({ title, status }) => [title, status])).toEqual([['Done once', 'completed']]);
	});

	it('makes a copy beside what is there with Keep Both, once', async () => {
		await filled();
		addRich();
		const before = taskPortraits(fixture.mailbox);
		await fixture.backUp(TASKS);
		expect(outcomes(await restoreTasks(fixture, { conflictPolicy: 'keepBoth' }))).toEqual({ created: 41 });
		const doubled = [...before, ...before].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
		expect(taskPortraits(fixture.mailbox)).toEqual(doubled);
		expect(outcomes(await restoreTasks(fixture, { conflictPolicy: 'keepBoth' }))).toEqual({ skipped: 41 });
		expect(taskPortraits(fixture.mailbox)).toEqual(doubled);
	});

	it('restores into another mailbox, the default list into the default list there', async () => {
		await filled();
		addRich();
		await fixture.backUp(TASKS);
		const other = fixture.sim.tenant.addUser({ displayName: 'Bruno Costa', locale: 'en' });
		const results = await restoreTasks(fixture, { mailboxId: other.id });
		expect(failures(results)).toEqual([]);
		const there = taskPortraits(other.mailbox!).map((one) => ({ ...one, list: one.list === 'Tasks' ? 'Aufgaben' : one.list }));
		expect(sorted(there)).toEqual(taskPortraits(fixture.mailbox));
		expect(outcomes(await restoreTasks(fixture, { mailboxId: other.id }))).toEqual({ skipped: 41 });
		expect([...other.mailbox!.todo.lists.values()].filter(({ wellknownListName }) => wellknownListName === 'defaultList')).toHaveLength(1);
	});

	it('restores below a path, into lists named after it', async () => {
		await filled();
		await fixture.backUp(TASKS);
		const results = await restoreTasks(fixture, { destination: { kind: 'folder', path: ['Restored', '2026'] } });
		expect(failures(results)).toEqual([]);
		expect(results.filter(({ outcome }) => outcome === 'folderCreated').map(({ targetPath }) => targetPath)).toContain('Tasks/Restored - 2026 - Aufgaben');
		expect(fixture.mailbox.todo.list('Restored - 2026 - Aufgaben').tasks.size).toBe(fixture.mailbox.todo.defaultList.tasks.size);
		expect(outcomes(await restoreTasks(fixture, { destination: { kind: 'folder', path: ['Restored', '2026'] } }))).toEqual({ skipped: 40 });
	});

	it('finds the list again after a rename, and keeps two of one name apart', async () => {
		await filled({}, 0);
		const { todo } = fixture.mailbox;
		const [first, second] = [todo.addList('Twin'), todo.addList('Twin')];
		todo.add(first, { title: 'In the first' });
		todo.add(second, { title: 'In the second' });
		await fixture.backUp(TASKS);
		todo.renameList(first, 'Renamed');
		for (const task of todo.allTasks()) todo.delete(task);
		await restoreTasks(fixture);
		expect([...first.tasks.values()].map(({ title }) => title)).toEqual(['In the first']);
		expect([...second.tasks.values()].map(({ title }) => title)).toEqual(['In the second']);
		deleteAllTasks(fixture);
		await restoreTasks(fixture);
		await restoreTasks(fixture);
		expect(todo.allTasks().map(({ title, list }) => [title, list.displayName]).sort()).toEqual([['In the first', 'Twin'], ['In the second', 'Twin']]);
		expect(new Set(todo.allTasks().map(({ list }) => list)).size).toBe(2);
	});

	it('brings a task that was moved back into its list, once', async () => {
		await filled({}, 0);
		const { todo } = fixture.mailbox;
		const other = todo.addList('Other');
		const task = todo.add('Aufgaben', { title: 'Wanderer' });
		await fixture.backUp(TASKS);
		todo.move(task, other);
		await restoreTasks(fixture);
		await restoreTasks(fixture);
		expect(todo.allTasks().map(({ list }) => list.displayName).sort()).toEqual(['Aufgaben', 'Other']);
	});

	it('restores one task, and an empty list where it was chosen', async () => {
		await filled({}, 10);
		const { todo } = fixture.mailbox;
		const list = todo.addList('Empty');
		addRich();
		await fixture.backUp(TASKS);
		const entry = [...(await fixture.entries()).values()].find(({ name }) => name === 'Rich')!;
		const emptyId = `tasks/${todo.listId(list)}`;
		deleteAllTasks(fixture);
		expect(outcomes(await restoreTasks(fixture, { selection: { kind: 'ids', ids: [entry.id] } }))).toEqual({ created: 1 });
		expect(todo.allTasks().map(({ title }) => title)).toEqual(['Rich']);
		expect(outcomes(await restoreTasks(fixture, { selection: { kind: 'folder', folderId: emptyId, includeSubfolders: true } }))).toEqual({ folderCreated: 1 });
		expect(todo.list('Empty').tasks.size).toBe(0);
	});

	it.each([
		['before', { status: 503 }],
		['after', { reset: true }],
		['during', { reset: true }],
	] as const)('makes nothing twice when answers are lost (%s)', async (when, act) => {
		await filled({}, 12);
		addRich();
		const before = taskPortraits(fixture.mailbox);
		await fixture.backUp(TASKS);
		deleteAllTasks(fixture);
		const { faults } = fixture.sim.tenant;
		for (const match of [/^POST .*\/todo\/lists$/, /^POST .*\/tasks$/, /^POST .*\/checklistItems$/, /^POST .*\/extensions$/, /^POST .*\/attachments$/, /createUploadSession$/, /^PUT .*\/content$/]) {
			faults.script({ match: (method, path) => match.test(`${method} ${path}`), when, times: 2, skip: 1, do: act });
		}
		const results = await restoreTasks(fixture);
		expect(failures(results)).toEqual([]);
		expect(taskPortraits(fixture.mailbox)).toEqual(before);
	});

	it('completes in a second restore what the first could not finish', async () => {
		await filled({}, 0);
		addRich();
		const before = taskPortraits(fixture.mailbox);
		await fixture.backUp(TASKS);
		deleteAllTasks(fixture);
		const { faults } = fixture.sim.tenant;
		for (const stuck of ['checklistItems', 'attachments', 'content']) {
			faults.script({ match: new RegExp(`^(POST|PUT) .*/${stuck}$`), skip: 1, times: Infinity, do: { status: 500 } });
			const results = await restoreTasks(fixture);
			expect(outcomes(results)).toEqual({ failed: 1 });
			faults.clear();
		}
		const preview = await restoreTasks(fixture, { mode: 'preview' });
		expect(preview).toMatchObject([{ outcome: 'created', wouldBe: true }]);
		expect(outcomes(await restoreTasks(fixture))).toEqual({ created: 1 });
		expect(taskPortraits(fixture.mailbox)).toEqual(before);
		expect(outcomes(await restoreTasks(fixture))).toEqual({ skipped: 1 });
	});

	it('names the permission where creation is refused, asks once, and leaves the rest alone', async () => {
		await filled({ switches: { todoAppOnlyCreation: 'refused' } }, 90);
		await fixture.backUp(TASKS);
		for (const task of fixture.mailbox.todo.defaultList.tasks.values()) fixture.mailbox.todo.delete(task);
		fixture.sim.requestLog.reset();
		const results = await restoreTasks(fixture);
		const refused = failures(results);
		expect(refused.length).toBeGreaterThan(4);
		for (const { reason, nextStep } of refused) {
			expect(reason).toBe('Microsoft 365 refuses access');
			expect(nextStep).toMatch(/Tasks\.ReadWrite\.All.*export them instead/s);
		}
		expect(outcomes(results)['skipped']).toBe(90 - refused.length);
		expect(fixture.sim.requestLog.count('POST /users/{id}/todo/lists/{id}/tasks')).toBeLessThanOrEqual(4);
	});

	it('brings the task back without a large file where applications may not upload, and says which', async () => {
		await filled({ switches: { todoUploadSession: 'refused' } }, 0);
		addRich();
		await fixture.backUp(TASKS);
		deleteAllTasks(fixture);
		const [result] = await restoreTasks(fixture);
		expect(result).toMatchObject({ outcome: 'created', fidelity: [expect.stringMatching(/^The attached file large\.bin could not be added .*Export gives the file/)] });
		expect(fixture.mailbox.todo.allTasks()[0]!.attachments.map(({ name }) => name)).toEqual(['a.txt', 'a.txt', 'empty']);
		expect(await restoreTasks(fixture)).toMatchObject([{ outcome: 'skipped', fidelity: [expect.stringContaining('large.bin')] }]);
	});

	it('restores mail where tasks alone are refused, and says what is missing for them', async () => {
		await filled({}, 8);
		fixture.mailbox.addMime('inbox', 'From: a@x.example\r\nSubject: Hi\r\n\r\nHi\r\n');
		await fixture.backUp({ content: ['mail', 'tasks'] });
		for (const message of [...fixture.mailbox.allMessages()]) fixture.mailbox.purge(message);
		deleteAllTasks(fixture);
		fixture.sim.tenant.roles.revoke(['Tasks.Read.All', 'Tasks.ReadWrite.All']);
		const results = await restoreTasks(fixture);
		expect(outcomes(results)).toEqual({ created: 1, failed: 8 });
		expect(new Set(failures(results).map(({ nextStep }) => nextStep))).toEqual(new Set([expect.stringContaining('Tasks.Read')]));
		expect([...fixture.mailbox.allMessages()]).toHaveLength(1);
	});

	it('restores the whole kind where its folder is chosen', async () => {
		await filled({}, 20);
		const before = taskPortraits(fixture.mailbox);
		await fixture.backUp(TASKS);
		deleteAllTasks(fixture);
		const results = await restoreTasks(fixture, { selection: { kind: 'folder', folderId: 'tasks/root', includeSubfolders: true } });
		expect(failures(results)).toEqual([]);
		expect(taskPortraits(fixture.mailbox)).toEqual(before);
	});

	it('makes nothing twice when two restores run at once', async () => {
		await filled({}, 20);
		const before = taskPortraits(fixture.mailbox);
		await fixture.backUp(TASKS);
		deleteAllTasks(fixture);
		await Promise.all([restoreTasks(fixture), restoreTasks(fixture)]);
		expect(taskPortraits(fixture.mailbox)).toEqual(before);
	});

	it('keeps what its fidelity table promises', async () => {
		await filled();
		addRich();
		const before = taskPortraits(fixture.mailbox);
		await fixture.backUp(TASKS);
		deleteAllTasks(fixture);
		await restoreTasks(fixture);
		const after = taskPortraits(fixture.mailbox);
		const promised: Record<string, keyof TaskPortrait> = { title: 'title', body: 'body', status: 'status', importance: 'importance', dueDateTime: 'due', startDateTime: 'start', categories: 'categories', checklistItems: 'steps', linkedResources: 'links', attachments: 'files', extensions: 'extensions' };
		const equal = REBUILT_TASK.filter(({ result }) => result === 'equal').flatMap(({ graph }) => graph).filter((name) => name !== 'hasAttachments');
		expect(Object.keys(promised).sort()).toEqual([...equal].sort());
		for (const name of equal) expect(after.map((one) => one[promised[name]!])).toEqual(before.map((one) => one[promised[name]!]));
		expect(taskPortrait(fixture.mailbox.todo.allTasks()[0]!).list).not.toBe('');
	});
});

function sorted(portraits: TaskPortrait[]): TaskPortrait[] {
	return [...portraits].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
