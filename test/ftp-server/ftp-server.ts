import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../e2e/harness/free-port';
import { keepRunning } from './keep-running';
import { lackingFor, programPath } from './programs';

/** Why no FTP server can be started here; undefined if it can. */
export function lackingForFtp(): string | undefined {
	return lackingFor('FTP server', { vsftpd: 'vsftpd' });
}

/** vsftpd as whoever runs the tests, open to anybody on the loopback interface. */
export class FtpServer {
	private constructor(
		private readonly home: string,
		readonly port: number,
		private readonly end: () => void,
	) {}

	static async start(): Promise<FtpServer> {
		const home = await mkdtemp(join(tmpdir(), 'm365-ftp-server-'));
		const port = await freePort();
		await mkdir(join(home, 'files'));
		const file = join(home, 'vsftpd.conf');
		await writeFile(file, configuration(home, port));
		const end = await keepRunning([programPath('vsftpd') ?? 'vsftpd', file], port, join(home, 'log'));
		return new FtpServer(home, port, end);
	}

	/** What the server stores; clients name it as it is. */
	get folder(): string {
		return join(this.home, 'files');
	}

	/** For n8n's credential *FTP*. */
	get credential(): Record<string, unknown> {
		return { host: '127.0.0.1', port: this.port, username: 'anonymous', password: 'n8n@example.com' };
	}

	async stop(): Promise<void> {
		this.end();
		await rm(this.home, { recursive: true, force: true, maxRetries: 5 });
	}
}

function configuration(home: string, port: number): string {
	const settings = {
		listen: 'YES',
		listen_address: '127.0.0.1',
		listen_port: port,
		background: 'NO',
		run_as_launching_user: 'YES',
		anonymous_enable: 'YES',
		local_enable: 'NO',
		write_enable: 'YES',
		anon_upload_enable: 'YES',
		anon_mkdir_write_enable: 'YES',
		anon_other_write_enable: 'YES',
		anon_world_readable_only: 'NO',
		anon_root: join(home, 'files'),
		allow_writeable_chroot: 'YES',
		connect_from_port_20: 'NO',
		seccomp_sandbox: 'NO',
		xferlog_enable: 'NO',
		secure_chroot_dir: home,
	};
	return Object.entries(settings).map(([name, value]) => `${name}=${value}\n`).join('');
}
