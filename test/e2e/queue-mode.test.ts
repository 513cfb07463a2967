import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { realAmbient } from '../../nodes/M365Backup/base/ambient';
import { sourceKey } from '../../nodes/M365Backup/repository/names';
import type { SnapshotRecord } from '../../nodes/M365Backup/repository/records';
import { Repository } from '../../nodes/M365Backup/repository/repository';
import { createS3Client } from '../../nodes/M365Backup/stores/s3/s3-client';
import { openS3Store } from '../../nodes/M365Backup/stores/s3/s3-repository-store';
import { GraphMail } from '../demo/graph-mail';
import { BucketLeases } from '../queue/bucket-leases';
import { lackingForQueue } from '../queue/lacking-for-queue';
import { QueueStage } from '../queue/queue-stage';
import { CephServer, lackingForCeph } from '../s3-server/ceph-server';
import { credentialNames, microsoftCredentialType } from './harness/credentials';
import { nodeRun, type Execution } from './harness/execution';
import type { WorkflowJson, WorkflowNode } from './harness/n8n-client';
import { chain, node, ourNode, pick } from './harness/our-node';

const bucket = 'contoso-backup';
const mailboxes = 50;
const messagesEach = 6;
const concurrency = 5;
const s3CredentialType = 'm365BackupS3Api';
const ended = ['success', 'error', 'crashed', 'canceled'];

