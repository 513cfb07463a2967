import { access } from 'node:fs/promises';
import { ContainerSASPermissions, generateBlobSASQueryParameters, StorageSharedKeyCredential } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeAgeKey } from '../../nodes/M365Backup/stores/encryption/age-key';
import { AzuriteServer } from '../azure-server/azurite-server';
import { compareMail, GraphMail, type SeenMessage } from '../demo/graph-mail';
import { credentialNames, microsoftCredentialType } from './harness/credentials';
import { nodeRun, type Execution } from './harness/execution';
import type { WorkflowNode } from './harness/n8n-client';
import { chain, ourNode, pick } from './harness/our-node';
import { ourNodeType } from './harness/shipped-workflows';
import { Stage } from './harness/stage';

const container = 'contoso-backup';
const folder = 'm365/contoso';
const azureType = 'm365BackupAzureBlobApi';
const targetType = 'm365BackupAzureBlobTargetApi';
const encryptionType = 'm365BackupEncryptionApi';
const wrongKey = Buffer.from('another key of the very same length, but wrong').toString('base64');
/** Larger than a block, so that its archive goes over in several. */
const largeMailBytes = 20 * 1024 * 1024;

describe('a repository in an Azure Blob container, in a real n8n', () => {
	let stage: Stage;
	let server: AzuriteServer;
	let graph: GraphMail;
	let mailbox: { id: string; address: string };
	let messages: SeenMessage[];
	let credentialTest: { status: string; message: string };
	/** n8n finds a credential by its type alone where it has no id. */
	const credentialIds = new Map<string, string>();

	beforeAll(async () => {
		server = await AzuriteServer.start();
		await server.client.createContainer(container);
		stage = await Stage.start({ simulator: { users: 1, messages: 30 } });
		stage.simulator.tenant.users[0]!.mailbox!.addMime('inbox', largeMail());
		const readOnly = { ...server.settings, authentication: 'sas', accountKey: '', sasToken: signature('rl') };
		const { identity } = await makeAgeKey();
		const made: [string, string, object][] = [
			['Azure', azureType, server.settings],
			['Wrong Azure', azureType, { ...server.settings, accountKey: wrongKey }],
			['Read Azure', azureType, readOnly],
			['Target Azure', targetType, { ...server.settings, authentication: 'sas', accountKey: '', sasToken: signature('racwdl') }],
			['Encryption', encryptionType, { secretKey: identity }],
		];
		for (const [name, type, data] of made) credentialIds.set(name, await stage.n8n.client.createCredential(name, type, { ...data }));
		credentialTest = await stage.n8n.client.testCredential(credentialIds.get('Azure')!, 'Azure', azureType, { ...server.settings });
		graph = new GraphMail(stage.simulator.graphUrl, stage.simulator.token, stage.simulator.caFile);
		mailbox = (await graph.mailboxes())[0]!;
		messages = await graph.messages(mailbox.id);
	});
	afterAll(async () => {
		await stage?.stop();
		await server?.stop();
	});

	/** A shared access signature for the container, as the portal makes them. */
	function signature(permissions: string): string {
		const { account, accountKey } = server.settings;
		const expiresOn = new Date(Date.now() + 3_600_000);
		return generateBlobSASQueryParameters({ containerName: container, permissions: ContainerSASPermissions.parse(permissions), expiresOn }, new StorageSharedKeyCredential(account, accountKey)).toString();
	}

	const known = (name: string): { id: string; name: string } => ({ id: credentialIds.get(name)!, name });

	function node(what: string, parameters: Record<string, unknown>, more: { credential?: string; place?: Record<string, unknown> } = {}): WorkflowNode {
		const place = { repositoryType: 'azureBlob', repositoryContainer: container, repositoryContainerFolder: folder, ...more.place };
		return ourNode('Do', what, { ...place, ...parameters }, {
			credentials: { [microsoftCredentialType]: { name: credentialNames.microsoft }, [azureType]: known(more.credential ?? 'Azure'), [targetType]: known('Target Azure'), [encryptionType]: known('Encryption') },
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

	async function blobs(): Promise<string[]> {
		const names: string[] = [];
		for await (const { name } of server.client.getContainerClient(container).listBlobsFlat()) names.push(name);
		return names;
	}

	const backUp = (more: Parameters<typeof node>[2] = {}): WorkflowNode => node('mailbox/backUp', { mailbox: pick(mailbox.address) }, more);
	const restored = { mode: 'restore', selection: 'everything', destination: 'original', conflictPolicy: 'skip' };

	async function expectAllBack(): Promise<void> {
		const [wanted, back] = [messages, await graph.messages(mailbox.id)].map((all) => all.filter(({ properties }) => properties['isDraft'] === false));
		expect(wanted!.length).toBeGreaterThan(20);
		expect(compareMail(wanted!, back!).differences).toEqual([]);
	}

	it('the test of the credential tells right from wrong keys, without showing them', async () => {
		expect(credentialTest).toMatchObject({ status: 'OK' });
		const answer = await stage.n8n.client.testCredential('', 'Wrong', azureType, { ...server.settings, accountKey: wrongKey });
		expect(answer).toMatchObject({ status: 'Error', message: expect.stringMatching(/not accept the key/) as unknown });
		const nobody = await stage.n8n.client.testCredential('', 'Nobody', azureType, { ...server.settings, endpoint: 'http://127.0.0.1:9/contoso' });
		expect(nobody.message).toMatch(/ECONNREFUSED.*endpoint/s);
		expect(JSON.stringify([answer, nobody])).not.toContain(wrongKey);
	});

	it('Back Up writes the repository into the container and nowhere else; a quiet run says so', async () => {
		expect(await done('azureBackUp', backUp())).toMatchObject([{ status: 'complete' }]);
		const names = await blobs();
		expect(names).toContain(`${folder}/repository.json`);
		expect(names.every((name) => name.startsWith(`${folder}/`))).toBe(true);
		expect(names.filter((name) => name.endsWith('.snapshot.json'))).toHaveLength(1);
		await expect(access(stage.repositoryFolder)).rejects.toThrow('ENOENT');
		expect(await done('azureBackUp', backUp())).toMatchObject([{ status: 'unchanged' }]);
		expect((await blobs()).filter((name) => name.endsWith('.snapshot.json'))).toHaveLength(1);
	});

	it('the editor lists what is in the container', async () => {
		const found = await stage.n8n.client.request<{ results: { name: string }[] }>('POST', '/dynamic-node-parameters/resource-locator-results', {
			path: 'parameters.source',
			methodName: 'searchSources',
			nodeTypeAndVersion: { name: ourNodeType, version: 1 },
			currentNodeParameters: node('snapshot/getMany', {}).parameters,
			credentials: { [azureType]: known('Azure') },
		});
		expect(found.results.map(({ name }) => name).join()).toContain(mailbox.address);
	});

	it('Restore brings back every message as it was, also with a signature that may only read', async () => {
		for (const { id } of messages) await graph.deletePermanently(mailbox.id, id);
		expect(await graph.messages(mailbox.id)).toEqual([]);
		await done('azureRestore', node('item/restore', { ...restored, source: pick(mailbox.address) }, { credential: 'Read Azure' }));
		await expectAllBack();
	});

	it('Prune, Check and Verify work there', async () => {
		await done('azureBackUp', backUp());
		const [pruned] = await done('azurePrune', node('snapshot/prune', { source: pick(mailbox.address), mode: 'prune', retention: 'days', keepDays: 1 }));
		expect(Number(pruned!['kept']) + Number(pruned!['waiting'])).toBe(2);
		const [checked] = await done('azureCheck', node('repository/check', {}));
		expect(checked).toMatchObject({ ok: true, storage: { kind: 'azureBlob' } });
		expect(await done('azureVerify', node('repository/verify', { thoroughness: 'deep' }))).toMatchObject([{ ok: true }]);
	});

	it('Replicate copies it into another place of the container with a signature of its own, and restores from there', async () => {
		const target = { targetRepositoryType: 'azureBlob', targetRepositoryContainer: container, targetRepositoryContainerFolder: 'replica' };
		expect(await done('azureReplicate', node('repository/replicate', target))).toMatchObject([{ damaged: [] }]);
		const before = await graph.messages(mailbox.id);
		for (const { id } of before) await graph.deletePermanently(mailbox.id, id);
		await done('azureRestore', node('item/restore', { ...restored, source: pick(mailbox.address) }, { place: { repositoryContainerFolder: 'replica' } }));
		const subjects = (all: readonly SeenMessage[]): string[] => all.map(({ properties }) => String(properties['subject'])).sort();
		expect(subjects(await graph.messages(mailbox.id))).toEqual(subjects(before));
	});

	it('an encrypted repository works there, too', async () => {
		const place = { repositoryContainerFolder: 'encrypted', repositoryEncrypted: true };
		await done('azureEncrypted', backUp({ place }));
		const names = (await blobs()).filter((name) => name.startsWith('encrypted/'));
		expect(names.filter((name) => !name.endsWith('.age') && !name.includes('/lease-')).sort()).toEqual(['encrypted/README.txt', 'encrypted/repository.json']);
		expect(await done('azureEncrypted', node('repository/verify', { thoroughness: 'deep' }, { place }))).toMatchObject([{ ok: true }]);
	});

	it('says what is wrong with container, key, signature and server, and what to do', async () => {
		const missing = await run('azureMissing', backUp({ place: { repositoryContainer: 'no-such-container' } }));
		expect(missing.error!.message).toContain('there is no container "no-such-container"');
		expect(missing.error!.description).toContain('create the container');
		const misnamed = await run('azureMisnamed', backUp({ place: { repositoryContainer: 'Container/Folder' } }));
		expect(misnamed.error!.message).toContain('no name of a container');
		const wrong = await run('azureWrong', backUp({ credential: 'Wrong Azure' }));
		expect(`${wrong.error!.message} ${wrong.error!.description ?? ''}`).toContain('not accept the key');
		const before = await blobs();
		const readOnly = await run('azureReadOnly', backUp({ credential: 'Read Azure' }));
		expect(`${readOnly.error!.message} ${readOnly.error!.description ?? ''}`).toMatch(/Backups need Read, Add, Create, Write, Delete and List/);
		expect(await blobs()).toEqual(before);
		await server.stop();
		const down = await run('azureDown', backUp());
		expect(`${down.error!.message} ${down.error!.description ?? ''}`).toMatch(/refused the connection.*endpoint in the Azure Blob credential/s);
		for (const execution of [missing, misnamed, wrong, readOnly, down]) {
			const told = JSON.stringify([execution.error, [...execution.runs]]);
			for (const secret of [server.settings.accountKey, wrongKey, 'sig=']) expect(told).not.toContain(secret);
		}
	});
});

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
