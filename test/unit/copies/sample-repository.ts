import { randomBytes } from 'node:crypto';
import type { Ambient } from '../../../nodes/M365Backup/base/ambient';
import { sourceKey } from '../../../nodes/M365Backup/repository/names';
import type { SnapshotRecord, SourceRef } from '../../../nodes/M365Backup/repository/records';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { bytes } from '../../contract/sources';

export const ada: SourceRef = { workload: 'mailbox', id: '11111111-1111-4111-8111-111111111111', tenantId: '99999999-9999-4999-8999-999999999999', name: 'Ada' };
export const bob: SourceRef = { ...ada, id: '22222222-2222-4222-8222-222222222222', name: 'Bob' };
export const adaKey = sourceKey(ada);
export const bobKey = sourceKey(bob);

/** A clock that a test moves, and real chance. */
export function sampleAmbient(start = '2026-11-22T10:00:00Z'): Ambient & { advance(ms: number): void } {
	let nowMs = Date.parse(start);
	return {
		now: () => new Date(nowMs),
		sleep: async () => undefined,
		random: () => 0.5,
		randomHex: (count) => randomBytes(count).toString('hex'),
		advance: (ms) => void (nowMs += ms),
	};
}

export interface Sample {
	store: Store;
	ambient: Ambient & { advance(ms: number): void };
	repository: Repository;
}

export async function emptySample(): Promise<Sample> {
	const ambient = sampleAmbient();
	const store = createMemoryStore({ now: () => ambient.now() });
	return { store, ambient, repository: await Repository.open(store, ambient, { create: true }) };
}

export interface CommitPlan {
	source?: SourceRef;
	/** Messages to add or replace. */
	add?: string[];
	remove?: string[];
	seen?: string[];
	status?: 'complete' | 'partial';
}

/** The content of a message: its id many times over, so that archives have some size. */
export function contentOf(id: string): Buffer {
	return Buffer.from(`Subject: ${id}\r\n\r\n${`${id} `.repeat(200)}\r\n`);
}

/** One run with one commit on top of the newest snapshot. */
export async function commit({ repository, ambient }: Sample, plan: CommitPlan): Promise<SnapshotRecord> {
	const { source = ada, add = [], remove = [], seen = [] } = plan;
	const key = sourceKey(source);
	ambient.advance(60_000);
	const parent = (await repository.snapshots(key)).at(-1) ?? null;
	const run = repository.startRun(source, parent, { memberLines: 3 });
	for (const id of add) {
		const content = contentOf(id);
		const ref = await run.addContent({ entryName: `Inbox/${id}.eml`, content: bytes(content) });
		await run.add({ id, whole: true, type: 'message', parent: 'folder', name: `about ${id}`, size: content.length, content: [ref], meta: {} });
	}
	for (const id of remove) await run.add({ id, deleted: ambient.now().toISOString(), type: 'message', name: `about ${id}` });
	if (seen.length > 0) await run.addSeen('folder', seen);
	const items = (parent?.totals.items ?? 0) + add.length - remove.length;
	return await run.commit({
		status: plan.status ?? 'complete',
		scopes: [],
		totals: { items, bytes: 0 },
		changes: { added: add.length, updated: 0, deleted: remove.length, failed: 0, skipped: 0 },
		failures: [],
		cursor: { scopes: { inbox: `https://graph.example/delta?${items}` }, failed: [], seen: [] },
		tag: null,
	});
}

/** Two sources, several snapshots, a seen file, and garbage that no record names. */
export async function fullSample(): Promise<Sample & { snapshots: SnapshotRecord[] }> {
	const sample = await emptySample();
	const snapshots = [
		await commit(sample, { add: Array.from({ length: 20 }, (_, index) => `m${index}`), seen: ['m1', 'm2'], status: 'partial' }),
		await commit(sample, { add: ['m3', 'new1'], remove: ['m4'] }),
		await commit(sample, { add: ['new2'] }),
		await commit(sample, { source: bob, add: ['b1', 'b2'] }),
	];
	await sample.store.put(`${adaKey}/20261122T110000Z-dead.archive-0001.zip`, bytes(Buffer.from('of a run that was killed')));
	await sample.store.put(`${adaKey}/lease-7.json`, bytes(Buffer.from('{}')));
	await sample.store.put('something-else.txt', bytes(Buffer.from('not ours')));
	return { ...sample, snapshots };
}

export async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
	const found: T[] = [];
	for await (const one of source) found.push(one);
	return found;
}

export async function drain(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
	return Buffer.concat(await all(source));
}

/** Changes one byte of a stored file. */
export async function damage(store: Store, key: string, offset: number): Promise<void> {
	const content = await drain((await store.get(key))!);
	content[offset]! ^= 0xff;
	await store.put(key, bytes(content));
}
