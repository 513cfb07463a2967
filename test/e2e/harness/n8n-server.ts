import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createWriteStream, rmSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { n8nScript } from '../../n8n/install';
import { freePort } from './free-port';
import { N8nClient, type Owner } from './n8n-client';
import { installPackage } from './package-install';

const startTimeoutMs = 180_000;
const stopTimeoutMs = 15_000;

export interface N8nOptions {
	/** PEM file of a certificate authority that n8n trusts besides the usual ones: the simulated tenant's. */
	caFile?: string;
	/** More or other environment variables for n8n. */
	env?: Record<string, string>;
	/** Keep using this home folder, left behind by an earlier n8n; otherwise a fresh one is made and removed at the end. */
	home?: string;
	port?: number;
}

/**
 * A real n8n on free ports of the loopback interface, with our package installed, whose home folder is a temporary one:
 * `~/.n8n-files` and everything that n8n stores lie in there.
 */
export class N8nServer {
	private child: ChildProcess | undefined;

	private constructor(
		readonly home: string,
		readonly url: string,
		readonly client: N8nClient,
		private readonly env: Record<string, string>,
		private readonly ownsHome: boolean,
	) {
		process.once('exit', this.endWithUs);
	}

	static async start(options: N8nOptions = {}): Promise<N8nServer> {
		const home = options.home ?? (await mkdtemp(join(tmpdir(), 'm365-backup-n8n-')));
		const port = options.port ?? (await freePort());
		const url = `http://127.0.0.1:${port}`;
		const env = n8nEnvironment(home, url, port, await freePort(), options);
		const server = new N8nServer(home, url, new N8nClient(url), env, options.home === undefined);
		try {
			await mkdir(server.filesFolder, { recursive: true });
			if (options.home === undefined) {
				await installPackage(join(home, '.n8n', 'nodes'));
			}
			await server.launch();
			await server.client.signIn();
			return server;
		} catch (error) {
			const log = await readFile(server.logFile, 'utf8').catch(() => '');
			await server.stop();
			throw new Error(`n8n did not start. Its log ends:\n${log.slice(-3000)}`, { cause: error });
		}
	}

	/** Where this process ends before `stop`, by an interruption or a failure, nothing of n8n may stay behind. */
	private readonly endWithUs = (): void => {
		this.child?.kill('SIGKILL');
		if (this.ownsHome) {
			rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
		}
	};

	/** The folder that n8n's file nodes may use by default, `~/.n8n-files` of this n8n. */
	get filesFolder(): string {
		return join(this.home, '.n8n-files');
	}

	get owner(): Owner {
		return this.client.owner;
	}

	/** Of the process that runs now. */
	get pid(): number {
		const pid = this.child?.pid;
		if (pid === undefined) {
			throw new Error('n8n is not running');
		}
		return pid;
	}

	get logFile(): string {
		return join(this.home, 'n8n.log');
	}

	/** Starts the process again in the same home folder, as after a crash. */
	async launch(): Promise<void> {
		const log = createWriteStream(this.logFile, { flags: 'a' });
		const child = spawn(process.execPath, [n8nScript, 'start'], {
			cwd: this.home,
			env: this.env,
			stdio: ['ignore', 'pipe', 'pipe'],
		});
		child.stdout.pipe(log);
		child.stderr.pipe(log);
		this.child = child;
		await this.untilReady(child);
	}

	/** As a crash of the machine does it: no handler of n8n runs. */
	async kill(): Promise<void> {
		await this.end('SIGKILL');
	}

	async stop(): Promise<void> {
		await this.end('SIGTERM');
		process.off('exit', this.endWithUs);
		if (this.ownsHome) {
			await rm(this.home, { recursive: true, force: true, maxRetries: 5 });
		}
	}

	/** Runs one of n8n's command line tools (`import:workflow`, `execute`…) on this n8n's data. */
	async cli(args: string[]): Promise<{ exitCode: number; output: string }> {
		const env = { ...this.env, N8N_RUNNERS_BROKER_PORT: String(await freePort()) };
		return new Promise((resolve) => {
			execFile(process.execPath, [n8nScript, ...args], { cwd: this.home, env, maxBuffer: 1 << 28 }, (error, out, err) => {
				const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
				resolve({ exitCode: code, output: `${out}${err}` });
			});
		});
	}

	private async untilReady(child: ChildProcess): Promise<void> {
		const deadline = Date.now() + startTimeoutMs;
		while (Date.now() < deadline) {
			if (child.exitCode !== null) {
				throw new Error(`n8n ended with exit code ${child.exitCode} while starting`);
			}
			if (await this.client.isReady()) {
				return;
			}
			await sleep(250);
		}
		throw new Error(`n8n did not answer within ${startTimeoutMs / 1000} s`);
	}

	private async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
		const child = this.child;
		this.child = undefined;
		if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
			return;
		}
		const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
		child.kill(signal);
		const late = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
		await ended;
		clearTimeout(late);
	}
}

/** A clean environment: nothing of the caller's n8n settings leaks in, nothing is sent out. */
export function n8nEnvironment(home: string, url: string, port: number, brokerPort: number, options: N8nOptions): Record<string, string> {
	return {
		PATH: process.env.PATH ?? '',
		LANG: 'C.UTF-8',
		TZ: 'UTC',
		HOME: home,
		TMPDIR: tmpdir(),
		N8N_USER_FOLDER: home,
		N8N_HOST: '127.0.0.1',
		N8N_LISTEN_ADDRESS: '127.0.0.1',
		N8N_PORT: String(port),
		N8N_EDITOR_BASE_URL: url,
		WEBHOOK_URL: url,
		N8N_RUNNERS_BROKER_LISTEN_ADDRESS: '127.0.0.1',
		N8N_RUNNERS_BROKER_PORT: String(brokerPort),
		N8N_SECURE_COOKIE: 'false',
		N8N_COMMUNITY_PACKAGES_ENABLED: 'true',
		N8N_UNVERIFIED_PACKAGES_ENABLED: 'true',
		N8N_PERSONALIZATION_ENABLED: 'false',
		N8N_DIAGNOSTICS_ENABLED: 'false',
		N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
		N8N_TEMPLATES_ENABLED: 'false',
		N8N_HIRING_BANNER_ENABLED: 'false',
		N8N_LICENSE_AUTO_RENEW_ENABLED: 'false',
		N8N_LOG_LEVEL: 'info',
		GENERIC_TIMEZONE: 'UTC',
		...(options.caFile === undefined ? {} : { NODE_EXTRA_CA_CERTS: options.caFile }),
		...options.env,
	};
}
