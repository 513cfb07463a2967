import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import v8 from 'node:v8';
import { runInNewContext } from 'node:vm';
import { realAmbient, type Ambient } from '../../nodes/M365Backup/base/ambient';
import { prune, type PruneResult, type RetentionPolicy } from '../../nodes/M365Backup/engine/prune';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import { entryName } from '../../nodes/M365Backup/repository/entry-name';
import { sourceKey } from '../../nodes/M365Backup/repository/names';
import type { SourceRef } from '../../nodes/M365Backup/repository/records';
import { Repository } from '../../nodes/M365Backup/repository/repository';
import { rewriteBase } from '../../nodes/M365Backup/repository/rewrite-base';
import { createFolderStore } from '../../nodes/M365Backup/stores/folder-store';
import { createMemoryStore } from '../../nodes/M365Backup/stores/memory-store';
import type { Store } from '../../nodes/M365Backup/stores/store';
import { countStore } from '../support/counting-store';
import type { BenchRow } from './rows';

const SNAPSHOTS = process.env['BENCH_SNAPSHOTS']?.split(',').map(Number) ?? [100, 1000, 10_000];
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Messages that the mailbox holds at any time: each hour one comes and the oldest goes. */
const LIVING = 300;
const MESSAGE_BYTES = 2000;
const POLICY = { hourly: 48, daily: 30, weekly: 12, monthly: 24 } satisfies RetentionPolicy;
const SOURCE: SourceRef = { workload: 'mailbox', id: '6f1c2a34-0000-4000-8000-000000000001', name: 'Bench', tenantId: '7d5e8b10-0000-4000-8000-00000000000a' };
const KEY = sourceKey(SOURCE);

/** Hour by hour. */
class HourClock implements Ambient {
	timeMs = Date.UTC(2025, 0, 1);
	readonly sleep = realAmbient.sleep;
	readonly random = realAmbient.random;
	readonly randomHex = realAmbient.randomHex;

	now(): Date {
		return new Date(this.timeMs);
	}
}

/**
 * Plan and prune of so many hourly snapshots of one mailbox: time, what is asked of the store, memory; and what it frees,
 * in the files that were stored. The repository is made in memory, as backups make it, and laid down in a folder.
 */
export async function pruneRows(rows: BenchRow[], say: (text: string) => void): Promise<void> {
	for (const snapshots of SNAPSHOTS) {
		const group = `Prune of ${snapshots.toLocaleString('en-US')} hourly snapshots (48 hourly, 30 daily, 12 weekly, 24 monthly stay)`;
		const root = await mkdtemp(path.join(tmpdir(), 'm365-prune-'));
		try {
			const clock = new HourClock();
			say(`${snapshots} snapshots`);
			await build(root, clock, snapshots);
			await measure(rows, group, root, clock, snapshots);
		} finally {
			await rm(root, { recursive: true, force: true });
		}
	}
}

/** With every commit that backups make: each hour's, and the base that is written anew when it is time. */
async function build(root: string, clock: HourClock, snapshots: number): Promise<void> {
	const store = createMemoryStore({ now: () => clock.now() });
	const repository = await Repository.open(store, clock, { create: true });
	// One run that commits every hour: the commits are those of as many runs, without as many listings.
	let run = repository.startRun(SOURCE, null);
	for (let hour = 0, commits = 0; commits < snapshots; hour++) {
		clock.timeMs += HOUR_MS;
		for (let message = hour === 0 ? 0 : LIVING + hour - 1; message < LIVING + hour; message++) await addMessage(run, message);
		if (hour > 0) await run.add({ id: `mail/${hour - 1}`, deleted: clock.now().toISOString(), type: 'message', name: `Message ${hour - 1}`, parent: 'mail/inbox' });
		const newest = await run.commit({
			status: 'complete',
			scopes: [{ id: 'mail', name: 'Mail', asOf: clock.now().toISOString(), state: 'complete' }],
			totals: { items: LIVING, bytes: LIVING * MESSAGE_BYTES },
			changes: { added: 1, updated: 0, deleted: 1, failed: 0, skipped: 0 },
			failures: [],
			cursor: { scopes: { 'mail/inbox': `https://graph.microsoft.com/v1.0/delta?token=${hour}` }, failed: [], seen: [] },
			tag: null,
		});
		commits++;
		if (commits === snapshots) break;
		const rewritten = await rewriteBase(repository, newest);
		if (!rewritten) continue;
		commits++;
		run = repository.startRun(SOURCE, rewritten);
	}
	await layDown(store, root);
}

