import { afterEach, describe, expect, it } from 'vitest';
import type { SharePointList } from '../simulator/list-store';
import { EVERY_COLUMN, fillEveryColumn } from '../simulator/site-generate';
import type { Site } from '../simulator/site-store';
import { siteFixture, type SiteFixture } from '../support/site-fixture';
import { listPortrait, outcomes, restoreSite, schemaPortrait } from './site-restore-help';

let fixture: SiteFixture | undefined;

afterEach(async () => {
	const { sim } = fixture!;
	expect(sim.misses).toEqual([]);
	expect(sim.tenant.outbox).toEqual([]);
	await fixture!.stop();
});

const accepting = { switches: { listLinkWrites: 'accepted', listPlaceWrites: 'accepted' } } as const;

function otherSite(name = 'other'): Site {
	return fixture!.tenant.addSite({ name, displayName: name, owner: fixture!.owner });
}

describe('In another site', () => {
	it('lists are made with their columns and content types, and people are found by who they are', async () => {
		fixture = await siteFixture(accepting);
		const { site, owner, tenant } = fixture;
		const anna = tenant.addUser({ displayName: 'Anna Berg', drive: false });
		const list = site.addList({ displayName: 'Projects', columns: EVERY_COLUMN, contentTypes: ['Task'] });
		fillEveryColumn(list, { person: site.ensureUser(owner) });
		list.addItem({ Title: 'Of Anna', Owner: site.ensureUser(anna), Team: [site.ensureUser(anna), site.ensureUser(owner)] });
		list.addItem({ Title: 'To do' }, { contentType: 'Task' });
		await fixture.backUp({ content: ['lists'] });
		const other = otherSite();
		const bruno = tenant.addUser({ displayName: 'Bruno', drive: false });
		other.ensureUser(bruno);
		other.ensureUser(anna);
		expect(other.ensureUser(anna)).not.toBe(site.ensureUser(anna));
		const preview = await restoreSite(fixture, { siteId: other.id, mode: 'preview' });
		const results = await restoreSite(fixture, { siteId: other.id });
		expect(outcomes(results)).toEqual({ folderCreated: 1, created: 3 });
		expect(outcomes(preview)).toEqual(outcomes(results));
		const made = other.list('Projects');
		expect(schemaPortrait(made)).toEqual(schemaPortrait(list));
		expect(listPortrait(made)).toEqual(listPortrait(list));
		expect(made.contentTypes.map(({ name }) => name)).toEqual(['Item', 'Task', 'Folder']);
		expect(outcomes(await restoreSite(fixture, { siteId: other.id }))).toEqual({ skipped: 3 });
	});

	it('people whom it does not know are left out and named; they come with a later restore', async () => {
		fixture = await siteFixture();
		const { site, tenant } = fixture;
		const anna = tenant.addUser({ displayName: 'Anna Berg', drive: false });
		const list = site.addList({ displayName: 'Projects', columns: [{ name: 'Owner', personOrGroup: {} }] });
		list.addItem({ Title: 'Of Anna', Owner: site.ensureUser(anna) });
		await fixture.backUp({ content: ['lists'] });
		const other = otherSite();
		const [result] = (await restoreSite(fixture, { siteId: other.id })).filter(({ type }) => type === 'listItem');
		expect(result!.fidelity.join()).toContain('Owner: the site does not know Anna Berg yet');
		const made = other.list('Projects');
		expect([...made.items()].map(({ values }) => values)).toEqual([{ Title: 'Of Anna' }]);
		expect(outcomes(await restoreSite(fixture, { siteId: other.id }))).toEqual({ skipped: 1 });
		other.ensureUser(anna);
		expect(outcomes(await restoreSite(fixture, { siteId: other.id }))).toEqual({ created: 1 });
		expect(listPortrait(made)).toEqual(listPortrait(list));
		expect(outcomes(await restoreSite(fixture, { siteId: other.id }))).toEqual({ skipped: 1 });
		expect(made.itemCount).toBe(1);
	});

	it('the source need not be there any more', async () => {
		fixture = await siteFixture();
		const { site, tenant, owner } = fixture;
		const list = site.addList({ displayName: 'Projects', columns: [{ name: 'Owner', personOrGroup: {} }] });
		list.addItem({ Title: 'Of Olga', Owner: site.ensureUser(owner) });
		await fixture.backUp({ content: ['lists'] });
		const expected = listPortrait(list);
		const other = otherSite();
		tenant.sites.delete(site);
		expect(outcomes(await restoreSite(fixture, { siteId: other.id }))).toEqual({ folderCreated: 1, created: 1 });
		expect(listPortrait(other.list('Projects'))).toEqual(expected);
	});

	it('below a folder, lists have its name before theirs', async () => {
		fixture = await siteFixture();
		const list = fixture.site.addList({ displayName: 'Projects', columns: [{ name: 'Amount', number: {} }] });
		list.addItem({ Title: 'One', Amount: 1 });
		await fixture.backUp({ content: ['lists'] });
		const destination = { kind: 'folder' as const, path: ['Restored', '2026'] };
		const results = await restoreSite(fixture, { destination });
		expect(outcomes(results)).toEqual({ folderCreated: 1, created: 1 });
		expect(results[1]).toMatchObject({ folderPath: 'Lists/Projects', targetPath: 'Lists/Restored - 2026 - Projects' });
		expect(listPortrait(fixture.site.list('Restored - 2026 - Projects'))).toEqual(listPortrait(list));
		expect(outcomes(await restoreSite(fixture, { destination }))).toEqual({ skipped: 1 });
	});
});

