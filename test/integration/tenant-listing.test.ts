import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { getMany as getDrives } from '../../nodes/M365Backup/actions/drive/get-many.operation';
import { getMany as getMailboxes } from '../../nodes/M365Backup/actions/mailbox/get-many.operation';
import type { Operation } from '../../nodes/M365Backup/actions/operation';
import { backUp as backUpSite } from '../../nodes/M365Backup/actions/site/back-up.operation';
import { getMany as getSites } from '../../nodes/M365Backup/actions/site/get-many.operation';
import { sourceKey } from '../../nodes/M365Backup/repository/names';
import type { SourceRef } from '../../nodes/M365Backup/repository/records';
import { Repository } from '../../nodes/M365Backup/repository/repository';
import { startSimulator, type RunningSimulator } from '../simulator/start';
import type { TenantUser } from '../simulator/tenant';
import { fakeExecution, type FakeExecution, type FakeExecutionOptions } from '../unit/node/fake-execution';
import { mailRepository } from '../unit/node/mail-repository';

const DAY_MS = 24 * 3_600_000;

describe('Get Many of mailboxes, drives and sites, as the node', () => {
	let sim: RunningSimulator;
	let base: string;
	let anna: TenantUser;
	let bruno: TenantUser;

	beforeEach(async () => {
		sim = await startSimulator({ http: true, users: 0 });
		base = await mkdtemp(path.join(tmpdir(), 'm365-listing-'));
		const { tenant } = sim;
		anna = tenant.addUser({ displayName: 'Anna Berg' });
		bruno = tenant.addUser({ displayName: 'Bruno Costa', accountEnabled: false });
		tenant.addUser({ displayName: 'Info', shared: true });
		tenant.addUser({ displayName: 'Nobody', mailbox: false });
		tenant.groups.add({ displayName: 'Backup', members: [anna, bruno] });
	});
	afterEach(async () => {
		await sim.stop();
		await rm(base, { recursive: true, force: true });
	});

	const folder = (): string => path.join(base, 'repository');
	const credential = () => ({ tenantId: sim.tenantId, clientId: sim.clientId, clientSecret: sim.clientSecret, cloud: 'custom', loginUrl: sim.loginUrl, graphUrl: sim.graphUrl, requestLimits: 'none' });
	const execution = (parameters: Record<string, unknown>, more: Partial<FakeExecutionOptions> = {}): FakeExecution =>
		fakeExecution({
			parameters: { returnAll: true, drivesOf: 'users', repositoryType: 'localFolder', repositoryFolder: folder(), options: {}, ...parameters },
			credentials: { m365BackupMicrosoftApi: credential() },
			...more,
		});
	async function list(operation: Operation, parameters: Record<string, unknown>, more: Partial<FakeExecutionOptions> = {}): Promise<Record<string, unknown>[]> {
		return (await operation.execute.call(execution(parameters, more).context))[0]!.map(({ json }) => json);
	}
	const names = async (filters: Record<string, unknown>, operation = getMailboxes) => (await list(operation, { filters })).map((json) => json['displayName'] ?? json['name']);
	const mailbox = (user: TenantUser): SourceRef => ({ workload: 'mailbox', id: user.id, name: user.userPrincipalName, tenantId: sim.tenantId });
	const ago = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString();

	it('tells enough about each mailbox, and asks no mailbox about itself', async () => {
		expect(await list(getMailboxes, { filters: { name: 'anna*' } })).toEqual([
			{ id: anna.id, displayName: 'Anna Berg', name: 'Anna Berg', userPrincipalName: 'anna.berg@contoso.example', mail: 'anna.berg@contoso.example', address: 'anna.berg@contoso.example', enabled: true, licensed: true },
		]);
		expect(sim.requestLog.requests).toBe(1);
	});

	it.each<[Record<string, unknown>, string[]]>([
		[{}, ['Anna Berg', 'Bruno Costa', 'Info', 'Nobody']],
		[{ account: 'disabled' }, ['Bruno Costa', 'Info']],
		[{ account: 'any', kinds: ['user'] }, ['Anna Berg', 'Bruno Costa']],
		[{ kinds: ['shared', 'room'] }, ['Info']],
		[{ account: 'disabled', kinds: ['user'] }, ['Bruno Costa']],
		[{ licence: 'any' }, ['Anna Berg', 'Bruno Costa']],
		[{ licence: 'ENTERPRISEPACK, SPE_E5', group: 'backup' }, ['Anna Berg', 'Bruno Costa']],
		[{ group: 'Backup', exclude: 'anna.berg@contoso.example' }, ['Bruno Costa']],
		[{ exclude: 'Info\nNobody\r\nb*' }, ['Anna Berg']],
		[{ domain: '@contoso.example', startsWith: 'I' }, ['Info']],
		[{ domain: 'elsewhere.example' }, []],
	])('finds mailboxes by %j', async (filters, found) => {
		expect(await names(filters)).toEqual(found);
	});

	it('says what kind each is where that was asked for', async () => {
		expect((await list(getMailboxes, { filters: { kinds: ['shared', 'user'] } })).map(({ kind }) => kind)).toEqual(['user', 'user', 'shared']);
	});

	it('stops at the limit, and refuses what makes no sense before anything is sent', async () => {
		expect(await list(getMailboxes, { returnAll: false, limit: 2 })).toHaveLength(2);
		sim.requestLog.reset();
		await expect(list(getMailboxes, { filters: { account: 'maybe' } })).rejects.toThrow('no sort of account "maybe"');
		await expect(list(getMailboxes, { filters: { kinds: ['robot'] } })).rejects.toThrow('no kind of mailbox "robot"');
		await expect(list(getSites, { filters: { archived: 'perhaps' } })).rejects.toThrow('Archived is "perhaps"');
		expect(sim.requestLog.requests).toBe(0);
	});

	it('names the permission that a filter lacks', async () => {
		sim.tenant.roles.set('User.ReadBasic.All');
		expect((await list(getMailboxes, {})).map(({ enabled }) => enabled)).toEqual([undefined, undefined, undefined, undefined]);
		const denied = async (filters: Record<string, unknown>) => list(getMailboxes, { filters }).catch((error: unknown) => `${(error as Error).message} ${String((error as { description?: string }).description)}`);
		expect(await denied({ account: 'enabled' })).toContain('User.Read.All');
		expect(await denied({ licence: 'any' })).toContain('User.Read.All');
		expect(await denied({ group: 'Backup' })).toContain('GroupMember.Read.All');
		expect(await denied({ kinds: ['user'] })).toContain('MailboxSettings.Read');
	});

	describe('with the last backups', () => {
		const look = { lookUpLastBackup: true };

		it('knows of none where there is no repository yet', async () => {
			expect((await list(getMailboxes, { ...look, notBackedUpDays: 1, includeGone: true })).map(({ status, lastBackup }) => [status, lastBackup])).toEqual(Array.from({ length: 4 }, () => ['exists', null]));
		});

		it('tells time, status and age, by what a quiet run confirmed as well, and whether it is held', async () => {
			await mailRepository(base, [{ finishedAt: ago(9) }, { finishedAt: ago(5), status: 'partial' }], mailbox(anna));
			const b = await mailRepository(base, [{ finishedAt: ago(9) }], mailbox(bruno));
			const key = sourceKey(mailbox(bruno));
			const cursor = await b.repository.cursor(key);
			await b.repository.writeCurrentCursor(key, { ...cursor!, checkedAt: ago(2.5) });
			const found = await list(getMailboxes, look);
			expect(found.map(({ displayName, lastBackup }) => [displayName, lastBackup])).toMatchObject([
				['Anna Berg', { status: 'partial', daysAgo: 5, completeAt: expect.stringContaining(ago(9).slice(0, 16)) as string, held: false }],
				['Bruno Costa', { status: 'complete', daysAgo: 2, held: false }],
				['Info', null],
				['Nobody', null],
			]);
			expect((await list(getMailboxes, { ...look, notBackedUpDays: 4 })).map(({ displayName }) => displayName)).toEqual(['Anna Berg', 'Info', 'Nobody']);
			expect(await list(getMailboxes, { ...look, notBackedUpDays: 2, filters: { group: 'Backup' } })).toHaveLength(2);
			await expect(list(getMailboxes, { ...look, notBackedUpDays: -1 })).rejects.toThrow('Not Backed Up Since is -1');
		});

		it('reports who is gone and changes nothing; who is merely left out by a filter is not gone', async () => {
			await mailRepository(base, [{ finishedAt: ago(3) }], mailbox(anna));
			await mailRepository(base, [{ finishedAt: ago(3) }], mailbox(bruno));
			await mailRepository(base, [{ finishedAt: ago(3) }], { ...mailbox(bruno), id: sim.tenant.guid('another'), tenantId: sim.tenant.guid('other tenant') });
			sim.tenant.removeUser(bruno);
			const before = await readdir(folder(), { recursive: true });
			const gone = { id: bruno.id, name: bruno.userPrincipalName, status: 'gone', goneSince: expect.stringMatching(/^20\d\d-/) as string, lastBackup: { status: 'complete', daysAgo: 3 } };
			const found = await list(getMailboxes, { ...look, includeGone: true, filters: { startsWith: 'info' } });
			expect(found.map(({ name, status }) => [name, status])).toEqual([['Info', 'exists']]);
			expect((await list(getMailboxes, { ...look, includeGone: true, filters: { licence: 'none', kinds: ['shared'] } })).map(({ name, status }) => [name, status])).toEqual([['Info', 'exists'], [bruno.userPrincipalName, 'gone']]);
			expect((await list(getMailboxes, { ...look, includeGone: true })).at(-1)).toMatchObject(gone);
			expect(await list(getMailboxes, { ...look, includeGone: true, filters: { exclude: 'bruno*' } })).toHaveLength(3);
			expect(await list(getMailboxes, look)).toHaveLength(3);
			expect(await readdir(folder(), { recursive: true })).toEqual(before);
			// A user that is restored was never lost.
			sim.tenant.restoreUser(bruno);
			expect((await list(getMailboxes, { ...look, includeGone: true })).map(({ status }) => status)).toEqual(['exists', 'exists', 'exists', 'exists']);
		});

		it('calls nobody gone of whom that is not certain', async () => {
			await mailRepository(base, [{ finishedAt: ago(3) }], mailbox(bruno));
			sim.tenant.removeUser(bruno);
			sim.tenant.roles.set('User.ReadBasic.All');
			expect((await list(getMailboxes, { ...look, includeGone: true })).at(-1)).toMatchObject({ name: bruno.userPrincipalName, status: 'unknown', reason: expect.stringContaining('User.Read.All') as string });
		});

		it('asks about nobody whom the filters leave out anyway', async () => {
			const many = Array.from({ length: 15 }, (_, n) => sim.tenant.addUser({ displayName: `Person ${n}` }));
			for (const user of [bruno, ...many]) await mailRepository(base, [{ finishedAt: ago(1) }], { workload: 'drive', id: user.drive!.id, name: `${user.userPrincipalName} – OneDrive`, tenantId: sim.tenantId });
			for (const user of [bruno, many[3]!]) {
				sim.tenant.removeUser(user);
				sim.tenant.drives.delete(user.drive!.id);
			}
			sim.requestLog.reset();
			const found = await list(getDrives, { ...look, includeGone: true, filters: { startsWith: 'b' } });
			expect(found.map(({ name, status }) => [name, status])).toEqual([['bruno.costa@contoso.example – OneDrive', 'gone']]);
			// The list, and the one drive that fits.
			expect(sim.requestLog.requests).toBe(2);
		});

		it('looks into the repository for no more than the limit lets through', async () => {
			for (let n = 0; n < 60; n++) sim.tenant.addUser({ displayName: `Person ${n}`, mailbox: false });
			await mailRepository(base, [{ finishedAt: ago(1) }], mailbox(bruno));
			const looks = vi.spyOn(Repository.prototype, 'newest');
			try {
				expect((await list(getMailboxes, { ...look, returnAll: false, limit: 2 })).map(({ displayName, lastBackup }) => [displayName, lastBackup !== null])).toEqual([['Anna Berg', false], ['Bruno Costa', true]]);
				expect(looks.mock.calls.length).toBeLessThanOrEqual(8);
				looks.mockClear();
				expect((await list(getMailboxes, { ...look, notBackedUpDays: 9, filters: { name: 'bruno*\ninfo\nperson*' }, returnAll: false, limit: 20 })).map(({ displayName }) => displayName)).toEqual(['Info', ...Array.from({ length: 19 }, (_, n) => `Person ${n}`)]);
			} finally {
				looks.mockRestore();
			}
		});

		it('looks at the whole tenant once where a filter leaves many out, instead of asking about each', async () => {
			const many = Array.from({ length: 30 }, (_, n) => sim.tenant.addUser({ displayName: `Person ${n}`, mailbox: false }));
			for (const user of many) await mailRepository(base, [{ finishedAt: ago(1) }], mailbox(user));
			sim.tenant.removeUser(many[7]!);
			sim.requestLog.reset();
			const found = await list(getMailboxes, { ...look, includeGone: true, filters: { group: 'Backup' } });
			expect(found.map(({ name }) => name)).toEqual(['Anna Berg', 'Bruno Costa', 'person.7@contoso.example']);
			// The group, its members, everybody's ids, and the one that is missing: there, and in the recycle bin.
			expect(sim.requestLog.requests).toBe(5);
		});
	});

	describe('of drives and sites', () => {
		it('finds OneDrives by who their users are, leaves out drives by URL, and reports those gone', async () => {
			expect(await names({ account: 'disabled' }, getDrives)).toEqual(['Bruno Costa']);
			expect(await names({ group: 'Backup', exclude: `*${bruno.userPrincipalName.replace(/[^a-z]/g, '_')}*` }, getDrives)).toEqual(['Anna Berg']);
			const drive = bruno.drive!;
			await mailRepository(base, [{ finishedAt: ago(1) }], { workload: 'drive', id: drive.id, name: `${bruno.userPrincipalName} – OneDrive`, tenantId: sim.tenantId });
			expect((await list(getDrives, { lookUpLastBackup: true, includeGone: true })).map(({ owner, status, lastBackup, enabled }) => [owner, status, (lastBackup as { daysAgo: number } | null)?.daysAgo, enabled])).toEqual([
				['anna.berg@contoso.example', 'exists', undefined, true],
				['bruno.costa@contoso.example', 'exists', 1, false],
			]);
			sim.tenant.removeUser(bruno);
			sim.tenant.drives.delete(drive.id);
			expect((await list(getDrives, { lookUpLastBackup: true, includeGone: true, filters: { domain: 'contoso.example' } })).map(({ name, status }) => [name, status])).toEqual([
				['anna.berg@contoso.example – OneDrive', 'exists'],
				['bruno.costa@contoso.example – OneDrive', 'gone'],
			]);
		});

		describe('that are gone', () => {
			const gone = async (filters: Record<string, unknown>): Promise<unknown[]> => (await list(getSites, { lookUpLastBackup: true, includeGone: true, filters })).filter(({ status }) => status !== 'exists').map(({ name, webUrl, status }) => [name, webUrl, status]);
			let webUrl: string;

			beforeEach(async () => {
				const site = sim.tenant.addSite({ name: 'project-x', displayName: 'Ger\u00e4te' });
				webUrl = site.webUrl;
				expect(await list(backUpSite, { site: site.id, options: { useAnyway: true } })).toMatchObject([{ status: 'complete' }]);
				sim.tenant.sites.delete(site);
			});

			it.each<[Record<string, unknown>, boolean]>([
				[{}, true],
				[{ name: '*/sites/project-*' }, true],
				[{ name: 'Gera\u0308te' }, true],
				[{ name: '*/sites/project-y' }, false],
				[{ nameContains: '/sites/project' }, true],
				[{ nameContains: 'Gera\u0308te https' }, true],
				[{ nameContains: 'marketing' }, false],
				[{ exclude: '*/sites/project-*' }, false],
				[{ exclude: 'Gera\u0308te' }, false],
				[{ exclude: '*/sites/other-*' }, true],
			])('sites are chosen by %j as they were while they lived', async (filters, isListed) => {
				expect(await gone(filters)).toEqual(isListed ? [['Ger\u00e4te', webUrl, 'gone']] : []);
			});

			it.each<[Record<string, unknown>, string[]]>([
				[{}, ['Marketing/Contracts', 'Marketing/Photos']],
				[{ name: 'contr*' }, ['Marketing/Contracts']],
				[{ startsWith: 'Photos' }, ['Marketing/Photos']],
				[{ exclude: 'marketing/ph*' }, ['Marketing/Contracts']],
			])('libraries are told of with those of their site that live, by %j', async (filters, expected) => {
				const site = sim.tenant.addSite({ name: 'marketing', displayName: 'Marketing' });
				for (const [n, name] of ['Marketing/Contracts', 'Marketing/Photos', 'HR/Contracts', 'anna.berg@contoso.example – OneDrive'].entries()) {
					await mailRepository(base, [{ finishedAt: ago(1) }], { workload: 'drive', id: `b!${'gone'.repeat(15)}${n}`, name, tenantId: sim.tenantId });
				}
				const found = await list(getDrives, { drivesOf: 'site', driveSite: site.id, lookUpLastBackup: true, includeGone: true, filters });
				expect(found.filter(({ status }) => status === 'gone').map(({ name }) => name).sort()).toEqual(expected);
			});

			it('sites whose URL the backup does not know are chosen by their names alone', async () => {
				await rm(folder(), { recursive: true });
				await mailRepository(base, [{ finishedAt: ago(1) }], { workload: 'site', id: `${sim.tenant.host},${sim.tenant.guid('a')},${sim.tenant.guid('b')}`, name: 'HR', tenantId: sim.tenantId });
				expect(await gone({})).toEqual([['HR', undefined, 'gone']]);
				expect(await gone({ name: 'hr' })).toEqual([['HR', undefined, 'gone']]);
				expect(await gone({ name: '*/sites/*' })).toEqual([]);
			});

			it('sites are told of though their lists of items are damaged: then their URL is not known', async () => {
				for (const file of await readdir(folder(), { recursive: true })) if (file.includes('.segment')) await writeFile(path.join(folder(), file), 'damaged');
				expect(await gone({})).toEqual([['Ger\u00e4te', undefined, 'gone']]);
			});
		});

		describe('where a OneDrive cannot be read', () => {
			const unreadable = (user: TenantUser, code: string, status: number) => ({
				error: expect.any(String) as string,
				message: expect.stringContaining(user.userPrincipalName) as string,
				details: { user: { id: user.id, displayName: user.displayName, userPrincipalName: user.userPrincipalName }, code, status, nextStep: expect.any(String) as string },
			});

			it.each<[string, number, (user: TenantUser) => void]>([
				['accessDenied', 403, (user) => (user.drive!.isForbidden = true)],
				['resourceLocked', 423, (user) => (user.drive!.isLocked = true)],
			])('lists the others, and it with its reason (%s, %d), with and without Continue On Fail', async (code, status, break_) => {
				const carla = sim.tenant.addUser({ displayName: 'Carla' });
				break_(bruno);
				for (const continueOnFail of [false, true]) {
					const run = execution({}, { continueOnFail });
					const items = (await getDrives.execute.call(run.context))[0]!;
					expect(items.map(({ json }) => json['id'])).toEqual([anna.drive!.id, carla.drive!.id, undefined]);
					expect(items.at(-1)).toMatchObject({ json: unreadable(bruno, code, status), pairedItem: { item: 0 } });
					expect(Object.keys(items.at(-1)!.json).sort()).toEqual(['details', 'error', 'message']);
					expect(run.hints).toEqual([{ message: expect.stringMatching(/^1 OneDrive could not be read/) as string, type: 'warning', location: 'outputPane' }]);
				}
			});

			it('stops where none of them all can be read: the credential may not read drives', async () => {
				for (const { drive } of [anna, bruno]) drive!.isForbidden = true;
				await expect(list(getDrives, {})).rejects.toMatchObject({ message: expect.stringContaining(anna.userPrincipalName) as string, httpCode: '403' });
				expect(await list(getDrives, {}, { continueOnFail: true })).toMatchObject([unreadable(anna, 'accessDenied', 403), unreadable(bruno, 'accessDenied', 403)]);
			});

			it('stops at nothing where all that can be read is left out by a filter', async () => {
				bruno.drive!.isForbidden = true;
				expect(await list(getDrives, { filters: { exclude: anna.drive!.id } })).toMatchObject([unreadable(bruno, 'accessDenied', 403)]);
			});
		});

		it('finds sites by name and URL, knows archived ones, and when each was backed up', async () => {
			const { tenant } = sim;
			const [hr] = ['hr', 'project-a', 'project-b', 'old'].map((name) => tenant.addSite({ name, displayName: name.toUpperCase() }));
			const old = [...tenant.sites.each()].find(({ name }) => name === 'old')!;
			old.archiveStatus = 'fullyArchived';
			expect(await names({ name: '*/sites/project-*' }, getSites)).toEqual(['PROJECT-A', 'PROJECT-B']);
			expect(await names({ name: 'project-?', exclude: '*-b' }, getSites)).toEqual(['PROJECT-A']);
			expect(await names({ archived: 'yes' }, getSites)).toEqual(['OLD']);
			expect(await names({ archived: 'no', nameContains: 'sites/' }, getSites)).toEqual(['HR', 'PROJECT-A', 'PROJECT-B']);
			expect((await list(getSites, { filters: { archived: 'yes' } }))[0]).toMatchObject({ isArchived: true });
			old.archiveStatus = 'reactivating';
			expect(await names({ archived: 'yes' }, getSites)).toEqual([]);
			await mailRepository(base, [{ finishedAt: ago(1) }], { workload: 'site', id: hr!.id, name: 'HR', tenantId: sim.tenantId });
			expect((await list(getSites, { lookUpLastBackup: true, notBackedUpDays: 2, filters: { nameContains: '/sites/' } })).map(({ name }) => name)).toEqual(['PROJECT-A', 'PROJECT-B', 'OLD']);
		});
	});
});
