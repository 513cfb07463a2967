import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerClient } from '@azure/storage-blob';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AzuriteServer } from '../azure-server/azurite-server';
import { RedirectingProxy } from '../ftp-server/redirecting-proxy';
import { FaultyProxy } from '../s3-server/faulty-proxy';
import { certificatesFor } from '../simulator/certificates';
import { confirmations, CopiedStorage, writeOnceFiles } from './harness/copied-storage';
import { DriveStandIn } from './harness/drive-stand-in';
import { nodeRun } from './harness/execution';
import type { WorkflowJson, WorkflowNode } from './harness/n8n-client';
import { swapped } from './harness/our-node';
import { Stage } from './harness/stage';

const containerName = 'm365-backup-copy';

/** Nodes whose addresses are fixed: an HTTP proxy leads them to servers on this machine. */
describe('copies by nodes of clouds in a real n8n', () => {
	let certDir: string;
	let azurite: AzuriteServer;
	let blobs: FaultyProxy;
	let drive: DriveStandIn;
	let proxy: RedirectingProxy;
	let container: ContainerClient;
	let stage: Stage;
	let inAzure: CopiedStorage;
	let inDrive: CopiedStorage;

	beforeAll(async () => {
		certDir = await mkdtemp(join(tmpdir(), 'm365-cloud-certificates-'));
		azurite = await AzuriteServer.start();
		const { account, accountKey } = azurite.settings;
		const azureHost = `${account}.blob.core.windows.net`;
		const hostNames = [azureHost, ...DriveStandIn.hosts];
		const tls = await certificatesFor(hostNames, certDir);
		blobs = await FaultyProxy.start(new URL(azurite.endpoint).origin, tls);
		drive = await DriveStandIn.start(tls);
		const ports = Object.fromEntries(DriveStandIn.hosts.map((host) => [host, drive.port]));
		proxy = await RedirectingProxy.start({ ...ports, [azureHost]: Number(new URL(blobs.endpoint).port) });
		container = azurite.client.getContainerClient(containerName);
		await container.create();
		stage = await Stage.start({ simulator: { users: 2, messages: 20, hostNames, certDir }, n8n: { env: proxy.env } });
		await stage.n8n.client.createCredential('Azure Storage', 'azureStorageSharedKeyApi', { account, key: accountKey, environment: 'blob.core.windows.net' });
		const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } });
		await stage.n8n.client.createCredential('Google Drive', 'googleApi', { region: '', email: 'backup@example.iam.gserviceaccount.com', privateKey, inpersonate: false, httpNode: false });
		inAzure = new CopiedStorage(stage, 'copy-to-azure-storage.json', (same) => same, () => heldBy(container));
		inDrive = new CopiedStorage(stage, 'copy-to-google-drive.json', byServiceAccount, () => Promise.resolve(drive.held()));
	});
	afterAll(async () => {
		await stage?.stop();
		await proxy?.stop();
		await blobs?.stop();
		await drive?.stop();
		await azurite?.stop();
		await rm(certDir, { recursive: true, force: true });
	});
	beforeEach(() => {
		stage.mailServer.mails.length = 0;
		blobs.clear();
	});

	describe('copy-to-azure-storage.json, against azurite', () => {
		it('confirms what arrived when some uploads are refused, cut off, or their answers lost, and completes the copy in the next run', async () => {
			blobs.script({ method: 'PUT', url: /README\.txt/, answer: { status: 503, code: 'ServerBusy' } });
			blobs.script({ method: 'PUT', url: /archive-0001\.zip/, lose: 'request' });
			blobs.script({ method: 'PUT', url: /\.snapshot\.json/, lose: 'answer' });
			const execution = await inAzure.run();
			expect(inAzure.mail.text).toContain('3 files were not copied or deleted');
			expect(confirmations(execution, 'Confirm Copied').filter((one) => !one)).toHaveLength(3);
			expect(confirmations(execution, 'Confirm Copied').filter((one) => one).length).toBeGreaterThan(4);
			expect(execution.lastNode).toBe('Stop and Error');
			expect(inAzure.mail.subject).toBe('Mailbox backup: the copy in Azure Storage is not complete');
			expect((await inAzure.run()).error).toBeUndefined();
			expect(inAzure.mail.text).toContain('3 files were copied to Azure Storage, 0 old ones were deleted there.');
			await inAzure.expectComplete();
			expect((await inAzure.run()).error).toBeUndefined();
			expect(inAzure.mail.text).toContain('0 files were copied to Azure Storage');
		});

		it('deletes what prune removed, with branches swapped on the canvas, and does not stumble over what is gone already', async () => {
			inAzure.addMail('New in Azure');
			expect((await inAzure.run()).error).toBeUndefined();
			const removed = await inAzure.prune();
			await container.deleteBlob(removed[0]!);
			blobs.script({ method: 'DELETE', url: new RegExp(removed[1]!.replaceAll('.', '\\.')), answer: { status: 503, code: 'ServerBusy' } });
			expect(confirmations(await inAzure.run(swapped), 'Confirm Deleted').filter((one) => !one)).toHaveLength(1);
			const execution = await inAzure.run(swapped);
			expect(execution.error).toBeUndefined();
			expect(confirmations(execution, 'Confirm Deleted')).toEqual([true]);
			expect([...(await inAzure.held()).keys()].sort()).toEqual([...(await writeOnceFiles(stage.repositoryFolder)).keys()].map((path) => path.replace('/', '.')).sort());
			await inAzure.expectComplete();
		});

		it('gives back the whole repository from the container alone', async () => {
			const execution = await inAzure.expectRebuild(fromAzure);
			expect(nodeRun(execution, 'Result').items[0]!.json).toMatchObject({ refused: [], imported: (await inAzure.held()).size });
		});
	});

	describe('copy-to-google-drive.json, n8n\'s own node against a stand-in for Google', () => {
		it('remembers the id of each file, copies again what failed, and deletes by ids, with branches swapped too', async () => {
			drive.fail(/^PATCH /, 500);
			drive.fail(/^POST \/upload.*/, 403);
			const first = await inDrive.run();
			expect(confirmations(first, 'Confirm Copied').filter((one) => !one)).toHaveLength(2);
			expect(inDrive.mail.subject).toBe('Mailbox backup: the copy in Google Drive is not complete');
			expect((await inDrive.run()).error).toBeUndefined();
			await inDrive.expectComplete();
			inDrive.addMail('New in Google Drive');
			expect((await inDrive.run()).error).toBeUndefined();
			const removed = await inDrive.prune();
			const ids = [...drive.files.values()].filter(({ name }) => removed.includes(name)).map(({ id }) => id);
			drive.files.delete(ids[0]!);
			const execution = await inDrive.run(swapped);
			expect(execution.error).toBeUndefined();
			expect(confirmations(execution, 'Confirm Deleted')).toEqual(removed.map(() => true));
			expect(ids.filter((id) => drive.seen.some((line) => line.startsWith(`DELETE /drive/v3/files/${id}`))).sort()).toEqual([...ids].sort());
			await inDrive.expectComplete();
		});

		it('gives back the whole repository from Drive alone, also with a file there twice', async () => {
			await rm(join(stage.n8n.filesFolder, 'rebuilt'), { recursive: true, force: true });
			const execution = await inDrive.expectRebuild(fromDrive);
			expect(nodeRun(execution, 'Result').items[0]!.json).toMatchObject({ refused: [] });
		});
	});
});

