import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const programs = { radosgw: 'radosgw', 'radosgw-admin': 'radosgw', 'ceph-mon': 'ceph-mon', 'ceph-osd': 'ceph-osd', 'ceph-mgr': 'ceph-mgr', ceph: 'ceph-common' };
/** Longer than any test: should this process be killed, nothing of the server stays for ever. */
const LIFE_S = 3600;
const START_TIMEOUT_MS = 120_000;
const accessKeyId = 'test-access';
const secretAccessKey = 'test-secret-key';

/** Why no server can be started here; undefined if it can. */
export function lackingForCeph(): string | undefined {
	const lacking = Object.entries(programs).filter(([program]) => !isInstalled(program));
	if (lacking.length === 0) return undefined;
	return `no S3 server: apt-get install -y --no-install-recommends ${[...new Set(lacking.map(([, name]) => name))].join(' ')}`;
}

function isInstalled(program: string): boolean {
	return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
		try {
			accessSync(join(folder, program), constants.X_OK);
			return true;
		} catch {
			return false;
		}
	});
}

/** A monitor, a manager, one disk in memory and the gateway, started in some 15 seconds. */
export class CephServer {
	private readonly processes: ChildProcess[] = [];
	private gateway: ChildProcess | undefined;

	private constructor(
		private readonly folder: string,
		private readonly port: number,
	) {}

	static async start(): Promise<CephServer> {
		const [port, v2, v1] = await freePorts(3);
		const server = new CephServer(await mkdtemp(join(tmpdir(), 'm365-s3-server-')), port!);
		try {
			await server.boot(v2!, v1!);
			return server;
		} catch (error) {
			const told = await readFile(join(server.folder, 'start.log'), 'utf8').catch(() => '');
			await server.stop();
			throw new Error(`The S3 server did not start: ${error instanceof Error ? error.message : String(error)}\n${told.slice(-2000)}`, { cause: error });
		}
	}

	get endpoint(): string {
		return `http://127.0.0.1:${this.port}`;
	}

	get settings(): { endpoint: string; region: string; accessKeyId: string; secretAccessKey: string; addressing: 'automatic'; caCertificate: string } {
		return { endpoint: this.endpoint, region: 'default', accessKeyId, secretAccessKey, addressing: 'automatic', caCertificate: '' };
	}

	/** Runs `radosgw-admin`, e.g. to give a user a quota. */
	async admin(...parameters: string[]): Promise<string> {
		return (await run('radosgw-admin', ['-c', this.conf, '-n', 'client.rgw', ...parameters])).stdout;
	}

	/** From now on nobody answers; what is stored stays. */
	stopGateway(): void {
		const pid = this.gateway?.pid;
		if (pid !== undefined) kill(-pid);
	}

	/** At first, and again after `stopGateway`. */
	async startGateway(): Promise<void> {
		this.gateway = this.keepRunning('radosgw', '-c', this.conf, '-n', 'client.rgw', '-f');
		await until('the gateway answers', async () => (await fetch(this.endpoint)).status > 0);
	}

	async stop(): Promise<void> {
		for (const { pid } of this.processes) {
			// All that it holds is in memory and is to be forgotten.
			if (pid !== undefined) kill(-pid);
		}
		await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
	}

	private get conf(): string {
		return join(this.folder, 'ceph.conf');
	}

