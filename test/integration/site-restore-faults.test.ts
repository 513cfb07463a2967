import { afterEach, describe, expect, it } from 'vitest';
import { siteFixture, type SiteFixture } from '../support/site-fixture';
import { listPortrait, outcomes, restoreSite } from './site-restore-help';

let fixture: SiteFixture | undefined;

afterEach(async () => {
	const { sim } = fixture!;
	expect(sim.misses).toEqual([]);
	expect(sim.tenant.outbox).toEqual([]);
	await fixture!.stop();
});

/** A list of 60 items, each twice, and all of them deleted. */
async function emptied(columns: { name: string }[] = [{ name: 'Amount', number: {} }] as never): Promise<{ list: ReturnType<SiteFixture['site']['addList']>; before: string[] }> {
	fixture = await siteFixture();
	const list = fixture.site.addList({ displayName: 'Projects', columns });
	for (let n = 0; n < 60; n++) list.addItem({ Title: `Item ${n % 30}`, ...(list.column('Amount') ? { Amount: n % 30 } : {}) });
	await fixture.backUp({ content: ['lists'] });
	const before = listPortrait(list);
	for (const item of [...list.items()]) list.delete(item);
	return { list, before };
}

describe('Answers that get lost', () => {
	it('make no item twice: whole batches, single items, the list itself', async () => {
		const { list, before } = await emptied();
		const { tenant, site } = fixture!;
		tenant.faults.script({ match: /^POST \/\$batch/, when: 'during', skip: 1, times: 1, do: { reset: true } });
		tenant.faults.script({ match: /^POST .*\/items$/, when: 'after', skip: 3, times: 2, do: { reset: true } });
		expect(outcomes(await restoreSite(fixture!))).toEqual({ created: 60 });
		expect(listPortrait(list)).toEqual(before);
		tenant.faults.clear();
		site.deleteList(list);
		tenant.faults.script({ match: /^POST \/sites\/[^/]+\/lists$/, when: 'after', do: { reset: true } });
		tenant.faults.script({ match: /^POST \/\$batch/, when: 'after', times: 2, do: { reset: true } });
		expect(outcomes(await restoreSite(fixture!))).toEqual({ folderCreated: 1, created: 60 });
		expect(listPortrait(site.list('Projects'))).toEqual(before);
	});

	it('nor does a restore that was cancelled and asked for again', async () => {
		const { list, before } = await emptied();
		const stop = new AbortController();
		let seen = 0;
		await expect(
			restoreSite(fixture!, {
				signal: stop.signal,
				onProgress: () => {
					if (++seen === 25) stop.abort();
				},
			}),
		).rejects.toMatchObject({ kind: 'cancelled' });
		expect(list.itemCount).toBeGreaterThan(20);
		expect(list.itemCount).toBeLessThan(60);
		const there = list.itemCount;
		expect(outcomes(await restoreSite(fixture!))).toEqual({ skipped: there, created: 60 - there });
		expect(listPortrait(list)).toEqual(before);
	});

	it('two restores at once make everything once', async () => {
		const { list, before } = await emptied();
		const both = await Promise.all([restoreSite(fixture!), restoreSite(fixture!)]);
		expect(both.map(outcomes)).toContainEqual({ created: 60 });
		expect(both.map(outcomes)).toContainEqual({ skipped: 60 });
		expect(listPortrait(list)).toEqual(before);
	});
});

