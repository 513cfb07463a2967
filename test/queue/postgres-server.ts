import { execFile } from 'node:child_process';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../e2e/harness/free-port';
import { findPostgres } from './lacking-for-queue';
import { LoopbackServer } from './loopback-server';

const run = promisify(execFile);
const user = 'n8n';
const password = 'queue-test';

/** A PostgreSQL of its own, with one user and an empty database `postgres`. It refuses to run as root, so there it runs as Debian's user `postgres`. */
export class PostgresServer {
	private constructor(
		readonly port: number,
		private readonly folder: string,
		private readonly server: LoopbackServer,
	) {}

	static async start(): Promise<PostgresServer> {
		const programs = findPostgres();
		if (programs === undefined) throw new Error('PostgreSQL is not installed');
		const folder = await mkdtemp(join(tmpdir(), 'm365-postgres-'));
		const passwordFile = join(folder, 'password');
		await writeFile(passwordFile, password);
		const as = await otherThanRoot();
		if (as !== undefined) for (const path of [folder, passwordFile]) await chown(path, as.uid, as.gid);
		await chmod(folder, 0o700);
		const data = join(folder, 'data');
		await run(
			join(programs, 'initdb'),
			['--pgdata', data, '--username', user, '--auth', 'scram-sha-256', '--pwfile', passwordFile, '--encoding', 'UTF8', '--locale', 'C.UTF-8', '--no-sync'],
			{ cwd: folder, ...as },
		);
		const port = await freePort();
		// What it holds is thrown away with it: nothing needs to reach the disk.
		const settings = { port: String(port), listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
		const command = [join(programs, 'postgres'), '-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
		return new PostgresServer(port, folder, await LoopbackServer.start(command, { port, log: join(folder, '..', `m365-postgres-${port}.log`), cwd: folder, ...(as && { as }) }));
	}

	/** How n8n finds it. */
	get env(): Record<string, string> {
		return {
			DB_TYPE: 'postgresdb',
			DB_POSTGRESDB_HOST: '127.0.0.1',
			DB_POSTGRESDB_PORT: String(this.port),
			DB_POSTGRESDB_DATABASE: 'postgres',
			DB_POSTGRESDB_USER: user,
			DB_POSTGRESDB_PASSWORD: password,
		};
	}

	async stop(): Promise<void> {
		await this.server.stop();
		await rm(this.folder, { recursive: true, force: true });
		await rm(join(this.folder, '..', `m365-postgres-${this.port}.log`), { force: true });
	}
}

async function otherThanRoot(): Promise<{ uid: number; gid: number } | undefined> {
	if (process.getuid?.() !== 0) return undefined;
	const id = async (which: string): Promise<number> => Number((await run('id', [which, 'postgres'])).stdout);
	return { uid: await id('-u'), gid: await id('-g') };
}