	private async boot(v2: number, v1: number): Promise<void> {
		const { folder, conf } = this;
		for (const name of ['mon', 'osd/0', 'mgr', 'rgw']) await mkdir(join(folder, name), { recursive: true });
		const fsid = randomUUID();
		const addresses = `[v2:127.0.0.1:${v2},v1:127.0.0.1:${v1}]`;
		await writeFile(conf, configuration(folder, fsid, addresses, this.port));
		await this.once('monmaptool', '--create', '--addv', 'a', addresses, '--fsid', fsid, join(folder, 'monmap'));
		await this.once('ceph-authtool', '--create-keyring', join(folder, 'keyring'), '--gen-key', '-n', 'mon.', '--cap', 'mon', 'allow *');
		await this.once('ceph-mon', '-c', conf, '-i', 'a', '--mkfs', '--monmap', join(folder, 'monmap'), '--keyring', join(folder, 'keyring'));
		this.keepRunning('ceph-mon', '-c', conf, '-i', 'a', '-f');
		await until('the monitor answers', async () => (await run('ceph', ['-c', conf, '-s'], { timeout: 5000 })).stdout !== '');
		const uuid = randomUUID();
		const id = (await run('ceph', ['-c', conf, 'osd', 'new', uuid])).stdout.trim();
		await this.once('ceph-osd', '-c', conf, '-i', id, '--mkfs', '--osd-uuid', uuid);
		this.keepRunning('ceph-osd', '-c', conf, '-i', id, '-f');
		this.keepRunning('ceph-mgr', '-c', conf, '-i', 'x', '-f');
		await until('the disk is up', async () => (await run('ceph', ['-c', conf, 'osd', 'stat'], { timeout: 5000 })).stdout.includes('1 up'));
		await this.startGateway();
		await this.admin('user', 'create', '--uid=test', '--display-name=test', `--access-key=${accessKeyId}`, `--secret-key=${secretAccessKey}`);
	}

	private async once(program: string, ...parameters: string[]): Promise<void> {
		await run(program, parameters);
	}

	private keepRunning(program: string, ...parameters: string[]): ChildProcess {
		const log = join(this.folder, 'start.log');
		const child = spawn('sh', ['-c', 'exec timeout "$0" "$@" >>"$LOG" 2>&1', String(LIFE_S), program, ...parameters], {
			detached: true,
			stdio: 'ignore',
			env: { ...process.env, LOG: log },
		});
		child.on('error', () => undefined); // then nothing answers, and the start says so
		child.unref();
		this.processes.push(child);
		return child;
	}
}

function kill(group: number): void {
	try {
		process.kill(group, 'SIGKILL');
	} catch {
		// ended already
	}
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
	const deadline = performance.now() + START_TIMEOUT_MS;
	for (let last: unknown; ; ) {
		try {
			if (await isSo()) return;
		} catch (error) {
			last = error;
		}
		if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`, { cause: last });
		await delay(200);
	}
}

/** That nobody listens on at the moment, all different. */
async function freePorts(count: number): Promise<number[]> {
	const servers = await Promise.all(
		Array.from(
			{ length: count },
			() =>
				new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
					const server = createServer();
					server.once('error', reject).listen(0, '127.0.0.1', () => resolve(server));
				}),
		),
	);
	return await Promise.all(
		servers.map(
			(server) =>
				new Promise<number>((resolve) => {
					const address = server.address();
					server.close(() => resolve(address === null || typeof address === 'string' ? 0 : address.port));
				}),
		),
	);
}

function configuration(folder: string, fsid: string, addresses: string, port: number): string {
	return `[global]
fsid = ${fsid}
mon_host = ${addresses}
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_ipv4 = true
ms_mon_client_mode = crc
ms_client_mode = crc
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_crush_chooseleaf_type = 0
osd_pool_default_pg_autoscale_mode = off
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
mon_data = ${folder}/mon/a
mgr_data = ${folder}/mgr/x
osd_data = ${folder}/osd/0
osd_objectstore = memstore
memstore_device_bytes = 4294967296
osd_memory_target = 1073741824
log_file = ${folder}/$name.log
admin_socket = ${folder}/$name.asok
run_dir = ${folder}
pid_file =
mon_data_avail_crit = 1
mon_data_avail_warn = 2
setuser_match_path =
[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:${port}
rgw_enable_ops_log = false
rgw_s3_auth_order = local
rgw_data = ${folder}/rgw
`;
}
