import { afterEach, describe, expect, it } from 'vitest';
import type { Drive } from '../simulator/drive-store';
import { driveFixture, type DriveFixture } from '../support/drive-fixture';
import { contents, failures, MARCH, outcomes, portrait, restoreDrive, type DriveRestoreCall } from './drive-restore-help';

let fixture: DriveFixture;
afterEach(async () => {
	await fixture.stop();
});

const FILES = 1_000;
const FOLDERS = 100;

function fill(drive: Drive): void {
	for (let n = 0; n < FOLDERS; n++) drive.addFolder(`Group ${n % 10}/Folder ${n}`);
	for (let n = 0; n < FILES; n++) drive.addFile(`Group ${n % 10}/Folder ${n % FOLDERS}`, `file ${n}.bin`, `content of ${n}`, MARCH);
}

/** What a restore costs: requests, resource units, HTTP calls. */
async function costOf(options: DriveRestoreCall): Promise<{ requests: number; units: number; calls: number; results: Record<string, number> }> {
	const { sim } = fixture;
	sim.tenant.clock.advance(600_000);
	sim.requestLog.reset();
	sim.tenant.sharePoint.reset();
	const results = await restoreDrive(fixture, options);
	expect(failures(results)).toEqual([]);
	return { requests: sim.requestLog.requests, units: sim.tenant.sharePoint.units, calls: sim.requestLog.calls, results: outcomes(results) };
}

describe('what a restore of 1,000 files in 110 folders costs', () => {
	it('from nothing two requests a file and one a folder; of what is there a page or two; a rename and a new content three', async () => {
		fixture = await driveFixture();
		const { drive } = fixture;
		fill(drive);
		await fixture.backUp();
		const shown: Record<string, unknown> = {};

		const unchanged = (shown['unchanged'] = await costOf({}));
		expect(unchanged.results).toEqual({ skipped: FILES });
		expect(unchanged.requests).toBeLessThanOrEqual(12);

		for (const node of [...drive.files()]) {
			drive.edit(node, `encrypted ${node.name}`);
			drive.rename(node, `${node.name}.locked`);
		}
		const ransomware = (shown['ransomware'] = await costOf({ conflictPolicy: 'replace' }));
		expect(ransomware.results).toEqual({ replaced: FILES });
		expect(ransomware.requests).toBeLessThanOrEqual(3 * FILES + 12);

		for (const child of [...drive.root.sortedChildren()]) drive.purge(child);
		const lost = (shown['lost'] = await costOf({}));
		expect(lost.results).toEqual({ created: FILES, folderCreated: FOLDERS + 10 });
		expect(lost.requests).toBeLessThanOrEqual(2 * FILES + FOLDERS + 10 + 12);

		const into = fixture.sim.tenant.addUser({ displayName: 'Bruno' }).drive!;
		const elsewhere = (shown['elsewhere'] = await costOf({ into }));
		expect(elsewhere.requests).toBeLessThanOrEqual(2 * FILES + FOLDERS + 10 + 12);
		const again = (shown['elsewhere again'] = await costOf({ into }));
		expect(again.results).toEqual({ skipped: FILES });
		expect(again.requests).toBeLessThanOrEqual(FOLDERS + 10 + 12);

		const one = (shown['one file'] = await costOf({ selection: { kind: 'ids', ids: [(await fixture.entry('Group 1/Folder 1/file 1.bin')).id] } }));
		expect(one.requests).toBeLessThanOrEqual(8);
		console.log(JSON.stringify(shown, null, 1));
	});

	it('many files gone from one folder, some of them moved elsewhere: the drive is read once in the middle, and each file is where it was', async () => {
		fixture = await driveFixture();
		const { drive } = fixture;
		for (let n = 0; n < 700; n++) drive.addFile('One', `file ${n}.bin`, `content of ${n}`, MARCH);
		await fixture.backUp();
		const before = contents(drive);
		const ids = new Map([...portrait(drive)].map(([path, { id }]) => [path, id]));
		for (let n = 0; n < 700; n++) {
			if (n % 3 === 0) drive.move(`One/file ${n}.bin`, drive.addFolder(`Elsewhere/${n % 5}`), `moved ${n}`);
			else if (n % 3 === 1) drive.purge(`One/file ${n}.bin`);
		}
		const cost = await costOf({ selection: { kind: 'folder', folderId: (await fixture.entry('One')).id, includeSubfolders: true } });
		expect(cost.results).toEqual({ skipped: 233, movedBack: 234, created: 233 });
		expect(cost.requests).toBeLessThanOrEqual(233 * 2 + 234 + 300 + 12);
		const after = portrait(drive);
		for (const [path, content] of Object.entries(before)) {
			expect([path, after.get(path)?.content]).toEqual([path, content]);
			if (Number(/ (\d+)/.exec(path)?.[1]) % 3 !== 1) expect([path, after.get(path)?.id]).toEqual([path, ids.get(path)]);
		}
	});

	it('a file in a folder of 250,000 does not read the folder', async () => {
		fixture = await driveFixture();
		const { drive } = fixture;
		const file = drive.addFile('Huge', 'wanted.bin', 'wanted', MARCH);
		await fixture.backUp();
		const folder = drive.item('Huge');
		for (let n = 0; n < 250_000; n++) drive.addFile(folder, `file ${n}.bin`, '');
		drive.purge(file);
		const cost = await costOf({});
		expect(cost.results).toEqual({ created: 1 });
		expect(cost.requests).toBeLessThanOrEqual(12);
		expect(fixture.sim.requestLog.count(/children/)).toBe(0);
	});
});
