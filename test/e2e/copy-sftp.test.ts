import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CuttingProxy } from '../ftp-server/cutting-proxy';
import { FtpServer, lackingForFtp } from '../ftp-server/ftp-server';
import { lackingForSsh, SshServer } from '../ftp-server/ssh-server';
import { confirmations, CopiedStorage, hashes, writeOnceFiles } from './harness/copied-storage';
import { nodeRun } from './harness/execution';
import type { WorkflowJson, WorkflowNode } from './harness/n8n-client';
import { swapped } from './harness/our-node';
import { Stage } from './harness/stage';

const lacking = lackingForSsh() ?? lackingForFtp();
if (lacking !== undefined) {
	it('copy-to-sftp.json in a real n8n', (context) => context.skip(lacking));
} else {
	describe('copy-to-sftp.json in a real n8n', () => {
		let ssh: SshServer;
		let proxy: CuttingProxy;
		let ftp: FtpServer;
		let stage: Stage;
		let storage: CopiedStorage;
		let byFtp: CopiedStorage;
		let folder: string;
		let ftpFolder: string;

		beforeAll(async () => {
			ssh = await SshServer.start();
			proxy = await CuttingProxy.start(ssh.port);
			ftp = await FtpServer.start();
			folder = join(ssh.folder, 'm365');
			ftpFolder = join(ftp.folder, 'm365');
			stage = await Stage.start({ simulator: { users: 2, messages: 20 } });
			await stage.n8n.client.createCredential('SFTP', 'sftp', ssh.credential(proxy.port));
			await stage.n8n.client.createCredential('FTP', 'ftp', ftp.credential);
			storage = new CopiedStorage(stage, 'copy-to-sftp.json', (workflow) => into(workflow, folder), () => hashes(folder));
			byFtp = new CopiedStorage(stage, 'copy-to-sftp.json', (workflow) => switched(into(workflow, ftpFolder)), () => hashes(ftpFolder));
		});
		afterAll(async () => {
			await stage?.stop();
			await proxy?.stop();
			await ssh?.stop();
			await ftp?.stop();
		});
		beforeEach(() => {
			stage.mailServer.mails.length = 0;
		});

		it('confirms nothing while the server cannot be reached, and says why', async () => {
			proxy.refuse(true);
			const execution = await storage.run().finally(() => proxy.refuse(false));
			expect(confirmations(execution, 'Confirm Copied')).not.toContain(true);
			expect(execution.lastNode).toBe('Stop and Error');
			expect(storage.mail.subject).toBe('Mailbox backup: the copy by SFTP is not complete');
			expect(storage.mail.text).toMatch(/the storage node reported: .*(reset|closed|handshake|connection)/i);
		});

		it('confirms what arrived when the connection is cut within a file, and one file cannot be written', async () => {
			// A folder stands in the place of a file.
			await mkdir(join(folder, 'README.txt'), { recursive: true });
			proxy.cutNextAfter(20_000);
			const execution = await storage.run().finally(() => rm(join(folder, 'README.txt'), { recursive: true }));
			const done = nodeRun(execution, 'Confirm Copied').items;
			const confirmed = done.filter(({ json }) => json['confirmed'] === true).map(({ json }) => String(json['fileName']));
			expect(confirmed).toEqual(['repository.json']);
			expect(done.length).toBeGreaterThan(5);
			const [original, copy] = [await writeOnceFiles(stage.repositoryFolder), await storage.held()];
			for (const name of confirmed) expect(copy.get(name)).toBe(original.get(name));
			expect(storage.mail.text).toMatch(/1 files were copied by SFTP.*\n+[\s\S]*README\.txt: the storage node reported/);
		});

		it('completes the copy in the next run, overwriting what was cut off', async () => {
			expect((await storage.run()).error).toBeUndefined();
			await storage.expectComplete();
			expect((await storage.run()).error).toBeUndefined();
			expect(storage.mail.text).toContain('0 files were copied by SFTP, 0 old ones were deleted there.');
		});

		it.each([
			['as shipped', (same: WorkflowJson) => same],
			['with branches swapped on the canvas', swapped],
		])('copies what is new, deletes what prune removed, and does not stumble over what is gone already: %s', async (name, change) => {
			storage.addMail(`New ${name}`);
			expect((await storage.run()).error).toBeUndefined();
			const removed = await storage.prune();
			await rm(join(folder, removed[0]!));
			const execution = await storage.run(change);
			expect(execution.error).toBeUndefined();
			expect(confirmations(execution, 'Confirm Deleted')).toEqual(removed.map(() => true));
			expect((await readdir(folder)).sort()).toEqual([...(await writeOnceFiles(stage.repositoryFolder)).keys()].map((path) => path.replace('/', '.')).sort());
			await storage.expectComplete();
			expect((await storage.run()).runs.has('Confirm Deleted')).toBe(false);
		});

		it('gives back the whole repository from the server alone, and refuses what is no part of it', async () => {
			await writeFile(join(folder, 'holiday.jpg'), 'not ours');
			const execution = await storage.expectRebuild((workflow) => reads(workflow, folder, 'sftp'));
			expect(nodeRun(execution, 'Result').items[0]!.json['refused']).toEqual([expect.stringContaining('holiday.jpg')]);
		});

		it('does the same by FTP, with the protocol switched and a target of its own', async () => {
			await mkdir(ftpFolder);
			await mkdir(join(ftpFolder, 'README.txt'));
			const first = await byFtp.run().finally(() => rm(join(ftpFolder, 'README.txt'), { recursive: true }));
			expect(confirmations(first, 'Confirm Copied').filter((one) => !one)).toHaveLength(1);
			expect((await byFtp.run()).error).toBeUndefined();
			await byFtp.expectComplete();
			byFtp.addMail('New by FTP');
			expect((await byFtp.run()).error).toBeUndefined();
			const removed = await byFtp.prune();
			const execution = await byFtp.run();
			expect(execution.error).toBeUndefined();
			expect(confirmations(execution, 'Confirm Deleted')).toEqual(removed.map(() => true));
			await byFtp.expectComplete();
			await rm(join(stage.n8n.filesFolder, 'rebuilt'), { recursive: true });
			await byFtp.expectRebuild((workflow) => reads(workflow, ftpFolder, 'ftp'));
		});
	});
}

