import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GeneratedContent } from '../simulator/drive-content';
import { exportItem } from '../../nodes/M365Backup/engine/export-items';
import { driveFixture, type DriveFixture } from '../support/drive-fixture';

let at: DriveFixture;

beforeEach(async () => {
	at = await driveFixture();
	at.sim.tenant.addUser({ displayName: 'Bruno Costa' });
	at.sim.tenant.addUser({ displayName: 'Carla Diaz' });
});
afterEach(async () => {
	expect(at.sim.misses).toEqual([]);
	expect(at.sim.tenant.leaks).toEqual([]);
	expect(at.sim.tenant.outbox).toEqual([]);
	await at.stop();
});

const downloads = (): number => at.sim.requestLog.count('GET download');
const asked = (): number => at.sim.requestLog.count('GET /drives/{id}/items/{id}/permissions');
const paths = async (): Promise<string[]> => [...(await at.files()).keys()];

describe('permissions', () => {
	const bruno = { kind: 'user', name: 'Bruno Costa', email: 'bruno.costa@contoso.example' };

	it('of what is shared are kept: grants and links of its own, not what it has from above', async () => {
		const shared = at.drive.addFile('', 'shared.txt', 's');
		const folder = at.drive.addFolder('Team');
		at.drive.addFile('Team', 'below.txt', 'b');
		for (let n = 0; n < 30; n++) at.drive.addFile('', `${n}.txt`, 'x');
		at.drive.share(shared, { user: 'bruno.costa@contoso.example', role: 'write' });
		at.drive.share(shared, { link: 'view', scope: 'users', people: ['carla.diaz@contoso.example'] });
		at.drive.share(folder, { link: 'edit', scope: 'organization' });
		const summary = await at.backUp({ permissions: true });
		// Only of what Graph calls shared: two items, and one that has it from its folder.
		expect(asked()).toBe(3);
		expect(summary.warnings).toEqual([]);
		const { permissions } = (await at.entry('shared.txt')).meta;
		expect(permissions).toEqual([
			expect.objectContaining({ roles: ['write'], grantedTo: [expect.objectContaining(bruno)] }),
			expect.objectContaining({ roles: ['read'], link: { type: 'view', scope: 'users' }, grantedTo: [expect.objectContaining({ name: 'Carla Diaz' })] }),
		]);
		expect((await at.entry('Team')).meta['permissions']).toEqual([expect.objectContaining({ roles: ['write'], link: { type: 'edit', scope: 'organization' } })]);
		expect((await at.entry('Team/below.txt')).meta).not.toHaveProperty('permissions');
		expect((await at.entry('Team/below.txt')).meta['shared']).toBe(true);
		expect((await at.entry('0.txt')).meta).not.toHaveProperty('permissions');
		at.sim.requestLog.reset();
		expect(await at.backUp({ permissions: true })).toMatchObject({ status: 'unchanged', graph: { requests: 1 } });
	});

	it('that change write a small line and fetch nothing', async () => {
		const file = at.drive.addFile('', 'a.txt', 'some bytes');
		await at.backUp({ permissions: true });
		const grant = at.drive.share(file, { user: 'bruno.costa@contoso.example' });
		at.sim.requestLog.reset();
		expect(await at.backUp({ permissions: true })).toMatchObject({ changes: { updated: 1 } });
		expect([downloads(), asked()]).toEqual([0, 1]);
		expect((await at.entry('a.txt')).meta['permissions']).toHaveLength(1);
		at.drive.unshare(file, grant);
		await at.backUp({ permissions: true });
		expect((await at.entry('a.txt')).meta).not.toHaveProperty('permissions');
		expect((await at.entry('a.txt')).meta).not.toHaveProperty('shared');
		expect(await at.files()).toEqual(at.living());
	});

	it('of links, of which delta does not tell, are found once a week', async () => {
		const file = at.drive.addFile('', 'a.txt', 'a');
		await at.backUp({ permissions: true });
		at.drive.share(file, { link: 'view', scope: 'anonymous' });
		expect((await at.backUp({ permissions: true })).status).toBe('unchanged');
		await at.backUp({ permissions: true, hoursLater: 7 * 24 });
		expect((await at.entry('a.txt')).meta['permissions']).toEqual([expect.objectContaining({ link: { type: 'view', scope: 'anonymous' } })]);
		expect(downloads()).toBe(1);
	});

	it('are asked for of everything when the option is new, and kept when something else changes', async () => {
		const file = at.drive.addFile('', 'a.txt', 'a');
		at.drive.share(file, { user: 'bruno.costa@contoso.example' });
		await at.backUp();
		expect(asked()).toBe(0);
		await at.backUp({ permissions: true });
		expect((await at.entry('a.txt')).meta['permissions']).toHaveLength(1);
		at.drive.addFolder('B');
		at.drive.move(file, 'B');
		at.drive.move(file, at.drive.root);
		at.drive.edit(file, 'edited');
		await at.backUp();
		expect((await at.entry('a.txt')).meta['permissions']).toHaveLength(1);
		expect(downloads()).toBe(2);
	});

	it('that are refused are a warning, those that fail now are asked for again', async () => {
		const file = at.drive.addFile('', 'a.txt', 'a');
		at.drive.share(file, { user: 'bruno.costa@contoso.example' });
		at.sim.tenant.faults.script({ match: 'GET *permissions*', times: 1, do: { status: 403 } });
		expect(await at.backUp({ permissions: true })).toMatchObject({ status: 'complete', warnings: [expect.stringContaining('Sites.FullControl.All') as unknown] });
		expect(await at.files()).toEqual(at.living());
		at.sim.tenant.faults.script({ match: 'GET *permissions*', times: Number.POSITIVE_INFINITY, do: { status: 500 } });
		at.drive.edit(file, 'b');
		await at.backUp({ permissions: true });
		at.drive.edit(file, 'c');
		expect(await at.backUp({ permissions: true, hoursLater: 7 * 24 })).toMatchObject({ status: 'complete', warnings: [expect.stringContaining('asks for them again') as unknown] });
		at.sim.tenant.faults.clear();
		expect(await at.backUp({ permissions: true })).toMatchObject({ warnings: [] });
		expect((await at.entry('a.txt')).meta['permissions']).toHaveLength(1);
	});
});

