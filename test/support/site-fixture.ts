import type { Ambient } from '../../nodes/M365Backup/base/ambient';
import type { BackUpOptions } from '../../nodes/M365Backup/engine/back-up-options';
import { backUp } from '../../nodes/M365Backup/engine/back-up';
import type { BackUpSummary } from '../../nodes/M365Backup/engine/back-up-summary';
import type { GraphClient } from '../../nodes/M365Backup/graph/client';
import { createGraphClient } from '../../nodes/M365Backup/graph/client';
import { Governor } from '../../nodes/M365Backup/graph/governor';
import { fixedToken } from '../../nodes/M365Backup/graph/tokens';
import { sourceKey } from '../../nodes/M365Backup/repository/names';
import type { CatalogEntry, SourceRef } from '../../nodes/M365Backup/repository/records';
import { Repository } from '../../nodes/M365Backup/repository/repository';
import { createMemoryStore } from '../../nodes/M365Backup/stores/memory-store';
import type { Store } from '../../nodes/M365Backup/stores/store';
import { siteWorkload } from '../../nodes/M365Backup/workloads/site/site';
import type { SiteOptions } from '../../nodes/M365Backup/workloads/site/site-options';
import type { Site } from '../simulator/site-store';
import type { RunningSimulator } from '../simulator/start';
import { startSimulator } from '../simulator/start';
import type { Switches } from '../simulator/switches';
import type { Tenant, TenantUser } from '../simulator/tenant';
import { readAll } from './read-all';
import { tenantAmbient } from './tenant-ambient';

/** One SharePoint site of a simulated tenant, one repository, and the two brought together as a user would. */
export interface SiteFixture {
	sim: RunningSimulator;
	tenant: Tenant;
	/** The site's owner, known to it. */
	owner: TenantUser;
	site: Site;
	source: SourceRef;
	key: string;
	store: Store;
	repository: Repository;
	/** On the tenant's clock: waiting advances it instead of the real one. */
	ambient: Ambient;
	/** A client of its own, with quotas of its own. */
	client(token?: string): GraphClient;
	backUp(options?: Partial<BackUpOptions> & Partial<Omit<SiteOptions, 'graph' | 'siteId' | 'ambient'>> & { graphClient?: GraphClient; hoursLater?: number }): Promise<BackUpSummary>;
	/** The newest snapshot's living items by id. */
	entries(): Promise<Map<string, CatalogEntry>>;
	/** The newest snapshot's items that are no folders as `Lists/Projects/Title`, sorted. */
	paths(): Promise<string[]>;
	content(entry: CatalogEntry): Promise<Buffer>;
	/** The JSON document of a list item, a page or a site. */
	document(entry: CatalogEntry | undefined): Promise<Record<string, unknown>>;
	stop(): Promise<void>;
}

export async function siteFixture(options: { switches?: Partial<Switches>; store?: Store; siteName?: string; seed?: number } = {}): Promise<SiteFixture> {
	const sim = await startSimulator({ http: true, users: 0, messages: 0, switches: options.switches ?? {}, ...(options.seed === undefined ? {} : { seed: options.seed }) });
	const { tenant } = sim;
	const owner = tenant.addUser({ displayName: 'Olga Owner', userPrincipalName: 'olga@contoso.example', drive: false });
	const displayName = options.siteName ?? 'Marketing';
	const site = tenant.addSite({ name: displayName.toLowerCase().replace(/\W+/g, '-'), displayName, description: 'Where marketing works', owner });
	// Lists, columns and grants: nobody has these roles unless granted before a token is issued.
	tenant.roles.grant('Sites.Manage.All');
	tenant.roles.grant('Sites.FullControl.All');
	const { clock } = tenant;
	const ambient = tenantAmbient(sim);
	const store = options.store ?? createMemoryStore({ now: () => clock.now() });
	const repository = await Repository.open(store, ambient, { create: true });
	const source: SourceRef = { workload: 'site', id: site.id, name: site.displayName, tenantId: sim.tenantId };
	const key = sourceKey(source);
	// Tokens live an hour on the tenant's clock.
	const client = (as = tenant.tokens.issue().token): GraphClient =>
		createGraphClient({ graphUrl: sim.graphUrl, tokens: fixedToken(as), ambient, governor: new Governor(ambient), tenantId: sim.tenantId });

	const fixture: SiteFixture = {
		sim,
		tenant,
		owner,
		site,
		source,
		key,
		store,
		repository,
		ambient,
		client,
		backUp: async ({ content, permissions, versions, excludePaths, maxFileBytes, subsites, graphClient, hoursLater = 1, ...rest } = {}) => {
			// An hourly schedule.
			clock.advance(hoursLater * 3_600_000);
			const graph = graphClient ?? client();
			const about = { ...(content ? { content } : {}), ...(permissions === undefined ? {} : { permissions }), ...(versions === undefined ? {} : { versions }), ...(excludePaths ? { excludePaths } : {}), ...(maxFileBytes === undefined ? {} : { maxFileBytes }), ...(subsites === undefined ? {} : { subsites }) };
			return backUp({
				repository,
				source,
				workload: siteWorkload({ graph, siteId: site.id, ambient, ...about }),
				ambient,
				graph: graph.stats,
				clockSkewMs: () => graph.clockSkewMs(),
				...rest,
			});
		},
		entries: async () => {
			const found = new Map<string, CatalogEntry>();
			const newest = (await repository.snapshots(key)).at(-1);
			if (newest) for await (const entry of repository.catalog(newest).entries()) found.set(entry.id, entry);
			return found;
		},
		paths: async () => {
			const entries = await fixture.entries();
			const pathOf = (id: string | undefined): string => {
				const folder = id === undefined ? undefined : entries.get(id);
				return folder ? `${pathOf(folder.parent)}${folder.name}/` : '';
			};
			return [...entries.values()]
				.filter((entry) => entry.type !== 'folder')
				.map((entry) => `${pathOf(entry.parent)}${entry.name}`)
				.sort();
		},
		content: async (entry) => {
			const ref = entry.content?.[0];
			if (!ref) throw new Error(`${entry.id} has no content`);
			return readAll(repository.readContent(key, ref));
		},
		document: async (entry) => {
			if (!entry) throw new Error('No such item in the newest snapshot');
			return JSON.parse((await fixture.content(entry)).toString('utf8')) as Record<string, unknown>;
		},
		stop: () => sim.stop(),
	};
	return fixture;
}
