import { CreateBucketCommand, DeleteObjectCommand, HeadObjectCommand, ListObjectsV2Command, ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realAmbient } from '../../nodes/M365Backup/base/ambient';
import { backUp } from '../../nodes/M365Backup/engine/back-up';
import { isLockable } from '../../nodes/M365Backup/repository/lockable';
import { Repository } from '../../nodes/M365Backup/repository/repository';
import { createLockingStore } from '../../nodes/M365Backup/stores/locking-store';
import { createS3Client } from '../../nodes/M365Backup/stores/s3/s3-client';
import { openS3Store } from '../../nodes/M365Backup/stores/s3/s3-repository-store';
import { GraphMail } from '../demo/graph-mail';
import { AgingProxy } from '../s3-server/aging-proxy';
import { CephServer, lackingForCeph } from '../s3-server/ceph-server';
import { mail, page, RunAmbient, scripted } from '../unit/engine/scripted-workload';
import { SOURCE } from '../unit/repository/fixtures';
import { credentialNames, microsoftCredentialType } from './harness/credentials';
import { nodeRun, type Execution } from './harness/execution';
import type { WorkflowNode } from './harness/n8n-client';
import { chain, ourNode, pick } from './harness/our-node';
import { Stage } from './harness/stage';

const bucket = 'contoso-locked';
const plainBucket = 'contoso-plain';
const folder = 'm365';
/** Of another mailbox, with snapshots that are days old. */
const agedFolder = 'aged';
const s3CredentialType = 'm365BackupS3Api';
const dayMs = 86_400_000;

