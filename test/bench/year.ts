import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Ambient } from '../../nodes/M365Backup/base/ambient';
import { realAmbient } from '../../nodes/M365Backup/base/ambient';
import { backUp } from '../../nodes/M365Backup/engine/back-up';
import type { BackUpSummary } from '../../nodes/M365Backup/engine/back-up-summary';
import { prune, type RetentionPolicy } from '../../nodes/M365Backup/engine/prune';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import { createGraphClient } from '../../nodes/M365Backup/graph/client';
import { documentedLimits, Governor } from '../../nodes/M365Backup/graph/governor';
import { fixedToken } from '../../nodes/M365Backup/graph/tokens';
import { parseRepositoryKey } from '../../nodes/M365Backup/repository/names';
import { Repository } from '../../nodes/M365Backup/repository/repository';
import type { SourceRef } from '../../nodes/M365Backup/repository/records';
import type { Store } from '../../nodes/M365Backup/stores/store';
import { mailboxWorkload } from '../../nodes/M365Backup/workloads/mailbox/mailbox';
import { startSimulator } from '../simulator/start';
import { countStore, type StoreCounts } from '../support/counting-store';
import { createDatedFolderStore } from '../support/dated-folder-store';
import { findRestic, ResticMirror } from './restic';
import type { BenchRow } from './rows';
import { isWorkingHour, WorkingMailbox } from './working-mailbox';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const FOLDERS = 40;
const FIRST_HOUR_MS = Date.UTC(2026, 0, 5, 0);
const POLICY = { hourly: 48, daily: 30, weekly: 12, monthly: 12 } satisfies RetentionPolicy;
/** After the first prune: until the catalog's base and its small archives have been written anew once more, and the old ones are pruned. */
const DAYS_AFTER = 95;
/** So long all quiet hours are run, even where later ones are not. */
const ALL_QUIET_DAYS = 28;
const QUIET_SAMPLE_HOUR = 5;

export interface YearOptions {
	messages: number;
	days: number;
	/** How often restic runs in working time; it looks at every file each time. */
	restic: 'hour' | 'day' | 'never';
	/** Every quiet hour is run in the first four weeks only, later one a day: what a quiet run leaves is proved each time. */
	quiet: 'all' | 'sample';
	/** Prunes every night of the year, too, as the shipped workflow does, instead of once at its end. */
	nightly: boolean;
}

interface Run {
	/** A quiet or changed run that also lists everything, as one a week does, is `weekly`. */
	kind: 'full' | 'changed' | 'quiet' | 'weekly';
	seconds: number;
	counts: StoreCounts;
}

/** A year of hourly backups, and what is then in the store: files, bytes, and what the runs read of it; beside restic. */
export async function yearRows(rows: BenchRow[], say: (text: string) => void, options: YearOptions): Promise<void> {
	const { messages, days, nightly } = options;
	const year = await openYear(options);
	const group = `Hourly backups for ${days} days of ${messages.toLocaleString('en-US')} messages in ${FOLDERS} folders, 10 changes an hour in working time${options.quiet === 'all' ? '' : `, quiet hours sampled after ${ALL_QUIET_DAYS} days`}${nightly ? ', pruned every night' : ''}`;
	const row = (name: string, value: number, unit = ''): void => {
		rows.push({ group, name, value, unit });
	};
	const stored = async (when: string): Promise<void> => {
		const ours = await year.stored();
		row(`${when}: files`, ours.files);
		row(`${when}: bytes`, ours.bytes / 1e6, 'MB');
		for (const [kind, bytes] of ours.byKind) row(`${when}: of that ${kind}`, bytes / 1e6, 'MB');
		say(`${when}: ${ours.files} files, ${(ours.bytes / 1e6).toFixed(1)} MB`);
		const theirs = await year.restic?.stored();
		if (!theirs) return;
		row(`${when}: files of restic`, theirs.files);
		row(`${when}: bytes of restic`, theirs.bytes / 1e6, 'MB');
		say(`${when}: restic has ${theirs.files} files, ${(theirs.bytes / 1e6).toFixed(1)} MB`);
	};
	try {
		say(group);
		const runs = await year.liveFor(days, say);
		row('messages at the end', year.messageCount());
		row('their bytes as MIME', year.mimeBytes / 1e6, 'MB');
		tellRuns(runs, row);
		if (year.restic) row(`runs of restic, one ${options.restic === 'hour' ? 'an hour of work' : 'a working day'}`, year.resticSeconds.length);
		else if (options.restic !== 'never') say('restic is not installed: nothing to compare with (apt-get install restic)');
		if (year.resticSeconds.length > 1) row('runs of restic: time, mean', mean(year.resticSeconds.slice(1)), 's');
		await stored('year over');
		row(nightly ? 'last night\'s prune' : 'one prune of all that', await year.prune(), 's');
		if (year.restic) row('restic forget --prune', await year.restic.forget(POLICY), 's');
		await stored('after prune');
		await year.liveFor(DAYS_AFTER, say, true);
		await stored(`${DAYS_AFTER} days later, pruned every night`);
		await year.verify();
	} finally {
		await year.stop();
	}
}

