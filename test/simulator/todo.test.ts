import { afterEach, describe, expect, it } from 'vitest';
import { GraphCaller } from './graph-caller';
import type { Mailbox } from './mailbox';
import { startSimulator, type RunningSimulator, type SimulatorOptions } from './start';

let simulator: RunningSimulator;
afterEach(() => simulator.stop());

async function start(switches: SimulatorOptions['switches'] = {}): Promise<{ graph: GraphCaller; mailbox: Mailbox; lists: string }> {
	simulator = await startSimulator({ http: true, users: 0, switches: { ...switches } });
	const user = simulator.tenant.addUser({ displayName: 'Anna Berg' });
	return { graph: new GraphCaller(simulator), mailbox: user.mailbox!, lists: `/users/${user.id}/todo/lists` };
}

const utc = (day: string): { dateTime: string; timeZone: string } => ({ dateTime: `${day}T00:00:00.0000000`, timeZone: 'UTC' });
const WEEKLY = { pattern: { type: 'weekly', interval: 1, daysOfWeek: ['monday'] }, range: { type: 'noEnd', startDate: '2026-11-23' } };

describe('the simulated To Do', () => {
	it('has a default list and one of flagged emails, which is read-only', async () => {
		const { graph, lists } = await start();
		const { value } = (await graph.get(lists)).json;
		expect(value.map(({ displayName, wellknownListName, isOwner }) => [displayName, wellknownListName, isOwner])).toEqual([
			['Tasks', 'defaultList', true],
			['Flagged Emails', 'flaggedEmails', true],
		]);
		expect((await graph.post(`${lists}/${value[1]!.id}/tasks`, { title: 'x' })).status).toBe(403);
		expect((await graph.call('DELETE', `${lists}/${value[0]!.id}`)).status).toBe(400);
	});

	it('creates tasks with what hangs on them and shows it where it is asked for', async () => {
		const { graph, mailbox, lists } = await start();
		const list = `${lists}/${mailbox.todo.listId(mailbox.todo.defaultList)}`;
		const made = await graph.post(`${list}/tasks`, { title: 'Report', dueDateTime: { dateTime: '2026-11-24T15:30:00', timeZone: 'UTC' }, createdDateTime: '2020-01-01T00:00:00Z', linkedResources: [{ webUrl: 'https://x' }] });
		expect(made.status).toBe(201);
		expect(made.json).toMatchObject({ title: 'Report', status: 'notStarted', importance: 'normal', dueDateTime: utc('2026-11-24'), hasAttachments: false });
		expect(made.json['createdDateTime']).not.toMatch(/^2020/);
		const task = `${list}/tasks/${made.entity.id}`;
		await graph.post(`${task}/checklistItems`, { displayName: 'Step', isChecked: true });
		await graph.post(`${task}/attachments`, { '@odata.type': '#microsoft.graph.taskFileAttachment', name: 'a.txt', contentBytes: 'QUJD', contentType: 'text/plain' });
		const plain = await graph.get(task);
		expect(plain.json).not.toHaveProperty('checklistItems');
		expect(plain.json['hasAttachments']).toBe(true);
		const whole = await graph.get(`${task}?$expand=checklistItems,linkedResources`);
		expect(whole.json).toMatchObject({ checklistItems: [{ displayName: 'Step', isChecked: true }], linkedResources: [{ webUrl: 'https://x' }] });
		const [attachment] = (await graph.get(`${task}/attachments`)).json.value;
		expect(attachment).toMatchObject({ '@odata.type': '#microsoft.graph.taskFileAttachment', name: 'a.txt', size: 3 });
		expect(attachment).not.toHaveProperty('contentBytes');
		expect((await graph.get(`${task}/attachments/${attachment!.id}/$value`)).text).toBe('ABC');
	});

	it('takes large files in a session on its own host, with the token', async () => {
		const { graph, mailbox, lists } = await start();
		const task = mailbox.todo.add(mailbox.todo.defaultList, { title: 'Big' });
		const path = `${lists}/${mailbox.todo.listId(task.list)}/tasks/${mailbox.todo.taskId(task)}/attachments`;
		const bytes = Buffer.alloc(5_000_000, 7);
		expect((await graph.post(path, { '@odata.type': '#microsoft.graph.taskFileAttachment', name: 'b', contentBytes: bytes.toString('base64') })).status).toBe(413);
		const session = await graph.post(`${path}/createUploadSession`, { attachmentInfo: { attachmentType: 'file', name: 'big.bin', size: bytes.length } });
		const put = async (from: number, to: number): Promise<Response> =>
			fetch(`${String(session.json['uploadUrl'])}/content`, { method: 'PUT', headers: { authorization: `Bearer ${simulator.token}`, 'content-range': `bytes ${from}-${to - 1}/${bytes.length}` }, body: bytes.subarray(from, to) });
		const first = await put(0, 3_000_000);
		expect([first.status, await first.json()]).toEqual([200, expect.objectContaining({ NextExpectedRanges: ['3000000'] })]);
		expect((await put(0, 3_000_000)).status).toBe(416);
		const last = await put(3_000_000, 5_000_000);
		expect(last.status).toBe(201);
		expect(last.headers.get('location')).toContain('/Attachments/');
		expect(task.attachments[0]!.content.equals(bytes)).toBe(true);
	});

	it('reports changes in delta; a move is a removal here and another task there; tokens expire', async () => {
		const { graph, mailbox, lists } = await start();
		const { todo } = mailbox;
		const other = todo.addList('Other');
		const tasks = Array.from({ length: 5 }, (_, index) => todo.add('Tasks', { title: `Task ${index}` }));
		const of = (list: typeof other): string => `${lists}/${todo.listId(list)}/tasks/delta`;
		const start1 = await graph.round(of(todo.defaultList), { maxPageSize: 2 });
		expect(start1.entries.map(({ title }) => title)).toEqual(['Task 0', 'Task 1', 'Task 2', 'Task 3', 'Task 4']);
		expect(start1.pages).toBe(3);
		const start2 = await graph.round(of(other));
		const goneId = todo.taskId(tasks[0]!);
		const movedId = todo.taskId(tasks[1]!);
		todo.delete(tasks[0]!);
		const moved = todo.move(tasks[1]!, other);
		todo.patch(tasks[2]!, { title: 'Renamed' });
		const next = await graph.round(start1.deltaLink);
		expect(next.entries.filter((one) => one['@removed']).map(({ id }) => id).sort()).toEqual([goneId, movedId].sort());
		expect(next.entries.filter((one) => !one['@removed']).map(({ title }) => title)).toEqual(['Renamed']);
		const there = await graph.round(start2.deltaLink);
		expect(there.entries.map(({ id, title }) => [id, title])).toEqual([[todo.taskId(moved), 'Task 1']]);
		expect(todo.taskId(moved)).not.toBe(movedId);
		expect((await graph.get(`${lists}/${todo.listId(other)}/tasks/${movedId}`)).status).toBe(404);
		todo.expireDelta(other);
		const expired = await graph.get(there.deltaLink);
		expect([expired.status, expired.json.error.code]).toEqual([410, 'SyncStateNotFound']);
		expect(expired.headers.get('location')).toContain('/tasks/delta');
		const listRound = await graph.round(`${lists}/delta`);
		todo.renameList(other, 'Another');
		expect((await graph.round(listRound.deltaLink)).entries.map(({ displayName }) => displayName)).toEqual(['Another']);
	});

	it.each([[true], [false]])('shows a new step in the delta of its task, or does not (%s)', async (todoStepsChangeTask) => {
		const { graph, mailbox, lists } = await start({ todoStepsChangeTask });
		const task = mailbox.todo.add('Tasks', { title: 'Steps' });
		const { deltaLink } = await graph.round(`${lists}/${mailbox.todo.listId(task.list)}/tasks/delta`);
		mailbox.todo.addStep(task, { displayName: 'One' });
		expect((await graph.round(deltaLink)).entries).toHaveLength(todoStepsChangeTask ? 1 : 0);
	});

	it('makes the next task when one that repeats is completed, even by the request that creates it', async () => {
		const { graph, mailbox, lists } = await start();
		const { todo } = mailbox;
		const list = `${lists}/${todo.listId(todo.defaultList)}`;
		const task = todo.add('Tasks', { title: 'Weekly', recurrence: WEEKLY, dueDateTime: utc('2026-11-23') });
		await graph.call('PATCH', `${list}/tasks/${todo.taskId(task)}`, { body: { status: 'completed' } });
		expect(todo.allTasks().map(({ title, status, dueDateTime, recurrence }) => [title, status, dueDateTime?.dateTime.slice(0, 10), recurrence !== null])).toEqual([
			['Weekly', 'completed', '2026-11-23', false],
			['Weekly', 'notStarted', '2026-11-30', true],
		]);
		await graph.post(`${list}/tasks`, { title: 'Done', status: 'completed', recurrence: WEEKLY, dueDateTime: utc('2026-11-23') });
		expect(todo.allTasks().filter(({ title }) => title === 'Done').map(({ status }) => status)).toEqual(['completed', 'notStarted']);
		const listed = (await graph.get(`${list}/tasks?$filter=status eq 'notStarted'`)).json.value;
		expect(listed.map((one) => 'recurrence' in one)).toEqual([false, false]);
		expect((await graph.get(`${list}/tasks/${listed[0]!.id}`)).json).toHaveProperty('recurrence');
	});

	it('tells everybody at once of a reminder whose time is over', async () => {
		const { graph, mailbox, lists } = await start();
		await graph.post(`${lists}/${mailbox.todo.listId(mailbox.todo.defaultList)}/tasks`, { title: 'Late', isReminderOn: true, reminderDateTime: { dateTime: '2020-01-01T08:00:00', timeZone: 'UTC' } });
		expect(simulator.tenant.outbox.map(({ kind, subject }) => [kind, subject])).toEqual([['reminder', 'Late']]);
	});

	it('needs Tasks.Read.All to read and Tasks.ReadWrite.All to write; applications may be kept from creating', async () => {
		const { graph, mailbox, lists } = await start();
		const tasks = `${lists}/${mailbox.todo.listId(mailbox.todo.defaultList)}/tasks`;
		simulator.tenant.roles.revoke('Tasks.ReadWrite.All');
		expect((await graph.get(tasks)).status).toBe(200);
		expect((await graph.post(tasks, { title: 'x' })).status).toBe(403);
		simulator.tenant.roles.revoke('Tasks.Read.All');
		expect((await graph.get(tasks)).status).toBe(403);
		simulator.tenant.roles.grant('Tasks.ReadWrite.All');
		simulator.tenant.switches.todoAppOnlyCreation = 'refused';
		expect((await graph.post(tasks, { title: 'x' })).status).toBe(403);
		expect((await graph.get(`${tasks}/none`)).status).toBe(400);
		expect(simulator.misses).toEqual([]);
	});
});