const lacking = lackingForCeph();
if (lacking !== undefined) {
	it('a locked repository, in a real n8n', (context) => context.skip(lacking));
} else {
	describe('a locked repository, in a real n8n', () => {
		let stage: Stage;
		let server: CephServer;
		let proxy: AgingProxy;
		let client: S3Client;
		let address: string;
		/** n8n finds a credential by its type alone where it has no id. */
		const credentialIds = new Map<string, string>();

		beforeAll(async () => {
			server = await CephServer.start();
			proxy = await AgingProxy.start(server.endpoint, 10 * dayMs);
			client = createS3Client(server.settings);
			await client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }));
			await client.send(new CreateBucketCommand({ Bucket: plainBucket }));
			stage = await Stage.start({ simulator: { users: 1, messages: 10 } });
			for (const [name, endpoint] of [['S3', server.endpoint], ['Aged S3', proxy.endpoint]] as const) {
				credentialIds.set(name, await stage.n8n.client.createCredential(name, s3CredentialType, { ...server.settings, endpoint }));
			}
			const graph = new GraphMail(stage.simulator.graphUrl, stage.simulator.token, stage.simulator.caFile);
			address = (await graph.mailboxes())[0]!.address;
		});
		afterAll(async () => {
			client?.destroy();
			await stage?.stop();
			await proxy?.stop();
			await server?.stop();
		});

		async function run(id: string, what: string, parameters: Record<string, unknown>, name = 'S3'): Promise<Execution> {
			const place = { repositoryType: 's3Bucket', repositoryBucket: bucket, repositoryBucketFolder: folder, repositoryLockDays: 30 };
			const ours: WorkflowNode = ourNode('Do', what, { ...place, ...parameters }, {
				credentials: { [microsoftCredentialType]: { name: credentialNames.microsoft }, [s3CredentialType]: { id: credentialIds.get(name)!, name } },
			});
			const workflow = chain(id, [ours]);
			await stage.put(workflow);
			return await stage.n8n.client.run(workflow.id, 'Start');
		}

		async function done(...parameters: Parameters<typeof run>): Promise<Record<string, unknown>[]> {
			const execution = await run(...parameters);
			expect(execution.error).toBeUndefined();
			return nodeRun(execution, 'Do').items.map(({ json }) => json);
		}

		async function objects(prefix: string): Promise<string[]> {
			const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: `${prefix}/` }));
			return (Contents ?? []).map(({ Key }) => String(Key));
		}

		const lockOf = async (Key: string): Promise<{ mode: string | undefined; untilMs: number; version: string }> => {
			const { ObjectLockMode, ObjectLockRetainUntilDate, VersionId } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key }));
			return { mode: ObjectLockMode, untilMs: ObjectLockRetainUntilDate?.getTime() ?? 0, version: VersionId! };
		};
		const isWrittenOnce = (key: string): boolean => isLockable(key.slice(folder.length + 1));

		it('Back Up says until when it is immutable, and every file that is written once is locked', async () => {
			const [summary] = await done('lockBackUp', 'mailbox/backUp', { mailbox: pick(address), repositoryLockDays: 2 });
			expect(summary).toMatchObject({ status: 'complete', warnings: [] });
			const untilMs = Date.parse(summary!['immutableUntil'] as string);
			expect(untilMs).toBeGreaterThan(Date.now() + 1.9 * dayMs);
			const names = (await objects(folder)).filter(isWrittenOnce);
			expect(names.length).toBeGreaterThanOrEqual(6);
			for (const name of names) {
				const lock = await lockOf(name);
				expect(lock.mode).toBe('COMPLIANCE');
				// The guide for people is written before the run begins and not needed for anything.
				expect(lock.untilMs).toBeGreaterThanOrEqual(name.endsWith('README.txt') ? Date.now() + dayMs : untilMs);
			}
			expect((await lockOf((await objects(folder)).find((name) => name.endsWith('/cursor.json'))!)).mode).toBeUndefined();
		});

		it('whoever has the keys of the storage cannot delete an archive', async () => {
			const archive = (await objects(folder)).find((name) => name.endsWith('.zip'))!;
			const { version } = await lockOf(archive);
			await expect(client.send(new DeleteObjectCommand({ Bucket: bucket, Key: archive, VersionId: version }))).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
			await expect(
				client.send(new DeleteObjectCommand({ Bucket: bucket, Key: archive, VersionId: version, BypassGovernanceRetention: true })),
			).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
			expect(await objects(folder)).toContain(archive);
		});

		it('a run that finds nothing new extends the locks', async () => {
			const before = new Map(await Promise.all((await objects(folder)).filter(isWrittenOnce).map(async (name) => [name, (await lockOf(name)).untilMs] as const)));
			const [summary] = await done('lockBackUp', 'mailbox/backUp', { mailbox: pick(address) });
			expect(summary).toMatchObject({ status: 'unchanged', warnings: [] });
			const untilMs = Date.parse(summary!['immutableUntil'] as string);
			expect(untilMs).toBeGreaterThan(Date.now() + 29 * dayMs);
			for (const [name, earlier] of before) if (!name.endsWith('README.txt')) expect((await lockOf(name)).untilMs, name).toBeGreaterThan(earlier + 20 * dayMs);
		});

		it('Hold locks what it holds, Release gives it free for prune', async () => {
			const common = { source: pick(address), snapshot: pick('latest', 'list') };
			const [held] = await done('lockHold', 'snapshot/hold', { ...common, reason: 'Case', heldBy: 'legal@example.com' });
			expect(held).toMatchObject({ held: true });
			expect(Date.parse(held!['immutableUntil'] as string)).toBeGreaterThan(Date.now() + 29 * dayMs);
			expect(await done('lockRelease', 'snapshot/release', common)).toMatchObject([{ held: false, wasHeldBefore: true }]);
		});

		it('Prune, previewed and real, says until when snapshots are locked, and removes nothing of them', async () => {
			await backUpInThePast();
			const before = await objects(agedFolder);
			const common = { repositoryBucketFolder: agedFolder, source: pick(SOURCE.name), retention: 'days', keepDays: 1 };
			const rows = await done('lockPrune', 'snapshot/prune', { ...common, mode: 'preview', output: 'snapshots' }, 'Aged S3');
			expect(rows.map(({ decision }) => decision)).toEqual(['keep', 'keep', 'wait', 'wait']);
			for (const row of rows.slice(2)) {
				const { untilMs } = await lockOf(before.find((name) => name.includes(`${String(row['snapshot'])}.snapshot.json`))!);
				expect(row['until']).toBe(new Date(untilMs).toISOString());
				expect(row['reason']).toContain(`locked until ${String(row['until'])}`);
			}
			const [summary] = await done('lockPrune', 'snapshot/prune', { ...common, mode: 'prune', output: 'sources' }, 'Aged S3');
			expect(summary).toMatchObject({ removed: 0, kept: 2, waiting: 2, locked: 2, freedFiles: 0 });
			expect(summary!['lockedUntil']).toBe(rows.map(({ until }) => String(until)).filter((until) => until.startsWith('2')).sort()[0]);
			expect(summary!['message']).toMatch(/2 more are locked, the first until 20\d\d-/);
			expect(await objects(agedFolder)).toEqual(before);
			const { DeleteMarkers } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket }));
			expect(DeleteMarkers ?? []).toEqual([]);
		});

		it('says what to do where the bucket cannot lock, and writes nothing into it', async () => {
			const execution = await run('lockNoLock', 'mailbox/backUp', { mailbox: pick(address), repositoryBucket: plainBucket });
			expect(execution.status).toBe('error');
			expect(execution.error!.message).toContain('cannot lock files against deletion');
			expect(execution.error!.description).toContain('Create a new bucket with object lock');
			expect((await client.send(new ListObjectsV2Command({ Bucket: plainBucket }))).Contents ?? []).toEqual([]);
		});

		/** Four snapshots of a mailbox, the last one three days old. */
		async function backUpInThePast(): Promise<void> {
			const inner = await openS3Store(server.settings, { bucket, prefix: agedFolder }, { ambient: realAmbient, isOverwritten: (key) => key.endsWith('/cursor.json') });
			const store = createLockingStore(inner, { days: 30, ambient: realAmbient, isLockable });
			const ambient = new RunAmbient();
			ambient.time = Date.now() - 10 * dayMs;
			for (let index = 0; index < 4; index++) {
				const repository = await Repository.open(store, ambient, { create: true });
				await backUp({ repository, source: SOURCE, workload: scripted({ pages: [page([mail(`mail/${index}`)], `L${index}`)] }), ambient });
				ambient.advance(2 * dayMs);
			}
		}
	});
}
