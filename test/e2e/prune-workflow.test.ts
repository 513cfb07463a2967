import { readdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { nodeRun, type Execution } from './harness/execution';
import { chain, ourNode, pick, swapped } from './harness/our-node';
import { setFields, workflowForHere } from './harness/shipped-workflows';
import { Stage } from './harness/stage';

const file = 'prune-and-verify.json';

describe('prune-and-verify.json in a real n8n', () => {
	let stage: Stage;
	let address: string;

	beforeAll(async () => {
		stage = await Stage.start({ simulator: { users: 1, messages: 10 } });
		const user = stage.simulator.tenant.users.find(({ mailbox }) => mailbox !== null)!;
		address = user.userPrincipalName;
		const workflow = chain('backUpOne', [ourNode('Back Up', 'mailbox/backUp', { mailbox: pick(address), repositoryFolder: stage.repositoryFolder })]);
		await stage.put(workflow);
		for (const subject of ['One', 'Two', 'Three']) {
			user.mailbox!.addMime('inbox', `From: a@example.com\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@example.com>\r\n\r\nText\r\n`);
			expect((await stage.n8n.client.run(workflow.id, 'Start')).error).toBeUndefined();
		}
	});
	afterAll(async () => stage?.stop());
	beforeEach(() => {
		stage.mailServer.mails.length = 0;
	});

	async function run(fields: Record<string, unknown>, swap = false, which = file): Promise<Execution> {
		const here = await workflowForHere(which, stage.n8n.filesFolder);
		setFields(here, 'Settings', fields);
		const workflow = swap ? swapped(here) : here;
		await stage.put(workflow);
		return stage.n8n.client.run(workflow.id, 'Run by Hand');
	}

	const snapshots = async (): Promise<string[]> => (await readdir(stage.repositoryFolder, { recursive: true })).filter((name) => name.endsWith('.snapshot.json'));

	it('verifies, says what would be removed, removes nothing, and sends one mail', async () => {
		const before = await snapshots();
		expect(before).toHaveLength(3);
		const execution = await run({});
		expect(execution.error).toBeUndefined();
		expect(execution.runs.has('Prune')).toBe(false);
		expect(await snapshots()).toEqual(before);
		expect(stage.mailServer.mails).toHaveLength(1);
		const [mail] = stage.mailServer.mails;
		expect(mail!.subject).toBe('Backup check: all fine');
		expect(mail!.text).toMatch(/^Everything is there \(1 source, 3 snapshots, /);
		expect(mail!.text).toMatch(new RegExp(`${address}: Would remove 0 of 3 snapshots \\(0\\.0 MB\\), \\d more go within 48 hours`));
		expect(mail!.text).toContain('Nothing was removed. If this is what you want, set "approved"');
	});

	it.each([
		['as shipped', false],
		['with branches swapped on the canvas', true],
	])('once approved, prunes by the policy, and keeps what must stay: %s', async (_name, swap) => {
		const execution = await run({ approved: true, daily: 1, weekly: 0, monthly: 0, yearly: 0 }, swap);
		expect(execution.error).toBeUndefined();
		// The policy keeps the newest alone; the others are younger than the 48 hours that a prune waits.
		const [pruned, ...others] = nodeRun(execution, 'Prune').items.map(({ json }) => json);
		expect(others).toEqual([]);
		expect(pruned).toMatchObject({ name: address, kind: 'mailbox', removed: 0 });
		expect(Number(pruned!['kept']) + Number(pruned!['waiting'])).toBe(3);
		expect(pruned!['waiting']).toBeGreaterThan(0);
		expect(await snapshots()).toHaveLength(3);
		expect(stage.mailServer.mails).toHaveLength(1);
		expect(stage.mailServer.mails[0]!.text).not.toContain('Nothing was removed');
		expect(stage.mailServer.mails[0]!.text).toContain(`${address}: Removed 0 of 3 snapshots`);
	});

	it.each([
		['says the plan', false],
		['says what was removed, with branches swapped on the canvas', true],
	])('nightly-prune.json %s in one mail', async (_name, approved) => {
		const execution = await run({ approved }, approved, 'nightly-prune.json');
		expect(execution.error).toBeUndefined();
		expect(execution.runs.has('Prune')).toBe(approved);
		expect(await snapshots()).toHaveLength(3);
		expect(stage.mailServer.mails).toHaveLength(1);
		const [mail] = stage.mailServer.mails;
		expect(mail!.subject).toBe('Nightly prune: all fine');
		expect(mail!.text).toContain(`${address}: ${approved ? 'Removed' : 'Would remove'} 0 of 3 snapshots`);
	});

	it('says what is damaged, ends in an error, and then prunes nothing, approved or not', async () => {
		const files = await readdir(stage.repositoryFolder, { recursive: true });
		const archive = files.find((name) => name.endsWith('.archive-0001.zip'))!;
		await truncate(join(stage.repositoryFolder, archive), 100);
		const execution = await run({ approved: true });
		expect(execution.status).toBe('error');
		expect(execution.lastNode).toBe('Stop and Error');
		expect(execution.runs.has('Prune')).toBe(false);
		const [mail] = stage.mailServer.mails;
		expect(mail!.subject).toBe('Backup check: needs attention');
		expect(mail!.text).toContain(archive);
		expect(mail!.text).toContain('Nothing was removed, since the backups could not be proven to be undamaged');
	});
});
