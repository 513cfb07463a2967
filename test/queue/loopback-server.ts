import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Longer than any test: should this process be killed, no server stays for ever. */
const LIFE_S = 3600;
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;

/** A server program of a test. */
export class LoopbackServer {
	private constructor(
		private readonly child: ChildProcess,
		private readonly log: string,
	) {
		process.once('exit', this.endWithUs);
	}

	/** Comes back when `port` takes connections. */
	static async start(command: readonly string[], use: { port: number; log: string; as?: Pick<SpawnOptions, 'uid' | 'gid'>; cwd: string }): Promise<LoopbackServer> {
		const out = openSync(use.log, 'a');
		const child = spawn('timeout', ['--foreground', String(LIFE_S), ...command], { cwd: use.cwd, stdio: ['ignore', out, out], ...use.as });
		closeSync(out);
		const server = new LoopbackServer(child, use.log);
		try {
			await server.untilListening(use.port);
			return server;
		} catch (error) {
			const told = await readFile(use.log, 'utf8').catch(() => '');
			await server.stop();
			throw new Error(`${command[0]} did not start. Its log ends:\n${told.slice(-2000)}`, { cause: error });
		}
	}

	async stop(): Promise<void> {
		process.off('exit', this.endWithUs);
		const { child } = this;
		if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
		const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
		// SIGINT is PostgreSQL's quick way to end, and ends Redis, too.
		child.kill('SIGINT');
		const late = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
		await ended;
		clearTimeout(late);
	}

	private readonly endWithUs = (): void => {
		this.child.kill('SIGINT');
	};

	private async untilListening(port: number): Promise<void> {
		let failure: Error | undefined;
		this.child.once('error', (error) => (failure = error));
		const deadline = performance.now() + START_TIMEOUT_MS;
		while (!(await isListening(port))) {
			if (failure !== undefined) throw failure;
			if (this.child.exitCode !== null) throw new Error(`It ended with exit code ${this.child.exitCode}; see ${this.log}`);
			if (performance.now() > deadline) throw new Error(`It did not listen within ${START_TIMEOUT_MS / 1000} s`);
			await sleep(100);
		}
	}
}

function isListening(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect(port, '127.0.0.1');
		socket.once('connect', () => {
			socket.destroy();
			resolve(true);
		});
		socket.once('error', () => resolve(false));
	});
}
