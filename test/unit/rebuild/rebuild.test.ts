import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rebuildCatalog, type RebuildReport } from '../../../nodes/M365Backup/engine/rebuild-catalog';
import { verifyRepository } from '../../../nodes/M365Backup/engine/verify';
import { entryName, sourceKey } from '../../../nodes/M365Backup/repository/names';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { makeAgeKey, readAgeKey } from '../../../nodes/M365Backup/stores/encryption/age-key';
import { RepositoryKey } from '../../../nodes/M365Backup/stores/encryption/repository-key';
import { createFolderStore } from '../../../nodes/M365Backup/stores/folder-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { backedUp, DAY_MS, damageOf, everything, HOUR_MS, KEY, newWorld, RunAmbient, type World } from '../crash/crash-world';
import { ModelMailbox } from '../crash/model-mailbox';
import { addMessage, all, bytesOf, commitInput, message, readAll, SOURCE, stateOf } from '../repository/fixtures';
import { archiveKeys, backedUpAsking, damage, lose } from './lost-catalog';

async function rebuilt({ store, ambient }: World, options: Partial<Parameters<typeof rebuildCatalog>[1]> = {}): Promise<RebuildReport> {
	return await rebuildCatalog(await Repository.open(store, ambient), { key: KEY, mode: 'rebuild', ...options });
}

async function openRun() {
	const { store, ambient } = newWorld();
	return { store, ambient, repository: await Repository.open(store, ambient, { create: true }) };
}

/** Of the newest snapshot alone: older ones may be unreadable. */
async function newestContents({ store, ambient }: World): Promise<Map<string, string>> {
	const repository = await Repository.open(store, ambient);
	const contents = new Map<string, string>();
	for (const [id, { content }] of await stateOf(repository, (await repository.latest(KEY))!)) {
		for (const ref of content ?? []) contents.set(id, (await readAll(repository.readContent(KEY, ref))).toString());
	}
	return contents;
}

/** Five days; each adds a message, changes one and deletes one. */
async function someDays(world = newWorld()): Promise<{ world: World; mailbox: ModelMailbox }> {
	const mailbox = new ModelMailbox(2);
	for (let day = 0; day < 5; day++) {
		mailbox.put(`new-${day}`, `Message of day ${day}`);
		mailbox.put('changing', `As of day ${day}`);
		if (day > 1) mailbox.remove(`new-${day - 2}`);
		await backedUp(world, mailbox, 1e9);
		world.ambient.advance(DAY_MS);
	}
	return { world, mailbox };
}

