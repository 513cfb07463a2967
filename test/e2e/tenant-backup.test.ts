import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { nodeRun, type Execution } from './harness/execution';
import { swapped } from './harness/our-node';
import { setFields, workflowForHere } from './harness/shipped-workflows';
import { Stage } from './harness/stage';

const file = 'tenant-backup.json';

describe.each([
	['as shipped', false],
	['with branches swapped on the canvas', true],
])('tenant-backup.json in a real n8n, %s', (_name, swap) => {
	let stage: Stage;
	let workflowId: string;

	beforeAll(async () => {
		stage = await Stage.start({ simulator: { users: 2, messages: 10, sites: 1 } });
		const { tenant } = stage.simulator;
		tenant.addUser({ displayName: 'No Licence', mailbox: false });
		const here = await workflowForHere(file, stage.n8n.filesFolder);
		setFields(here, 'Settings', { exclude: 'intern-*@contoso.example, */sites/left-out' });
		tenant.addUser({ displayName: 'Intern One', userPrincipalName: 'intern-1@contoso.example' });
		const one = await workflowForHere('tenant-backup-one-source.json', stage.n8n.filesFolder);
		// The sub-workflow keeps its id: the other one calls it by that.
		await stage.put(swap ? { ...swapped(one), id: one.id } : one);
		const workflow = swap ? swapped(here) : here;
		workflowId = workflow.id;
		await stage.put(workflow);
	});
	afterAll(async () => stage?.stop());
	beforeEach(() => {
		stage.mailServer.mails.length = 0;
	});

	const run = (): Promise<Execution> => stage.n8n.client.run(workflowId, 'Run by Hand');
	const outcomes = (execution: Execution): Record<string, unknown> =>
		Object.fromEntries(nodeRun(execution, 'Outcome').items.map(({ json }) => [`${String(json['workload'])} ${String(json['name'])}`, json['outcome']]));
	const protectedAtFirst = (): Record<string, string> => {
		const { users, sites } = stage.simulator.tenant;
		const people = users.filter(({ mailbox, displayName }) => mailbox && !displayName.startsWith('Intern'));
		return Object.fromEntries([
			...people.map(({ userPrincipalName }) => [`mailbox ${userPrincipalName}`, 'protected']),
			...people.map(({ userPrincipalName }) => [`drive ${userPrincipalName} – OneDrive`, 'protected']),
			...[...sites.each()].filter(({ isPersonal }) => !isPersonal).map(({ displayName }) => [`site ${displayName}`, 'protected']),
		]) as Record<string, string>;
	};

	it('protects everything that is not left out, skips who has no mailbox, and sends one mail', async () => {
		const execution = await run();
		expect(execution.error).toBeUndefined();
		expect(execution.status).toBe('success');
		const expected = protectedAtFirst();
		expect(outcomes(execution)).toEqual({ ...expected, 'mailbox no.licence@contoso.example': 'noMailbox' });
		expect(stage.mailServer.mails).toHaveLength(1);
		const total = Object.keys(expected).length;
		const [mail] = stage.mailServer.mails;
		expect(mail!.subject).toBe(`Tenant backup: all fine (${total})`);
		expect(mail!.text).toContain(`Protected: ${total} of ${total} (2 mailboxes, 2 OneDrives, ${total - 4} sites)`);
		expect(mail!.text).toContain(`Backed up for the first time: ${total}`);
		expect(mail!.text).toContain('Users without a mailbox, left out: 1');
		expect(mail!.text).toContain('Oldest backup: all are from this run');
		expect(mail!.text).not.toMatch(/Failed|Never|No longer|intern/i);
		expect(stage.simulator.misses).toEqual([]);
		expect(stage.simulator.tenant.outbox).toEqual([]);
	});

	it('includes a new user by itself, and reports one who is gone, whose backups stay', async () => {
		const { tenant } = stage.simulator;
		tenant.addUser({ displayName: 'Nora New' }).mailbox!.addMime('inbox', Buffer.from('From: a@b.example\r\nSubject: Welcome\r\n\r\nHello\r\n'));
		const [left] = tenant.users;
		const drive = left!.drive!;
		tenant.removeUser(left!);
		tenant.drives.delete(drive.id);
		const execution = await run();
		expect(execution.status).toBe('success');
		expect(outcomes(execution)).toMatchObject({ 'mailbox nora.new@contoso.example': 'protected', 'drive nora.new@contoso.example – OneDrive': 'protected' });
		expect(Object.keys(outcomes(execution))).not.toContain(`mailbox ${left!.userPrincipalName}`);
		const { subject, text } = stage.mailServer.mails[0]!;
		expect(subject).toContain('all fine');
		expect(text).toContain('Backed up for the first time: 2 (nora.new@contoso.example, nora.new@contoso.example – OneDrive)');
		expect(text).toContain('No longer in Microsoft 365; their backups are kept: 2');
		expect(text).toMatch(new RegExp(`- ${left!.userPrincipalName} \\(deleted 20\\d\\d-\\d\\d-\\d\\d\\), last backup: 20`));
		expect(text).toContain(`- ${left!.userPrincipalName} – OneDrive, last backup: 20`);
	});

	it('on a bad day protects the others, says what failed, why and how old its backup is, and ends in an error', async () => {
		const { tenant } = stage.simulator;
		const victim = tenant.findUser('nora.new@contoso.example')!;
		victim.mailbox!.isForbidden = true;
		const fresh = tenant.addUser({ displayName: 'Fred Fresh', drive: false });
		fresh.mailbox!.isForbidden = true;
		const execution = await run();
		expect(execution.status).toBe('error');
		expect(execution.lastNode).toBe('Stop and Error');
		const found = outcomes(execution);
		expect(Object.entries(found).filter(([, outcome]) => outcome === 'failed').map(([name]) => name).sort()).toEqual(['mailbox fred.fresh@contoso.example', 'mailbox nora.new@contoso.example']);
		expect(Object.values(found).filter((outcome) => outcome === 'protected')).toHaveLength(Object.keys(found).length - 3);
		expect(stage.mailServer.mails).toHaveLength(1);
		const { subject, text } = stage.mailServer.mails[0]!;
		expect(execution.error!.message).toBe(subject);
		expect(subject).toMatch(/^Tenant backup: 2 of \d+ need attention$/);
		expect(text).toContain('Failed: 2');
		expect(text).toMatch(/- nora\.new@contoso\.example: .*(denied|permission|access).*\(last backup: 20\d\d-\d\d-\d\d\)/i);
		expect(text).toMatch(/- fred\.fresh@contoso\.example: .*\(never backed up\)/);
		expect(text).toContain('Never backed up: 1 (fred.fresh@contoso.example)');
		expect(text).toContain('Oldest backup: nora.new@contoso.example, 0 days old');
		victim.mailbox!.isForbidden = false;
		tenant.removeUser(fresh);
	});

	it('raises the alarm for a mailbox that was backed up and is there no longer, though its user is', async () => {
		const { tenant } = stage.simulator;
		const user = tenant.findUser('nora.new@contoso.example')!;
		const { mailbox } = user;
		user.mailbox = null;
		const execution = await run();
		expect(outcomes(execution)).toMatchObject({ 'mailbox nora.new@contoso.example': 'failed' });
		expect(execution.status).toBe('error');
		user.mailbox = mailbox;
	});

	// What the schedule needs does not depend on the canvas.
	if (!swap) it('runs by its schedule, once both workflows are published', async () => {
		const { client } = stage.n8n;
		const scheduled = await client.workflow(workflowId);
		const trigger = scheduled.nodes.find(({ name }) => name === 'Every Night')!;
		trigger.parameters = { rule: { interval: [{ field: 'seconds', secondsInterval: 5 }] } };
		await client.updateWorkflow(workflowId, scheduled);
		await client.activate('m365TenantOne');
		await client.activate(workflowId);
		try {
			const deadline = Date.now() + 60_000;
			let begun: { id: string } | undefined;
			while (begun === undefined && Date.now() < deadline) {
				await sleep(500);
				begun = (await client.executions(workflowId)).find(({ mode }) => mode === 'trigger');
			}
			await client.deactivate(workflowId);
			const execution = await client.finished(begun!.id);
			expect(execution.status).toBe('success');
			expect(outcomes(execution)).toMatchObject({ 'mailbox nora.new@contoso.example': 'protected' });
		} finally {
			await client.deactivate(workflowId).catch(() => undefined);
			await client.deactivate('m365TenantOne');
		}
	});

	it('says what could not be listed, and backs up the rest', async () => {
		stage.simulator.tenant.faults.script({ match: 'GET /sites*', times: Infinity, do: { status: 403 } });
		try {
			const execution = await run();
			expect(execution.status).toBe('error');
			expect(Object.keys(outcomes(execution)).filter((name) => name.startsWith('site'))).toEqual([]);
			expect(Object.values(outcomes(execution))).toContain('protected');
			expect(stage.mailServer.mails[0]!.text).toMatch(/Not everything could be listed[^]*Sites\.Read\.All/);
		} finally {
			stage.simulator.tenant.faults.clear();
		}
	});
});
