import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { realAmbient } from '../../nodes/M365Backup/base/ambient';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import { Repository } from '../../nodes/M365Backup/repository/repository';
import { createFolderStore } from '../../nodes/M365Backup/stores/folder-store';
import { compareMail, GraphMail, type SeenMessage } from '../demo/graph-mail';
import { nodeRun, type Execution } from './harness/execution';
import type { WorkflowJson } from './harness/n8n-client';
import { swapped } from './harness/our-node';
import { rebuildWorkflow } from './harness/rebuild-workflow';
import { nodeNamed, ourNodeType, setFields, workflowForHere } from './harness/shipped-workflows';
import { Stage } from './harness/stage';

const file = 'mailbox-backup-with-copy.json';
/** A folder that nobody can write to, root included. */
const readOnlyFolder = '/sys/kernel';

describe('mailbox-backup-with-copy.json in a real n8n', () => {
	let stage: Stage;

	beforeAll(async () => {
		stage = await Stage.start({ n8n: { env: {} } });
	});
	afterAll(async () => stage?.stop());
	beforeEach(() => {
		stage.mailServer.mails.length = 0;
	});

	async function run(workflow: WorkflowJson): Promise<Execution> {
		await stage.put(workflow);
		return stage.n8n.client.run(workflow.id, 'Run by Hand');
	}

	function confirmed(execution: Execution): boolean[] {
		return nodeRun(execution, 'Confirm Copied').items.map(({ json }) => json['confirmed'] === true);
	}

	it('confirms nothing when the target is read-only, and says so', async () => {
		const workflow = await workflowForHere(file, stage.n8n.filesFolder);
		const write = nodeNamed(workflow, 'Write to Second Folder');
		write.parameters['fileName'] = String(write.parameters['fileName']).replace(stage.copyFolder, readOnlyFolder);
		const execution = await run(workflow);
		expect(nodeRun(execution, 'Files to Copy').items.length).toBeGreaterThan(3);
		expect(confirmed(execution)).not.toContain(true);
		expect(execution.status).toBe('error');
		expect(execution.lastNode).toBe('Stop and Error');
		expect(stage.mailServer.mails).toHaveLength(1);
		expect(stage.mailServer.mails[0]!.subject).toBe('Mailbox backup: the copy is not complete');
		expect(stage.mailServer.mails[0]!.text).toMatch(/[1-9]\d* files were not copied; they are tried again in the next run/);
	});

	it('completes the copy the next time, every file equal to its original', async () => {
		const execution = await run(await workflowForHere(file, stage.n8n.filesFolder));
		expect(execution.error).toBeUndefined();
		expect(execution.status).toBe('success');
		expect(confirmed(execution)).not.toContain(false);
		expect(stage.mailServer.mails[0]!.subject).toMatch(/all fine and copied/);
		const original = await writeOnceFiles(stage.repositoryFolder);
		const copy = await hashes(stage.copyFolder);
		expect(original.size).toBeGreaterThan(3);
		for (const [path, hash] of original) {
			expect(copy.get(path.replace('/', '.')), path).toBe(hash);
		}
	});

	it('has nothing to copy after that, and still sends its mail', async () => {
		const execution = await run(await workflowForHere(file, stage.n8n.filesFolder));
		expect(execution.status).toBe('success');
		expect(stage.mailServer.mails[0]!.text).toContain('0 files were copied');
	});

	it('works the same with its branches swapped on the canvas', async () => {
		for (const user of stage.simulator.tenant.users) {
			user.mailbox?.addFolder('inbox', 'After the swap');
		}
		const workflow = swapped(await workflowForHere(file, stage.n8n.filesFolder));
		const execution = await run(workflow);
		expect(execution.error).toBeUndefined();
		expect(confirmed(execution).length).toBeGreaterThan(0);
		expect(confirmed(execution)).not.toContain(false);
		const copy = await hashes(stage.copyFolder);
		for (const [path, hash] of await writeOnceFiles(stage.repositoryFolder)) {
			expect(copy.get(path.replace('/', '.')), path).toBe(hash);
		}
	});

	it('gives back a repository that verifies and restores, from the copy alone', async () => {
		const rebuilt = join(stage.n8n.filesFolder, 'rebuilt');
		const workflow = rebuildWorkflow(stage.copyFolder, rebuilt);
		await stage.put(workflow);
		const imported = await stage.n8n.client.run(workflow.id, 'Start');
		expect(imported.error).toBeUndefined();
		expect(new Set(nodeRun(imported, 'Import').items.map(({ json }) => json['outcome']))).toEqual(new Set(['imported']));

		const repository = await Repository.open(createFolderStore({ root: rebuilt }), realAmbient);
		const report = await verifyRepository(repository, { deep: true });
		expect(report.damage).toEqual([]);
		expect(report.ok).toBe(true);
		expect(report.items).toBeGreaterThan(40);

		const graph = new GraphMail(stage.simulator.graphUrl, stage.simulator.token, stage.simulator.caFile);
		const [mailbox] = await graph.mailboxes();
		const lost = await loseEverySecond(graph, mailbox!.id);
		const restore = await workflowForHere('restore-messages-by-search.json', stage.n8n.filesFolder);
		setFields(restore, 'What to Look For', { mailbox: mailbox!.address, subject: '', from: '', approved: true });
		for (const node of restore.nodes.filter(({ type }) => type === ourNodeType)) {
			node.parameters['repositoryFolder'] = rebuilt;
		}
		const restored = await run(restore);
		expect(restored.error).toBeUndefined();
		const now = (await graph.messages(mailbox!.id)).filter(({ folder }) => !folder.startsWith('Deleted Items'));
		expect(compareMail(lost, now).differences).toEqual([]);
		expect(stage.simulator.tenant.outbox).toEqual([]);
	});
});

async function loseEverySecond(graph: GraphMail, mailbox: string): Promise<SeenMessage[]> {
	const all = await graph.messages(mailbox);
	const lost = all.filter(({ folder, properties }, index) => index % 2 === 0 && !folder.startsWith('Deleted Items') && properties['isDraft'] === false);
	expect(lost.length).toBeGreaterThan(5);
	for (const { id } of lost) {
		await graph.deletePermanently(mailbox, id);
	}
	return lost;
}

/** SHA-256 by path relative to the folder, of every file in it. */
async function hashes(folder: string): Promise<Map<string, string>> {
	const found = new Map<string, string>();
	for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
		if (entry.isFile()) {
			const path = join(entry.parentPath, entry.name);
			found.set(relative(folder, path), createHash('sha256').update(await readFile(path)).digest('hex'));
		}
	}
	return found;
}

/** The files of a repository that a copy must hold: all but the overwritten `cursor.json`, leases, and what the copy itself leaves. */
async function writeOnceFiles(folder: string): Promise<Map<string, string>> {
	const all = await hashes(folder);
	return new Map([...all].filter(([path]) => !/(^|\/)cursor\.json$|(^|\/)lease-|^copies\//.test(path)));
}
