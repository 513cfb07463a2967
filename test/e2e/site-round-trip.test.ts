import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareItems, type ItemDifference } from '../demo/compare-items';
import { seenFiles, type FileKind, type SeenFile } from '../demo/graph-files';
import { GraphReader } from '../demo/graph-reader';
import { columnTypes, seenListItems, seenPages, userLists, type SeenSiteItem, type SiteItemKind } from '../demo/graph-site';
import { fillSite } from '../simulator/site-generate';
import type { Site } from '../simulator/site-store';
import { nodeRun, type Execution } from './harness/execution';
import { fileHash } from './harness/file-hash';
import { expectMeasured, expectPromises, measured } from './harness/measured-fidelity';
import { chain, ourNode, pick } from './harness/our-node';
import type { WorkflowJson } from './harness/n8n-client';
import { Stage } from './harness/stage';

const libraries = ['Documents', 'Contracts', 'Größe & Maß'];

/**
 * A site with three libraries, ten lists of every type of column and fifty pages through a real n8n: backed up, lost,
 * restored, and compared property by property with what Graph served before, by code that shares nothing with ours.
 */
describe('a whole site in a real n8n', () => {
	let stage: Stage;
	let graph: GraphReader;
	let site: Site;
	let path: string;
	let schemasBefore: Map<string, [string, string][]>;
	let filesBefore: SeenFile[];
	let filesAfter: SeenFile[];
	let before: SeenSiteItem[];
	let after: SeenSiteItem[];
	let backedUp: Execution;
	let restored: Execution;
	let differences: ItemDifference<SiteItemKind>[];
	let fileDifferences: ItemDifference<FileKind>[];

	beforeAll(async () => {
		// Making lists and columns, and reading to whom a site is shared.
		stage = await Stage.start({ roles: ['Sites.Manage.All', 'Sites.FullControl.All'], simulator: { users: 3, messages: 1, switches: { tenantSize: '50k+' } }, requestLimits: 'none' });
		const { tenant, graphUrl, caFile } = stage.simulator;
		tenant.throttle.speed = 10_000;
		graph = new GraphReader(graphUrl, tenant.tokens.issue().token, caFile);
		site = tenant.addSite({ name: 'marketing', displayName: 'Marketing', description: 'Where marketing works', owner: tenant.users[0]! });
		fillSite(site, { seed: 7, files: 100, lists: 10, items: 30, pages: 50 });
		path = `/sites/${site.id}`;
		schemasBefore = await schemas();
		[filesBefore, before] = [await files(), await items()];

		const common = { repositoryFolder: stage.repositoryFolder };
		backedUp = await run(chain('backUpSite', [ourNode('Back Up', 'site/backUp', { ...common, site: pick(site.webUrl, 'url') })]));
		lose();
		expect([await files(), await items()]).toEqual([[], []]);
		restored = await run(chain('restoreSite', [ourNode('Restore', 'item/restore', { ...common, mode: 'restore', source: pick('Marketing'), selection: 'everything', destination: 'original', conflictPolicy: 'skip' })]));
		[filesAfter, after] = [await files(), await items()];
		differences = compareItems(before, after);
		fileDifferences = compareItems(filesBefore, filesAfter);
	}, 1_800_000);
	afterAll(async () => stage?.stop());

	/** Half of the lists as a whole, of the others all items; every page; every file, and a library as a whole. */
	function lose(): void {
		for (const [n, list] of site.lists.filter(({ displayName }) => displayName.startsWith('List ')).entries()) {
			if (n % 2 === 0) site.deleteList(list);
			else for (const item of [...list.items()]) list.delete(item);
		}
		for (const page of [...site.pages.all()]) site.pages.delete(page);
		for (const name of libraries) {
			const { drive } = site.library(name);
			for (const child of [...drive.root.children!.values()]) drive.purge(child);
		}
		site.deleteList(site.library('Contracts'));
	}

	async function files(): Promise<SeenFile[]> {
		const seen: SeenFile[] = [];
		for (const { id, name } of await graph.list(`${path}/drives`)) {
			const drive = stage.simulator.tenant.drives.get(String(id))!;
			const found = await seenFiles(graph, `/drives/${String(id)}`, (fileId) => fileHash(drive, fileId));
			seen.push(...found.map((file) => ({ ...file, place: [String(name), file.place].filter((part) => part !== '').join('/') })));
		}
		return seen;
	}

	async function items(): Promise<SeenSiteItem[]> {
		return [...(await seenListItems(graph, path, schemasBefore)), ...(await seenPages(graph, path))];
	}

	/** Name and type of each column of each list. */
	async function schemas(): Promise<Map<string, [string, string][]>> {
		const found = new Map<string, [string, string][]>();
		for (const { id, displayName } of await userLists(graph, path)) found.set(String(displayName), [...(await columnTypes(graph, path, String(id)))].sort());
		return found;
	}

	async function run(workflow: WorkflowJson): Promise<Execution> {
		await stage.put(workflow);
		const execution = await stage.n8n.client.run(workflow.id, 'Start');
		expect(execution.error).toBeUndefined();
		return execution;
	}

	it('is backed up completely', () => {
		const [item] = nodeRun(backedUp, 'Back Up').items;
		console.log(item!.json['message'], JSON.stringify(item!.json['graph']), item!.json['warnings']);
		expect(item!.json).toMatchObject({ status: 'complete', changes: { failed: 0 }, source: { workload: 'site', id: site.id, name: 'Marketing' } });
	});

	it('comes back whole: every file, list item and page once, nothing failed, and nobody was told', () => {
		const failed = nodeRun(restored, 'Restore').items.filter(({ json }) => json['outcome'] === 'failed' || json['error'] !== undefined);
		expect(failed.map(({ json }) => json)).toEqual([]);
		expect(differences.filter(({ now }) => now === undefined).map(({ was }) => `${was.kind} ${was.place}/${was.name}`)).toEqual([]);
		expect(fileDifferences.filter(({ now }) => now === undefined).map(({ was }) => `${was.place}/${was.name}`)).toEqual([]);
		expect([after.length, filesAfter.length]).toEqual([before.length, filesBefore.length]);
		expect(stage.simulator.tenant.outbox).toEqual([]);
		expect(stage.simulator.misses).toEqual([]);
		expect(stage.simulator.tenant.leaks).toEqual([]);
	});

	it('has the lists with all their columns again', async () => {
		const now = await schemas();
		expect([...now.keys()].sort()).toEqual([...schemasBefore.keys()].sort());
	});

	it.each<[SiteItemKind, string]>([
		['listItem', 'List items'],
		['page', 'Pages'],
	])('%s: what differs is what the README says, and nothing else', (kind, heading) => {
		const table = measured(before, differences, kind);
		expectPromises(heading, table);
		expectMeasured(heading, table);
	});

	it('has every byte of every file again, but for what SharePoint writes into Office files', () => {
		const table = measured(filesBefore, fileDifferences, 'file');
		console.log(table.map(({ property, equal, not }) => `${property}: ${equal} equal, ${not} not`).join('\n'));
		const rewritten = /\.(docx|xlsx|pptx|pdf|jpg|html?)$/i;
		const changed = fileDifferences.filter(({ was, properties }) => properties.includes('content') && !rewritten.test(was.name));
		expect(changed.map(({ was }) => was.name)).toEqual([]);
		expect(fileDifferences.filter(({ properties }) => properties.some((property) => property.startsWith('fileSystemInfo'))).map(({ was }) => was.name)).toEqual([]);
	});

	it('loses nothing the second time: a further restore changes nothing', async () => {
		const again = await run({ ...(await stage.n8n.client.workflow('restoreSite')), id: 'restoreSite' });
		const outcomes = new Set(nodeRun(again, 'Restore').items.map(({ json }) => json['outcome']));
		expect(outcomes).toEqual(new Set(['skipped']));
		expect(await items()).toEqual(after);
		expect(await files()).toEqual(filesAfter);
	});
});
