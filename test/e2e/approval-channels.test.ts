import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { backUpInThePast } from './harness/aged-repository';
import { ApprovalForm, onceItWaits } from './harness/approval-form';
import { ChatRecorder, type ChatRequest } from './harness/chat-recorder';
import type { CaughtMail } from './harness/mail-catcher';
import type { WorkflowJson, WorkflowNode } from './harness/n8n-client';
import { expiresQuickly } from './harness/quick-expiry';
import { nodeNamed, setFields, workflowForHere } from './harness/shipped-workflows';
import { Stage } from './harness/stage';

const approver = 'approver@contoso.example';
const secrets = { slack: 'xoxb-1234-very-secret', teams: 'Very-Secret-Teams-Token' };
const chatId = '19:approvals0123456789@thread.v2';

interface Question {
	/** As a person reads it, one line each. */
	lines: string[];
	/** What the buttons or links lead to. */
	links: string[];
}

interface Channel {
	/** What the README says to choose for the node that takes the place of *Ask*. */
	node: Pick<WorkflowNode, 'type' | 'typeVersion' | 'credentials' | 'parameters'>;
	/** What it says to add at the end of the message. */
	atItsEnd: string;
	/** Snapshots of each day to keep: one less for each channel, as there are four at first. */
	daily: number;
	isAsked: (request: ChatRequest) => boolean;
	read: (request: ChatRequest) => Question;
}

const channels: Record<string, Channel> = {
	Slack: {
		node: {
			type: 'n8n-nodes-base.slack',
			typeVersion: 2.7,
			credentials: { slackApi: { id: null, name: 'Slack' } },
			parameters: { resource: 'message', operation: 'sendAndWait', select: 'channel', channelId: { __rl: true, mode: 'name', value: '#approvals' } },
		},
		atItsEnd: '.slice(0, 2900)',
		daily: 3,
		isAsked: ({ host, path, json }) => host === 'slack.com' && path === '/api/chat.postMessage' && json['channel'] === '#approvals',
		read: ({ authorization, json }) => {
			expect(authorization).toBe(`Bearer ${secrets.slack}`);
			const blocks = json['blocks'] as { type: string; text?: { text: string }; elements?: { type: string; url: string; text: { text: string } }[] }[];
			const text = blocks.find(({ type }) => type === 'section')!.text!.text;
			// More is refused by Slack: https://docs.slack.dev/reference/block-kit/blocks/section-block
			expect(text.length).toBeLessThanOrEqual(3000);
			const buttons = blocks.flatMap(({ elements = [] }) => elements);
			expect(buttons.map((each) => each.text.text)).toEqual(['Look and decide']);
			return { lines: text.split('\n'), links: buttons.map(({ url }) => url) };
		},
	},
	Teams: {
		node: {
			type: 'n8n-nodes-base.microsoftTeams',
			typeVersion: 2,
			credentials: { microsoftTeamsOAuth2Api: { id: null, name: 'Teams' } },
			parameters: { resource: 'chatMessage', operation: 'sendAndWait', chatId: { __rl: true, mode: 'id', value: chatId } },
		},
		atItsEnd: `.replaceAll('\\n', '<br/>')`,
		daily: 2,
		isAsked: ({ host, method, path }) => host === 'graph.microsoft.com' && method === 'POST' && decodeURIComponent(path) === `/v1.0/chats/${chatId}/messages`,
		read: ({ authorization, json }) => {
			expect(authorization).toBe(`Bearer ${secrets.teams}`);
			const { contentType, content } = json['body'] as { contentType: string; content: string };
			expect(contentType).toBe('html');
			const links = [...content.matchAll(/<a href="([^"]+)">([^<]*)<\/a>/g)];
			expect(links.map(([, , label]) => label)).toEqual(['Look and decide']);
			return { lines: content.slice(0, content.indexOf('<br><br>')).split('<br/>'), links: links.map(([, link = '']) => link.replaceAll('&amp;', '&')) };
		},
	},
};

/** The README's steps for asking elsewhere than by mail. */
function askThere(workflow: WorkflowJson, { node, atItsEnd }: Channel): void {
	const mail = nodeNamed(workflow, 'Ask');
	const message = String(mail.parameters['message']);
	expect(message).toMatch(/\) }}$/);
	const { formFields } = mail.parameters;
	const limitWaitTime = { values: { limitType: 'afterTimeInterval', resumeAmount: `={{ $('Settings').first().json.approvalDays }}`, resumeUnit: 'days' } };
	workflow.nodes[workflow.nodes.indexOf(mail)] = {
		id: randomUUID(),
		name: 'Ask',
		position: mail.position,
		webhookId: randomUUID(),
		...node,
		parameters: { ...node.parameters, message: message.replace(/ }}$/, `${atItsEnd} }}`), responseType: 'customForm', formFields, options: { limitWaitTime, appendAttribution: false, messageButtonLabel: 'Look and decide', responseFormTitle: 'Remove old snapshots?' } },
	};
}

