import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ambient } from '../../nodes/M365Backup/base/ambient';
import { backUp } from '../../nodes/M365Backup/engine/back-up';
import { holdSnapshot } from '../../nodes/M365Backup/engine/hold';
import { prune, type PruneResult } from '../../nodes/M365Backup/engine/prune';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import { createGraphClient, type GraphClient } from '../../nodes/M365Backup/graph/client';
import { existenceOf } from '../../nodes/M365Backup/graph/existence';
import { Governor } from '../../nodes/M365Backup/graph/governor';
import { fixedToken } from '../../nodes/M365Backup/graph/tokens';
import { sourceKey } from '../../nodes/M365Backup/repository/names';
import type { SourceRef, WorkloadName } from '../../nodes/M365Backup/repository/records';
import { Repository } from '../../nodes/M365Backup/repository/repository';
import { createMemoryStore } from '../../nodes/M365Backup/stores/memory-store';
import { driveWorkload } from '../../nodes/M365Backup/workloads/drive/drive';
import { mailboxWorkload } from '../../nodes/M365Backup/workloads/mailbox/mailbox';
import { siteWorkload } from '../../nodes/M365Backup/workloads/site/site';
import type { Workload } from '../../nodes/M365Backup/workloads/workload';
import type { Site } from '../simulator/site-store';
import { startSimulator, type RunningSimulator } from '../simulator/start';
import type { Tenant, TenantUser } from '../simulator/tenant';
import { tenantAmbient } from '../support/tenant-ambient';
import { plainMail } from '../support/mailbox-fixture';

const DAY_MS = 24 * 3_600_000;
const KINDS: WorkloadName[] = ['mailbox', 'drive', 'site'];

