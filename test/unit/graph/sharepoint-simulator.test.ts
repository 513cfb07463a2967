import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realAmbient, type Ambient } from '../../../nodes/M365Backup/base/ambient';
import { createGraphClient, type GraphClient } from '../../../nodes/M365Backup/graph/client';
import { documentedLimits, Governor } from '../../../nodes/M365Backup/graph/governor';
import { fixedToken } from '../../../nodes/M365Backup/graph/tokens';
import type { Drive } from '../../simulator/drive-store';
import type { Site } from '../../simulator/site-store';
import { startSimulator, type RunningSimulator } from '../../simulator/start';
import { collect, rejection } from './fake-graph';

describe('drives and sites of a simulated tenant', () => {
	let sim: RunningSimulator;
	let ambient: Ambient;
	let governor: Governor;
	let drive: Drive;
	let site: Site;

	beforeEach(async () => {
		sim = await startSimulator({ http: true, users: 1 });
		const { clock } = sim.tenant;
		// Waiting advances the tenant's clock instead of the real one.
		ambient = {
			...realAmbient,
			now: () => clock.now(),
			sleep: async (delayMs, signal) => {
				await new Promise((resolve) => setImmediate(resolve));
				signal?.throwIfAborted();
				clock.advance(delayMs);
			},
		};
		governor = new Governor(ambient);
		drive = sim.tenant.users[0]!.drive!;
		site = sim.tenant.addSite({ name: 'marketing', displayName: 'Marketing' });
	});
	afterEach(async () => {
		expect(sim.misses).toEqual([]);
		expect(sim.tenant.leaks).toEqual([]);
		await sim.stop();
	});

	const clientOf = (by = governor, token = sim.token): GraphClient => createGraphClient({ graphUrl: sim.graphUrl, tokens: fixedToken(token), ambient, governor: by, tenantId: sim.tenantId });

	/** Two clients with a mixture of all that a backup and a restore ask for. */
	async function work(rounds: number): Promise<GraphClient[]> {
		const file = drive.addFile('Docs', 'a.txt', 'A');
		const list = site.addList({ displayName: 'Projects' });
		list.addItem({ Title: 'x' });
		const clients = [clientOf(), clientOf()];
		const root = `/drives/${drive.id}`;
		const item = `${root}/items/${drive.idOf(file)}`;
		const round = async (client: GraphClient): Promise<void> => {
			const found = await client.json<Record<string, string>>({ path: item });
			await collect((await client.download(found['@microsoft.graph.downloadUrl']!)).body);
			await collect((await client.stream({ path: `${item}/content` })).body);
			await client.json({ path: `${root}/root/children` });
			await client.json({ path: `${item}/permissions` });
			const page = await client.delta({ kind: 'start', path: `${root}/root/delta` });
			await client.delta({ kind: 'link', url: page.delta! });
			await client.json({ method: 'PATCH', path: item, body: { description: 'new' } });
			await client.json({ path: `/sites/${site.id}/lists/${list.id}/items?$expand=fields` });
			await client.json({ method: 'POST', path: `${item}/createLink`, body: { type: 'view', scope: 'organization' } });
			await collect(
				client.batch([
					{ id: '1', method: 'GET', path: `${item}?$expand=permissions` },
					{ id: '2', method: 'GET', path: `/sites/${site.id}/lists` },
					{ id: '3', method: 'GET', path: `${root}/root:/Docs/a.txt` },
					{ id: '4', method: 'POST', path: `${item}/createLink`, body: { type: 'view', scope: 'organization' } },
				]),
			);
		};
		for (let at = 0; at < rounds; at++) await Promise.all(clients.map(round));
		return clients;
	}

	it('never refuse what the governor lets through, and charge what it counted', async () => {
		const clients = await work(60);
		const units = clients.reduce((sum, { stats }) => sum + stats.resourceUnits, 0);
		expect(units).toBeGreaterThan(1_250 * 3);
		expect(sim.tenant.sharePoint).toMatchObject({ units, refused: 0 });
		expect(clients.reduce((sum, { stats }) => sum + stats.throttledMs, 0)).toBeGreaterThan(120_000);
		expect(clients.every(({ stats }) => stats.retries === 0)).toBe(true);
	});

	it('refuse what others use up, and a client that assumed too much gets over it', async () => {
		governor = new Governor(ambient, { ...documentedLimits, sharePoint: { ...documentedLimits.sharePoint, costPerWindow: 100_000 } });
		sim.tenant.switches.sharePointRefusal = 503;
		const clients = await work(40);
		expect(sim.tenant.sharePoint.refused).toBeGreaterThan(0);
		expect(clients.reduce((sum, { stats }) => sum + stats.retries, 0)).toBeGreaterThan(0);
		expect(clients.every(({ stats }) => stats.retries < 60)).toBe(true);
	});

	it('of a larger tenant let through more', async () => {
		sim.tenant.switches.tenantSize = '5k-15k';
		governor.setTenantSize(sim.tenantId, 10_000);
		const clients = await work(30);
		expect(clients.reduce((sum, { stats }) => sum + stats.throttledMs, 0)).toBe(0);
		expect(sim.tenant.sharePoint.refused).toBe(0);
	});

	it('name the permission that is missing', async () => {
		const path = `/drives/${drive.id}/root/children`;
		const asked = async (roles: string[], request: Parameters<GraphClient['json']>[0]): Promise<unknown> => {
			sim.tenant.roles.set(...roles);
			return await rejection(clientOf(governor, sim.tenant.tokens.issue().token).json(request));
		};
		expect(await asked(['Mail.Read'], { path })).toMatchObject({ kind: 'denied', status: 403, nextStep: expect.stringContaining('Files.Read.All') as string });
		expect(await asked(['Files.Read.All'], { method: 'POST', path, body: { name: 'new', folder: {} } })).toMatchObject({ kind: 'denied', nextStep: expect.stringContaining('Files.ReadWrite.All') as string });
		expect(await asked(['Files.Read.All'], { path: `/sites/${site.id}/lists` })).toMatchObject({ kind: 'denied', nextStep: expect.stringMatching(/Sites\.Read\.All.*Sites\.Selected.*\(read\)/) as string });
		expect(await asked(['Sites.Read.All'], { method: 'POST', path: `/sites/${site.id}/lists`, body: { displayName: 'x', list: { template: 'genericList' } } })).toMatchObject({ kind: 'denied', nextStep: expect.stringContaining('Sites.Manage.All') as string });
		expect(await asked(['Sites.ReadWrite.All'], { path: `/sites/${site.id}/permissions` })).toMatchObject({ kind: 'denied', nextStep: expect.stringContaining('Sites.FullControl.All') as string });
		expect(await asked(['Sites.Selected'], { path: `/sites/${site.id}` })).toMatchObject({ kind: 'denied', nextStep: expect.stringContaining('grant it this site (read)') as string });
		site.grantApp(['read']);
		sim.tenant.roles.set('Sites.Selected');
		expect(await clientOf(governor, sim.tenant.tokens.issue().token).json({ path: `/sites/${site.id}` })).toMatchObject({ displayName: 'Marketing' });
	});

	it.each([423, 403] as const)('that are locked say so with %i, and so does one whose user has none', async (status) => {
		sim.tenant.switches.lockedSiteAnswer = status;
		site.lock = 'noAccess';
		expect(await rejection(clientOf().json({ path: `/sites/${site.id}/lists` }))).toMatchObject({ kind: 'denied', status, title: 'The site is locked', nextStep: expect.stringContaining('SharePoint admin centre') as string });
		const { id } = sim.tenant.addUser({ displayName: 'No Drive', drive: false });
		expect(await rejection(clientOf().json({ path: `/users/${id}/drive` }))).toMatchObject({ kind: 'notFound', title: 'This user has no OneDrive', nextStep: expect.stringContaining('open OneDrive once') as string });
	});
});