describe('older versions', () => {
	const versionFetches = (): number => at.sim.requestLog.count('GET /drives/{id}/items/{id}/versions/{id}/content');
	const parts = async (path: string): Promise<(string | undefined)[]> => (await at.entry(path)).content!.map(({ part }) => part);

	it('the last N are stored beside the file, each once', async () => {
		const file = at.drive.addFile('', 'a.txt', 'one');
		at.drive.addFile('', 'single.txt', 'only');
		for (const text of ['two', 'three', 'four']) at.drive.edit(file, text);
		expect(await at.backUp({ versions: 2 })).toMatchObject({ status: 'complete', warnings: [] });
		expect(await parts('a.txt')).toEqual([undefined, 'version-3.0', 'version-2.0']);
		const entry = await at.entry('a.txt');
		expect(entry.size).toBe(4);
		expect(entry.meta['versions']).toMatchObject([{ id: '3.0', size: 5, by: at.user.userPrincipalName }, { id: '2.0', size: 3 }]);
		expect((await at.content(entry, 'version-2.0')).toString()).toBe('two');
		const exported: Uint8Array[] = [];
		for await (const chunk of exportItem(at.repository, at.key, entry, { part: 'version-3.0' }).open()) exported.push(chunk);
		expect(Buffer.concat(exported).toString()).toBe('three');
		expect(await parts('single.txt')).toEqual([undefined]);
		expect(await at.files()).toEqual(at.living());
		expect(await at.backUp({ versions: 2 })).toMatchObject({ status: 'unchanged', graph: { requests: 1 } });
	});

	it('what is stored already is not fetched again: neither older ones nor what the file was before', async () => {
		const file = at.drive.addFile('', 'a.txt', 'one');
		at.drive.edit(file, 'two');
		await at.backUp({ versions: 3 });
		at.sim.requestLog.reset();
		at.drive.edit(file, 'three');
		await at.backUp({ versions: 3 });
		expect([downloads(), versionFetches()]).toEqual([1, 0]);
		expect(await parts('a.txt')).toEqual([undefined, 'version-2.0', 'version-1.0']);
		const entry = await at.entry('a.txt');
		expect((await at.content(entry, 'version-2.0')).toString()).toBe('two');
		expect((await at.content(entry, 'version-1.0')).toString()).toBe('one');
		expect((await at.content(entry)).toString()).toBe('three');
		at.sim.requestLog.reset();
		at.drive.edit(file, 'four');
		at.drive.edit(file, 'five');
		await at.backUp({ versions: 3 });
		// The file as it is, and the one version in between.
		expect([downloads(), versionFetches()]).toEqual([2, 1]);
		expect(await parts('a.txt')).toEqual([undefined, 'version-4.0', 'version-3.0', 'version-2.0']);
		expect((await at.content(await at.entry('a.txt'), 'version-3.0')).toString()).toBe('three');
	});

	it('are fetched of everything when the option is new or asks for more, the files themselves not again', async () => {
		const file = at.drive.addFile('', 'a.txt', 'one');
		at.drive.edit(file, 'two');
		at.drive.edit(file, 'three');
		await at.backUp();
		at.sim.requestLog.reset();
		await at.backUp({ versions: 1 });
		expect(await parts('a.txt')).toEqual([undefined, 'version-2.0']);
		expect([downloads(), versionFetches()]).toEqual([1, 1]);
		await at.backUp({ versions: 5 });
		expect(await parts('a.txt')).toEqual([undefined, 'version-2.0', 'version-1.0']);
		expect(await at.files()).toEqual(at.living());
		expect(await at.backUp({ versions: 5 })).toMatchObject({ status: 'unchanged', graph: { requests: 1 } });
	});

	it('whose downloads break go on where they broke', async () => {
		const file = at.drive.addFile('', 'large.bin', new GeneratedContent(1, 6_000_000));
		at.drive.edit(file, 'small now');
		at.sim.tenant.faults.script({ match: 'GET *download.aspx*', skip: 1, times: 2, do: { truncateAtByte: 2_500_000 } });
		expect(await at.backUp({ versions: 5 })).toMatchObject({ status: 'complete', changes: { failed: 0 }, warnings: [] });
		expect(at.sim.tenant.faults.struck).toBe(2);
		expect((await at.content(await at.entry('large.bin'), 'version-1.0')).equals(new GeneratedContent(1, 6_000_000).read(0, 6_000_000))).toBe(true);
	});

	it('switched off and on again: what changed meanwhile has them, too', async () => {
		const file = at.drive.addFile('', 'a.txt', 'one');
		await at.backUp({ versions: 2 });
		at.drive.edit(file, 'two');
		await at.backUp();
		expect(await parts('a.txt')).toEqual([undefined]);
		expect((await at.entry('a.txt')).meta).not.toHaveProperty('versions');
		await at.backUp({ versions: 2 });
		expect(await parts('a.txt')).toEqual([undefined, 'version-1.0']);
		expect((await at.content(await at.entry('a.txt'), 'version-1.0')).toString()).toBe('one');
	});

	it('of large files are streamed, and one that fails does not fail the file', async () => {
		const file = at.drive.addFile('', 'large.bin', new GeneratedContent(1, 5_000_000));
		at.drive.edit(file, new GeneratedContent(2, 6_000_000));
		at.drive.edit(file, 'small now');
		at.sim.tenant.faults.script({ match: 'GET *versions/2.0/content*', times: Number.POSITIVE_INFINITY, do: { status: 400 } });
		expect(await at.backUp({ versions: 5 })).toMatchObject({ status: 'complete', changes: { failed: 0 }, warnings: [expect.stringContaining('Version 2.0 of "large.bin"') as unknown] });
		expect(await parts('large.bin')).toEqual([undefined, 'version-1.0']);
		expect((await at.content(await at.entry('large.bin'), 'version-1.0')).equals(new GeneratedContent(1, 5_000_000).read(0, 5_000_000))).toBe(true);
	});
});

