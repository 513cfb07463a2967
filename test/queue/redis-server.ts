import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../e2e/harness/free-port';
import { findRedis } from './lacking-for-queue';
import { LoopbackServer } from './loopback-server';

/** A Redis that keeps nothing. */
export class RedisServer {
	private constructor(
		readonly port: number,
		private readonly folder: string,
		private readonly server: LoopbackServer,
	) {}

	static async start(): Promise<RedisServer> {
		const program = findRedis();
		if (program === undefined) throw new Error('redis-server is not installed');
		const folder = await mkdtemp(join(tmpdir(), 'm365-redis-'));
		const port = await freePort();
		const command = [program, '--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
		return new RedisServer(port, folder, await LoopbackServer.start(command, { port, log: join(folder, 'redis.log'), cwd: folder }));
	}

	async stop(): Promise<void> {
		await this.server.stop();
		await rm(this.folder, { recursive: true, force: true });
	}
}
