import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { check } from '../../../nodes/M365Backup/actions/repositories/check.operation';
import { useCases } from '../../../nodes/M365Backup/actions/use-cases';
import { placeToCheck } from '../../../nodes/M365Backup/connect/check-place';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import type { Machine } from '../../../nodes/M365Backup/connect/container';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { makeAgeKey, readAgeKey } from '../../../nodes/M365Backup/stores/encryption/age-key';
import { RepositoryKey } from '../../../nodes/M365Backup/stores/encryption/repository-key';
import { createFolderStore } from '../../../nodes/M365Backup/stores/folder-store';
import { fakeExecution, type FakeExecutionOptions } from './fake-execution';
import { mailRepository } from './mail-repository';

interface Report {
	ok: boolean;
	message: string;
	storage: { kind: string; label: string; checks: { name: string; ok: boolean | null; detail: string; advice?: string }[] };
	repository: Record<string, unknown> | null;
	repositoryChecks: { name: string; ok: boolean | null; detail: string; advice?: string }[];
	permissions: unknown;
	warnings: string[];
}

describe('Repository: Check', () => {
	let base: string;
	beforeEach(async () => {
		base = await mkdtemp(path.join(tmpdir(), 'm365-check-node-'));
	});
	afterEach(() => rm(base, { recursive: true, force: true }));
	afterEach(() => {
		vi.restoreAllMocks();
	});

	const fake = (parameters: Record<string, unknown>, more: Partial<FakeExecutionOptions> = {}) =>
		fakeExecution({ parameters: { repositoryType: 'localFolder', checkMicrosoft: false, options: { useAnyway: true }, ...parameters }, ...more });
	const run = async (parameters: Record<string, unknown>, more: Partial<FakeExecutionOptions> = {}): Promise<Report> =>
		(await check.execute.call(fake(parameters, more).context))[0]!.map(({ json }) => json)[0] as unknown as Report;

	it('a folder that is not there yet: fine, says that the first backup makes it, and makes nothing', async () => {
		const report = await run({ repositoryFolder: path.join(base, 'not', 'there') });
		expect(report).toMatchObject({ ok: true, repository: null, permissions: null, storage: { kind: 'localFolder' } });
		expect(report.storage.checks.map(({ name }) => name)).toEqual(expect.arrayContaining(['folder', 'space', 'write', 'ranges', 'conditionalPut', 'delete']));
		expect(await readdir(base)).toEqual([]);
	});

	it('a repository: says what is in it, and leaves it as it was', async () => {
		const mail = await mailRepository(base, [1, 2].map((day) => ({ finishedAt: `2026-11-0${day}T10:00:00Z` })));
		const before = await readdir(mail.folder, { recursive: true });
		const report = await run({ repositoryFolder: mail.folder });
		expect(report).toMatchObject({ ok: true, repository: { id: mail.repository.id, opens: true, mailboxes: 1, snapshots: 2, newestSnapshot: { time: '2026-11-02T10:00:00.000Z' } } });
		expect(report.message).toBe('Everything that was tried works; the newest backup is of 2026-11-02T10:00:00.000Z');
		expect(await readdir(mail.folder, { recursive: true })).toEqual(before);
	});

	it('a repository whose counting took too long to meet a backup: says that it was not counted to the end, not that there is none', async () => {
		const mail = await mailRepository(base, [{ finishedAt: '2026-11-01T10:00:00Z' }]);
		const { checkRepository } = useCases;
		let nowMs = Date.now();
		const hurried = { ...realAmbient, now: () => new Date((nowMs += 21_000)) };
		vi.spyOn(useCases, 'checkRepository').mockImplementation((store, options) => checkRepository(store, { ...options, ambient: hurried }));
		const report = await run({ repositoryFolder: mail.folder });
		expect(report).toMatchObject({ ok: true, repository: { countedAll: false, newestSnapshot: null } });
		expect(report.message).toBe('Everything that was tried works; the files were not counted to the end, so that the newest backup is not known');
	});

	it('a folder that n8n forbids: no error, but not ok, with what to do', async () => {
		const report = await run({ repositoryFolder: base }, { isBlocked: () => true });
		expect(report.ok).toBe(false);
		expect(report.storage.checks).toMatchObject([{ name: 'reach', ok: false, advice: expect.stringContaining('N8N_RESTRICT_FILE_ACCESS_TO') as unknown }]);
		expect(report.warnings[0]).toContain('N8N_RESTRICT_FILE_ACCESS_TO');
	});

	it('Fail When Not OK makes an error of it that lists what is wrong and what to do', async () => {
		const failing = run({ repositoryFolder: base, options: { failWhenNotOk: true } }, { isBlocked: () => true });
		await expect(failing).rejects.toMatchObject({ message: expect.stringContaining('One thing is wrong') as unknown, description: expect.stringContaining('N8N_RESTRICT_FILE_ACCESS_TO') as unknown });
	});

	it('a link that leads nowhere, as an unmounted drive leaves it: no error, but not ok', async () => {
		await symlink(path.join(base, 'unmounted'), path.join(base, 'link'));
		const report = await run({ repositoryFolder: path.join(base, 'link', 'backups') });
		expect(report.ok).toBe(false);
		expect(report.message).toContain(`${path.join(base, 'link')} opens no folder`);
		expect(report.message).toContain('Mount the drive');
		expect(report.storage.checks.filter(({ ok }) => ok !== false)).toEqual([]);
		expect(await readdir(base)).toEqual(['link']);
	});

	it('something else in the place of a repository: not ok', async () => {
		await writeFile(path.join(base, 'repository.json'), '{"format":"something else"}');
		const report = await run({ repositoryFolder: base });
		expect(report.repositoryChecks).toMatchObject([{ name: 'repository', ok: false, detail: expect.stringContaining('does not belong to M365 Backup') as unknown }]);
		expect(report).toMatchObject({ ok: false, repository: null });
	});

	it('backups whose repository.json is missing are no empty place', async () => {
		const mail = await mailRepository(base, [{ finishedAt: '2026-11-01T10:00:00Z' }]);
		await rm(path.join(mail.folder, 'repository.json'));
		const report = await run({ repositoryFolder: mail.folder });
		expect(report.repositoryChecks).toMatchObject([{ name: 'repository', ok: false, advice: expect.stringContaining('Import Files') as unknown }]);
	});

	it('encryption: what a new repository would be, that the key fits, that another does not, and what a missing recovery key means', async () => {
		const [key, other, recovery] = await Promise.all([makeAgeKey(), makeAgeKey(), makeAgeKey()]);
		const credentials = (identity: string, recoveryRecipient = ''): Partial<FakeExecutionOptions> => ({ credentials: { m365BackupEncryptionApi: { secretKey: identity, recoveryRecipient } } });
		const folder = path.join(base, 'sealed');
		const on = { repositoryFolder: folder, repositoryEncrypted: true };
		const fresh = await run(on, credentials(key.identity));
		expect(fresh.repositoryChecks).toMatchObject([{ name: 'repository', ok: true }, { name: 'encryption', ok: true, detail: expect.stringContaining(key.recipient) as unknown, advice: expect.stringContaining('recovery key') as unknown }]);
		expect(fresh.repository).toBeNull();

		await mkdir(folder);
		const encryption = new RepositoryKey(await readAgeKey({ identity: key.identity, recoveryRecipient: recovery.recipient }));
		await Repository.open(createFolderStore({ root: folder }), realAmbient, { create: true, encryption });
		const about = async (more: Partial<FakeExecutionOptions>, parameters: Record<string, unknown> = on) => (await run(parameters, more)).repositoryChecks.find(({ name }) => name === 'encryption')!;

		expect(await run(on, credentials(key.identity, recovery.recipient))).toMatchObject({ ok: true, repository: { encrypted: true, opens: true, hasRecoveryKey: true, recipients: [key.recipient, recovery.recipient] } });
		expect(await about(credentials(other.identity))).toMatchObject({ ok: false, detail: expect.stringContaining('encrypted for another key') as unknown, advice: expect.stringContaining(key.recipient) as unknown });
		expect(await about(credentials(recovery.identity))).toMatchObject({ ok: true, advice: expect.stringContaining('read and restored, not made') as unknown });
		expect(await about({}, { repositoryFolder: folder })).toMatchObject({ ok: false, advice: expect.stringContaining('Turn on Encrypted') as unknown });
		expect(await about(credentials('no key at all'))).toMatchObject({ ok: false, detail: expect.stringContaining('is not a secret key') as unknown });
	});

	it('without the Microsoft credential, which n8n then asks for', async () => {
		await expect(run({ repositoryFolder: base, checkMicrosoft: true })).rejects.toThrow('credentials');
	});

	it('stopped: ends as such, and nothing is left, not even the folder that was made to try it', async () => {
		const controller = new AbortController();
		const stopping = run({ repositoryFolder: path.join(base, 'new') }, { signal: controller.signal });
		setTimeout(() => controller.abort(), 30);
		await expect(stopping).rejects.toThrow(/stopped/);
		expect(await readdir(base)).toEqual([]);
	});

	it('says that a folder inside the container is lost with it, unless it is to be used anyway', async () => {
		const inside: Machine = { isContainer: () => Promise.resolve(true), deviceOf: () => Promise.resolve(1) };
		const outside: Machine = { isContainer: () => Promise.resolve(true), deviceOf: (of: string) => Promise.resolve(of === '/' ? 1 : 2) };
		const place = async (machine: Machine, useAnyway: boolean) => (await placeToCheck.call(fake({ repositoryFolder: base, options: { useAnyway } }).context, 0, machine)).findings.find(({ name }) => name === 'place');
		expect(await place(inside, false)).toMatchObject({ ok: false, advice: expect.stringContaining('Mount a volume') as unknown });
		expect(await place(inside, true)).toMatchObject({ ok: true });
		expect((await place(outside, false))?.detail).not.toContain('inside the container');
	});
});
