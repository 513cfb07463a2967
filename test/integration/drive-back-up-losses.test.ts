import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GeneratedContent } from '../simulator/drive-content';
import { driveFixture, type DriveFixture } from '../support/drive-fixture';

let at: DriveFixture;

beforeEach(async () => {
	at = await driveFixture();
});
afterEach(async () => {
	expect(at.sim.misses).toEqual([]);
	await at.stop();
});

describe('a living file is never lost', () => {
	it('that could not be read while it moved to the top out of a folder that went', async () => {
		const file = at.drive.addFile('Docs', 'a.txt', 'one');
		at.drive.addFile('Docs', 'b.txt', 'b');
		await at.backUp();
		at.drive.edit(file, 'two');
		at.drive.move(file, '');
		at.drive.delete('Docs');
		file.contentStatus = 500;
		expect(await at.backUp()).toMatchObject({ changes: { deleted: 1, failed: 1 }, failures: [{ name: 'a.txt' }] });
		expect(await at.files()).toEqual(new Map([['a.txt', 'one']]));
		file.contentStatus = undefined;
		expect(await at.backUp()).toMatchObject({ status: 'complete', changes: { failed: 0 } });
		expect(await at.files()).toEqual(at.living());
	});

	it('whose download server does not find it for a while', async () => {
		const file = at.drive.addFile('', 'a.txt', 'one');
		at.drive.addFile('', 'b.txt', 'b');
		file.contentStatus = 404;
		expect(await at.backUp()).toMatchObject({ changes: { failed: 1 }, failures: [{ name: 'a.txt' }] });
		file.contentStatus = undefined;
		expect(await at.backUp()).toMatchObject({ status: 'complete', changes: { failed: 0 } });
		expect(await at.files()).toEqual(at.living());
	});

	it('of which an older version goes while it is read', async () => {
		const file = at.drive.addFile('', 'a.bin', new GeneratedContent(1, 2_000_000));
		at.drive.edit(file, 'two');
		at.drive.edit(file, 'three');
		at.sim.tenant.faults.script({ match: 'GET *download.aspx*', skip: 2, do: { truncateAtByte: 500_000 } });
		at.sim.tenant.faults.script({
			match: (_method, path) => {
				if (path.includes('versions/1.0/content') && at.sim.tenant.faults.struck > 0) file.versions?.splice(0);
				return false;
			},
			do: { status: 500 },
		});
		expect(await at.backUp({ versions: 5 })).toMatchObject({ status: 'complete', changes: { added: 1, failed: 0, skipped: 0 } });
		expect(await at.files()).toEqual(at.living());
	});

	it.each([1, 4])('of which %d older versions break off again and again', async (broken) => {
		const file = at.drive.addFile('', 'a.bin', new GeneratedContent(1, 2_000_000));
		for (let n = 1; n < broken; n++) at.drive.edit(file, new GeneratedContent(n, 2_000_000));
		at.drive.edit(file, 'now');
		let isVersion = false;
		at.sim.tenant.faults.script({
			match: (_method, path) => {
				const strikes = isVersion && path.includes('download.aspx');
				isVersion = /versions\/[\d.]+\/content/.test(path);
				return strikes;
			},
			times: Number.POSITIVE_INFINITY,
			do: { truncateAtByte: 0 },
		});
		const summary = await at.backUp({ versions: 5 });
		expect(await at.files()).toEqual(at.living());
		expect(summary).toMatchObject({ status: 'complete', changes: { added: 1, failed: 0 } });
		expect(summary.warnings.join()).toContain('Version 1.0 of "a.bin" was not backed up');
		at.sim.tenant.faults.clear();
		at.drive.edit(file, 'later');
		await at.backUp({ versions: 5 });
		expect((await at.entry('a.bin')).content).toHaveLength(broken + 2);
	});

	it('that is given up in the run in which it moves out of a folder that went', async () => {
		const section = at.drive.addFile('Notes', 'Huge.one', 'huge');
		await at.backUp();
		at.drive.edit(section, 'larger');
		section.contentStatus = 503;
		for (let n = 0; n < 9; n++) await at.backUp({ hoursLater: 24 });
		at.drive.move(section, '');
		at.drive.delete('Notes');
		expect((await at.backUp({ hoursLater: 24 })).warnings.join()).toContain('"Huge.one" is not tried any more');
		expect(await at.files()).toEqual(new Map([['Huge.one', 'huge']]));
	});

	it('that a listing did not show, while nobody can say what became of it', async () => {
		const file = at.drive.addFile('', 'a.txt', 'one');
		at.drive.addFile('', 'b.txt', 'b');
		await at.backUp();
		at.drive.delete(file);
		at.drive.expireDelta();
		at.sim.tenant.faults.script({ match: /^GET .*\/items\//, times: Number.POSITIVE_INFINITY, do: { status: 403 } });
		expect(await at.backUp()).toMatchObject({ changes: { deleted: 0, failed: 1 } });
		expect([...(await at.files()).keys()]).toEqual(['a.txt', 'b.txt']);
		at.sim.tenant.faults.clear();
		expect(await at.backUp()).toMatchObject({ status: 'complete', changes: { deleted: 1, failed: 0 } });
		expect(await at.files()).toEqual(at.living());
	});

	it('of which every download gives other bytes: the run ends', async () => {
		let serial = 0;
		at.drive.addFile('', 'protected.dat', 'as it was stored', { servedAs: { sizeBytes: 16, read: (offset, length) => Buffer.from(`served ${(serial += 1)}`.padEnd(16)).subarray(offset, offset + length) } });
		at.drive.addFile('', 'b.txt', 'b');
		at.sim.tenant.faults.script({ match: (_method, path) => path.includes('download.aspx') && serial > 40, times: Number.POSITIVE_INFINITY, do: { status: 403 } });
		const summary = await at.backUp();
		expect(serial).toBeLessThan(20);
		expect(summary).toMatchObject({ changes: { added: 2, failed: 1 }, failures: [{ name: 'protected.dat' }] });
	});
});

describe('failures end', () => {
	it('of a file in which malware is found afterwards', async () => {
		const file = at.drive.addFile('', 'a.txt', 'one');
		at.drive.addFile('', 'b.txt', 'b');
		file.contentStatus = 500;
		expect(await at.backUp()).toMatchObject({ changes: { failed: 1 }, failures: [{ name: 'a.txt' }] });
		file.malware = 'Virus';
		expect(await at.backUp()).toMatchObject({ status: 'complete', changes: { failed: 0, skipped: 1 }, failures: [] });
		expect(await at.backUp()).toMatchObject({ status: 'unchanged', failures: [] });
	});

	it('of a folder that could not be asked for once', async () => {
		at.drive.addFile('Docs', 'a.txt', 'one');
		await at.backUp();
		at.sim.tenant.switches.driveDeletedEntries = 'nullParent';
		at.sim.tenant.faults.script({ match: /^GET .*\/items\//, times: Number.POSITIVE_INFINITY, do: { status: 400 } });
		const docs = at.drive.item('Docs');
		at.drive.delete(docs);
		expect((await at.backUp()).failures).not.toEqual([]);
		at.sim.tenant.faults.clear();
		at.drive.restore(docs);
		expect(await at.backUp()).toMatchObject({ status: 'complete', failures: [] });
		expect(await at.backUp()).toMatchObject({ status: 'unchanged', failures: [] });
		expect(await at.files()).toEqual(at.living());
	});
});