describe('What one item or list cannot have', () => {
	it('fails alone: a list that may not be read, a value that is taken', async () => {
		fixture = await siteFixture();
		const { site } = fixture;
		const secret = site.addList({ displayName: 'Secret' });
		secret.addItem({ Title: 's' });
		const codes = site.addList({ displayName: 'Codes', columns: [{ name: 'Code', text: {}, enforceUniqueValues: true, indexed: true }] });
		const items = [1, 2, 3].map((n) => codes.addItem({ Title: `Code ${n}`, Code: `C${n}` }));
		await fixture.backUp({ content: ['lists'] });
		codes.delete(items[0]!);
		codes.delete(items[1]!);
		codes.edit(items[2]!, { Code: 'C1' });
		secret.isForbidden = true;
		const results = await restoreSite(fixture);
		expect(outcomes(results)).toEqual({ failed: 3, created: 1, skipped: 1 });
		const failed = results.filter(({ outcome }) => outcome === 'failed');
		expect(failed.find(({ name }) => name === 'Code 1')?.reason).toContain('duplicate values were found in the following field(s) in the list: [Code]');
		expect(failed.find(({ name }) => name === 's')?.nextStep).toContain('Sites.Read');
	});

	it('empty fields of columns with a default stay empty', async () => {
		fixture = await siteFixture();
		const { site } = fixture;
		const list = site.addList({ displayName: 'Tasks', columns: [{ name: 'Done', boolean: {}, defaultValue: { value: '0' } }, { name: 'Status', choice: { choices: ['Open', 'Closed'] }, defaultValue: { value: 'Open' } }, { name: 'Tags', choice: { choices: ['A', 'B'], displayAs: 'checkBoxes' }, defaultValue: { value: 'A' } }] });
		list.addItem({ Title: 'Empty', Done: null, Status: null, Tags: null });
		list.addItem({ Title: 'Default' });
		await fixture.backUp({ content: ['lists'] });
		const before = listPortrait(list);
		site.deleteList(list);
		expect(outcomes(await restoreSite(fixture))).toEqual({ folderCreated: 1, created: 2 });
		expect(listPortrait(site.list('Tasks'))).toEqual(before);
		expect(outcomes(await restoreSite(fixture))).toEqual({ skipped: 2 });
	});

	it('a content type that the site has not, columns that Graph refuses', async () => {
		fixture = await siteFixture();
		const { site, tenant } = fixture;
		site.contentTypes.push({ ...site.contentTypes[0]!, id: '0x0100A1', name: 'Invoice' });
		const list = site.addList({ displayName: 'Bills', contentTypes: ['Invoice'], columns: [{ name: 'Amount', number: {} }, { name: 'Sum', calculated: { formula: '=[Amount]', outputType: 'number' } }, { name: 'Topic', term: {} }] });
		list.addItem({ Title: 'One', Amount: 1, Topic: { Label: 'Sales', TermGuid: '5b3b1c9e-1111-4a2b-8c3d-222222222222', WssId: 1 } }, { contentType: 'Invoice' });
		await fixture.backUp({ content: ['lists'] });
		const other = tenant.addSite({ name: 'other', displayName: 'Other' });
		tenant.faults.script({ match: /^POST \/sites\/[^/]+\/lists$/, do: { status: 400 } });
		tenant.faults.script({ match: /^POST .*\/columns$/, skip: 1, times: 1, do: { status: 400 } });
		const results = await restoreSite(fixture, { siteId: other.id });
		expect(outcomes(results)).toEqual({ folderCreated: 1, created: 1 });
		const made = other.list('Bills');
		expect(made.column('Topic')).toMatchObject({ facet: 'text' });
		expect([...made.items()].map(({ values }) => values)).toEqual([{ Title: 'One', Amount: 1, Topic: 'Sales' }]);
		const said = results.flatMap(({ fidelity }) => fidelity).join('\n');
		expect(said).toContain('The column Topic is a text column now');
		expect(said).toContain('no content type Invoice');
		expect(outcomes(await restoreSite(fixture, { siteId: other.id }))).toEqual({ skipped: 1 });
	});
});