function into(workflow: WorkflowJson, folder: string): WorkflowJson {
	return JSON.parse(JSON.stringify(workflow).replaceAll('/backup/m365', folder)) as WorkflowJson;
}

/** As the workflow's note says for FTP, beside the copy by SFTP. */
function switched(workflow: WorkflowJson): WorkflowJson {
	const nodes = workflow.nodes.map((node): WorkflowNode => {
		if (node.parameters['target'] !== undefined) return { ...node, parameters: { ...node.parameters, target: 'ftp' } };
		if (node.type !== 'n8n-nodes-base.ftp') return node;
		return { ...node, parameters: { ...node.parameters, protocol: 'ftp' }, credentials: { ftp: { name: 'FTP' } } };
	});
	return { ...workflow, id: 'copyByFtp', name: 'By FTP', nodes };
}

/** As the note of the rebuild says for SFTP and FTP. */
function reads(workflow: WorkflowJson, folder: string, protocol: 'sftp' | 'ftp'): WorkflowJson {
	const nodes = workflow.nodes.map((node) => {
		if (node.type !== 'n8n-nodes-base.s3') return node;
		const credentials: NonNullable<WorkflowNode['credentials']> = protocol === 'sftp' ? { sftp: { name: 'SFTP' } } : { ftp: { name: 'FTP' } };
		const parameters: Record<string, unknown> =
			node.name === 'List Copy'
				? { protocol, operation: 'list', path: folder, recursive: false, options: {} }
				: { protocol, operation: 'download', path: node.parameters['fileKey'], binaryPropertyName: 'data', options: {} };
		return { ...node, type: 'n8n-nodes-base.ftp', typeVersion: 1.1, parameters, credentials };
	});
	return { ...workflow, nodes };
}
