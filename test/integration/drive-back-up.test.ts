import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fillDrive } from '../simulator/drive-generate';
import { driveFixture, type DriveFixture } from '../support/drive-fixture';

let at: DriveFixture;

beforeEach(async () => {
	at = await driveFixture();
});
afterEach(async () => {
	expect(at.sim.misses).toEqual([]);
	expect(at.sim.tenant.leaks).toEqual([]);
	expect(at.sim.tenant.outbox).toEqual([]);
	await at.stop();
});

const downloads = (): number => at.sim.requestLog.count('GET download');

describe('backing up a drive', () => {
	it('gives every file back, byte for byte, with its properties', async () => {
		const modified = '2024-03-01T10:00:00Z';
		at.drive.addFile('Docs/2026', 'a.txt', 'Aaaa', { modified, created: '2023-01-01T00:00:00Z', description: 'About A' });
		at.drive.addFile('Docs', 'b.bin', Buffer.from([0, 255, 1, 254]));
		at.drive.addFile('', 'empty.txt', '');
		const summary = await at.backUp();
		expect(summary).toMatchObject({ status: 'complete', changes: { added: 3, failed: 0, skipped: 0 }, warnings: [] });
		expect(await at.files()).toEqual(at.living());
		const file = at.drive.item('Docs/2026/a.txt');
		const entry = await at.entry('Docs/2026/a.txt');
		expect(entry).toMatchObject({ id: `drive/${at.drive.idOf(file)}`, type: 'file', modified, size: 4, etag: expect.stringContaining('"c:{') as unknown });
		expect(entry.meta).toMatchObject({ created: '2023-01-01T00:00:00Z', mimeType: 'text/plain', quickXorHash: file.content!.quickXorHash, createdBy: at.user.userPrincipalName, description: 'About A', uniqueId: at.drive.ids.guid(file.sequence).toLowerCase() });
		expect(entry.content![0]!.entry).toMatch(/^Docs\/2026\/a \[[0-9a-f]{8}\]\.txt$/);
		expect((await at.newest()).scopes).toMatchObject([{ id: 'drive', name: 'Files', state: 'complete' }]);
		expect((await at.entry('Docs')).meta).toMatchObject({ kind: 'folder', created: expect.any(String) as unknown });
	});

	it('asks no more than files, pages and 20; one thing when nothing has changed', async () => {
		fillDrive(at.drive, { files: 450, folders: 40, averageBytes: 300, seed: 3 });
		const full = await at.backUp();
		expect(full.graph.requests).toBeLessThanOrEqual(450 + 3 + 20);
		expect(at.sim.requestLog.count(/delta/)).toBe(3);
		at.sim.requestLog.reset();
		expect(await at.backUp()).toMatchObject({ status: 'unchanged', graph: { requests: 1 } });
		expect(at.sim.requestLog.requests).toBe(1);
		for (let n = 0; n < 10; n++) at.drive.edit([...at.drive.files()][n]!, `new ${n}`);
		expect((await at.backUp()).graph.requests).toBeLessThanOrEqual(12);
		expect(await at.files()).toEqual(at.living());
	});

	it('never fetches what is only renamed or moved, and fetches copies', async () => {
		const file = at.drive.addFile('A', 'a.txt', 'some bytes');
		at.drive.addFile('A/Deep', 'b.txt', 'other bytes');
		at.drive.addFolder('B');
		await at.backUp();
		const before = await at.entry('A/Deep/b.txt');
		at.sim.requestLog.reset();
		at.drive.rename(file, 'new name.txt');
		at.drive.move(file, 'B');
		at.drive.move('A', 'B');
		at.drive.rename('B', 'Bee');
		expect(await at.backUp()).toMatchObject({ changes: { added: 0, updated: 1, deleted: 0 } });
		expect(downloads()).toBe(0);
		expect(await at.files()).toEqual(at.living());
		// What is in a moved folder keeps its line.
		expect(await at.entry('Bee/A/Deep/b.txt')).toEqual(before);
		const stored = (await at.newest()).totals.bytes;
		at.drive.copy(file, 'Bee/A', 'copy.txt');
		const copied = await at.backUp();
		expect(copied).toMatchObject({ changes: { added: 1 } });
		expect(await at.files()).toEqual(at.living());
		// The bytes of the copy are those that are there already.
		const [one, two] = await Promise.all([at.entry('Bee/new name.txt'), at.entry('Bee/A/copy.txt')]);
		expect(two.content![0]).toMatchObject({ archive: one.content![0]!.archive, offset: one.content![0]!.offset });
		expect((await at.newest()).totals.bytes).toBe(stored + 10);
	});

	it('moves a file to the top, where it has no folder', async () => {
		const file = at.drive.addFile('A', 'a.txt', 'x');
		await at.backUp();
		at.drive.move(file, at.drive.root);
		at.sim.requestLog.reset();
		await at.backUp();
		expect(downloads()).toBe(0);
		expect((await at.entry('a.txt')).parent).toBeUndefined();
		expect(await at.files()).toEqual(at.living());
	});

	it('writes no line where an edit changed nothing of it', async () => {
		const file = at.drive.addFile('A', 'a.txt', 'x', { modified: '2024-01-01T00:00:00Z' });
		await at.backUp();
		at.drive.touch(file, at.drive.about.owner, 'changed');
		expect((await at.backUp()).status).toBe('unchanged');
	});

	it('brings back what came out of the bin, and drops what went into it', async () => {
		at.drive.addFile('A/B', 'a.txt', 'a');
		at.drive.addFile('', 'b.txt', 'b');
		await at.backUp();
		const folder = at.drive.item('A');
		at.drive.delete(folder);
		at.drive.delete('b.txt');
		expect(await at.backUp()).toMatchObject({ changes: { deleted: 2 } });
		expect(await at.files()).toEqual(new Map());
		at.drive.restore(folder);
		await at.backUp();
		expect(await at.files()).toEqual(at.living());
	});

	it('keeps ids apart and nests below a container in a composed source', async () => {
		at.drive.addFile('A', 'a.txt', 'a');
		at.drive.addFile('', 'b.txt', 'b');
		await at.backUp({ scope: 'library-1', title: 'Site/Documents', top: { id: 'library-1/root' }, topPath: ['Documents'] });
		const entries = await at.entries();
		const file = entries.get(`library-1/${at.drive.idOf(at.drive.item('b.txt'))}`)!;
		expect(file.parent).toBe('library-1/root');
		expect(file.content![0]!.entry).toMatch(/^Documents\/b \[/);
		expect(entries.get(`library-1/${at.drive.idOf(at.drive.item('A'))}`)!.parent).toBe('library-1/root');
		expect((await at.newest()).scopes).toMatchObject([{ id: 'library-1', name: 'Site/Documents' }]);
		at.drive.expireDelta();
		at.drive.delete('A');
		await at.backUp({ scope: 'library-1', top: { id: 'library-1/root' }, topPath: ['Documents'] });
		expect([...(await at.entries()).keys()]).toEqual([file.id]);
	});
});

describe('what delta leaves open', () => {
	const styles = ['documented', 'named', 'emptyFacet', 'nullParent', 'foreignDrive', 'bare'] as const;
	it.each(styles.flatMap((style) => (['reported', 'folderOnly'] as const).map((descendants) => ({ style, descendants }))))(
		'deletions told as $style, what was in folders $descendants',
		async ({ style, descendants }) => {
			Object.assign(at.sim.tenant.switches, { driveDeletedEntries: style, driveDeletedDescendants: descendants });
			at.drive.addFile('Gone/Deep', 'a.txt', 'a');
			at.drive.addFile('Gone', 'kept.txt', 'kept');
			at.drive.addFile('', 'b.txt', 'b');
			at.drive.addFile('', 'c.txt', 'c');
			await at.backUp();
			at.drive.move('Gone/kept.txt', at.drive.root);
			at.drive.delete('Gone');
			at.drive.delete('b.txt');
			expect(await at.backUp()).toMatchObject({ status: 'complete', changes: { deleted: 2 } });
			expect(await at.files()).toEqual(at.living());
			expect((await at.backUp()).status).toBe('unchanged');
		},
	);

	it.each([{ driveDeltaCTag: 'absent' as const }, { driveDeltaParentPath: 'absent' as const }, { driveDeltaDownloadUrl: 'absent' as const }, { driveDeltaRoot: 'changedOnly' as const }, { driveDeltaReportsParents: true }, { driveHashes: 'absent' as const }, { deltaReplays: true, deltaEmptyPages: 'always' as const, deltaLargestPage: 3 }])(
		'%j',
		async (switches) => {
			Object.assign(at.sim.tenant.switches, switches);
			fillDrive(at.drive, { files: 20, folders: 5, averageBytes: 100, seed: 9 });
			await at.backUp();
			expect(await at.files()).toEqual(at.living());
			const [first, second, third] = [...at.drive.files()];
			at.drive.edit(first!, 'edited');
			at.drive.rename(second!, 'renamed.txt');
			at.drive.delete(third!);
			expect(await at.backUp()).toMatchObject({ status: 'complete', changes: { added: 0, updated: 2, deleted: 1 } });
			expect(await at.files()).toEqual(at.living());
			expect((await at.backUp()).status).toBe('unchanged');
		},
	);

	it('finds what is in a folder that delta told of without its children', async () => {
		at.drive.addFile('Out/A', 'a.txt', 'a');
		await at.backUp({ excludePaths: ['Out'] });
		expect(await at.files()).toEqual(new Map());
		// Only the folder itself is told of.
		at.drive.move('Out/A', at.drive.root);
		await at.backUp({ excludePaths: ['Out'] });
		expect([...(await at.files()).keys()]).toEqual(['A/', 'A/a.txt']);
	});
});

describe('expired links', () => {
	it.each(['resyncRequired', 'resyncChangesApplyDifferences', 'resyncChangesUploadDifferences'])('%s: everything is compared, only what differs is fetched', async (code) => {
		fillDrive(at.drive, { files: 30, folders: 5, averageBytes: 100, seed: 5 });
		await at.backUp();
		const [edited, deleted, moved] = [...at.drive.files()];
		at.drive.edit(edited!, 'edited');
		at.drive.delete(deleted!);
		at.drive.move(moved!, at.drive.root, 'moved here.txt');
		at.drive.addFile('', 'new.txt', 'new');
		at.drive.expireDelta(code);
		at.sim.requestLog.reset();
		expect(await at.backUp()).toMatchObject({ status: 'complete', changes: { added: 1, updated: 2, deleted: 1 } });
		expect(downloads()).toBe(2);
		expect(await at.files()).toEqual(at.living());
		expect((await at.backUp()).status).toBe('unchanged');
	});

	it('in the middle of the first enumeration: what had come and is gone by then goes', async () => {
		at.sim.tenant.switches.deltaLargestPage = 4;
		fillDrive(at.drive, { files: 12, folders: 0, averageBytes: 100, seed: 5 });
		at.sim.tenant.faults.script({
			match: (_method, path) => {
				if (path.includes('delta?token') && at.drive.deltaEpoch === 0) {
					at.drive.delete([...at.drive.files()][0]!);
					at.drive.expireDelta();
				}
				return false;
			},
			do: { status: 500 },
		});
		expect((await at.backUp()).status).toBe('complete');
		expect(at.drive.deltaEpoch).toBe(1);
		expect(await at.files()).toEqual(at.living());
	});

	it('again and again: says so and keeps what it has', async () => {
		at.sim.tenant.switches.deltaLargestPage = 4;
		fillDrive(at.drive, { files: 12, folders: 0, averageBytes: 100, seed: 5 });
		at.sim.tenant.faults.script({ match: 'GET *delta?token*', times: Number.POSITIVE_INFINITY, do: { status: 410 } });
		await expect(at.backUp()).rejects.toMatchObject({ kind: 'expiredCursor', nextStep: expect.stringContaining('next run') as unknown });
		expect((await at.files()).size).toBeGreaterThan(2);
		at.sim.tenant.faults.clear();
		expect((await at.backUp()).status).toBe('complete');
		expect(await at.files()).toEqual(at.living());
	});

	it.each([404, 400])('a link that answers %d while the drive is well begins anew', async (status) => {
		at.drive.addFile('', 'a.txt', 'a');
		await at.backUp();
		at.sim.tenant.faults.script({ match: 'GET *delta?token*', do: { status } });
		at.drive.delete('a.txt');
		expect(await at.backUp()).toMatchObject({ status: 'complete', changes: { deleted: 1 } });
	});

	it('once a month everything is listed and compared', async () => {
		const file = at.drive.addFile('', 'a.txt', 'a');
		at.drive.addFile('', 'b.txt', 'b');
		await at.backUp();
		// Lost by delta, as seen.
		at.drive.log.append = () => undefined;
		at.drive.delete(file);
		expect((await at.backUp()).status).toBe('unchanged');
		expect(await at.backUp({ hoursLater: 31 * 24 })).toMatchObject({ changes: { deleted: 1 } });
		expect(await at.files()).toEqual(at.living());
	});
});

describe('a drive that cannot be read', () => {
	it('forbidden: names the permission', async () => {
		at.drive.isForbidden = true;
		await expect(at.backUp()).rejects.toMatchObject({ kind: 'denied', nextStep: expect.stringContaining('Files.Read.All') as unknown });
	});

	it('locked: says what to do', async () => {
		at.drive.isLocked = true;
		await expect(at.backUp()).rejects.toMatchObject({ kind: 'denied', title: expect.stringContaining('locked') as unknown });
	});

	it('gone: keeps the backup and says so', async () => {
		at.drive.addFile('', 'a.txt', 'a');
		await at.backUp();
		at.sim.tenant.drives.delete(at.drive.id);
		await expect(at.backUp()).rejects.toMatchObject({ kind: 'notFound', title: expect.stringContaining('does not exist') as unknown });
		expect([...(await at.files()).keys()]).toEqual(['a.txt']);
	});

	it('without a permission for drives', async () => {
		at.sim.tenant.roles.set('Mail.Read');
		await expect(at.backUp()).rejects.toMatchObject({ kind: 'denied', nextStep: expect.stringContaining('Files.Read.All') as unknown });
	});
});
