import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fillDrive } from '../simulator/drive-generate';
import { GeneratedContent } from '../simulator/drive-content';
import type { Drive } from '../simulator/drive-store';
import { LibraryList } from '../simulator/list-library';
import { fillSite } from '../simulator/site-generate';
import type { RunningSimulator } from '../simulator/start';
import { startSimulator } from '../simulator/start';
import type { BackupReport } from '../support/backup-process';
import { startBackup } from '../support/run-backup';
import { findRclone, rcloneCopy } from './rclone';
import type { BenchRow } from './rows';

const LATENCY_MS = 50;
/** What Graph puts into a page of a drive's delta unless it is asked for fewer. */
const PAGE = 200;
const FILES = 1000;
const CHANGES = 10;
const MEGABYTE = 1e6;
/** The transfers that both programs have under way at once. */
const TRANSFERS = 8;

/** What drives and sites cost in requests, calls and SharePoint's resource units, and how fast their bytes come. */
export async function driveRows(rows: BenchRow[], say: (text: string) => void): Promise<void> {
	await driveCost(rows, say);
	await siteCost(rows, say);
	for (const load of LOADS) await throughput(rows, say, load);
}

async function driveCost(rows: BenchRow[], say: (text: string) => void): Promise<void> {
	const bench = await openBench({ latencyMs: LATENCY_MS });
	try {
		const { drive } = bench.sim.tenant.addUser({ displayName: 'Bench' });
		fillDrive(drive!, { files: FILES, folders: 100, averageBytes: 20_000, seed: 7 });
		const pages = Math.ceil((FILES + 101) / PAGE);
		const group = `A drive of ${FILES.toLocaleString('en-US')} files, ${LATENCY_MS} ms latency`;
		say('full backup of a drive');
		costRows(rows, group, 'full', complete(await bench.backUp({ driveId: drive!.id })), FILES + pages + 20, 'files + pages + 20');
		say('quiet run');
		costRows(rows, group, 'quiet', complete(await bench.backUp({ driveId: drive!.id })), 2, '2');
		changeDrive(drive!);
		say(`${CHANGES} changes`);
		costRows(rows, group, `${CHANGES} changes`, complete(await bench.backUp({ driveId: drive!.id })), CHANGES + 2, 'a changed file + 2');
	} finally {
		await bench.stop();
	}
}

function changeDrive(drive: Drive): void {
	const files = [...drive.files()];
	for (let index = 0; index < CHANGES; index++) {
		const file = files[index * 50]!;
		if (index % 5 < 3) drive.edit(file, `changed ${index}`);
		else if (index % 5 === 3) drive.rename(file, `renamed ${index}.txt`);
		else drive.delete(file);
	}
}

async function siteCost(rows: BenchRow[], say: (text: string) => void): Promise<void> {
	const bench = await openBench({ latencyMs: LATENCY_MS });
	try {
		const { tenant } = bench.sim;
		const site = tenant.addSite({ name: 'bench', displayName: 'Bench', owner: tenant.addUser({ displayName: 'Owner' }) });
		fillSite(site, { seed: 7, files: 100, lists: 10, items: 100, pages: 50 });
		const libraries = site.lists.filter((list) => list instanceof LibraryList && !list.hidden).length;
		const lists = 10;
		const group = `A site of ${libraries} libraries, ${lists} lists of 100 items and 50 pages, ${LATENCY_MS} ms latency`;
		say('full backup of a site');
		const full = complete(await bench.backUp({ siteId: site.id }));
		costRows(rows, group, 'full', full);
		say('quiet run');
		costRows(rows, group, 'quiet', complete(await bench.backUp({ siteId: site.id })), 2 * libraries + lists + 5, 'two a library, one a list, + 5');
	} finally {
		await bench.stop();
	}
}

interface Load {
	title: string;
	/** What the simulated tenant gives one connection, if not what it can. */
	connectionBytesPerSecond?: number;
	fill(drive: Drive): void;
	bytes: number;
	/** How many times as fast rclone may be; 1 if absent. */
	atMost?: number;
}

const LOADS: readonly Load[] = [
	{
		title: '5,000 files of 100 KB',
		fill: (drive) => {
			for (let index = 0; index < 5000; index++) drive.addFile(`Folder ${index % 50}`, `File ${index}.bin`, new GeneratedContent(index, 100_000));
		},
		bytes: 5000 * 100_000,
	},
	{
		title: '4 files of 500 MB',
		fill: (drive) => {
			for (let index = 0; index < 4; index++) drive.addFile('', `Film ${index}.mp4`, new GeneratedContent(index, 500_000_000));
		},
		bytes: 4 * 500_000_000,
	},
	{
		title: '20 files of 50 MB, 20 MB/s a connection',
		connectionBytesPerSecond: 20_000_000,
		fill: (drive) => {
			for (let index = 0; index < 20; index++) drive.addFile('', `Film ${index}.mp4`, new GeneratedContent(index, 50_000_000));
		},
		bytes: 20 * 50_000_000,
		// Its parts of 8 MB wait for the latency more often than whole files do.
		atMost: 1.25,
	},
];

