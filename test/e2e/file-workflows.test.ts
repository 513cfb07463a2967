import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DriveNode } from '../simulator/drive-node';
import type { Drive } from '../simulator/drive-store';
import { fillSite } from '../simulator/site-generate';
import type { Site } from '../simulator/site-store';
import type { TenantUser } from '../simulator/tenant';
import { nodeRun, type Execution } from './harness/execution';
import { fileHash } from './harness/file-hash';
import { swapped } from './harness/our-node';
import { setFields, workflowForHere } from './harness/shipped-workflows';
import { Stage } from './harness/stage';

const oneDrive = 'nightly-onedrive-backup.json';
const sites = 'nightly-site-backup.json';
const asItWas = 'folder-as-it-was.json';
const canvas: [string, boolean][] = [
	['as shipped', false],
	['with branches swapped on the canvas', true],
];

describe('the workflows for drives and sites in a real n8n', () => {
	let stage: Stage;
	let people: TenantUser[];
	let marketing: Site;
	let recovery: Site;

	beforeAll(async () => {
		stage = await Stage.start({ simulator: { users: 3, messages: 1, files: 20, seed: 5, switches: { tenantSize: '50k+' } }, requestLimits: 'none' });
		const { tenant } = stage.simulator;
		tenant.throttle.speed = 1_000;
		tenant.addUser({ displayName: 'No Drive', userPrincipalName: 'nodrive@contoso.example', drive: false });
		people = tenant.users.filter(({ drive }) => drive !== null);
		marketing = tenant.addSite({ name: 'marketing', displayName: 'Marketing', owner: people[0]! });
		fillSite(marketing, { seed: 3, files: 5, lists: 2, items: 4, pages: 2 });
		recovery = tenant.addSite({ name: 'recovery', displayName: 'Recovery', owner: people[0]! });
	});
	afterAll(async () => stage?.stop());
	beforeEach(() => {
		stage.mailServer.mails.length = 0;
		for (const { drive } of people) drive!.isForbidden = false;
		marketing.isForbidden = false;
	});

	async function run(file: string, swap: boolean, fields: Record<string, unknown> = {}): Promise<Execution> {
		const here = await workflowForHere(file, stage.n8n.filesFolder);
		if (Object.keys(fields).length > 0) setFields(here, 'What and Where', fields);
		const workflow = swap ? swapped(here) : here;
		await stage.put(workflow);
		return stage.n8n.client.run(workflow.id, 'Run by Hand');
	}
	const mail = () => stage.mailServer.mails[0]!;
	const statuses = (execution: Execution) => nodeRun(execution, 'Back Up').items.map(({ json }) => json['status']);

	describe(oneDrive, () => {
		it('backs up the OneDrive of everybody who has one, and sends one short mail', async () => {
			const execution = await run(oneDrive, false);
			expect(execution.error).toBeUndefined();
			expect(statuses(execution)).toEqual(people.map(() => 'complete'));
			const names = nodeRun(execution, 'Back Up').items.map(({ json }) => (json['source'] as { name: string }).name);
			expect(names.sort()).toEqual(people.map(({ userPrincipalName }) => `${userPrincipalName} – OneDrive`).sort());
			expect(stage.mailServer.mails).toHaveLength(1);
			expect(mail().subject).toBe(`OneDrive backup: all fine (${people.length})`);
			expect(mail().text).toMatch(/^All drives \(\d+\) are backed up: [1-9]\d* new, \d+ changed, \d+ deleted items\.\s*$/);
			expect(stage.simulator.tenant.outbox).toEqual([]);
			expect(stage.simulator.misses).toEqual([]);
		});

		it('finds nothing to do the next night', async () => {
			expect(statuses(await run(oneDrive, true))).toEqual(people.map(() => 'unchanged'));
			expect(mail().text).toContain('0 new, 0 changed, 0 deleted');
		});

		it.each(canvas)('on a bad day says which drive and why, and ends in an error: %s', async (_name, swap) => {
			const victim = people[1]!;
			victim.drive!.isForbidden = true;
			const execution = await run(oneDrive, swap);
			expect([execution.status, execution.lastNode]).toEqual(['error', 'Stop and Error']);
			expect(statuses(execution)).toEqual(people.slice(1).map(() => 'unchanged'));
			expect(stage.mailServer.mails).toHaveLength(1);
			expect(mail().subject).toBe(`OneDrive backup: 1 of ${people.length} need attention`);
			expect(mail().text).toContain(victim.userPrincipalName);
			expect(mail().text).toContain('Files.Read.All');
			expect(mail().text).toContain(`The others (${people.length - 1}) are backed up.`);
		});

		it('sends the mail even if nothing could be listed', async () => {
			stage.simulator.tenant.faults.script({ match: 'GET /users', times: Infinity, do: { status: 403 } });
			try {
				const execution = await run(oneDrive, false);
				expect([execution.status, execution.lastNode]).toEqual(['error', 'Stop and Error']);
				expect(mail().text).toContain('User.ReadBasic.All');
			} finally {
				stage.simulator.tenant.faults.clear();
			}
		});
	});

	describe(sites, () => {
		it('backs up every site but those behind OneDrives, and sends one short mail', async () => {
			const execution = await run(sites, false);
			expect(execution.error).toBeUndefined();
			const names = nodeRun(execution, 'Back Up').items.map(({ json }) => (json['source'] as { name: string }).name);
			expect(names).toEqual(expect.arrayContaining(['Marketing', 'Recovery']));
			expect(names.filter((name) => people.some(({ displayName }) => displayName === name))).toEqual([]);
			expect(new Set(statuses(execution))).toEqual(new Set(['complete']));
			expect(mail().subject).toBe(`Site backup: all fine (${names.length})`);
			expect(stage.simulator.tenant.outbox).toEqual([]);
			expect(stage.simulator.misses).toEqual([]);
		});

		it('finds nothing to do the next night', async () => {
			expect(new Set(statuses(await run(sites, true)))).toEqual(new Set(['unchanged']));
		});

		it.each(canvas)('on a bad day says which site and why, and ends in an error: %s', async (_name, swap) => {
			marketing.isForbidden = true;
			const execution = await run(sites, swap);
			expect([execution.status, execution.lastNode]).toEqual(['error', 'Stop and Error']);
			expect(mail().subject).toMatch(/^Site backup: 1 of \d+ need attention$/);
			expect(mail().text).toContain(marketing.webUrl);
			expect(mail().text).toMatch(/Sites\.Read\.All|Files\.Read\.All/);
			expect(mail().text).toMatch(/The others \(\d+\) are backed up\./);
		});
	});

	describe(asItWas, () => {
		let asOf: string;
		let wanted: Map<string, string>;
		const library = () => recovery.library('Documents').drive;
		/** SharePoint writes its own properties into some sorts of files on upload: of those, only the names are compared. */
		const told = (drive: Drive, file: DriveNode): string => (/\.(docx|xlsx|pptx|pdf|jpg)$/.test(file.name) ? 'rewritten' : fileHash(drive, drive.idOf(file)));
		const pathsIn = (folder: string): Map<string, string> =>
			new Map([...library().files()].filter(({ path }) => path.startsWith(folder)).map((file) => [file.path.slice(folder.length + 1), told(library(), file)]));

		beforeAll(async () => {
			marketing.isForbidden = false;
			const { drive } = marketing.library('Contracts');
			wanted = new Map([...drive.files()].map((file) => [file.path, told(drive, file)]));
			asOf = new Date().toISOString();
			for (const file of [...drive.files()]) drive.edit(file, 'Everything is different now');
			drive.addFile('', 'new.txt', 'Not there then');
			expect(new Set(statuses(await run(sites, false)))).toContain('complete');
		});
		const fields = (approved: boolean) => ({ backupOf: 'Marketing', folder: 'Contracts', asOf, targetSite: recovery.webUrl, targetLibrary: 'Documents', targetFolder: 'As it was', approved });

		it('previews without changing anything, until it is approved', async () => {
			const execution = await run(asItWas, false, fields(false));
			expect(execution.error).toBeUndefined();
			expect(nodeRun(execution, 'What Would Happen').items[0]!.json['message']).toMatch(new RegExp(`^${wanted.size} files new, \\d+ folders new, 0 there already, 0 set back, 0 failed$`));
			expect(execution.runs.has('Restore')).toBe(false);
			expect([...library().files()]).toEqual([]);
		});

		it('puts every file of the folder into the other library, with the bytes that it had then', async () => {
			const execution = await run(asItWas, false, fields(true));
			expect(execution.error).toBeUndefined();
			expect(nodeRun(execution, 'What Happened').items[0]!.json).toMatchObject({ failed: 0 });
			expect(pathsIn('As it was')).toEqual(wanted);
			expect(stage.simulator.tenant.outbox).toEqual([]);
		});

		it('adds nothing the second time, also with branches swapped on the canvas', async () => {
			const execution = await run(asItWas, true, fields(true));
			expect(execution.error).toBeUndefined();
			expect(new Set(nodeRun(execution, 'Restore').items.map(({ json }) => json['outcome']))).toEqual(new Set(['skipped']));
			expect(pathsIn('As it was')).toEqual(wanted);
		});

		it.each(canvas)('says in the words of the node what is wrong, and restores nothing: %s', async (_name, swap) => {
			const execution = await run(asItWas, swap, { ...fields(true), targetLibrary: 'Nowhere' });
			expect(execution.status).toBe('error');
			expect(execution.error!.message).toBe('The site Recovery has no library "Nowhere"');
			expect(execution.error!.description).toContain('Documents');
			expect(pathsIn('As it was')).toEqual(wanted);
		});
	});
});