const lacking = [lackingForQueue(), lackingForCeph()].filter((reason) => reason !== undefined).join('; ');
if (lacking !== '') {
	it('several machines: n8n in queue mode', (context) => context.skip(lacking));
} else {
	describe(`several machines: n8n in queue mode with two workers, ${mailboxes} mailboxes, a repository in a bucket`, () => {
		let stage: QueueStage;
		let server: CephServer;
		let client: S3Client;
		let leases: BucketLeases;
		/** Mailboxes, by their source key, that the dead worker had in hand; and those whose mail it was waiting for. */
		let orphaned: string[] = [];
		let inTheMiddle: string[] = [];

		beforeAll(async () => {
			[server, stage] = await Promise.all([
				CephServer.start(),
				QueueStage.start({ simulator: { users: mailboxes, messages: messagesEach, folders: 2 }, machines: ['worker-a', 'worker-b'], concurrency }),
			]);
			client = createS3Client(server.settings);
			await client.send(new CreateBucketCommand({ Bucket: bucket }));
			leases = new BucketLeases(client, bucket);
			await stage.n8n.client.createCredential('S3', s3CredentialType, server.settings);
			const { client: n8n } = stage.n8n;
			await n8n.importWorkflow(onlyOneMailbox());
			await n8n.activate('backUpOne');
			await n8n.importWorkflow(allMailboxes(stage.n8n.url));
		});
		afterAll(async () => {
			client?.destroy();
			await stage?.stop();
			await server?.stop();
		});

		const users = (): { id: string; userPrincipalName: string }[] => stage.simulator.tenant.users;
		const keyOf = (id: string): string => sourceKey({ workload: 'mailbox', id, tenantId: stage.simulator.tenantId });

		/** What Back Up of each mailbox said; those without an answer ended otherwise. */
		async function told(executions: readonly Execution[]): Promise<Map<string, Record<string, unknown>>> {
			const summaries = executions.filter(({ runs }) => runs.has('Back Up')).flatMap((execution) => nodeRun(execution, 'Back Up').items.map(({ json }) => json));
			return new Map(summaries.map((summary) => [keyOf((summary['source'] as { id: string }).id), summary]));
		}

		/** As the schedule does it: one execution for each mailbox, wherever there is a worker free. */
		async function startAll(): Promise<() => Promise<Execution[]>> {
			const before = await newestExecution();
			const started = await stage.n8n.client.run('backUpAll', 'Start');
			expect(started.error).toBeUndefined();
			expect(nodeRun(started, 'Hand Out').items).toHaveLength(mailboxes);
			return () => endedSince(before, mailboxes);
		}

		async function newestExecution(): Promise<number> {
			return Math.max(0, ...(await stage.n8n.client.executions('backUpOne')).map(({ id }) => Number(id)));
		}

		async function endedSince(before: number, count: number): Promise<Execution[]> {
			const deadline = Date.now() + 180_000;
			for (;;) {
				const found = (await stage.n8n.client.executions('backUpOne')).filter(({ id }) => Number(id) > before);
				if (found.length >= count && found.every(({ status }) => ended.includes(status))) {
					return await Promise.all(found.map(({ id }) => stage.n8n.client.execution(id)));
				}
				if (Date.now() > deadline) throw new Error(`After three minutes: ${JSON.stringify(found)}\n${(await stage.worker('worker-a').log()).slice(-2000)}`);
				await sleep(500);
			}
		}

		async function snapshots(): Promise<Map<string, SnapshotRecord[]>> {
			const found = new Map<string, SnapshotRecord[]>();
			for (const key of (await leases.keys()).filter((name) => name.endsWith('.snapshot.json'))) {
				const source = key.split('/').at(-2)!;
				found.set(source, [...(found.get(source) ?? []), JSON.parse(await leases.text(key)) as SnapshotRecord]);
			}
			return found;
		}

		/** Kills a worker while it waits for the mail of mailboxes that it has in hand, and returns these. */
		async function killInTheMiddle(worker: string): Promise<string[]> {
			const { faults } = stage.simulator.tenant;
			const stopped = new Set<string>();
			const waiting = new Set<string>();
			faults.script({
				times: Number.POSITIVE_INFINITY,
				do: { delayMs: 120_000 },
				match: (_method, path) => {
					const id = [...stopped].find((one) => path.includes(one));
					if (id === undefined) return false;
					waiting.add(id);
					return true;
				},
			});
			const deadline = Date.now() + 120_000;
			for (;;) {
				// Whatever waited before its lease was seen cannot have given that back.
				const before = [...waiting];
				const held = new Set((await leases.heldBy(worker)).map(({ source }) => source));
				for (const { id } of users()) if (held.has(keyOf(id))) stopped.add(id);
				const caught = before.map((id) => keyOf(id)).filter((source) => held.has(source));
				if (caught.length > 0) {
					await stage.worker(worker).kill();
					faults.clear();
					return caught;
				}
				if (Date.now() > deadline) throw new Error(`${worker} had no mailbox in hand in two minutes\n${(await stage.worker(worker).log()).slice(-2000)}`);
				await sleep(50);
			}
		}

		/** The mailboxes that a dead worker holds, once what it had sent last has arrived in the bucket. */
		async function leftBy(worker: string): Promise<string[]> {
			const deadline = Date.now() + 60_000;
			let last: string | undefined;
			for (;;) {
				const held = (await leases.heldBy(worker)).map(({ source }) => source).sort();
				if (held.join() === last) return held;
				if (Date.now() > deadline) throw new Error(`The leases of ${worker} still change a minute after its end`);
				last = held.join();
				await sleep(1000);
			}
		}

		it('shares the mailboxes out; one worker is killed in the middle, the other one does the rest', async () => {
			stage.simulator.tenant.latencyMs = 200;
			const finished = await startAll();
			const deadline = Date.now() + 120_000;
			for (;;) {
				const done = (await leases.keys()).filter((name) => name.endsWith('.snapshot.json')).length;
				if (done >= mailboxes / 5) break;
				if (Date.now() > deadline) throw new Error(`Only ${done} backups in two minutes\n${(await stage.worker('worker-b').log()).slice(-2000)}`);
				await sleep(50);
			}
			inTheMiddle = await killInTheMiddle('worker-b');
			stage.simulator.tenant.latencyMs = 0;
			orphaned = await leftBy('worker-b');
			expect(orphaned).toEqual(expect.arrayContaining(inTheMiddle));
			expect(orphaned.length).toBeLessThanOrEqual(concurrency);

			const executions = await finished();
			const failed = executions.filter(({ status }) => status !== 'success');
			// n8n itself tells why: the job stalled, since nobody renews its lock any more.
			expect(failed.filter(({ runs }) => runs.get('Back Up')?.some(({ error }) => error !== undefined))).toEqual([]);
			expect(failed.length).toBeGreaterThanOrEqual(orphaned.length);
			expect(failed.length).toBeLessThanOrEqual(concurrency);
			const summaries = await told(executions.filter(({ status }) => status === 'success'));
			expect([...summaries.values()].every(({ status }) => status === 'complete')).toBe(true);
			const hosts = new Set((await leases.all()).map(({ host }) => host));
			expect(hosts).toEqual(new Set(['worker-a', 'worker-b']));
			for (const source of orphaned) expect(summaries.has(source)).toBe(false);
		});

		it('the next run leaves alone what the dead worker may still have in hand; a machine with an empty disk joins', async () => {
			await stage.addWorker('worker-c');
			const summaries = await told(await (await startAll())());
			expect(summaries.size).toBe(mailboxes);
			for (const [source, { status }] of summaries) {
				expect([source, status]).toEqual([source, orphaned.includes(source) ? 'alreadyRunning' : expect.stringMatching(/^(unchanged|complete)$/)]);
			}
		});

		it('when its lease is over, the run after that backs up what was left', async () => {
			for (const lease of await leases.heldBy('worker-b')) await leases.runOut(lease);
			const summaries = await told(await (await startAll())());
			expect(summaries.size).toBe(mailboxes);
			for (const [source, { status }] of summaries) {
				// Others that the worker left may have been killed after their last commit, with nothing but the lease to give back.
				const expected: unknown = inTheMiddle.includes(source) ? 'complete' : orphaned.includes(source) ? expect.stringMatching(/^(complete|unchanged)$/) : 'unchanged';
				expect([source, status]).toEqual([source, expected]);
			}
			expect((await leases.all()).filter(({ isHeld }) => isHeld)).toEqual([]);
		});

		it('nothing is lost: every message of every mailbox is there, byte for byte', async () => {
			const store = await openS3Store(server.settings, { bucket, prefix: '' }, { ambient: realAmbient, readOnly: true, isOverwritten: (key) => key.endsWith('cursor.json') });
			const repository = await Repository.open(store, realAmbient);
			const graph = new GraphMail(stage.simulator.graphUrl, stage.simulator.token, stage.simulator.caFile);
			for (const { id } of users()) {
				const { snapshot, isPartial } = (await repository.newest(keyOf(id)))!;
				expect(isPartial).toBe(false);
				const stored: string[] = [];
				for await (const { type, content } of repository.catalog(snapshot).entries()) {
					if (type !== 'message') continue;
					const hash = createHash('sha256');
					for await (const piece of repository.readContent(keyOf(id), content![0]!)) hash.update(piece);
					stored.push(hash.digest('hex'));
				}
				const wanted = (await graph.messages(id)).map(({ mimeHash }) => mimeHash);
				expect(wanted.length).toBeGreaterThanOrEqual(messagesEach);
				expect(stored.sort()).toEqual(wanted.sort());
			}
		});

		it('no two runs of one mailbox overlapped: each has one history, in which a run begins after the one before it', async () => {
			const all = await snapshots();
			expect([...all.keys()].sort()).toEqual(users().map(({ id }) => keyOf(id)).sort());
			for (const records of all.values()) {
				records.sort((a, b) => a.id.localeCompare(b.id));
				records.forEach(({ parent, startedAt }, index) => {
					const before = records[index - 1];
					expect(parent?.id).toBe(before?.id);
					if (before) expect(Date.parse(startedAt)).toBeGreaterThanOrEqual(Date.parse(before.finishedAt));
				});
			}
		});

		it('one mailbox handed out to both workers at once is backed up by one of them', async () => {
			const { id, userPrincipalName } = users()[0]!;
			const { tenant } = stage.simulator;
			for (let index = 0; index < 3; index++) tenant.mailbox(id).addMime('inbox', mail(`Meeting ${index}`));
			// The run that has the lease waits for its mail until the others have had their answer.
			let release = (): void => undefined;
			const wait = vi.spyOn(tenant, 'wait').mockReturnValue(new Promise<void>((resolve) => (release = resolve)));
			tenant.faults.script({ match: 'GET *$value', times: Number.POSITIVE_INFINITY, do: { delayMs: 1 } });
			const { struck } = tenant.faults;
			const before = await newestExecution();
			const twice = concurrency + 1;
			try {
				await Promise.all(Array.from({ length: twice }, () => handOut(stage.n8n.url, userPrincipalName)));
				await vi.waitUntil(async () => {
					// The others may be told before it gets that far.
					if (tenant.faults.struck === struck) return false;
					const found = (await stage.n8n.client.executions('backUpOne')).filter(({ id: execution }) => Number(execution) > before);
					return found.filter(({ status }) => ended.includes(status)).length >= concurrency;
				}, { timeout: 180_000, interval: 500 });
			} finally {
				tenant.faults.clear();
				release();
				wait.mockRestore();
			}
			const executions = await endedSince(before, twice);
			const statuses = executions.map((execution) => nodeRun(execution, 'Back Up').items[0]!.json['status']);
			expect(statuses.sort()).toEqual([...Array.from({ length: concurrency }, () => 'alreadyRunning'), 'complete']);
		});

		it('a worker that has nothing on its disk goes on where another one was: it downloads what is new and no more', async () => {
			await stage.worker('worker-a').stop();
			const done = (await leases.all()).find(({ host }) => host === 'worker-a')!;
			const user = users().find(({ id }) => keyOf(id) === done.source)!;
			stage.simulator.tenant.mailbox(user.id).addMime('inbox', mail('For the new worker'));
			stage.simulator.requestLog.reset();
			const before = await newestExecution();
			await handOut(stage.n8n.url, user.userPrincipalName);
			const [execution] = await endedSince(before, 1);
			expect(nodeRun(execution!, 'Back Up').items[0]!.json).toMatchObject({ status: 'complete', changes: { added: 1, updated: 0, deleted: 0 } });
			expect(stage.simulator.requestLog.count(/messages\/\{[^}]*\}\/\$value/)).toBe(1);
			expect((await leases.all()).find(({ source }) => source === done.source)!.host).toBe('worker-c');
		});

		it('Verify, on that worker, finds nothing missing', async () => {
			await stage.n8n.client.importWorkflow(chain('verifyAll', [inBucket('Do', 'repository/verify', { thoroughness: 'quick' })]));
			const execution = await stage.n8n.client.run('verifyAll', 'Start');
			expect(execution.error).toBeUndefined();
			expect(nodeRun(execution, 'Do').items[0]!.json).toMatchObject({ ok: true });
		});
	});
}

