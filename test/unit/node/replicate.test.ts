import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeHelpers } from 'n8n-workflow';
import { replicate } from '../../../nodes/M365Backup/actions/repositories/replicate.operation';
import { M365Backup } from '../../../nodes/M365Backup/M365Backup.node';
import { fakeExecution, type FakeExecutionOptions } from './fake-execution';
import { mailRepository, type MailRepository } from './mail-repository';

describe('Repository: Replicate', () => {
	let base: string;
	let mail: MailRepository;

	beforeEach(async () => {
		base = await mkdtemp(path.join(tmpdir(), 'm365-replicate-'));
		mail = await mailRepository(base, [1, 2].map((day) => ({ finishedAt: `2026-11-0${day}T10:00:00Z` })));
	});
	afterEach(() => rm(base, { recursive: true, force: true }));

	const common = (): Record<string, unknown> => ({
		repositoryType: 'localFolder',
		repositoryFolder: mail.folder,
		targetRepositoryType: 'localFolder',
		targetRepositoryFolder: path.join(base, 'replica'),
		source: '',
	});
	const execute = async (parameters: Record<string, unknown> = {}, more: Partial<FakeExecutionOptions> = {}) => {
		const options = { useAnyway: true, ...(parameters['options'] as object | undefined) };
		const fake = fakeExecution({ parameters: { ...common(), ...parameters, options }, ...more });
		return (await replicate.execute.call(fake.context))[0]!;
	};
	const failure = async (parameters: Record<string, unknown>, more: Partial<FakeExecutionOptions> = {}) =>
		(await execute(parameters, more).then(() => undefined, (error: unknown) => error)) as { message: string; description: string };

	it('answers with one summary for all items that ask for the same', async () => {
		const items = await execute({}, { items: [{ json: {} }, { json: {} }] });
		expect(items).toHaveLength(1);
		expect(items[0]!.pairedItem).toEqual([{ item: 0 }, { item: 1 }]);
		expect(items[0]!.json).toMatchObject({
			status: 'complete',
			alreadyThere: { files: 0, bytes: 0 },
			removed: { files: 0, bytes: 0, snapshots: 0 },
			damaged: [],
			sources: [{ key: mail.key, kind: 'mailbox', snapshots: { copied: 2, damaged: 0, removed: 0 } }],
			sourceCount: 1,
			warnings: [],
			durationSeconds: expect.any(Number) as number,
		});
		expect(Object.keys(items[0]!.json)).toEqual(expect.arrayContaining(['copied', 'verified', 'message']));
		const names = async (folder: string) => (await readdir(folder, { recursive: true })).filter((name) => !name.includes('lease-')).sort();
		expect(await names(path.join(base, 'replica'))).toEqual(await names(mail.folder));
		expect((await execute())[0]!.json).toMatchObject({ status: 'unchanged' });
	});

	it('takes one source alone, and says which there are when it is another', async () => {
		expect((await execute({ source: { mode: 'list', value: mail.key } }))[0]!.json).toMatchObject({ sourceCount: 1, snapshots: { copied: 2 } });
		expect(await failure({ source: { mode: 'address', value: 'nobody@example.com' } })).toMatchObject({ message: expect.stringContaining('no backup of "nobody@example.com"') as string });
	});

	it('fails with the damaged file and what to do, or goes on by status', async () => {
		const name = (await readdir(path.join(mail.folder, mail.key))).find((one) => one.endsWith('.zip'))!;
		const file = path.join(mail.folder, mail.key, name);
		const bytes = await readFile(file);
		bytes[50] = bytes[50]! ^ 1;
		await writeFile(file, bytes);
		const error = await failure({});
		expect(error.message).toMatch(/^1 file of the repository is damaged, 2 snapshots could not be replicated/);
		expect(error.description).toContain(`${mail.key}/${name}`);
		expect(error.description).toContain('Import Files');
		const [item] = await execute({ options: { failWhenDamaged: false } });
		expect(item!.json).toMatchObject({ status: 'damaged', damaged: [{ file: `${mail.key}/${name}`, snapshots: [expect.any(String), expect.any(String)] }] });
	});

	it('an item that fails does not stop the others, with Continue On Fail', async () => {
		const items = await execute({ targetRepositoryFolder: mail.folder }, { continueOnFail: true });
		expect(items).toHaveLength(1);
		expect(items[0]!.json['error']).toMatch(/is the very place/);
	});

	it('says what is wrong with the parameters', async () => {
		expect((await failure({ options: { verify: 'some' } })).message).toContain('Verify is "some"');
		expect((await failure({ targetRepositoryType: 'floppy' })).message).toContain('There is no repository type "floppy"');
		expect((await failure({ targetRepositoryFolder: '' })).message).toContain('No folder was given');
		expect((await failure({}, { isBlocked: (one) => one.includes('replica') })).message).toContain('does not let nodes use the folder');
	});

	it('asks for the credential of the target only where the target is a bucket, and for no Microsoft credential', () => {
		const { description } = new M365Backup();
		const asked = (parameters: Record<string, string>): string[] =>
			description
				.credentials!.filter((credential) => NodeHelpers.displayParameter({ resource: 'repository', operation: 'replicate', ...parameters }, credential, null, description))
				.map(({ name }) => name);
		expect(asked({ repositoryType: 'localFolder', targetRepositoryType: 'localFolder' })).toEqual([]);
		expect(asked({ repositoryType: 'localFolder', targetRepositoryType: 's3Bucket' })).toEqual(['m365BackupS3TargetApi']);
		expect(asked({ repositoryType: 's3Bucket', targetRepositoryType: 'localFolder' })).toEqual(['m365BackupS3Api']);
		expect(asked({ repositoryType: 's3Bucket', targetRepositoryType: 'azureBlob' })).toEqual(['m365BackupS3Api', 'm365BackupAzureBlobTargetApi']);
		expect(asked({ repositoryType: 's3Bucket', targetRepositoryType: 's3Bucket' })).toEqual(['m365BackupS3Api', 'm365BackupS3TargetApi']);
	});
});