async function withLookups(): Promise<{ customers: SharePointList; orders: SharePointList }> {
	fixture = await siteFixture();
	const { site } = fixture;
	const orders = site.addList({ displayName: 'A Orders', columns: [{ name: 'Count', number: {} }] });
	const customers = site.addList({ displayName: 'Customers' });
	orders.addColumn({ name: 'Customer', lookup: { listId: customers.id, columnName: 'Title' } });
	orders.addColumn({ name: 'Others', lookup: { listId: customers.id, columnName: 'Title', allowMultipleValues: true } });
	orders.addColumn({ name: 'Before', lookup: { listId: orders.id, columnName: 'Title' } });
	const [a, b] = [customers.addItem({ Title: 'Contoso' }), customers.addItem({ Title: 'Fabrikam' })];
	// All alike but for whom they look up.
	const first = orders.addItem({ Title: 'Order', Count: 1, Customer: a.id });
	const second = orders.addItem({ Title: 'Order', Count: 1, Customer: b.id, Others: [a.id, b.id] });
	orders.addItem({ Title: 'Order', Count: 1, Customer: b.id, Before: second.id });
	orders.addItem({ Title: 'Last', Before: first.id });
	await fixture.backUp({ content: ['lists'] });
	return { customers, orders };
}

describe('Lookups', () => {
	it('point to the restored items, whose numbers are others', async () => {
		const { customers, orders } = await withLookups();
		const before = [listPortrait(customers), listPortrait(orders)];
		for (const list of [orders, customers]) for (const item of [...list.items()]) list.delete(item);
		const preview = await restoreSite(fixture!, { mode: 'preview' });
		const results = await restoreSite(fixture!);
		expect(outcomes(results)).toEqual({ created: 6 });
		expect(outcomes(preview)).toEqual({ created: 6 });
		expect([listPortrait(customers), listPortrait(orders)]).toEqual(before);
		expect(outcomes(await restoreSite(fixture!))).toEqual({ skipped: 6 });
	});

	it('come back with their lists, also in another site', async () => {
		const { customers, orders } = await withLookups();
		const before = [listPortrait(customers), listPortrait(orders)];
		const other = otherSite();
		expect(outcomes(await restoreSite(fixture!, { siteId: other.id }))).toEqual({ folderCreated: 2, created: 6 });
		expect([listPortrait(other.list('Customers')), listPortrait(other.list('A Orders'))]).toEqual(before);
		expect(schemaPortrait(other.list('A Orders'))).toEqual(schemaPortrait(orders));
		for (const list of [orders, customers]) fixture!.site.deleteList(list);
		expect(outcomes(await restoreSite(fixture!))).toEqual({ folderCreated: 2, created: 6 });
		expect([listPortrait(fixture!.site.list('Customers')), listPortrait(fixture!.site.list('A Orders'))]).toEqual(before);
		expect(outcomes(await restoreSite(fixture!))).toEqual({ skipped: 6 });
		expect(outcomes(await restoreSite(fixture!, { siteId: other.id }))).toEqual({ skipped: 6 });
	});

	it('in rings are set once everything is there', async () => {
		fixture = await siteFixture();
		const { site } = fixture;
		const a = site.addList({ displayName: 'A' });
		const b = site.addList({ displayName: 'B' });
		a.addColumn({ name: 'InB', lookup: { listId: b.id, columnName: 'Title' } });
		b.addColumn({ name: 'InA', lookup: { listId: a.id, columnName: 'Title' } });
		a.addColumn({ name: 'InOwn', lookup: { listId: a.id, columnName: 'Title' } });
		const [one, two] = [a.addItem({ Title: 'One' }), a.addItem({ Title: 'Two' })];
		const three = b.addItem({ Title: 'Three', InA: one.id });
		a.edit(one, { InB: three.id, InOwn: two.id });
		a.edit(two, { InOwn: one.id, InB: three.id });
		await fixture.backUp({ content: ['lists'] });
		const before = [listPortrait(a), listPortrait(b)];
		for (const list of [a, b]) for (const item of [...list.items()]) list.delete(item);
		expect(outcomes(await restoreSite(fixture))).toEqual({ created: 3 });
		expect([listPortrait(a), listPortrait(b)]).toEqual(before);
		expect(outcomes(await restoreSite(fixture))).toEqual({ skipped: 3 });
		for (const list of [a, b]) site.deleteList(list);
		expect(outcomes(await restoreSite(fixture))).toEqual({ folderCreated: 2, created: 3 });
		expect([listPortrait(site.list('A')), listPortrait(site.list('B'))]).toEqual(before);
		expect(outcomes(await restoreSite(fixture))).toEqual({ skipped: 3 });
		expect([site.list('A').itemCount, site.list('B').itemCount]).toEqual([2, 1]);
	});

	it('do not touch the list that they look into', async () => {
		const { orders, customers } = await withLookups();
		customers.addColumn({ name: 'City', text: {} });
		await fixture!.backUp({ content: ['lists'] });
		customers.deleteColumn(customers.column('City')!);
		const [first] = [...orders.items()];
		orders.edit(first!, { Count: 9, Customer: null });
		expect(outcomes(await restoreSite(fixture!, { conflictPolicy: 'replace', selection: { kind: 'ids', ids: [`list-${orders.id}/${first!.id}`] } }))).toEqual({ replaced: 1 });
		expect(first!.values).toMatchObject({ Count: 1, Customer: 1 });
		expect(customers.column('City')).toBeUndefined();
	});

	it('of one item alone hold where the other list lives, and are named where it does not', async () => {
		const { orders } = await withLookups();
		const [first] = [...orders.items()];
		const id = `list-${orders.id}/${first!.id}`;
		orders.delete(first!);
		expect(outcomes(await restoreSite(fixture!, { selection: { kind: 'ids', ids: [id] } }))).toEqual({ created: 1 });
		expect(listPortrait(orders).filter((text) => text.includes('Contoso'))).toHaveLength(2);
		const other = otherSite();
		const results = await restoreSite(fixture!, { siteId: other.id, selection: { kind: 'ids', ids: [id] } });
		expect(outcomes(results)).toEqual({ folderCreated: 1, created: 1 });
		expect(results.flatMap(({ fidelity }) => fidelity).join('\n')).toContain('Customer');
		expect([...other.list('A Orders').items()].map(({ values }) => values)).toEqual([{ Title: 'Order', Count: 1 }]);
	});
});