async function addMessage(run: ReturnType<Repository['startRun']>, message: number): Promise<void> {
	const id = `mail/${message}`;
	// Text that does not shrink to nothing, and the same in every run.
	let text = `Subject: Message ${message}\r\n\r\n`;
	for (let part = 0; text.length < MESSAGE_BYTES; part++) text += `${createHash('sha256').update(`${message}/${part}`).digest('base64')}\r\n`;
	const bytes = Buffer.from(text.slice(0, MESSAGE_BYTES));
	const ref = await run.addContent({ entryName: entryName({ folderPath: ['Inbox'], title: `Message ${message}`, extension: '.eml', id, version: '1' }), content: once(bytes) });
	await run.add({ id, whole: true, type: 'message', parent: 'mail/inbox', name: `Message ${message}`, size: bytes.length, content: [ref], meta: { subject: `Message ${message}` } });
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
	yield await Promise.resolve(bytes);
}

async function layDown(store: Store, root: string): Promise<void> {
	for await (const { key, modifiedAt } of store.list('')) {
		const file = path.join(root, key);
		await mkdir(path.dirname(file), { recursive: true });
		const chunks: Uint8Array[] = [];
		for await (const chunk of (await store.get(key))!) chunks.push(chunk);
		await writeFile(file, Buffer.concat(chunks));
		await utimes(file, modifiedAt, modifiedAt);
	}
}

async function measure(rows: BenchRow[], group: string, root: string, clock: HourClock, snapshots: number): Promise<void> {
	const row = (name: string, value: number, unit = '', bound: { atMost?: number; rule?: string } = {}): void => {
		rows.push({ group, name, value, unit, ...bound });
	};
	const inner = createFolderStore({ root });
	const before = await sizeOf(inner);
	row('files before', before.files);
	row('stored before', before.bytes / 1e6, 'MB');
	clock.timeMs += 3 * DAY_MS;

	const once = async (dryRun: boolean, name: string): Promise<PruneResult> => {
		const { store, take } = countStore(inner);
		const repository = await Repository.open(store, clock);
		take();
		const memory = watchMemory();
		const startMs = performance.now();
		const startCpu = process.cpuUsage();
		let found: PruneResult | undefined;
		for await (const result of prune({ repository, policy: POLICY, zone: 'Europe/Berlin', dryRun })) found = result;
		const seconds = (performance.now() - startMs) / 1000;
		const { user, system } = process.cpuUsage(startCpu);
		const { peakBytes, longestStallMs } = memory.stop();
		const counts = take();
		if (!found || found.refused) throw found?.refused ?? new Error('Nothing was pruned');
		row(`${name}: time`, seconds, 's');
		row(`${name}: processor time`, (user + system) / 1e6, 's', dryRun ? { atMost: snapshots / 1000 + 2, rule: 'a second for 1,000, and 2' } : {});
		row(`${name}: longest event-loop stall`, longestStallMs, 'ms', { atMost: 200 });
		row(`${name}: reads`, counts.gets, '', dryRun ? { atMost: snapshots * 1.1 + 500, rule: 'a record each, a member for each index' } : {});
		row(`${name}: read`, counts.bytesRead / 1e6, 'MB');
		row(`${name}: listings`, counts.lists);
		row(`${name}: files deleted`, counts.deleted);
		row(`${name}: peak memory above idle`, peakBytes / 1e6, 'MB', { atMost: 300, rule: 'all records and names of one source' });
		return found;
	};
	const planned = await once(true, 'plan');
	const done = await once(false, 'prune');
	if (JSON.stringify({ ...done, dryRun: true }) !== JSON.stringify(planned)) throw new Error('The prune was not the one that was planned');
	row('snapshots that stay', done.keep.length + done.waiting.length);
	await verify(inner, clock);
	const after = await sizeOf(inner);
	row('files after', after.files);
	row('stored after', after.bytes / 1e6, 'MB');
	row('stored after, against before', after.bytes / before.bytes, 'times');
}

async function verify(store: Store, clock: HourClock): Promise<void> {
	const { damage, snapshots } = await verifyRepository(await Repository.open(store, clock), { deep: true });
	if (damage.length > 0 || snapshots === 0) throw new Error(`The prune left damage: ${damage.map(({ file }) => file).join(', ')}`);
}

async function sizeOf(store: Store): Promise<{ files: number; bytes: number }> {
	const sum = { files: 0, bytes: 0 };
	for await (const { sizeBytes } of store.list(`${KEY}/`)) {
		sum.files++;
		sum.bytes += sizeBytes;
	}
	return sum;
}

v8.setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Living objects and buffers, and how long nothing else had its turn. */
function watchMemory(): { stop(): { peakBytes: number; longestStallMs: number } } {
	const used = (): number => {
		const { heapUsed, external } = process.memoryUsage();
		return heapUsed + external;
	};
	collectGarbage();
	const idle = used();
	let peak = idle;
	let longest = 0;
	let last = performance.now();
	const timer = setInterval(() => {
		peak = Math.max(peak, used());
		const nowMs = performance.now();
		longest = Math.max(longest, nowMs - last - 10);
		last = nowMs;
	}, 10);
	return {
		stop: () => {
			clearInterval(timer);
			return { peakBytes: Math.max(peak, used()) - idle, longestStallMs: Math.max(longest, performance.now() - last - 10) };
		},
	};
}
