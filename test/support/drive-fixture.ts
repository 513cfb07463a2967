import type { Ambient } from '../../nodes/M365Backup/base/ambient';
import type { BackUpOptions } from '../../nodes/M365Backup/engine/back-up-options';
import { backUp } from '../../nodes/M365Backup/engine/back-up';
import type { BackUpSummary } from '../../nodes/M365Backup/engine/back-up-summary';
import { exportItem } from '../../nodes/M365Backup/engine/export-items';
import type { GraphClient } from '../../nodes/M365Backup/graph/client';
import { createGraphClient } from '../../nodes/M365Backup/graph/client';
import { Governor } from '../../nodes/M365Backup/graph/governor';
import { fixedToken } from '../../nodes/M365Backup/graph/tokens';
import { sourceKey } from '../../nodes/M365Backup/repository/names';
import type { CatalogEntry, SnapshotRecord, SourceRef } from '../../nodes/M365Backup/repository/records';
import { Repository } from '../../nodes/M365Backup/repository/repository';
import { createMemoryStore } from '../../nodes/M365Backup/stores/memory-store';
import type { Store } from '../../nodes/M365Backup/stores/store';
import type { DriveOptions } from '../../nodes/M365Backup/workloads/drive/drive';
import { driveWorkload } from '../../nodes/M365Backup/workloads/drive/drive';
import type { Drive } from '../simulator/drive-store';
import type { RunningSimulator } from '../simulator/start';
import { startSimulator } from '../simulator/start';
import type { Switches } from '../simulator/switches';
import type { TenantUser } from '../simulator/tenant';
import { readAll } from './read-all';
import { tenantAmbient } from './tenant-ambient';

export type DriveBackUpOptions = Partial<BackUpOptions> &
	Partial<Omit<DriveOptions, 'graph' | 'driveId' | 'ambient'>> & { graphClient?: GraphClient; hoursLater?: number };

/** One OneDrive of a simulated tenant, one repository, and the two brought together as a user would. */
export interface DriveFixture {
	sim: RunningSimulator;
	user: TenantUser;
	drive: Drive;
	source: SourceRef;
	key: string;
	store: Store;
	repository: Repository;
	/** On the tenant's clock: waiting advances it instead of the real one. */
	ambient: Ambient;
	/** A client of its own, with quotas of its own. */
	client(): GraphClient;
	/** An hour later unless said otherwise. */
	backUp(options?: DriveBackUpOptions): Promise<BackUpSummary>;
	newest(): Promise<SnapshotRecord>;
	/** The living items of a snapshot by id; of the newest if none is given. */
	entries(snapshot?: SnapshotRecord): Promise<Map<string, CatalogEntry>>;
	/** The entry of a living file or folder of the newest snapshot, by its path in the drive. */
	entry(path: string, snapshot?: SnapshotRecord): Promise<CatalogEntry>;
	/** Files of a snapshot by path, with their bytes as Export gives them; folders end in `/` and have none. */
	files(snapshot?: SnapshotRecord): Promise<Map<string, string>>;
	/** The same of the drive itself, as it is now. Bytes are read as latin1 text. */
	living(drive?: Drive): Map<string, string>;
	content(entry: CatalogEntry, part?: string): Promise<Buffer>;
	stop(): Promise<void>;
}

export async function driveFixture(options: { switches?: Partial<Switches>; store?: Store; /** In this tenant instead of one of its own. */ sim?: RunningSimulator; userName?: string } = {}): Promise<DriveFixture> {
	const sim = options.sim ?? (await startSimulator({ http: true, users: 0, switches: options.switches ?? {} }));
	const user = sim.tenant.addUser({ displayName: options.userName ?? 'Adele Vance' });
	const drive = user.drive!;
	const { clock } = sim.tenant;
	const ambient = tenantAmbient(sim);
	const store = options.store ?? createMemoryStore({ now: () => clock.now() });
	const repository = await Repository.open(store, ambient, { create: true });
	const source: SourceRef = { workload: 'drive', id: drive.id, name: `${user.userPrincipalName} – OneDrive`, tenantId: sim.tenantId };
	const key = sourceKey(source);
	const client = (): GraphClient =>
		createGraphClient({ graphUrl: sim.graphUrl, tokens: fixedToken(sim.tenant.tokens.issue().token), ambient, governor: new Governor(ambient), tenantId: sim.tenantId });

	const fixture: DriveFixture = {
		sim,
		user,
		drive,
		source,
		key,
		store,
		repository,
		ambient,
		client,
		backUp: async ({ graphClient, hoursLater = 1, scope, title, top, topPath, excludePaths, maxFileBytes, permissions, versions, speed, ...rest } = {}) => {
			clock.advance(hoursLater * 3_600_000);
			const graph = graphClient ?? client();
			const chosen = { scope, title, top, topPath, excludePaths, maxFileBytes, permissions, versions, speed };
			const given = Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined)) as Partial<DriveOptions>;
			return backUp({
				repository,
				source,
				workload: driveWorkload({ graph, driveId: drive.id, ambient, ...given }),
				ambient,
				graph: graph.stats,
				clockSkewMs: () => graph.clockSkewMs(),
				...rest,
			});
		},
		newest: async () => {
			const newest = (await repository.snapshots(key)).at(-1);
			if (!newest) throw new Error('There is no snapshot');
			return newest;
		},
		entries: async (snapshot) => {
			const found = new Map<string, CatalogEntry>();
			const of = snapshot ?? (await repository.snapshots(key)).at(-1);
			if (of) for await (const entry of repository.catalog(of).entries()) found.set(entry.id, entry);
			return found;
		},
		entry: async (path, snapshot) => {
			const entries = await fixture.entries(snapshot);
			const found = [...entries.values()].find((one) => pathOf(entries, one) === path);
			if (!found) throw new Error(`The snapshot has no ${path}`);
			return found;
		},
		files: async (snapshot) => {
			const entries = await fixture.entries(snapshot);
			const found = new Map<string, string>();
			for (const entry of entries.values()) {
				const path = pathOf(entries, entry);
				if (entry.type === 'folder') found.set(`${path}/`, '');
				else found.set(path, entry.content ? (await readAll(exportItem(repository, key, entry).open())).toString('latin1') : `(no content: ${JSON.stringify(entry.meta['skipped'] ?? entry.failed?.reason ?? '?')})`);
			}
			return sorted(found);
		},
		living: (of = drive) => {
			const found = new Map<string, string>();
			for (const node of of.nodes) {
				if (node.state !== 'living' || !node.parent) continue;
				if (node.content) found.set(node.path, (node.servedAs ?? node.content).read(0, (node.servedAs ?? node.content).sizeBytes).toString('latin1'));
				else found.set(`${node.path}/`, '');
			}
			return sorted(found);
		},
		content: async (entry, part) => {
			const ref = entry.content?.find((one) => one.part === part);
			if (!ref) throw new Error(`${entry.id} has no content ${part ?? ''}`);
			return readAll(repository.readContent(key, ref));
		},
		stop: () => sim.stop(),
	};
	return fixture;
}

function pathOf(entries: ReadonlyMap<string, CatalogEntry>, entry: CatalogEntry): string {
	const parent = entry.parent === undefined ? undefined : entries.get(entry.parent);
	if (entry.parent !== undefined && !parent) return `(lost)/${entry.name}`;
	return parent ? `${pathOf(entries, parent)}/${entry.name}` : entry.name;
}

function sorted(map: Map<string, string>): Map<string, string> {
	return new Map([...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
