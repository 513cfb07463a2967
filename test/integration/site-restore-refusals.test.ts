import { afterEach, describe, expect, it } from 'vitest';
import { Failure } from '../../nodes/M365Backup/base/failure';
import type { RestorableFolder, RestorableItem, RestoreOutcome } from '../../nodes/M365Backup/workloads/restorer';
import { siteRestorer } from '../../nodes/M365Backup/workloads/site/restore-site';
import { siteFixture, type SiteFixture } from '../support/site-fixture';
import { outcomes, restoreSite } from './site-restore-help';

let fixture: SiteFixture | undefined;

afterEach(async () => {
	const { sim } = fixture!;
	expect(sim.misses).toEqual([]);
	expect(sim.tenant.outbox).toEqual([]);
	await fixture!.stop();
});

async function restoreItems(items: readonly Partial<RestorableItem>[], folders: readonly RestorableFolder[] = []): Promise<RestoreOutcome[]> {
	const { site, source, ambient } = fixture!;
	const found: RestoreOutcome[] = [];
	const stream = async function* (): AsyncGenerator<RestorableItem> {
		for (const item of items) yield { id: '', type: 'listItem', name: 'x', meta: {}, markerKey: 'a'.repeat(64), ...item };
	};
	const request = { folders: new Map(folders.map((folder) => [folder.id, folder])), selectedFolders: new Set<string>(), items: stream(), destination: { kind: 'original' as const }, conflictPolicy: 'skip' as const, preview: false };
	for await (const outcome of siteRestorer({ graph: fixture!.client(), siteId: site.id, ambient, source }).restore(request)) found.push(outcome);
	return found;
}

const document = (fields: object): RestorableItem['content'] => ({
	sizeBytes: 100,
	sha256: '',
	open: async function* () {
		yield Buffer.from(JSON.stringify({ id: '7', fields }));
	},
});

describe('Each item has its own outcome', () => {
	it('without content, with damaged content, with a whole one', async () => {
		fixture = await siteFixture();
		const { site } = fixture;
		const list = site.addList({ displayName: 'Projects' });
		const root = { id: `list-${list.id}/root`, name: 'Projects', meta: { kind: 'list', template: 'genericList' } };
		const broken: RestorableItem['content'] = {
			sizeBytes: 100,
			sha256: '',
			open: async function* () {
				yield Buffer.from('{"id":');
				throw new Failure('corrupt', 'The archive is damaged');
			},
		};
		const results = await restoreItems([{ id: `list-${list.id}/5`, name: 'none' }, { id: `list-${list.id}/6`, name: 'damaged', content: broken }, { id: `list-${list.id}/7`, name: 'whole', content: document({ Title: 'Whole' })! }], [root]);
		expect(Object.fromEntries(results.map(({ name, outcome, reason }) => [name, [outcome, reason]]))).toEqual({
			none: ['failed', 'The backup holds no content of this item'],
			damaged: ['failed', 'The archive is damaged'],
			whole: ['created', undefined],
		});
		expect([...list.items()].map(({ values }) => values)).toEqual([{ Title: 'Whole' }]);
	});

	it('of lists that the backup does not know, and of a kind that no site has', async () => {
		fixture = await siteFixture();
		const results = await restoreItems([{ id: 'list-0000/1', name: 'orphan', content: document({})! }, { id: 'mail/1', type: 'message', name: 'mail' }]);
		expect(results.map(({ name, outcome }) => [name, outcome])).toEqual([['orphan', 'failed'], ['mail', 'failed']]);
		expect(results[0]!.reason).toContain('does not know the list');
	});
});

describe('A target that does not fit', () => {
	it('a library in place of a list, a site that is gone', async () => {
		fixture = await siteFixture();
		const { site, tenant } = fixture;
		const list = site.addList({ displayName: 'Projects' });
		list.addItem({ Title: 'One' });
		await fixture.backUp({ content: ['lists'] });
		const other = tenant.addSite({ name: 'other', displayName: 'Other' });
		other.addLibrary('Projects');
		const results = await restoreSite(fixture, { siteId: other.id });
		expect(outcomes(results)).toEqual({ failed: 2 });
		expect(results[1]).toMatchObject({ reason: 'The site has a library named Projects already', nextStep: 'Rename it, or restore into another site or folder.' });
		tenant.sites.delete(other);
		const gone = await restoreSite(fixture, { siteId: other.id });
		expect(gone.find(({ type }) => type === 'listItem')).toMatchObject({ outcome: 'failed', reason: 'The target site is not there', nextStep: expect.stringContaining('Choose another site') as string });
	});

	it('a list of its name with other columns: what has no place is named, and Replace makes one', async () => {
		fixture = await siteFixture();
		const { site, tenant } = fixture;
		const list = site.addList({ displayName: 'Projects', columns: [{ name: 'Amount', number: {} }, { name: 'Kind', choice: { choices: ['A', 'B'] } }] });
		list.addItem({ Title: 'One', Amount: 5, Kind: 'A' });
		await fixture.backUp({ content: ['lists'] });
		const other = tenant.addSite({ name: 'other', displayName: 'Other' });
		const there = other.addList({ displayName: 'Projects', columns: [{ name: 'Kind', text: {} }] });
		there.addItem({ Title: 'Theirs' });
		const results = await restoreSite(fixture, { siteId: other.id });
		expect(outcomes(results)).toEqual({ created: 1 });
		expect(results[0]!.fidelity.join()).toContain('The list has no column Amount: restore with Replace');
		expect([...there.items()].map(({ values }) => values)).toEqual([{ Title: 'Theirs' }, { Title: 'One', Kind: 'A' }]);
		const preview = await restoreSite(fixture, { siteId: other.id, conflictPolicy: 'replace', mode: 'preview' });
		const completed = await restoreSite(fixture, { siteId: other.id, conflictPolicy: 'replace' });
		expect(completed).toMatchObject([{ outcome: 'created', reason: 'It had been restored in part and is complete now' }]);
		expect(preview.map(({ outcome, reason }) => [outcome, reason])).toEqual(completed.map(({ outcome, reason }) => [outcome, reason]));
		expect(there.column('Amount')).toMatchObject({ facet: 'number' });
		expect([...there.items()].map(({ values }) => values)).toEqual([{ Title: 'Theirs' }, { Title: 'One', Kind: 'A', Amount: 5 }]);
		expect(outcomes(await restoreSite(fixture, { siteId: other.id, conflictPolicy: 'replace' }))).toEqual({ skipped: 1 });
	});
});
