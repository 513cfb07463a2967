import { CreateBucketCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createS3Client } from '../../nodes/M365Backup/stores/s3/s3-client';
import { compareMail, GraphMail, type SeenMessage } from '../demo/graph-mail';
import { CephServer, lackingForCeph } from '../s3-server/ceph-server';
import { credentialNames, microsoftCredentialType } from './harness/credentials';
import { nodeRun, type Execution } from './harness/execution';
import { chain, ourNode, pick, swapped } from './harness/our-node';
import { nodeNamed, setFields, workflowForHere } from './harness/shipped-workflows';
import { Stage } from './harness/stage';

const file = 'nightly-replicate.json';
const s3Type = 'm365BackupS3Api';
const s3TargetType = 'm365BackupS3TargetApi';
/** Of two accounts that may not touch each other's buckets. */
const firstBucket = 'first-account';
const secondBucket = 'second-account';
const second = { accessKeyId: 'second-access', secretAccessKey: 'second-secret-key' };

const lacking = lackingForCeph();
if (lacking !== undefined) {
	it('a second repository, in a real n8n', (context) => context.skip(lacking));
} else {
	describe('a second repository, in a real n8n', () => {
		let stage: Stage;
		let server: CephServer;
		let clients: Record<string, S3Client>;
		let graph: GraphMail;
		let mailbox: { id: string; address: string };
		let messages: SeenMessage[];
		const ids = new Map<string, string>();

		beforeAll(async () => {
			server = await CephServer.start();
			await server.admin('user', 'create', '--uid=second', '--display-name=Second', `--access-key=${second.accessKeyId}`, `--secret-key=${second.secretAccessKey}`);
			clients = { [firstBucket]: createS3Client(server.settings), [secondBucket]: createS3Client({ ...server.settings, ...second }) };
			for (const [bucket, client] of Object.entries(clients)) await client.send(new CreateBucketCommand({ Bucket: bucket }));
			stage = await Stage.start({ simulator: { users: 1, messages: 20 } });
			ids.set(s3Type, await stage.n8n.client.createCredential('First account', s3Type, server.settings));
			ids.set(s3TargetType, await stage.n8n.client.createCredential('M365 Backup S3 Target', s3TargetType, server.settings));
			ids.set('second', await stage.n8n.client.createCredential('Second account', s3TargetType, { ...server.settings, ...second }));
			graph = new GraphMail(stage.simulator.graphUrl, stage.simulator.token, stage.simulator.caFile);
			mailbox = (await graph.mailboxes())[0]!;
			messages = await graph.messages(mailbox.id);
		});
		afterAll(async () => {
			for (const client of Object.values(clients ?? {})) client.destroy();
			await stage?.stop();
			await server?.stop();
		});
		beforeEach(() => {
			stage.mailServer.mails.length = 0;
		});

		const folder = (): Record<string, unknown> => ({ repositoryType: 'localFolder', repositoryFolder: stage.repositoryFolder });
		const s3 = (bucket = firstBucket): Record<string, unknown> => ({ repositoryType: 's3Bucket', repositoryBucket: bucket, repositoryBucketFolder: 'm365' });
		const toFolder = (name: string): Record<string, unknown> => ({ targetRepositoryType: 'localFolder', targetRepositoryFolder: join(stage.n8n.filesFolder, name) });
		const toS3 = (bucket = firstBucket): Record<string, unknown> => ({ targetRepositoryType: 's3Bucket', targetRepositoryBucket: bucket, targetRepositoryBucketFolder: 'm365' });

		async function run(what: string, parameters: Record<string, unknown>, target = s3TargetType): Promise<Execution> {
			const options = { ...(what === 'repository/replicate' && { useAnyway: true }), ...(parameters['options'] as object | undefined) };
			const ours = ourNode('Do', what, { ...parameters, options }, {
				credentials: {
					[microsoftCredentialType]: { name: credentialNames.microsoft },
					[s3Type]: { id: ids.get(s3Type)!, name: 'First account' },
					[s3TargetType]: { id: ids.get(target)!, name: target },
				},
			});
			const workflow = chain('replicateTest', [ours]);
			await stage.put(workflow);
			return await stage.n8n.client.run(workflow.id, 'Start');
		}

		async function done(what: string, parameters: Record<string, unknown>, target?: string): Promise<Record<string, unknown>> {
			const execution = await run(what, parameters, target);
			expect(execution.error).toBeUndefined();
			return nodeRun(execution, 'Do').items[0]!.json;
		}

		const replicate = (from: Record<string, unknown>, to: Record<string, unknown>, target?: string) => done('repository/replicate', { ...from, ...to, source: pick('', 'list') }, target);
		const backUp = (place: Record<string, unknown>) => done('mailbox/backUp', { ...place, mailbox: pick(mailbox.address), options: { useAnyway: true } });
		const addMail = (subject: string): void => {
			stage.simulator.tenant.users[0]!.mailbox!.addMime('inbox', `From: a@example.com\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@example.com>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\n\r\nText\r\n`);
		};

		async function objects(bucket: string): Promise<string[]> {
			const { Contents } = await clients[bucket]!.send(new ListObjectsV2Command({ Bucket: bucket }));
			return (Contents ?? []).map(({ Key }) => String(Key)).sort();
		}

		const filesIn = async (name: string): Promise<string[]> =>
			(await readdir(join(stage.n8n.filesFolder, name), { recursive: true, withFileTypes: true }))
				.filter((entry) => entry.isFile() && !entry.name.startsWith('lease-'))
				.map((entry) => join(entry.parentPath, entry.name).slice(join(stage.n8n.filesFolder, name).length + 1))
				.sort();

		it('the credential for the target has the same fields and the same test as the first', async () => {
			expect(await stage.n8n.client.testCredential(ids.get('second')!, 'Second account', s3TargetType, { ...server.settings, ...second })).toMatchObject({ status: 'OK' });
			const wrong = await stage.n8n.client.testCredential('', 'Wrong', s3TargetType, { ...server.settings, secretAccessKey: 'wrong-secret' });
			expect(wrong.message).toMatch(/the secret access key is wrong/);
		});

		it('folder → S3: copies everything, proven, and the next time only what is new', async () => {
			await backUp(folder());
			const first = await replicate(folder(), toS3());
			expect(first).toMatchObject({ status: 'complete', damaged: [], removed: { files: 0 }, sourceCount: 1, sources: [{ name: mailbox.address, kind: 'mailbox', snapshots: { copied: 1 } }] });
			expect(first['message']).toMatch(/^The replica is up to date \(1 new snapshot; \d+ files, [\d.]+ MB; 1 source\)$/);
			expect(await objects(firstBucket)).toEqual((await filesIn('m365-backup')).map((name) => `m365/${name}`));
			expect(await replicate(folder(), toS3())).toMatchObject({ status: 'unchanged', message: 'The replica was up to date (1 source)', copied: { files: 0 } });
			addMail('Later');
			await backUp(folder());
			const next = await replicate(folder(), toS3());
			expect(next).toMatchObject({ status: 'complete', snapshots: { copied: 1 } });
			expect((next['copied'] as { files: number }).files).toBeLessThanOrEqual(5);
		});

		it('S3 → S3 of another account, each with its own credential', async () => {
			const denied = await run('repository/replicate', { ...s3(), ...toS3(secondBucket), source: pick('', 'list') });
			expect(denied.status).toBe('error');
			expect(await objects(secondBucket)).toEqual([]);
			expect(await replicate(s3(), toS3(secondBucket), 'second')).toMatchObject({ status: 'complete', damaged: [] });
			expect(await objects(secondBucket)).toEqual(await objects(firstBucket));
		});

		it('S3 → folder', async () => {
			expect(await replicate(s3(), toFolder('third'))).toMatchObject({ status: 'complete', damaged: [] });
			expect((await filesIn('third')).map((name) => `m365/${name}`)).toEqual(await objects(firstBucket));
			for (const name of await filesIn('third')) expect(await readFile(join(stage.n8n.filesFolder, 'third', name)), name).toEqual(await readFile(join(stage.repositoryFolder, name)));
		});

		it('refuses what is no second place, or not empty, and says so', async () => {
			await symlink(stage.repositoryFolder, join(stage.n8n.filesFolder, 'a-link'));
			const same = await run('repository/replicate', { ...folder(), ...toFolder('a-link'), source: pick('', 'list') });
			expect(same.error!.message).toMatch(/is the very place that .* is: that would be no second copy/);
			await writeFile(join(stage.copyFolder, 'photo.jpg'), 'a photo');
			const other = await run('repository/replicate', { ...folder(), ...toFolder('m365-backup-copy'), source: pick('', 'list') });
			expect(other.error!.message).toMatch(/is no replica and not empty: it holds photo\.jpg/);
			expect(other.error!.description).toContain('Choose an empty place');
			const within = await run('repository/replicate', { ...folder(), ...toFolder('m365-backup/replica'), source: pick('', 'list') });
			expect(within.error!.message).toMatch(/lies within/);
			const missing = await run('repository/replicate', { ...folder(), ...toS3('no-such-bucket'), source: pick('', 'list') });
			expect(missing.error!.message).toContain('there is no bucket "no-such-bucket"');
		});

		async function nightly(swap = false, bucket = firstBucket): Promise<Execution> {
			const here = await workflowForHere(file, stage.n8n.filesFolder);
			setFields(here, 'Settings', { targetBucket: bucket, targetBucketFolder: 'm365', customer: 'Contoso' });
			nodeNamed(here, 'Replicate').credentials = { [s3TargetType]: { id: ids.get(s3TargetType)!, name: 'M365 Backup S3 Target' } };
			const workflow = swap ? swapped(here) : here;
			await stage.put(workflow);
			return await stage.n8n.client.run(workflow.id, 'Run by Hand');
		}

		it.each([
			['as shipped', false],
			['with branches swapped on the canvas', true],
		])(`${file} is silent on a good day, and mails and fails on a bad one: %s`, async (title, swap) => {
			addMail(`Before the night ${title}`);
			await backUp(folder());
			const good = await nightly(swap);
			expect(good.error).toBeUndefined();
			expect(nodeRun(good, 'Replicate').items[0]!.json).toMatchObject({ status: 'complete', snapshots: { copied: 1 } });
			expect(stage.mailServer.mails).toEqual([]);

			addMail(`Will be damaged ${title}`);
			await backUp(folder());
			const archive = (await filesIn('m365-backup')).filter((name) => name.endsWith('.zip')).at(-1)!;
			const sound = await readFile(join(stage.repositoryFolder, archive));
			const damaged = Buffer.from(sound);
			damaged[40] = (damaged[40] ?? 0) ^ 1;
			await writeFile(join(stage.repositoryFolder, archive), damaged);
			const bad = await nightly(swap);
			expect(bad.status).toBe('error');
			expect(bad.error!.message).toContain('Contoso: Replica: some of the backups are damaged');
			expect(stage.mailServer.mails).toHaveLength(1);
			expect(stage.mailServer.mails[0]!.subject).toBe('Contoso: Replica: some of the backups are damaged');
			expect(stage.mailServer.mails[0]!.text).toMatch(/^1 file of the repository is damaged, 1 snapshot could not be replicated/);
			expect(stage.mailServer.mails[0]!.text).toContain(`${archive}: ${archive} is damaged: its SHA-256`);
			await writeFile(join(stage.repositoryFolder, archive), sound);
			expect((await nightly(swap)).error).toBeUndefined();
		});

		it(`${file} says when the target cannot be reached`, async () => {
			const execution = await nightly(false, 'no-such-bucket');
			expect(execution.status).toBe('error');
			expect(stage.mailServer.mails).toHaveLength(1);
			expect(stage.mailServer.mails[0]!.subject).toBe('Contoso: Replica: not up to date');
			expect(stage.mailServer.mails[0]!.text).toContain('there is no bucket "no-such-bucket"');
		});

		it('fails by itself when something is damaged, unless told otherwise', async () => {
			const archive = (await filesIn('m365-backup')).find((name) => name.endsWith('.zip'))!;
			const sound = await readFile(join(stage.repositoryFolder, archive));
			await writeFile(join(stage.repositoryFolder, archive), sound.subarray(0, -1));
			const execution = await run('repository/replicate', { ...folder(), ...toFolder('fourth'), source: pick('', 'list') });
			expect(execution.status).toBe('error');
			expect(execution.error!.description).toContain(`${archive}: it has ${sound.length - 1} bytes instead of ${sound.length}`);
			await writeFile(join(stage.repositoryFolder, archive), sound);
		});

		it('the first repository is lost: everything is restored from the replica, and the backups go on in it', async () => {
			const before = await done('repository/verify', { ...s3(), thoroughness: 'deep' });
			expect(before).toMatchObject({ ok: true });
			await rm(stage.repositoryFolder, { recursive: true });
			for (const { id } of await graph.messages(mailbox.id)) await graph.deletePermanently(mailbox.id, id);
			await done('item/restore', { ...s3(), mode: 'restore', source: pick(mailbox.address), selection: 'everything', destination: 'original', conflictPolicy: 'skip' });
			const wanted = messages.filter(({ properties }) => properties['isDraft'] === false);
			const restored = (await graph.messages(mailbox.id)).filter(({ properties }) => properties['isDraft'] === false);
			expect(compareMail(wanted, restored).differences).toEqual([]);

			addMail('After the loss');
			const next = await backUp(s3());
			expect(next).toMatchObject({ status: 'complete' });
			expect(await done('repository/verify', { ...s3(), thoroughness: 'deep' })).toMatchObject({ ok: true });
			// And back again, to a new first place.
			expect(await replicate(s3(), toFolder('m365-backup'))).toMatchObject({ status: 'complete', damaged: [] });
			expect(await done('repository/verify', { ...folder(), thoroughness: 'deep' })).toMatchObject({ ok: true });
		});
	});
}
