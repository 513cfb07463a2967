import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { nodeRun, type Execution } from './harness/execution';
import { chain, ourNode, pick, swapped } from './harness/our-node';
import { workflowForHere } from './harness/shipped-workflows';
import { Stage } from './harness/stage';

const file = 'monthly-restore-drill.json';

describe('monthly-restore-drill.json in a real n8n', () => {
	let stage: Stage;
	let address: string;

	beforeAll(async () => {
		stage = await Stage.start({ simulator: { users: 1, messages: 60, files: 10 }, requestLimits: 'none' });
		const user = stage.simulator.tenant.users.find(({ mailbox }) => mailbox !== null)!;
		address = user.userPrincipalName;
		const repositoryFolder = stage.repositoryFolder;
		const workflow = chain('backUpOne', [
			ourNode('Mail', 'mailbox/backUp', { mailbox: pick(address), repositoryFolder }),
			ourNode('Files', 'drive/backUp', { driveOf: 'user', driveUser: pick(address), repositoryFolder }),
		]);
		await stage.put(workflow);
		expect((await stage.n8n.client.run(workflow.id, 'Start')).error).toBeUndefined();
	});
	afterAll(async () => stage?.stop());
	beforeEach(() => {
		stage.mailServer.mails.length = 0;
	});

	async function run(swap = false): Promise<Execution> {
		const here = await workflowForHere(file, stage.n8n.filesFolder);
		const workflow = swap ? swapped(here) : here;
		await stage.put(workflow);
		return stage.n8n.client.run(workflow.id, 'Run by Hand');
	}

	/** Everything in the mailbox and drive, by place. */
	function state(): unknown {
		const user = stage.simulator.tenant.users.find(({ userPrincipalName }) => userPrincipalName === address)!;
		return {
			messages: [...user.mailbox!.allMessages()].map(({ id, folder }) => `${folder.path.join('/')} ${id}`),
			folders: [...user.mailbox!.folders.values()].map(({ path }) => path.join('/')),
			files: [...user.drive!.root.subtree()].map(({ path }) => path),
			bin: user.drive!.bin.size,
		};
	}

	it.each([
		['as shipped', false],
		['with branches swapped on the canvas', true],
	])('tries out every source, leaves nothing behind, and sends one mail with the proof: %s', async (_name, swap) => {
		const before = state();
		const execution = await run(swap);
		expect(execution.error).toBeUndefined();
		const proofs = nodeRun(execution, 'Restore Drill').items.map(({ json }) => json);
		expect(proofs).toHaveLength(2);
		for (const proof of proofs) expect(proof).toMatchObject({ status: 'passed', different: [], failed: [], leftBehind: [] });
		expect(proofs.map(({ sampled }) => Number(sampled)).reduce((a, b) => a + b)).toBeGreaterThan(20);
		expect(execution.runs.has('Passed')).toBe(true);
		expect(execution.runs.has('Stop and Error')).toBe(false);
		expect(state()).toEqual(before);
		expect(stage.simulator.tenant.outbox).toEqual([]);
		expect(stage.mailServer.mails).toHaveLength(1);
		const [mail] = stage.mailServer.mails;
		expect(mail!.subject).toBe('Restore drill: all passed');
		expect(mail!.text).toMatch(new RegExp(`${address}.*: restore drill passed\\. \\d+ items of the snapshot of .* UTC \\(.*\\) came back identical and were removed again`));
		expect(mail!.text).toMatch(/took \d+ s and \d+ requests; seed [0-9a-f]{8}/);
	});

	it.each([
		['as shipped', false],
		['with branches swapped on the canvas', true],
	])('says which items a damaged backup has lost, and ends in an error: %s', async (_name, swap) => {
		const files = (await readdir(stage.repositoryFolder, { recursive: true })).filter((name) => name.includes('mailbox-') && name.endsWith('.zip'));
		const whole = new Map(await Promise.all(files.map(async (name) => [name, await readFile(join(stage.repositoryFolder, name))] as const)));
		const before = state();
		for (const [name, bytes] of whole) {
			const damaged = Buffer.from(bytes);
			for (let at = 200; at < damaged.length; at += 200) damaged[at] = damaged[at]! ^ 1;
			await writeFile(join(stage.repositoryFolder, name), damaged);
		}
		try {
			const execution = await run(swap);
			expect(execution.status).toBe('error');
			expect(execution.lastNode).toBe('Stop and Error');
			expect(execution.runs.has('Passed')).toBe(false);
			const proofs = nodeRun(execution, 'Restore Drill').items.map(({ json }) => json);
			expect(proofs.map(({ status }) => status).sort()).toEqual(['failed', 'passed']);
			const [mail] = stage.mailServer.mails;
			expect(mail!.subject).toBe('Restore drill: needs attention');
			expect(mail!.text).toMatch(/restore drill FAILED\. \d+ of \d+ items/);
			expect(mail!.text).toMatch(/ {4}\w+ ".*" in .*: /);
			expect(state()).toEqual(before);
		} finally {
			for (const [name, bytes] of whole) await writeFile(join(stage.repositoryFolder, name), bytes);
		}
	});

	it('says that the application may not restore, where it may not', async () => {
		const { tenant } = stage.simulator;
		const before = state();
		tenant.roles.revoke(['Mail.ReadWrite', 'Files.ReadWrite.All', 'Sites.ReadWrite.All', 'Sites.Manage.All', 'Sites.FullControl.All']);
		const execution = await run();
		expect(execution.lastNode).toBe('Stop and Error');
		expect(stage.mailServer.mails[0]!.subject).toBe('Restore drill: needs attention');
		expect(stage.mailServer.mails[0]!.text).toMatch(/restore drill FAILED\./);
		expect(state()).toEqual(before);
	});
});