function inBucket(name: string, what: string, parameters: Record<string, unknown>): WorkflowNode {
	return ourNode(name, what, { repositoryType: 's3Bucket', repositoryBucket: bucket, repositoryBucketFolder: '', ...parameters }, {
		credentials: { [microsoftCredentialType]: { name: credentialNames.microsoft }, [s3CredentialType]: { name: 'S3' } },
	});
}

/** A webhook makes an execution of its own, which any worker may take; a sub-workflow would stay in the worker of its caller. */
function onlyOneMailbox(): WorkflowJson {
	const webhook = node('One Mailbox', 'n8n-nodes-base.webhook', 2, { httpMethod: 'POST', path: 'back-up-one', responseMode: 'onReceived', options: {} }, { webhookId: 'back-up-one' });
	const backUp = inBucket('Back Up', 'mailbox/backUp', { mailbox: pick('={{ $json.body.mailbox }}') });
	return {
		id: 'backUpOne',
		name: 'Back up one mailbox',
		nodes: [webhook, { ...backUp, position: [240, 0] }],
		connections: { 'One Mailbox': { main: [[{ node: 'Back Up', type: 'main', index: 0 }]] } },
		settings: { executionOrder: 'v1' },
	};
}

function allMailboxes(url: string): WorkflowJson {
	return chain('backUpAll', [
		ourNode('Mailboxes', 'mailbox/getMany', { returnAll: true, filters: {} }),
		node('Hand Out', 'n8n-nodes-base.httpRequest', 4.2, {
			method: 'POST',
			url: `${url}/webhook/back-up-one`,
			sendBody: true,
			specifyBody: 'json',
			jsonBody: '={{ { mailbox: $json.id } }}',
			options: {},
		}),
	]);
}

async function handOut(url: string, mailbox: string): Promise<void> {
	const answer = await fetch(`${url}/webhook/back-up-one`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ mailbox }) });
	expect(answer.status).toBe(200);
}

function mail(subject: string): string {
	return `From: a@example.com\r\nTo: b@example.com\r\nSubject: ${subject}\r\nMessage-ID: <${subject.replaceAll(' ', '-')}@example.com>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n${subject}\r\n`;
}
