import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { nodeRun, type Execution } from './harness/execution';
import { swapped } from './harness/our-node';
import { setFields, workflowForHere } from './harness/shipped-workflows';
import { Stage } from './harness/stage';

const file = 'whole-mailbox-backup.json';

describe('whole-mailbox-backup.json in a real n8n', () => {
	let stage: Stage;
	let user: Stage['simulator']['tenant']['users'][number];

	beforeAll(async () => {
		stage = await Stage.start({ simulator: { users: 1, messages: 10, events: 10, contacts: 10, tasks: 10 } });
		user = stage.simulator.tenant.users.find(({ mailbox }) => mailbox !== null)!;
	});
	afterAll(async () => stage?.stop());
	beforeEach(() => {
		stage.mailServer.mails.length = 0;
	});

	async function run(mailbox: string, { swap = false, tag = '' } = {}): Promise<Execution> {
		const here = await workflowForHere(file, stage.n8n.filesFolder);
		setFields(here, 'Which Mailbox', { mailbox, tag });
		const workflow = swap ? swapped(here) : here;
		await stage.put(workflow);
		return stage.n8n.client.run(workflow.id, 'Run by Hand');
	}

	it('backs up every kind, Recoverable Items included, and sends one mail', async () => {
		const mailbox = user.mailbox!;
		const deleted = mailbox.addMime('inbox', 'From: a@example.com\r\nSubject: Deleted twice\r\nMessage-ID: <d@example.com>\r\n\r\nText\r\n');
		mailbox.delete(deleted);
		const execution = await run(user.userPrincipalName, { tag: 'before leaving' });
		expect(execution.error).toBeUndefined();
		const [item] = nodeRun(execution, 'Back Up').items;
		expect(item!.json['status']).toBe('complete');
		const { items } = item!.json['totals'] as { items: number };
		expect(items).toBeGreaterThan(40);
		expect(stage.mailServer.mails).toHaveLength(1);
		expect(stage.mailServer.mails[0]!.subject).toBe(`Backed up: ${user.userPrincipalName}`);
		expect(stage.simulator.tenant.outbox).toEqual([]);
		expect(stage.simulator.misses).toEqual([]);
	});

	it('finds nothing to do the next time, although it compares everything', async () => {
		const execution = await run(user.userPrincipalName);
		expect(execution.error).toBeUndefined();
		expect(nodeRun(execution, 'Back Up').items[0]!.json['status']).toBe('unchanged');
	});

	it.each([
		['as shipped', false],
		['with branches swapped on the canvas', true],
	])('says what could not be read, and ends in an error: %s', async (_name, swap) => {
		const { mailbox } = user;
		mailbox!.calendar.forbid(mailbox!.calendar.default);
		const execution = await run(user.userPrincipalName, { swap });
		expect(execution.status).toBe('error');
		expect(execution.lastNode).toBe('Stop and Error');
		expect(nodeRun(execution, 'Back Up').items[0]!.json['status']).toBe('partial');
		expect(stage.mailServer.mails[0]!.subject).toBe(`Needs attention: backup of ${user.userPrincipalName}`);
		expect(stage.mailServer.mails[0]!.text).toMatch(/Calendars\.Read/);
	});

	it('sends the mail if there is no such mailbox', async () => {
		const execution = await run('nobody@contoso.example');
		expect(execution.status).toBe('error');
		expect(stage.mailServer.mails[0]!.text).toContain('nobody@contoso.example');
	});
});
