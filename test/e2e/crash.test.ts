import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realAmbient } from '../../nodes/M365Backup/base/ambient';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import { Repository } from '../../nodes/M365Backup/repository/repository';
import { createFolderStore } from '../../nodes/M365Backup/stores/folder-store';
import { GraphMail } from '../demo/graph-mail';
import { nodeRun } from './harness/execution';
import { chain, ourNode, pick } from './harness/our-node';
import { Stage } from './harness/stage';

const id = 'backUpOne';

describe('a backup that is cut short in a real n8n', () => {
	let stage: Stage;
	let address: string;

	beforeAll(async () => {
		stage = await Stage.start({ simulator: { users: 1, messages: 2000 } });
		address = stage.simulator.tenant.users.find(({ mailbox }) => mailbox !== null)!.userPrincipalName;
		const workflow = chain(id, [ourNode('Back Up', 'mailbox/backUp', { mailbox: pick(address), repositoryFolder: stage.repositoryFolder })]);
		await stage.put(workflow);
	});
	afterAll(async () => stage?.stop());

	/** Starts a backup and comes back once it has fetched a hundred messages. */
	async function startAndWaitForContents(): Promise<string> {
		// Slow enough that there is a middle.
		stage.simulator.tenant.latencyMs = 200;
		const fetched = (): number => stage.simulator.requestLog.count(/\$value$/);
		const before = fetched();
		const execution = await stage.n8n.client.start(id, 'Start');
		const deadline = Date.now() + 60_000;
		while (fetched() < before + 100) {
			if (Date.now() > deadline) {
				throw new Error('The backup fetched nothing within a minute');
			}
			await sleep(20);
		}
		return execution;
	}

	async function expectSound(): Promise<Repository> {
		const repository = await Repository.open(createFolderStore({ root: stage.repositoryFolder }), realAmbient);
		const report = await verifyRepository(repository, { deep: true });
		expect(report.damage).toEqual([]);
		return repository;
	}

	it('stops at once when somebody stops the execution, and keeps what it had', async () => {
		const execution = await startAndWaitForContents();
		await stage.n8n.client.stopExecution(execution);
		stage.simulator.tenant.latencyMs = 0;
		const ended = await stage.n8n.client.finished(execution, 20_000);
		expect(ended.status).toBe('canceled');
		// The commit happens in the background, within 20 seconds.
		const deadline = Date.now() + 25_000;
		let snapshots = 0;
		while (snapshots === 0 && Date.now() < deadline) {
			await sleep(250);
			const names = await readdir(stage.repositoryFolder, { recursive: true });
			snapshots = names.filter((name) => name.endsWith('.snapshot.json')).length;
		}
		expect(snapshots).toBe(1);
		const repository = await expectSound();
		const [source] = await repository.sources();
		expect(source!.newest.status).toBe('partial');
	});

	it('reads and goes on after kill -9 of n8n in the middle', async () => {
		await startAndWaitForContents();
		await stage.n8n.kill();
		stage.simulator.tenant.latencyMs = 0;
		await expectSound();
		await stage.n8n.launch();
		await stage.n8n.client.signIn();

		const run = await stage.n8n.client.run(id, 'Start');
		expect(run.error).toBeUndefined();
		const [summary] = nodeRun(run, 'Back Up').items;
		expect(summary!.json['status']).toBe('complete');
		const repository = await expectSound();
		const [source] = await repository.sources();
		expect(source!.newest.status).toBe('complete');
		const stored = [...(await listed(repository, source!.newest))].filter((entry) => entry.startsWith('message')).length;
		const living = await livingMessages();
		expect(stored).toBe(living);
	});

	async function listed(repository: Repository, snapshot: Parameters<Repository['catalog']>[0]): Promise<string[]> {
		const entries: string[] = [];
		for await (const entry of repository.catalog(snapshot).entries()) {
			entries.push(`${entry.type} ${entry.id}`);
		}
		return entries;
	}

	async function livingMessages(): Promise<number> {
		const { graphUrl, token, caFile } = stage.simulator;
		return (await new GraphMail(graphUrl, token, caFile).messages(address)).length;
	}
});
