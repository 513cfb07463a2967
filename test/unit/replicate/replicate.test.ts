import { describe, expect, it } from 'vitest';
import { isFailure } from '../../../nodes/M365Backup/base/failure';
import { confirmCopied, filesToCopy, importFiles } from '../../../nodes/M365Backup/engine/copy';
import { evict } from '../../../nodes/M365Backup/engine/evict';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { countStore } from '../../support/counting-store';
import { DAY_MS, KEY } from '../crash/crash-world';
import { bytesOf, readAll } from '../repository/fixtures';
import { MODES, ReplicaWorld } from './replica-world';

describe.each(MODES)('a replica (%s)', (mode) => {
	it('is the same repository, byte for byte but for leases, and the next one copies only what is new', async () => {
		const world = await ReplicaWorld.make(mode);
		await world.days(4);
		const first = await world.replicate();
		expect(await world.files(world.to)).toEqual(await world.files(world.from));
		expect(first).toMatchObject({ status: 'complete', damaged: [], alreadyThere: { files: 0 }, snapshots: { copied: 4 }, sourceCount: 1 });
		// All but cursor.json: whoever loses that loses nothing.
		expect(first.verified.files).toBe(first.copied.files - 1);
		expect(await world.damage(world.to)).toEqual([]);
		expect(await world.everything(world.to)).toEqual(await world.everything(world.from));

		const again = await world.replicate();
		expect(again).toMatchObject({ status: 'unchanged', copied: { files: 0, bytes: 0 }, sources: [] });
		expect(again.alreadyThere.files).toBeGreaterThan(10);

		await world.days(1);
		const third = await world.replicate();
		expect(third).toMatchObject({ status: 'complete', snapshots: { copied: 1 }, sources: [{ key: KEY, snapshots: { copied: 1, damaged: 0, removed: 0 } }] });
		expect(third.copied.files).toBeLessThanOrEqual(5);
		expect(await world.files(world.to)).toEqual(await world.files(world.from));
	});

	it('serves restores when the repository is lost, and backups go on in it', async () => {
		const world = await ReplicaWorld.make(mode);
		await world.days(3);
		await world.replicate();
		const before = await world.everything(world.from);
		await world.from.delete([...(await world.files(world.from)).keys()]);
		expect(await world.everything(world.to)).toEqual(before);
		await world.day((mailbox) => mailbox.put('later', 'written after the loss'), world.to);
		expect([...(await world.everything(world.to)).values()].at(-1)).toEqual(world.mailbox.contents());
		expect(await world.damage(world.to)).toEqual([]);
	});

	it('takes up a quiet day by cursor.json alone', async () => {
		const world = await ReplicaWorld.make(mode);
		await world.days(2);
		await world.replicate();
		await world.day();
		const report = await world.replicate();
		expect(report.copied.files).toBe(1);
		expect(await world.files(world.to)).toEqual(await world.files(world.from));
	});

	it('keeps what was backed up into it directly, and takes what is new all the same', async () => {
		const world = await ReplicaWorld.make(mode);
		await world.days(2);
		await world.replicate();
		const direct = await world.day((mailbox) => mailbox.put('direct', 'only here'), world.to);
		await world.day((mailbox) => mailbox.put('there', 'at the source'));
		const { snapshots } = await world.replicate();
		expect(snapshots.copied).toBe(1);
		expect(await world.snapshotIds(world.to)).toContain(direct);
		expect(await world.damage(world.to)).toEqual([]);
		await world.day((mailbox) => mailbox.put('goes on', 'after the fork'), world.to);
		expect([...(await world.everything(world.to)).values()].at(-1)).toEqual(world.mailbox.contents());
	});

	it('keeps what is pruned at the source, and still verifies', async () => {
		const world = await ReplicaWorld.make(mode);
		await world.days(6);
		await world.replicate();
		const before = await world.everything(world.to);
		await world.prune(world.from, 2);
		await world.days(1);
		const kept = (await world.snapshotIds(world.from)).length;
		expect(kept).toBeLessThan(6);
		expect(await world.replicate()).toMatchObject({ removed: { files: 0, snapshots: 0 } });
		const after = await world.everything(world.to);
		for (const [id, contents] of before) expect(after.get(id)).toEqual(contents);
		expect(await world.damage(world.to)).toEqual([]);

		const fresh = createMemoryStore();
		await world.replicate({ to: fresh });
		expect(await world.damage(fresh)).toEqual([]);
		expect(await world.snapshotIds(fresh)).toHaveLength(kept);
	});

	it('takes holds along, so that no prune of the replica takes what is held', async () => {
		const world = await ReplicaWorld.make(mode);
		await world.days(5);
		const [oldest] = await world.snapshotIds(world.from);
		await world.replicate();
		await world.hold(world.from, oldest!);
		await world.replicate();
		await world.days(3);
		await world.replicate();
		await world.prune(world.to, 1);
		expect(await world.snapshotIds(world.to)).toContain(oldest);
		expect(await world.damage(world.to)).toEqual([]);
	});

	it('is proven again to the last byte with Verify All, and healed', async () => {
		const world = await ReplicaWorld.make(mode);
		await world.days(3);
		await world.replicate();
		const name = await world.stored(/archive-0001/, world.to);
		await world.damageFile(name, world.to);
		expect(await world.damage(world.to)).not.toEqual([]);
		expect(await world.replicate()).toMatchObject({ copied: { files: 0 } });
		const healed = await world.replicate({ verification: 'all' });
		expect(healed.repaired.files).toBe(1);
		expect(healed.verified.files).toBeGreaterThan(10);
		expect(await world.damage(world.to)).toEqual([]);
	});
});

