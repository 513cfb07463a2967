import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { realAmbient } from '../../nodes/M365Backup/base/ambient';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import type { ContentRef } from '../../nodes/M365Backup/repository/records';
import { Repository } from '../../nodes/M365Backup/repository/repository';
import { makeAgeKey, readAgeKey } from '../../nodes/M365Backup/stores/encryption/age-key';
import { RepositoryKey } from '../../nodes/M365Backup/stores/encryption/repository-key';
import { createFolderStore } from '../../nodes/M365Backup/stores/folder-store';
import { GeneratedContent } from '../simulator/drive-content';
import type { RunningSimulator } from '../simulator/start';
import { startSimulator } from '../simulator/start';
import type { BackupOrder } from '../support/backup-process';
import { startBackup } from '../support/run-backup';
import { addBenchUser } from './bench-mailbox';
import type { BenchRow } from './rows';

const MESSAGES = 5000;
const FOLDERS = 20;
const FILES = 4;
const FILE_BYTES = 250_000_000;
const OPENED = 20;

interface Load {
	title: string;
	fill: (sim: RunningSimulator) => Pick<BackupOrder, 'mailboxId' | 'driveId'>;
}

const LOADS: readonly Load[] = [
	{
		title: `${MESSAGES.toLocaleString('en-US')} messages`,
		fill: (sim) => ({ mailboxId: addBenchUser(sim, { messages: MESSAGES, folders: FOLDERS }).user.id }),
	},
	{
		title: `${FILES} files of ${FILE_BYTES / 1e6} MB`,
		fill: (sim) => {
			const drive = sim.tenant.addUser({ displayName: 'Bench' }).drive!;
			for (let index = 0; index < FILES; index++) drive.addFile('Docs', `film ${index}.bin`, new GeneratedContent(index + 1, FILE_BYTES));
			return { mailboxId: '', driveId: drive.id };
		},
	},
];

/** What encryption costs, beside the same without: to back up, to verify, to read everything as a restore does, to open one item, and in bytes stored. */
export async function encryptionRows(rows: BenchRow[], say: (text: string) => void): Promise<void> {
	const { identity } = await makeAgeKey();
	for (const load of LOADS) {
		const sim = await startSimulator({ http: true, users: 0, switches: { throttling: false } });
		try {
			const source = load.fill(sim);
			const order = { graphUrl: sim.graphUrl, token: sim.token, tenantId: sim.tenantId, withoutQuota: true, ...source, folder: '' };
			// The tenant makes its contents when they are first asked for: whoever is measured first must not pay for that.
			await measure([], '', order, undefined);
			const cpu: number[] = [];
			for (const encryptionKey of [undefined, identity]) {
				const group = `${load.title}, ${encryptionKey === undefined ? 'plain' : 'encrypted'}`;
				say(group);
				cpu.push(await measure(rows, group, order, encryptionKey));
			}
			rows.push({ group: `${load.title}, encrypted against plain`, name: 'backup: CPU time', value: cpu[1]! / cpu[0]!, unit: 'times' });
		} finally {
			await sim.stop();
		}
	}
}

/** @returns the CPU seconds of the backup. */
async function measure(rows: BenchRow[], group: string, order: BackupOrder, encryptionKey: string | undefined): Promise<number> {
	const folder = await mkdtemp(path.join(tmpdir(), 'm365-encryption-'));
	try {
		const row = (name: string, value: number, unit: string): number => rows.push({ group, name, value, unit });
		const speed = (name: string, megabytes: number, { seconds, cpuSeconds }: Cost): void => {
			row(`${name}: speed`, megabytes / seconds, 'MB/s');
			row(`${name}: CPU time`, cpuSeconds, 's');
		};
		const report = await startBackup({ ...order, folder, ...(encryptionKey === undefined ? {} : { encryptionKey }) }).report;
		const { status, message, totals } = report.summary;
		if (status !== 'complete') throw new Error(`The backup ended ${status}: ${message}`);
		const megabytes = totals.bytes / 1e6;
		speed('backup', megabytes, { seconds: report.wallMs / 1000, cpuSeconds: report.cpuSeconds });
		row('bytes stored', (await storedBytes(folder)) / 1e6, 'MB');
		const encryption = encryptionKey === undefined ? undefined : new RepositoryKey(await readAgeKey({ identity: encryptionKey }));
		const repository = await Repository.open(createFolderStore({ root: folder }), realAmbient, { encryption });
		speed('verify deep', megabytes, await costOf(async () => {
			const { ok, damage } = await verifyRepository(repository, { deep: true });
			if (!ok) throw new Error(`The repository is damaged: ${JSON.stringify(damage.slice(0, 3))}`);
		}));
		const [{ key, newest } = { key: '', newest: undefined }] = await repository.sources();
		if (newest === undefined) throw new Error('There is no snapshot');
		const contents: ContentRef[] = [];
		for await (const { content } of repository.catalog(newest).entries()) contents.push(...(content ?? []));
		const read = async (ref: ContentRef): Promise<void> => {
			let bytes = 0;
			for await (const chunk of repository.readContent(key, ref)) bytes += chunk.length;
			if (bytes !== ref.size) throw new Error(`${ref.entry} has ${bytes} bytes`);
		};
		speed('read everything', megabytes, await costOf(async () => {
			for (const ref of contents) await read(ref);
		}));
		const opened = Array.from({ length: OPENED }, (_, index) => contents[Math.floor((index * contents.length) / OPENED)]!);
		const opening = await costOf(async () => {
			for (const ref of opened) await firstBytes(repository.readContent(key, ref));
		});
		row('open one item, to its first bytes', (opening.seconds * 1000) / OPENED, 'ms');
		return report.cpuSeconds;
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

interface Cost {
	seconds: number;
	cpuSeconds: number;
}

async function costOf(work: () => Promise<void>): Promise<Cost> {
	const cpuBefore = process.cpuUsage();
	const startedMs = performance.now();
	await work();
	const { user, system } = process.cpuUsage(cpuBefore);
	return { seconds: (performance.now() - startedMs) / 1000, cpuSeconds: (user + system) / 1e6 };
}

async function firstBytes(content: AsyncIterable<Uint8Array>): Promise<void> {
	for await (const chunk of content) if (chunk.length > 0) return;
}

async function storedBytes(folder: string): Promise<number> {
	let bytes = 0;
	for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
		if (entry.isFile()) bytes += (await stat(path.join(entry.parentPath, entry.name))).size;
	}
	return bytes;
}