describe('left out', () => {
	beforeEach(() => {
		at.drive.addFile('Docs/tmp/deep', 'a.txt', 'a');
		at.drive.addFile('Docs', 'movie.mp4', 'movie');
		at.drive.addFile('Docs', 'b.txt', 'b');
		at.drive.addFile('Old', 'c.txt', 'c');
	});

	it('by path and pattern, in any case, with one warning', async () => {
		const { warnings } = await at.backUp({ excludePaths: ['/old/', '**/TMP', '**/*.mp4'] });
		expect(await paths()).toEqual(['Docs/', 'Docs/b.txt']);
		expect(warnings).toEqual(['Files: 3 files of together 7 bytes were left out by Exclude Paths']);
		expect(downloads()).toBe(1);
		expect(await at.backUp({ excludePaths: ['/old/', '**/TMP', '**/*.mp4'] })).toMatchObject({ status: 'unchanged', warnings: [] });
	});

	it('what is no longer left out is fetched; what is now goes, alive where it is', async () => {
		await at.backUp({ excludePaths: ['Old'] });
		at.sim.requestLog.reset();
		await at.backUp({ excludePaths: ['Docs'] });
		expect(await paths()).toEqual(['Old/', 'Old/c.txt']);
		expect(downloads()).toBe(1);
		at.sim.requestLog.reset();
		await at.backUp();
		expect(await at.files()).toEqual(at.living());
		expect(downloads()).toBe(3);
	});

	it('by a run that ended early, and wanted again: comes with the next run', async () => {
		await at.backUp();
		at.sim.tenant.switches.deltaLargestPage = 2;
		at.drive.addFile('', '1.txt', '1');
		at.drive.addFile('', '2.tmp', '2');
		expect(await at.backUp({ excludePaths: ['**/*.tmp'], stopAfter: { bytes: 1 } })).toMatchObject({ hasMore: true });
		expect(await paths()).not.toContain('2.tmp');
		await at.backUp();
		expect(await at.files()).toEqual(at.living());
	});

	it('by a run that ended early in the middle of a listing of everything, and wanted again', async () => {
		for (let n = 0; n < 12; n++) at.drive.addFile('Old', `${n}.${n % 2 ? 'bin' : 'tmp'}`, `${n}`);
		await at.backUp({ excludePaths: ['Old'] });
		at.sim.tenant.switches.deltaLargestPage = 2;
		// Begins to list everything, since Old is wanted now; the two after it go on with that listing.
		expect(await at.backUp({ stopAfter: { bytes: 1 } })).toMatchObject({ hasMore: true });
		expect(await at.backUp({ excludePaths: ['**/*.tmp'], stopAfter: { bytes: 1 } })).toMatchObject({ hasMore: true });
		await at.backUp();
		expect(await at.files()).toEqual(at.living());
	});

	it('follows folders that are renamed into a pattern and out of it', async () => {
		const options = { excludePaths: ['**/tmp'] };
		await at.backUp(options);
		at.drive.rename('Old', 'tmp');
		at.drive.rename('Docs/tmp', 'not any more');
		await at.backUp(options);
		expect(await paths()).toEqual(['Docs/', 'Docs/b.txt', 'Docs/movie.mp4', 'Docs/not any more/', 'Docs/not any more/deep/', 'Docs/not any more/deep/a.txt']);
	});

	it('edits below what is left out are not backed up, even where delta tells no paths', async () => {
		at.sim.tenant.switches.driveDeltaParentPath = 'absent';
		const options = { excludePaths: ['Docs/tmp'] };
		await at.backUp(options);
		at.drive.edit('Docs/tmp/deep/a.txt', 'edited');
		at.drive.addFile('Docs/tmp/deep', 'new.txt', 'new');
		at.sim.requestLog.reset();
		await at.backUp(options);
		expect(downloads()).toBe(0);
		expect(await paths()).toEqual(['Docs/', 'Docs/b.txt', 'Docs/movie.mp4', 'Old/', 'Old/c.txt']);
	});

	it('by size, and fetched once the limit is higher', async () => {
		at.drive.addFile('', 'large.bin', new GeneratedContent(1, 2000));
		const file = at.drive.item('Old/c.txt');
		const { warnings } = await at.backUp({ maxFileBytes: 1000 });
		expect(warnings).toEqual(['Files: 1 file of 2 KB was left out: larger than 1 KB']);
		expect(await paths()).not.toContain('large.bin');
		at.drive.edit(file, new GeneratedContent(2, 3000));
		await at.backUp({ maxFileBytes: 1000 });
		expect(await paths()).not.toContain('Old/c.txt');
		await at.backUp({ maxFileBytes: 10_000 });
		expect(await at.files()).toEqual(at.living());
	});
});
