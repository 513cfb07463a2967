import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RunningSimulator } from '../simulator/start';

const SAMPLE_MS = 20;

export function findRclone(): string | undefined {
	return ['/usr/bin/rclone', '/usr/local/bin/rclone'].find((file) => existsSync(file));
}

/** `rclone copy` of a whole drive of the simulated tenant into a folder that is removed again. */
export async function rcloneCopy(program: string, sim: RunningSimulator, driveId: string, transfers: number): Promise<{ seconds: number; peakBytes: number; copiedBytes: number }> {
	const folder = await mkdtemp(path.join(tmpdir(), 'm365-rclone-'));
	const proxy = await tunnelTo(Number(new URL(sim.graphUrl).port));
	try {
		const token = JSON.stringify({ access_token: sim.token, token_type: 'Bearer', refresh_token: 'none', expiry: '2099-01-01T00:00:00Z' });
		const config = path.join(folder, 'rclone.conf');
		await writeFile(config, `[drive]\ntype = onedrive\ntoken = ${token}\ndrive_id = ${driveId}\ndrive_type = business\n`);
		const target = path.join(folder, 'copy');
		const args = ['copy', 'drive:', target, '--config', config, '--transfers', String(transfers), '--checkers', String(transfers), '--retries', '1'];
		const startedMs = performance.now();
		const child = spawn(program, [...args, '--ca-cert', sim.caFile ?? ''], {
			stdio: ['ignore', 'ignore', 'pipe'],
			env: { PATH: process.env['PATH'] ?? '', HOME: folder, HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` },
		});
		let said = '';
		child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
		let peakBytes = 0;
		const sampling = setInterval(() => {
			void residentBytes(child.pid).then((bytes) => (peakBytes = Math.max(peakBytes, bytes)));
		}, SAMPLE_MS);
		const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
		clearInterval(sampling);
		if (code !== 0) throw new Error(`rclone ended with ${String(code)}: ${said.slice(-2000)}`);
		return { seconds: (performance.now() - startedMs) / 1000, peakBytes, copiedBytes: await bytesIn(target) };
	} finally {
		await proxy.stop();
		await rm(folder, { recursive: true, force: true });
	}
}

/** rclone knows Graph by its public name only: a proxy for CONNECT that leads every name to the simulated tenant. */
async function tunnelTo(port: number): Promise<{ port: number; stop(): Promise<void> }> {
	const server = createServer();
	server.on('connect', (_request, client, head) => {
		const upstream = connect(port, '127.0.0.1', () => {
			client.write('HTTP/1.1 200 Connection established\r\n\r\n');
			upstream.write(head);
			upstream.pipe(client).pipe(upstream);
		});
		upstream.on('error', () => client.destroy());
		client.on('error', () => upstream.destroy());
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		port: (server.address() as AddressInfo).port,
		stop: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}

/** Resident memory of a process (proc(5), VmRSS); 0 once it has ended. */
async function residentBytes(pid: number | undefined): Promise<number> {
	const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
	const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
	return Number(kilobytes ?? 0) * 1024;
}

async function bytesIn(folder: string): Promise<number> {
	let bytes = 0;
	for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
		if (entry.isFile()) bytes += (await stat(path.join(entry.parentPath, entry.name))).size;
	}
	return bytes;
}
