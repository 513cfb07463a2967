import { describe, expect, it } from 'vitest';
import { confirmCopied } from '../../../nodes/M365Backup/engine/confirm-copied';
import { filesToCopy } from '../../../nodes/M365Backup/engine/files-to-copy';
import { filesToDelete } from '../../../nodes/M365Backup/engine/files-to-delete';
import { holdSnapshot, releaseSnapshot } from '../../../nodes/M365Backup/engine/hold';
import { importFiles } from '../../../nodes/M365Backup/engine/import-files';
import { prune } from '../../../nodes/M365Backup/engine/prune';
import { plainName, recordName } from '../../../nodes/M365Backup/repository/names';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { all, bytesOf, readAll } from '../repository/fixtures';
import { atEveryCall, backedUp, damageOf, DAY_MS, everything, isExhaustive, KEY, MISHAPS, newWorld, restored, save, type Accident, type Mishap, type Saved, type World } from './crash-world';
import { ModelMailbox } from './model-mailbox';

const mishaps: readonly Mishap[] = isExhaustive ? MISHAPS : ['fails', 'answerLost', 'torn', 'diskFull', 'killedBefore', 'killedAfter'];
const reading: readonly Mishap[] = ['fails', 'answerLost', 'torn', 'killedBefore', 'killedAfter'];
const POLICY = { last: 2 };

/** A few days of backups, with merges and a base written anew. */
async function someDays(): Promise<{ saved: Saved; snapshots: Map<string, Map<string, string>>; mailbox: ModelMailbox }> {
	const mailbox = new ModelMailbox(2);
	const world = newWorld();
	for (let day = 0; day < 5; day++) {
		mailbox.put(`new-${day}`, `Message of day ${day}`);
		mailbox.put('changing', `As of day ${day}`);
		if (day > 1) mailbox.remove(`new-${day - 2}`);
		await backedUp(world, mailbox, 1e9);
		world.ambient.advance(DAY_MS);
	}
	world.ambient.advance(3 * DAY_MS);
	return { saved: await save(world), snapshots: await everything(world), mailbox };
}

async function pruned({ store, ambient }: World) {
	const [result] = await all(prune({ repository: await Repository.open(store, ambient), policy: POLICY, zone: 'UTC', dryRun: false }));
	if (result?.refused) throw result.refused;
	return result!;
}

async function keysOf(store: Store): Promise<string[]> {
	return (await all(store.list(''))).map(({ key }) => plainName(key)).sort();
}

/** Those that are still there are as they were. */
async function expectTrue(world: World, snapshots: ReadonlyMap<string, Map<string, string>>, what: string): Promise<string[]> {
	const after = await everything(world);
	for (const [id, contents] of after) expect(contents, `${what}: snapshot ${id}`).toEqual(snapshots.get(id));
	return [...after.keys()];
}

/** A copy in another storage, as n8n's nodes make it: its files by flat name. */
async function copied({ store, ambient }: World, other: Map<string, Buffer>): Promise<void> {
	const repository = await Repository.open(store, ambient);
	const confirmations = [];
	for await (const file of filesToCopy(repository, { target: 'nas' })) {
		const bytes = await readAll(await file.open());
		other.set(file.fileName, bytes);
		confirmations.push({ fileName: file.fileName, sizeBytes: bytes.length, sha256: file.sha256, fields: { id: file.fileName } });
	}
	for (const result of await confirmCopied(repository, { target: 'nas', confirmations })) expect(result).toMatchObject({ confirmed: true });
	const deleted = await all(filesToDelete(repository, { target: 'nas' }));
	for (const { fields } of deleted) other.delete(fields['id'] as string);
	await confirmCopied(repository, { target: 'nas', mode: 'deleted', confirmations: deleted.map(({ fileName }) => ({ fileName, fields: {} })) });
}

async function imported({ store, ambient }: World, files: ReadonlyMap<string, Buffer>) {
	return await importFiles(store, ambient, [...files].map(([fileName, bytes]) => ({ fileName, open: () => bytesOf(bytes) })), { mode: 'import' });
}