it.each(MODES)('an archive that the repository has let go, since a copy holds it, is missing in the replica for the same reason: %s', async (mode) => {
	const world = await ReplicaWorld.make(mode);
	await world.days(2);
	const target = 'nas';
	const repository = await world.open(world.from);
	const copy = new Map<string, Buffer>();
	for await (const file of filesToCopy(repository, { target })) {
		copy.set(file.fileName, await readAll(await file.open()));
		await confirmCopied(repository, { target, confirmations: [{ fileName: file.fileName, fields: {} }] });
	}
	const name = [...copy.keys()].find((each) => each.includes('.archive-'))!;
	expect(await evict(repository, { target, files: [{ fileName: name, open: () => bytesOf(copy.get(name)!) }] })).toMatchObject([{ outcome: 'removedHere' }]);
	expect(await world.replicate()).toMatchObject({ status: 'complete', damaged: [], snapshots: { copied: 2 } });
	expect(await world.files(world.to)).toEqual(await world.files(world.from));
	expect(await world.damage(world.to)).toEqual([]);

	await importFiles(world.from, world.ambient, [{ fileName: name, open: () => bytesOf(copy.get(name)!) }], { mode: 'import', ...(mode !== 'plain' && { encryption: await world.key() }) });
	expect(await world.replicate()).toMatchObject({ status: 'complete', copied: { files: 1 } });
	expect(await world.files(world.to)).toEqual(await world.files(world.from));
});

describe.each(['plain', 'encrypted'] as const)('damage at the source (%s)', (mode) => {
	it.each([
		['an archive', /archive-0001/, /SHA-256/],
		['a segment', /segment-0001/, /./],
		['a cursor', /Z-[0-9a-f]{4}\.cursor\.json/, /./],
		['a record', /snapshot\.json/, /./],
	])('%s: what needs it is not copied and said by name, the rest is', async (_title, pattern, reason) => {
		const world = await ReplicaWorld.make(mode);
		await world.days(3);
		const ids = await world.snapshotIds(world.from);
		const name = await world.stored(pattern);
		await world.damageFile(name);
		const report = await world.replicate();
		expect(report.status).toBe('damaged');
		expect(report.damaged.map(({ file }) => file)).toEqual([name.replace(/\.age$/, '')]);
		expect(report.damaged[0]!.reason).toMatch(reason);
		expect(report.damaged[0]!.snapshots).toContain(ids[0]);
		expect(await world.snapshotIds(world.to)).toEqual(ids.filter((id) => !report.damaged[0]!.snapshots.includes(id)));
		expect((await world.damage(world.to)).filter((line) => !/as its parent, and no prune removed it/.test(line))).toEqual([]);
	});

	it('is made good by the next run, once the file is sound again', async () => {
		const world = await ReplicaWorld.make(mode);
		await world.days(3);
		const name = await world.stored(/archive-0001/);
		await world.damageFile(name);
		await world.replicate();
		await world.damageFile(name);
		expect(await world.replicate()).toMatchObject({ status: 'complete', damaged: [] });
		expect(await world.files(world.to)).toEqual(await world.files(world.from));
	});

	it('of what the replica has already is not carried over', async () => {
		const world = await ReplicaWorld.make(mode);
		await world.days(2);
		await world.replicate();
		const name = await world.stored(/archive-0001/);
		await world.damageFile(name);
		await world.days(1);
		await world.replicate({ verification: 'all' });
		expect(await world.damage(world.to)).toEqual([]);
	});

	it('a file that is missing is told', async () => {
		const world = await ReplicaWorld.make(mode);
		await world.days(2);
		const name = await world.stored(/archive-0001/);
		await world.from.delete([name]);
		const report = await world.replicate();
		expect(report.damaged).toMatchObject([{ file: name.replace(/\.age$/, ''), reason: 'it is missing' }]);
	});
});