describe('prune-with-approval.json, asking elsewhere than by mail', () => {
	let stage: Stage;
	let chat: ChatRecorder;

	beforeAll(async () => {
		chat = await ChatRecorder.start(['slack.com', 'graph.microsoft.com']);
		stage = await Stage.start({ simulator: { http: true, users: 1, messages: 5 }, requestLimits: 'none', n8n: { env: { ...chat.env, ...expiresQuickly, NODE_EXTRA_CA_CERTS: chat.caFile } } });
		const { client } = stage.n8n;
		await client.createCredential('Slack', 'slackApi', { accessToken: secrets.slack });
		const signedIn = { token_type: 'Bearer', access_token: secrets.teams, expires_in: 86_400 };
		await client.createCredential('Teams', 'microsoftTeamsOAuth2Api', { clientId: 'client', clientSecret: 'secret', oauthTokenData: signedIn });
		await backUpInThePast(stage.simulator, stage.repositoryFolder, { backups: 4, gapDays: 10 });
	});
	afterAll(async () => {
		await stage?.stop();
		await chat?.stop();
	});
	beforeEach(() => {
		chat.requests.length = 0;
		stage.mailServer.mails.length = 0;
	});

	const snapshots = async (): Promise<string[]> => (await readdir(stage.repositoryFolder, { recursive: true })).filter((name) => name.endsWith('.snapshot.json')).sort();
	const mails = (): Pick<CaughtMail, 'subject' | 'to'>[] => stage.mailServer.mails.map(({ subject, to }) => ({ subject, to }));

	describe.each(Object.keys(channels))('in %s', (name) => {
		const channel = channels[name]!;

		async function ask(approvalDays = 3, change: (message: string) => string = (message) => message): Promise<{ id: string; question: Question; form: ApprovalForm }> {
			const workflow = await workflowForHere('prune-with-approval.json', stage.n8n.filesFolder);
			setFields(workflow, 'Settings', { approver, approvalDays, daily: channel.daily, weekly: 0, monthly: 0, yearly: 0 });
			const { parameters } = nodeNamed(workflow, 'Ask');
			parameters['message'] = change(String(parameters['message']));
			askThere(workflow, channel);
			await stage.put(workflow);
			const id = await stage.n8n.client.start(workflow.id, 'Run by Hand');
			const question = await onceItWaits(stage.n8n.client, id, () => {
				const request = chat.requests.find(channel.isAsked);
				if (request === undefined) throw new Error(`Nobody was asked in ${name}. Requests: ${JSON.stringify(chat.requests.map(({ host, path }) => host + path))}`);
				return channel.read(request);
			});
			return { id, question, form: new ApprovalForm(question.links[0]!) };
		}

		it('removes nothing when it is declined, or the link is only opened', async () => {
			const before = await snapshots();
			const { id, question, form } = await ask();
			expect(question.lines[0]).toBe('The retention policy lets go of these:');
			expect(question.lines[1]).toBe(`- ${stage.simulator.tenant.users[0]!.userPrincipalName}: Would remove 1 of ${before.length} snapshots${question.lines[1]!.split('snapshots')[1]!}`);
			expect(question.lines.at(-1)).toBe('Without an answer within 3 days, nothing is removed.');
			const page = await form.open();
			for (const part of ['Remove old snapshots?', 'Keep everything', 'Remove them', 'Your name', 'Remark']) expect(page).toContain(part);
			expect((await stage.n8n.client.execution(id)).status).toBe('waiting');
			expect((await form.decide('Keep everything', 'Anna Approver', 'Not before the audit')).status).toBe(200);
			const run = await stage.n8n.client.finished(id);
			expect(run.error).toBeUndefined();
			expect(run.runs.has('Prune')).toBe(false);
			expect(await snapshots()).toEqual(before);
			expect(mails()).toEqual([{ subject: 'Prune: declined, nothing removed', to: ['admin@example.com', approver] }]);
			expect(stage.mailServer.mails[0]!.text).toMatch(/^Declined by Anna Approver\. Nothing was removed\.\s+Remark: Not before the audit/);
		});

		it('removes nothing when nobody answers in time', async () => {
			const before = await snapshots();
			const { id, form } = await ask(0.00005);
			const run = await stage.n8n.client.finished(id);
			expect(run.error).toBeUndefined();
			await form.decide('Remove them', 'Too late');
			expect(run.runs.has('Prune')).toBe(false);
			expect(await snapshots()).toEqual(before);
			expect(mails()).toEqual([{ subject: 'Prune: no answer, nothing removed', to: ['admin@example.com', approver] }]);
		});

		if (name === 'Slack') {
			it('asks in as many characters as Slack takes', async () => {
				const { id, question } = await ask(3, (message) => message.replace(`'The retention policy lets go of these:'`, `'x'.repeat(4000)`));
				expect(question.lines.join('\n')).toBe('x'.repeat(2900));
				await stage.n8n.client.stopExecution(id);
			});
		}

		it('removes what the policy lets go once it is approved', async () => {
			const before = await snapshots();
			const { id, form } = await ask();
			expect((await form.decide('Remove them', 'Anna Approver')).status).toBe(200);
			const run = await stage.n8n.client.finished(id);
			expect(run.error).toBeUndefined();
			expect(await snapshots()).toEqual(before.slice(1));
			expect(mails()).toEqual([{ subject: 'Prune: approved and done', to: ['admin@example.com', approver] }]);
			expect(stage.mailServer.mails[0]!.text).toMatch(/^Approved by Anna Approver\./);
		});
	});
});
