import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TenantUser } from '../simulator/tenant';
import { microsoftCredentialType, tenantCredential } from './harness/credentials';
import { nodeRun, type Execution } from './harness/execution';
import type { WorkflowJson } from './harness/n8n-client';
import { chain, items, node, ourNode, pick } from './harness/our-node';
import { Stage } from './harness/stage';

/** How Back Up behaves in n8n when something goes wrong: error workflow, Continue On Fail, Fail When Incomplete. */
describe('failures of Back Up in a real n8n', () => {
	let stage: Stage;
	let good: TenantUser;
	let bad: TenantUser;

	beforeAll(async () => {
		stage = await Stage.start();
		const users = stage.simulator.tenant.users.filter(({ mailbox }) => mailbox !== null);
		good = users[0]!;
		bad = users[1]!;
	});
	afterAll(async () => stage?.stop());
	afterEach(() => {
		bad.mailbox!.isForbidden = false;
		stage.simulator.tenant.faults.clear();
	});

	function backUpBoth(id: string, parameters: Record<string, unknown> = {}, more: Parameters<typeof ourNode>[3] = {}): WorkflowJson {
		return chain(id, [
			...items('Mailboxes', 'address', [bad.userPrincipalName, good.userPrincipalName]),
			ourNode(
				'Back Up',
				'mailbox/backUp',
				{ mailbox: pick("={{ $('Mailboxes').item.json.address }}"), repositoryFolder: `${stage.repositoryFolder}-${id}`, ...parameters },
				more,
			),
		]);
	}

	async function run(workflow: WorkflowJson): Promise<Execution> {
		await stage.put(workflow);
		return stage.n8n.client.run(workflow.id, 'Start');
	}

	it('without Continue On Fail: the good one commits, then one error names the bad one', async () => {
		bad.mailbox!.isForbidden = true;
		const failed = await run(backUpBoth('failAll'));
		expect(failed.status).toBe('error');
		expect(`${failed.error!.message} ${failed.error!.description ?? ''}`).toContain(bad.userPrincipalName);

		bad.mailbox!.isForbidden = false;
		const next = await run(backUpBoth('failAll'));
		const status = nodeRun(next, 'Back Up').items.map(({ json }) => json['status']);
		expect(status).toEqual(['complete', 'unchanged']);
	});

	it('with Continue (using error output): the bad one leaves by the second output, with its source', async () => {
		bad.mailbox!.isForbidden = true;
		const split = await run(backUpBoth('failSplit', {}, { onError: 'continueErrorOutput' }));
		expect(split.error).toBeUndefined();
		const [fine, failures] = nodeRun(split, 'Back Up').outputs;
		expect(fine!.map(({ json }) => json['status'])).toEqual(['complete']);
		expect(failures).toHaveLength(1);
		const { json } = failures![0]!;
		expect(json['message']).toContain(bad.userPrincipalName);
		expect(json['details']).toMatchObject({ source: { workload: 'mailbox' } });
	});

	it('with Continue: both come out in order, each paired with its input', async () => {
		bad.mailbox!.isForbidden = true;
		const together = await run(backUpBoth('failTogether', {}, { onError: 'continueRegularOutput' }));
		const [first, second] = nodeRun(together, 'Back Up').items;
		expect(first!.json['error']).toBeTypeOf('string');
		expect(first!.pairedItem).toEqual({ item: 0 });
		expect(second!.json['status']).toBe('complete');
		expect(second!.pairedItem).toEqual({ item: 1 });
	});

	it('Fail When Incomplete raises the error workflow of a scheduled run; switched off, it does not', async () => {
		// Messages of one mailbox that cannot be read, more than a complete snapshot allows.
		const unreadable = new RegExp(`^GET /users/(${bad.id}|${bad.userPrincipalName})/messages/[^/]+/\\$value`, 'i');
		stage.simulator.tenant.faults.script({ match: unreadable, times: Infinity, do: { status: 400 } });
		await stage.put({
			...chain('onError', []),
			nodes: [
				node('When It Fails', 'n8n-nodes-base.errorTrigger', 1, {}),
				node('Mail', 'n8n-nodes-base.emailSend', 2.1, {
					resource: 'email',
					operation: 'send',
					fromEmail: 'n8n@example.com',
					toEmail: 'oncall@example.com',
					subject: '={{ $json.workflow.name }}: {{ $json.execution.error.message }}',
					emailFormat: 'text',
					text: 'see n8n',
					options: {},
				}, { credentials: { smtp: { name: 'Mail server' } }, position: [240, 0] }),
			],
			connections: { 'When It Fails': { main: [[{ node: 'Mail', type: 'main', index: 0 }]] } },
		});
		await stage.n8n.client.activate('onError');

		const strict = scheduled(backUpBoth('strict'));
		strict.settings = { ...strict.settings, errorWorkflow: 'onError' };
		const lenient = scheduled(backUpBoth('lenient', { options: { failWhenIncomplete: false, useAnyway: true } }));
		lenient.settings = { ...lenient.settings, errorWorkflow: 'onError' };

		const failed = await oneScheduledRun(strict);
		expect(failed.status).toBe('error');
		const partial = await oneScheduledRun(lenient);
		expect(partial.error).toBeUndefined();
		expect(nodeRun(partial, 'Back Up').items.map(({ json }) => json['status'])).toEqual(['partial', 'complete']);

		// n8n starts the error workflow when it gets round to it.
		const deadline = Date.now() + 120_000;
		while (stage.mailServer.mails.length === 0 && Date.now() < deadline) {
			await sleep(200);
		}
		expect(stage.mailServer.mails.map(({ to, subject }) => `${to.join()} ${subject}`)).toEqual([expect.stringMatching(/^oncall@example\.com strict: /)]);
	});

	/** The same workflow, started by n8n's own schedule every two seconds instead of by hand. */
	function scheduled(workflow: WorkflowJson): WorkflowJson {
		const nodes = workflow.nodes.map((each) =>
			each.name === 'Start'
				? { ...each, type: 'n8n-nodes-base.scheduleTrigger', typeVersion: 1.2, parameters: { rule: { interval: [{ field: 'seconds', secondsInterval: 2 }] } } }
				: each,
		);
		return { ...workflow, nodes };
	}

	async function oneScheduledRun(workflow: WorkflowJson): Promise<Execution> {
		await stage.put(workflow);
		await stage.n8n.client.activate(workflow.id);
		const deadline = Date.now() + 60_000;
		let first: { id: string; mode: string } | undefined;
		while (first === undefined && Date.now() < deadline) {
			await sleep(200);
			first = (await stage.n8n.client.executions(workflow.id)).at(-1);
		}
		await stage.n8n.client.deactivate(workflow.id);
		if (first === undefined) {
			throw new Error(`The schedule of ${workflow.id} did not start it within a minute`);
		}
		expect(first.mode).toBe('trigger');
		return stage.n8n.client.finished(first.id);
	}

	it.each([
		['an unknown mailbox', { mailbox: pick('nobody@contoso.example') }, /nobody@contoso\.example/, /spelling/],
		['a mailbox without a licence', { mailbox: pick('no.licence@contoso.example') }, /no\.licence@contoso\.example has no Exchange Online mailbox/, /licen[cs]e|Exchange/i],
		['a folder that n8n forbids', { repositoryFolder: '/etc/m365-backup' }, /\/etc\/m365-backup/, /N8N_RESTRICT_FILE_ACCESS_TO/],
		['no mailbox at all', { mailbox: pick("={{ '' }}") }, /no mailbox/i, /choose/i],
	])('%s gives a clear message with the next step', async (_name, parameters, said, nextStep) => {
		if (stage.simulator.tenant.findUser('no.licence@contoso.example') === undefined) {
			stage.simulator.tenant.addUser({ displayName: 'No Licence', mailbox: false });
		}
		const execution = await run(backUpGood('badInput', parameters));
		expect(execution.status).toBe('error');
		expect(execution.error!.message).toMatch(said);
		expect(execution.error!.description ?? '').toMatch(nextStep);
	});

	it('a folder inside a container is refused unless Use Anyway is on', async (context) => {
		if (!existsSync('/.dockerenv') && !existsSync('/run/.containerenv')) {
			context.skip('this machine is no container');
			return;
		}
		const execution = await run(backUpGood('inContainer', { repositoryFolder: `${stage.repositoryFolder}-lost`, options: { useAnyway: false } }));
		expect(execution.status).toBe('error');
		expect(execution.error!.message).toMatch(/disappears when the container is updated/);
		expect(execution.error!.description).toMatch(/volume.*Use Anyway/);
		expect(existsSync(`${stage.repositoryFolder}-lost`)).toBe(false);
	});

	it("n8n's test of the credential names what is wrong", async () => {
		expect(stage.credentialTest.status).toBe('OK');
		const test = async (change: Record<string, unknown>): Promise<string> => {
			const data = { ...tenantCredential(stage.simulator), ...change };
			const id = await stage.n8n.client.createCredential('Tested', microsoftCredentialType, data);
			const { status, message } = await stage.n8n.client.testCredential(id, 'Tested', microsoftCredentialType, data);
			expect(status).toBe('Error');
			expect(message).not.toContain(stage.simulator.clientSecret);
			return message;
		};
		expect(await test({ clientSecret: 'wrong' })).toMatch(/secret/i);
		expect(await test({ tenantId: 'not a tenant' })).toMatch(/tenant/i);
		const { roles, tokens } = stage.simulator.tenant;
		const all = roles.list();
		roles.set('User.ReadBasic.All');
		tokens.expireAll();
		try {
			expect(await test({})).toContain('Mail.ReadWrite');
		} finally {
			roles.set(...all);
			tokens.expireAll();
		}
	});

	function backUpGood(id: string, parameters: Record<string, unknown>): WorkflowJson {
		return chain(id, [
			ourNode('Back Up', 'mailbox/backUp', { mailbox: pick(good.userPrincipalName), repositoryFolder: stage.repositoryFolder, ...parameters }),
		]);
	}
});
