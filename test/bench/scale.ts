import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fillDrive } from '../simulator/drive-generate';
import type { Drive } from '../simulator/drive-store';
import type { RunningSimulator } from '../simulator/start';
import { startSimulator } from '../simulator/start';
import { addBenchUser, changeMailbox, type ChangeCost } from './bench-mailbox';
import type { BenchRow } from './rows';
import type { Advance, ScaleOrder, ScaleReport } from './scale-worker';

const FOLDERS = 10;
/** Mailboxes that the simulated tenant holds in memory at a time. */
const TOGETHER = 50;
const DRIVES = 10;
/** As Back Up's option Parallel Sources has it. */
const PARALLEL = 4;
const PAGE = 200;
const LIFETIME_MS = 400 * 24 * 3_600_000;
/** Microsoft's quotas: requests a mailbox and ten minutes, calls of its in one batch, resource units of the smallest tenants a minute. */
const MAILBOX_QUOTA: Quota = { cost: 10_000, seconds: 600 };
const BATCH = 20;
const UNITS_QUOTA: Quota = { cost: 1250, seconds: 60 };

interface Quota {
	cost: number;
	seconds: number;
}

export interface ScaleOptions {
	mailboxes: number;
	messages: number;
	files: number;
}

type Run = 'full' | 'quiet' | '1 % changed';

/** The least that Graph can be asked for it: one request a content, one a page of a listing. */
interface Least {
	requests: number;
	calls: number;
	/** At Microsoft's quotas, with no time for anything else; mailboxes have a quota each. */
	seconds: number;
}

/** What fits into one window may be used at once. */
function atQuota(cost: number, quota: Quota): number {
	return Math.max(0, Math.ceil(cost / quota.cost) - 1) * quota.seconds;
}

/**
 * A whole tenant by the quotas that Microsoft documents, next to the least that is possible. The simulated tenant
 * enforces them by a clock that is put forward where a backup waits.
 */
