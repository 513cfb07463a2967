import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileFailure } from '../../../nodes/M365Backup/stores/file-errors';
import { createFolderStore } from '../../../nodes/M365Backup/stores/folder-store';
import { keys, readText, text } from '../../contract/sources';

let base: string;
let root: string;
beforeEach(async () => {
	base = await mkdtemp(path.join(tmpdir(), 'm365-folder-'));
	root = path.join(base, 'repository');
});
afterEach(async () => {
	await rm(base, { recursive: true, force: true });
});

const script = (name: string): string[] => ['--import', 'tsx', path.join(__dirname, name)];

describe('folder store', () => {
	it('refuses a root that depends on the current folder', () => {
		expect(() => createFolderStore({ root: 'backups' })).toThrow(/not an absolute path/);
	});

	it('lists nothing and finds nothing where the root is missing, and does not make it by looking', async () => {
		const store = createFolderStore({ root });
		expect(await keys(store, '')).toEqual([]);
		expect(await store.get('repository.json')).toBeNull();
		await store.delete(['repository.json']);
		await expect(stat(root)).rejects.toMatchObject({ code: 'ENOENT' });
	});

	it('writes plain files that only their owner can read', async () => {
		await createFolderStore({ root }).put('a/b.txt', text('hello'));
		expect(await readFile(path.join(root, 'a', 'b.txt'), 'utf8')).toBe('hello');
		expect((await stat(path.join(root, 'a', 'b.txt'))).mode & 0o777).toBe(0o600);
		expect((await stat(path.join(root, 'a'))).mode & 0o777).toBe(0o700);
	});

	it('a folder that is a symbolic link is refused, and nothing is written, read or deleted behind it', async () => {
		const outside = path.join(base, 'outside');
		await mkdir(outside);
		await mkdir(root);
		await writeFile(path.join(outside, 'secret'), 'secret');
		await symlink(outside, path.join(root, 'link'));
		const store = createFolderStore({ root });
		const refusal = { kind: 'invalid', message: expect.stringContaining('is a symbolic link') };
		await expect(store.put('link/new', text('x'))).rejects.toMatchObject(refusal);
		await expect(store.put('link/deeper/new', text('x'))).rejects.toMatchObject(refusal);
		await expect(store.get('link/secret')).rejects.toMatchObject(refusal);
		await expect(store.delete(['link/secret'])).rejects.toMatchObject(refusal);
		await expect(keys(store, 'link/')).rejects.toMatchObject(refusal);
		expect(await keys(store, '')).toEqual([]);
		expect(await readdir(outside)).toEqual(['secret']);
	});

	it('a file that is a symbolic link is not listed and not followed', async () => {
		await mkdir(root);
		await writeFile(path.join(base, 'secret'), 'secret');
		await symlink(path.join(base, 'secret'), path.join(root, 'file'));
		const store = createFolderStore({ root });
		expect(await keys(store, '')).toEqual([]);
		await expect(store.get('file')).rejects.toMatchObject({ kind: 'invalid' });
		await store.put('file', text('mine'));
		expect(await readFile(path.join(base, 'secret'), 'utf8')).toBe('secret');
		expect(await readText(store, 'file')).toBe('mine');
	});

	it('the root itself may be a symbolic link', async () => {
		await mkdir(path.join(base, 'disk'));
		await symlink(path.join(base, 'disk'), root);
		const store = createFolderStore({ root });
		await store.put('a/b', text('x'));
		expect(await keys(store, '')).toEqual(['a/b']);
		expect(await readdir(path.join(base, 'disk'))).toEqual(['a']);
	});

	it('hides temporary files and clears those that nobody has touched for 48 hours', async () => {
		const now = new Date('2026-11-22T10:00:00Z');
		await mkdir(path.join(root, 'a'), { recursive: true });
		const hoursAgo = (hours: number): Date => new Date(now.getTime() - hours * 3_600_000);
		for (const [name, hours] of [['old', 49], ['young', 47]] as const) {
			const place = path.join(root, 'a', `.m365-backup-temp-1-${name}`);
			await writeFile(place, 'half');
			await utimes(place, hoursAgo(hours), hoursAgo(hours));
		}
		const store = createFolderStore({ root, ambient: { now: () => now, randomHex: () => 'abcd' } });
		expect(await keys(store, '')).toEqual([]);
		await store.put('a/f', text('x'));
		expect((await readdir(path.join(root, 'a'))).sort()).toEqual(['.m365-backup-temp-1-young', 'f']);
		expect(await keys(store, '')).toEqual(['a/f']);
	});

	it('takes over the claim of a process that was killed between claiming and moving', async () => {
		const linkFile = async (): Promise<void> => {
			throw Object.assign(new Error('no links here'), { code: 'EPERM' });
		};
		const ahead = { now: () => new Date(Date.now() + 11 * 60_000), randomHex: () => 'abcd' };
		const failing = createFolderStore({ root, linkFile, ambient: { now: () => new Date(), randomHex: () => 'x'.repeat(8) } });
		await failing.put('made', text('x'), { ifAbsent: true });
		const { createHash } = await import('node:crypto');
		const claim = `.m365-backup-temp-claim-${createHash('sha256').update('lease').digest('hex').slice(0, 32)}`;
		await writeFile(path.join(root, claim), '');
		await expect(failing.put('lease', text('x'), { ifAbsent: true })).rejects.toMatchObject({ kind: 'conflict' });
		await createFolderStore({ root, linkFile, ambient: ahead }).put('lease', text('mine'), { ifAbsent: true });
		expect(await readdir(root)).toEqual(['lease', 'made']);
	});

	it('says what stands in the way: a file where a folder must be', async () => {
		await mkdir(root);
		await writeFile(path.join(root, 'a'), 'x');
		await expect(createFolderStore({ root }).put('a/b', text('x'))).rejects.toMatchObject({
			kind: 'invalid',
			nextStep: expect.stringContaining('choose another folder'),
		});
	});

	it('says that a folder may not be written', async () => {
		// Root may write anywhere but into the kernel's own file system.
		const isRoot = process.getuid?.() === 0;
		if (!isRoot) await mkdir(root, { mode: 0o500 });
		const store = createFolderStore({ root: isRoot ? '/sys/m365-backup' : root });
		await expect(store.put('f', text('x'))).rejects.toMatchObject({ kind: 'denied', nextStep: expect.stringMatching(/folder/) });
		if (!isRoot) await chmod(root, 0o700);
	});

	it('says that there is no more room, and leaves nothing of the file behind', async (context) => {
		if (process.platform === 'win32') context.skip('Windows has no ulimit');
		// A limit on the size of files stands in for a full disk: the write itself fails, halfway through.
		const limited = `trap '' XFSZ; ulimit -f 300; exec "$0" "$@"`;
		const { stdout } = await promisify(execFile)('bash', ['-c', limited, process.execPath, ...script('put-large.ts'), root]);
		expect(JSON.parse(stdout)).toEqual({ kind: 'quota', code: 'EFBIG', nextStep: expect.stringContaining('Free some space') });
		expect(await readdir(path.join(root, 'folder'))).toEqual([]);
	});

	it('classifies what the file system says, each with a next step', () => {
		const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
		expect(fileFailure(full, 'write /x')).toMatchObject({
			kind: 'quota',
			message: 'Could not write /x: ENOSPC: no space left on device, write',
			nextStep: expect.stringContaining('Free some space'),
		});
		for (const [code, kind] of [['EDQUOT', 'quota'], ['EACCES', 'denied'], ['EROFS', 'denied'], ['EPERM', 'denied'], ['EIO', 'transient'], ['EMFILE', 'transient']] as const) {
			const failure = fileFailure(Object.assign(new Error(code), { code }), 'write /x');
			expect(failure).toMatchObject({ kind, code });
			expect(failure.nextStep).toBeTruthy();
		}
	});

	it('of several processes exactly one gets each key', async () => {
		const holders = ['first', 'second', 'third'];
		const outcomes = await Promise.all(
			holders.map(async (holder) => {
				const { stdout } = await promisify(execFile)(process.execPath, [...script('race-if-absent.ts'), root, '40', holder]);
				return (JSON.parse(stdout) as number[]).map((index) => ({ index, holder }));
			}),
		);
		const all = outcomes.flat().sort((a, b) => a.index - b.index);
		expect(all.map(({ index }) => index)).toEqual(Array.from({ length: 40 }, (_, index) => index));
		const store = createFolderStore({ root });
		for (const { index, holder } of all) expect(await readText(store, `races/key ${index}`)).toBe(holder);
		expect(await readdir(path.join(root, 'races'))).toHaveLength(40);
	});

	it('a process killed while it replaces a file leaves the old or the new one, never a mixture', async () => {
		const child = spawn(process.execPath, [...script('put-for-ever.ts'), root], { stdio: ['ignore', 'pipe', 'inherit'] });
		await once(child.stdout, 'data');
		await new Promise((resolve) => setTimeout(resolve, 50));
		child.kill('SIGKILL');
		await once(child, 'exit');
		const store = createFolderStore({ root });
		const content = await readText(store, 'folder/file');
		expect(content.length).toBe(64 * 16_384);
		expect(new Set(content).size).toBe(1);
		expect(await keys(store, '')).toEqual(['folder/file']);
	});
});
