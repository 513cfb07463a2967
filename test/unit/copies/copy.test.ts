import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { confirmCopied, filesToCopy, type FileToCopy } from '../../../nodes/M365Backup/engine/copy';
import type { Repository } from '../../../nodes/M365Backup/repository/repository';
import { createReadOnlyStore } from '../../../nodes/M365Backup/stores/read-only-store';
import { Repository as RepositoryClass } from '../../../nodes/M365Backup/repository/repository';
import { keys, readBytes } from '../../contract/sources';
import { adaKey, all, bobKey, commit, damage, drain, emptySample, fullSample } from './sample-repository';

const target = 'nas';

async function next(repository: Repository, options: Partial<Parameters<typeof filesToCopy>[1]> = {}): Promise<FileToCopy[]> {
	return await all(filesToCopy(repository, { target, ...options }));
}

async function confirmAll(repository: Repository, files: readonly FileToCopy[]): Promise<void> {
	const results = await confirmCopied(repository, { target, confirmations: files.map(({ fileName }) => ({ fileName, fields: { id: fileName } })) });
	expect(results.filter(({ confirmed }) => !confirmed)).toEqual([]);
}

describe('files to copy', () => {
	it('are exactly the files that belong to the repository, each with its true size and hash', async () => {
		const { repository, store } = await fullSample();
		const files = await next(repository);
		const expected = (await keys(store, '')).filter((key) => !/cursor\.json$|lease|dead|something-else/.test(key) || /Z-\w{4}\.cursor\.json$/.test(key));
		expect(files.map(({ key }) => key).sort()).toEqual(expected);
		expect(files.filter(({ kind }) => kind === 'seen')).toHaveLength(1);
		for (const file of files) {
			const stored = await readBytes(store, file.key);
			expect(file.sizeBytes).toBe(stored.length);
			expect(file.sha256).toBe(createHash('sha256').update(stored).digest('hex'));
			expect((await drain(await file.open())).equals(stored)).toBe(true);
			expect(file.path).toBe(file.key);
			expect(file.fileName).toBe(file.key.replace('/', '.'));
			expect(file.folder).toBe(file.key.includes('/') ? file.key.split('/')[0] : '');
		}
		expect(new Set(files.map(({ fileName }) => fileName)).size).toBe(files.length);
	});

	it('come in an order that never shows a record before what it names', async () => {
		const { repository, snapshots } = await fullSample();
		const order = (await next(repository)).map(({ key }) => key);
		expect(order.slice(0, 2)).toEqual(['repository.json', 'README.txt']);
		for (const snapshot of snapshots) {
			const key = snapshot.source.name === 'Ada' ? adaKey : bobKey;
			const record = order.indexOf(`${key}/${snapshot.id}.snapshot.json`);
			expect(record).toBeGreaterThan(0);
			for (const { name } of [...snapshot.archives, ...snapshot.segments, snapshot.cursor]) {
				expect(order.indexOf(`${key}/${name}`)).toBeGreaterThan(0);
				expect(order.indexOf(`${key}/${name}`)).toBeLessThan(record);
			}
		}
	});

	it('are none once all are confirmed, and after the next backup only what is new', async () => {
		const sample = await fullSample();
		await confirmAll(sample.repository, await next(sample.repository));
		expect(await next(sample.repository)).toEqual([]);
		const snapshot = await commit(sample, { add: ['newest'] });
		expect((await next(sample.repository)).map(({ kind, key }) => [kind, key.includes(snapshot.id)])).toEqual([
			['archive', true], ['segment', true], ['cursor', true], ['snapshot', true],
		]);
		expect((await all(filesToCopy(sample.repository, { target: 'another' }))).length).toBeGreaterThan(10);
	});

	it('what was not confirmed comes again', async () => {
		const { repository } = await fullSample();
		const files = await next(repository);
		await confirmAll(repository, files.filter((_, index) => index % 3 !== 0));
		expect((await next(repository)).map(({ key }) => key)).toEqual(files.filter((_, index) => index % 3 === 0).map(({ key }) => key));
	});

	it('stop at the size limit, but always bring one file; several calls bring everything', async () => {
		const { repository } = await fullSample();
		const everything = (await next(repository)).map(({ key }) => key);
		const brought: string[] = [];
		for (;;) {
			const files = await next(repository, { maxBytes: 3000 });
			if (files.length === 0) break;
			if (files.length > 1) expect(files.reduce((sum, file) => sum + file.sizeBytes, 0)).toBeLessThanOrEqual(3000);
			brought.push(...files.map(({ key }) => key));
			await confirmAll(repository, files);
		}
		expect(brought).toEqual(everything);
		expect((await next((await fullSample()).repository, { maxBytes: 0 })).length).toBe(1);
	});

	it('can be limited to some sources', async () => {
		const { repository } = await fullSample();
		const files = await next(repository, { sourceKeys: [bobKey] });
		expect(new Set(files.map(({ folder }) => folder))).toEqual(new Set(['', bobKey]));
	});

	it('include archives whose own snapshot is gone while newer catalogs point into them', async () => {
		const { repository, store, snapshots } = await fullSample();
		const first = snapshots[0]!;
		await store.delete([`${adaKey}/${first.id}.snapshot.json`]);
		const reopened = await RepositoryClass.open(store, repository.ambient);
		const files = await next(reopened);
		const archive = files.find(({ key }) => key === `${adaKey}/${first.archives[0]!.name}`);
		expect(archive).toMatchObject({ sha256: first.archives[0]!.sha256 });
		await confirmAll(reopened, files);
		expect(await next(reopened)).toEqual([]);
	});

	it('a damaged file is not handed out as if it were sound', async () => {
		const { repository, store, snapshots } = await fullSample();
		const archive = `${adaKey}/${snapshots[0]!.archives[0]!.name}`;
		await damage(store, archive, 100);
		const file = (await next(repository)).find(({ key }) => key === archive)!;
		await expect((async () => drain(await file.open()))()).rejects.toMatchObject({ kind: 'corrupt', message: expect.stringContaining(archive) });
	});

	it('a file of the wrong size and a damaged record are reported, and everything else comes', async () => {
		const { repository, store, snapshots } = await fullSample();
		const archive = `${adaKey}/${snapshots[0]!.archives[0]!.name}`;
		const record = `${adaKey}/${snapshots[1]!.id}.snapshot.json`;
		const cut = (await readBytes(store, archive)).subarray(0, 50);
		await store.put(archive, (async function* () { yield cut; })());
		await damage(store, record, 0);
		const reopened = await RepositoryClass.open(store, repository.ambient);
		const problems: { key: string; reason: string }[] = [];
		const files = await next(reopened, { onProblem: (problem) => problems.push(problem) });
		expect(problems.map(({ key }) => key).sort()).toEqual([archive, record].sort());
		expect(problems.find(({ key }) => key === archive)!.reason).toMatch(/it has 50 bytes instead of \d+/);
		expect(files.map(({ key }) => key)).toContain(`${adaKey}/${snapshots[2]!.id}.snapshot.json`);
		expect(files.map(({ key }) => key)).not.toContain(record);
	});

	it('of an empty repository are its two files at the top', async () => {
		expect((await next((await emptySample()).repository)).map(({ fileName }) => fileName)).toEqual(['repository.json', 'README.txt']);
	});
});