describe('removing sources that are gone, against a tenant', () => {
	let sim: RunningSimulator;
	let tenant: Tenant;
	let ambient: Ambient;
	let repository: Repository;
	let leaver: TenantUser;
	let keeper: TenantUser;
	let site: Site;
	let sources: Record<WorkloadName, SourceRef>;
	let other: SourceRef;

	beforeEach(async () => {
		sim = await startSimulator({ http: true, users: 0 });
		({ tenant } = sim);
		ambient = tenantAmbient(sim);
		leaver = tenant.addUser({ displayName: 'Lea Leaver' });
		keeper = tenant.addUser({ displayName: 'Kim Keeper' });
		site = tenant.addSite({ name: 'project', displayName: 'Project', owner: keeper });
		leaver.mailbox!.addMime('inbox', plainMail('One'));
		keeper.mailbox!.addMime('inbox', plainMail('Two'));
		leaver.drive!.addFile(leaver.drive!.root, 'a.txt', Buffer.from('a'));
		repository = await Repository.open(createMemoryStore({ now: () => tenant.clock.now() }), ambient, { create: true });
		const { tenantId } = sim;
		sources = {
			mailbox: { workload: 'mailbox', id: leaver.id, name: 'Lea', tenantId },
			drive: { workload: 'drive', id: leaver.drive!.id, name: 'Lea – OneDrive', tenantId },
			site: { workload: 'site', id: site.id, name: 'Project', tenantId },
		};
		other = { workload: 'mailbox', id: keeper.id, name: 'Kim', tenantId };
		for (const source of [...Object.values(sources), other]) expect((await run(source)).status).toBe('complete');
	});
	afterEach(() => sim.stop());

	/** Tokens live an hour on the tenant's clock. */
	function client(token = tenant.tokens.issue().token): GraphClient {
		return createGraphClient({ graphUrl: sim.graphUrl, tokens: fixedToken(token), ambient, governor: new Governor(ambient), tenantId: sim.tenantId });
	}

	function workloadOf({ workload, id }: SourceRef, graph: GraphClient): Workload {
		if (workload === 'mailbox') return mailboxWorkload({ graph, mailboxId: id, ambient, content: ['mail'] });
		return workload === 'drive' ? driveWorkload({ graph, driveId: id, ambient }) : siteWorkload({ graph, siteId: id, ambient });
	}

	async function run(source: SourceRef) {
		const graph = client();
		return backUp({ repository, source, workload: workloadOf(source, graph), ambient, graph: graph.stats, clockSkewMs: () => graph.clockSkewMs() });
	}

	async function pruned(options: { days?: number; graph?: GraphClient; dryRun?: boolean } = {}): Promise<Map<string, PruneResult>> {
		const { days = 30, graph = client(), dryRun = false } = options;
		const found = new Map<string, PruneResult>();
		const existence = (source: SourceRef) => existenceOf(graph, source.workload, source.id);
		for await (const result of prune({ repository, policy: {}, zone: 'UTC', dryRun, gone: { days, existence } })) found.set(result.source.name, result);
		return found;
	}

	/** Time passes; only what is named is backed up in the end. */
	async function later(days: number, ...backedUp: SourceRef[]): Promise<void> {
		tenant.clock.advance(days * DAY_MS);
		for (const source of backedUp) expect((await run(source)).status).toMatch(/complete|unchanged/);
	}

	const isThere = async (source: SourceRef): Promise<boolean> => (await repository.snapshotFiles().ids(sourceKey(source))).length > 0;

	function remove(kind: WorkloadName): void {
		if (kind === 'mailbox') tenant.purgeUser(leaver);
		else if (kind === 'drive') tenant.drives.delete(leaver.drive!.id);
		else tenant.sites.delete(site);
	}

	it.each(KINDS)('a %s that is gone for N days goes, and nothing else', async (kind) => {
		remove(kind);
		await later(31, other);
		const dry = await pruned({ dryRun: true });
		const real = await pruned();
		const gone = sources[kind];
		expect(real.get(gone.name)).toEqual({ ...dry.get(gone.name), dryRun: false });
		expect(real.get(gone.name)!.gone).toMatchObject({ decision: 'remove', reason: expect.stringMatching(/^it no longer exists in Microsoft 365, and was last backed up on .*; Kim of the same tenant is there/) });
		expect(await isThere(gone)).toBe(false);
		for (const source of [...Object.values(sources), other]) if (source !== gone) expect(await isThere(source), source.name).toBe(true);
		for (const source of Object.values(sources)) if (source !== gone) expect(real.get(source.name)!.gone).toMatchObject({ decision: 'keep', reason: expect.stringContaining('it exists') });
		expect((await verifyRepository(repository, { deep: true })).damage).toEqual([]);
		expect(sim.misses).toEqual([]);
	});

	it.each(KINDS)('a %s that is gone stays as long as backups try and fail for less than N days', async (kind) => {
		remove(kind);
		await later(29, other);
		const graph = client();
		await expect(backUp({ repository, source: sources[kind], workload: workloadOf(sources[kind], graph), ambient, graph: graph.stats, clockSkewMs: () => graph.clockSkewMs() })).rejects.toMatchObject({ kind: 'notFound' });
		expect((await pruned()).get(sources[kind].name)!.gone).toBeUndefined();
		// The failed try was no sign of life.
		await later(2, other);
		expect((await pruned()).get(sources[kind].name)!.gone?.decision).toBe('remove');
	});

	it('a person in the recycle bin counts as gone from the deletion, and comes back untouched', async () => {
		await later(300);
		tenant.removeUser(leaver);
		await later(20, other);
		const waits = (await pruned()).get('Lea')!;
		expect(waits.gone).toMatchObject({ decision: 'wait', reason: expect.stringMatching(/^it was deleted in Microsoft 365 on \d{4}-\d\d-\d\d, less than 30 days ago$/) });
		expect((await pruned({ days: 14, dryRun: true })).get('Lea')!.gone?.decision).toBe('remove');
		tenant.restoreUser(leaver);
		expect((await pruned({ days: 14 })).get('Lea')!.gone).toMatchObject({ decision: 'keep' });
		expect((await run(sources.mailbox)).status).toBe('unchanged');
	});

	it('a person stays whose deletion cannot be looked up, and the missing permission is named', async () => {
		tenant.purgeUser(leaver);
		tenant.roles.revoke('User.Read.All');
		await later(31, other);
		const { gone } = (await pruned()).get('Lea')!;
		expect(gone).toMatchObject({ decision: 'keep', reason: expect.stringContaining('User.Read.All') });
		expect(await isThere(sources.mailbox)).toBe(true);
	});

	it.each(KINDS)('a %s stays for an expired token, a 403, throttling, a fault, a page of a proxy', async (kind) => {
		remove(kind);
		await later(31, other);
		const expired = tenant.tokens.issue().token;
		const name = sources[kind].name;
		const path = { mailbox: '/users/*', drive: '/drives/*', site: '/sites/*' }[kind];
		const dead = client(expired);
		tenant.tokens.expireAll();
		expect((await pruned({ graph: dead })).get(name)!.gone).toMatchObject({ decision: 'keep', reason: expect.stringContaining('not known') });
		for (const fault of [
			{ status: 403 },
			{ status: 423 },
			{ status: 429, headers: { 'Retry-After': '60' } },
			{ status: 503 },
			{ status: 404, body: '<html>Not here</html>' },
			{ status: 404, body: { error: { code: 'UnknownError', message: '' } } },
			{ status: 404, body: { error: { code: 'MailboxNotEnabledForRESTAPI', message: 'The mailbox is either inactive, soft-deleted, or is hosted on-premise.' } } },
			{ status: 400, body: { error: { code: 'BadRequest', message: 'Tenant does not have a SPO license.' } } },
			{ status: 410, body: { error: { code: 'resyncRequired', message: 'Resync required.' } } },
		]) {
			tenant.faults.script({ match: `GET ${path}`, do: fault, times: Infinity });
			const result = (await pruned()).get(name)!;
			expect(result.gone, JSON.stringify(fault)).toMatchObject({ decision: 'keep', reason: expect.stringMatching(/^whether it still exists is not known: ./) });
			expect(result.remove).toEqual([]);
			tenant.faults.clear();
		}
		// What was in the way is out of it.
		await run(other);
		expect((await pruned()).get(name)!.gone?.decision).toBe('remove');
	});

	it('nothing goes when all rights were taken away, or no other source was backed up within 24 hours', async () => {
		for (const kind of KINDS) remove(kind);
		await later(31);
		for (const kind of KINDS) {
			const name = sources[kind].name;
			expect((await pruned()).get(name)!.gone).toMatchObject({ decision: 'keep', reason: expect.stringContaining('nothing else of the same tenant was backed up completely within 24 hours') });
		}
		await run(other);
		tenant.roles.set('Mail.Read');
		for (const result of (await pruned()).values()) expect(result.remove).toEqual([]);
		for (const source of Object.values(sources)) expect(await isThere(source)).toBe(true);
	});

	it('a licence that was taken away is no deletion', async () => {
		leaver.mailbox = null;
		await later(31, other);
		expect((await pruned()).get('Lea')!.gone).toMatchObject({ decision: 'keep', reason: expect.stringContaining('it exists in Microsoft 365') });
	});

	it('a site whose address has changed is no site that is gone', async () => {
		await later(31, other);
		const moved = { ...sources.site, id: site.id.replace(tenant.host, 'fabrikam.sharepoint.example') };
		tenant.faults.script({ match: 'GET /sites/fabrikam.*', do: { status: 404, body: { error: { code: 'itemNotFound', message: 'Requested site could not be found' } } }, times: Infinity });
		expect(await existenceOf(client(), 'site', moved.id)).toEqual({ state: 'unknown', reason: 'its site collection is there under another address' });
		tenant.sites.delete(site);
		expect(await existenceOf(client(), 'site', moved.id)).toEqual({ state: 'gone' });
	});

	it('a subsite goes while its site stays', async () => {
		const subsite = site.addSubsite({ name: 'team', displayName: 'Team' });
		expect(await existenceOf(client(), 'site', subsite.id)).toEqual({ state: 'exists' });
		tenant.sites.delete(subsite);
		expect(await existenceOf(client(), 'site', subsite.id)).toEqual({ state: 'gone' });
		expect(await existenceOf(client(), 'site', site.id)).toEqual({ state: 'exists' });
	});

	it('a person that was made anew under the same name is another source', async () => {
		tenant.purgeUser(leaver);
		const anew = tenant.addUser({ displayName: 'Lea Leaver', id: tenant.guid('anew'), drive: false });
		anew.mailbox!.addMime('inbox', plainMail('New'));
		const fresh: SourceRef = { workload: 'mailbox', id: anew.id, name: 'Lea (new)', tenantId: sim.tenantId };
		await later(31, other, fresh);
		const results = await pruned();
		expect(results.get('Lea')!.gone?.decision).toBe('remove');
		expect(results.get('Lea (new)')!).toMatchObject({ keep: [{}], remove: [] });
		expect([await isThere(sources.mailbox), await isThere(fresh)]).toEqual([false, true]);
	});

	it('what is held stays, restorable', async () => {
		const [held] = await repository.snapshots(sourceKey(sources.mailbox));
		await holdSnapshot(repository, { key: sourceKey(sources.mailbox), id: held!.id, by: 'legal', reason: 'case 4711' });
		tenant.purgeUser(leaver);
		await later(31, other);
		expect((await pruned()).get('Lea')).toMatchObject({ gone: { decision: 'remove' }, keep: [{ id: held!.id, reasons: ['held by legal: case 4711'] }], remove: [] });
		expect((await verifyRepository(repository, { deep: true })).damage).toEqual([]);
	});

	it('costs no request for sources that are backed up, and one or two for each that is not', async () => {
		await later(31, ...Object.values(sources), other);
		const quiet = client();
		await pruned({ graph: quiet });
		expect(quiet.stats.requests).toBe(0);
		for (const kind of KINDS) remove(kind);
		await later(31, other);
		const asking = client();
		await pruned({ graph: asking, dryRun: true });
		// Two for each that is gone, and one for the witness.
		expect(asking.stats.requests).toBe(2 + 1 + 2 + 1);
	});
});
