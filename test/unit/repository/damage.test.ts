import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { confirmCopied } from '../../../nodes/M365Backup/engine/confirm-copied';
import { holdSnapshot } from '../../../nodes/M365Backup/engine/hold';
import { prune } from '../../../nodes/M365Backup/engine/prune';
import { verifyRepository } from '../../../nodes/M365Backup/engine/verify';
import { isFailure } from '../../../nodes/M365Backup/base/failure';
import { parseRepositoryKey, sourceKey } from '../../../nodes/M365Backup/repository/names';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { addMessage, all, bytesOf, commitInput, FakeAmbient, message, readAll, SOURCE, stateOf } from './fixtures';

const KEY = sourceKey(SOURCE);
/** Every bit and every length with DAMAGE_ALL=1 (some minutes); otherwise each byte by one bit, and a few lengths. */
const isExhaustive = process.env['DAMAGE_ALL'] === '1';

/** A small repository with a file of every kind. */
async function everyKind() {
	const ambient = new FakeAmbient();
	const store = createMemoryStore({ now: () => ambient.now() });
	const repository = await Repository.open(store, ambient, { create: true });
	const run = repository.startRun(SOURCE, null);
	await addMessage(run, 'mail/gone', 'x');
	await run.commit(commitInput());
	for (let day = 0; day < 3; day++) {
		ambient.advance(49 * 3_600_000);
		if (day === 1) await run.addSeen('mail/inbox', ['mail/1', 'mail/2']);
		await addMessage(run, `mail/${day}`, day === 0 ? randomBytes(40) : `Message ${day}`);
		await run.add(message(`mail/failed-${day}`, { failed: { reason: 'not readable', since: '2026-11-22', attempts: 1 } }));
		await run.commit(commitInput({ cursor: { scopes: { mail: 'link' }, failed: [], seen: [] } }));
	}
	const newest = (await repository.latest(KEY))!;
	await holdSnapshot(repository, { key: KEY, id: newest.id, by: 'legal', reason: 'case' });
	const pruned = await all(prune({ repository, policy: { last: 2 }, zone: 'UTC', dryRun: false }));
	expect(pruned[0]?.remove).toHaveLength(2);
	const archive = newest.archives[0]!;
	await confirmCopied(repository, { target: 'nas', confirmations: [{ fileName: `${KEY}.${archive.name}`, sizeBytes: archive.size, sha256: archive.sha256, fields: { id: '1' } }] });
	const files = new Map<string, Buffer>();
	for (const { key } of await all(store.list(''))) files.set(key, await readAll((await store.get(key))!));
	return { ambient, store, files, expected: await everything(repository) };
}

/** All that a restore of any snapshot would give back. */
async function everything(repository: Repository): Promise<string[]> {
	const found: string[] = [];
	for (const snapshot of await repository.snapshots(KEY)) {
		for (const [id, entry] of await stateOf(repository, snapshot)) {
			const contents = await Promise.all((entry.content ?? []).map(async (ref) => (await readAll(repository.readContent(KEY, ref))).toString('hex')));
			found.push(JSON.stringify([snapshot.id, id, entry.name, entry.meta, entry.failed ?? null, contents]));
		}
	}
	return found;
}

/** Deep verify must tell, and reading gives a clear error or nothing but the truth. */
async function expectFound(store: Store, ambient: FakeAmbient, expected: readonly string[], what: string): Promise<void> {
	let repository: Repository;
	try {
		repository = await Repository.open(store, ambient);
	} catch (error) {
		expect(isFailure(error, 'corrupt', 'invalid', 'notFound'), what).toBe(true);
		return;
	}
	const report = await verifyRepository(repository, { deep: true });
	expect(report.ok, what).toBe(false);
	try {
		for (const line of await everything(repository)) expect(expected, what).toContain(line);
	} catch (error) {
		if (!isFailure(error)) throw error;
		expect(error.kind, what).toBe('corrupt');
		expect(error.nextStep, what).toBeTruthy();
	}
}

describe('damage of any file', () => {
	it('has a file of every kind to damage', async () => {
		const { files, expected } = await everyKind();
		expect(new Set([...files.keys()].map((key) => parseRepositoryKey(key).kind))).toEqual(
			new Set(['repository', 'readme', 'archive', 'segment', 'seen', 'cursor', 'currentCursor', 'snapshot', 'hold', 'prune', 'copies']),
		);
		expect(expected.length).toBeGreaterThan(8);
	});

	it('is found, whichever bit flips', { timeout: 1_200_000 }, async () => {
		const { ambient, store, files, expected } = await everyKind();
		let flips = 0;
		const kindsSeen = new Set<string>();
		for (const [key, bytes] of files) {
			// The text for people is one hash away from every other text: a byte in ten is enough.
			const step = isExhaustive ? 1 : key === 'README.txt' ? 40 : 4;
			for (let at = 0; at < bytes.length; at += step) {
				for (const bit of isExhaustive ? [0, 1, 2, 3, 4, 5, 6, 7] : [(at * 5 + 3) % 8]) {
					const damaged = Buffer.from(bytes);
					damaged[at] = damaged[at]! ^ (1 << bit);
					await store.put(key, bytesOf(damaged));
					await expectFound(store, ambient, expected, `bit ${bit} of byte ${at} of ${key}`);
					flips += 1;
				}
			}
			kindsSeen.add(parseRepositoryKey(key).kind);
			await store.put(key, bytesOf(bytes));
		}
		expect(flips).toBeGreaterThan(1000);
		expect((await verifyRepository(await Repository.open(store, ambient), { deep: true })).damage).toEqual([]);
	});

	it('is found, wherever a file ends early, and if it is gone', { timeout: 1_200_000 }, async () => {
		const { ambient, store, files, expected } = await everyKind();
		for (const [key, bytes] of files) {
			for (let length = 0; length < bytes.length; length += isExhaustive ? 1 : Math.max(1, Math.floor(bytes.length / 12))) {
				await store.put(key, bytesOf(bytes.subarray(0, length)));
				await expectFound(store, ambient, expected, `${key} cut to ${length} of ${bytes.length} bytes`);
			}
			await store.put(key, bytesOf(bytes));
		}
	});
});
