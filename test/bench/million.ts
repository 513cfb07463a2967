import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { startSimulator } from '../simulator/start';
import type { StepOrder, StepReport } from './million-step';
import type { BenchRow } from './rows';

/** A process of its own for each step, tests' compiler included, may take so much. */
const MOST_RESIDENT_MB = 400;
/** "A few seconds" of issue and README. */
const MOST_SECONDS = 5;

/** What one mailbox of a million messages costs whoever changes, searches or restores one thing of it. */
export async function millionRows(rows: BenchRow[], say: (text: string) => void, items: number): Promise<void> {
	const group = `A catalog of ${items.toLocaleString('en-US')} messages`;
	const sim = await startSimulator({ http: true, users: 1, messages: 0 });
	const folder = await mkdtemp(path.join(tmpdir(), 'm365-million-'));
	const mailbox = sim.tenant.users[0]!;
	const run = async (step: StepOrder['step']): Promise<StepReport> => {
		say(step);
		const order: StepOrder = { step, folder, items, graphUrl: sim.graphUrl, token: sim.token, tenantId: sim.tenantId, mailboxId: mailbox.id };
		const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', path.join(__dirname, 'million-step.ts'), JSON.stringify(order)]);
		return JSON.parse(stdout) as StepReport;
	};
	const tell = (name: string, report: StepReport, mostSeconds?: number): void => {
		rows.push(
			{ group, name: `${name}: time`, value: report.seconds, unit: 's', ...(mostSeconds === undefined ? {} : { atMost: mostSeconds }) },
			{ group, name: `${name}: memory of the whole process`, value: report.peakResidentBytes / 1e6, unit: 'MB', atMost: MOST_RESIDENT_MB },
			{ group, name: `${name}: longest event-loop stall`, value: report.longestStallMs, unit: 'ms', atMost: 200 },
			{ group, name: `${name}: reads of the store`, value: report.reads, unit: '' },
			{ group, name: `${name}: read`, value: report.readBytes / 1e6, unit: 'MB' },
			{ group, name: `${name}: written`, value: report.writtenBytes / 1e6, unit: 'MB' },
		);
	};
	const expectResult = (name: string, { result }: StepReport, expected: unknown): void => {
		if (JSON.stringify(result) !== JSON.stringify(expected)) throw new Error(`${name}: ${JSON.stringify(result)} instead of ${JSON.stringify(expected)}`);
	};
	try {
		tell('first commit', await run('build'));
		const changed = await run('changed');
		expectResult('ten changes', changed, { status: 'complete', updated: 10 });
		tell('ten changes', changed, MOST_SECONDS);
		const quiet = await run('quiet');
		expectResult('quiet run', quiet, { status: 'unchanged', updated: 0 });
		tell('quiet run', quiet, MOST_SECONDS);
		const search = await run('search');
		expectResult('search', search, items / 1000);
		tell('search through all for a word', search);
		const one = await run('one of many');
		expectResult('one by its id', one, 1);
		tell('one by its id', one, MOST_SECONDS);
		const restored = await run('restore one');
		expectResult('restore of one', restored, ['created']);
		tell('restore of one', restored, MOST_SECONDS);
		const there = [...sim.tenant.mailbox(mailbox.id).allMessages()].length;
		if (there !== 1) throw new Error(`${there} messages are in the mailbox instead of the one restored`);
	} finally {
		await sim.stop();
		await rm(folder, { recursive: true, force: true });
	}
}
