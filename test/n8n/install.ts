import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';

const folder = __dirname;
const modules = join(folder, 'node_modules');
/** Written last, so that an installation that broke off is not taken for a whole one. */
const stampFile = join(modules, '.installed-for-lock');
const progressEveryMs = 15_000;

/** n8n's own command line script; exists once {@link installN8n} has returned. */
export const n8nScript = join(modules, 'n8n', 'bin', 'n8n');

/**
 * Installs the n8n of `test/n8n/package-lock.json` unless exactly that one is already there. Takes four to five minutes
 * and 2.9 GB the first time, so `say` hears how it goes. Install scripts stay off, except for the SQLite driver that
 * n8n cannot start without; the other native modules ship ready-built files.
 */
export async function installN8n(say: (line: string) => void): Promise<void> {
	const wanted = await lockHash();
	if (await isInstalled(wanted)) {
		return;
	}
	const version = await wantedVersion();
	say(`Installing n8n ${version} for tests and demo into test/n8n (once; about 5 minutes and 2.9 GB)`);
	await rm(stampFile, { force: true });
	await npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], `n8n ${version}`, say);
	await npm(['rebuild', 'sqlite3', '--loglevel=error'], 'the SQLite driver', say);
	await writeFile(stampFile, wanted);
	say(`n8n ${version} is installed`);
}

async function lockHash(): Promise<string> {
	const lock = await readFile(join(folder, 'package-lock.json'));
	return createHash('sha256').update(lock).digest('hex');
}

async function isInstalled(wanted: string): Promise<boolean> {
	return existsSync(n8nScript) && existsSync(stampFile) && (await readFile(stampFile, 'utf8')) === wanted;
}

async function wantedVersion(): Promise<string> {
	const { dependencies } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
		dependencies: { n8n: string };
	};
	return dependencies.n8n;
}

/** Runs npm here and says every few seconds how long it has been at it, since npm itself is silent for minutes. */
async function npm(args: string[], what: string, say: (line: string) => void): Promise<void> {
	const startedAt = Date.now();
	const progress = setInterval(() => {
		void packageCount().then((count) => {
			const seconds = Math.round((Date.now() - startedAt) / 1000);
			say(`  … ${what}: ${seconds} s, ${count} packages so far`);
		});
	}, progressEveryMs);
	try {
		await new Promise<void>((resolve, reject) => {
			const child = spawn('npm', args, {
				cwd: folder,
				stdio: ['ignore', 'inherit', 'inherit'],
				env: environmentForNpm(),
				shell: process.platform === 'win32',
			});
			child.once('error', reject);
			child.once('exit', (code, signal) => {
				if (code === 0) {
					resolve();
				} else {
					reject(new Error(`npm ${args.join(' ')} in test/n8n ended with ${signal ?? `exit code ${String(code)}`}`));
				}
			});
		});
	} finally {
		clearInterval(progress);
	}
}

/** The Node.js that runs this script first on PATH, and none of the settings that an outer `npm run` hands down. */
function environmentForNpm(): NodeJS.ProcessEnv {
	const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_package_') && name !== 'INIT_CWD');
	return {
		...Object.fromEntries(inherited),
		PATH: [dirname(process.execPath), process.env.PATH ?? ''].join(delimiter),
	};
}

async function packageCount(): Promise<number> {
	try {
		return (await readdir(modules)).length;
	} catch {
		return 0; // npm has not made the folder yet
	}
}

if (require.main === module) {
	installN8n((line) => console.log(line)).catch((error: unknown) => {
		console.error(error);
		process.exitCode = 1;
	});
}
