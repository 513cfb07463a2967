import { afterEach, describe, expect, it } from 'vitest';
import { EVERY_COLUMN } from '../simulator/site-generate';
import type { SiteFixture } from '../support/site-fixture';
import { siteFixture } from '../support/site-fixture';

let fixture: SiteFixture;
afterEach(async () => {
	expect(fixture.sim.misses).toEqual([]);
	expect(fixture.tenant.outbox).toEqual([]);
	await fixture.stop();
});

describe('a site', () => {
	it('is backed up with its lists, libraries, pages and metadata', async () => {
		fixture = await siteFixture();
		const { site } = fixture;
		const list = site.addList({ displayName: 'Projects', columns: EVERY_COLUMN });
		list.addItem({ Title: 'Alpha', Amount: 1 });
		site.addPage({ title: 'Home', name: 'home.aspx' });
		site.library('Documents').drive.addFile('2026', 'a.txt', 'A');
		const first = await fixture.backUp();
		expect(first.failures).toEqual([]);
		expect(first.warnings).toEqual([]);
		expect(first.status).toBe('complete');
		expect(await fixture.paths()).toEqual(['Documents/2026/a.txt', 'Lists/Projects/Alpha', 'Marketing', 'Site Pages/Home']);
		fixture.sim.requestLog.reset();
		const quiet = await fixture.backUp();
		expect(quiet.status).toBe('unchanged');
		expect(fixture.sim.requestLog.requests).toBe(6);
	});
});
