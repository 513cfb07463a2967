import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import { SeededRandom } from '../simulator/seeded-random';
import { fillTodo } from '../simulator/todo-generate';
import type { TaskRecord } from '../simulator/todo-store';
import type { MailboxFixture } from '../support/mailbox-fixture';
import { mailboxFixture } from '../support/mailbox-fixture';
import { deleteAllTasks, expectTasksEqual, restoreTasks, taskPortraits, type TaskPortrait } from './tasks-help';
import { failures } from './restore-help';
import { randomRuns } from '../support/random-runs';

let fixture: MailboxFixture;
afterEach(() => fixture.stop());

const TASKS = { content: ['tasks' as const] };

/** What a user may do between two backups. */
function edit(random: SeededRandom): void {
	const { todo } = fixture.mailbox;
	const own = (): TaskRecord[] => todo.allTasks().filter(({ list }) => list.wellknownListName !== 'flaggedEmails');
	const lists = [...todo.lists.values()].filter(({ wellknownListName }) => wellknownListName !== 'flaggedEmails');
	const task = own().length > 0 ? random.pick(own()) : todo.add(todo.defaultList, { title: 'First' });
	// Steps and links of completed tasks are compared once a week only, where delta says nothing of them.
	const isQuiet = task.status === 'completed' && !fixture.sim.tenant.switches.todoStepsChangeTask;
	switch (random.below(13)) {
		case 0:
			todo.add(random.pick(lists), { title: random.pick(['Twin', 'Twin', 'New']), checklist: random.chance(0.5) ? ['Step'] : [] });
			return;
		case 1:
			todo.delete(task);
			return;
		case 2:
			todo.move(task, random.pick(lists));
			return;
		case 3:
			todo.patch(task, { title: `Title ${random.below(5)}`, categories: ['Red category'] });
			return;
		case 4:
			todo.complete(task);
			return;
		case 5:
			if (!isQuiet) todo.addStep(task, { displayName: `Step ${random.below(3)}`, isChecked: random.chance(0.5) });
			return;
		case 6:
			if (task.checklist[0] && !isQuiet) todo.patchStep(task, task.checklist[0], { isChecked: !task.checklist[0].isChecked });
			return;
		case 7:
			todo.attach(task, `file ${random.below(3)}`, `Content ${random.below(100)}`);
			return;
		case 8:
			if (task.attachments[0]) todo.detach(task, task.attachments[0]);
			return;
		case 9:
			if (random.chance(0.3) && task.list.wellknownListName === 'none') todo.deleteList(task.list);
			return;
		case 10:
			todo.addList(`List ${random.below(3)}`);
			return;
		case 11:
			if (task.list.wellknownListName === 'none') todo.renameList(task.list, `List ${random.below(4)}`);
			return;
		default:
			if (!isQuiet) todo.addLink(task, { webUrl: `https://x.example/${random.below(9)}`, applicationName: 'X' });
	}
}

/** A picture of an empty list says nothing; restores make lists, too. */
function sorted(portraits: readonly TaskPortrait[]): TaskPortrait[] {
	return [...portraits].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

describe('tasks under random edits', () => {
	it('are always held as they are, and come back as they were, once', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.integer({ min: 1, max: 1_000_000 }),
				fc.record({ deltaReplays: fc.boolean(), todoStepsChangeTask: fc.boolean(), todoListsShowRecurrence: fc.boolean(), deltaEmptyPages: fc.constantFrom('never' as const, 'end' as const, 'always' as const) }),
				async (seed, switches) => {
					fixture = await mailboxFixture({ switches });
					const random = new SeededRandom(seed);
					fillTodo(fixture.mailbox, { tasks: 12, seed });
					for (let round = 0; round < 4; round++) {
						for (let edits = random.below(12); edits > 0; edits--) edit(random);
						if (random.chance(0.2)) fixture.mailbox.todo.expireDelta(random.chance(0.5) ? fixture.mailbox.todo.defaultList : undefined);
						if (random.chance(0.2)) fixture.sim.tenant.faults.script({ match: /todo/, times: 2, skip: random.below(6), do: { status: 503 } });
						const summary = await fixture.backUp({ ...TASKS, hoursLater: 25, fullResync: random.chance(0.2) });
						expect(['complete', 'unchanged']).toContain(summary.status);
						fixture.sim.tenant.faults.clear();
						await expectTasksEqual(fixture);
					}
					const before = taskPortraits(fixture.mailbox);
					const gone = fixture.mailbox.todo.allTasks().filter(() => random.chance(0.5));
					if (random.chance(0.3)) deleteAllTasks(fixture);
					else for (const task of gone) fixture.mailbox.todo.delete(task);
					for (let times = 0; times < 2; times++) {
						if (times === 0 && random.chance(0.5)) fixture.sim.tenant.faults.script({ match: /\/tasks$|checklistItems$|attachments$/, when: random.chance(0.5) ? 'after' : 'before', times: 2, skip: random.below(8), do: { reset: true } });
						expect(failures(await restoreTasks(fixture))).toEqual([]);
						fixture.sim.tenant.faults.clear();
						expect(taskPortraits(fixture.mailbox)).toEqual(sorted(before));
					}
					expect((await verifyRepository(fixture.repository)).damage).toEqual([]);
					expect([fixture.sim.tenant.outbox, fixture.sim.misses]).toEqual([[], []]);
					await fixture.stop();
				},
			),
			{ numRuns: randomRuns(25) },
		);
	}, 240_000);
});
