import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { nodeRun, type Execution } from './harness/execution';
import { chain, ourNode, pick, swapped } from './harness/our-node';
import { setFields, workflowForHere } from './harness/shipped-workflows';
import { Stage } from './harness/stage';

const file = 'leaver.json';
const settings = { heldBy: 'hr@contoso.example', reason: 'Left the company', exclude: 'service-*' };

describe('leaver.json in a real n8n', () => {
	let stage: Stage;
	let workflowId: string;

	beforeAll(async () => {
		stage = await Stage.start({ simulator: { users: 2, messages: 10 } });
		const { tenant } = stage.simulator;
		tenant.addUser({ displayName: 'Shared Info', shared: true });
		tenant.addUser({ displayName: 'No Mailbox', mailbox: false, accountEnabled: false });
		tenant.addUser({ displayName: 'Service Account', userPrincipalName: 'service-1@contoso.example', accountEnabled: false });
		const here = await workflowForHere(file, stage.n8n.filesFolder);
		setFields(here, 'Settings', settings);
		workflowId = here.id;
		await stage.put(here);
	});
	afterAll(async () => stage?.stop());
	beforeEach(() => {
		stage.mailServer.mails.length = 0;
	});

	const run = (id = workflowId): Promise<Execution> => stage.n8n.client.run(id, 'Run by Hand');
	const names = (execution: Execution, node: string): unknown[] => (execution.runs.has(node) ? nodeRun(execution, node).items.map(({ json }) => json['name']) : []);

	it('does nothing and sends nothing while nobody has left', async () => {
		const execution = await run();
		expect(execution.status).toBe('success');
		expect(stage.mailServer.mails).toEqual([]);
		expect(execution.runs.has('Back Up Mailbox')).toBe(false);
	});

	it('backs up mailbox and OneDrive of who was disabled, and holds both, with who and why', async () => {
		const [anna] = stage.simulator.tenant.users;
		anna!.accountEnabled = false;
		const execution = await run();
		expect(execution.status).toBe('success');
		expect(nodeRun(execution, 'Hold Mailbox').items.map(({ json }) => json)).toMatchObject([{ name: anna!.userPrincipalName, held: true, wasHeldBefore: false, by: settings.heldBy, reason: settings.reason }]);
		expect(names(execution, 'Hold OneDrive')).toEqual([`${anna!.userPrincipalName} – OneDrive`]);
		expect(stage.mailServer.mails).toHaveLength(1);
		const { subject, text } = stage.mailServer.mails[0]!;
		expect(subject).toBe('Leavers: 2 backed up and held');
		expect(text).toContain('Backed up and held (Left the company, by hr@contoso.example):');
		expect(text).toMatch(new RegExp(`- ${anna!.userPrincipalName} \\(mailbox\\), snapshot \\d{8}T`));
		expect(stage.simulator.tenant.outbox).toEqual([]);
	});

	it('keeps both from a prune that would otherwise leave the newest alone', async () => {
		const [anna] = stage.simulator.tenant.users;
		anna!.mailbox!.addMime('inbox', Buffer.from('From: a@b.example\r\nSubject: Later\r\n\r\nHello\r\n'));
		const repositoryFolder = stage.repositoryFolder;
		const workflow = chain('pruneLeaver', [
			ourNode('Back Up Again', 'mailbox/backUp', { repositoryFolder, mailbox: pick(anna!.userPrincipalName, 'address') }),
			ourNode('Prune', 'snapshot/prune', { repositoryFolder, source: pick(anna!.userPrincipalName, 'address'), retention: 'tiered', tiers: { last: 1 }, mode: 'preview', output: 'snapshots' }),
		]);
		await stage.put(workflow);
		const execution = await stage.n8n.client.run(workflow.id, 'Start');
		expect(execution.error).toBeUndefined();
		const rows = nodeRun(execution, 'Prune').items.map(({ json }) => json);
		expect(rows).toHaveLength(2);
		expect(rows.map(({ decision }) => decision)).toEqual(['keep', 'keep']);
		expect(rows.map(({ reason }) => String(reason)).filter((reason) => reason.includes(settings.heldBy) && reason.includes(settings.reason))).toHaveLength(1);
	});

	it('does each leaver once', async () => {
		const execution = await run();
		expect(execution.status).toBe('success');
		expect(names(execution, 'Disabled Accounts')).toContain(stage.simulator.tenant.users[0]!.displayName);
		expect(execution.runs.has('Back Up Mailbox')).toBe(false);
		expect(execution.runs.has('Back Up OneDrive')).toBe(false);
		expect(stage.mailServer.mails).toEqual([]);
	});

	it('with branches swapped on the canvas: who cannot be backed up is named, ends in an error, and is tried again', async () => {
		const bruno = stage.simulator.tenant.users[1]!;
		bruno.accountEnabled = false;
		bruno.mailbox!.isForbidden = true;
		const here = await workflowForHere(file, stage.n8n.filesFolder);
		setFields(here, 'Settings', settings);
		const workflow = swapped(here);
		await stage.put(workflow);
		const bad = await run(workflow.id);
		expect(bad.status).toBe('error');
		expect(bad.lastNode).toBe('Stop and Error');
		const [mail] = stage.mailServer.mails;
		expect(mail!.subject).toBe('Leavers: 1 need attention');
		expect(mail!.text).toMatch(new RegExp(`not held yet[^]*- ${bruno.userPrincipalName}: `));
		expect(mail!.text).toContain(`- ${bruno.userPrincipalName} – OneDrive (files), snapshot`);

		bruno.mailbox!.isForbidden = false;
		stage.mailServer.mails.length = 0;
		const good = await run(workflow.id);
		expect(good.status).toBe('success');
		expect(names(good, 'Hold Mailbox')).toEqual([bruno.userPrincipalName]);
		expect(good.runs.has('Back Up OneDrive')).toBe(false);
		expect(stage.mailServer.mails[0]!.subject).toBe('Leavers: 1 backed up and held');
	});
});
