import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ChatRecorder } from './harness/chat-recorder';
import { credentialNames } from './harness/credentials';
import type { WorkflowJson } from './harness/n8n-client';
import { chain, node, ourNode } from './harness/our-node';
import { nodeNamed, shippedWorkflow, workflowForHere } from './harness/shipped-workflows';
import { Stage } from './harness/stage';

const hosts = ['slack.com', 'prod-00.westeurope.logic.azure.com'];
const secrets = { slackToken: 'xoxb-1234-very-secret', teamsSignature: 'Very-Secret_Signature' };
const teamsUrl = `https://${hosts[1]}:443/workflows/0123456789abcdef/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0`;

interface Alert {
	title: string;
	text: string;
	link: string;
	/** Everything that was sent. */
	all: string;
}

describe('the alert workflows in a real n8n', () => {
	let stage: Stage;
	let chat: ChatRecorder;

	beforeAll(async () => {
		chat = await ChatRecorder.start(hosts);
		stage = await Stage.start({ simulator: { users: 2, messages: 3, hostNames: hosts }, n8n: { env: chat.env }, requestLimits: 'none' });
		const { client } = stage.n8n;
		await client.createCredential('Slack', 'slackApi', { accessToken: secrets.slackToken });
		await client.createCredential('Teams webhook', 'httpQueryAuth', { name: 'sig', value: secrets.teamsSignature });
		for (const file of ['alert-by-slack.json', 'alert-by-teams.json', 'alert-by-mail.json']) {
			const workflow = await shippedWorkflow(file);
			for (const field of settings(workflow)) {
				if (field.name === 'teamsUrl') field.value = teamsUrl;
				if (field.name === 'mailTo') field.value = 'on-call@example.com';
			}
			await stage.put(workflow);
			await client.activate(workflow.id);
		}
	});
	afterAll(async () => {
		await stage?.stop();
		await chat?.stop();
	});
	beforeEach(() => {
		chat.requests.length = 0;
		chat.slackError = undefined;
		stage.mailServer.mails.length = 0;
	});
	afterEach(() => {
		for (const { mailbox } of stage.simulator.tenant.users) {
			if (mailbox) mailbox.isForbidden = false;
		}
	});

	/** Lets n8n start a workflow by its own schedule, since only then it calls error workflows, and waits for the first execution's end. */
	async function runBySchedule(workflow: WorkflowJson): Promise<{ id: string; status: string }> {
		const { client } = stage.n8n;
		const schedule = workflow.nodes.find(({ type }) => type === 'n8n-nodes-base.scheduleTrigger')!;
		schedule.parameters = { rule: { interval: [{ field: 'seconds', secondsInterval: 2 }] } };
		await stage.put(workflow);
		const before = new Set((await client.executions(workflow.id)).map(({ id }) => id));
		await client.activate(workflow.id);
		const first = await vi.waitFor(async () => {
			const [found] = (await client.executions(workflow.id)).filter(({ id }) => !before.has(id)).reverse();
			if (found === undefined) throw new Error('It did not start yet');
			return found;
		}, { timeout: 60_000, interval: 100 });
		await client.deactivate(workflow.id);
		return { id: first.id, status: (await client.finished(first.id)).status };
	}

	const channels: Record<string, { id: string; file: string; alerts: () => Alert[] }> = {
		Slack: { id: 'm365AlertSlack', file: 'alert-by-slack.json', alerts: () => chat.requests.filter(({ path }) => path === '/api/chat.postMessage').map(({ json, text }) => slackAlert(String(json['text']), text)) },
		Teams: { id: 'm365AlertTeams', file: 'alert-by-teams.json', alerts: () => chat.requests.filter(({ path }) => path.includes('/workflows/')).map(({ json, text }) => teamsAlert(json, text)) },
		mail: { id: 'm365AlertMail', file: 'alert-by-mail.json', alerts: () => stage.mailServer.mails.filter(({ to }) => to.includes('on-call@example.com')).map(mailAlert) },
	};

	describe.each(Object.keys(channels))('%s', (name) => {
		const channel = channels[name]!;
		const alertOf = async (executionId: string): Promise<Alert> =>
			vi.waitFor(() => {
				const alert = channel.alerts().find(({ link }) => link.endsWith(`/executions/${executionId}`));
				if (alert === undefined) throw new Error(`No alert of execution ${executionId} among ${JSON.stringify(channel.alerts())}`);
				return alert;
			}, { timeout: 60_000, interval: 100 });

		it('says that alerts arrive, when it is run by hand', async () => {
			const run = await stage.n8n.client.run(channel.id, 'Try It');
			expect(run.error).toBeUndefined();
			expect(channel.alerts()).toHaveLength(1);
			expect(channel.alerts()[0]).toMatchObject({ title: 'Test: this is how an alert looks', text: 'If you can read this, alerts arrive here.', link: '' });
		});

		it('tells of a bad night which source, why, what to do, and where to look', async () => {
			const victim = stage.simulator.tenant.users.find(({ mailbox }) => mailbox !== null)!;
			victim.mailbox!.isForbidden = true;
			const nightly = await workflowForHere('nightly-mailbox-backup.json', stage.n8n.filesFolder);
			nightly.settings = { ...nightly.settings, errorWorkflow: channel.id };
			for (const field of settings(nightly)) {
				if (field.name === 'customer') field.value = 'Contoso';
			}
			const { id, status } = await runBySchedule(nightly);
			expect(status).toBe('error');
			const alert = await alertOf(id);
			expect(alert.title).toBe('Contoso: Mailbox backup: 1 of 2 need attention');
			expect(alert.text).toContain(victim.userPrincipalName);
			expect(alert.text).toMatch(/denied|permission|access/i);
			expect(alert.text).toContain('The others (1) are backed up.');
			expect(alert.text).toContain('Workflow: M365 nightly mailbox backup');
			expect(alert.link).toBe(`${stage.n8n.url}/workflow/${nightly.id}/executions/${id}`);
			for (const secret of [...Object.values(secrets), stage.simulator.clientSecret, stage.simulator.token]) expect(alert.all).not.toContain(secret);
			// The mail of the workflow itself leads to the same place.
			expect(stage.mailServer.mails.find(({ text }) => text.includes(`The execution: ${alert.link}`))?.subject).toBe(alert.title);
		});

		it('tells of any other failure the node, the reason and the next step', async () => {
			const broken = chain('brokenWorkflow', [ourNode('Look Into It', 'repository/verify', { repositoryFolder: '/nowhere/at/all', source: { __rl: true, mode: 'list', value: '' }, thoroughness: 'quick' })]);
			broken.nodes[0]!.type = 'n8n-nodes-base.scheduleTrigger';
			broken.settings = { ...broken.settings, errorWorkflow: channel.id };
			const { id } = await runBySchedule(broken);
			const alert = await alertOf(id);
			expect(alert.title).toMatch(/^brokenWorkflow failed: .*\/nowhere\/at\/all/);
			expect(alert.text).toContain('N8N_RESTRICT_FILE_ACCESS_TO');
			expect(alert.text).toContain('It failed at the node “Look Into It”. Nothing behind it was done.');
		});

		it('repeats no token of an address or header, and shows what others wrote as it is', async () => {
			const message = `GET https://files.example/x?sig=abc%2Fdef&v=1 with Bearer eyJhbGciOi.JIUzI1NiJ9 said <!channel> <https://evil.example|click> [click](https://evil.example) & "so"`;
			const leaky = chain('leakyWorkflow', [node('Fail', 'n8n-nodes-base.stopAndError', 1, { errorType: 'errorMessage', errorMessage: message })]);
			leaky.nodes[0]!.type = 'n8n-nodes-base.scheduleTrigger';
			leaky.settings = { ...leaky.settings, errorWorkflow: channel.id };
			const alert = await alertOf((await runBySchedule(leaky)).id);
			expect(alert.title).toBe('leakyWorkflow failed: GET https://files.example/x?sig=…&v=1 with Bearer … said <!channel> <https://evil.example|click> [click](https://evil.example) & "so"');
			expect(alert.all).not.toMatch(/abc%2Fdef|eyJhbGciOi/);
		});

		it('says in one line that all is well, if the backup workflow asks for it', async () => {
			const nightly = await workflowForHere('nightly-mailbox-backup.json', stage.n8n.filesFolder);
			const send = nodeNamed(nightly, 'Send Mail');
			Object.assign(send, {
				type: 'n8n-nodes-base.executeWorkflow',
				typeVersion: 1.2,
				credentials: {},
				parameters: {
					workflowId: { __rl: true, mode: 'id', value: channel.id },
					workflowInputs: { mappingMode: 'defineBelow', value: Object.fromEntries(['subject', 'text', 'link'].map((field) => [field, `={{ $('Write Mail').first().json.${field} }}`])), matchingColumns: [], schema: ['subject', 'text', 'link'].map((field) => ({ id: field, displayName: field, type: 'string', required: false, display: true })) },
					options: {},
				},
			});
			await stage.put(nightly);
			const run = await stage.n8n.client.run(nightly.id, 'Run by Hand');
			expect(run.error).toBeUndefined();
			expect(channel.alerts()).toHaveLength(1);
			const [alert] = channel.alerts();
			expect(alert!.title).toBe('Mailbox backup: all fine (2)');
			expect(alert!.text).toMatch(/^All mailboxes \(2\) are backed up: [^\n]+$/);
			expect(alert!.link).toBe(`${stage.n8n.url}/workflow/${nightly.id}/executions/${run.id}`);
		});
	});

	it('sends to the channel and with the credentials that were chosen', async () => {
		await stage.n8n.client.run('m365AlertSlack', 'Try It');
		await stage.n8n.client.run('m365AlertTeams', 'Try It');
		const [slack, teams] = chat.requests;
		expect(slack).toMatchObject({ host: 'slack.com', method: 'POST', authorization: `Bearer ${secrets.slackToken}`, json: { channel: '#backup-alerts', unfurl_links: false } });
		expect(teams).toMatchObject({ method: 'POST', json: { type: 'message', attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive' }] } });
		const { pathname, searchParams } = new URL(teams!.path, 'https://x');
		expect(pathname).toBe('/workflows/0123456789abcdef/triggers/manual/paths/invoke');
		expect(Object.fromEntries(searchParams)).toEqual({ 'api-version': '2016-06-01', sp: '/triggers/manual/run', sv: '1.0', sig: secrets.teamsSignature });
	});

	it('is red itself when the channel does not take it', async () => {
		chat.slackError = 'channel_not_found';
		const run = await stage.n8n.client.run('m365AlertSlack', 'Try It');
		expect(run.status).toBe('error');
		expect(run.error!.message).toContain('channel_not_found');
	});

	it('names no credential but those that the README lists', async () => {
		for (const { file } of Object.values(channels)) {
			const names = (await shippedWorkflow(file)).nodes.flatMap(({ credentials }) => Object.values(credentials ?? {}).map((each) => each.name));
			expect(names).toHaveLength(1);
			expect(['Slack', 'Teams webhook', credentialNames.mailServer]).toContain(names[0]);
		}
	});
});

interface Field {
	name: string;
	value: unknown;
}

function settings(workflow: WorkflowJson): Field[] {
	return (nodeNamed(workflow, 'Settings').parameters['assignments'] as { assignments: Field[] }).assignments;
}

/** What a person reads in Slack, where `&`, `<` and `>` are written as entities. */
function slackAlert(sent: string, all: string): Alert {
	const link = /\n<(http[^|>]*)\|Open the execution>$/.exec(sent);
	const shown = sent.slice(0, link?.index).replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
	expect(sent.slice(0, link?.index)).not.toMatch(/[<>]/);
	const [title = '', ...lines] = shown.split('\n');
	expect(title).toMatch(/^:(red_circle|white_check_mark): /);
	return { title: title.replace(/^:\w+: /, ''), text: lines.join('\n'), link: link?.[1] ?? '', all };
}

interface Card {
	body: { type: string; inlines: { type: string; text: string }[] }[];
	actions: { type: string; url: string }[];
}

/** What a person reads in Teams: text runs, in which nothing is markup. */
function teamsAlert(json: Record<string, unknown>, all: string): Alert {
	const { body, actions } = (json['attachments'] as { content: Card }[])[0]!.content;
	const lines = body.map(({ type, inlines }) => {
		expect([type, ...inlines.map((inline) => inline.type)]).toEqual(['RichTextBlock', 'TextRun']);
		return inlines[0]!.text;
	});
	return { title: lines[0] ?? '', text: lines.slice(1).join('\n'), link: actions[0]?.url ?? '', all };
}

function mailAlert({ subject, text }: { subject: string; text: string }): Alert {
	const [shown = '', link = ''] = text.trim().split('\n\nThe execution: ');
	return { title: subject, text: shown.trim(), link, all: subject + text };
}
