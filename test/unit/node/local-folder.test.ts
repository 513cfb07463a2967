import { mkdir, mkdtemp, realpath, rm, symlink, writeFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Machine } from '../../../nodes/M365Backup/connect/container';
import { localFolder, type LocalFolderOptions, type PathRule } from '../../../nodes/M365Backup/connect/local-folder';

const plainMachine: Machine = { isContainer: async () => false, deviceOf: async () => 1 };
const container = (volume: string): Machine => ({
	isContainer: async () => true,
	deviceOf: async (where) => (where.startsWith(volume) ? 2 : 1),
});

describe('the repository folder', () => {
	let base: string;
	let allowed: string;
	let outside: string;
	const rule: PathRule = {
		resolve: (where) => realpath(where),
		isBlocked: (where) => where !== allowed && !where.startsWith(`${allowed}/`),
	};
	const options = (more: Partial<LocalFolderOptions> = {}): LocalFolderOptions => ({
		create: true,
		useAnyway: false,
		machine: plainMachine,
		...more,
	});

	beforeEach(async () => {
		base = await realpath(await mkdtemp(path.join(tmpdir(), 'm365-local-folder-')));
		allowed = path.join(base, 'allowed');
		outside = path.join(base, 'outside');
		await mkdir(outside);
	});
	afterEach(() => rm(base, { recursive: true, force: true }));

	it('is made with all missing parents, even the allowed folder itself', async () => {
		const folder = path.join(allowed, 'a/b');
		expect(await localFolder(` ${folder}/ `, rule, options())).toBe(folder);
		expect((await stat(folder)).isDirectory()).toBe(true);
	});

	it('is not made where it is only read', async () => {
		const folder = path.join(allowed, 'a');
		expect(await localFolder(folder, rule, options({ create: false }))).toBe(folder);
		await expect(stat(allowed)).rejects.toThrow('ENOENT');
	});

	it('knows the home folder by ~, and no other user by ~name', async () => {
		const before = process.env['HOME'];
		process.env['HOME'] = allowed;
		try {
			expect(await localFolder('~/m365', rule, options())).toBe(path.join(allowed, 'm365'));
			await expect(localFolder('~root/x', rule, options())).rejects.toMatchObject({ kind: 'invalid' });
		} finally {
			process.env['HOME'] = before;
		}
	});

	it.each(['', 'backups', './x'])('refuses "%s", which is not a whole path', async (named) => {
		await expect(localFolder(named, rule, options())).rejects.toMatchObject({
			kind: 'invalid',
			nextStep: expect.stringContaining('whole path') as string,
		});
	});

	it('refuses what n8n forbids, and makes nothing', async () => {
		await expect(localFolder(path.join(outside, 'x/y'), rule, options())).rejects.toMatchObject({
			kind: 'denied',
			nextStep: expect.stringContaining('N8N_RESTRICT_FILE_ACCESS_TO') as string,
		});
		await expect(stat(path.join(outside, 'x'))).rejects.toThrow('ENOENT');
	});

	it('refuses ways out of the allowed folder: .. and links', async () => {
		await mkdir(allowed);
		await symlink(outside, path.join(allowed, 'link'));
		await expect(localFolder(`${allowed}/../outside/x`, rule, options())).rejects.toMatchObject({ kind: 'denied' });
		await expect(localFolder(`${allowed}/link/x`, rule, options())).rejects.toMatchObject({ kind: 'denied' });
		await expect(localFolder(`${allowed}/link`, rule, options({ create: false }))).rejects.toMatchObject({ kind: 'denied' });
	});

	it('says so if a part of the path is a file', async () => {
		await mkdir(allowed);
		await writeFile(path.join(allowed, 'file'), 'x');
		await expect(localFolder(`${allowed}/file/x`, rule, options())).rejects.toMatchObject({ kind: 'invalid' });
		await expect(localFolder(`${allowed}/file`, rule, options())).rejects.toMatchObject({
			kind: 'invalid',
			message: expect.stringContaining('is not a folder') as string,
		});
	});

	it('refuses a folder that is lost with the container, unless told to use it anyway', async () => {
		const folder = path.join(allowed, 'm365');
		const machine = container('/nothing-is-mounted');
		await expect(localFolder(folder, rule, options({ machine }))).rejects.toMatchObject({
			kind: 'invalid',
			message: expect.stringContaining('disappears when the container is updated') as string,
			nextStep: expect.stringContaining('Use Anyway') as string,
		});
		await expect(stat(allowed)).rejects.toThrow('ENOENT');
		expect(await localFolder(folder, rule, options({ machine, useAnyway: true }))).toBe(folder);
	});

	it('accepts a folder on a volume of the container, and reads any', async () => {
		const folder = path.join(allowed, 'm365');
		expect(await localFolder(folder, rule, options({ machine: container('/nothing'), create: false }))).toBe(folder);
		await mkdir(allowed);
		expect(await localFolder(folder, rule, options({ machine: container(base) }))).toBe(folder);
	});
});
