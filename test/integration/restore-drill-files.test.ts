import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { confirmCopied, filesToCopy } from '../../nodes/M365Backup/engine/copy';
import { evict } from '../../nodes/M365Backup/engine/evict';
import { filesToEvict } from '../../nodes/M365Backup/engine/files-to-evict';
import { EVERY_COLUMN, fillEveryColumn } from '../simulator/site-generate';
import type { Drive } from '../simulator/drive-store';
import type { RunningSimulator } from '../simulator/start';
import type { Switches } from '../simulator/switches';
import { readAll } from '../support/read-all';
import { driveFixture, type DriveFixture } from '../support/drive-fixture';
import { siteFixture, type SiteFixture } from '../support/site-fixture';
import { portrait } from './drive-restore-help';
import { drillDrive, drillSite } from './restore-drill-help';
import { listPortrait, pagePortraits } from './site-restore-help';

let sim: RunningSimulator;

afterEach(async () => {
	expect(sim.tenant.outbox).toEqual([]);
	expect(sim.misses).toEqual([]);
	await sim.stop();
});

/** Everything in a drive by id, its bin included. */
function stateOf(drive: Drive): unknown {
	return { files: portrait(drive), bin: [...drive.bin].map(({ name }) => name) };
}

describe('a restore drill of a drive', () => {
	async function filled(options: Parameters<typeof driveFixture>[0] = {}): Promise<DriveFixture> {
		const fixture = await driveFixture(options);
		({ sim } = fixture);
		const { drive } = fixture;
		drive.addFolder('', 'Docs');
		drive.addFolder('Docs', '2026');
		for (let n = 0; n < 30; n += 1) drive.addFile(['', 'Docs', 'Docs/2026'][n % 3]!, `file ${n}.txt`, `content ${n}`.repeat(n + 1), { created: '2025-03-01T08:00:00Z', modified: '2026-02-03T09:10:11Z' });
		drive.addFile('Docs', 'Plan.docx', 'PK\u0003\u0004 office');
		drive.addFile('Docs', 'Empty.txt', '');
		drive.addFile('Docs', 'Large.bin', Buffer.alloc(3_000_000, 7));
		expect(await fixture.backUp()).toMatchObject({ status: 'complete' });
		return fixture;
	}

	it.each([[{}], [{ driveRewrites: 'always' as const }]])('passes, and leaves nothing behind, the bin included (%j)', async (switches) => {
		const fixture = await filled({ switches });
		const before = stateOf(fixture.drive);
		const proof = await drillDrive(fixture, { items: 100 });
		expect(proof).toMatchObject({ status: 'passed', sampled: 33, identical: 33, different: [], failed: [], leftBehind: [], removedToBin: 0 });
		// Files and their folders, and the scratch folder.
		expect(proof.removed).toBe(33 + 3);
		expect(stateOf(fixture.drive)).toEqual(before);
	});

	it('does not draw what only a copy holds any more, and says so', async () => {
		const fixture = await filled();
		const { repository, drive } = fixture;
		const target = 'nas';
		const copy = new Map<string, Buffer>();
		for await (const { fileName, open } of filesToCopy(repository, { target })) {
			copy.set(fileName, await readAll(await open()));
			await confirmCopied(repository, { target, confirmations: [{ fileName, fields: {} }] });
		}
		sim.tenant.clock.advance(31 * 86_400_000);
		const files: { fileName: string; open: () => AsyncIterable<Uint8Array> }[] = [];
		for await (const { fileName } of filesToEvict(repository, { target, keepDays: 30 })) files.push({ fileName, open: () => Readable.from([copy.get(fileName)!]) });
		expect(await evict(repository, { target, files })).toMatchObject([{ outcome: 'removedHere' }]);
		drive.addFile('', 'new.txt', 'new');
		expect(await fixture.backUp()).toMatchObject({ status: 'complete' });
		const proof = await drillDrive(fixture, { items: 100 });
		expect(proof).toMatchObject({ status: 'passed', sampled: 1, identical: 1, failed: [], notDrilled: [{ kind: 'file', items: 33, reason: expect.stringContaining('held by a copy alone') as unknown }] });
	});

	it('into another drive touches that one alone', async () => {
		const fixture = await filled();
		const { drive } = sim.tenant.addUser({ displayName: 'Scratch' });
		const [before, otherBefore] = [stateOf(fixture.drive), stateOf(drive!)];
		const written = (): number => sim.requestLog.count(new RegExp(`^(POST|PATCH|DELETE|PUT) /drives/${fixture.drive.id}`));
		const wasWritten = written();
		expect(await drillDrive(fixture, { into: drive!.id })).toMatchObject({ status: 'passed', identical: 20 });
		expect(written()).toBe(wasWritten);
		expect(stateOf(fixture.drive)).toEqual(before);
		expect(stateOf(drive!)).toEqual(otherBefore);
	});

	it('fails where a file has other bytes or another date, each named', async () => {
		const fixture = await filled();
		const { drive } = fixture;
		const before = stateOf(drive);
		const proof = await drillDrive(fixture, {
			items: 100,
			afterRestore: ({ name, newId }) => {
				const node = newId === undefined ? undefined : drive.find(newId);
				if (name === 'file 4.txt') drive.edit(node!, 'CONTENT 4'.repeat(5), { modified: '2026-02-03T09:10:11Z' });
				if (name === 'file 5.txt') drive.edit(node!, 'x', { modified: '2026-02-03T09:10:11Z' });
				if (name === 'Plan.docx') drive.edit(node!, 'no office file any more');
			},
		});
		expect(proof).toMatchObject({ status: 'failed', sampled: 33, compared: 33, identical: 30, leftBehind: [] });
		expect(Object.fromEntries(proof.different.map(({ name, differences }) => [name, differences.at(-1)]))).toEqual({
			'file 4.txt': 'the bytes are not as they were',
			'file 5.txt': 'it has 1 bytes instead of 54',
			'Plan.docx': 'it does not begin like the stored file',
		});
		expect(stateOf(drive)).toEqual(before);
	});

	it('cleans up where the user stops it, and where a delete is denied says what is left', async () => {
		const fixture = await filled();
		const before = stateOf(fixture.drive);
		const stop = new AbortController();
		await expect(drillDrive(fixture, { signal: stop.signal, afterRestore: () => stop.abort() })).rejects.toMatchObject({ kind: 'cancelled' });
		expect(stateOf(fixture.drive)).toEqual(before);
		sim.tenant.faults.script({ match: /permanentDelete$|^DELETE /, times: Infinity, do: { status: 403 } });
		const proof = await drillDrive(fixture, { items: 2 });
		expect(proof).toMatchObject({ status: 'failed', identical: 2, removed: 0 });
		expect(proof.leftBehind.map(({ path }) => path)).toContain(proof.scratchFolder);
	});

	it('says that the drive is gone, and tries its backup out in another one', async () => {
		const fixture = await filled();
		sim.tenant.drives.delete(fixture.drive.id);
		expect(await drillDrive(fixture)).toMatchObject({ status: 'gone', sampled: 0, leftBehind: [], message: expect.stringContaining('The drive is not in Microsoft 365 any more: set Restore Into to another') });
		const { drive } = sim.tenant.addUser({ displayName: 'Scratch' });
		expect(await drillDrive(fixture, { into: drive!.id })).toMatchObject({ status: 'passed', identical: 20 });
	});

	it('refuses without the permission to write, before anything is made', async () => {
		const fixture = await filled();
		const before = stateOf(fixture.drive);
		await expect(drillDrive(fixture, { roles: ['Files.Read.All', 'Sites.Read.All'] })).rejects.toMatchObject({ kind: 'denied', message: expect.stringContaining('it lacks Files.ReadWrite.All') });
		expect(stateOf(fixture.drive)).toEqual(before);
	});
});