describe('Requests', () => {
	it('for 1,000 items: 1,000 and a few more, 20 to a call; a second restore a handful', async () => {
		fixture = await siteFixture({ switches: { throttling: false } });
		const { site } = fixture;
		const list = site.addList({ displayName: 'Projects', columns: [{ name: 'Amount', number: {} }, { name: 'Status', choice: { choices: ['Open', 'Closed'] } }] });
		for (let n = 0; n < 1000; n++) list.addItem({ Title: `Item ${n}`, Amount: n, Status: n % 2 ? 'Open' : 'Closed' });
		await fixture.backUp({ content: ['lists'] });
		for (const item of [...list.items()]) list.delete(item);
		const first = fixture.client();
		expect(outcomes(await restoreSite(fixture, { graph: first }))).toEqual({ created: 1000 });
		expect(first.stats.requests).toBeLessThanOrEqual(1005);
		expect(first.stats.calls).toBeLessThanOrEqual(56);
		const again = fixture.client();
		expect(outcomes(await restoreSite(fixture, { graph: again }))).toEqual({ skipped: 1000 });
		expect(again.stats.requests).toBeLessThanOrEqual(4);
		const preview = fixture.client();
		await restoreSite(fixture, { graph: preview, mode: 'preview', conflictPolicy: 'replace' });
		expect(preview.stats.requests).toBeLessThanOrEqual(4);
	}, 60_000);

	it('to set 1,000 changed items back: one each, 20 to a call; for one item of a large list two', async () => {
		fixture = await siteFixture({ switches: { throttling: false } });
		const list = fixture.site.addList({ displayName: 'Projects', columns: [{ name: 'Amount', number: {} }], contentTypes: ['Task'] });
		for (let n = 0; n < 1000; n++) list.addItem({ Title: `Item ${n}`, Amount: n });
		await fixture.backUp({ content: ['lists'] });
		const before = listPortrait(list);
		for (const item of list.items()) list.edit(item, { Title: 'encrypted', Amount: null }, item.id % 2 ? { contentType: 'Task' } : {});
		const one = fixture.client();
		const ids = [`list-${list.id}/500`];
		expect(outcomes(await restoreSite(fixture, { graph: one, selection: { kind: 'ids', ids }, conflictPolicy: 'replace' }))).toEqual({ replaced: 1 });
		expect(list.item(500).values).toEqual({ Title: 'Item 499', Amount: 499 });
		expect(one.stats.requests).toBeLessThanOrEqual(4);
		const all = fixture.client();
		expect(outcomes(await restoreSite(fixture, { graph: all, conflictPolicy: 'replace' }))).toEqual({ replaced: 999, skipped: 1 });
		expect(listPortrait(list)).toEqual(before);
		expect(all.stats.requests).toBeLessThanOrEqual(1003);
		expect(all.stats.calls).toBeLessThanOrEqual(54);
	}, 60_000);
});

describe('A list', () => {
	it('that may not be written to fails alone, after one try', async () => {
		fixture = await siteFixture();
		const { site, tenant, sim } = fixture;
		const lists = ['A', 'B'].map((displayName) => site.addList({ displayName }));
		for (const list of lists) for (let n = 0; n < 30; n++) list.addItem({ Title: `Item ${n}` });
		await fixture.backUp({ content: ['lists'] });
		for (const list of lists) for (const item of [...list.items()]) list.delete(item);
		sim.requestLog.reset();
		tenant.faults.script({ match: (method, path) => method === 'POST' && path.includes(`/lists/${lists[0]!.id}/items`), times: Infinity, do: { status: 403 } });
		expect(outcomes(await restoreSite(fixture))).toEqual({ failed: 30, created: 30 });
		expect(sim.requestLog.count('POST /sites/{id}/lists/{id}/items')).toBeLessThanOrEqual(50);
	});

	it('says of items that were in a folder that they are at its top now, and of folders that Graph makes none', async () => {
		fixture = await siteFixture();
		const list = fixture.site.addList({ displayName: 'Projects' });
		const inside = list.addItem({ Title: 'Inside' });
		inside.webPath = `${list.webPath}/2026/Q1/${inside.id}_.000`;
		const folder = list.addItem({ Title: '2026' }, { contentType: 'Folder' });
		await fixture.backUp({ content: ['lists'] });
		list.delete(inside);
		list.delete(folder);
		const results = await restoreSite(fixture);
		expect(outcomes(results)).toEqual({ created: 1, failed: 1 });
		expect(results.find(({ outcome }) => outcome === 'created')!.fidelity.join()).toContain('It was in the folder 2026/Q1 of the list');
		expect(results.find(({ outcome }) => outcome === 'failed')).toMatchObject({ reason: 'It is a folder of a list, which Microsoft Graph cannot make' });
	});
});
