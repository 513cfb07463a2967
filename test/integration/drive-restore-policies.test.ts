import { afterEach, describe, expect, it } from 'vitest';
import type { DriveNode } from '../simulator/drive-node';
import { driveFixture, type DriveFixture } from '../support/drive-fixture';
import { contents, failures, lines, outcomes, portrait, restoreDrive, type DriveRestoreCall } from './drive-restore-help';

let fixture: DriveFixture;
afterEach(async () => {
	expect(fixture.sim.misses).toEqual([]);
	expect(fixture.sim.tenant.leaks).toEqual([]);
	expect(fixture.sim.tenant.outbox).toEqual([]);
	await fixture.stop();
});

const MARCH = { created: '2025-03-01T08:00:00Z', modified: '2026-02-03T09:10:11Z' };

/** What a preview says, then what the restore does: they must be the same; then a second restore, which must do nothing. */
async function previewedRestore(options: DriveRestoreCall): Promise<string[]> {
	const before = [...portrait(fixture.drive)];
	const preview = await restoreDrive(fixture, { ...options, mode: 'preview' });
	expect([...portrait(fixture.drive)]).toEqual(before);
	const results = await restoreDrive(fixture, options);
	expect(failures(results)).toEqual([]);
	expect(lines(preview)).toEqual(lines(results));
	const after = [...portrait(options.into ?? fixture.drive)];
	fixture.sim.tenant.clock.advance(3 * 86_400_000);
	const again = await restoreDrive(fixture, options);
	expect(Object.keys(outcomes(again))).toEqual(['skipped']);
	expect([...portrait(options.into ?? fixture.drive)]).toEqual(after);
	return lines(results);
}

function edited(path: string): DriveNode {
	return fixture.drive.edit(path, 'changed by its owner');
}