it('costs little when there is nothing new: two listings and cursor.json a source, however long its history', async () => {
	const world = await ReplicaWorld.make();
	await world.days(12);
	await world.replicate();
	const [from, to] = [countStore(world.from), countStore(world.to)];
	await world.replicate({ from: from.store, to: to.store });
	for (const { puts, gets } of [from.take(), to.take()]) {
		expect(puts).toBe(0);
		expect(gets).toBeLessThanOrEqual(4);
	}
});

describe('what was pruned', () => {
	it.each(['plain', 'encrypted'] as const)('goes from the replica too, if that is wanted: %s', async (mode) => {
		const world = await ReplicaWorld.make(mode);
		await world.days(8);
		const ids = await world.snapshotIds(world.from);
		await world.replicate();
		await world.hold(world.to, ids[1]!);
		await world.prune(world.from, 2);
		await world.days(1);
		const left = await world.snapshotIds(world.from);
		expect(left.length).toBeLessThan(8);
		const report = await world.replicate({ removePruned: true });
		expect(await world.snapshotIds(world.to)).toEqual([...new Set([ids[1]!, ...left])].sort());
		expect(report.removed.snapshots).toBe(8 + 1 - left.length - 1);
		expect(report.removed.files).toBeGreaterThan(report.removed.snapshots);
		expect(await world.damage(world.to)).toEqual([]);
		const after = await world.everything(world.to);
		for (const [id, contents] of await world.everything(world.from)) expect(after.get(id)).toEqual(contents);
		const archives = (place: Store) => world.files(place).then((files) => [...files.keys()].filter((name) => name.includes('.archive-')).length);
		expect(await archives(world.to)).toBeLessThan(9);
		expect(await world.replicate({ removePruned: true })).toMatchObject({ status: 'unchanged', removed: { files: 0 } });
	});

	it('never what no prune explains, nor the newest complete snapshot', async () => {
		const world = await ReplicaWorld.make();
		await world.days(4);
		await world.replicate();
		const files = await world.files(world.to);
		await world.from.delete([...(await world.files(world.from)).keys()].filter((name) => /snapshot|archive|segment/.test(name)));
		const report = await world.replicate({ removePruned: true });
		expect(report.removed).toEqual({ files: 0, bytes: 0, snapshots: 0 });
		expect(await world.files(world.to)).toEqual(files);
	});

	it('cannot be told without the key', async () => {
		const world = await ReplicaWorld.make('encrypted, without the key');
		await world.days(1);
		await expect(world.replicate({ removePruned: true })).rejects.toMatchObject({ kind: 'invalid' });
		expect(await world.files(world.to)).toEqual(new Map());
	});

	it.each(['plain', 'encrypted'] as const)('by the replica\'s own policy does not come back: %s', async (mode) => {
		const world = await ReplicaWorld.make(mode);
		await world.days(6);
		await world.replicate();
		world.ambient.advance(3 * DAY_MS);
		await world.days(1);
		await world.replicate();
		world.ambient.advance(3 * DAY_MS);
		await world.prune(world.to, 1);
		const left = await world.snapshotIds(world.to);
		expect(left.length).toBeLessThan(4);
		const report = await world.replicate();
		expect(await world.snapshotIds(world.to)).toEqual(left);
		expect(report.snapshots.prunedThere).toBe(7 - left.length);
		const before = new Set(await world.snapshotIds(world.from));
		await world.days(1);
		const fresh = (await world.snapshotIds(world.from)).filter((id) => !before.has(id));
		expect((await world.replicate()).snapshots.copied).toBe(fresh.length);
		expect(await world.snapshotIds(world.to)).toEqual([...left, ...fresh]);
		expect(await world.damage(world.to)).toEqual([]);
	});
});

