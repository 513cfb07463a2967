import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillDrive } from '../simulator/drive-generate';
import type { Drive } from '../simulator/drive-store';
import { nodeRun, type Execution } from './harness/execution';
import { fileHash } from './harness/file-hash';
import type { WorkflowJson } from './harness/n8n-client';
import { chain, ourNode, pick } from './harness/our-node';
import { Stage } from './harness/stage';

const files = 600;

/**
 * The morning after: every file of a drive was rewritten and renamed, the nightly backup has stored that state, too, and
 * the restore goes back to the state of the day before, in place.
 */
describe('a ransomware morning in a real n8n', () => {
	let stage: Stage;
	let drive: Drive;
	let before: Map<string, string>;
	let ids: Map<string, string>;
	let dayBefore: string;
	let restored: Execution;
	let common: Record<string, unknown>;

	beforeAll(async () => {
		stage = await Stage.start({ simulator: { users: 1, messages: 1, switches: { tenantSize: '50k+' } }, requestLimits: 'none' });
		const { tenant } = stage.simulator;
		tenant.throttle.speed = 10_000;
		const user = tenant.users.find((one) => one.drive !== null)!;
		drive = user.drive!;
		fillDrive(drive, { files, folders: 60, averageBytes: 4_000, seed: 13 });
		before = state();
		ids = new Map([...drive.files()].map((file) => [file.path, drive.idOf(file)]));

		common = { repositoryFolder: stage.repositoryFolder };
		const backUp = chain('nightly', [ourNode('Back Up', 'drive/backUp', { ...common, driveOf: 'user', driveUser: pick(user.userPrincipalName) })]);
		const first = nodeRun(await run(backUp), 'Back Up').items[0]!.json;
		dayBefore = (first['snapshot'] as { time: string }).time;
		// A snapshot is as old as its end, told in seconds.
		await new Promise((resolve) => setTimeout(resolve, 2_000));
		attack();
		const second = nodeRun(await run(backUp), 'Back Up').items[0]!.json;
		expect(second).toMatchObject({ status: 'complete', changes: { updated: files, deleted: 0 } });
		restored = await run(
			chain('goBack', [
				ourNode('Restore', 'item/restore', {
					...common,
					mode: 'restore',
					source: pick(`${user.userPrincipalName} – OneDrive`),
					snapshot: pick(dayBefore, 'asOf'),
					selection: 'everything',
					destination: 'original',
					conflictPolicy: 'replace',
				}),
			]),
		);
	}, 1_800_000);
	afterAll(async () => stage?.stop());

	function attack(): void {
		for (const file of [...drive.files()]) {
			drive.edit(file, Buffer.from(`encrypted ${file.path}`));
			drive.rename(file, `${file.name}.locked`);
		}
		drive.addFile('', 'HOW TO PAY.txt', 'Send coins');
	}

	/** SHA-256 by path. */
	function state(): Map<string, string> {
		return new Map([...drive.files()].map((file) => [file.path, fileHash(drive, drive.idOf(file))]));
	}

	async function run(workflow: WorkflowJson): Promise<Execution> {
		await stage.put(workflow);
		const execution = await stage.n8n.client.run(workflow.id, 'Start');
		expect(execution.error).toBeUndefined();
		return execution;
	}

	it('gives every file its name and every byte back', () => {
		const failed = nodeRun(restored, 'Restore').items.filter(({ json }) => json['outcome'] === 'failed' || json['error'] !== undefined);
		expect(failed.map(({ json }) => json)).toEqual([]);
		const now = state();
		expect(now.get('HOW TO PAY.txt')).toBeDefined();
		now.delete('HOW TO PAY.txt');
		expect([...now.keys()].filter((path) => path.endsWith('.locked'))).toEqual([]);
		expect(now).toEqual(before);
	});

	it('does so in place: ids, and with them sharing and versions, are the same', () => {
		expect(new Map([...drive.files()].filter(({ name }) => name !== 'HOW TO PAY.txt').map((file) => [file.path, drive.idOf(file)]))).toEqual(ids);
		expect(stage.simulator.tenant.outbox).toEqual([]);
		expect(stage.simulator.misses).toEqual([]);
	});

	it('finds nothing to do the second time', async () => {
		const again = await run({ ...(await stage.n8n.client.workflow('goBack')), id: 'goBack' });
		expect(new Set(nodeRun(again, 'Restore').items.map(({ json }) => json['outcome']))).toEqual(new Set(['skipped']));
		expect(state().size).toBe(files + 1);
	});
});
