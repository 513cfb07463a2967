import { createHash } from 'node:crypto';
import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createS3Client } from '../../nodes/M365Backup/stores/s3/s3-client';
import { compareMail, GraphMail } from '../demo/graph-mail';
import { CephServer, lackingForCeph } from '../s3-server/ceph-server';
import { FaultyProxy } from '../s3-server/faulty-proxy';
import { confirmations, CopiedStorage, writeOnceFiles } from './harness/copied-storage';
import { nodeRun, type Execution } from './harness/execution';
import type { WorkflowJson } from './harness/n8n-client';
import { swapped } from './harness/our-node';
import { setFields, workflowForHere } from './harness/shipped-workflows';
import { Stage } from './harness/stage';

const bucket = 'm365-backup-copy';

const lacking = lackingForCeph();
if (lacking !== undefined) {
	it('copy-to-s3.json in a real n8n', (context) => context.skip(lacking));
} else {
	describe('copy-to-s3.json in a real n8n', () => {
		let server: CephServer;
		let proxy: FaultyProxy;
		let client: S3Client;
		let stage: Stage;
		let storage: CopiedStorage;

		beforeAll(async () => {
			server = await CephServer.start();
			proxy = await FaultyProxy.start(server.endpoint);
			client = createS3Client(server.settings);
			await client.send(new CreateBucketCommand({ Bucket: bucket }));
			stage = await Stage.start({ simulator: { users: 2, messages: 20 } });
			const { region, accessKeyId, secretAccessKey } = server.settings;
			await stage.n8n.client.createCredential('S3', 's3', { endpoint: proxy.endpoint, region, accessKeyId, secretAccessKey, forcePathStyle: true });
			storage = new CopiedStorage(stage, 'copy-to-s3.json', (same) => same, () => heldBy(client));
		});
		afterAll(async () => {
			client?.destroy();
			await stage?.stop();
			await proxy?.stop();
			await server?.stop();
		});
		beforeEach(() => {
			stage.mailServer.mails.length = 0;
			proxy.clear();
		});

		it('confirms nothing while the storage cannot be reached, and says why', async () => {
			proxy.script({ method: 'GET', url: /\?location/, lose: 'request', times: 100 });
			const execution = await storage.run();
			expect(confirmations(execution, 'Confirm Copied')).not.toContain(true);
			expect(execution.lastNode).toBe('Stop and Error');
			expect(storage.mail.subject).toBe('Mailbox backup: the copy in S3 is not complete');
			expect(storage.mail.text).toContain('0 files were copied to S3');
			expect(storage.mail.text).toMatch(/- repository\.json: the storage node reported: .*(hang up|aborted|reset|connection)/i);
			expect(await storage.held()).toEqual(new Map());
		});

		it('confirms those that arrived when some uploads are refused, some are cut off, and some answers are lost', async () => {
			proxy.script({ method: 'PUT', url: /README\.txt/, answer: { status: 500, code: 'InternalError', message: 'try again' } });
			proxy.script({ method: 'PUT', url: /archive-0001\.zip/, lose: 'request' });
			proxy.script({ method: 'PUT', url: /\.snapshot\.json/, lose: 'answer' });
			const execution = await storage.run();
			const unconfirmed = nodeRun(execution, 'Confirm Copied').items.filter(({ json }) => json['confirmed'] !== true);
			expect(unconfirmed.map(({ json }) => String(json['fileName']).replace(/^.*\.(?=\w+(-\d+)?\.\w+$)/, '')).sort()).toEqual(['README.txt', 'archive-0001.zip', 'snapshot.json']);
			expect(confirmations(execution, 'Confirm Copied').filter((one) => one).length).toBeGreaterThan(4);
			const held = await storage.held();
			for (const { json } of nodeRun(execution, 'Confirm Copied').items) if (json['confirmed'] === true) expect(held.has(String(json['fileName']))).toBe(true);
			expect(storage.mail.text).toContain('3 files were not copied or deleted; they are tried again in the next run:');
		});

		it('completes the copy in the next run, and has nothing to do after that', async () => {
			expect((await storage.run()).error).toBeUndefined();
			expect(storage.mail.text).toContain('3 files were copied to S3, 0 old ones were deleted there.');
			await storage.expectComplete();
			expect((await storage.run()).error).toBeUndefined();
			expect(storage.mail.text).toContain('0 files were copied to S3, 0 old ones were deleted there.');
			expect(proxy.count('PUT', /./)).toBe(3);
		});

		it.each([
			['as shipped', (same: WorkflowJson) => same],
			['with branches swapped on the canvas', swapped],
		])('copies what is new, and deletes what prune removed, also after a deletion that failed: %s', async (name, change) => {
			storage.addMail(`New ${name}`);
			expect((await storage.run()).error).toBeUndefined();
			const removed = await storage.prune();
			expect(removed.length).toBeGreaterThan(2);
			proxy.script({ method: 'DELETE', url: /./, answer: { status: 503, code: 'SlowDown' } });
			proxy.script({ method: 'DELETE', url: /./, lose: 'answer' });
			const first = await storage.run(change);
			expect(confirmations(first, 'Confirm Deleted').filter((one) => !one)).toHaveLength(2);
			expect(storage.mail.subject).toBe('Mailbox backup: the copy in S3 is not complete');
			const second = await storage.run(change);
			expect(second.error).toBeUndefined();
			expect(confirmations(second, 'Confirm Deleted')).toEqual([true, true]);
			const held = await storage.held();
			for (const file of removed) expect(held.has(file), file).toBe(false);
			expect([...held.keys()].sort()).toEqual([...(await writeOnceFiles(stage.repositoryFolder)).keys()].map((path) => path.replace('/', '.')).sort());
			await storage.expectComplete();
			expect((await storage.run()).runs.has('Confirm Deleted')).toBe(false);
		});

		it('keep-archives-in-s3.json removes here what it has read back and proved, and keeps what came back damaged', async () => {
			await age(stage.repositoryFolder, 40);
			const before = await archives(stage.repositoryFolder);
			expect(before.length).toBeGreaterThan(3);
			proxy.script({ method: 'GET', url: /archive-0001\.zip/, answer: { status: 503, code: 'SlowDown' } });
			const execution = await runWorkflow(stage, 'keep-archives-in-s3.json');
			expect(execution.lastNode).toBe('Stop and Error');
			expect(storage.mail.subject).toBe('Archives in S3: 1 stay here, too');
			expect(storage.mail.text).toMatch(new RegExp(`^${before.length - 1} archives \\(\\d+ MB\\) were read back from S3[\\s\\S]*archive-0001\\.zip: the storage node reported`));
			expect(await archives(stage.repositoryFolder)).toHaveLength(1);
			const again = await runWorkflow(stage, 'keep-archives-in-s3.json', swapped);
			expect(again.error).toBeUndefined();
			expect(storage.mail.subject).toBe('Archives in S3: 1 more are there alone');
			expect(await archives(stage.repositoryFolder)).toEqual([]);
			stage.mailServer.mails.length = 0;
			expect((await runWorkflow(stage, 'keep-archives-in-s3.json')).error).toBeUndefined();
			expect(stage.mailServer.mails).toEqual([]);
		});

		it('backs up as ever without them, and copies nothing twice', async () => {
			storage.addMail('After the archives went');
			const execution = await storage.run();
			expect(execution.error).toBeUndefined();
			expect(nodeRun(execution, 'Back Up').items.map(({ json }) => json['status'])).toEqual(['complete', 'complete']);
			expect(await archives(stage.repositoryFolder)).toHaveLength(2);
			expect(nodeRun(execution, 'Confirm Copied').items.filter(({ json }) => String(json['fileName']).endsWith('.zip'))).toHaveLength(2);
		});

		it.each([
			['as shipped', (same: WorkflowJson) => same],
			['with branches swapped on the canvas', swapped],
		])('restore-from-copied-archives.json brings back just what a message needs, and restores it: %s', async (_name, change) => {
			const graph = new GraphMail(stage.simulator.graphUrl, stage.simulator.token, stage.simulator.caFile);
			const [mailbox] = await graph.mailboxes();
			const all = await graph.messages(mailbox!.id);
			const lost = all.find(({ folder, properties }) => folder === 'Inbox' && properties['isDraft'] === false && !String(properties['subject']).startsWith('New') && !String(properties['subject']).startsWith('After'))!;
			await graph.deletePermanently(mailbox!.id, lost.id);
			const here = (await archives(stage.repositoryFolder)).length;
			const execution = await runWorkflow(stage, 'restore-from-copied-archives.json', (workflow) => {
				setFields(workflow, 'What to Look For', { mailbox: mailbox!.address, subject: String(lost.properties['subject']), approved: true });
				return change(workflow);
			});
			expect(execution.error).toBeUndefined();
			expect(nodeRun(execution, 'Restore').items.map(({ json }) => json['outcome'])).toContain('created');
			const now = (await graph.messages(mailbox!.id)).filter(({ internetMessageId }) => internetMessageId === lost.internetMessageId);
			expect(compareMail([lost], now).differences).toEqual([]);
			// The second message is in the archive that the first has brought back.
			expect((await archives(stage.repositoryFolder)).length - here).toBe(execution.runs.has('Bring Back') ? 1 : 0);
		});

		it('gives back the whole repository from the bucket alone, in a second run what could not be downloaded in the first', async () => {
			proxy.script({ method: 'GET', url: /archive-0001\.zip/, answer: { status: 503, code: 'SlowDown' } });
			proxy.script({ method: 'GET', url: /archive-0001\.zip/, tornAfterBytes: 100 });
			const torn = await storage.rebuild((same) => same);
			expect(torn.lastNode).toBe('Verify');
			expect(torn.error!.message).toContain('2 files are damaged or missing');
			const [result] = nodeRun(torn, 'Result').items;
			expect(result!.json['refused']).toEqual([expect.stringMatching(/archive-0001\.zip: the storage node reported/), expect.stringMatching(/archive-0001\.zip: /)]);
			const execution = await storage.expectRebuild((same) => same);
			expect(nodeRun(execution, 'Result').items[0]!.json).toMatchObject({ refused: [], imported: 2 });
		});
	});
}

async function runWorkflow(stage: Stage, file: string, change: (workflow: WorkflowJson) => WorkflowJson = (same) => same): Promise<Execution> {
	const workflow = change(await workflowForHere(file, stage.n8n.filesFolder));
	await stage.put(workflow);
	return stage.n8n.client.run(workflow.id, 'Run by Hand');
}

async function archives(folder: string): Promise<string[]> {
	return (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.zip'));
}

/** As if all files had been written so many days ago. */
async function age(folder: string, days: number): Promise<void> {
	const then = new Date(Date.now() - days * 86_400_000);
	for (const name of await archives(folder)) await utimes(join(folder, name), then, then);
}

async function heldBy(client: S3Client): Promise<Map<string, string>> {
	const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
	const held = new Map<string, string>();
	for (const { Key = '' } of Contents) {
		const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
		held.set(Key.replace(/^m365\//, ''), createHash('sha256').update(await Body!.transformToByteArray()).digest('hex'));
	}
	return held;
}
