import { CreateBucketCommand, ListMultipartUploadsCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { access } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createS3Client } from '../../nodes/M365Backup/stores/s3/s3-client';
import { compareMail, GraphMail, type SeenMessage } from '../demo/graph-mail';
import { CephServer, lackingForCeph } from '../s3-server/ceph-server';
import { credentialNames, microsoftCredentialType } from './harness/credentials';
import { nodeRun, type Execution } from './harness/execution';
import type { WorkflowNode } from './harness/n8n-client';
import { chain, ourNode, pick } from './harness/our-node';
import { ourNodeType } from './harness/shipped-workflows';
import { Stage } from './harness/stage';

const bucket = 'contoso-backup';
const folder = 'm365/contoso';
const s3CredentialType = 'm365BackupS3Api';
/** Larger than a part of an upload, so that its archive goes over in several. */
const largeMailBytes = 20 * 1024 * 1024;

const lacking = lackingForCeph();
if (lacking !== undefined) {
	it('a repository in an S3 bucket, in a real n8n', (context) => context.skip(lacking));
} else {
	describe('a repository in an S3 bucket, in a real n8n', () => {
		let stage: Stage;
		let server: CephServer;
		let client: S3Client;
		let graph: GraphMail;
		let mailbox: { id: string; address: string };
		let messages: SeenMessage[];
		let credentialTest: { status: string; message: string };
		/** n8n finds a credential by its type alone where it has no id. */
		const credentialIds = new Map<string, string>();

		beforeAll(async () => {
			server = await CephServer.start();
			client = createS3Client(server.settings);
			await client.send(new CreateBucketCommand({ Bucket: bucket }));
			stage = await Stage.start({ simulator: { users: 1, messages: 30 } });
			stage.simulator.tenant.users[0]!.mailbox!.addMime('inbox', largeMail());
			for (const [name, more] of [['S3', {}], ['Wrong S3', { secretAccessKey: 'wrong-secret-access-key' }]] as const) {
				credentialIds.set(name, await stage.n8n.client.createCredential(name, s3CredentialType, { ...server.settings, ...more }));
			}
			credentialTest = await stage.n8n.client.testCredential(credentialIds.get('S3')!, 'S3', s3CredentialType, server.settings);
			graph = new GraphMail(stage.simulator.graphUrl, stage.simulator.token, stage.simulator.caFile);
			mailbox = (await graph.mailboxes())[0]!;
			messages = await graph.messages(mailbox.id);
		});
		afterAll(async () => {
			client?.destroy();
			await stage?.stop();
			await server?.stop();
		});

		function node(what: string, parameters: Record<string, unknown>, more: { credential?: string; place?: Record<string, unknown> } = {}): WorkflowNode {
			const name = more.credential ?? 'S3';
			const place = { repositoryType: 's3Bucket', repositoryBucket: bucket, repositoryBucketFolder: folder, ...more.place };
			return ourNode('Do', what, { ...place, ...parameters }, {
				credentials: { [microsoftCredentialType]: { name: credentialNames.microsoft }, [s3CredentialType]: { id: credentialIds.get(name)!, name } },
			});
		}

		async function run(id: string, ours: WorkflowNode): Promise<Execution> {
			const workflow = chain(id, [ours]);
			await stage.put(workflow);
			return await stage.n8n.client.run(workflow.id, 'Start');
		}

		async function done(id: string, ours: WorkflowNode): Promise<Record<string, unknown>[]> {
			const execution = await run(id, ours);
			expect(execution.error).toBeUndefined();
			return nodeRun(execution, 'Do').items.map(({ json }) => json);
		}

		async function objects(): Promise<string[]> {
			const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
			return (Contents ?? []).map(({ Key }) => String(Key));
		}

		const backUp = (more: Parameters<typeof node>[2] = {}): WorkflowNode => node('mailbox/backUp', { mailbox: pick(mailbox.address) }, more);

		it('the test of the credential tells right from wrong keys, without showing them', async () => {
			expect(credentialTest).toMatchObject({ status: 'OK' });
			const wrong = { ...server.settings, secretAccessKey: 'wrong-secret-access-key' };
			const answer = await stage.n8n.client.testCredential('', 'Wrong', s3CredentialType, wrong);
			expect(answer.status).toBe('Error');
			expect(answer.message).toMatch(/the secret access key is wrong/);
			const nobody = await stage.n8n.client.testCredential('', 'Nobody', s3CredentialType, { ...server.settings, endpoint: 'http://127.0.0.1:9' });
			expect(nobody.message).toMatch(/ECONNREFUSED.*Check the endpoint/s);
			expect(JSON.stringify([answer, nobody])).not.toContain('wrong-secret-access-key');
		});

		it('Back Up writes the repository into the bucket and nowhere else', async () => {
			const [summary] = await done('s3BackUp', backUp());
			expect(summary).toMatchObject({ status: 'complete', totals: { items: expect.any(Number) as number } });
			const names = await objects();
			expect(names).toContain(`${folder}/repository.json`);
			expect(names.every((name) => name.startsWith(`${folder}/`))).toBe(true);
			expect(names.filter((name) => name.endsWith('.snapshot.json'))).toHaveLength(1);
			expect(names.some((name) => name.includes('m365-backup-temp'))).toBe(false);
			expect((await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? []).toEqual([]);
			await expect(access(stage.repositoryFolder)).rejects.toThrow('ENOENT');
		});

		it('a quiet run says so and writes no snapshot', async () => {
			const [summary] = await done('s3BackUp', backUp());
			expect(summary).toMatchObject({ status: 'unchanged' });
			expect((await objects()).filter((name) => name.endsWith('.snapshot.json'))).toHaveLength(1);
		});

		it('the editor lists what is in the bucket', async () => {
			const found = await stage.n8n.client.request<{ results: { name: string }[] }>('POST', '/dynamic-node-parameters/resource-locator-results', {
				path: 'parameters.source',
				methodName: 'searchSources',
				nodeTypeAndVersion: { name: ourNodeType, version: 1 },
				currentNodeParameters: node('snapshot/getMany', {}).parameters,
				credentials: { [s3CredentialType]: { id: credentialIds.get('S3')!, name: 'S3' } },
			});
			expect(found.results.map(({ name }) => name).join()).toContain(mailbox.address);
		});

		it('Restore brings back every message as it was', async () => {
			for (const { id } of messages) await graph.deletePermanently(mailbox.id, id);
			expect(await graph.messages(mailbox.id)).toEqual([]);
			await done('s3Restore', node('item/restore', { mode: 'restore', source: pick(mailbox.address), selection: 'everything', destination: 'original', conflictPolicy: 'skip' }));
			const wanted = messages.filter(({ properties }) => properties['isDraft'] === false);
			const back = (await graph.messages(mailbox.id)).filter(({ properties }) => properties['isDraft'] === false);
			expect(compareMail(wanted, back).differences).toEqual([]);
		});

		it('Prune plans and prunes, and Verify proves every byte', async () => {
			await done('s3BackUp', backUp());
			const [preview] = await done('s3Prune', node('snapshot/prune', { source: pick(mailbox.address), mode: 'preview', retention: 'days', keepDays: 1 }));
			expect(preview).toMatchObject({ removed: 0 });
			const [pruned] = await done('s3Prune', node('snapshot/prune', { source: pick(mailbox.address), mode: 'prune', retention: 'days', keepDays: 1 }));
			expect(Number(pruned!['kept']) + Number(pruned!['waiting'])).toBe(2);
			const [verified] = await done('s3Verify', node('repository/verify', { thoroughness: 'deep' }));
			expect(verified).toMatchObject({ ok: true });
		});

		it('Hold and Release write into the bucket, too', async () => {
			const common = { source: pick(mailbox.address), snapshot: pick('latest', 'list') };
			expect(await done('s3Hold', node('snapshot/hold', { ...common, reason: 'Case 4711', heldBy: 'legal@example.com' }))).toMatchObject([{ held: true }]);
			expect((await objects()).filter((name) => name.endsWith('.hold.json'))).toHaveLength(1);
			expect(await done('s3Release', node('snapshot/release', common))).toMatchObject([{ held: false, wasHeldBefore: true }]);
			expect((await objects()).filter((name) => name.endsWith('.hold.json'))).toEqual([]);
		});

		it('Verify finds an archive that somebody changed in the bucket', async () => {
			const archive = (await objects()).find((name) => name.endsWith('.zip'))!;
			await client.send(new PutObjectCommand({ Bucket: bucket, Key: archive, Body: 'not what was stored' }));
			const execution = await run('s3Verify', node('repository/verify', { thoroughness: 'quick' }));
			expect(execution.status).toBe('error');
			expect(`${execution.error!.message} ${execution.error!.description ?? ''}`).toContain(archive.split('/').at(-1));
		});

		it('says what is wrong with bucket, keys and server, and what to do', async () => {
			const missing = await run('s3NoBucket', backUp({ place: { repositoryBucket: 'no-such-bucket' } }));
			expect(missing.error!.message).toContain('there is no bucket "no-such-bucket"');
			expect(missing.error!.description).toContain('create the bucket');
			const misnamed = await run('s3BadBucket', backUp({ place: { repositoryBucket: 'bucket/folder' } }));
			expect(misnamed.error!.message).toContain('no name of a bucket');
			const wrong = await run('s3WrongKey', backUp({ credential: 'Wrong S3' }));
			expect(wrong.error!.message).toContain('the secret access key is wrong');
			await server.stop();
			const down = await run('s3Down', backUp());
			// The first sentence is n8n's own for this code.
			expect(`${down.error!.message} ${down.error!.description ?? ''}`).toMatch(/refused the connection.*Check the endpoint in the S3 credential/s);
			for (const execution of [missing, misnamed, wrong, down]) {
				const told = JSON.stringify([execution.error, [...execution.runs]]);
				for (const secret of [server.settings.secretAccessKey, 'wrong-secret-access-key']) expect(told).not.toContain(secret);
			}
		});
	});
}

/** Its attachment does not compress. */
function largeMail(): string {
	let state = 1;
	const bytes = Buffer.alloc(largeMailBytes);
	for (let offset = 0; offset < bytes.length; offset += 4) {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		bytes.writeUInt32LE(state, offset);
	}
	const lines = bytes.toString('base64').replace(/.{76}/g, '$&\r\n');
	const head = 'From: a@example.com\r\nTo: b@example.com\r\nSubject: Large\r\nMessage-ID: <large@example.com>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n';
	const parts = `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee attached.\r\n--b\r\nContent-Type: application/octet-stream; name=large.bin\r\nContent-Disposition: attachment; filename=large.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n${lines}\r\n--b--\r\n`;
	return head + parts;
}