function tellRuns(runs: readonly Run[], row: (name: string, value: number, unit?: string) => void): void {
	for (const kind of ['full', 'changed', 'quiet', 'weekly'] as const) {
		const some = runs.filter((run) => run.kind === kind);
		const one = some.length === 1;
		const tell = (what: string, of: (run: Run) => number, unit = ''): void => {
			const values = some.map(of).sort((a, b) => a - b);
			if (values.length === 0) return;
			if (one) {
				row(`${kind} run: ${what}`, values[0]!, unit);
				return;
			}
			row(`${kind} runs: ${what}, mean`, mean(values), unit);
			row(`${kind} runs: ${what}, 99 of 100 below`, values[Math.floor(values.length * 0.99)]!, unit);
		};
		row(`${kind} runs`, some.length);
		tell('read from the store', ({ counts }) => counts.bytesRead / 1000, 'KB');
		tell('reads', ({ counts }) => counts.gets);
		tell('listings', ({ counts }) => counts.lists);
		tell('files listed', ({ counts }) => counts.listed);
		tell('written to the store', ({ counts }) => counts.bytesWritten / 1000, 'KB');
		tell('files written', ({ counts }) => counts.puts);
		tell('time', ({ seconds }) => seconds, 's');
	}
}

function mean(values: readonly number[]): number {
	return values.reduce((sum, value) => sum + value, 0) / values.length;
}