describe('a list of items that is lost altogether', () => {
	it('is rebuilt from the archives; what is newest of each item holds, and what was deleted is back until the next backup', async () => {
		const { world, mailbox } = await someDays();
		await lose(world.store);
		const report = await rebuilt(world);
		expect(report).toMatchObject({ rebuilt: true, source: SOURCE, items: 6, archives: { count: 5, read: 5 }, damaged: [], lost: { count: 0 }, older: 0, builtUpon: null, unreadable: [] });
		expect(await newestContents(world)).toEqual(
			new Map([...[0, 1, 2, 3, 4].map((day): [string, string] => [`mail/new-${day}`, `Message of day ${day}`]), ['mail/changing', 'As of day 4']].sort(([a], [b]) => (a! < b! ? -1 : 1)) as [string, string][]),
		);
		const repository = await Repository.open(world.store, world.ambient);
		const snapshot = (await repository.latest(KEY))!;
		expect(snapshot).toMatchObject({ id: report.snapshot!.id, status: 'partial', tag: 'rebuilt', parent: null, totals: { items: 6 }, scopes: [{ id: 'mail', state: 'stale', asOf: report.asOf }] });
		expect(snapshot.totals.bytes).toBe(report.bytes);
		expect(await damageOf(world, true)).toEqual([]);

		const { summary, asked } = await backedUpAsking(world, mailbox);
		expect(asked).toEqual([]);
		expect(summary).toMatchObject({ status: 'complete', changes: { added: 0, updated: 0, deleted: 3, failed: 0 }, totals: { items: mailbox.items.size }, anomaly: { flagged: false } });
		expect(await newestContents(world)).toEqual(mailbox.contents());
		expect(await damageOf(world, true)).toEqual([]);
	});

	it('costs the next backup only what has changed since then', async () => {
		const { world, mailbox } = await someDays();
		mailbox.put('changing', 'After the loss');
		mailbox.put('brand-new', 'Also after it');
		await lose(world.store);
		await rebuilt(world);
		const { asked } = await backedUpAsking(world, mailbox);
		expect(asked.sort()).toEqual(['mail/brand-new', 'mail/changing']);
		expect(await newestContents(world)).toEqual(mailbox.contents());
		expect((await backedUpAsking(world, mailbox)).summary.status).toBe('unchanged');
	});

	it('is not suspected where a first backup merely broke off', async () => {
		const { world, mailbox } = await someDays();
		await lose(world.store);
		const [oldest, ...others] = (await all(world.store.list(`${KEY}/`))).map(({ key }) => key).sort();
		expect(oldest).toContain('.archive-');
		await world.store.delete(others);
		expect((await backedUpAsking(world, mailbox)).summary.warnings).toEqual([]);
	});

	it('is said by a backup that begins anew beside the archives; what it stored and what they hold come together', async () => {
		const { world, mailbox } = await someDays();
		await lose(world.store);
		mailbox.put('changing', 'After the loss');
		const { summary } = await backedUpAsking(world, mailbox);
		expect(summary.warnings).toEqual([expect.stringMatching(/^There are 5 archives of earlier backups in mailbox-\w+, and no snapshot.*Rebuild Catalog with Rebuild Anyway/) as string]);
		expect((await backedUpAsking(world, mailbox)).summary.warnings).toEqual([]);
		const report = await rebuilt(world, { anyway: true });
		expect(report).toMatchObject({ builtUpon: summary.snapshot!.id, items: 6 });
		const contents = await newestContents(world);
		expect([...contents.keys()]).toEqual(['mail/changing', 'mail/new-0', 'mail/new-1', 'mail/new-2', 'mail/new-3', 'mail/new-4']);
		expect(contents.get('mail/changing')).toBe('After the loss');
		await backedUpAsking(world, mailbox);
		expect(await newestContents(world)).toEqual(mailbox.contents());
		expect(await damageOf(world, true)).toEqual([]);
	});

	it('is no mass deletion, however much had been deleted before; the next one is', async () => {
		const world = newWorld();
		const mailbox = new ModelMailbox(50);
		for (let index = 0; index < 200; index++) mailbox.put(`m-${index}`, `Message ${index}`);
		await backedUp(world, mailbox, 1e9);
		for (let index = 0; index < 120; index++) mailbox.remove(`m-${index}`);
		await lose(world.store);
		await rebuilt(world);
		expect((await backedUpAsking(world, mailbox)).summary).toMatchObject({ changes: { deleted: 120 }, anomaly: { flagged: false } });
		for (let index = 120; index < 190; index++) mailbox.remove(`m-${index}`);
		expect((await backedUpAsking(world, mailbox)).summary.anomaly.flagged).toBe(true);
	});

	it('has the folders, by name and place, and as the newest archive knows them', async () => {
		const { repository, store, ambient } = await openRun();
		const run = repository.startRun(SOURCE, null);
		await run.add({ id: 'mail/inbox', whole: true, type: 'folder', name: 'Inbox', meta: { role: 'inbox' } });
		await run.add({ id: 'mail/sub', whole: true, type: 'folder', name: 'Old name', parent: 'mail/inbox', meta: {} });
		await addMessage(run, 'mail/1', 'one', { parent: 'mail/sub' });
		await run.commit(commitInput());
		await run.add({ id: 'mail/sub', name: 'Projects' });
		await run.commit(commitInput());
		await addMessage(run, 'mail/2', 'two', { parent: 'mail/sub' });
		await run.commit(commitInput());
		await lose(store);
		const report = await rebuildCatalog(repository, { key: KEY, mode: 'rebuild' });
		expect(report).toMatchObject({ items: 2, foldersFromNames: 0 });
		const state = await stateOf(repository, (await repository.latest(KEY))!);
		expect(state.get('mail/inbox')).toMatchObject({ type: 'folder', name: 'Inbox', meta: { role: 'inbox' } });
		expect(state.get('mail/sub')).toMatchObject({ name: 'Projects', parent: 'mail/inbox' });
		expect(state.get('mail/1')).toMatchObject({ parent: 'mail/sub' });
		expect(ambient.time).toBeGreaterThan(0);
	});

	it('is laid upon a snapshot that can be read, if asked; nothing there gets worse', async () => {
		const { world, mailbox } = await someDays();
		await expect(rebuilt(world)).rejects.toMatchObject({ kind: 'invalid', code: 'catalogReadable', message: expect.stringMatching(/^Ada Lovelace has a readable snapshot of 2026-.*; nothing to rebuild$/) as string });
		// The two newest lists are gone, and with them what these days brought.
		const snapshots = await (await Repository.open(world.store, world.ambient)).snapshots(KEY);
		const kept = new Set(snapshots.slice(0, 3).flatMap(({ segments }) => segments.map(({ name }) => `${KEY}/${name}`)));
		await world.store.delete((await all(world.store.list(''))).map(({ key }) => key).filter((key) => key.includes('.segment-') && !kept.has(key)));
		await expect(rebuilt(world)).rejects.toMatchObject({ code: 'catalogReadable' });
		const report = await rebuilt(world, { anyway: true });
		expect(report).toMatchObject({ builtUpon: snapshots[2]!.id, unreadable: [snapshots[4]!.id, snapshots[3]!.id] });
		const latest = (await (await Repository.open(world.store, world.ambient)).latest(KEY))!;
		expect(latest.parent?.id).toBe(snapshots[4]!.id);
		const contents = (await newestContents(world));
		expect([...contents.keys()]).toEqual(['mail/changing', 'mail/new-0', 'mail/new-1', 'mail/new-2', 'mail/new-3', 'mail/new-4']);
		expect(contents.get('mail/changing')).toBe('As of day 4');
		expect(latest.totals.items).toBe(contents.size);
		const { asked } = await backedUpAsking(world, mailbox);
		expect(asked).toEqual([]);
		expect(await newestContents(world)).toEqual(mailbox.contents());
	});

	it('keeps its history where records are left: hashes come from them, no archive is read whole', async () => {
		const { world } = await someDays();
		await lose(world.store, ['segment']);
		const reads: { key: string; whole: boolean }[] = [];
		const watched: Store = {
			capabilities: world.store.capabilities,
			label: world.store.label,
			list: (prefix, signal) => world.store.list(prefix, signal),
			put: (key, source, options) => world.store.put(key, source, options),
			delete: (keys, signal) => world.store.delete(keys, signal),
			get: (key, range, signal) => {
				reads.push({ key, whole: range === undefined });
				return world.store.get(key, range, signal);
			},
		};
		const report = await rebuilt({ ...world, store: watched });
		expect(report).toMatchObject({ items: 6, archives: { read: 5 } });
		expect(report.unreadable).toHaveLength(5);
		expect(reads.filter(({ key, whole }) => whole && key.endsWith('.zip'))).toEqual([]);
		await lose(world.store, ['snapshot', 'segment']);
		await rebuilt({ ...world, store: watched });
		expect(new Set(reads.filter(({ key, whole }) => whole && key.endsWith('.zip')).map(({ key }) => key))).toEqual(new Set(await archiveKeys(world.store)));
	});

	it('is previewed without a byte being written', async () => {
		const { world } = await someDays();
		await lose(world.store);
		const before = (await all(world.store.list(''))).map(({ key }) => key);
		const report = await rebuilt(world, { mode: 'preview' });
		expect(report).toMatchObject({ rebuilt: false, snapshot: null, items: 6, archives: { count: 5, read: 5 }, source: SOURCE });
		expect((await all(world.store.list(''))).map(({ key }) => key)).toEqual(before);
	});

	it('comes back in an encrypted repository, too', async () => {
		const key = await readAgeKey({ identity: (await makeAgeKey()).identity, recoveryRecipient: '' });
		const { store, ambient } = newWorld();
		const encryption = new RepositoryKey(key);
		const repository = await Repository.open(store, ambient, { create: true, encryption });
		const run = repository.startRun(SOURCE, null);
		const content = randomBytes(300_000);
		await addMessage(run, 'mail/1', content);
		await addMessage(run, 'mail/2', 'two');
		await run.commit(commitInput());
		await lose(repository.store);
		const again = await Repository.open(store, ambient, { encryption });
		expect(await rebuildCatalog(again, { key: KEY, mode: 'rebuild', deep: true })).toMatchObject({ items: 2, source: SOURCE, damaged: [] });
		const state = await stateOf(again, (await again.latest(KEY))!);
		expect(await readAll(again.readContent(KEY, state.get('mail/1')!.content![0]!))).toEqual(content);
		expect((await verifyRepository(again, { deep: true })).damage).toEqual([]);
	});

	it('is more than memory should hold: lines are spilled and merged', async () => {
		const { repository, store } = await openRun();
		const run = repository.startRun(SOURCE, null, { volumeBytes: 200_000 });
		for (let index = 0; index < 6000; index++) await addMessage(run, `mail/${index % 4000}`, `Version ${index}`, { meta: { filler: 'x'.repeat(2500) } });
		await run.commit(commitInput());
		await lose(store);
		const report = await rebuildCatalog(repository, { key: KEY, mode: 'rebuild' });
		const latest = (await repository.latest(KEY))!;
		expect(report.items).toBe(4000);
		const state = await stateOf(repository, latest);
		expect(state.size).toBe(4001);
		for (const index of [0, 1999, 2000, 3999]) {
			const text = (await readAll(repository.readContent(KEY, state.get(`mail/${index}`)!.content![0]!))).toString();
			expect(text).toBe(`Version ${index < 2000 ? index + 4000 : index}`);
		}
	}, 60_000);
});

