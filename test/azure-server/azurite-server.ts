import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import type { AzureSettings } from '../../nodes/M365Backup/stores/azure/azure-settings';
import { freePort } from '../e2e/harness/free-port';

const START_TIMEOUT_MS = 60_000;
const ACCOUNT = 'contosobackup';

/** Microsoft's emulator of Blob Storage as a process of its own. */
export class AzuriteServer {
	private constructor(
		private readonly child: ChildProcess,
		private readonly folder: string,
		readonly endpoint: string,
		private readonly accountKey: string,
	) {}

	static async start(): Promise<AzuriteServer> {
		const [port, folder, accountKey] = [await freePort(), await mkdtemp(join(tmpdir(), 'm365-azure-server-')), randomBytes(64).toString('base64')];
		const program = require.resolve('azurite/dist/src/blob/main.js');
		const child = spawn(process.execPath, [program, '--blobHost', '127.0.0.1', '--blobPort', String(port), '--location', folder, '--silent', '--disableTelemetry', '--skipApiVersionCheck'], {
			stdio: 'ignore',
			env: { ...process.env, AZURITE_ACCOUNTS: `${ACCOUNT}:${accountKey}` },
		});
		const server = new AzuriteServer(child, folder, `http://127.0.0.1:${port}/${ACCOUNT}`, accountKey);
		const endMs = performance.now() + START_TIMEOUT_MS;
		for (;;) {
			try {
				await server.client.getAccountInfo();
				return server;
			} catch (error) {
				if (performance.now() > endMs || child.exitCode !== null) {
					await server.stop();
					throw new Error('azurite did not start', { cause: error });
				}
				await delay(100);
			}
		}
	}

	get settings(): AzureSettings {
		return { account: ACCOUNT, authentication: 'accountKey', accountKey: this.accountKey, sasToken: '', endpoint: this.endpoint, caCertificate: '' };
	}

	/** The official client, for what a test makes or looks at beside the product. */
	get client(): BlobServiceClient {
		return new BlobServiceClient(this.endpoint, new StorageSharedKeyCredential(ACCOUNT, this.accountKey));
	}

	async stop(): Promise<void> {
		if (this.child.exitCode === null && this.child.signalCode === null) {
			const gone = new Promise((resolve) => this.child.once('exit', resolve));
			this.child.kill('SIGKILL');
			await gone;
		}
		await rm(this.folder, { recursive: true, force: true });
	}
}
