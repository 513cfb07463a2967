import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import type { BackupOrder, BackupReport } from './backup-process';

const root = path.resolve(__dirname, '../..');

/** Starts a backup as a process of its own, which trusts that certificate authority besides the usual ones. */
export function startBackup(order: BackupOrder, caFile?: string): { child: ChildProcess; report: Promise<BackupReport> } {
	const child = spawn(
		process.execPath,
		['--expose-gc', '--import', 'tsx', path.join(__dirname, 'backup-process.ts'), JSON.stringify(order)],
		{ cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...(caFile === undefined ? {} : { NODE_EXTRA_CA_CERTS: caFile }) } },
	);
	let out = '';
	let err = '';
	child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
	child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
	const report = new Promise<BackupReport>((resolve, reject) => {
		child.once('error', reject);
		child.once('close', (code, signal) => {
			if (code === 0) resolve(JSON.parse(out) as BackupReport);
			else reject(new Error(`The backup process ended with ${code ?? signal}: ${err}`));
		});
	});
	// A killed process is expected to fail; whoever needs the report awaits it.
	report.catch(() => undefined);
	return { child, report };
}