describe('archives that are damaged or say too little', () => {
	it('are named; what others hold is there, and the next backup fetches the rest', async () => {
		const { world, mailbox } = await someDays();
		await lose(world.store);
		const keys = await archiveKeys(world.store);
		const size = (await readAll((await world.store.get(keys[4]!))!)).length;
		await damage(world.store, keys[4]!, { cut: size - 30 });
		const report = await rebuilt(world);
		expect(report.damaged).toEqual([{ file: keys[4], reason: expect.stringContaining('cut off') as string }]);
		expect(report).toMatchObject({ items: 5, archives: { count: 5, read: 4 } });
		expect((await newestContents(world)).get('mail/changing')).toBe('As of day 3');
		const { asked } = await backedUpAsking(world, mailbox);
		expect(asked.sort()).toEqual(['mail/changing', 'mail/new-4']);
		expect(await newestContents(world)).toEqual(mailbox.contents());
	});

	it('are found by reading them, if asked: an older content stands in, or the item says that its own is lost', async () => {
		const { world, mailbox } = await someDays();
		await lose(world.store);
		const key = (await archiveKeys(world.store))[4]!;
		const bytes = await readAll((await world.store.get(key))!);
		for (const name of ['changing', 'new-4']) await damage(world.store, key, { flip: bytes.indexOf(`${name} [`) + name.length + 20 });
		const report = await rebuilt(world, { deep: true });
		expect(report).toMatchObject({ items: 6, older: 1, lost: { count: 1, items: [{ id: 'mail/new-4' }] } });
		const contents = (await newestContents(world));
		expect(contents.get('mail/changing')).toBe('As of day 3');
		expect(contents.has('mail/new-4')).toBe(false);
		const { asked } = await backedUpAsking(world, mailbox);
		expect(asked.sort()).toEqual(['mail/changing', 'mail/new-4']);
		expect(await newestContents(world)).toEqual(mailbox.contents());
	});

	it('never give wrong data, whichever byte of one is not as it was', async () => {
		const { repository, store } = await openRun();
		const run = repository.startRun(SOURCE, null);
		await run.add({ id: 'mail/inbox', whole: true, type: 'folder', name: 'Inbox', meta: {} });
		await addMessage(run, 'mail/1', 'the content of one');
		await run.commit(commitInput());
		const right = await stateOf(repository, (await repository.latest(KEY))!);
		await lose(store);
		const [key] = await archiveKeys(store);
		const bytes = await readAll((await store.get(key!))!);
		let came = 0;
		for (let at = 0; at < bytes.length; at++) {
			const changed = Buffer.from(bytes);
			changed[at] = changed[at]! ^ (1 << at % 8);
			await store.put(key!, bytesOf(changed));
			const again = await Repository.open(store, new RunAmbient());
			const report = await rebuildCatalog(again, { key: KEY, mode: 'rebuild', deep: true, source: SOURCE }).catch((error: unknown) => error as { kind: string });
			if ('kind' in report) expect(report.kind, `byte ${at}`).toBe('corrupt');
			else {
				came++;
				const state = await stateOf(again, (await again.latest(KEY))!);
				const { failed: _failed, content: _content, ...item } = state.get('mail/1')!;
				const { content: _other, ...whole } = right.get('mail/1')!;
				expect(item, `byte ${at}`).toEqual(whole);
				for (const ref of state.get('mail/1')!.content ?? []) expect((await readAll(again.readContent(KEY, ref))).toString(), `byte ${at}`).toBe('the content of one');
				expect(state.get('mail/inbox')).toEqual(right.get('mail/inbox'));
			}
			await lose(store);
		}
		// Damage of the one content, and bytes that nobody needs (dates in headers).
		expect(came).toBeGreaterThan(20);
	}, 60_000);

	it('are still of use where they name neither source nor folders, since an older version wrote them', async () => {
		const folder = mkdtempSync(join(tmpdir(), 'm365-rebuild-'));
		try {
			cpSync(join(__dirname, '..', 'repository', 'golden', 'v1'), folder, { recursive: true });
			const store = createFolderStore({ root: folder });
			const right = await stateOf(await Repository.open(store, new RunAmbient()), (await (await Repository.open(store, new RunAmbient())).latest(KEY))!);
			await lose(store);
			const repository = await Repository.open(store, new RunAmbient());
			const rebuild = (source?: { id: string; tenantId: string; name: string }) => rebuildCatalog(repository, { key: KEY, mode: 'rebuild', ...(source && { source }) });
			await expect(rebuild()).rejects.toMatchObject({ code: 'unknownSource' });
			await expect(rebuild({ ...SOURCE, id: 'somebody-else' })).rejects.toMatchObject({ kind: 'invalid' });
			expect(await rebuild(SOURCE)).toMatchObject({ source: SOURCE, foldersFromNames: 1 });
			const state = await stateOf(repository, (await repository.latest(KEY))!);
			expect(state.get('mail/inbox')).toMatchObject({ type: 'folder', name: 'Inbox' });
			for (const [id, { content }] of right) if (content) expect(state.get(id)?.content, id).toEqual(content);
		} finally {
			rmSync(folder, { recursive: true, force: true });
		}
	});

	it('name nested folders, each below the other, by the names of their entries', async () => {
		const { repository, store } = await openRun();
		const run = repository.startRun(SOURCE, null);
		for (const [id, parent, folderPath] of [['mail/1', 'mail/a', ['Projects']], ['mail/2', 'mail/b', ['Projects', 'Sub']]] as const) {
			const content = [await run.addContent({ entryName: entryName({ folderPath, title: id, extension: '.eml', id, version: '1' }), content: bytesOf(id) })];
			await run.add(message(id, { parent, content }));
		}
		await run.commit(commitInput());
		await lose(store);
		expect(await rebuildCatalog(repository, { key: KEY, mode: 'rebuild' })).toMatchObject({ foldersFromNames: 2 });
		const state = await stateOf(repository, (await repository.latest(KEY))!);
		expect(state.get('mail/a')).toMatchObject({ type: 'folder', name: 'Projects' });
		expect(state.get('mail/b')).toMatchObject({ type: 'folder', name: 'Sub', parent: 'mail/a' });
	});

	it('are refused where there are none, or none that can be read', async () => {
		const { world } = await someDays();
		await lose(world.store);
		for (const key of await archiveKeys(world.store)) await damage(world.store, key, { cut: 100 });
		await expect(rebuilt(world)).rejects.toMatchObject({ code: 'unknownSource' });
		await expect(rebuilt(world, { source: SOURCE })).rejects.toMatchObject({ kind: 'corrupt', message: expect.stringMatching(/^None of the 5 archives/) as string });
		await lose(world.store, ['archive']);
		await expect(rebuilt(world)).rejects.toMatchObject({ kind: 'notFound' });
		expect(await everything(world)).toEqual(new Map());
	});

	it('wait until a backup of the source is through', async () => {
		const { world } = await someDays();
		await lose(world.store);
		const repository = await Repository.open(world.store, world.ambient);
		const lease = (await repository.acquireLease(sourceKey(SOURCE), { holder: 'a backup' }))!;
		await expect(rebuilt(world)).rejects.toMatchObject({ kind: 'conflict' });
		await lease.release();
		world.ambient.advance(HOUR_MS);
		expect((await rebuilt(world)).items).toBe(6);
	});
});

