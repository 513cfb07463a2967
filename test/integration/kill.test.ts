import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { realAmbient } from '../../nodes/M365Backup/base/ambient';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import { sourceKey } from '../../nodes/M365Backup/repository/names';
import type { SnapshotRecord } from '../../nodes/M365Backup/repository/records';
import { Repository } from '../../nodes/M365Backup/repository/repository';
import { createFolderStore } from '../../nodes/M365Backup/stores/folder-store';
import type { RunningSimulator } from '../simulator/start';
import { startSimulator } from '../simulator/start';
import type { Mailbox } from '../simulator/mailbox';
import { plainMail } from '../support/mailbox-fixture';
import { randomRuns, randomSeed } from '../support/random-runs';
import { startBackup } from '../support/run-backup';

const KILLS = randomRuns(100);
/** Longer than a lease lasts: what a killed run holds has run out when the next one starts. */
const BETWEEN_RUNS_MS = 16 * 60_000;

let sim: RunningSimulator;
let mailbox: Mailbox;
let folder: string;
let mailboxId: string;

beforeAll(async () => {
	sim = await startSimulator({ http: true, users: 0, latencyMs: 2 });
	const user = sim.tenant.addUser({ displayName: 'Adele Vance' });
	mailboxId = user.id;
	mailbox = sim.tenant.mailbox(user.id);
	for (let index = 0; index < 20; index++) mailbox.addFolder('inbox', `Folder ${index}`);
	folder = await mkdtemp(path.join(tmpdir(), 'm365-kill-'));
});
afterAll(async () => {
	await sim.stop();
	await rm(folder, { recursive: true, force: true });
});

/** mulberry32: the same moments for the same seed. */
function randomFrom(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
	};
}

it(`survives kill -9 at ${KILLS} random moments: every snapshot reads, none is lost, the next run completes`, async () => {
	const random = randomFrom(randomSeed());
	const key = sourceKey({ workload: 'mailbox', id: mailboxId, tenantId: sim.tenantId });
	let known = new Map<string, SnapshotRecord>();
	let killed = 0;
	let partWay = 0;
	/** Follows how long a run takes here and now, so that kills hit every part of it on a slow or busy machine, too. */
	let withinMs = 500;
	const order = (run: number) => ({
		graphUrl: sim.graphUrl,
		token: sim.token,
		tenantId: sim.tenantId,
		mailboxId,
		folder,
		commitEveryBytes: 20_000,
		volumeBytes: 60_000,
		clockAheadMs: run * BETWEEN_RUNS_MS,
	});
	for (let run = 1; killed < KILLS; run++) {
		change(random, run);
		sim.tenant.clock.advance(BETWEEN_RUNS_MS);
		const before = sim.requestLog.requests;
		const { child, report } = startBackup(order(run));
		const ended = report.then(
			() => true,
			() => false,
		);
		// The moment counts from its first request: what comes before is Node starting.
		while (sim.requestLog.requests === before && child.exitCode === null) await delay(5);
		const finished = await Promise.race([ended, delay(random() * withinMs).then(() => false)]);
		const isKilled = !finished && child.exitCode === null;
		if (isKilled) {
			child.kill('SIGKILL');
			killed += 1;
		}
		await ended;
		const snapshots = await readAll(key);
		for (const [id] of known) expect(snapshots.has(id), `snapshot ${id} after kill ${killed}`).toBe(true);
		const hasCommitted = snapshots.size > known.size;
		if (isKilled && hasCommitted) partWay += 1;
		if (!isKilled) withinMs *= 0.8;
		else if (!hasCommitted) withinMs = Math.min(withinMs * 1.1, 10_000);
		known = snapshots;
	}
	// Kills that only ever hit before the first commit would prove little.
	expect(partWay).toBeGreaterThan(KILLS / 10);

	sim.tenant.clock.advance(BETWEEN_RUNS_MS);
	const last = await startBackup({ ...order(100_000), clockAheadMs: sim.tenant.clock.nowMs() - Date.now() }).report;
	// A kill that came after the last commit leaves nothing to be done.
	expect(['complete', 'unchanged']).toContain(last.summary.status);
	const repository = await Repository.open(createFolderStore({ root: folder }), realAmbient);
	const newest = (await repository.snapshots(key)).at(-1)!;
	const held: string[] = [];
	for await (const entry of repository.catalog(newest).entries()) if (entry.type === 'message') held.push(entry.id);
	const living = [...mailbox.allMessages()].filter((message) => message.folder.isBelow(mailbox.root));
	expect(held.sort()).toEqual(living.map((message) => `mail/${message.id}`).sort());
	const report = await verifyRepository(repository, { deep: true });
	expect(report.damage).toEqual([]);
});

/** New mail, moved, changed and deleted mail. */
function change(random: () => number, run: number): void {
	const folders = [...mailbox.folders.values()].filter((one) => one.isBelow(mailbox.root));
	const anyFolder = () => folders[Math.floor(random() * folders.length)]!;
	for (let index = 0; index < 25; index++) mailbox.addMime(anyFolder(), plainMail(`Run ${run} mail ${index}`, 'x'.repeat(3000)));
	const messages = [...mailbox.allMessages()].filter((message) => message.folder.isBelow(mailbox.root));
	const anyMessage = () => messages[Math.floor(random() * messages.length)]!;
	for (let index = 0; index < 5; index++) mailbox.patch(anyMessage(), { isRead: random() < 0.5 });
	for (let index = 0; index < 5; index++) mailbox.move(anyMessage(), anyFolder());
	for (let index = 0; index < 3; index++) {
		const message = anyMessage();
		if (!message.isPurged) mailbox.purge(message);
	}
}

/** Every committed snapshot; the newest with all its entries and one of its contents, so that a torn write shows. */
async function readAll(key: string): Promise<Map<string, SnapshotRecord>> {
	const repository = await Repository.open(createFolderStore({ root: folder }), realAmbient, { create: true });
	expect(await repository.damagedSnapshots(key)).toEqual([]);
	const snapshots = await repository.snapshots(key);
	const newest = snapshots.at(-1);
	if (newest) {
		let items = 0;
		for await (const entry of repository.catalog(newest).entries()) {
			if (entry.type !== 'message') continue;
			items += 1;
			const ref = entry.content?.[0];
			if (!ref || items % 20 !== 0) continue;
			for await (const chunk of repository.readContent(key, ref)) expect(chunk.length).toBeGreaterThan(0);
		}
		expect(items).toBe(newest.totals.items);
	}
	return new Map(snapshots.map((snapshot) => [snapshot.id, snapshot]));
}
