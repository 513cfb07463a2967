import { afterEach, describe, expect, it } from 'vitest';
import { ListCsv } from '../../nodes/M365Backup/engine/list-csv';
import { siteFixture, type SiteFixture } from '../support/site-fixture';

let fixture: SiteFixture | undefined;

afterEach(async () => {
	await fixture?.stop();
	fixture = undefined;
});

describe('Pages', () => {
	it('that the service says to know nothing of, all at once, stay in the backup', async () => {
		fixture = await siteFixture();
		const { site, tenant } = fixture;
		for (const name of ['home.aspx', 'news.aspx']) site.addPage({ title: name, name });
		await fixture.backUp();
		const before = await fixture.paths();
		tenant.faults.script({ match: (_method, path) => /\/sites\/[^/]+\/pages/.test(path), times: Infinity, do: { status: 404, body: { error: { code: 'itemNotFound', message: 'The resource could not be found.' } } } });
		const summary = await fixture.backUp();
		expect(await fixture.paths()).toEqual(before);
		expect(summary.warnings).toEqual([expect.stringMatching(/^Site Pages: /)]);
		tenant.faults.clear();
		await fixture.backUp();
		expect(await fixture.paths()).toEqual(before);
	});
});

describe('Items that a listing of everything does not show', () => {
	it('are gone only if the service says so of each, and those that it shows are not asked for', async () => {
		for (const status of [403, 503]) {
			fixture = await siteFixture();
			const { site, tenant, sim } = fixture;
			const list = site.addList({ displayName: 'Projects' });
			const [, , lost] = ['a', 'b', 'c'].map((Title) => list.addItem({ Title }));
			await fixture.backUp({ content: ['lists'] });
			list.delete(lost!);
			list.expireDelta();
			tenant.faults.script({ match: (method, path) => method === 'GET' && new RegExp(`/items/${lost!.id}(\\?|$)`).test(path), times: Infinity, do: { status } });
			sim.requestLog.reset();
			sim.requestLog.keepUrls = true;
			const summary = await fixture.backUp({ content: ['lists'] });
			expect(await fixture.paths()).toEqual(['Lists/Projects/a', 'Lists/Projects/b', 'Lists/Projects/c']);
			expect(summary.changes.failed).toBe(1);
			expect(summary.failures).toMatchObject([{ name: 'c' }]);
			tenant.faults.clear();
			await fixture.backUp({ content: ['lists'] });
			expect(await fixture.paths()).toEqual(['Lists/Projects/a', 'Lists/Projects/b']);
			expect(sim.requestLog.urls.filter((url) => /\/items\/\d+/.test(url) && !url.includes(`/items/${lost!.id}`))).toEqual([]);
			await fixture.stop();
			fixture = undefined;
		}
	});
});

describe('The people in columns', () => {
	it('have their names also where Microsoft had a passing fault when they were asked for', async () => {
		fixture = await siteFixture();
		const { site, owner, tenant } = fixture;
		const list = site.addList({ displayName: 'Tasks', columns: [{ name: 'Who', personOrGroup: {} }] });
		list.addItem({ Title: 'Check', Who: site.ensureUser(owner) });
		site.addList({ displayName: 'Others' }).addItem({ Title: 'Other' });
		tenant.faults.script({ match: (_method, path) => path.includes('EMail'), times: Infinity, do: { status: 503 } });
		const partial = await fixture.backUp({ content: ['lists'] });
		expect(partial).toMatchObject({ status: 'partial' });
		expect(await fixture.paths()).toEqual(['Lists/Others/Other']);
		tenant.faults.clear();
		expect(await fixture.backUp({ content: ['lists'] })).toMatchObject({ status: 'complete', warnings: [] });
		const stored = [...(await fixture.entries()).values()].find(({ name }) => name === 'Check');
		expect((await fixture.document(stored))['people']).toEqual({ [String(site.ensureUser(owner))]: expect.objectContaining({ name: 'Olga Owner', email: 'olga@contoso.example' }) as unknown });
	});
});

describe('A list as CSV', () => {
	it('has no two columns under one name', () => {
		const csv = new ListCsv([{ name: 'Title', displayName: 'ID' }, { name: 'field_1', displayName: 'Created' }, { name: 'field_2', displayName: 'Price' }, { name: 'field_3', displayName: 'Price' }]);
		expect(csv.header()).toBe('ID,Title,field_1,Price,field_3,Content Type,Created,Created By,Modified,Modified By\r\n');
	});

	it('has its calculated columns', () => {
		const csv = new ListCsv([
			{ name: 'Title', displayName: 'Title', readOnly: false, hidden: false, text: {} },
			{ name: 'Total', displayName: 'Total', readOnly: true, hidden: false, calculated: { formula: '=[A]*2', outputType: 'number' } },
			{ name: 'LinkTitle', displayName: 'Title', readOnly: true, hidden: false },
		]);
		expect(csv.header()).toBe('ID,Title,Total,Content Type,Created,Created By,Modified,Modified By\r\n');
		expect(csv.row({ id: '1', fields: { Title: 'a', Total: '-12.5' } })).toBe('1,a,-12.5,,,,,\r\n');
		expect(csv.row({ id: '2', fields: { Title: '=1', Total: '-1+cmd' } })).toBe("2,'=1,'-1+cmd,,,,,\r\n");
	});
});