describe('whatever goes wrong at any call to the store', () => {
	it('a prune removes nothing that is needed, and the next one ends it', { timeout: 300_000 }, async () => {
		const { saved, snapshots } = await someDays();
		const sound = await restored(saved);
		const plan = await pruned(sound);
		expect(plan.remove.length).toBeGreaterThan(2);
		const kept = plan.keep.map(({ id }) => id).sort();
		const left = (await keysOf(sound.store)).filter((key) => !key.includes('.prune.'));
		const check = async ({ what, torn, world }: Accident): Promise<void> => {
			expect((await damageOf(world)).filter((one) => torn === undefined || !one.startsWith(torn)), what).toEqual([]);
			expect(await expectTrue(world, snapshots, what), what).toEqual(expect.arrayContaining(kept));
			await pruned(world);
			expect(await expectTrue(world, snapshots, what), what).toEqual(kept);
			expect((await keysOf(world.store)).filter((key) => !key.includes('.prune.')), what).toEqual(left);
			expect((await damageOf(world, true)).filter((one) => torn === undefined || !one.startsWith(torn)), what).toEqual([]);
		};
		expect(await atEveryCall(saved, [...mishaps, 'tornAndKilled'], pruned, check)).toBeGreaterThan(100);
	});

	it('a hold holds once it was said so, and a release releases', { timeout: 300_000 }, async () => {
		const { saved, snapshots } = await someDays();
		const [oldest] = snapshots.keys();
		const request = { key: KEY, id: oldest!, by: 'legal', reason: 'case 4711' };
		const hold = async ({ store, ambient }: World) => await holdSnapshot(await Repository.open(store, ambient), request);
		const release = async ({ store, ambient }: World) => await releaseSnapshot(await Repository.open(store, ambient), KEY, oldest!);
		const holdFile = `${KEY}/${recordName(oldest!, 'hold')}`;
		let held: Saved | undefined;
		const holds = await atEveryCall(saved, mishaps, hold, async ({ what, mishap, error, world }) => {
			if (mishap === 'tornAndKilled') return;
			if (error === undefined) expect(await keysOf(world.store), what).toContain(holdFile);
			await hold(world);
			held = await save(world);
			expect((await pruned(world)).keep.map(({ id }) => id), what).toContain(oldest);
			expect(await expectTrue(world, snapshots, what), what).toContain(oldest);
			expect(await damageOf(world, true), what).toEqual([]);
		});
		expect(holds).toBeGreaterThan(10);
		const releases = await atEveryCall(held!, mishaps, release, async ({ what, error, world }) => {
			if (error === undefined) expect(await keysOf(world.store), what).not.toContain(holdFile);
			await release(world);
			expect((await pruned(world)).remove.map(({ id }) => id), what).toContain(oldest);
			await expectTrue(world, snapshots, what);
			expect(await damageOf(world, true), what).toEqual([]);
		});
		expect(releases).toBeGreaterThan(8);
	});

	it('a copy is believed to hold nothing that it does not hold, and becomes whole', { timeout: 300_000 }, async () => {
		const mailbox = new ModelMailbox(2);
		const small = newWorld();
		for (let day = 0; day < 3; day++) {
			mailbox.put(`message-${day}`, `Message of day ${day}`);
			await backedUp(small, mailbox, 1e9);
			small.ambient.advance(DAY_MS);
		}
		small.ambient.advance(3 * DAY_MS);
		const snapshots = await everything(small);
		// The copy has everything of three days; since then two snapshots were pruned and one came.
		const before = new Map<string, Buffer>();
		await copied(small, before);
		await all(prune({ repository: await Repository.open(small.store, small.ambient), policy: { last: 1 }, zone: 'UTC', dryRun: false }));
		mailbox.put('message-3', 'Message of the last day');
		await backedUp(small, mailbox, 1e9);
		snapshots.set(...[...(await everything(small))].at(-1)!);
		const saved = await save(small);
		let other = new Map<string, Buffer>();
		const work = async (world: World): Promise<void> => {
			other = new Map(before);
			await copied(world, other);
		};
		const accidents = await atEveryCall(saved, mishaps, work, async ({ what, torn, world }) => {
			const damage = await damageOf(world);
			if (torn?.startsWith('copies/') === true) {
				// Verify and every copy say which file to delete: what it said is copied once more.
				expect(damage.join(), what).toContain(torn);
				await expect(copied(world, other)).rejects.toMatchObject({ kind: 'corrupt', nextStep: expect.stringContaining(`Delete ${torn}`) as string });
				await world.store.delete([torn, `${torn}.age`]);
			} else expect(damage, what).toEqual([]);
			await expectTrue(world, snapshots, what);
			await copied(world, other);
			const inRepository = (await keysOf(world.store)).filter((key) => !/^copies|lease|\/cursor\.json/.test(key));
			expect([...other.keys()].map(plainName).filter((name) => !name.includes('.prune.')).sort(), what).toEqual(inRepository.filter((name) => !name.includes('.prune.')).map((key) => key.replaceAll('/', '.')).sort());
			const rebuilt: World = { store: createMemoryStore(), ambient: world.ambient };
			await imported(rebuilt, other);
			expect(await everything(rebuilt), what).toEqual(await everything(world));
			expect(await damageOf(rebuilt, true), what).toEqual([]);
		});
		expect(accidents).toBeGreaterThan(60);
	});

	it('an import leaves nothing false behind, and doing it again completes it', { timeout: 300_000 }, async () => {
		const world = await restored((await someDays()).saved);
		const old = [...(await everything(world)).keys()][2]!;
		await holdSnapshot(await Repository.open(world.store, world.ambient), { key: KEY, id: old, by: 'legal', reason: 'case 4711' });
		await pruned(world);
		const [saved, snapshots] = [await save(world), await everything(world)];
		const files = new Map([...saved.files].filter(([key]) => !/lease|\/cursor\.json/.test(key)).map(([key, { bytes }]) => [key, bytes]));
		const empty: Saved = { timeMs: saved.timeMs, files: new Map() };
		const accidents = await atEveryCall(empty, mishaps, (broken) => imported(broken, files), async ({ what, torn, world: broken }) => {
			if ((await broken.store.get('repository.json')) !== null && torn === undefined) {
				const found = await expectTrue(broken, snapshots, what).catch((error: unknown) => {
					throw new Error(what, { cause: error });
				});
				expect(found.length).toBeLessThanOrEqual(snapshots.size);
			}
			if (torn !== undefined) await broken.store.delete([torn, `${torn}.age`]);
			const results = await imported(broken, files);
			expect(results.filter(({ outcome }) => outcome === 'refused'), what).toEqual([]);
			expect(await everything(broken), what).toEqual(snapshots);
			expect(await damageOf(broken, true), what).toEqual([]);
		});
		expect(accidents).toBeGreaterThan(60);
	});

	it('reading for a restore gives the truth or an error, never anything else', { timeout: 300_000 }, async () => {
		const { saved, snapshots } = await someDays();
		let read: Map<string, Map<string, string>> | undefined;
		const work = async (world: World): Promise<void> => {
			read = undefined;
			read = await everything(world);
		};
		const accidents = await atEveryCall(saved, reading, work, async ({ what, error, world }) => {
			if (error === undefined) expect(read, what).toEqual(snapshots);
			expect(await everything(world), what).toEqual(snapshots);
		});
		expect(accidents).toBeGreaterThan(100);
	});
});