describe('a target that is refused, before anything is changed', () => {
	const refused = async (world: ReplicaWorld, code: string): Promise<void> => {
		const before = await world.files(world.to);
		const error: unknown = await world.replicate().catch((thrown: unknown) => thrown);
		expect(isFailure(error, 'invalid') && error.code).toBe(code);
		expect(isFailure(error) && (error.nextStep ?? '')).not.toBe('');
		expect(await world.files(world.to)).toEqual(before);
	};

	it('holds another repository', async () => {
		const world = await ReplicaWorld.make();
		await world.days(1);
		const other = await ReplicaWorld.make();
		other.ambient.randomHex(16);
		await other.days(1);
		world.to = other.from;
		await refused(world, 'otherRepository');
	});

	it('holds other files', async () => {
		const world = await ReplicaWorld.make();
		await world.days(1);
		await world.to.put('holiday/photo.jpg', bytesOf('a photo'));
		await refused(world, 'otherFiles');
	});

	it('is the same place under another name', async () => {
		const world = await ReplicaWorld.make();
		await world.days(1);
		world.to = { ...world.from, capabilities: world.from.capabilities, label: 'another name', list: world.from.list.bind(world.from), get: world.from.get.bind(world.from), put: world.from.put.bind(world.from), delete: world.from.delete.bind(world.from) };
		await refused(world, 'samePlace');
	});

	it('lies within the repository', async () => {
		const world = await ReplicaWorld.make();
		await world.days(1);
		const { from } = world;
		const within = (name: string): string => `replica/${name}`;
		world.to = {
			capabilities: from.capabilities,
			label: 'a folder within',
			async *list(prefix) {
				for await (const file of from.list(within(prefix))) yield { ...file, key: file.key.slice('replica/'.length) };
			},
			get: (name, range, signal) => from.get(within(name), range, signal),
			put: (name, source, options) => from.put(within(name), source, options),
			delete: (names, signal) => from.delete(names.map(within), signal),
		};
		await refused(world, 'samePlace');
	});

	it('has a repository.json that cannot be read', async () => {
		const world = await ReplicaWorld.make();
		await world.days(1);
		await world.to.put('repository.json', bytesOf('{"format"'));
		await refused(world, 'otherRepository');
	});
});

it('a source without a repository is refused', async () => {
	const world = await ReplicaWorld.make();
	await expect(world.replicate()).rejects.toMatchObject({ kind: 'notFound' });
	expect(await world.files(world.to)).toEqual(new Map());
});

it('a replica that was copied by other means, times and all, is no same place', async () => {
	const world = await ReplicaWorld.make();
	await world.days(1);
	const clone = createMemoryStore({ now: () => world.ambient.now() });
	const times = new Map<string, Date>();
	for await (const { key, modifiedAt } of world.from.list('')) {
		times.set(key, modifiedAt);
		await clone.put(key, (await world.from.get(key))!);
	}
	const dated: Store = {
		capabilities: clone.capabilities,
		label: 'a copy made by rsync',
		async *list(prefix) {
			for await (const file of clone.list(prefix)) yield { ...file, modifiedAt: times.get(file.key) ?? file.modifiedAt };
		},
		get: clone.get.bind(clone),
		put: clone.put.bind(clone),
		delete: clone.delete.bind(clone),
	};
	world.to = dated;
	expect(await world.replicate()).toMatchObject({ status: 'unchanged' });
	expect([...(await world.files(clone)).keys()].filter((name) => name.startsWith('lease-'))).toEqual([]);
});