/** The same files from the same server, first by rclone and then by a backup. */
async function throughput(rows: BenchRow[], say: (text: string) => void, load: Load): Promise<void> {
	const bench = await openBench({ latencyMs: LATENCY_MS, https: true });
	try {
		const { drive } = bench.sim.tenant.addUser({ displayName: 'Bench' });
		load.fill(drive!);
		bench.sim.tenant.switches.downloadBytesPerSecond = load.connectionBytesPerSecond ?? Number.POSITIVE_INFINITY;
		const group = `${load.title}, ${LATENCY_MS} ms latency, ${TRANSFERS} at once`;
		const program = findRclone();
		let rcloneMbs: number | undefined;
		if (program === undefined) say('rclone is not installed: nothing to compare with (apt-get install rclone)');
		else {
			say(`rclone copy of ${load.title}`);
			const { seconds, peakBytes, copiedBytes } = await rcloneCopy(program, bench.sim, drive!.id, TRANSFERS);
			if (copiedBytes !== load.bytes) throw new Error(`rclone copied ${copiedBytes} of ${load.bytes} bytes`);
			rcloneMbs = load.bytes / MEGABYTE / seconds;
			rows.push(
				{ group, name: 'rclone copy: speed', value: rcloneMbs, unit: 'MB/s' },
				{ group, name: 'rclone copy: peak memory', value: peakBytes / MEGABYTE, unit: 'MB' },
			);
		}
		say(`backup of ${load.title}`);
		const report = complete(await bench.backUp({ driveId: drive!.id }));
		if (report.summary.totals.bytes !== load.bytes) throw new Error(`The backup holds ${report.summary.totals.bytes} of ${load.bytes} bytes`);
		const speed = load.bytes / MEGABYTE / (report.wallMs / 1000);
		rows.push(
			{ group, name: 'backup: speed', value: speed, unit: 'MB/s' },
			{ group, name: 'backup: peak memory', value: report.atPeak.residentBytes / MEGABYTE, unit: 'MB' },
			{ group, name: 'backup: peak memory above idle', value: report.peakMemoryAboveIdleBytes / MEGABYTE, unit: 'MB', atMost: 200 },
			{ group, name: 'backup: longest event-loop stall', value: report.longestStallMs, unit: 'ms', atMost: 200 },
		);
		if (rcloneMbs !== undefined) rows.push({ group, name: 'rclone against the backup', value: rcloneMbs / speed, unit: 'times', atMost: load.atMost ?? 1, rule: load.atMost === undefined ? 'at least as fast as rclone' : 'about as fast as rclone' });
	} finally {
		await bench.stop();
	}
}

function complete(report: BackupReport): BackupReport {
	if (report.summary.status === 'complete' || report.summary.status === 'unchanged') return report;
	throw new Error(`A backup ended ${report.summary.status}: ${report.summary.message}`);
}

function costRows(rows: BenchRow[], group: string, run: string, report: BackupReport, atMost?: number, rule?: string): void {
	const { graph } = report.summary;
	rows.push(
		{ group, name: `${run}: Graph requests`, value: graph.requests, unit: '', ...(atMost === undefined ? {} : { atMost }), ...(rule === undefined ? {} : { rule }) },
		{ group, name: `${run}: HTTP calls`, value: graph.calls, unit: '' },
		{ group, name: `${run}: resource units`, value: report.resourceUnits, unit: '' },
		{ group, name: `${run}: time`, value: report.wallMs / 1000, unit: 's' },
	);
}

interface Bench {
	sim: RunningSimulator;
	backUp(source: { driveId?: string; siteId?: string }): Promise<BackupReport>;
	stop(): Promise<void>;
}

async function openBench(options: { latencyMs: number; https?: boolean }): Promise<Bench> {
	const hosts = options.https ? { hostNames: ['graph.microsoft.com', 'login.microsoftonline.com'] } : { http: true };
	const sim = await startSimulator({ ...hosts, users: 0, latencyMs: options.latencyMs, switches: { throttling: false } });
	const folder = await mkdtemp(path.join(tmpdir(), 'm365-bench-'));
	return {
		sim,
		backUp: (source) =>
			startBackup({ graphUrl: sim.graphUrl, token: sim.token, tenantId: sim.tenantId, mailboxId: '', folder, withoutQuota: true, ...source }, sim.caFile).report,
		stop: async () => {
			await sim.stop();
			await rm(folder, { recursive: true, force: true });
		},
	};
}
