import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
		const { calendar, contacts, todo } = stage.simulator.tenant.users[0]!.mailbox!;
		const at = (hour: number): { dateTime: string; timeZone: string } => ({ dateTime: `2026-12-01T${hour}:00:00`, timeZone: 'UTC' });
		calendar.addEvent(calendar.default, { subject: 'Dentist', start: at(10), end: at(11) });
		contacts.add('default', { displayName: 'Carla Cruz' });
		todo.add(todo.defaultList, { title: 'Water the flowers' });
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

	it('Item: Export gives a whole search result as one ZIP that unzip opens, with a list of what is in it', async () => {
		const exported = await run(
			chain('exportZip', [
				ourNode('Export', 'item/export', {
					repositoryFolder: stage.repositoryFolder,
					source: pick(mailbox.address),
					selection: 'search',
					query: { types: ['message', 'event', 'contact', 'task'], dateAfter: '1980-01-01' },
				}),
			]),
		);
		const result = nodeRun(exported, 'Export');
		expect(result.items.map(({ json }) => [json['items'], json['failed']])).toEqual([[messages.length + 3, 0]]);
		const file = join(stage.n8n.home, 'export.zip');
		await writeFile(file, await stage.n8n.client.binary(result, 0));
		const { stdout } = await promisify(execFile)('unzip', ['-Z1', file], { maxBuffer: 1 << 26 });
		const names = stdout.trim().split('\n');
		expect(names).toContain('contents.csv');
		expect(names.filter((name) => name.endsWith('.eml'))).toHaveLength(messages.length);
		expect(names.filter((name) => /\.(ics|vcf)$/.test(name))).toHaveLength(3);
	});

	it('Snapshot: Hold keeps a snapshot from a prune until Release, and says for whom and why', async () => {
		const common = { repositoryFolder: stage.repositoryFolder, source: pick(mailbox.address) };
		const held = await run(chain('holdIt', [ourNode('Hold', 'snapshot/hold', { ...common, snapshot: pick('latest', 'list'), reason: 'Case 4711', heldBy: 'legal@example.com' })]));
		expect(nodeRun(held, 'Hold').items[0]!.json).toMatchObject({ held: true, by: 'legal@example.com', reason: 'Case 4711' });
		const pruned = await run(chain('pruneIt', [ourNode('Prune', 'snapshot/prune', { ...common, mode: 'preview', retention: 'days', keepDays: 1, output: 'snapshots' })]));
		expect(nodeRun(pruned, 'Prune').items.map(({ json }) => [json['decision'], json['reason']])).toEqual([['keep', expect.stringMatching(/Case 4711|hold/i)]]);
		const released = await run(chain('releaseIt', [ourNode('Release', 'snapshot/release', { ...common, snapshot: pick('latest', 'list') })]));
		expect(nodeRun(released, 'Release').items[0]!.json).toMatchObject({ held: false, wasHeldBefore: true });
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

	it('Item: Restore puts every kind into a new folder, also what is still at its old place', async () => {
		const common = { repositoryFolder: stage.repositoryFolder, source: pick(mailbox.address) };
		const execution = await run(
			chain('intoNewFolder', [
				ourNode('Find', 'item/search', { ...common, snapshot: pick('all', 'list'), query: { types: ['event', 'contact', 'task'] }, returnAll: true }),
				ourNode('Restore', 'item/restore', {
					...common,
					mode: 'restore',
					selection: 'inputItems',
					itemSnapshot: "={{ $('Find').item.json.snapshot }}",
					itemId: "={{ $('Find').item.json.id }}",
					destination: 'newFolder',
					targetFolder: 'Back again',
				}),
			]),
		);
		const made = nodeRun(execution, 'Restore').items.filter(({ json }) => json['type'] !== 'folder');
		expect(made.map(({ json }) => [json['type'], json['outcome']]).sort()).toEqual([['contact', 'created'], ['event', 'created'], ['task', 'created']]);
		for (const { json } of made) {
			expect(json['targetPath']).toContain('Back again');
		}
		expect(stage.simulator.tenant.outbox).toEqual([]);
	});
});
