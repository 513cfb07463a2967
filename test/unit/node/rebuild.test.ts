import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rebuildCatalog } from '../../../nodes/M365Backup/actions/repositories/rebuild-catalog.operation';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { createFolderStore } from '../../../nodes/M365Backup/stores/folder-store';
import { fakeExecution, type FakeExecutionOptions } from './fake-execution';
import { anna, mailRepository, type MailRepository } from './mail-repository';

describe('Repository: Rebuild Catalog', () => {
	let base: string;
	let mail: MailRepository;

	beforeEach(async () => {
		base = await mkdtemp(path.join(tmpdir(), 'm365-rebuild-node-'));
		mail = await mailRepository(base, [1, 2, 3].map((day) => ({ finishedAt: `2026-11-0${day}T10:00:00Z` })));
	});
	afterEach(() => rm(base, { recursive: true, force: true }));

	const run = async (parameters: Record<string, unknown> = {}, more: Partial<FakeExecutionOptions> = {}) => {
		const fake = fakeExecution({ parameters: { repositoryType: 'localFolder', repositoryFolder: mail.folder, source: '', mode: 'preview', options: {}, ...parameters }, ...more });
		return (await rebuildCatalog.execute.call(fake.context))[0]!.map(({ json }) => json);
	};
	const loseAllBut = async (kept: RegExp): Promise<void> => {
		for (const name of await readdir(path.join(mail.folder, mail.key))) if (!kept.test(name)) await rm(path.join(mail.folder, mail.key, name));
	};

	it('has nothing to do where a snapshot can be read, and says so', async () => {
		expect(await run()).toEqual([{ message: 'Nothing to rebuild: all 1 sources with archives have a snapshot that can be read', rebuilt: false, sources: 1 }]);
		await expect(run({ source: anna.name })).rejects.toThrow(/^anna@contoso\.com has a readable snapshot of .*; nothing to rebuild/);
	});

	it('only previews unless told otherwise', async () => {
		await loseAllBut(/\.zip$/);
		const [item] = await run();
		expect(item).toMatchObject({ name: anna.name, kind: 'mailbox', wouldBe: true, rebuilt: false, items: 3, archives: { count: 3, read: 3 }, damaged: [], lost: { count: 0, items: [] } });
		expect(item!['message']).toMatch(/^anna@contoso\.com: Would rebuild the list of 3 items from 3 of 3 archives, as of 2026-11-0/);
		expect((await readdir(path.join(mail.folder, mail.key))).every((name) => name.endsWith('.zip'))).toBe(true);
		await expect(run({ mode: 'rebuild' }, { isTool: true })).rejects.toThrow(/AI agent may not rebuild/);
	});

	it.each([['empty', ''], ['the name', anna.name], ['the ID', anna.id], ['the folder', 'key']])('rebuilds the source that is named by %s', async (_what, source) => {
		await loseAllBut(/\.zip$/);
		const [item] = await run({ mode: 'rebuild', source: source === 'key' ? mail.key : source });
		expect(item).toMatchObject({ rebuilt: true, items: 3 });
		expect(item!['message']).toMatch(/Run the backup now/);
		const repository = await Repository.open(createFolderStore({ root: mail.folder }), realAmbient);
		expect((await repository.sources()).map(({ source: { name }, newest }) => [name, newest.tag])).toEqual([[anna.name, 'rebuilt']]);
	});

	it('says what there is where another source is named', async () => {
		await loseAllBut(/\.zip$/);
		await expect(run({ source: 'bob@contoso.com' })).rejects.toMatchObject({ description: expect.stringContaining(anna.name) as string });
	});

	it('makes a new repository.json only if asked, and only when it rebuilds', async () => {
		await rm(path.join(mail.folder, 'repository.json'));
		await loseAllBut(/\.zip$/);
		await expect(run()).rejects.toMatchObject({ description: expect.stringContaining('Make a New Repository File') as string });
		await expect(run({ options: { newRepositoryFile: true } })).rejects.toThrow(/repository\.json is missing/);
		expect(await run({ mode: 'rebuild', options: { newRepositoryFile: true } })).toMatchObject([{ rebuilt: true, items: 3 }]);
		expect(JSON.parse(await readFile(path.join(mail.folder, 'repository.json'), 'utf8'))).toMatchObject({ format: 'm365-backup', version: 1 });
	});

	it('goes on with the other sources where one cannot be rebuilt', async () => {
		await loseAllBut(/\.zip$/);
		const broken = 'drive-0123456789abcdef';
		const { mkdir } = await import('node:fs/promises');
		await mkdir(path.join(mail.folder, broken));
		await writeFile(path.join(mail.folder, broken, '20261101T100000Z-0001.archive-0001.zip'), 'no archive');
		const items = await run({ mode: 'rebuild' }, { continueOnFail: true });
		expect(items).toMatchObject([{ rebuilt: true, name: anna.name }, { details: { key: broken, code: 'unknownSource' } }]);
		await expect(run({ mode: 'rebuild' })).rejects.toMatchObject({ message: '1 list of items was not rebuilt', description: expect.stringContaining(broken) as string });
	});
});
