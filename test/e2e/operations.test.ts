import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GraphMail, type SeenMessage } from '../demo/graph-mail';
import { nodeRun, type Execution } from './harness/execution';
import type { WorkflowJson } from './harness/n8n-client';
import { chain, ourNode, pick } from './harness/our-node';
import { Stage } from './harness/stage';

/** Operations that no shipped workflow uses, or uses otherwise, in a real n8n. */
describe('operations in a real n8n', () => {
	let stage: Stage;
	let mailbox: { id: string; address: string };
	let messages: SeenMessage[];
	let backUp: Execution;

	beforeAll(async () => {
		stage = await Stage.start({ simulator: { users: 1, messages: 30 } });
		stage.simulator.tenant.users[0]!.mailbox!.addMime(
			'inbox',
			'From: a@example.com\r\nTo: b@example.com\r\nSubject: Quarterly report\r\nMessage-ID: <q@example.com>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\n\r\nText\r\n',
		);
		const graph = new GraphMail(stage.simulator.graphUrl, stage.simulator.token, stage.simulator.caFile);
		mailbox = (await graph.mailboxes())[0]!;
		messages = await graph.messages(mailbox.id);
		backUp = await run(
			chain('withFiles', [
				ourNode('Back Up', 'mailbox/backUp', {
					mailbox: pick(mailbox.address),
					repositoryFolder: stage.repositoryFolder,
					outputFilesToCopy: true,
					target: 'elsewhere',
				}),
			]),
		);
	});
	afterAll(async () => stage?.stop());

	async function run(workflow: WorkflowJson): Promise<Execution> {
		await stage.put(workflow);
		const execution = await stage.n8n.client.run(workflow.id, 'Start');
		expect(execution.error).toBeUndefined();
		return execution;
	}

	it('Back Up with Output Files to Copy: one summary, and the files on a second output, byte for byte', async () => {
		const back = nodeRun(backUp, 'Back Up');
		expect(back.outputs).toHaveLength(2);
		expect(back.outputs[0]!.map(({ json }) => json['status'])).toEqual(['complete']);
		const files = back.outputs[1]!;
		expect(files.length).toBeGreaterThan(3);
		for (const [index, { json }] of files.entries()) {
			const bytes = await stage.n8n.client.binary({ ...back, items: files }, index);
			expect(createHash('sha256').update(bytes).digest('hex'), String(json['fileName'])).toBe(json['sha256']);
		}
	});

	it('Snapshot: Get Many lists what Back Up made', async () => {
		const listed = await run(chain('listSnapshots', [ourNode('List', 'snapshot/getMany', { repositoryFolder: stage.repositoryFolder, source: pick('', 'list') })]));
		const made = nodeRun(backUp, 'Back Up').items[0]!.json['snapshot'] as { id: string };
		expect(nodeRun(listed, 'List').items.map(({ json }) => json['id'])).toEqual([made.id]);
	});

	it('Item: Export gives every message exactly as Graph serves it', async () => {
		const common = { repositoryFolder: stage.repositoryFolder, source: pick(mailbox.address) };
		const exported = await run(
			chain('exportAll', [
				ourNode('Find', 'item/search', { ...common, returnAll: true, query: { types: ['message'] } }),
				ourNode('Export', 'item/export', { ...common, itemId: "={{ $('Find').item.json.id }}" }),
			]),
		);
		const files = nodeRun(exported, 'Export');
		expect(files.items).toHaveLength(messages.length);
		const hashes: string[] = [];
		for (let index = 0; index < files.items.length; index++) {
			expect(files.items[index]!.binary!['data']!.fileName).toMatch(/\.eml$/);
			hashes.push(createHash('sha256').update(await stage.n8n.client.binary(files, index)).digest('hex'));
		}
		expect(hashes.sort()).toEqual(messages.map(({ mimeHash }) => mimeHash).sort());
	});

	it('a backup opens with zcat and unzip alone, as the README shows', async (context) => {
		const shell = async (script: string): Promise<string> => {
			const { stdout } = await promisify(execFile)('bash', ['-ceu', script], { cwd: stage.repositoryFolder, encoding: 'latin1', maxBuffer: 1 << 28 });
			return stdout;
		};
		if ((await shell('command -v unzip && command -v zcat || true')).trim().split('\n').length < 2) {
			context.skip('unzip or zcat is not installed');
			return;
		}
		expect(await shell(`grep -H '"name".*@' mailbox-*/*.snapshot.json`)).toContain(mailbox.address);
		const wanted = messages.find(({ properties }) => properties['subject'] === 'Quarterly report')!;
		const [line] = (await shell(`zcat mailbox-*/*.segment-*.ndjson.gz | grep -i 'quarterly report'`)).split('\n');
		const [{ archive, entry }] = (JSON.parse(line!) as { content: [{ archive: string; entry: string }] }).content;
		expect(await shell(`unzip -l mailbox-*/${archive}`)).toContain(entry);
		const eml = await shell(`unzip -p mailbox-*/${archive} 'Inbox/*Quarterly report*'`);
		expect(createHash('sha256').update(Buffer.from(eml, 'latin1')).digest('hex')).toBe(wanted.mimeHash);
	});

	it('n8n execute runs a shipped pattern from the command line, with our node in it', async () => {
		const { exitCode, output } = await stage.n8n.cli(['execute', '--id=withFiles', '--rawOutput']);
		expect(output).toMatch(/"status": ?"unchanged"/);
		expect(exitCode).toBe(0);
	});

	it('is offered to the editor as a node and as a tool for agents, and never as CUSTOM', async () => {
		const names = (await stage.n8n.client.nodeTypes()).filter((name) => /m365Backup/i.test(name));
		expect([...new Set(names)].sort()).toEqual(['n8n-nodes-m365-backup.m365Backup', 'n8n-nodes-m365-backup.m365BackupTool']);
	});
});
