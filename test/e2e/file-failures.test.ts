import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Site } from '../simulator/site-store';
import type { TenantUser } from '../simulator/tenant';
import { nodeRun, type Execution } from './harness/execution';
import type { WorkflowJson } from './harness/n8n-client';
import { chain, ourNode, pick } from './harness/our-node';
import { Stage } from './harness/stage';

/** What n8n shows when something is wrong with a drive or a site: what happened, and what to do. */
describe('failures of drives and sites in a real n8n', () => {
	let stage: Stage;
	let anna: TenantUser;
	let site: Site;
	let common: Record<string, unknown>;

	beforeAll(async () => {
		stage = await Stage.start({ simulator: { users: 1, messages: 2, files: 5, seed: 4 } });
		const { tenant } = stage.simulator;
		tenant.throttle.speed = 1_000;
		anna = tenant.users.find(({ drive }) => drive !== null)!;
		tenant.addUser({ displayName: 'Bob', userPrincipalName: 'bob@contoso.example', drive: false });
		site = tenant.addSite({ name: 'marketing', displayName: 'Marketing', owner: anna });
		site.addList({ displayName: 'Projects', template: 'genericList' }).addItem({ Title: 'Apollo' });
		site.library('Documents').drive.addFile('2026', 'plan.txt', 'Plan');
		common = { repositoryFolder: stage.repositoryFolder };
		for (const node of [
			ourNode('Back Up', 'drive/backUp', { ...common, driveOf: 'user', driveUser: pick(anna.userPrincipalName) }),
			ourNode('Back Up', 'site/backUp', { ...common, site: pick(site.webUrl, 'url') }),
			ourNode('Back Up', 'mailbox/backUp', { ...common, mailbox: pick(anna.userPrincipalName) }),
		]) {
			expect((await run(chain(`first${node.parameters['resource'] as string}`, [node]))).error).toBeUndefined();
		}
	});
	afterAll(async () => stage?.stop());
	afterEach(() => {
		anna.drive!.isForbidden = false;
		site.isForbidden = false;
		stage.simulator.tenant.faults.clear();
	});

	async function run(workflow: WorkflowJson): Promise<Execution> {
		await stage.put(workflow);
		return stage.n8n.client.run(workflow.id, 'Start');
	}

	it.each<[string, string, () => Record<string, unknown>, string, string]>([
		['a user without a OneDrive', 'drive/backUp', () => ({ driveOf: 'user', driveUser: pick('bob@contoso.example') }), 'bob@contoso.example has no OneDrive', 'first opens it'],
		['a library that is not there', 'drive/backUp', () => ({ driveOf: 'library', driveSite: pick(site.webUrl, 'url'), library: pick('Nowhere', 'name') }), 'The site Marketing has no library "Nowhere"', 'Documents'],
		['a site that is not there', 'site/backUp', () => ({ site: pick(`https://${stage.simulator.tenant.host}/sites/nowhere`, 'url') }), '/sites/nowhere', 'recycle bin'],
		['a drive that an expression gives as nothing', 'drive/backUp', () => ({ driveOf: 'drive', drive: pick("={{ '' }}") }), 'No drive was named', 'begins with b!'],
		['a site by a name', 'site/backUp', () => ({ site: pick('marketing', 'url') }), 'neither by a URL nor by an ID', 'https://contoso.sharepoint.com/sites/marketing'],
	])('Back Up of %s says so, and what to do', async (name, what, parameters, message, next) => {
		const failed = await run(chain(`refused${name.replace(/\W/g, '').slice(0, 12)}`, [ourNode('Back Up', what, { ...common, ...parameters() })]));
		expect(failed.status).toBe('error');
		expect(failed.error!.message).toContain(message);
		expect(failed.error!.description).toContain(next);
	});

	it('names the permission where Microsoft refuses a drive or a site', async () => {
		anna.drive!.isForbidden = true;
		site.isForbidden = true;
		const drive = await run(chain('deniedDrive', [ourNode('Back Up', 'drive/backUp', { ...common, driveOf: 'drive', drive: pick(anna.drive!.id) })]));
		expect(`${drive.error!.message} ${drive.error!.description ?? ''}`).toContain('Files.Read.All');
		const whole = await run(chain('deniedSite', [ourNode('Back Up', 'site/backUp', { ...common, site: pick(site.webUrl, 'url') })]));
		expect(`${whole.error!.message} ${whole.error!.description ?? ''}`).toContain('Sites.Read.All');
	});

	it.each<[string, string, Record<string, unknown>, string]>([
		['what a mailbox holds into a site', 'mailbox', { selection: 'everything', destination: 'site', targetSite: 'url', targetFolder: '' }, 'Another Mailbox'],
		['files of a drive into a mailbox', 'drive', { selection: 'everything', destination: 'elsewhere', targetMailbox: 'user', targetFolder: '' }, 'Another Drive or Library'],
		['a whole site into a drive', 'site', { selection: 'everything', destination: 'drive', targetDriveOf: 'user', targetDriveUser: 'user', targetFolder: '' }, 'Another Site'],
		['mail of a site', 'site', { selection: 'kind', kinds: ['mail'], destination: 'original' }, 'Libraries'],
	])('Restore refuses %s before anything is sent', async (name, source, parameters, next) => {
		const sources: Record<string, string> = { mailbox: anna.userPrincipalName, drive: `${anna.userPrincipalName} – OneDrive`, site: 'Marketing' };
		const values: Record<string, unknown> = { url: pick(site.webUrl, 'url'), user: pick(anna.userPrincipalName) };
		const filled = Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, typeof value === 'string' && key !== 'targetDriveOf' && value in values ? values[value] : value]));
		const before = stage.simulator.tenant.sharePoint.requests;
		const failed = await run(chain(`misfit${name.replace(/\W/g, '').slice(0, 12)}`, [ourNode('Restore', 'item/restore', { ...common, mode: 'restore', source: pick(sources[source]!), conflictPolicy: 'skip', ...filled })]));
		expect(failed.status).toBe('error');
		expect(failed.error!.description).toContain(next);
		expect(stage.simulator.tenant.sharePoint.requests).toBe(before);
	});

	it('exports a file under its own name and type, and a list as a table', async () => {
		const found = ourNode('Found', 'item/search', { ...common, source: pick('Marketing'), query: { types: ['file'], subject: 'plan.txt' } });
		const file = ourNode('Export', 'item/export', { ...common, source: pick('Marketing'), selection: 'item', itemId: "={{ $('Found').item.json.id }}", itemSnapshot: "={{ $('Found').item.json.snapshot }}" });
		const one = nodeRun(await run(chain('exportFile', [found, file])), 'Export').items[0]!;
		expect(one.json).toMatchObject({ fileName: 'plan.txt', mimeType: 'text/plain', size: 4 });
		const list = ourNode('Export', 'item/export', { ...common, source: pick('Marketing'), selection: 'folder', folder: pick('Lists/Projects', 'path') });
		const table = nodeRun(await run(chain('exportList', [list])), 'Export').items[0]!;
		expect(table.json).toMatchObject({ mimeType: 'text/csv', items: 1, failed: 0 });
		expect(table.json['fileName']).toMatch(/^Projects \d{4}-\d{2}-\d{2}\.csv$/);
	});
});
