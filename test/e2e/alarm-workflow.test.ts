import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fillDrive } from '../simulator/drive-generate';
import type { Drive } from '../simulator/drive-store';
import { nodeRun, type Execution } from './harness/execution';
import { swapped } from './harness/our-node';
import { workflowForHere } from './harness/shipped-workflows';
import { Stage } from './harness/stage';

const file = 'hourly-onedrive-backup-with-alarm.json';

describe(`${file} in a real n8n`, () => {
	let stage: Stage;
	let victim: Drive;
	let victimName: string;

	beforeAll(async () => {
		stage = await Stage.start({ simulator: { users: 2, messages: 1, files: 5, seed: 8, switches: { tenantSize: '50k+' } }, requestLimits: 'none' });
		stage.simulator.tenant.throttle.speed = 1_000;
		const user = stage.simulator.tenant.users.find(({ drive }) => drive !== null)!;
		victim = user.drive!;
		victimName = `${user.userPrincipalName} – OneDrive`;
		fillDrive(victim, { files: 120, folders: 6, averageBytes: 2_000, seed: 4 });
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
	const holds = async (): Promise<string[]> => (await readdir(stage.repositoryFolder, { recursive: true })).filter((name) => name.endsWith('.hold.json'));

	it('sends nothing in an hour like any other', async () => {
		for (const content of ['first', 'second']) {
			victim.addFile('', `${content}.txt`, content);
			const execution = await run(content === 'second');
			expect(execution.error).toBeUndefined();
			expect(nodeRun(execution, 'Back Up').items.map(({ json }) => json['status'])).toContain('complete');
			expect(execution.runs.has('Send Mail')).toBe(false);
		}
		expect(stage.mailServer.mails).toEqual([]);
		expect(await holds()).toEqual([]);
	});

	it.each([
		['as shipped', false],
		['with branches swapped on the canvas', true],
	])('after an encryption holds the last good snapshot, says so in one mail, and ends in an error: %s', async (_name, swap) => {
		const suffix = swap ? 'again' : 'locked';
		for (const one of [...victim.files()]) {
			victim.edit(one, Buffer.from(`encrypted ${suffix} ${one.path}`));
			victim.rename(one, `${one.name}.${suffix}`);
		}
		const execution = await run(swap);
		expect([execution.status, execution.lastNode]).toEqual(['error', 'Stop and Error']);
		const flagged = nodeRun(execution, 'Back Up').items.map(({ json }) => json).filter(({ anomaly }) => (anomaly as { flagged: boolean }).flagged);
		expect(flagged).toHaveLength(1);
		const { held } = flagged[0]!['anomaly'] as { held: string };
		expect((await holds()).some((name) => name.includes(held))).toBe(true);
		expect(stage.mailServer.mails).toHaveLength(1);
		const [mail] = stage.mailServer.mails;
		expect(mail!.subject).toBe('ALARM: unusual changes in 1 of 2 OneDrives');
		expect(mail!.text).toContain(victimName);
		expect(mail!.text).toMatch(/\d+ of \d+ items were renamed since the last backup/);
		expect(mail!.text).toContain(`The snapshot from before, ${held}, is held`);
	});

	it('says which drive could not be backed up', async () => {
		victim.isForbidden = true;
		const execution = await run();
		expect([execution.status, execution.lastNode]).toEqual(['error', 'Stop and Error']);
		expect(stage.mailServer.mails[0]!.subject).toBe('OneDrive backup: 1 of 2 need attention');
		expect(stage.mailServer.mails[0]!.text).toContain(victimName.split(' ')[0]);
	});
});
