import { afterEach, describe, expect, it } from 'vitest';
import { GeneratedContent } from '../simulator/drive-content';
import { driveFixture, type DriveFixture } from '../support/drive-fixture';
import { contents, failures, lines, outcomes, portrait, restoreDrive } from './drive-restore-help';

let fixture: DriveFixture;
afterEach(async () => {
	expect(fixture.sim.misses).toEqual([]);
	expect(fixture.sim.tenant.leaks).toEqual([]);
	expect(fixture.sim.tenant.outbox).toEqual([]);
	await fixture.stop();
});

function fill({ drive }: DriveFixture): void {
	const dates = { created: '2025-03-01T08:00:00Z', modified: '2026-02-03T09:10:11Z' };
	drive.addFolder('Docs', undefined);
	drive.addFile('Docs', 'report.docx', 'the report', dates);
	drive.addFile('Docs/2026/Q1', 'figures.csv', 'a;b\n1;2', dates);
	drive.addFile('', 'empty.txt', '', dates);
	drive.addFile('', 'top.bin', Buffer.from([0, 255, 1, 254]), dates);
	drive.addFile('Odd', "50% #1 & more+'quoted'.txt", 'odd name', dates);
	drive.addFile('Odd', 'Ünïcode 文書.txt', 'unicode', dates);
	drive.addFile('Large', 'large.bin', new GeneratedContent(5, 25 * 1024 * 1024), dates);
	drive.addFolder('Empty/Inside');
}

describe('a drive that was lost', () => {
	it('comes back with every folder, byte and date, in one version; a second restore writes nothing', async () => {
		fixture = await driveFixture();
		fill(fixture);
		await fixture.backUp();
		const before = portrait(fixture.drive);
		for (const child of [...fixture.drive.root.sortedChildren()]) fixture.drive.purge(child);

		const preview = await restoreDrive(fixture, { mode: 'preview' });
		expect(portrait(fixture.drive).size).toBe(0);
		const results = await restoreDrive(fixture);
		expect(failures(results)).toEqual([]);
		expect(lines(preview)).toEqual(lines(results));
		expect(outcomes(results)).toEqual({ created: 7, folderCreated: 7 });

		const after = portrait(fixture.drive);
		expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
		for (const [path, { content, created, modified }] of before) {
			expect({ path, ...after.get(path), id: '', versions: 0 }).toEqual({ path, content, created, modified, id: '', versions: 0 });
			if (content !== null && content !== '') expect([path, after.get(path)!.versions]).toEqual([path, 0]);
		}

		const graph = fixture.client();
		fixture.sim.requestLog.reset();
		const again = await restoreDrive(fixture, { graph });
		expect(outcomes(again)).toEqual({ skipped: 7 });
		expect(Object.keys(fixture.sim.requestLog.byRoute).filter((route) => !route.startsWith('GET ') && !route.startsWith('POST /$batch'))).toEqual([]);
		expect(contents(fixture.drive)).toEqual(Object.fromEntries([...after].map(([path, { content }]) => [path, content] as const).sort(([a], [b]) => (a < b ? -1 : 1))));
	});
});
