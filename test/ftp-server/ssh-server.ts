import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../e2e/harness/free-port';
import { keepRunning } from './keep-running';
import { lackingFor, programPath } from './programs';

const run = promisify(execFile);

/** Why no SFTP server can be started here; undefined if it can. */
export function lackingForSsh(): string | undefined {
	return lackingFor('SFTP server', { sshd: 'openssh-server', 'ssh-keygen': 'openssh-client' });
}

/** OpenSSH's server with keys of its own, for whoever runs the tests. */
export class SshServer {
	private constructor(
		private readonly home: string,
		readonly port: number,
		private readonly end: () => void,
		private readonly privateKey: string,
	) {}

	static async start(): Promise<SshServer> {
		const home = await mkdtemp(join(tmpdir(), 'm365-ssh-server-'));
		const port = await freePort();
		for (const key of ['host', 'client']) await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(home, key)]);
		await copyFile(join(home, 'client.pub'), join(home, 'authorized_keys'));
		await mkdir(join(home, 'files'));
		await writeFile(join(home, 'sshd_config'), configuration(home, port));
		// Where sshd runs as root it wants this folder, which Debian makes when the service starts.
		if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
		const end = await keepRunning([programPath('sshd') ?? 'sshd', '-D', '-e', '-f', join(home, 'sshd_config')], port, join(home, 'log'));
		return new SshServer(home, port, end, await readFile(join(home, 'client'), 'utf8'));
	}

	/** What the server stores is below that folder, which clients name as it is. */
	get folder(): string {
		return join(this.home, 'files');
	}

	/** For n8n's credential *SFTP*. */
	credential(port = this.port): Record<string, unknown> {
		return { host: '127.0.0.1', port, username: userInfo().username, password: '', privateKey: this.privateKey, passphrase: '' };
	}

	async stop(): Promise<void> {
		this.end();
		await rm(this.home, { recursive: true, force: true, maxRetries: 5 });
	}
}

function configuration(home: string, port: number): string {
	return `Port ${port}
ListenAddress 127.0.0.1
HostKey ${join(home, 'host')}
PidFile none
AuthorizedKeysFile ${join(home, 'authorized_keys')}
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
`;
}