describe('the living original', () => {
	it('stays as it is under skip, and says so where it was changed or renamed', async () => {
		fixture = await driveFixture();
		const { drive } = fixture;
		for (const name of ['same.txt', 'changed.txt', 'renamed.txt']) drive.addFile('Docs', name, `content of ${name}`, MARCH);
		await fixture.backUp();
		edited('Docs/changed.txt');
		drive.rename('Docs/renamed.txt', 'new name.txt');
		const results = await restoreDrive(fixture);
		expect(lines(results)).toEqual(['skipped Docs/changed.txt', 'skipped Docs/new name.txt', 'skipped Docs/same.txt']);
		expect(results.find(({ name }) => name === 'changed.txt')!.reason).toContain('changed since');
		expect(results.find(({ name }) => name === 'renamed.txt')!.reason).toContain('another name');
		expect(contents(drive)).toMatchObject({ 'Docs/changed.txt': 'changed by its owner', 'Docs/new name.txt': 'content of renamed.txt' });
	});

	it('is moved back from elsewhere with id, versions and sharing, and without a download', async () => {
		fixture = await driveFixture();
		const { drive } = fixture;
		const file = drive.addFile('Docs', 'report.docx', 'one', MARCH);
		drive.edit(file, 'two', MARCH);
		drive.share(file, { link: 'view' });
		await fixture.backUp();
		drive.move(file, drive.addFolder('Elsewhere'), 'other.docx');
		const id = drive.idOf(file);
		expect(await previewedRestore({})).toEqual(['movedBack Docs/report.docx']);
		expect(drive.idOf(drive.byPath('Docs/report.docx')!)).toBe(id);
		expect(file.versions).toHaveLength(1);
		expect(file.permissions).toHaveLength(1);
	});

	it('beside what has taken its name under skip; what is in its way is moved aside under replace', async () => {
		for (const conflictPolicy of ['skip', 'replace'] as const) {
			fixture = await driveFixture();
			const { drive } = fixture;
			const file = drive.addFile('Docs', 'report.txt', 'mine', MARCH);
			await fixture.backUp();
			drive.move(file, drive.addFolder('Elsewhere'));
			drive.addFile('Docs', 'Report.TXT', 'somebody else\'s');
			const day = fixture.ambient.now().toISOString().slice(0, 10);
			const results = await previewedRestore({ conflictPolicy });
			expect(results).toEqual([conflictPolicy === 'skip' ? `movedBack Docs/report (restored ${day}).txt` : 'movedBack Docs/report.txt']);
			expect(contents(drive)).toMatchObject(
				conflictPolicy === 'skip' ? { [`Docs/report (restored ${day}).txt`]: 'mine', 'Docs/Report.TXT': 'somebody else\'s' } : { 'Docs/report.txt': 'mine', [`Docs/Report (moved aside ${day}).TXT`]: 'somebody else\'s' },
			);
			if (conflictPolicy === 'skip') await fixture.stop();
		}
	});

	it('gets its content back as a new version under replace: same id, sharing and history', async () => {
		fixture = await driveFixture();
		const { drive } = fixture;
		const file = drive.addFile('Docs', 'report.txt', 'as it was', MARCH);
		drive.share(file, { user: fixture.user.id, role: 'read' });
		await fixture.backUp();
		edited('Docs/report.txt');
		const id = drive.idOf(file);
		expect(await previewedRestore({ conflictPolicy: 'replace' })).toEqual(['replaced Docs/report.txt']);
		expect(drive.idOf(drive.byPath('Docs/report.txt')!)).toBe(id);
		expect(portrait(drive).get('Docs/report.txt')).toMatchObject({ content: 'as it was', modified: '2026-02-03T09:10:11.000Z', created: '2025-03-01T08:00:00.000Z', versions: 2 });
		expect(file.permissions).toHaveLength(1);
	});

	it('files that have changed names with one another go back to their own', async () => {
		fixture = await driveFixture();
		const { drive } = fixture;
		const names = ['a.txt', 'b.txt', 'c.txt', 'd.txt'];
		for (const name of names) drive.addFile('Docs', name, `content of ${name}`, MARCH);
		await fixture.backUp();
		const before = [...portrait(drive)].sort();
		const nodes = names.map((name) => drive.item(`Docs/${name}`));
		nodes.forEach((node, n) => drive.rename(node, `t${n}`));
		nodes.forEach((node, n) => drive.rename(node, names[(n + 1) % names.length]!));
		await previewedRestore({ conflictPolicy: 'replace' });
		expect([...portrait(drive)].sort()).toEqual(before);
	});

	it('a renamed one has taken the name of one that is gone: both are there again', async () => {
		fixture = await driveFixture();
		const { drive } = fixture;
		drive.addFile('Docs', 'a.txt', 'content of a', MARCH);
		drive.addFile('Docs', 'b.txt', 'content of b', MARCH);
		await fixture.backUp();
		drive.purge('Docs/a.txt');
		drive.rename('Docs/b.txt', 'a.txt');
		await previewedRestore({ conflictPolicy: 'replace' });
		expect(contents(drive)).toEqual({ Docs: null, 'Docs/a.txt': 'content of a', 'Docs/b.txt': 'content of b' });
	});

	it('a row of moved ones, the last of which has the name of one that is gone: skip gives each its own place back', async () => {
		fixture = await driveFixture();
		const { drive } = fixture;
		const folders = ['One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven', 'Eight'];
		for (const folder of folders) drive.addFile(folder, 'x.txt', `content of ${folder}`, MARCH);
		await fixture.backUp();
		const before = contents(drive);
		drive.purge('One/x.txt');
		for (const [n, folder] of folders.slice(1).entries()) drive.move(`${folder}/x.txt`, folders[n]!);
		await previewedRestore({});
		expect(contents(drive)).toEqual(before);
	});

	it('a copy that was put beside what had its name is known when the name has become free', async () => {
		for (const conflictPolicy of ['skip', 'keepBoth'] as const) {
			fixture = await driveFixture();
			const { drive } = fixture;
			drive.addFile('Docs', 'a.txt', 'content of a', MARCH);
			drive.addFile('Docs', 'b.txt', 'content of b', MARCH);
			await fixture.backUp();
			const onlyA = { conflictPolicy, selection: { kind: 'ids' as const, ids: [(await fixture.entry('Docs/a.txt')).id] } };
			drive.purge('Docs/a.txt');
			drive.rename('Docs/b.txt', 'a.txt');
			const day = fixture.ambient.now().toISOString().slice(0, 10);
			expect(lines(await restoreDrive(fixture, onlyA))).toEqual([`created Docs/a (restored ${day}).txt`]);
			drive.rename('Docs/a.txt', 'b.txt');
			expect(lines(await restoreDrive(fixture, onlyA))).toEqual([`skipped Docs/a (restored ${day}).txt`]);
			expect(contents(drive)).toEqual({ Docs: null, [`Docs/a (restored ${day}).txt`]: 'content of a', 'Docs/b.txt': 'content of b' });
			if (conflictPolicy !== 'keepBoth') await fixture.stop();
		}
	});
});