describe('a restore drill of a site', () => {
	async function filled(switches: Partial<Switches> = {}): Promise<SiteFixture> {
		const fixture = await siteFixture({ switches: { listLinkWrites: 'accepted', listPlaceWrites: 'accepted', ...switches } });
		({ sim } = fixture);
		const { site, owner } = fixture;
		const list = site.addList({ displayName: 'Projects', columns: EVERY_COLUMN });
		fillEveryColumn(list, { person: site.ensureUser(owner) });
		for (let n = 0; n < 8; n += 1) list.addItem({ Title: `Item ${n}`, Amount: n });
		site.addList({ displayName: 'Second' }).addItem({ Title: 'Alone' });
		const { drive } = site.library('Documents');
		drive.addFolder('', 'Docs');
		for (let n = 0; n < 6; n += 1) drive.addFile(n % 2 ? 'Docs' : '', `file ${n}.txt`, `content ${n}`);
		site.addPage({ name: 'news.aspx', title: 'News' });
		expect(await fixture.backUp()).toMatchObject({ status: 'complete' });
		return fixture;
	}

	const siteState = ({ site }: SiteFixture): unknown => ({
		lists: site.lists.map((one) => [one.displayName, one.itemCount, listPortrait(one)]),
		pages: pagePortraits(site),
		documents: stateOf(site.library('Documents').drive),
	});

	it('passes for files and list items, leaves nothing behind, and names what it does not try out', async () => {
		const fixture = await filled();
		const before = siteState(fixture);
		const proof = await drillSite(fixture, { items: 100 });
		expect(proof).toMatchObject({ different: [], failed: [], leftBehind: [] });
		expect(proof).toMatchObject({ status: 'passed', sampled: 16, identical: 16, kinds: { file: 6, listItem: 10 } });
		expect(proof.notDrilled.map(({ kind, items }) => `${items} ${kind}`).sort()).toEqual(['1 site', '1 page'].sort());
		expect(siteState(fixture)).toEqual(before);
		// Lists and their items are in the site's bin: Graph cannot delete them for good.
		expect(proof.removedToBin).toBe(12);
	});

	it('fails where a column is garbled', async () => {
		const fixture = await filled();
		const before = siteState(fixture);
		const proof = await drillSite(fixture, {
			kinds: ['listItem'],
			items: 100,
			afterRestore: ({ name, newId, type }) => {
				if (type !== 'listItem' || name !== 'Item 3') return;
				const scratch = fixture.site.lists.find(({ displayName }) => displayName.startsWith('M365 Backup drill') && displayName.endsWith('Projects'))!;
				scratch.edit(Number(newId), { Amount: 99 });
			},
		});
		expect(proof).toMatchObject({ status: 'failed', sampled: 10, identical: 9 });
		expect(proof.different).toMatchObject([{ name: 'Item 3', kind: 'listItem', folderPath: 'Lists/Projects', differences: ['the column Amount is not as it was'] }]);
		expect(siteState(fixture)).toEqual(before);
	});

	it('compares what files have in the columns of their library', async () => {
		const fixture = await siteFixture();
		({ sim } = fixture);
		const library = fixture.site.library('Documents');
		library.addColumn({ name: 'Status', text: {} });
		const node = library.drive.addFile('', 'a.txt', 'a');
		library.edit(library.itemOf(node), { Status: 'Final' });
		await fixture.backUp();
		const before = siteState(fixture);
		expect(await drillSite(fixture)).toMatchObject({ status: 'passed', identical: 1 });
		const proof = await drillSite(fixture, {
			afterRestore: ({ type, newId }) => {
				if (type === 'file') library.edit(library.itemOf(library.drive.find(newId!)!), { Status: 'Draft' });
			},
		});
		expect(proof.different).toMatchObject([{ name: 'a.txt', differences: ['the column Status is not as it was'] }]);
		expect(siteState(fixture)).toEqual(before);
	});

	it.each([{ listLinkWrites: 'refused' as const, listPlaceWrites: 'refused' as const }, { listUnderscoreWrites: 'refused' as const, listRichText: 'kept' as const }, { listItemGetBringsFields: false }])('passes, whatever Graph really does (%j)', async (switches) => {
		const fixture = await filled(switches);
		const before = siteState(fixture);
		expect(await drillSite(fixture, { items: 100 })).toMatchObject({ status: 'passed', different: [], failed: [], leftBehind: [], identical: 16 });
		expect(siteState(fixture)).toEqual(before);
	});

	it('refuses list items without Sites.Manage.All, and drills files without it', async () => {
		const fixture = await filled();
		const before = siteState(fixture);
		const roles = ['Sites.ReadWrite.All', 'Files.ReadWrite.All'];
		await expect(drillSite(fixture, { roles })).rejects.toMatchObject({ kind: 'denied', message: expect.stringContaining('it lacks Sites.Manage.All') });
		expect(await drillSite(fixture, { roles, kinds: ['file'] })).toMatchObject({ status: 'passed', identical: 6 });
		expect(siteState(fixture)).toEqual(before);
	});

	it('makes no library that is gone', async () => {
		const fixture = await filled();
		const library = fixture.site.addLibrary('Old');
		library.drive.addFile('', 'a.txt', 'a');
		await fixture.backUp();
		fixture.site.deleteList(library);
		const before = siteState(fixture);
		const proof = await drillSite(fixture, { kinds: ['file'], items: 100 });
		expect(proof).toMatchObject({ status: 'passed', sampled: 6, notDrilled: [{ kind: 'file', items: 1, reason: 'Its library is not in Microsoft 365 any more: a drill makes no libraries' }] });
		expect(siteState(fixture)).toEqual(before);
	});

	it('cleans up where the user stops it', async () => {
		const fixture = await filled();
		const before = siteState(fixture);
		for (const after of [0, 4, 9]) {
			const stop = new AbortController();
			let met = 0;
			const afterRestore = (): void => {
				if (met++ === after) stop.abort();
			};
			await expect(drillSite(fixture, { signal: stop.signal, afterRestore, items: 100 })).rejects.toMatchObject({ kind: 'cancelled', message: 'The restore drill was stopped' });
			expect(siteState(fixture)).toEqual(before);
		}
	});
});
