import { afterEach, describe, expect, it } from 'vitest';
import type { SnapshotRecord } from '../../nodes/M365Backup/repository/records';
import { EVERY_COLUMN, fillList } from '../simulator/site-generate';
import type { SiteFixture } from '../support/site-fixture';
import { siteFixture } from '../support/site-fixture';

let fixture: SiteFixture;
afterEach(async () => {
	expect(fixture.sim.misses).toEqual([]);
	expect(fixture.tenant.outbox).toEqual([]);
	await fixture.stop();
});

/** What a file has in its library's columns, by its name. */
async function columnsOf(name: string): Promise<unknown> {
	return [...(await fixture.entries()).values()].find((entry) => entry.type === 'file' && entry.name === name)?.meta['columns'];
}

async function newest(): Promise<SnapshotRecord | undefined> {
	return (await fixture.repository.snapshots(fixture.key)).at(-1);
}

describe('changes of a site', () => {
	it('bring what is new, changed and gone in lists, at one request each and none for documents', async () => {
		fixture = await siteFixture();
		const { site } = fixture;
		const lists = Array.from({ length: 12 }, (_, n) => site.addList({ displayName: `List ${n}`, columns: [{ name: 'Amount', number: {} }] }));
		for (const list of lists) for (let n = 0; n < 3; n++) list.addItem({ Title: `${list.displayName}/${n}`, Amount: n });
		await fixture.backUp();
		const [one, two] = [lists[0]!, lists[1]!];
		one.edit(1, { Title: 'Edited', Amount: null });
		one.delete(2);
		two.addItem({ Title: 'New' });
		fixture.sim.requestLog.reset();
		const next = await fixture.backUp();
		expect(next).toMatchObject({ status: 'complete', changes: { added: 1, updated: 1, deleted: 1, failed: 0 } });
		expect(fixture.sim.requestLog.requests).toBe(12 + 2 * 2 + 3);
		// Lists are asked ten to a batch.
		expect(fixture.sim.requestLog.calls).toBe(2 + 2 * 2 + 3);
		const entries = await fixture.entries();
		expect(entries.has(`list-${one.id}/2`)).toBe(false);
		expect((await fixture.document(entries.get(`list-${one.id}/1`)))['fields']).toMatchObject({ Title: 'Edited' });
		expect((await fixture.document(entries.get(`list-${one.id}/1`)))['fields']).not.toHaveProperty('Amount');
		expect((await fixture.backUp()).status).toBe('unchanged');
	});

	it('write one line for a change of schema', async () => {
		fixture = await siteFixture();
		const { site } = fixture;
		const list = site.addList({ displayName: 'Projects', columns: EVERY_COLUMN });
		fillList(list, { items: 30, seed: 3 });
		await fixture.backUp();
		list.addColumn({ name: 'Budget', currency: { locale: 'de-de' } });
		expect(await fixture.backUp()).toMatchObject({ status: 'complete', changes: { added: 0, updated: 0, deleted: 0 } });
		expect(await newest()).toMatchObject({ archives: [] });
		expect(JSON.stringify((await fixture.entries()).get(`list-${list.id}/root`)?.meta['columns'])).toContain('"Budget"');
		list.displayName = 'Renamed';
		list.touch();
		expect(await fixture.backUp()).toMatchObject({ status: 'complete', changes: { added: 0, updated: 0, deleted: 0 } });
		expect((await fixture.paths()).filter((path) => path.startsWith('Lists/Renamed/'))).toHaveLength(30);
		expect((await fixture.backUp()).status).toBe('unchanged');
	});

	it('take up new lists and libraries, and end what is confirmed to be gone', async () => {
		fixture = await siteFixture();
		const { site } = fixture;
		const doomed = site.addList({ displayName: 'Doomed' });
		for (let n = 0; n < 250; n++) doomed.addItem({ Title: `d${n}` });
		const library = site.addLibrary('Doomed files');
		for (const name of ['a', 'b', 'c']) library.drive.addFile(`deep/${name}`, `${name}.txt`, name);
		await fixture.backUp();
		site.deleteList(doomed);
		site.deleteList(library);
		const fresh = site.addList({ displayName: 'Doomed' });
		fresh.addItem({ Title: 'phoenix' });
		const next = await fixture.backUp();
		expect(next).toMatchObject({ status: 'complete', warnings: [] });
		expect(await fixture.paths()).toEqual(['Lists/Doomed/phoenix', 'Marketing']);
		expect([...(await fixture.entries()).keys()].filter((id) => id.includes(doomed.id) || id.includes(library.id))).toEqual([]);
		// 250 items, 3 files, 4 folders, the two containers.
		expect(next.changes.deleted).toBe(250 + 3);
		expect((await newest())?.scopes.map(({ name }) => name).sort()).toEqual(['Documents', 'Lists/Doomed', 'Site', 'Site Assets', 'Site Pages']);
		fixture.sim.requestLog.reset();
		expect((await fixture.backUp()).status).toBe('unchanged');
		expect(fixture.sim.requestLog.requests).toBe(1 + 2 * 2 + 3);
	});

	it('end all of a list that is gone, also after a full resync that ended early', async () => {
		fixture = await siteFixture();
		const doomed = fixture.site.addList({ displayName: 'Doomed' });
		for (let n = 0; n < 6; n++) doomed.addItem({ Title: `d${n}` });
		await fixture.backUp();
		doomed.addItem({ Title: 'late' });
		// Has seen all items, but not yet asked about what it has not seen.
		expect(await fixture.backUp({ fullResync: true, stopAfter: { bytes: 100 }, commitEvery: { bytes: 100 } })).toMatchObject({ hasMore: true });
		fixture.site.deleteList(doomed);
		await fixture.backUp();
		expect([...(await fixture.entries()).keys()].filter((id) => id.includes(doomed.id))).toEqual([]);
		expect(await fixture.paths()).toEqual(['Marketing']);
	});

	it('lay columns of files over their lines, and nothing else', async () => {
		fixture = await siteFixture();
		const { site, owner } = fixture;
		const library = site.addLibrary('Contracts', { columns: [{ name: 'Customer', text: {} }, { name: 'Year', number: {} }, { name: 'Responsible', personOrGroup: {} }] });
		const { drive } = library;
		const [a, b] = [drive.addFile('2026', 'a.txt', 'A'), drive.addFile('2026', 'b.txt', 'B')];
		library.edit(library.itemOf(a), { Customer: 'Contoso', Year: 2026, Responsible: site.ensureUser(owner) });
		const first = await fixture.backUp();
		// Two files and the site; that one of them has columns makes it no second change.
		expect(first).toMatchObject({ status: 'complete', changes: { added: 3, updated: 0 } });
		expect(await columnsOf('a.txt')).toEqual({ Customer: 'Contoso', Year: 2026, ResponsibleLookupId: String(site.ensureUser(owner)) });
		expect([...(await fixture.entries()).values()].find(({ name }) => name === 'a.txt')?.meta['people']).toEqual({ [site.ensureUser(owner)]: { name: 'Olga Owner', email: 'olga@contoso.example', loginName: 'i:0#.f|membership|olga@contoso.example' } });
		expect(await columnsOf('b.txt')).toBeUndefined();

		library.edit(library.itemOf(b), { Customer: 'Fabrikam' });
		fixture.sim.requestLog.reset();
		const second = await fixture.backUp();
		expect(second.changes).toMatchObject({ added: 0, updated: 1 });
		expect(await newest()).toMatchObject({ archives: [] });
		expect(fixture.sim.requestLog.count('GET download')).toBe(0);
		expect(await columnsOf('b.txt')).toEqual({ Customer: 'Fabrikam' });

		// Content, name and place change; the columns stay.
		drive.edit(a, 'A2');
		drive.rename(b, 'bb.txt');
		drive.move(b, drive.addFolder('Old'));
		await fixture.backUp();
		expect(await columnsOf('a.txt')).toMatchObject({ Customer: 'Contoso', Year: 2026 });
		expect(await columnsOf('bb.txt')).toEqual({ Customer: 'Fabrikam' });

		library.edit(library.itemOf(b), { Customer: null });
		library.edit(library.itemOf(a), { Year: null });
		await fixture.backUp();
		expect(await columnsOf('bb.txt')).toBeUndefined();
		expect(await columnsOf('a.txt')).not.toHaveProperty('Year');
		expect((await fixture.backUp()).status).toBe('unchanged');
	});

	it('bring columns also where the drive tells nothing of the file', async () => {
		fixture = await siteFixture();
		const { site } = fixture;
		const library = site.addLibrary('Contracts', { columns: [{ name: 'Customer', text: {} }] });
		const files = Array.from({ length: 60 }, (_, n) => library.drive.addFile('', `f${n}.txt`, `${n}`));
		await fixture.backUp();
		// The links of the items alone expire: everything is compared, without a request for each file.
		for (const file of files) library.edit(library.itemOf(file), { Customer: file.name });
		await fixture.backUp();
		library.expireDelta();
		fixture.sim.requestLog.reset();
		const next = await fixture.backUp();
		expect(next).toMatchObject({ status: 'unchanged' });
		expect(fixture.sim.requestLog.count('GET /sites/{id}/lists/{id}/items/{id}/driveItem')).toBe(0);
		expect(await columnsOf('f7.txt')).toEqual({ Customer: 'f7.txt' });
	});

	it.each(['resyncRequired', 'resyncChangesApplyDifferences', 'resyncChangesUploadDifferences'])('are found by comparison where links have expired (%s)', async (code) => {
		fixture = await siteFixture();
		const { site } = fixture;
		const list = site.addList({ displayName: 'Projects' });
		for (let n = 0; n < 5; n++) list.addItem({ Title: `p${n}` });
		const library = site.library('Documents');
		library.drive.addFile('', 'a.txt', 'A');
		library.drive.addFile('', 'b.txt', 'B');
		await fixture.backUp();
		list.delete(2);
		list.edit(3, { Title: 'three' });
		library.drive.purge(library.drive.item('b.txt'));
		list.expireDelta(code);
		library.expireDelta(code);
		library.drive.expireDelta(code);
		const next = await fixture.backUp();
		expect(next).toMatchObject({ status: 'complete', changes: { added: 0, updated: 1, deleted: 2, failed: 0 } });
		expect(await fixture.paths()).toEqual(['Documents/a.txt', 'Lists/Projects/p0', 'Lists/Projects/p3', 'Lists/Projects/p4', 'Lists/Projects/three', 'Marketing']);
		expect((await fixture.backUp()).status).toBe('unchanged');
	});

	it('of a full resync are none', async () => {
		fixture = await siteFixture();
		const { site } = fixture;
		fillList(site.addList({ displayName: 'Projects', columns: EVERY_COLUMN }), { items: 40, seed: 1 });
		site.addPage({ title: 'Home' });
		const library = site.addLibrary('Contracts', { columns: [{ name: 'Customer', text: {} }] });
		library.edit(library.itemOf(library.drive.addFile('', 'a.txt', 'A')), { Customer: 'C' });
		await fixture.backUp();
		const again = await fixture.backUp({ fullResync: true });
		expect(again).toMatchObject({ status: 'unchanged', changes: { added: 0, updated: 0, deleted: 0 } });
		expect(await columnsOf('a.txt')).toEqual({ Customer: 'C' });
	});

	it('of the site itself write its document anew, and time alone does not', async () => {
		fixture = await siteFixture();
		const { site, tenant } = fixture;
		await fixture.backUp();
		tenant.sites.change(site, {});
		expect((await fixture.backUp()).status).toBe('unchanged');
		tenant.sites.change(site, { displayName: 'Sales', description: 'Where sales works' });
		expect((await fixture.backUp()).changes).toMatchObject({ updated: 1 });
		expect(await fixture.document((await fixture.entries()).get(`site-${site.webGuid}/site`))).toMatchObject({ displayName: 'Sales', description: 'Where sales works' });
	});
});
