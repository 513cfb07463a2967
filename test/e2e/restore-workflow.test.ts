import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareMail, GraphMail, type SeenMessage } from '../demo/graph-mail';
import { nodeRun, type Execution } from './harness/execution';
import { chain, ourNode, pick, swapped } from './harness/our-node';
import { setFields, workflowForHere } from './harness/shipped-workflows';
import { Stage } from './harness/stage';

const file = 'restore-messages-by-search.json';

describe('restore-messages-by-search.json in a real n8n', () => {
	let stage: Stage;
	let graph: GraphMail;
	let mailbox: { id: string; address: string };
	let wanted: SeenMessage[];
	let word: string;

	beforeAll(async () => {
		stage = await Stage.start();
		graph = new GraphMail(stage.simulator.graphUrl, stage.simulator.token, stage.simulator.caFile);
		mailbox = (await graph.mailboxes())[0]!;
		const backup = chain('backUpOne', [ourNode('Back Up', 'mailbox/backUp', { mailbox: pick(mailbox.address), repositoryFolder: stage.repositoryFolder })]);
		await stage.put(backup);
		const run = await stage.n8n.client.run(backup.id, 'Start');
		expect(run.error).toBeUndefined();

		const all = await liveMessages();
		word = String(all[0]!.properties['subject']);
		wanted = all.filter(({ properties }) => String(properties['subject']).toLowerCase().includes(word.toLowerCase()));
		for (const { id } of wanted) {
			await graph.deletePermanently(mailbox.id, id);
		}
	});
	afterAll(async () => stage?.stop());

	async function liveMessages(): Promise<SeenMessage[]> {
		return (await graph.messages(mailbox.id)).filter(({ folder, properties }) => !folder.startsWith('Deleted Items') && properties['isDraft'] === false);
	}

	async function run(approved: boolean, swap = false): Promise<Execution> {
		const here = await workflowForHere(file, stage.n8n.filesFolder);
		const workflow = swap ? swapped(here) : here;
		setFields(workflow, 'What to Look For', { mailbox: mailbox.address, subject: word, from: '', approved });
		await stage.put(workflow);
		return stage.n8n.client.run(workflow.id, 'Run by Hand');
	}

	it('previews without changing anything, until it is approved', async () => {
		const before = await graph.messages(mailbox.id);
		const execution = await run(false);
		expect(execution.error).toBeUndefined();
		expect(nodeRun(execution, 'Found Messages').items).toHaveLength(wanted.length);
		expect(nodeRun(execution, 'Preview').items).toHaveLength(wanted.length);
		expect(execution.runs.has('Restore')).toBe(false);
		expect(await graph.messages(mailbox.id)).toEqual(before);
	});

	it('restores exactly what was found, equal to what was lost', async () => {
		const execution = await run(true);
		expect(execution.error).toBeUndefined();
		expect(nodeRun(execution, 'Restore').items).toHaveLength(wanted.length);
		expect(compareMail(wanted, await liveMessages()).differences).toEqual([]);
	});

	it('changes nothing the second time, also with branches swapped on the canvas', async () => {
		const before = await graph.messages(mailbox.id);
		const execution = await run(true, true);
		expect(execution.error).toBeUndefined();
		expect(new Set(nodeRun(execution, 'Restore').items.map(({ json }) => json['outcome']))).toEqual(new Set(['skipped']));
		expect(await graph.messages(mailbox.id)).toEqual(before);
		expect(stage.simulator.tenant.outbox).toEqual([]);
	});
});
