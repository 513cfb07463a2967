import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { INodeExecutionData } from 'n8n-workflow';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { confirmCopied } from '../../../nodes/M365Backup/actions/repositories/confirm-copied.operation';
import { getFilesToCopy } from '../../../nodes/M365Backup/actions/repositories/get-files-to-copy.operation';
import { importFiles } from '../../../nodes/M365Backup/actions/repositories/import-files.operation';
import { fakeExecution, type FakeExecutionOptions } from './fake-execution';
import { mailRepository, type MailRepository } from './mail-repository';

describe('copies in any storage', () => {
	let base: string;
	let mail: MailRepository;

	beforeEach(async () => {
		base = await mkdtemp(path.join(tmpdir(), 'm365-copies-'));
		mail = await mailRepository(base, [{ finishedAt: '2026-11-20T10:00:00Z' }, { finishedAt: '2026-11-21T10:00:00Z' }]);
	});
	afterEach(() => rm(base, { recursive: true, force: true }));

	const common = () => ({ repositoryType: 'localFolder', repositoryFolder: mail.folder, target: 'drive', options: {} });
	const get = async (parameters: Record<string, unknown> = {}, more: Partial<FakeExecutionOptions> = {}) => {
		const fake = fakeExecution({ parameters: { ...common(), mode: 'new', sizeLimitMb: 500, binaryPropertyName: 'data', ...parameters }, ...more });
		return { items: (await getFilesToCopy.execute.call(fake.context))[0]!, files: fake.files };
	};
	const confirm = async (items: INodeExecutionData[], emitted: INodeExecutionData[], more: Partial<FakeExecutionOptions> & { given?: object } = {}) => {
		const fake = fakeExecution({
			items,
			parameters: { ...common(), mode: 'copied', ...more.given },
			above: [
				{ name: 'Upload', type: 'n8n-nodes-base.googleDrive' },
				{ name: 'Get Files', parameters: { operation: 'getFilesToCopy' }, item: (index) => emitted[index]?.json ?? {} },
			],
			...more,
		});
		return (await confirmCopied.execute.call(fake.context))[0]!.map(({ json }) => json);
	};

	const deletes = (emitted: INodeExecutionData) => [
		{ name: 'Delete', type: 'n8n-nodes-base.googleDrive' },
		{ name: 'Get Files to Delete', parameters: { operation: 'getFilesToDelete' }, item: () => emitted.json },
	];

	describe('Get Files to Copy', () => {
		it('puts out every file once, however many items come in, with its bytes and its names', async () => {
			const { items, files } = await get({}, { items: [{ json: { a: 1 } }, { json: { a: 2 } }] });
			const names = items.map(({ json }) => json['fileName'] as string);
			expect(names.slice(0, 2)).toEqual(['repository.json', 'README.txt']);
			expect(new Set(names).size).toBe(names.length);
			const archive = items.find(({ json }) => json['kind'] === 'archive')!;
			expect(archive.json).toMatchObject({ folder: mail.key, size: files.get(archive.json['fileName'] as string)!.length });
			expect(archive.json['fileName']).toBe((archive.json['path'] as string).replace('/', '.'));
			expect(archive.binary!['data']).toMatchObject({ fileName: archive.json['fileName'], mimeType: 'application/zip' });
			expect(files.get(archive.json['fileName'] as string)).toEqual(await readFile(path.join(mail.folder, archive.json['path'] as string)));
			expect(items.every(({ pairedItem }) => (pairedItem as { item: number }).item === 0)).toBe(true);
		});

		it('keeps to the size limit', async () => {
			const { items } = await get({ sizeLimitMb: 0.000_2 });
			expect(items).toHaveLength(1);
		});

		it.each([
			['no target', { target: ' ' }, 'Target Name is empty'],
			['no size', { sizeLimitMb: 0 }, 'Size Limit (MB) is 0'],
			['another kind of repository', { repositoryType: 's3' }, 'no repository type "s3"'],
		])('refuses %s', async (_name, parameters, message) => {
			await expect(get(parameters)).rejects.toThrow(message);
			const { items } = await get(parameters, { continueOnFail: true });
			expect(items[0]!.json).toMatchObject({ error: expect.stringContaining(message) as string, details: { kind: 'invalid' } });
		});

		it('names the archives that a restore lacks, with the fields by which the storage knows them', async () => {
			const { items } = await get();
			const archives = items.filter(({ json }) => json['kind'] === 'archive');
			await confirm(archives.map((_, index) => ({ json: { id: `drive-${index}` } })), archives);
			const needed = { mode: 'neededFor', source: { mode: 'list', value: mail.key }, snapshot: { mode: 'list', value: 'latest' }, itemIds: 'mail/m2' };
			expect((await get(needed)).items).toEqual([]);
			for (const { json } of archives) await rename(path.join(mail.folder, json['path'] as string), path.join(base, json['fileName'] as string));
			const [file, ...others] = (await get(needed)).items;
			expect(others).toEqual([]);
			expect(file!.json).toEqual({ ...archives[1]!.json, copy: { id: 'drive-1' } });
			expect(file!.binary).toBeUndefined();
			expect((await get({ ...needed, itemIds: '' })).items).toHaveLength(2);
			await expect(get({ ...needed, itemIds: 'mail/gone' })).rejects.toThrow('has no item "mail/gone"');
		});
	});

	describe('Confirm Copied', () => {
		it('finds the file by pairing, remembers it, and does not put it out again', async () => {
			const { items } = await get();
			const answers = await confirm(items.map((_, index) => ({ json: { id: `drive-${index}` }, pairedItem: { item: index } })), items);
			expect(answers).toEqual(items.map(({ json }) => ({ target: 'drive', fileName: json['fileName'], confirmed: true })));
			expect((await get()).items).toEqual([]);
			expect((await get({ target: 'another' })).items).toHaveLength(items.length);
		});

		it('does not confirm what failed, contradicts or cannot be followed back, says why, and puts it out again', async () => {
			const { items } = await get();
			const some = items.slice(0, 7);
			const uploaded: INodeExecutionData[] = [
				{ json: { id: 'ok' } },
				{ json: { error: '403 Forbidden' } },
				{ json: {}, error: new Error('No space left') as never },
				{ json: { name: items[0]!.json['fileName'] } },
				{ json: { size: 1 } },
				{ json: { sha256: '0'.repeat(64) } },
				{ json: {} },
			];
			const answers = await confirm(uploaded, [...some.slice(0, 6), undefined as never]);
			expect(answers.map(({ confirmed }) => confirmed)).toEqual([true, false, false, false, false, false, false]);
			expect(answers.map(({ reason }) => reason)).toEqual([
				undefined,
				expect.stringContaining('403 Forbidden'),
				expect.stringContaining('No space left'),
				expect.stringContaining('repository.json'),
				expect.stringContaining('1 bytes'),
				expect.stringContaining('SHA-256'),
				expect.stringContaining('no file of the repository'),
			]);
			expect((await get()).items.map(({ json }) => json['fileName'])).toEqual(items.slice(1).map(({ json }) => json['fileName']));
		});

		it('does not keep addresses and secrets of the storage', async () => {
			const { items } = await get();
			const archive = items.find(({ json }) => json['kind'] === 'archive')!;
			await confirm([{ json: { id: 'drive-0', downloadUrl: 'https://x/?sig=1', accessToken: 't', webViewLink: 'https://drive.example/view', thumbnail: 'https://drive.example/t?X-Amz-Signature=1', big: 'x'.repeat(5000), nested: { a: 1 } } }], [archive]);
			await rename(path.join(mail.folder, archive.json['path'] as string), path.join(base, 'away'));
			const needed = { mode: 'neededFor', source: { mode: 'list', value: mail.key }, snapshot: { mode: 'list', value: 'latest' }, itemIds: 'mail/m1' };
			expect((await get(needed)).items[0]!.json['copy']).toEqual({ id: 'drive-0', webViewLink: 'https://drive.example/view' });
		});

		it('takes the nearest node that puts out files: also Back Up with that option, no other', async () => {
			const { items } = await get();
			const above = [
				{ name: 'Search', parameters: { operation: 'search' }, item: () => ({ fileName: 'x' }) },
				{ name: 'Back Up', parameters: { operation: 'backUp', outputFilesToCopy: true }, item: () => items[0]!.json },
				{ name: 'Get Files', parameters: { operation: 'getFilesToCopy' }, item: () => items[1]!.json },
			];
			expect(await confirm([{ json: {} }], [], { above })).toMatchObject([{ fileName: 'repository.json', confirmed: true }]);
			const silent = [{ name: 'Back Up', parameters: { operation: 'backUp', outputFilesToCopy: false } }];
			expect(await confirm([{ json: {} }], [], { above: silent })).toMatchObject([
				{ fileName: null, confirmed: false, reason: 'There is no M365 Backup node above that puts out files to copy' },
			]);
		});

		it('takes the option File Name instead, in either spelling', async () => {
			const { items } = await get();
			const file = items.at(-1)!.json;
			for (const fileName of [file['fileName'], file['path']]) {
				expect(await confirm([{ json: {} }], [], { above: [], given: { options: { fileName } } })).toMatchObject([{ fileName, confirmed: true }]);
			}
			expect(await confirm([{ json: {} }], [], { given: { options: { fileName: 'holiday.jpg' } } })).toMatchObject([{ confirmed: false }]);
		});

		it('forgets what was deleted there', async () => {
			const { items } = await get();
			await confirm([{ json: {} }], items);
			await confirm([{ json: {} }], items, { given: { mode: 'deleted' }, above: deletes(items[0]!) });
			expect((await get()).items).toHaveLength(items.length);
		});

		it('never takes a file to copy for one that was deleted', async () => {
			const { items } = await get();
			await confirm([{ json: {} }], items);
			expect(await confirm([{ json: {} }], items, { given: { mode: 'deleted' } })).toMatchObject([
				{ fileName: null, confirmed: false, reason: 'There is no M365 Backup node above that puts out files to delete' },
			]);
			expect((await get()).items).toHaveLength(items.length - 1);
		});

		it.each([
			["The required blob doesn't match any existing one", true],
			['File not found: 1aB2.', true],
			['delete: /backup/x.zip No such file /backup/x.zip', true],
			['NoSuchKey: The specified key does not exist.', true],
			["The required container doesn't match any existing one", false],
			['NoSuchBucket: the bucket is not there', false],
			['Forbidden - perhaps check your credentials?', false],
			['connect ECONNREFUSED 127.0.0.1:22', false],
		])('what is gone already counts as deleted, what could not be looked at does not: %s', async (error, isGone) => {
			const { items } = await get();
			await confirm([{ json: {} }], items);
			expect(await confirm([{ json: { error } }], items, { given: { mode: 'deleted' }, above: deletes(items[0]!) })).toMatchObject([
				{ fileName: 'repository.json', confirmed: isGone },
			]);
			expect((await get()).items).toHaveLength(items.length - (isGone ? 0 : 1));
		});

		it('does not take the length of an answer for that of the file', async () => {
			const { items } = await get();
			expect(await confirm([{ json: { contentLength: '0', etag: '"0x8D"' } }], items)).toMatchObject([{ confirmed: true }]);
			expect(await confirm([{ json: { contentLength: 3 } }], items.slice(1))).toMatchObject([{ confirmed: false, reason: expect.stringContaining('3 bytes') as string }]);
		});

		it('passes on what the storage node says, also where its item stands for no file', async () => {
			const above = [{ name: 'Get Files', parameters: { operation: 'getFilesToCopy' } }];
			expect(await confirm([{ json: { error: 'connect ECONNREFUSED' } }], [], { above })).toMatchObject([
				{ fileName: null, confirmed: false, reason: 'the storage node reported: connect ECONNREFUSED' },
			]);
		});
	});

	describe('Import Files', () => {
		const bring = async (files: { fileName?: string; directory?: string; content: Buffer }[], parameters: Record<string, unknown> = {}, more: Partial<FakeExecutionOptions> = {}) => {
			const fake = fakeExecution({
				items: files.map(({ content, ...named }) => ({ json: {}, binary: { data: { data: content.toString('base64'), mimeType: 'x/y', ...named } } })),
				parameters: {
					...common(),
					repositoryFolder: path.join(base, 'rebuilt'),
					mode: 'import',
					binaryPropertyName: 'data',
					options: { useAnyway: true },
					...parameters,
				},
				...more,
			});
			return (await importFiles.execute.call(fake.context))[0]!;
		};
		const copy = async () => {
			const { items, files } = await get();
			return items.map(({ json }) => ({ fileName: json['fileName'] as string, path: json['path'] as string, content: files.get(json['fileName'] as string)! }));
		};

		it('rebuilds a repository from a copy alone, flat or in folders, whatever the order', async () => {
			const files = await copy();
			const items = await bring(files.map(({ fileName, content }) => ({ fileName, content })).reverse());
			expect(items.map(({ json, pairedItem }) => [json['outcome'], pairedItem])).toEqual(files.map((_, index) => ['imported', { item: index }]));
			expect(items.at(-1)!.json['fileName']).toBe('repository.json');
			const inFolders = files.map((file) => ({
				fileName: path.basename(file.path),
				directory: path.join('/nas/copy', path.dirname(file.path)),
				content: file.content,
			}));
			const again = await bring(inFolders, { repositoryFolder: path.join(base, 'rebuilt too') });
			expect(again.map(({ json }) => json['outcome'])).toEqual(files.map(() => 'imported'));
			for (const file of files) {
				expect(await readFile(path.join(base, 'rebuilt too', file.path))).toEqual(file.content);
			}
		});

		it('refuses a damaged file and one of somebody else, and says why', async () => {
			const files = await copy();
			const archive = files.find(({ fileName }) => fileName.endsWith('.zip'))!;
			const damaged = Buffer.from(archive.content);
			damaged[40]! ^= 1;
			await rm(path.join(mail.folder, archive.path));
			const items = await bring([{ fileName: archive.fileName, content: damaged }, { fileName: 'holiday.jpg', content: Buffer.from('x') }], {
				repositoryFolder: mail.folder,
			});
			expect(items.map(({ json }) => json['outcome'])).toEqual(['refused', 'refused']);
			expect(items.every(({ json }) => typeof json['reason'] === 'string')).toBe(true);
		});

		it('only checks if told so, and makes nothing', async () => {
			const files = await copy();
			const checked = await bring(files, { repositoryFolder: mail.folder, mode: 'checkOnly' });
			expect(new Set(checked.map(({ json }) => json['outcome']))).toEqual(new Set(['checked']));
			await bring(files, { mode: 'checkOnly' });
			await expect(readFile(path.join(base, 'rebuilt/repository.json'))).rejects.toThrow('ENOENT');
		});

		it('refuses input without a name or without a file before anything is made', async () => {
			await expect(bring([{ content: Buffer.from('x') }])).rejects.toThrow('The input file has no name');
			await expect(bring([{ fileName: 'a', content: Buffer.from('x') }], { binaryPropertyName: 'file' })).rejects.toThrow('no binary field "file"');
			await expect(readFile(path.join(base, 'rebuilt/repository.json'))).rejects.toThrow('ENOENT');
			const [item] = await bring([{ content: Buffer.from('x') }], {}, { continueOnFail: true });
			expect(Object.keys(item!.json).sort()).toEqual(['details', 'error', 'message']);
		});
	});
});