describe('confirm copied', () => {
	it('answers for each file in order, and takes paths as well as flat names', async () => {
		const { repository } = await fullSample();
		const [first, second, third] = await next(repository);
		const confirmations = [first!.path, third!.fileName, second!.path].map((fileName) => ({ fileName, fields: {} }));
		expect(await confirmCopied(repository, { target, confirmations })).toEqual(confirmations.map(({ fileName }) => ({ fileName, confirmed: true })));
	});

	it('what is none of ours, not there, or garbage is not confirmed, with the reason', async () => {
		const { repository } = await fullSample();
		const names = [
			'something-else.txt', 'invoice.pdf', `${adaKey}.lease-7.json`, `${adaKey}.cursor.json`, '../repository.json',
			`${adaKey}.20200101T000000Z-0000.archive-0001.zip`, `${adaKey}.20261122T110000Z-dead.archive-0001.zip`, '',
		];
		const results = await confirmCopied(repository, { target, confirmations: names.map((fileName) => ({ fileName, fields: {} })) });
		expect(results.map(({ confirmed }) => confirmed)).toEqual(names.map(() => false));
		expect(results[0]!.reason).toContain('not the name of a file that is copied');
		expect(results[5]!.reason).toContain('does not hold this file');
		expect(results[6]!.reason).toContain('no snapshot names this file');
	});

	const contradictions: [string, object, string][] = [
		['another size', { sizeBytes: 1 }, 'has 1 bytes instead of'],
		['another hash', { sha256: 'b'.repeat(64) }, 'SHA-256'],
		['another name', { fields: { name: 'README (1).txt' } }, 'calls it "README (1).txt"'],
		['another path', { fields: { fileName: '/backup/other.txt' } }, 'calls it'],
		['another size as the storage says it', { fields: { size: '12' } }, 'has 12 bytes'],
		['another hash as the storage says it', { fields: { sha256Checksum: 'c'.repeat(64) } }, 'SHA-256'],
	];
	for (const [title, said, reason] of contradictions) {
		it(`${title} is a contradiction: not confirmed, and the file comes again`, async () => {
			const { repository } = await fullSample();
			const readme = (await next(repository)).find(({ kind }) => kind === 'readme')!;
			const [result] = await confirmCopied(repository, { target, confirmations: [{ fileName: readme.fileName, fields: {}, ...said }] });
			expect(result).toMatchObject({ confirmed: false, reason: expect.stringContaining(reason) });
			expect((await next(repository)).map(({ key }) => key)).toContain('README.txt');
		});
	}

	it('takes what agrees, in whatever form the storage says it', async () => {
		const { repository } = await fullSample();
		const files = await next(repository);
		const confirmations = files.map(({ fileName, sizeBytes, sha256 }, index) => ({
			fileName,
			sizeBytes,
			sha256: sha256.toUpperCase(),
			fields: { name: index % 2 === 0 ? fileName : `C:\\backup\\${fileName}`, size: String(sizeBytes), fileSize: '48 kB', sha256Checksum: sha256 },
		}));
		expect((await confirmCopied(repository, { target, confirmations })).every(({ confirmed }) => confirmed)).toBe(true);
		expect(await next(repository)).toEqual([]);
	});

	it('saying it twice writes nothing more', async () => {
		const { repository, store } = await fullSample();
		const files = await next(repository);
		await confirmAll(repository, files);
		const ledgers = await keys(store, 'copies/');
		await confirmAll(repository, files);
		expect(await keys(store, 'copies/')).toEqual(ledgers);
		expect(ledgers).toHaveLength(1);
	});

	it('deleted files are forgotten and come again; forgetting twice does no harm', async () => {
		const { repository } = await fullSample();
		await confirmAll(repository, await next(repository));
		const confirmations = [{ fileName: 'README.txt', fields: {} }];
		for (let round = 0; round < 2; round += 1) {
			expect(await confirmCopied(repository, { target, mode: 'deleted', confirmations })).toEqual([{ fileName: 'README.txt', confirmed: true }]);
		}
		expect((await next(repository)).map(({ key }) => key)).toEqual(['README.txt']);
	});

	it('refuses an impossible target and says what a name may be', async () => {
		const { repository } = await fullSample();
		await expect(confirmCopied(repository, { target: 'a/b', confirmations: [] })).rejects.toMatchObject({ kind: 'invalid', nextStep: expect.any(String) });
		await expect(next(repository, { target: '..' })).rejects.toMatchObject({ kind: 'invalid' });
	});

	it('says so when the repository can only be read', async () => {
		const { repository, store } = await fullSample();
		const files = await next(repository);
		const readOnly = await RepositoryClass.open(createReadOnlyStore(store), repository.ambient);
		const confirmations = files.map(({ fileName }) => ({ fileName, fields: {} }));
		await expect(confirmCopied(readOnly, { target, confirmations })).rejects.toMatchObject({ kind: 'denied' });
		expect(await next(repository)).toHaveLength(files.length);
	});
});
