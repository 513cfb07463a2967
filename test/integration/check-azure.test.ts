import { randomBytes } from 'node:crypto';
import { ContainerSASPermissions, type ContainerClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { check } from '../../nodes/M365Backup/actions/repositories/check.operation';
import { AzuriteServer } from '../azure-server/azurite-server';
import { fakeExecution } from '../unit/node/fake-execution';

interface Report {
	ok: boolean;
	message: string;
	storage: { kind: string; label: string; checks: { name: string; ok: boolean | null; detail: string; advice?: string }[] };
	repository: object | null;
}

describe('Check of an Azure Blob container', () => {
	let server: AzuriteServer;
	let container: ContainerClient;
	beforeAll(async () => {
		server = await AzuriteServer.start();
		({ containerClient: container } = await server.client.createContainer('backups'));
	});
	afterAll(() => server?.stop());

	const run = async (more: Record<string, unknown> = {}, credential: Record<string, unknown> = {}): Promise<Report> => {
		const parameters = { repositoryType: 'azureBlob', repositoryContainer: 'backups', repositoryContainerFolder: 'm365', checkMicrosoft: false, options: {}, ...more };
		const fake = fakeExecution({ parameters, credentials: { m365BackupAzureBlobApi: { ...server.settings, ...credential } } });
		return (await check.execute.call(fake.context))[0]![0]!.json as unknown as Report;
	};
	const bad = ({ storage }: Report): string[] => storage.checks.filter(({ ok }) => ok === false).map(({ name }) => name);
	const blobs = async (): Promise<string[]> => {
		const names: string[] = [];
		for await (const { name } of container.listBlobsFlat({ includeUncommitedBlobs: true, includeVersions: false })) names.push(name);
		return names;
	};

	it('keeps its word, and nothing is left in it, not even blocks of uploads', async () => {
		const report = await run();
		expect(bad(report)).toEqual([]);
		expect(report).toMatchObject({ ok: true, repository: null, storage: { kind: 'azureBlob' } });
		expect(report.storage.checks.filter(({ ok }) => ok === true).map(({ name }) => name)).toEqual(expect.arrayContaining(['readAfterWrite', 'bytes', 'ranges', 'conditionalPut', 'delete', 'clock']));
		expect(await blobs()).toEqual([]);
	});

	it('a container that is missing, a wrong key: said, with what to do', async () => {
		const missing = await run({ repositoryContainer: 'no-such-container' });
		const wrong = await run({}, { accountKey: randomBytes(64).toString('base64') });
		for (const report of [missing, wrong]) {
			expect(report.ok).toBe(false);
			expect(bad(report)).toHaveLength(1);
			expect(report.storage.checks.find(({ ok }) => ok === false)!.advice).toMatch(/\w/);
		}
		expect(missing.message).toContain('no-such-container');
	});

	it('a signature that only reads: no fault if told so, and named otherwise', async () => {
		const expiresOn = new Date(Date.now() + 3_600_000);
		const sasToken = new URL(await container.generateSasUrl({ permissions: ContainerSASPermissions.parse('rl'), expiresOn })).search;
		const reading = { authentication: 'sas', accountKey: '', sasToken };
		const report = await run({}, reading);
		expect(bad(report)).toEqual(['write']);
		expect(JSON.stringify(report)).not.toContain(new URLSearchParams(sasToken).get('sig'));
		expect(await run({ options: { onlyToRestore: true } }, reading)).toMatchObject({ ok: true });
		expect(await blobs()).toEqual([]);
	});
});
