import { parseArgs } from 'node:util';
import type { BackupReport } from '../support/backup-process';
import { benchMailbox } from './bench-mailbox';
import { driveRows } from './drives';
import { encryptionRows } from './encryption';
import { kindRows } from './kinds';
import { memoryInN8n } from './memory-in-n8n';
import { millionRows } from './million';
import { pruneRows } from './prune';
import type { BenchRow } from './rows';
import { isOver, table } from './rows';
import { scaleRows } from './scale';
import { verifyRows } from './verify';
import { yearRows } from './year';

/** The round trip to Microsoft that the figures assume. */
const LATENCY_MS = 50;
const FOLDERS = 100;

const rows: BenchRow[] = [];
const { values: options, positionals: chosen } = parseArgs({
	allowPositionals: true,
	options: {
		json: { type: 'boolean', default: false },
		help: { type: 'boolean', default: false },
		messages: { type: 'string', default: '10000' },
		days: { type: 'string', default: '365' },
		restic: { type: 'string', default: 'day' },
		quiet: { type: 'string', default: 'sample' },
		nightly: { type: 'boolean', default: false },
		items: { type: 'string', default: '1000000' },
		mailboxes: { type: 'string', default: '1000' },
		'messages-each': { type: 'string', default: '1000' },
		files: { type: 'string', default: '100000' },
	},
});
const asJson = options.json;
const say = (text: string): void => {
	if (!asJson) process.stderr.write(`${text}\n`);
};

function costRows(group: string, report: BackupReport, bounds: { requests: number; calls: number; requestsRule: string; callsRule: string }): void {
	const { graph } = report.summary;
	rows.push(
		{ group, name: 'Graph requests', value: graph.requests, unit: '', atMost: Math.floor(bounds.requests), rule: bounds.requestsRule },
		{ group, name: 'HTTP calls', value: graph.calls, unit: '', atMost: Math.floor(bounds.calls), rule: bounds.callsRule },
		{ group, name: 'time', value: report.wallMs / 1000, unit: 's' },
		{ group, name: 'longest event-loop stall', value: report.longestStallMs, unit: 'ms', atMost: 200 },
	);
}

function expectComplete(report: BackupReport, what: string): void {
	if (report.summary.status === 'complete' || report.summary.status === 'unchanged') return;
	throw new Error(`${what} ended ${report.summary.status}: ${report.summary.message}`);
}

/** Requests against the formulas of DESIGN §6, with the latency of a real tenant. */
async function requestFormulas(): Promise<void> {
	const bench = await benchMailbox({ messages: 5000, folders: FOLDERS, latencyMs: LATENCY_MS });
	const M = bench.messages;
	const F = bench.folders.length;
	const A = bench.withAttachments;
	try {
		say(`full backup of ${M} messages in ${F} folders, ${LATENCY_MS} ms latency`);
		const full = await bench.backUp();
		expectComplete(full, 'The full backup');
		costRows('5,000 messages in 100 folders: full', full, {
			requests: M + 2 * F + 40,
			calls: (M - A) / 20 + A + F / 10 + 20,
			requestsRule: 'M + 2F + 40',
			callsRule: '(M - A)/20 + A + F/10 + 20',
		});
		say('quiet run');
		const quiet = await bench.backUp();
		expectComplete(quiet, 'The quiet run');
		costRows('5,000 messages in 100 folders: quiet', quiet, {
			requests: F + 1,
			calls: (F + 1) / 20 + 2,
			requestsRule: 'F + 1',
			callsRule: '(F + 1)/20 + 2',
		});
		say('100 changes');
		const cost = bench.change(100);
		const changed = await bench.backUp();
		expectComplete(changed, 'The run with 100 changes');
		costRows('5,000 messages in 100 folders: 100 changes', changed, {
			requests: F + 1 + cost.contents + cost.removals,
			calls: (F + 1) / 20 + 2 + (cost.contents - cost.contentsWithAttachments) / 20 + cost.contentsWithAttachments + cost.removals / 20 + 10,
			requestsRule: 'F + 1 + new contents + removals',
			callsRule: 'quiet + contents + removals/20 + 10',
		});
	} finally {
		await bench.stop();
	}
}

/** What ten changes cost must not depend on how much there is. */
async function smallChanges(): Promise<void> {
	const group = `Ten changes, ${LATENCY_MS} ms latency`;
	const cost: { requests: number; wallMs: number }[] = [];
	for (const messages of [1000, 100_000]) {
		say(`ten changes in ${messages} messages`);
		const bench = await benchMailbox({ messages, folders: FOLDERS, latencyMs: 0 });
		try {
			expectComplete(await bench.backUp(), 'The full backup');
			bench.sim.tenant.latencyMs = LATENCY_MS;
			// Once to warm the file cache, then the median of three.
			bench.change(10);
			await bench.backUp();
			const reports: BackupReport[] = [];
			for (let round = 0; round < 3; round++) {
				bench.change(10);
				const report = await bench.backUp();
				expectComplete(report, 'The run with ten changes');
				reports.push(report);
			}
			reports.sort((a, b) => a.wallMs - b.wallMs);
			const median = reports[1]!;
			cost.push({ requests: Math.max(...reports.map((report) => report.summary.graph.requests)), wallMs: median.wallMs });
			rows.push(
				{ group, name: `${messages.toLocaleString('en-US')} messages: requests`, value: median.summary.graph.requests, unit: '' },
				{ group, name: `${messages.toLocaleString('en-US')} messages: time (median of 3)`, value: median.wallMs / 1000, unit: 's' },
			);
		} finally {
			await bench.stop();
		}
	}
	const [few, many] = cost as [{ requests: number; wallMs: number }, { requests: number; wallMs: number }];
	rows.push(
		{ group, name: 'requests, 100,000 against 1,000', value: many.requests / few.requests, unit: 'times', atMost: 1.5 },
		{ group, name: 'time, 100,000 against 1,000', value: many.wallMs / few.wallMs, unit: 'times', atMost: 3 },
	);
}