describe('What is missing is said before anything is half made', () => {
	it('no permission to make lists', async () => {
		fixture = await siteFixture();
		const { site, tenant, sim } = fixture;
		const gone = site.addList({ displayName: 'Gone' });
		gone.addItem({ Title: 'x' });
		const there = site.addList({ displayName: 'There' });
		const item = there.addItem({ Title: 'y' });
		await fixture.backUp({ content: ['lists'] });
		site.deleteList(gone);
		there.delete(item);
		tenant.roles.revoke(['Sites.Manage.All', 'Sites.FullControl.All']);
		const results = await restoreSite(fixture);
		expect(outcomes(results)).toEqual({ failed: 2, created: 1 });
		for (const failed of results.filter(({ outcome }) => outcome === 'failed')) expect(failed).toMatchObject({ reason: 'The list Gone is not there, and the application may not make lists', nextStep: expect.stringContaining('Sites.Manage.All') as string });
		const roles = tenant.roles.list();
		const preview = await restoreSite(fixture, { mode: 'preview', roles });
		expect(outcomes(preview)).toEqual({ failed: 2, skipped: 1 });
		expect(sim.requestLog.count('POST /sites/{id}/lists')).toBe(1);
	});

	it('a site that an administrator locked', async () => {
		for (const lockedSiteAnswer of [423, 403] as const) {
			fixture = await siteFixture({ switches: { lockedSiteAnswer } });
			const { site, sim } = fixture;
			const list = site.addList({ displayName: 'Projects' });
			const items = Array.from({ length: 50 }, (_, n) => list.addItem({ Title: `Item ${n}` }));
			await fixture.backUp({ content: ['lists'] });
			for (const item of items) list.delete(item);
			site.lock = 'readOnly';
			sim.requestLog.reset();
			const results = await restoreSite(fixture);
			expect(outcomes(results)).toEqual({ failed: 50 });
			expect(results[0]).toMatchObject({ reason: 'The site is locked', nextStep: expect.stringContaining('Unlock the site') as string });
			expect(sim.requestLog.count('POST /sites/{id}/lists/{id}/items')).toBeLessThanOrEqual(20);
			if (lockedSiteAnswer === 423) await fixture.stop();
		}
	});
});
