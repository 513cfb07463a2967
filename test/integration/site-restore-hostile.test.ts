import { afterEach, describe, expect, it } from 'vitest';
import { driveRestorer } from '../../nodes/M365Backup/workloads/drive/restore-drive';
import { siteFixture, type SiteFixture } from '../support/site-fixture';
import { listPortrait, outcomes, restoreSite } from './site-restore-help';

let fixture: SiteFixture | undefined;

afterEach(async () => {
	expect(fixture!.sim.misses).toEqual([]);
	expect(fixture!.sim.tenant.outbox).toEqual([]);
	await fixture!.stop();
});

describe('Columns of a list', () => {
	it('whose names begin with a digit, or with a letter that SharePoint spells as a number, come back like others', async () => {
		fixture = await siteFixture();
		const { site } = fixture;
		const list = site.addList({ displayName: 'Prices', columns: [{ name: '_x0031_st_x0020_Quarter', displayName: '1st Quarter', number: {} }, { name: '_x0426__x0435__x043d__x0430_', displayName: 'Цена', text: {} }] });
		const [first, second] = [list.addItem({ Title: 'a', _x0031_st_x0020_Quarter: 3, _x0426__x0435__x043d__x0430_: '10 ₽' }), list.addItem({ Title: 'b', _x0031_st_x0020_Quarter: 4 })];
		await fixture.backUp({ content: ['lists'] });
		const before = listPortrait(list);
		list.edit(first, { _x0031_st_x0020_Quarter: 99, _x0426__x0435__x043d__x0430_: null });
		list.delete(second);
		await restoreSite(fixture, { conflictPolicy: 'replace' });
		expect(listPortrait(list)).toEqual(before);
		site.deleteList(list);
		await restoreSite(fixture);
		expect(listPortrait(site.list('Prices'))).toEqual(before);
	});

	it('whose names Graph does not take come back without those values, which is said, and once', async () => {
		fixture = await siteFixture({ switches: { listUnderscoreWrites: 'refused' } });
		const { site } = fixture;
		const list = site.addList({ displayName: 'Prices', columns: [{ name: '_x0426__x0435__x043d__x0430_', displayName: 'Цена', text: {} }, { name: 'Amount', number: {} }] });
		const items = Array.from({ length: 30 }, (_, n) => list.addItem({ Title: `t${n}`, Amount: n, _x0426__x0435__x043d__x0430_: '10 ₽' }));
		await fixture.backUp({ content: ['lists'] });
		for (const item of items.slice(1)) list.delete(item);
		list.edit(items[0]!, { Amount: 99, _x0426__x0435__x043d__x0430_: 'x' });
		const results = await restoreSite(fixture, { conflictPolicy: 'replace' });
		expect(outcomes(results)).toEqual({ created: 29, replaced: 1 });
		expect(results.filter(({ type }) => type === 'listItem').every(({ fidelity }) => fidelity.includes('Цена: Microsoft Graph did not take its value.'))).toBe(true);
		expect(new Set([...list.items()].map(({ values }) => values.Amount))).toEqual(new Set(items.map(({ values }) => values.Amount)));
		expect(outcomes(await restoreSite(fixture))).toEqual({ skipped: 30 });
		expect(outcomes(await restoreSite(fixture, { conflictPolicy: 'replace' }))).toEqual({ skipped: 30 });
		expect(list.itemCount).toBe(30);
	});

	it('of days are the same days in a site of another time zone', async () => {
		fixture = await siteFixture();
		const { site, tenant } = fixture;
		const columns = [{ name: 'Due', dateTime: { format: 'dateOnly' } }];
		const list = site.addList({ displayName: 'Tasks', columns });
		// The 24th begins in Berlin, Los Angeles, Honolulu, Auckland, and at Greenwich.
		for (const Due of ['2026-12-23T23:00:00Z', '2026-12-24T08:00:00Z', '2026-12-24T10:00:00Z', '2026-12-23T11:00:00Z', '2026-12-24T00:00:00Z']) list.addItem({ Title: Due, Due });
		await fixture.backUp({ content: ['lists'] });
		const other = tenant.addSite({ name: 'other', displayName: 'Other' });
		await restoreSite(fixture, { siteId: other.id });
		expect([...other.list('Tasks').items()].map(({ values }) => values.Due)).toEqual(Array.from({ length: 5 }, () => '2026-12-24T00:00:00Z'));
		expect(outcomes(await restoreSite(fixture, { siteId: other.id }))).toEqual({ skipped: 5 });
		expect(outcomes(await restoreSite(fixture, { conflictPolicy: 'replace' }))).toEqual({ skipped: 5 });
	});

	it('are empty where they were, although today is their default', async () => {
		fixture = await siteFixture();
		const { site } = fixture;
		const list = site.addList({ displayName: 'Tasks', columns: [{ name: 'Begin', dateTime: {}, defaultValue: { formula: '=[today]' } }] });
		const item = list.addItem({ Title: 'a' });
		list.edit(item, { Begin: null });
		await fixture.backUp({ content: ['lists'] });
		const before = listPortrait(list);
		list.delete(item);
		await restoreSite(fixture);
		expect(listPortrait(list)).toEqual(before);
	});
});

