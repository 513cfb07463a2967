import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, rmSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../e2e/harness/free-port';
import { n8nEnvironment } from '../e2e/harness/n8n-server';
import { n8nScript } from '../n8n/install';

const startTimeoutMs = 180_000;
const stopTimeoutMs = 30_000;

export interface WorkerOptions {
	/** What it takes its machine's name to be. */
	machine: string;
	/** The folder `.n8n/nodes` of an n8n that has our package; copied. */
	packages: string;
	/** Database, queue, key: as the main process has them. */
	env: Record<string, string>;
	caFile?: string;
	concurrency: number;
}

/** `n8n worker` with an empty home folder of its own that holds our package and nothing else. */
export class N8nWorker {
	private child: ChildProcess | undefined;

	private constructor(
		readonly machine: string,
		readonly home: string,
	) {
		process.once('exit', this.endWithUs);
	}

	static async start(options: WorkerOptions): Promise<N8nWorker> {
		const home = await mkdtemp(join(tmpdir(), `m365-backup-${options.machine}-`));
		const worker = new N8nWorker(options.machine, home);
		try {
			await mkdir(join(home, '.n8n'));
			await cp(options.packages, join(home, '.n8n', 'nodes'), { recursive: true });
			await worker.launch(options);
			return worker;
		} catch (error) {
			const log = await worker.log();
			await worker.stop();
			throw new Error(`The worker did not start. Its log ends:\n${log.slice(-3000)}`, { cause: error });
		}
	}

	async log(): Promise<string> {
		return readFile(join(this.home, 'n8n.log'), 'utf8').catch(() => '');
	}

	/** As a machine that loses its power: nothing is given back, nobody is told. */
	async kill(): Promise<void> {
		await this.end('SIGKILL');
	}

	async stop(): Promise<void> {
		await this.end('SIGTERM');
		process.off('exit', this.endWithUs);
		await rm(this.home, { recursive: true, force: true, maxRetries: 5 });
	}

	private readonly endWithUs = (): void => {
		this.child?.kill('SIGKILL');
		rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
	};

	private async launch(options: WorkerOptions): Promise<void> {
		const port = await freePort();
		const own = {
			MACHINE_NAME: options.machine,
			NODE_OPTIONS: `--require ${join(__dirname, 'own-host-name.cjs')}`,
			QUEUE_HEALTH_CHECK_ACTIVE: 'true',
			QUEUE_HEALTH_CHECK_PORT: String(port),
			N8N_WORKER_SERVER_ADDRESS: '127.0.0.1',
		};
		const env = n8nEnvironment(this.home, `http://127.0.0.1:${port}`, port, await freePort(), {
			env: { ...options.env, ...own },
			...(options.caFile === undefined ? {} : { caFile: options.caFile }),
		});
		const out = openSync(join(this.home, 'n8n.log'), 'a');
		const child = spawn(process.execPath, [n8nScript, 'worker', `--concurrency=${options.concurrency}`], { cwd: this.home, env, stdio: ['ignore', out, out] });
		closeSync(out);
		this.child = child;
		const deadline = Date.now() + startTimeoutMs;
		while (!(await isReady(port))) {
			if (child.exitCode !== null) throw new Error(`The worker ended with exit code ${child.exitCode} while starting`);
			if (Date.now() > deadline) throw new Error(`The worker was not ready within ${startTimeoutMs / 1000} s`);
			await sleep(250);
		}
	}

	private async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
		const child = this.child;
		this.child = undefined;
		if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
		const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
		child.kill(signal);
		const late = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
		await ended;
		clearTimeout(late);
	}
}

async function isReady(port: number): Promise<boolean> {
	try {
		return (await fetch(`http://127.0.0.1:${port}/healthz/readiness`)).ok;
	} catch {
		return false; // not listening yet
	}
}
