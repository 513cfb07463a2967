import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { realAmbient, type Ambient } from '../../nodes/M365Backup/base/ambient';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import { Repository } from '../../nodes/M365Backup/repository/repository';
import type { SourceRef } from '../../nodes/M365Backup/repository/records';
import type { CommitInput } from '../../nodes/M365Backup/repository/run-writer';
import { createFolderStore } from '../../nodes/M365Backup/stores/folder-store';
import { GeneratedMessage } from '../simulator/generated-message';
import type { BenchRow } from './rows';

const OWNER = { name: 'Bench', address: 'bench@contoso.example' };
const CHUNK_BYTES = 1_000_000;

interface Load {
	title: string;
	commits: number;
	items: number;
	content: (serial: number) => AsyncIterable<Uint8Array>;
}

const LOADS: readonly Load[] = [
	{ title: '40,000 messages in volumes of 100 MB', commits: 1, items: 40_000, content: mail },
	{ title: '500 archives of 10 messages, a snapshot each', commits: 500, items: 10, content: mail },
	{ title: '3 files of 100 MB', commits: 1, items: 3, content: () => film(100) },
];

/** How fast a folder's repository is verified, beside `sha256sum` of the same files. All of them have just been read: no disk is measured. */
export async function verifyRows(rows: BenchRow[], say: (text: string) => void): Promise<void> {
	for (const load of LOADS) {
		const folder = await mkdtemp(path.join(tmpdir(), 'm365-verify-'));
		const group = `Verify, ${load.title}`;
		try {
			say(group);
			await fill(folder, load);
			const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
			await sha256sum(files);
			const row = (name: string, seconds: number, bytes: number): void => {
				rows.push({ group, name: `${name}: time`, value: seconds, unit: 's' }, { group, name: `${name}: speed`, value: bytes / 1e6 / seconds, unit: 'MB/s' });
			};
			const seconds = await sha256sum(files);
			const quick = await timeVerify(folder, false);
			const deep = await timeVerify(folder, true);
			rows.push({ group, name: 'files', value: files.length, unit: '' }, { group, name: 'bytes', value: deep.bytes / 1e6, unit: 'MB' });
			row('sha256sum', seconds, deep.bytes);
			row('quick', quick.seconds, deep.bytes);
			row('deep', deep.seconds, deep.bytes);
			rows.push({ group, name: 'deep: CPU time', value: deep.cpuSeconds, unit: 's' });
		} finally {
			await rm(folder, { recursive: true, force: true });
		}
	}
}

async function timeVerify(folder: string, deep: boolean): Promise<{ seconds: number; cpuSeconds: number; bytes: number }> {
	const repository = await Repository.open(createFolderStore({ root: folder }), realAmbient);
	const cpuBefore = process.cpuUsage();
	const startedMs = performance.now();
	const { ok, damage, bytes, contents } = await verifyRepository(repository, { deep });
	const seconds = (performance.now() - startedMs) / 1000;
	const { user, system } = process.cpuUsage(cpuBefore);
	if (!ok) throw new Error(`The repository is damaged: ${JSON.stringify(damage.slice(0, 3))}`);
	if (deep === (contents === 0)) throw new Error(`${contents} contents were proven`);
	return { seconds, cpuSeconds: (user + system) / 1e6, bytes };
}

async function fill(folder: string, { commits, items, content }: Load): Promise<void> {
	await mkdir(folder, { recursive: true });
	let hour = 0;
	const ambient: Ambient = { ...realAmbient, now: () => new Date(Date.UTC(2026, 0, 1) + hour * 3_600_000) };
	const repository = await Repository.open(createFolderStore({ root: folder, ambient }), ambient, { create: true });
	const source: SourceRef = { workload: 'mailbox', id: 'bench', name: 'Bench', tenantId: 'bench' };
	const run = repository.startRun(source, null);
	let serial = 0;
	for (; hour < commits; hour++) {
		let bytes = 0;
		for (let index = 0; index < items; index++) {
			const name = `Message ${serial}`;
			const ref = await run.addContent({ entryName: `Inbox/${name}.eml`, content: content(serial) });
			bytes += ref.size;
			await run.add({ id: `mail/${String(serial).padStart(8, '0')}`, type: 'message', name, size: ref.size, content: [ref], meta: {}, whole: true });
			serial += 1;
		}
		await run.commit(commitOf(items, bytes));
	}
}

function commitOf(added: number, bytes: number): CommitInput {
	return {
		status: 'complete',
		scopes: [],
		totals: { items: added, bytes },
		changes: { added, updated: 0, deleted: 0, failed: 0, skipped: 0 },
		failures: [],
		cursor: { scopes: {}, failed: [], seen: [] },
		tag: null,
	};
}

async function* mail(serial: number): AsyncGenerator<Uint8Array> {
	yield await Promise.resolve(new GeneratedMessage(7, serial, OWNER, false, Date.UTC(2026, 0, 1)).mime());
}

async function* film(megabytes: number): AsyncGenerator<Uint8Array> {
	for (let index = 0; index < megabytes; index++) yield await Promise.resolve(randomBytes(CHUNK_BYTES));
}

/** @returns how long it took. */
async function sha256sum(files: readonly string[]): Promise<number> {
	const startedMs = performance.now();
	const child = spawn('sha256sum', ['--', ...files], { stdio: 'ignore' });
	const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
	if (code !== 0) throw new Error(`sha256sum ended with ${String(code)}`);
	return (performance.now() - startedMs) / 1000;
}
