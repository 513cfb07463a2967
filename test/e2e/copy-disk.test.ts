import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { confirmations, CopiedStorage, hashes, writeOnceFiles } from './harness/copied-storage';
import { nodeRun } from './harness/execution';
import type { WorkflowJson } from './harness/n8n-client';
import { node, swapped } from './harness/our-node';
import { Stage } from './harness/stage';

describe('copy-to-disk.json in a real n8n', () => {
	let stage: Stage;
	let storage: CopiedStorage;

	beforeAll(async () => {
		stage = await Stage.start({ simulator: { users: 2, messages: 20 } });
		storage = new CopiedStorage(stage, 'copy-to-disk.json', (same) => same, () => hashes(stage.copyFolder));
	});
	afterAll(async () => stage?.stop());
	beforeEach(() => {
		stage.mailServer.mails.length = 0;
	});

	it('copies what can be copied, and says what could not', async () => {
		// What cannot be written: a folder stands in its place.
		const blocked = join(stage.copyFolder, 'README.txt');
		await mkdir(blocked);
		const execution = await storage.run().finally(() => rm(blocked, { recursive: true }));
		const done = confirmations(execution, 'Confirm Copied');
		expect(done.filter((one) => !one)).toHaveLength(1);
		expect(done.filter((one) => one).length).toBeGreaterThan(5);
		expect(execution.lastNode).toBe('Stop and Error');
		expect(storage.mail.subject).toBe('Mailbox backup: the copy on the other disk is not complete');
		expect(storage.mail.text).toMatch(/1 files were not copied or deleted; they are tried again in the next run:\n- README\.txt: the storage node reported: .* is a directory/);
	});

	it('completes the copy in the next run, and has nothing to do after that', async () => {
		expect((await storage.run()).error).toBeUndefined();
		expect(storage.mail.text).toContain('1 files were copied to the other disk, 0 old ones were deleted there.');
		await storage.expectComplete();
		expect((await storage.run()).error).toBeUndefined();
		expect(storage.mail.text).toContain('0 files were copied to the other disk, 0 old ones were deleted there.');
	});

	it.each([
		['as shipped', (same: WorkflowJson) => same],
		['with branches swapped on the canvas', swapped],
	])('copies what is new, and empties what prune removed: %s', async (name, change) => {
		storage.addMail(`New ${name}`);
		expect((await storage.run()).error).toBeUndefined();
		const removed = await storage.prune();
		expect(removed.length).toBeGreaterThan(1);
		const execution = await storage.run(change);
		expect(execution.error).toBeUndefined();
		expect(nodeRun(execution, 'Confirm Deleted').items.map(({ json }) => json['fileName']).sort()).toEqual(removed.sort());
		expect(confirmations(execution, 'Confirm Deleted')).not.toContain(false);
		expect(storage.mail.text).toContain(`${removed.length} old ones were deleted there`);
		for (const file of removed) expect(await readFile(join(stage.copyFolder, file), 'utf8')).toBe('Removed by prune');
		await storage.expectComplete();
		expect((await storage.run()).runs.has('Confirm Deleted')).toBe(false);
	});

	it('gives back the whole repository from the copy alone', async () => {
		const execution = await storage.expectRebuild((workflow) => readsFolder(workflow, stage.copyFolder));
		const files = await writeOnceFiles(stage.repositoryFolder);
		expect(nodeRun(execution, 'Import Lists').items.filter(({ json }) => json['outcome'] === 'imported')).toHaveLength(files.size);
	});
});

/** As the workflow's note says for a disk. */
function readsFolder(workflow: WorkflowJson, folder: string): WorkflowJson {
	const nodes = workflow.nodes
		.filter(({ name }) => ['Run by Hand', 'Import Lists'].includes(name))
		.map((each) => (each.name === 'Import Lists' ? { ...each, parameters: { ...each.parameters, options: { useAnyway: true } } } : each));
	const read = node('Files', 'n8n-nodes-base.readWriteFile', 1.1, { operation: 'read', fileSelector: `${folder}/*`, options: {} });
	const connections = Object.fromEntries(
		[['Run by Hand', 'Files'], ['Files', 'Import Lists']].map(([from, to]) => [from, { main: [[{ node: to, type: 'main', index: 0 }]] }]),
	);
	return { ...workflow, nodes: [...nodes, read], connections };
}
