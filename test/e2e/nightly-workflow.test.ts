import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { nodeRun } from './harness/execution';
import { swapped } from './harness/our-node';
import { shippedWorkflow, workflowForHere } from './harness/shipped-workflows';
import { Stage } from './harness/stage';

const file = 'nightly-mailbox-backup.json';

describe('nightly-mailbox-backup.json in a real n8n', () => {
	let stage: Stage;
	let users: { displayName: string; userPrincipalName: string }[];

	beforeAll(async () => {
		stage = await Stage.start();
		users = stage.simulator.tenant.users.filter(({ mailbox }) => mailbox !== null);
		await stage.put(await workflowForHere(file, stage.n8n.filesFolder));
	});
	afterAll(async () => stage?.stop());
	beforeEach(() => {
		stage.mailServer.mails.length = 0;
		for (const user of stage.simulator.tenant.users) {
			if (user.mailbox) {
				user.mailbox.isForbidden = false;
			}
		}
	});

	it('loads under its own name, and the credential test passes', () => {
		expect(stage.credentialTest).toMatchObject({ status: 'OK' });
	});

	it('backs up every mailbox and sends one short mail', async () => {
		const { id } = await shippedWorkflow(file);
		const run = await stage.n8n.client.run(id, 'Run by Hand');
		expect(run.error).toBeUndefined();
		expect(run.status).toBe('success');
		const summaries = nodeRun(run, 'Back Up').items.map(({ json }) => json);
		expect(summaries).toHaveLength(users.length);
		expect(summaries.map(({ status }) => status)).toEqual(users.map(() => 'complete'));
		expect(stage.mailServer.mails).toHaveLength(1);
		const [mail] = stage.mailServer.mails;
		expect(mail!.to).toEqual(['admin@example.com']);
		expect(mail!.subject).toBe(`Mailbox backup: all fine (${users.length})`);
		expect(mail!.text).toMatch(/^All mailboxes \(\d+\) are backed up: [1-9]\d* new, \d+ changed, \d+ deleted items\.\s*$/);
		expect(stage.simulator.tenant.outbox).toEqual([]);
		expect(stage.simulator.misses).toEqual([]);
	});

	it('finds nothing to do the next time', async () => {
		const { id } = await shippedWorkflow(file);
		const run = await stage.n8n.client.run(id, 'Run by Hand');
		expect(nodeRun(run, 'Back Up').items.map(({ json }) => json['status'])).toEqual(users.map(() => 'unchanged'));
		expect(stage.mailServer.mails[0]!.text).toContain('0 new, 0 changed, 0 deleted');
	});

	it.each([
		['as shipped', false],
		['with branches swapped on the canvas', true],
	])('on a bad day backs up the others, says which mailbox and why, and ends in an error: %s', async (_name, swap) => {
		const victim = stage.simulator.tenant.users.find(({ mailbox }) => mailbox !== null)!;
		victim.mailbox!.isForbidden = true;
		const here = await workflowForHere(file, stage.n8n.filesFolder);
		const workflow = swap ? swapped(here) : here;
		await stage.put(workflow);
		const run = await stage.n8n.client.run(workflow.id, 'Run by Hand');
		expect(run.status).toBe('error');
		expect(run.lastNode).toBe('Stop and Error');
		const back = nodeRun(run, 'Back Up');
		expect(back.outputs[0]).toHaveLength(users.length - 1);
		expect(back.outputs[1]).toHaveLength(1);
		expect(stage.mailServer.mails).toHaveLength(1);
		const [mail] = stage.mailServer.mails;
		expect(mail!.subject).toBe(`Mailbox backup: 1 of ${users.length} need attention`);
		expect(run.error!.message).toBe(mail!.subject);
		expect(mail!.text).toMatch(new RegExp(`${victim.displayName}|${victim.userPrincipalName}`));
		expect(mail!.text).toMatch(/denied|permission|access/i);
		expect(mail!.text).toContain(`The others (${users.length - 1}) are backed up.`);
	});

	it('sends the mail even if not a single mailbox could be listed', async () => {
		stage.simulator.tenant.faults.script({ match: 'GET /users', times: Infinity, do: { status: 403 } });
		try {
			const { id } = await shippedWorkflow(file);
			const run = await stage.n8n.client.run(id, 'Run by Hand');
			expect(run.status).toBe('error');
			expect(run.lastNode).toBe('Stop and Error');
			expect(stage.mailServer.mails).toHaveLength(1);
			expect(stage.mailServer.mails[0]!.text).toMatch(/User\.ReadBasic\.All|permission|denied/i);
		} finally {
			stage.simulator.tenant.faults.clear();
		}
	});
});