async function heldBy(container: ContainerClient): Promise<Map<string, string>> {
	const held = new Map<string, string>();
	for await (const { name } of container.listBlobsFlat()) held.set(name, createHash('sha256').update(await container.getBlobClient(name).downloadToBuffer()).digest('hex'));
	return held;
}

function byServiceAccount(workflow: WorkflowJson): WorkflowJson {
	const nodes = workflow.nodes.map((each) =>
		each.type === 'n8n-nodes-base.googleDrive' ? { ...each, parameters: { ...each.parameters, authentication: 'serviceAccount' }, credentials: { googleApi: { name: 'Google Drive' } } } : each,
	);
	return { ...workflow, nodes };
}

/** As the note of the rebuild says: lists all, gets by name. */
function fromAzure(workflow: WorkflowJson): WorkflowJson {
	const where = { authentication: 'sharedKey', resource: 'blob', container: { __rl: true, mode: 'id', value: containerName }, requestOptions: {} };
	const nodes = workflow.nodes.map((each): WorkflowNode => {
		if (each.type !== 'n8n-nodes-base.s3') return each;
		const get = { operation: 'get', blob: { __rl: true, mode: 'id', value: each.parameters['fileKey'] }, options: {} };
		const parameters = { ...where, ...(each.name === 'List Copy' ? { operation: 'getAll', returnAll: true, options: {} } : get) };
		return { ...each, type: 'n8n-nodes-base.azureStorage', parameters, credentials: { azureStorageSharedKeyApi: { name: 'Azure Storage' } } };
	});
	return { ...workflow, nodes };
}

/** As the note of the rebuild says: searches, downloads by id. */
function fromDrive(workflow: WorkflowJson): WorkflowJson {
	const nodes = workflow.nodes.map((each) => {
		if (each.type !== 'n8n-nodes-base.s3') return each;
		const list = { resource: 'fileFolder', operation: 'search', searchMethod: 'query', queryString: '', returnAll: true, filter: {}, options: {} };
		const get = { resource: 'file', operation: 'download', fileId: { __rl: true, mode: 'id', value: each.parameters['fileKey'] }, options: {} };
		const parameters = { authentication: 'serviceAccount', ...(each.name === 'List Copy' ? list : get) };
		return { ...each, type: 'n8n-nodes-base.googleDrive', typeVersion: 3, parameters, credentials: { googleApi: { name: 'Google Drive' } } };
	});
	return { ...workflow, nodes };
}