describe('what only has the name', () => {
	it('the original is gone: skip leaves another file alone, replace makes a new version of it', async () => {
		fixture = await driveFixture();
		const { drive } = fixture;
		drive.addFile('Docs', 'report.txt', 'as it was', MARCH);
		await fixture.backUp();
		drive.purge('Docs/report.txt');
		drive.addFile('Docs', 'report.txt', 'another');
		expect(await previewedRestore({})).toEqual(['skipped Docs/report.txt']);
		expect(await previewedRestore({ conflictPolicy: 'replace' })).toEqual(['replaced Docs/report.txt']);
		expect(portrait(drive).get('Docs/report.txt')).toMatchObject({ content: 'as it was', versions: 1 });
	});

	it('a folder stands where a file was, and a file where a folder was', async () => {
		for (const conflictPolicy of ['skip', 'replace', 'keepBoth'] as const) {
			fixture = await driveFixture();
			const { drive } = fixture;
			drive.addFile('', 'thing', 'a file', MARCH);
			drive.addFile('Docs/Inner', 'x.txt', 'x', MARCH);
			await fixture.backUp();
			drive.purge('thing');
			drive.purge('Docs');
			drive.addFile('thing', 'inside.txt', 'inside');
			drive.addFile('', 'Docs', 'a file now');
			const day = fixture.ambient.now().toISOString().slice(0, 10);
			await previewedRestore({ conflictPolicy });
			expect(contents(drive)).toEqual(
				conflictPolicy === 'replace'
					? { Docs: null, 'Docs/Inner': null, 'Docs/Inner/x.txt': 'x', [`Docs (moved aside ${day})`]: 'a file now', thing: 'a file', [`thing (moved aside ${day})`]: null, [`thing (moved aside ${day})/inside.txt`]: 'inside' }
					: { Docs: 'a file now', [`Docs (restored ${day})`]: null, [`Docs (restored ${day})/Inner`]: null, [`Docs (restored ${day})/Inner/x.txt`]: 'x', thing: null, 'thing/inside.txt': 'inside', [`thing (restored ${day})`]: 'a file' },
			);
			if (conflictPolicy !== 'keepBoth') await fixture.stop();
		}
	});
});

describe('keep both', () => {
	it('puts a copy beside what is there, once however often it is repeated', async () => {
		fixture = await driveFixture();
		const { drive } = fixture;
		drive.addFile('Docs', 'report.docx', 'as it was', MARCH);
		drive.addFile('Docs', 'gone.txt', 'gone', MARCH);
		await fixture.backUp();
		edited('Docs/report.docx');
		drive.purge('Docs/gone.txt');
		const day = fixture.ambient.now().toISOString().slice(0, 10);
		expect(await previewedRestore({ conflictPolicy: 'keepBoth' })).toEqual([`created Docs/gone.txt`, `created Docs/report (restored ${day}).docx`]);
		expect(contents(drive)).toMatchObject({ 'Docs/report.docx': 'changed by its owner', [`Docs/report (restored ${day}).docx`]: 'as it was' });
		// Another state of it makes another copy.
		await fixture.backUp();
		const next = fixture.ambient.now().toISOString().slice(0, 10);
		const results = lines(await restoreDrive(fixture, { conflictPolicy: 'keepBoth', selection: { kind: 'ids', ids: [(await fixture.entry('Docs/report.docx')).id] } }));
		expect(results).toEqual([`created Docs/report (restored ${next}).docx`]);
	});
});

describe('a ransomware morning', () => {
	it('every file is rewritten and renamed under its id: replace gives every byte and every name back, in place', async () => {
		fixture = await driveFixture();
		const { drive } = fixture;
		for (let n = 0; n < 120; n++) drive.addFile(['', 'Docs', 'Docs/Deep', 'Other'][n % 4]!, `file ${n}.${['docx', 'txt', 'pdf'][n % 3]!}`, n === 7 ? '' : `content ${n}`, MARCH);
		drive.addFolder('Empty');
		await fixture.backUp();
		const before = portrait(drive);
		for (const node of [...drive.files()]) {
			drive.edit(node, `encrypted ${node.sizeBytes} ${node.name}`);
			drive.rename(node, `${node.name}.locked`);
		}
		drive.rename('Docs', 'Docs.locked');
		drive.addFile('', 'READ ME.txt', 'pay');
		// The backup that ran after it does no harm.
		const snapshot = await fixture.newest();
		await fixture.backUp();
		const graph = fixture.client();
		const preview = await restoreDrive(fixture, { snapshot, conflictPolicy: 'replace', mode: 'preview' });
		const results = await restoreDrive(fixture, { snapshot, conflictPolicy: 'replace', graph });
		expect(failures(results)).toEqual([]);
		expect(lines(preview)).toEqual(lines(results));
		expect(outcomes(results)).toEqual({ replaced: 120, movedBack: 1 });
		const after = portrait(drive);
		expect(after.get('READ ME.txt')!.content).toBe('pay');
		after.delete('READ ME.txt');
		expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
		for (const [path, was] of before) {
			const { id, content, created, modified } = after.get(path)!;
			expect({ path, id, content, ...(content === null ? {} : { created, modified }) }).toEqual({ path, id: was.id, content: was.content, ...(content === null ? {} : { created: was.created, modified: was.modified }) });
		}
		expect(Object.keys(outcomes(await restoreDrive(fixture, { snapshot, conflictPolicy: 'replace' })))).toEqual(['skipped']);
	});
});