describe('A column that somebody deleted', () => {
	it('is not promised by a preview of an application that may not add it', async () => {
		fixture = await siteFixture();
		const { site, tenant, sim } = fixture;
		const list = site.addList({ displayName: 'Projects', columns: [{ name: 'Amount', number: {} }] });
		list.addItem({ Title: 'One', Amount: 5 });
		await fixture.backUp({ content: ['lists'] });
		list.deleteColumn(list.column('Amount')!);
		tenant.roles.revoke(['Sites.Manage.All', 'Sites.FullControl.All']);
		const roles = tenant.roles.list();
		const preview = await restoreSite(fixture, { mode: 'preview', roles, conflictPolicy: 'replace' });
		const results = await restoreSite(fixture, { roles, conflictPolicy: 'replace' });
		const said = { outcome: 'failed', reason: 'Columns of the list Projects are missing, and the application may not add them', nextStep: expect.stringContaining('Sites.Manage.All') as string };
		expect(results).toMatchObject([said, said]);
		expect(preview).toMatchObject([said, said]);
		expect(sim.requestLog.count(/^POST .*columns/)).toBe(0);
	});
});

describe('Files of a library', () => {
	it('that go into a drive say what they leave behind', async () => {
		fixture = await siteFixture();
		const { site, tenant, source, ambient } = fixture;
		const contracts = site.addLibrary('Contracts', { columns: [{ name: 'Customer', text: {} }] });
		contracts.edit(contracts.itemOf(contracts.drive.addFile('', 'a.txt', 'A')), { Customer: 'Contoso' });
		contracts.drive.addFile('', 'plain.txt', 'P');
		await fixture.backUp({ content: ['libraries'] });
		const other = tenant.addSite({ name: 'other', displayName: 'Other' });
		const { drive } = other.library('Documents');
		const restorer = driveRestorer({ graph: fixture.client(), driveId: drive.id, ambient, source, originalDriveOf: () => contracts.drive.id, topOf: (scope) => `${scope}/root` });
		const results = await restoreSite(fixture, { restorer });
		expect(results.filter(({ type }) => type === 'file').map(({ name, fidelity }) => [name, fidelity]).sort()).toEqual([
			['a.txt', ['What it has in the columns Customer is not brought back into a drive: restore into a site to have it.']],
			['plain.txt', []],
		]);
		expect(drive.byPath('a.txt')).toBeDefined();
		const intoSite = await restoreSite(fixture, { siteId: other.id });
		expect(intoSite.flatMap(({ fidelity }) => fidelity)).toEqual([]);
	});
});

describe('With Skip', () => {
	it('another file of a name keeps what it has in columns', async () => {
		fixture = await siteFixture();
		const { site, tenant } = fixture;
		const columns = [{ name: 'Customer', text: {} }];
		const contracts = site.addLibrary('Contracts', { columns });
		contracts.edit(contracts.itemOf(contracts.drive.addFile('', 'a.txt', 'A')), { Customer: 'Contoso' });
		contracts.edit(contracts.itemOf(contracts.drive.addFile('', 'b.txt', 'B')), { Customer: 'Contoso' });
		contracts.edit(contracts.itemOf(contracts.drive.addFile('', 'c.txt', 'C')), { Customer: 'Contoso' });
		await fixture.backUp({ content: ['libraries'] });
		const other = tenant.addSite({ name: 'other', displayName: 'Other' });
		const there = other.addLibrary('Contracts', { columns });
		const a = there.itemOf(there.drive.addFile('', 'a.txt', 'quite another file'));
		const b = there.itemOf(there.drive.addFile('', 'b.txt', 'B'));
		const c = there.itemOf(there.drive.addFile('', 'c.txt', 'another one without a customer'));
		there.edit(a, { Customer: 'Fabrikam' });
		there.edit(b, { Customer: 'Northwind' });
		const results = await restoreSite(fixture, { siteId: other.id });
		expect([a.id, b.id, c.id].map((id) => there.item(id).values.Customer)).toEqual(['Fabrikam', 'Northwind', undefined]);
		expect(outcomes(results).created).toBeUndefined();
	});
});

describe('Lists that have changed names', () => {
	it('are not mixed: one that has the name of a deleted one keeps to itself', async () => {
		fixture = await siteFixture();
		const { site } = fixture;
		// Whichever comes first.
		const lists = ['Old', 'Young', 'Oldest'].map((name) => site.addList({ displayName: name }));
		for (const list of lists) for (const n of [1, 2]) list.addItem({ Title: `${list.displayName} ${n}` });
		await fixture.backUp({ content: ['lists'] });
		const [gone, kept] = [...lists].sort((a, b) => (a.id < b.id ? -1 : 1));
		const name = gone!.displayName;
		const before = listPortrait(kept!);
		site.deleteList(gone!);
		kept!.displayName = name;
		const results = await restoreSite(fixture, { conflictPolicy: 'replace' });
		expect(listPortrait(kept!)).toEqual(before);
		expect(results.filter(({ outcome }) => outcome === 'failed').map(({ reason }) => reason)).toEqual([]);
	});
});
