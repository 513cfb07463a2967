import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { expect } from 'vitest';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import { prune } from '../../../nodes/M365Backup/engine/prune';
import { verifyRepository } from '../../../nodes/M365Backup/engine/verify';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { createFolderStore } from '../../../nodes/M365Backup/stores/folder-store';
import { GraphMail } from '../../demo/graph-mail';
import { createDatedFolderStore } from '../../support/dated-folder-store';
import { nodeRun, type Execution } from './execution';
import type { WorkflowJson } from './n8n-client';
import { chain, ourNode, pick } from './our-node';
import { ourNodeType, workflowForHere } from './shipped-workflows';
import type { Stage } from './stage';

const dayMs = 86_400_000;

/** What every workflow that copies into a storage is put through, whatever the storage is. */
export class CopiedStorage {
	constructor(
		private readonly stage: Stage,
		private readonly file: string,
		/** The administrator's settings. */
		private readonly adapt: (workflow: WorkflowJson) => WorkflowJson,
		/** SHA-256 of every file that the storage holds, by its name there. */
		readonly held: () => Promise<Map<string, string>>,
	) {}

	async workflow(): Promise<WorkflowJson> {
		return this.adapt(await workflowForHere(this.file, this.stage.n8n.filesFolder));
	}

	async run(change: (workflow: WorkflowJson) => WorkflowJson = (same) => same): Promise<Execution> {
		const workflow = change(await this.workflow());
		await this.stage.put(workflow);
		return this.stage.n8n.client.run(workflow.id, 'Run by Hand');
	}

	/** What the last mail says. */
	get mail(): { subject: string; text: string } {
		const mail = this.stage.mailServer.mails.at(-1);
		if (mail === undefined) throw new Error('there was no mail');
		return mail;
	}

	/** Something new for the next backup, in every mailbox. */
	addMail(subject: string): void {
		for (const { mailbox } of this.stage.simulator.tenant.users) {
			mailbox?.addMime('inbox', `From: a@example.com\r\nSubject: ${subject}\r\nMessage-ID: <${subject.replaceAll(' ', '-')}@example.com>\r\n\r\n${subject}\r\n`);
		}
	}

	async expectComplete(): Promise<void> {
		const original = await writeOnceFiles(this.stage.repositoryFolder);
		expect(original.size).toBeGreaterThan(3);
		const copy = await this.held();
		for (const [path, hash] of original) expect(copy.get(path.replace('/', '.')), path).toBe(hash);
	}

	/** A prune of three days hence, which keeps one snapshot of each source. Returns the flat names of what it removed. */
	async prune(): Promise<string[]> {
		const before = await writeOnceFiles(this.stage.repositoryFolder);
		const ambient = { ...realAmbient, now: () => new Date(realAmbient.now().getTime() + 3 * dayMs) };
		const repository = await Repository.open(createDatedFolderStore(this.stage.repositoryFolder, ambient), ambient);
		for await (const result of prune({ repository, policy: { last: 1 }, zone: 'UTC', dryRun: false })) expect(result).not.toHaveProperty('error');
		const after = await writeOnceFiles(this.stage.repositoryFolder);
		return [...before.keys()].filter((path) => !after.has(path)).map((path) => path.replace('/', '.'));
	}

	/** Runs the shipped workflow that rebuilds a repository from a copy, into a folder of its own. */
	async rebuild(adapt: (workflow: WorkflowJson) => WorkflowJson): Promise<Execution> {
		const workflow = adapt(await workflowForHere('rebuild-repository-from-copy.json', this.stage.n8n.filesFolder));
		for (const node of workflow.nodes.filter(({ type }) => type === ourNodeType)) node.parameters['repositoryFolder'] = this.rebuiltFolder;
		await this.stage.put(workflow);
		return this.stage.n8n.client.run(workflow.id, 'Run by Hand');
	}

	/** The same, and proves what it made: every byte, and one message exactly as Microsoft Graph serves it. */
	async expectRebuild(adapt: (workflow: WorkflowJson) => WorkflowJson): Promise<Execution> {
		const folder = this.rebuiltFolder;
		const execution = await this.rebuild(adapt);
		expect(execution.error).toBeUndefined();

		const repository = await Repository.open(createFolderStore({ root: folder }), realAmbient);
		const report = await verifyRepository(repository, { deep: true });
		expect(report.damage).toEqual([]);
		expect(report.items).toBeGreaterThan(20);
		const expected = await writeOnceFiles(this.stage.repositoryFolder);
		const rebuilt = await writeOnceFiles(folder);
		for (const [path, hash] of expected) expect(rebuilt.get(path), path).toBe(hash);
		await this.expectMessage(folder);
		return execution;
	}

	private get rebuiltFolder(): string {
		return join(this.stage.n8n.filesFolder, 'rebuilt');
	}

	private async expectMessage(repositoryFolder: string): Promise<void> {
		const graph = new GraphMail(this.stage.simulator.graphUrl, this.stage.simulator.token, this.stage.simulator.caFile);
		const [mailbox] = await graph.mailboxes();
		const message = (await graph.messages(mailbox!.id)).find(({ folder, properties }) => folder === 'Inbox' && properties['isDraft'] === false)!;
		const common = { repositoryFolder, source: pick(mailbox!.address) };
		const subject = String(message.properties['subject']);
		const exported = await this.stage.put(
			chain('exportOne', [
				ourNode('Find', 'item/search', { ...common, returnAll: true, query: { types: ['message'] } }),
				ourNode('Export', 'item/export', { ...common, itemId: "={{ $('Find').item.json.id }}" }),
			]),
		).then(() => this.stage.n8n.client.run('exportOne', 'Start'));
		expect(exported.error).toBeUndefined();
		const files = nodeRun(exported, 'Export');
		const index = nodeRun(exported, 'Find').items.findIndex(({ json }) => String(json['id']).endsWith(message.id));
		expect(index, subject).toBeGreaterThanOrEqual(0);
		expect(createHash('sha256').update(await this.stage.n8n.client.binary(files, index)).digest('hex')).toBe(message.mimeHash);
	}
}

/** Whether each item that a Confirm Copied node put out is confirmed. */
export function confirmations(execution: Execution, node: string): boolean[] {
	return nodeRun(execution, node).items.map(({ json }) => json['confirmed'] === true);
}

/** SHA-256 by path relative to the folder, of every file in it. */
export async function hashes(folder: string): Promise<Map<string, string>> {
	const found = new Map<string, string>();
	for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
		if (!entry.isFile()) continue;
		const path = join(entry.parentPath, entry.name);
		found.set(relative(folder, path), createHash('sha256').update(await readFile(path)).digest('hex'));
	}
	return found;
}

/** The files of a repository that a copy must hold: all but the overwritten `cursor.json`, leases, and what the copy itself leaves. */
export async function writeOnceFiles(folder: string): Promise<Map<string, string>> {
	const all = await hashes(folder);
	return new Map([...all].filter(([path]) => !/(^|\/)cursor\.json$|(^|\/)lease-|^copies\//.test(path)));
}