export async function scaleRows(rows: BenchRow[], say: (text: string) => void, options: ScaleOptions): Promise<void> {
	const folder = await mkdtemp(path.join(tmpdir(), 'm365-scale-'));
	try {
		await mailboxes(rows, say, folder, options);
		await drives(rows, say, folder, options.files);
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

async function mailboxes(rows: BenchRow[], say: (text: string) => void, folder: string, { mailboxes: count, messages }: ScaleOptions): Promise<void> {
	const sums = new Map<Run, { report: ScaleReport; least: Least }>();
	for (let done = 0; done < count; done += TOGETHER) {
		const some = Math.min(TOGETHER, count - done);
		say(`mailboxes ${done + 1} to ${done + some} of ${count}`);
		const sim = await startSimulator({ http: true, users: 0 });
		try {
			const users = Array.from({ length: some }, (_, index) => addBenchUser(sim, { messages, folders: FOLDERS }, `Bench ${done + index}`));
			const sources = users.map(({ user }) => ({ workload: 'mailbox' as const, id: user.id }));
			const withAttachments = users.reduce((sum, user) => sum + user.withAttachments, 0);
			const run = async (name: Run, contents: Omit<ChangeCost, 'removals'>, removals: number): Promise<void> => {
				const requests = some * FOLDERS + contents.contents + removals;
				const calls = some * Math.ceil(FOLDERS / BATCH) + (contents.contents - contents.contentsWithAttachments + removals) / BATCH + contents.contentsWithAttachments;
				const report = await runAll(sim, { folder, sources, parallel: PARALLEL });
				add(sums, name, report, { requests, calls, seconds: atQuota(requests / some, MAILBOX_QUOTA) });
			};
			await run('full', { contents: some * messages, contentsWithAttachments: withAttachments }, 0);
			await run('quiet', { contents: 0, contentsWithAttachments: 0 }, 0);
			const costs = users.map(({ mailbox, folders, receive }) => changeMailbox(mailbox, folders, Math.ceil(messages / 100), receive));
			const total = (of: keyof ChangeCost): number => costs.reduce((sum, cost) => sum + cost[of], 0);
			await run('1 % changed', { contents: total('contents'), contentsWithAttachments: total('contentsWithAttachments') }, total('removals'));
		} finally {
			await sim.stop();
		}
	}
	tell(rows, `${count.toLocaleString('en-US')} mailboxes of ${messages.toLocaleString('en-US')} messages, ${PARALLEL} at a time`, sums, count);
}

async function drives(rows: BenchRow[], say: (text: string) => void, folder: string, files: number): Promise<void> {
	const sums = new Map<Run, { report: ScaleReport; least: Least }>();
	const sim = await startSimulator({ http: true, users: 0, switches: { tenantSize: '0-1k' } });
	try {
		say(`${files} files in ${DRIVES} drives`);
		const each = Math.ceil(files / DRIVES);
		const all: Drive[] = [];
		for (let number = 0; number < DRIVES; number++) {
			const { drive } = sim.tenant.addUser({ displayName: `Drive ${number}` });
			if (!drive) throw new Error('This user has no drive');
			fillDrive(drive, { files: each, folders: Math.ceil(each / 50), averageBytes: 2000, seed: number });
			all.push(drive);
		}
		const sources = all.map(({ id }) => ({ workload: 'drive' as const, id }));
		const run = async (name: Run, contents: number, pages: number): Promise<void> => {
			say(name);
			const requests = contents + pages;
			add(sums, name, await runAll(sim, { folder, sources, parallel: PARALLEL }), { requests, calls: requests, seconds: atQuota(requests, UNITS_QUOTA) });
		};
		// Empty files have nothing to download.
		const full = all.reduce((sum, drive) => sum + [...drive.files()].filter(({ content }) => (content?.sizeBytes ?? 0) > 0).length, 0);
		await run('full', full, DRIVES * Math.ceil((each * 1.02) / PAGE));
		await run('quiet', 0, DRIVES);
		const changed = Math.ceil(each / 100);
		for (const drive of all) [...drive.files()].slice(0, changed).forEach((file, index) => drive.edit(file, `changed ${index}`));
		await run('1 % changed', DRIVES * changed, DRIVES);
	} finally {
		await sim.stop();
	}
	tell(rows, `${files.toLocaleString('en-US')} files in ${DRIVES} drives of a tenant of the smallest size, ${PARALLEL} at a time`, sums, DRIVES);
}

/** In a process of its own. Throws if a source was not complete, or the tenant had to refuse anything. */
async function runAll(sim: RunningSimulator, order: Pick<ScaleOrder, 'folder' | 'sources' | 'parallel'>): Promise<ScaleReport> {
	// It would expire on a clock that is put forward by hours.
	const { token } = sim.tenant.tokens.issue({ lifetimeMs: LIFETIME_MS });
	// As an hourly schedule: what the run before it used of the quotas counts no more. A new process knows nothing of that.
	sim.tenant.clock.advance(3_600_000);
	const child = fork(path.join(__dirname, 'scale-worker.ts'), { execArgv: ['--expose-gc', '--import', 'tsx'] });
	const report = await new Promise<ScaleReport>((resolve, reject) => {
		child.on('message', (message: Advance | ScaleReport) => {
			if ('statuses' in message) {
				resolve(message);
				return;
			}
			sim.tenant.clock.advance(message.advanceMs);
			child.send(message);
		});
		child.once('exit', (code) => reject(new Error(`The process that backs up has ended with ${code}`)));
		child.send({ ...order, clockAheadMs: sim.tenant.clock.nowMs() - Date.now(), graphUrl: sim.graphUrl, token, tenantId: sim.tenantId } satisfies ScaleOrder);
	});
	const { complete = 0, unchanged = 0 } = report.statuses;
	if (complete + unchanged !== order.sources.length) throw new Error(`Not all backups are complete: ${JSON.stringify(report.statuses)}`);
	return report;
}

function add(sums: Map<Run, { report: ScaleReport; least: Least }>, run: Run, report: ScaleReport, least: Least): void {
	const sum = sums.get(run);
	if (!sum) {
		sums.set(run, { report, least });
		return;
	}
	for (const key of ['requests', 'calls', 'resourceUnits', 'retries', 'wallSeconds', 'tenantSeconds'] as const) sum.report[key] += report[key];
	for (const key of ['peakMemoryAboveIdleBytes', 'longestStallMs'] as const) sum.report[key] = Math.max(sum.report[key], report[key]);
	for (const key of ['added', 'updated', 'deleted'] as const) sum.report.changes[key] += report.changes[key];
	for (const key of ['gets', 'bytesRead', 'lists', 'puts', 'bytesWritten'] as const) sum.report.store[key] += report.store[key];
	for (const key of ['requests', 'calls', 'seconds'] as const) sum.least[key] += least[key];
}

function tell(rows: BenchRow[], group: string, sums: ReadonlyMap<Run, { report: ScaleReport; least: Least }>, sources: number): void {
	for (const [run, { report, least }] of sums) {
		const row = (name: string, value: number, unit = '', bound: { atMost?: number; rule?: string } = {}): void => {
			rows.push({ group, name: `${run}: ${name}`, value, unit, ...bound });
		};
		row('Graph requests', report.requests);
		row('Graph requests, against the least possible', report.requests / least.requests, 'times', run === 'full' ? { atMost: 1.1 } : {});
		row('HTTP calls', report.calls);
		row('HTTP calls, against the least possible', report.calls / least.calls, 'times');
		row('resource units', report.resourceUnits);
		row('requests that had to be repeated', report.retries, '', { atMost: 0, rule: 'the tenant refuses nothing' });
		row('time by the quotas', report.tenantSeconds / 60, 'min');
		row('time by the quotas alone, at the least', least.seconds / 60, 'min');
		row('real time here', report.wallSeconds / 60, 'min');
		row('peak memory above idle', report.peakMemoryAboveIdleBytes / 1e6, 'MB', { atMost: 300 });
		row('longest event-loop stall', report.longestStallMs, 'ms');
		row('store, a source: files written', report.store.puts / sources);
		row('store, a source: KB written', report.store.bytesWritten / 1000 / sources, 'KB');
		row('store, a source: reads', report.store.gets / sources);
		row('store, a source: KB read', report.store.bytesRead / 1000 / sources, 'KB');
		row('store, a source: listings', report.store.lists / sources);
	}
}
