import { execFile } from 'node:child_process';
import { isBuiltin } from 'node:module';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPackage } from './harness/package-install';
import { shippedWorkflowFiles } from './harness/shipped-workflows';

const root = resolve(__dirname, '../..');
const run = promisify(execFile);

interface PackageJson {
	dependencies: Record<string, string>;
	peerDependencies?: Record<string, string>;
	n8n: { nodes: string[]; credentials: string[] };
}

/**
 * n8n lets a community package find n8n's own packages too, so a dependency that was forgotten works there until n8n
 * drops it. Here nothing is found but what the package declares.
 */
describe('the packed package', () => {
	let folder: string;
	let installed: string;
	let declared: PackageJson;

	beforeAll(async () => {
		folder = await mkdtemp(join(tmpdir(), 'm365-backup-package-'));
		installed = await installPackage(folder);
		declared = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as PackageJson;
	});
	afterAll(async () => rm(folder, { recursive: true, force: true }));

	it('has everything that its package.json promises to n8n, icons, codex and workflows included', async () => {
		const files = (await readdir(installed, { recursive: true })).filter((name) => !name.startsWith('node_modules'));
		for (const promised of [...declared.n8n.nodes, ...declared.n8n.credentials]) {
			expect(files).toContain(promised);
		}
		expect(files.filter((name) => name.endsWith('.svg')).length).toBeGreaterThanOrEqual(2);
		expect(files).toContain('dist/nodes/M365Backup/M365Backup.node.json');
		const workflows = (await shippedWorkflowFiles()).map((name) => `dist/workflows/${name}`);
		expect(files.filter((name) => name.startsWith('dist/workflows/')).sort()).toEqual(workflows);
		expect(files).toContain('README.md');
		expect(files.filter((name) => /(^|\/)test\/|\.test\.|^nodes\//.test(name))).toEqual([]);
	});

	it('imports nothing that it does not declare', async () => {
		const allowed = [...Object.keys(declared.dependencies), ...Object.keys(declared.peerDependencies ?? {})];
		const dist = join(installed, 'dist');
		const undeclared = new Set<string>();
		for (const name of (await readdir(dist, { recursive: true })).filter((file) => file.endsWith('.js'))) {
			const code = await readFile(join(dist, name), 'utf8');
			for (const [, wanted] of code.matchAll(/\b(?:require|import)\(["']([^"'.][^"']*)["']\)/g)) {
				const packageName = wanted!.split('/').slice(0, wanted!.startsWith('@') ? 2 : 1).join('/');
				if (!isBuiltin(wanted!) && !allowed.includes(packageName)) {
					undeclared.add(`${name}: ${wanted}`);
				}
			}
		}
		expect([...undeclared]).toEqual([]);
	});

	it('loads with its declared dependencies and n8n-workflow alone', async () => {
		const peers = join(folder, 'peers');
		await mkdir(peers);
		await symlink(join(root, 'node_modules', 'n8n-workflow'), join(peers, 'n8n-workflow'));
		const script = [...declared.n8n.nodes, ...declared.n8n.credentials]
			.map((file) => `console.log(Object.keys(require(${JSON.stringify(join(installed, file))})).join())`)
			.join(';');
		const { stdout } = await run(process.execPath, ['-e', script], { cwd: folder, env: { PATH: process.env['PATH'] ?? '', NODE_PATH: peers } });
		expect(stdout).toContain('M365Backup');
		expect(stdout).toContain('M365BackupMicrosoftApi');
	});
});
