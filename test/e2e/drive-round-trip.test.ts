import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareItems, type ItemDifference } from '../demo/compare-items';
import { seenFiles, type FileKind, type SeenFile } from '../demo/graph-files';
import { GraphReader } from '../demo/graph-reader';
import { addDriveVariety, fillDrive } from '../simulator/drive-generate';
import type { Drive } from '../simulator/drive-store';
import { nodeRun, type Execution } from './harness/execution';
import { fileHash } from './harness/file-hash';
import { expectMeasured, expectPromises, measured } from './harness/measured-fidelity';
import { chain, ourNode, pick } from './harness/our-node';
import type { WorkflowJson } from './harness/n8n-client';
import { Stage } from './harness/stage';

/** Fewer for whoever is in a hurry. */
const files = Number(process.env['M365_FILES'] ?? 20_000);
const folders = files / 10;

/**
 * A large OneDrive through a real n8n: backed up, lost, restored, and compared property by property with what Graph
 * served before, bytes by SHA-256, by code that shares nothing with ours.
 */
describe(`a OneDrive of ${files} files in ${folders} folders in a real n8n`, () => {
	let stage: Stage;
	let graph: GraphReader;
	let drive: Drive;
	let before: SeenFile[];
	let after: SeenFile[];
	let backedUp: Execution;
	let restored: Execution;
	let differences: ItemDifference<FileKind>[];
	/** What Microsoft gives to nobody. */
	const refused = ['eicar.com', 'Notebook'];

	beforeAll(async () => {
		stage = await Stage.start({ simulator: { users: 1, messages: 1, switches: { tenantSize: '50k+' } }, requestLimits: 'none' });
		const { tenant, graphUrl, token, caFile } = stage.simulator;
		// What this takes a minute of computing would take an hour by the quotas of a real tenant.
		tenant.throttle.speed = 10_000;
		graph = new GraphReader(graphUrl, token, caFile);
		const user = tenant.users.find((one) => one.drive !== null)!;
		drive = user.drive!;
		fillDrive(drive, { files, folders, averageBytes: 6_000, seed: 11 });
		addDriveVariety(drive);
		before = await see();

		const common = { repositoryFolder: stage.repositoryFolder };
		backedUp = await run(chain('backUpDrive', [ourNode('Back Up', 'drive/backUp', { ...common, driveOf: 'user', driveUser: pick(user.userPrincipalName) })]));
		for (const child of [...drive.root.children!.values()]) drive.purge(child);
		expect(await see()).toEqual([]);
		restored = await run(
			chain('restoreDrive', [ourNode('Restore', 'item/restore', { ...common, mode: 'restore', source: pick(`${user.userPrincipalName} – OneDrive`), selection: 'everything', destination: 'original', conflictPolicy: 'skip' })]),
		);
		after = await see();
		differences = compareItems(before, after);
	}, 3_600_000);
	afterAll(async () => stage?.stop());

	async function see(): Promise<SeenFile[]> {
		const seen = await seenFiles(graph, `/drives/${drive.id}`, (id) => fileHash(drive, id));
		return seen.sort((a, b) => (`${a.place}/${a.name}` < `${b.place}/${b.name}` ? -1 : 1));
	}

	async function run(workflow: WorkflowJson): Promise<Execution> {
		await stage.put(workflow);
		const execution = await stage.n8n.client.run(workflow.id, 'Start');
		expect(execution.error).toBeUndefined();
		return execution;
	}

	it('is backed up completely, at little more than a request a file', () => {
		const [item] = nodeRun(backedUp, 'Back Up').items;
		expect(item!.json).toMatchObject({ status: 'complete', changes: { failed: 0 }, source: { workload: 'drive', id: drive.id } });
		const { requests } = item!.json['graph'] as { requests: number };
		const contents = before.filter(({ kind }) => kind === 'file').length;
		expect(requests).toBeLessThanOrEqual(contents + Math.ceil(before.length / 200) + 40);
		console.log(item!.json['message'], `${requests} requests`, `${String(item!.json['durationSeconds'])} s`);
	});

	it('comes back whole: every file once, every byte, nothing failed', () => {
		const failed = nodeRun(restored, 'Restore').items.filter(({ json }) => json['outcome'] === 'failed' || json['error'] !== undefined);
		expect(failed.map(({ json }) => json).filter(({ name }) => !refused.includes(String(name)))).toEqual([]);
		const missing = differences.filter(({ now }) => now === undefined).map(({ was }) => was);
		expect(missing.filter(({ name, place }) => !refused.includes(name) && !place.split('/').some((part) => refused.includes(part)))).toEqual([]);
		expect(differences.filter(({ properties }) => properties.some((property) => ['content', 'name', 'size'].includes(property)))).toEqual([]);
		expect(after.length).toBe(before.length - missing.length);
		expect(stage.simulator.tenant.outbox).toEqual([]);
		expect(stage.simulator.misses).toEqual([]);
		expect(stage.simulator.tenant.leaks).toEqual([]);
	});

	it('what differs of files is what the README says, and nothing else', () => {
		const table = measured(before, differences, 'file');
		expectPromises('Files', table);
		expectMeasured('Files', table);
	});

	it('loses nothing the second time: a further restore changes nothing', async () => {
		const again = await run({ ...(await stage.n8n.client.workflow('restoreDrive')), id: 'restoreDrive' });
		const outcomes = new Set(nodeRun(again, 'Restore').items.filter(({ json }) => !refused.includes(String(json['name']))).map(({ json }) => json['outcome']));
		expect(outcomes).toEqual(new Set(['skipped']));
		expect(await see()).toEqual(after);
	});
});
