import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = resolve(__dirname, '../../..');
const packageName = 'n8n-nodes-m365-backup';
/** Set to 1 by whoever has just run `npm run build`, as `npm test` does once for all its tests. */
export const builtVariable = 'M365_BACKUP_BUILT';

interface LockedPackage {
	dev?: boolean;
	devOptional?: boolean;
	peer?: boolean;
	optional?: boolean;
}

/**
 * Builds and packs the package and lays it out in `folder` as n8n's own installer does: the tarball's content, its
 * `package.json` without dev, peer and optional dependencies, and below it exactly the packages that npm would install
 * for what remains. Those come from this clone's `node_modules` by the lock file, so it needs no network.
 *
 * @returns the folder of the package, `<folder>/node_modules/n8n-nodes-m365-backup`
 */
export async function installPackage(folder: string): Promise<string> {
	const target = join(folder, 'node_modules', packageName);
	await mkdir(target, { recursive: true });
	const packed = await mkdtemp(join(tmpdir(), 'm365-backup-pack-'));
	try {
		if (process.env[builtVariable] !== '1') {
			await npm(['run', 'build']);
		}
		const { stdout } = await npm(['pack', '--json', '--ignore-scripts', '--pack-destination', packed]);
		await run('tar', ['-xzf', join(packed, packedFileName(stdout)), '-C', target, '--strip-components=1']);
	} finally {
		await rm(packed, { recursive: true, force: true });
	}
	await stripPackageJson(join(target, 'package.json'));
	await copyDependencies(target);
	return target;
}

function packedFileName(stdout: string): string {
	// npm 10 and 11 print a list, npm 12 prints an object by package name.
	const printed = JSON.parse(stdout.slice(stdout.search(/^[[{]/m))) as Record<string, { filename: string }>;
	const first = Object.values(printed)[0];
	if (first === undefined) {
		throw new Error(`npm pack printed no file name: ${stdout}`);
	}
	return first.filename;
}

async function stripPackageJson(file: string): Promise<void> {
	const content = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
	const dropped = ['devDependencies', 'peerDependencies', 'optionalDependencies'];
	const kept = Object.fromEntries(Object.entries(content).filter(([name]) => !dropped.includes(name)));
	await writeFile(file, JSON.stringify(kept, null, 2));
}

async function copyDependencies(target: string): Promise<void> {
	const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
		packages: Record<string, LockedPackage>;
	};
	const installed = Object.entries(lock.packages)
		.filter(([path, { dev, devOptional, peer, optional }]) => path !== '' && !(dev || devOptional || peer || optional))
		.map(([path]) => path);
	for (const path of installed) {
		await cp(join(root, path), join(target, path), {
			recursive: true,
			// A nested package comes, or stays away, by its own line in the lock file.
			filter: (source) => !source.slice(join(root, path).length).includes('node_modules'),
		});
	}
}

async function npm(args: string[]): Promise<{ stdout: string }> {
	const env = { ...process.env, PATH: [dirname(process.execPath), process.env.PATH ?? ''].join(delimiter) };
	return run('npm', args, { cwd: root, env, maxBuffer: 64 * 1024 * 1024 });
}