async function openYear({ messages, restic: resticEvery, nightly, quiet }: YearOptions) {
	const folder = await mkdtemp(path.join(tmpdir(), 'm365-year-'));
	const sim = await startSimulator({ http: true, users: 0, switches: { throttling: false } });
	const { clock } = sim.tenant;
	const goTo = (ms: number): void => clock.advance(ms - clock.nowMs());
	goTo(FIRST_HOUR_MS);
	const user = sim.tenant.addUser({ displayName: 'Bench' });
	const work = new WorkingMailbox(sim.tenant.mailbox(user.id), { messages, folders: FOLDERS });
	const ambient: Ambient = {
		...realAmbient,
		now: () => clock.now(),
		sleep: async (delayMs, signal) => {
			// Waiting in the background (for the lease) must not run the clock away.
			if (delayMs >= 300_000) await realAmbient.sleep(delayMs, signal);
			else clock.advance(delayMs);
		},
	};
	const limits = { ...documentedLimits, mailbox: { ...documentedLimits.mailbox, costPerWindow: Number.POSITIVE_INFINITY } };
	const { token } = sim.tenant.tokens.issue({ lifetimeMs: 10 * 365 * DAY_MS });
	const graph = createGraphClient({ graphUrl: sim.graphUrl, tokens: fixedToken(token), ambient, governor: new Governor(ambient, limits), tenantId: sim.tenantId });
	const repositoryFolder = path.join(folder, 'ours');
	await mkdir(repositoryFolder);
	const { store, take } = countStore(createDatedFolderStore(repositoryFolder, ambient));
	const source: SourceRef = { workload: 'mailbox', id: user.id, name: user.displayName, tenantId: sim.tenantId };
	const program = resticEvery === 'never' ? undefined : findRestic();
	const restic = program === undefined ? undefined : new ResticMirror(program, folder);
	if (restic) await restic.begin(work.messages);
	let mimeBytes = 0;
	let hour = 0;
	const resticSeconds: number[] = [];

	async function backUpOnce(kind: Run['kind']): Promise<Run> {
		take();
		const startedMs = performance.now();
		// A run in n8n opens its repository anew: nothing is remembered from the hour before.
		const repository = await Repository.open(store, ambient, { create: true });
		const summary = await backUp({
			repository,
			source,
			workload: mailboxWorkload({ graph, mailboxId: user.id, ambient, content: ['mail'] }),
			ambient,
			graph: graph.stats,
			clockSkewMs: () => graph.clockSkewMs(),
		});
		mimeBytes = summary.totals.bytes;
		const counts = take();
		expectOutcome(kind, summary, counts);
		const isWeekly = kind !== 'full' && summary.graph.requests > 2 * FOLDERS;
		return { kind: isWeekly ? 'weekly' : kind, seconds: (performance.now() - startedMs) / 1000, counts };
	}

	async function pruneNow(): Promise<number> {
		const startedMs = performance.now();
		const repository = await Repository.open(store, ambient);
		for await (const { refused } of prune({ repository, policy: POLICY, zone: 'UTC', dryRun: false })) if (refused) throw refused;
		return (performance.now() - startedMs) / 1000;
	}

	return {
		restic,
		resticSeconds,
		get mimeBytes(): number {
			return mimeBytes;
		},
		messageCount: (): number => [...work.messages].length,
		prune: pruneNow,
		/** Days of hourly backups, with work in between. */
		async liveFor(days: number, say: (text: string) => void, prunes = nightly): Promise<Run[]> {
			const runs: Run[] = [];
			const startedMs = performance.now();
			for (const last = hour + days * 24; hour < last; hour++) {
				goTo(FIRST_HOUR_MS + hour * HOUR_MS);
				const at = clock.now();
				const changes = hour > 0 && isWorkingHour(at) ? work.workForAnHour() : [];
				for (const change of changes) await restic?.follow(change);
				const isSkipped = quiet === 'sample' && changes.length === 0 && hour >= ALL_QUIET_DAYS * 24 && at.getUTCHours() !== QUIET_SAMPLE_HOUR;
				if (!isSkipped) runs.push(await backUpOnce(hour === 0 ? 'full' : changes.length > 0 ? 'changed' : 'quiet'));
				const resticIsDue = hour === 0 || (changes.length > 0 && (resticEvery === 'hour' || at.getUTCHours() === 17));
				if (restic && resticIsDue) resticSeconds.push(await restic.backUp(at));
				if (at.getUTCHours() === 3 && prunes) {
					await pruneNow();
				}
				if (hour % (24 * 30) === 0) say(`day ${hour / 24}: ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
			}
			return runs;
		},
		stored: () => storedBy(store),
		async verify(): Promise<void> {
			const report = await verifyRepository(await Repository.open(store, ambient));
			if (!report.ok) throw new Error(`The repository is damaged: ${JSON.stringify(report.damage.slice(0, 3))}`);
		},
		async stop(): Promise<void> {
			await sim.stop();
			await rm(folder, { recursive: true, force: true });
		},
	};
}

/** Files and bytes of a repository, and which kinds of files hold them. */
async function storedBy(store: Store): Promise<{ files: number; bytes: number; byKind: Map<string, number> }> {
	const found = { files: 0, bytes: 0, byKind: new Map<string, number>() };
	for await (const { key, sizeBytes } of store.list('')) {
		const { kind } = parseRepositoryKey(key);
		const name = { archive: 'archives', segment: 'catalogs', cursor: 'cursors', snapshot: 'snapshot records' }[kind as string] ?? 'other files';
		found.files += 1;
		found.bytes += sizeBytes;
		found.byKind.set(name, (found.byKind.get(name) ?? 0) + sizeBytes);
	}
	return found;
}

function expectOutcome(kind: Run['kind'], { status, message }: BackUpSummary, { keys }: StoreCounts): void {
	const expected = kind === 'quiet' ? 'unchanged' : 'complete';
	if (status !== expected) throw new Error(`A ${kind} run ended ${status}: ${message}`);
	// The lease is gone when the run ends.
	const left = [...keys].filter((key) => !/(^|\/)(cursor|lease-\d+)\.json$/.test(key));
	if (kind === 'quiet' && left.length > 0) throw new Error(`A quiet run wrote ${left.join(', ')}`);
}