/** Memory must not depend on how much there is, and stays small. */
async function memory(): Promise<void> {
	const group = `Full backup, ${LATENCY_MS} ms latency (a quarter of an hour for 50,000 messages)`;
	const peaks: number[] = [];
	for (const messages of [5000, 50_000]) {
		say(`memory of a full backup of ${messages} messages`);
		const bench = await benchMailbox({ messages, folders: FOLDERS, latencyMs: LATENCY_MS });
		try {
			const report = await bench.backUp();
			expectComplete(report, 'The full backup');
			const name = `${messages.toLocaleString('en-US')} messages`;
			peaks.push(report.peakMemoryAboveIdleBytes / 1e6);
			rows.push(
				{ group, name: `${name}: peak memory above idle`, value: report.peakMemoryAboveIdleBytes / 1e6, unit: 'MB', atMost: 200 },
				{ group, name: `${name}: of that room that V8 has taken for objects`, value: (report.atPeak.heapBytes - report.idle.heapBytes) / 1e6, unit: 'MB' },
				{ group, name: `${name}: of that contents and buffers`, value: (report.atPeak.externalBytes - report.idle.externalBytes) / 1e6, unit: 'MB' },
				{ group, name: `${name}: longest event-loop stall`, value: report.longestStallMs, unit: 'ms', atMost: 200 },
				{ group, name: `${name}: messages a second`, value: Math.round(messages / (report.wallMs / 1000)), unit: '/s' },
			);
		} finally {
			await bench.stop();
		}
	}
	rows.push({ group, name: 'peak memory, 50,000 against 5,000', value: peaks[1]! / peaks[0]!, unit: 'times' });
}

const parts: Record<string, () => Promise<void>> = {
	requests: requestFormulas,
	kinds: () => kindRows(rows, say),
	drives: () => driveRows(rows, say),
	changes: smallChanges,
	memory,
	prune: () => pruneRows(rows, say),
	n8n: () => memoryInN8n(rows, say, { messages: Number(process.env['BENCH_MESSAGES'] ?? 5000), folders: FOLDERS, latencyMs: LATENCY_MS }),
	verify: () => verifyRows(rows, say),
	encryption: () => encryptionRows(rows, say),
	scale: () => scaleRows(rows, say, { mailboxes: Number(options.mailboxes), messages: Number(options['messages-each']), files: Number(options.files) }),
	million: () => millionRows(rows, say, Number(options.items)),
	year: () =>
		yearRows(rows, say, {
			messages: Number(options.messages),
			days: Number(options.days),
			restic: oneOf('restic', ['hour', 'day', 'never']),
			quiet: oneOf('quiet', ['all', 'sample']),
			nightly: options.nightly,
		}),
};
/** Only where they are asked for: each takes many minutes by itself. */
const ON_REQUEST: readonly string[] = ['year', 'scale', 'million'];

function oneOf<T extends string>(option: 'restic' | 'quiet', known: readonly T[]): T {
	const found = known.find((value) => value === options[option]);
	if (found === undefined) throw new Error(`--${option} is one of ${known.join(', ')}`);
	return found;
}

async function main(): Promise<void> {
	if (options.help || chosen.some((name) => !(name in parts))) {
		process.stderr.write(
			`npm run bench -- [${Object.keys(parts).join('] [')}] [--json]     without a part: all but ${ON_REQUEST.join(', ')}, which takes several minutes\n` +
				`scale: [--mailboxes 1000] [--messages-each 1000] [--files 100000]; million: [--items 1000000]\nyear: [--messages 10000] [--days 365] [--restic hour|day|never] [--quiet all|sample] [--nightly]\n`,
		);
		process.exitCode = options.help ? 0 : 2;
		return;
	}
	for (const [name, part] of Object.entries(parts)) if (chosen.length === 0 ? !ON_REQUEST.includes(name) : chosen.includes(name)) await part();
	process.stdout.write(asJson ? `${JSON.stringify(rows, null, '\t')}\n` : `${table(rows)}\n`);
	const over = rows.filter(isOver);
	if (over.length > 0) {
		process.stderr.write(`${over.length} of ${rows.length} figures are over their bound\n`);
		process.exitCode = 1;
	}
}

void main().catch((error: unknown) => {
	process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
	process.exitCode = 1;
});