describe('backups without their repository.json', () => {
	it('get a new one only if the user says so, and are all there again', async () => {
		const { world, mailbox } = await someDays();
		const before = await everything(world);
		await world.store.delete(['repository.json']);
		await expect(Repository.open(world.store, world.ambient, { create: true })).rejects.toMatchObject({ code: 'missingFile', nextStep: expect.stringContaining('Rebuild Catalog') as string });
		await lose(world.store);
		await expect(Repository.open(world.store, world.ambient, { create: true })).rejects.toMatchObject({ code: 'missingFile' });
		await Repository.open(world.store, world.ambient, { adopt: true });
		await rebuilt(world);
		expect((await newestContents(world)).size).toBe(6);
		expect(before.size).toBe(5);
		await backedUpAsking(world, mailbox);
		expect(await newestContents(world)).toEqual(mailbox.contents());
	});

	it('are not made another kind of repository by mistake', async () => {
		const { world } = await someDays();
		await world.store.delete(['repository.json']);
		const key = await readAgeKey({ identity: (await makeAgeKey()).identity, recoveryRecipient: '' });
		await expect(Repository.open(world.store, world.ambient, { adopt: true, encryption: new RepositoryKey(key) })).rejects.toMatchObject({ code: 'otherEncryption' });
		expect(await world.store.get('repository.json')).toBeNull();
	});
});
