import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Longer than any test: should this process be killed, nothing of the server stays for ever. */
const LIFE_S = 3600;
const START_TIMEOUT_MS = 30_000;

/** A server of its own process group, that is listening. Returns what ends it, and whatever it has started. */
export async function keepRunning(command: readonly string[], port: number, logFile: string): Promise<() => void> {
	const child = spawn('timeout', [String(LIFE_S), ...command], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
	const log = createWriteStream(logFile);
	child.stdout.pipe(log, { end: false });
	child.stderr.pipe(log, { end: false });
	const stop = (): void => {
		try {
			if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
		} catch {
			// ended already
		}
	};
	process.once('exit', stop);
	const deadline = performance.now() + START_TIMEOUT_MS;
	while (!(await listens(port))) {
		if (child.exitCode !== null || performance.now() > deadline) {
			stop();
			throw new Error(`${command[0]} did not start: ${await readFile(logFile, 'utf8').catch(() => '')}`);
		}
		await delay(100);
	}
	return () => {
		process.off('exit', stop);
		stop();
	};
}

async function listens(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect(port, '127.0.0.1');
		socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
		socket.once('connect', () => socket.destroy());
	});
}
