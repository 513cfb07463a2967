import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { prune } from '../../../nodes/M365Backup/engine/prune';
import { verifyRepository } from '../../../nodes/M365Backup/engine/verify';
import { sourceKey } from '../../../nodes/M365Backup/repository/names';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { rewriteBase } from '../../../nodes/M365Backup/repository/rewrite-base';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import { addMessage, all, commitInput, FakeAmbient, SOURCE, stateOf, tombstone } from '../repository/fixtures';

const KEY = sourceKey(SOURCE);
const DAY_MS = 24 * 3_600_000;
const MESSAGES = 100;
const MESSAGE_BYTES = 4000;

/** Of its own, and as many bytes stored. */
function content(message: number): Buffer {
	return Buffer.concat(Array.from({ length: MESSAGE_BYTES / 32 }, (_, part) => createHash('sha256').update(`${message}/${part}`).digest()));
}

describe('space', () => {
	it.each([
		// Of a hundred: so many go at once. Small archives are put together as soon as a fifth of the base is shadowed …
		{ archives: 'small', gone: 40, smallArchiveBytes: 1_000_000, days: 1 },
		// … and full ones once less than half of them lives, within 90 days.
		{ archives: 'full', gone: 75, smallArchiveBytes: 0, days: 91 },
	])('comes back: after base rewrite and prune, $archives archives are hardly larger than what lives in them', async ({ gone, smallArchiveBytes, days }) => {
		const ambient = new FakeAmbient();
		const store = createMemoryStore({ now: () => ambient.now() });
		const open = (): Promise<Repository> => Repository.open(store, ambient, { create: true });
		const stored = async (): Promise<number> => (await all(store.list(`${KEY}/`))).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
		const pruned = async () => (await all(prune({ repository: await open(), policy: { last: 1 }, zone: 'UTC', dryRun: false })))[0]!;

		const run = (await open()).startRun(SOURCE, null, { volumeBytes: 100_000 });
		for (let message = 0; message < MESSAGES; message++) await addMessage(run, `mail/${message}`, content(message));
		await run.commit(commitInput());
		const full = await stored();
		expect(full).toBeGreaterThan(MESSAGES * MESSAGE_BYTES);

		// From all archives alike.
		ambient.advance(DAY_MS);
		for (let message = 0; message < MESSAGES; message++) if ((message * 37) % MESSAGES < gone) await run.add(tombstone(`mail/${message}`));
		const later = await run.commit(commitInput());
		ambient.advance(days * DAY_MS + 2 * DAY_MS);
		expect((await pruned()).remove).toHaveLength(1);
		// The snapshot is gone; its archives are not, since a part of each is still needed.
		expect(await stored()).toBeGreaterThan(full * 0.95);

		const repository = await open();
		const rewritten = (await rewriteBase(repository, later, { volumeBytes: 100_000, smallArchiveBytes }))!;
		expect(rewritten).not.toBeNull();
		ambient.advance(3 * DAY_MS);
		await pruned();
		const living = (MESSAGES - gone) * MESSAGE_BYTES;
		expect(await stored()).toBeLessThan(living * 1.2);
		const fresh = await open();
		expect(await stateOf(fresh, rewritten)).toHaveProperty('size', MESSAGES - gone);
		expect((await verifyRepository(fresh, { deep: true })).damage).toEqual([]);
	});
});
