import { afterEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../nodes/M365Backup/base/json';
import type { RestorableFolder, RestoreOutcome } from '../../nodes/M365Backup/workloads/restorer';
import { driveFixture, type DriveFixture } from '../support/drive-fixture';
import { contents, failures, fileItem, lines, MARCH, outcomes, portrait, restoreDrive, restoreMade, type DriveRestoreCall, type MadeFile } from './drive-restore-help';

let fixture: DriveFixture;
afterEach(async () => {
	expect(fixture.sim.misses).toEqual([]);
	expect(fixture.sim.tenant.leaks).toEqual([]);
	expect(fixture.sim.tenant.outbox).toEqual([]);
	await fixture.stop();
});

const shown = (found: readonly RestoreOutcome[]): string[] => found.map(({ outcome, targetPath }) => `${outcome} ${targetPath.join('/')}`).sort();

describe('another place', () => {
	it('another drive: everything to the same place there; twice is once', async () => {
		fixture = await driveFixture();
		const { drive } = fixture;
		drive.addFile('Docs/2026', 'a.txt', 'a', MARCH);
		drive.addFile('', 'top.txt', 'top', MARCH);
		drive.addFolder('Empty');
		await fixture.backUp();
		const into = fixture.sim.tenant.addUser({ displayName: 'Bruno' }).drive!;
		into.addFile('docs', 'own.txt', 'his own');
		const results = await restoreDrive(fixture, { into });
		expect(lines(results)).toEqual(['created docs/2026/a.txt', 'created top.txt', 'folderCreated Empty/', 'folderCreated docs/2026/']);
		expect(contents(into)).toEqual({ Empty: null, docs: null, 'docs/2026': null, 'docs/2026/a.txt': 'a', 'docs/own.txt': 'his own', 'top.txt': 'top' });
		expect(outcomes(await restoreDrive(fixture, { into }))).toEqual({ skipped: 2 });
		expect(contents(drive)).toMatchObject({ 'Docs/2026/a.txt': 'a' });
	});

	it.each([
		['another drive', (tenantId: string) => ({ source: { id: 'b!other', tenantId } })],
		['another tenant', (tenantId: string, id: string) => ({ source: { id, tenantId: 'another' }, tenantId })],
		['a scope of another drive', (tenantId: string, id: string) => ({ source: { id, tenantId }, originalDriveOf: () => 'b!other' })],
	])('what has the same id by chance is let be: it is from %s', async (_what, options) => {
		fixture = await driveFixture();
		const { drive } = fixture;
		const living = drive.addFile('Docs', 'theirs.txt', 'theirs', MARCH);
		const found = await restoreMade(fixture, [{ id: `drive/${drive.idOf(living)}`, name: 'ours.txt', text: 'ours' }], { request: { conflictPolicy: 'replace' }, restorer: options(fixture.sim.tenantId, drive.id) });
		expect(found).toMatchObject([{ outcome: 'created', targetPath: ['ours.txt'] }]);
		expect(contents(drive)).toEqual({ Docs: null, 'Docs/theirs.txt': 'theirs', 'ours.txt': 'ours' });
	});

	it('another folder, whose path is made; and one folder of the backup alone', async () => {
		fixture = await driveFixture();
		const { drive } = fixture;
		drive.addFile('Docs/2026', 'a.txt', 'a', MARCH);
		drive.addFile('Other', 'b.txt', 'b', MARCH);
		await fixture.backUp();
		const docs = await fixture.entry('Docs');
		const call: DriveRestoreCall = { selection: { kind: 'folder', folderId: docs.id, includeSubfolders: true }, destination: { kind: 'folder', path: ['Restored', '22: Nov'] } };
		const results = await restoreDrive(fixture, call);
		expect(lines(results)).toEqual(['created Restored/22_ Nov/Docs/2026/a.txt', 'folderCreated Restored/', 'folderCreated Restored/22_ Nov/', 'folderCreated Restored/22_ Nov/Docs/', 'folderCreated Restored/22_ Nov/Docs/2026/']);
		expect(results.find(({ name }) => name === '22: Nov')!.fidelity[0]).toContain('22_ Nov');
		expect(contents(drive)).toMatchObject({ 'Restored/22_ Nov/Docs/2026/a.txt': 'a', 'Docs/2026/a.txt': 'a' });
		expect(outcomes(await restoreDrive(fixture, call))).toEqual({ skipped: 1 });
	});

	it('one file, whose folder is gone: the folders above it are made, with their dates', async () => {
		fixture = await driveFixture();
		const { drive } = fixture;
		const folder = drive.addFolder(drive.addFolder('Docs'), '2026', MARCH);
		drive.addFile(folder, 'a.txt', 'a', MARCH);
		drive.addFile('Docs', 'b.txt', 'b', MARCH);
		await fixture.backUp();
		drive.purge('Docs');
		const results = await restoreDrive(fixture, { selection: { kind: 'ids', ids: [(await fixture.entry('Docs/2026/a.txt')).id] } });
		expect(lines(results)).toEqual(['created Docs/2026/a.txt', 'folderCreated Docs/', 'folderCreated Docs/2026/']);
		expect(portrait(drive).get('Docs/2026')).toMatchObject({ created: '2025-03-01T08:00:00.000Z', modified: '2026-02-03T09:10:11.000Z' });
	});

	it('a library that rewrites Office files: said so, and a second restore knows them', async () => {
		fixture = await driveFixture({ switches: { driveRewrites: 'libraries' } });
		const { drive } = fixture;
		for (const name of ['a.docx', 'b.pdf', 'c.txt', 'd.html', 'e.jpg']) drive.addFile('Docs', name, `content of ${name}`, MARCH);
		await fixture.backUp();
		const site = fixture.sim.tenant.addSite({ name: 'team', displayName: 'Team' });
		const into = site.addLibrary('Archive').drive;
		const preview = await restoreDrive(fixture, { into, mode: 'preview' });
		const results = await restoreDrive(fixture, { into });
		expect(lines(preview)).toEqual(lines(results));
		expect(preview.map(({ name, fidelity }) => [name, fidelity]).sort()).toEqual(results.map(({ name, fidelity }) => [name, fidelity]).sort());
		for (const { name, type, fidelity } of results) if (type === 'file') expect([name, fidelity.join()]).toEqual([name, name === 'c.txt' ? '' : expect.stringContaining('SharePoint writes its own properties')]);
		expect(portrait(into).get('Docs/a.docx')!.content).toMatch(/^content of a\.docx\n<!-- docId/);
		const after = [...portrait(into)];
		for (const conflictPolicy of ['skip', 'replace', 'keepBoth'] as const) expect([conflictPolicy, outcomes(await restoreDrive(fixture, { into, conflictPolicy }))]).toEqual([conflictPolicy, { skipped: 5 }]);
		expect([...portrait(into)]).toEqual(after);
		// What a person makes of one is another file.
		into.edit('Docs/a.docx', 'edited', { modified: fixture.ambient.now() });
		const replaced = await restoreDrive(fixture, { into, conflictPolicy: 'replace' });
		expect(lines(replaced).filter((line) => !line.startsWith('skipped'))).toEqual(['replaced Docs/a.docx']);
	});

	it('a file in its own library that was encrypted with its old dates is set back, and known afterwards', async () => {
		fixture = await driveFixture({ switches: { driveRewrites: 'always' } });
		const { drive } = fixture;
		drive.addFile('Docs', 'a.docx', 'content of a', MARCH);
		drive.addFile('Docs', 'b.txt', 'content of b', MARCH);
		await fixture.backUp();
		for (const path of ['Docs/a.docx', 'Docs/b.txt']) drive.edit(path, 'encrypted!!!', MARCH);
		expect(outcomes(await restoreDrive(fixture, { conflictPolicy: 'replace' }))).toEqual({ replaced: 2 });
		expect(contents(drive)['Docs/a.docx']).toContain('content of a');
		expect(outcomes(await restoreDrive(fixture, { conflictPolicy: 'replace' }))).toEqual({ skipped: 2 });
	});

	it('a drive without hashes, and protected files that are served with other bytes than they tell', async () => {
		fixture = await driveFixture({ switches: { driveHashes: 'absent' } });
		const { drive } = fixture;
		drive.addFile('Docs', 'a.txt', 'content of a', MARCH);
		drive.addFile('Docs', 'secret.bin', 'as it is inside', { ...MARCH, servedAs: 'as it is served, longer' });
		await fixture.backUp();
		drive.purge('Docs');
		const results = await restoreDrive(fixture);
		expect(failures(results)).toEqual([]);
		expect(contents(drive)).toEqual({ Docs: null, 'Docs/a.txt': 'content of a', 'Docs/secret.bin': 'as it is served, longer' });
		expect(outcomes(await restoreDrive(fixture))).toEqual({ skipped: 2 });
		expect(outcomes(await restoreDrive(fixture, { conflictPolicy: 'replace' }))).toEqual({ skipped: 2 });
	});
});

describe('names that SharePoint refuses', () => {
	it('are mapped, said so, and found again', async () => {
		fixture = await driveFixture();
		const names = ['a:b?.txt', 'CON', 'ends with dot.', ' begins with space', '~$lock.docx', 'x_vti_y.txt', 'tab\there', '.lock', 'a"b*c<d>e|f\\g.txt', 'fine.txt'];
		const folders = [{ id: 'drive/f', name: 'What? A folder.', meta: {} }];
		const files = names.map((name) => ({ name, parent: 'drive/f' }));
		const found = await restoreMade(fixture, files, { folders });
		expect(found.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
		expect(shown(found).map((line) => line.replace('What_ A folder', 'F'))).toEqual(
			['folderCreated F', ...['a_b_.txt', '_CON', 'ends with dot', 'begins with space', '_~$lock.docx', 'x-vti-y.txt', 'tab_here', '_.lock', 'a_b_c_d_e_f_g.txt', 'fine.txt'].map((name) => `created F/${name}`)].sort(),
		);
		for (const { name, targetPath, fidelity } of found) expect([name, fidelity.length]).toEqual([name, targetPath.at(-1) === name ? 0 : 1]);
		const again = await restoreMade(fixture, files, { folders });
		expect(new Set(again.map(({ outcome }) => outcome))).toEqual(new Set(['skipped']));
	});

	it('two files that become one name are both there, and a second restore adds nothing', async () => {
		fixture = await driveFixture();
		const files: MadeFile[] = [{ name: 'a?.txt', text: 'first' }, { name: 'a*.txt', text: 'second' }, { name: 'A_.TXT', text: 'third' }];
		for (const conflictPolicy of ['skip', 'keepBoth', 'replace'] as const) {
			const found = await restoreMade(fixture, files, { request: { conflictPolicy } });
			expect([conflictPolicy, found.map(({ outcome }) => outcome)]).toEqual([conflictPolicy, Array.from({ length: 3 }, () => (conflictPolicy === 'skip' ? 'created' : 'skipped'))]);
			expect(Object.values(contents(fixture.drive)).sort()).toEqual(['first', 'second', 'third']);
		}
	});

	it('paths beyond 400 characters: names are shortened so that they stay apart, or the file says where it does not fit', async () => {
		fixture = await driveFixture();
		const folders: RestorableFolder[] = [];
		for (let depth = 0; depth < 3; depth++) folders.push({ id: `drive/${depth}`, name: `${depth}${'f'.repeat(99)}`, meta: {}, ...(depth === 0 ? {} : { parent: `drive/${depth - 1}` }) });
		const files: MadeFile[] = ['one', 'two'].map((end) => ({ name: `${'long '.repeat(30)}${end}.txt`, parent: 'drive/2' }));
		const found = await restoreMade(fixture, files, { folders });
		const made = found.filter(({ outcome }) => outcome === 'created');
		expect(made).toHaveLength(2);
		expect(new Set(made.map(({ targetPath }) => targetPath.at(-1)))).toHaveProperty('size', 2);
		for (const { fidelity } of made) expect(fidelity[0]).toContain('SharePoint does not take the name');
		expect(outcomesOf(await restoreMade(fixture, files, { folders }))).toEqual({ skipped: 2 });
		folders.push({ id: 'drive/3', name: 'g'.repeat(90), parent: 'drive/2', meta: {} });
		const deep = await restoreMade(fixture, [{ name: 'x.txt', parent: 'drive/3' }, { name: 'top.txt' }], { folders });
		expect(outcomesOf(deep)).toMatchObject({ created: 1 + (deep.some(({ outcome }) => outcome === 'failed') ? 0 : 1) });
		for (const one of deep.filter(({ outcome }) => outcome === 'failed')) expect(one).toMatchObject({ kind: 'invalid', reason: expect.stringContaining('400'), nextStep: expect.stringContaining('nearer to the top') });
	});
});

function outcomesOf(found: readonly RestoreOutcome[]): Record<string, number> {
	const counts: Record<string, number> = {};
	for (const { outcome } of found) counts[outcome] = (counts[outcome] ?? 0) + 1;
	return counts;
}

describe('sharing', () => {
	it('comes back on request, with nobody told; links have another address; what cannot be is said', async () => {
		fixture = await driveFixture();
		const { drive, sim } = fixture;
		const bruno = sim.tenant.addUser({ displayName: 'Bruno' });
		const permissions: JsonObject[] = [
			{ id: '1', roles: ['write'], grantedTo: [{ kind: 'user', id: bruno.id, name: 'Bruno' }] },
			{ id: '2', roles: ['read'], link: { type: 'view', scope: 'organization' }, grantedTo: [] },
			{ id: '3', roles: ['read'], grantedTo: [{ kind: 'siteGroup', name: 'Team Members' }] },
			{ id: '4', roles: ['owner'], grantedTo: [{ kind: 'user', id: fixture.user.id }] },
			{ id: '5', roles: ['read'], grantedTo: [{ kind: 'user', id: '00000000-0000-0000-0000-00000000dead', name: 'Left Long Ago' }] },
		];
		const files: MadeFile[] = [{ name: 'shared.txt', meta: { permissions } }];
		const without = await restoreMade(fixture, files);
		expect(without.map(({ fidelity }) => fidelity)).toEqual([[]]);
		expect(drive.byPath('shared.txt')!.permissions).toBeNull();

		const restorer = { permissions: true };
		const [again] = await restoreMade(fixture, files, { restorer });
		expect(again!.outcome).toBe('skipped');
		const made = drive.byPath('shared.txt')!.permissions!;
		expect(made.map(({ roles, grantee, link }) => [roles.join(), grantee?.id ?? null, link ? `${link.type} ${link.scope}` : null])).toEqual([['write', bruno.id, null], ['read', null, 'view organization']]);
		expect(again!.fidelity.join(' ')).toMatch(/view link \(organization\).*Team Members.*Left Long Ago/);
		await restoreMade(fixture, files, { restorer });
		expect(drive.byPath('shared.txt')!.permissions).toHaveLength(2);

		drive.purge('shared.txt');
		await restoreMade(fixture, files, { restorer });
		expect(drive.byPath('shared.txt')!.permissions).toHaveLength(2);
	});
});

describe('what the backup says of a file', () => {
	it('without content it cannot come back; older versions and notebooks are spoken of', async () => {
		fixture = await driveFixture();
		const { content: _content, ...without } = fileItem({ name: 'eicar.com', meta: { malware: 'Virus:EICAR' } }, 1);
		const found = await restoreMade(fixture, [{ name: 'old.txt', parent: 'drive/n', meta: { versions: [{ id: '1.0' }, { id: '2.0' }] } }], { folders: [{ id: 'drive/n', name: 'Notes', meta: { kind: 'notebook' } }] });
		expect(found.find(({ type }) => type === 'file')!.fidelity[0]).toContain('2 older versions');
		expect(found.find(({ type }) => type === 'folder')!.fidelity[0]).toContain('OneNote');
		const failed = await restoreMade(fixture, [], {
			request: {
				items: (async function* () {
					yield without;
				})(),
			},
		});
		expect(failed).toMatchObject([{ outcome: 'failed', kind: 'notFound', reason: expect.stringContaining('malware'), nextStep: expect.any(String) }]);
	});
});
