import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verify } from '../../../nodes/M365Backup/actions/repositories/verify.operation';
import { verifyRepository } from '../../../nodes/M365Backup/engine/verify';
import { fakeExecution, type FakeExecutionOptions } from './fake-execution';
import { mailRepository, type MailRepository } from './mail-repository';

describe('Repository: Verify', () => {
	let base: string;
	let mail: MailRepository;

	beforeEach(async () => {
		base = await mkdtemp(path.join(tmpdir(), 'm365-verify-'));
		mail = await mailRepository(base, [1, 2, 3].map((day) => ({ finishedAt: `2026-11-0${day}T10:00:00Z` })));
	});
	afterEach(() => rm(base, { recursive: true, force: true }));

	const run = async (parameters: Record<string, unknown> = {}, more: Partial<FakeExecutionOptions> = {}) => {
		const fake = fakeExecution({ parameters: { repositoryType: 'localFolder', repositoryFolder: mail.folder, source: '', options: {}, ...parameters }, ...more });
		return (await verify.execute.call(fake.context))[0]!.map(({ json }) => json)[0]!;
	};
	/** One bit in the middle of an archive: size and lists are as they were. */
	const damageArchive = async (): Promise<string> => {
		const name = (await readdir(path.join(mail.folder, mail.key))).filter((one) => one.endsWith('.zip')).sort()[1]!;
		const file = path.join(mail.folder, mail.key, name);
		const bytes = await readFile(file);
		const at = bytes.indexOf('Hello') >= 0 ? bytes.indexOf('Hello') : 60;
		bytes[at] = bytes[at]! ^ 1;
		await writeFile(file, bytes);
		return name;
	};

	it('says that everything is there, and how much was read for that', async () => {
		expect(await run()).toMatchObject({ ok: true, deep: false, sources: 1, snapshots: 3, archives: { count: 3, read: 0 }, damage: [] });
		const deep = await run({ thoroughness: 'deep' });
		expect(deep).toMatchObject({ ok: true, contents: 3, archives: { count: 3, read: 3 } });
		expect(deep['message']).toMatch(/^Everything is there \(1 source, 3 snapshots, \d+ files, 0\.00 GB; 3 of 3 archives read to the last byte\)$/);
	});

	it('fails with the file, what is wrong, and how to put it right; only a deep one reads content', async () => {
		const name = await damageArchive();
		expect(await run()).toMatchObject({ ok: true });
		const error = await run({ thoroughness: 'deep' }).catch((thrown: unknown) => thrown);
		expect(error).toBeInstanceOf(Error);
		expect((error as Error).message).toMatch(/^1 file is damaged or missing, 1 item lost/);
		expect((error as { description: string }).description).toContain(name);
		expect((error as { description: string }).description).toContain('Import Files');
		const report = await run({ thoroughness: 'deep', options: { failWhenDamaged: false } });
		expect(report).toMatchObject({ ok: false, damage: [{ items: [{ name: 'Message 2' }] }] });
	});

	it('reads a random share that finds the damage sooner or later', async () => {
		const name = await damageArchive();
		const { repository } = mail;
		let read = 0;
		let found = 0;
		for (let day = 0; day < 60; day++) {
			const report = await verifyRepository(repository, { deep: true, share: 0.3 });
			read += report.archives.read;
			if (!report.ok) {
				expect(report.damage[0]?.file).toBe(`${mail.key}/${name}`);
				found += 1;
			}
		}
		// 54 of 180 are expected; 20 and 100 are seven standard deviations away.
		expect(read).toBeGreaterThan(15);
		expect(read).toBeLessThan(105);
		expect(found).toBeGreaterThan(0);
	});

	it.each([0, 101, 'a lot'])('refuses a sample of %s percent', async (samplePercent) => {
		await expect(run({ thoroughness: 'sample', samplePercent })).rejects.toThrow(/Sample \(%\)/);
	});
});
