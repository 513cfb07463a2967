import { afterEach, describe, expect, it } from 'vitest';
import { Failure } from '../../nodes/M365Backup/base/failure';
import type { SnapshotRecord } from '../../nodes/M365Backup/repository/records';
import type { SiteFixture } from '../support/site-fixture';
import { siteFixture } from '../support/site-fixture';

let fixture: SiteFixture;
afterEach(async () => {
	expect(fixture.sim.misses).toEqual([]);
	expect(fixture.tenant.outbox).toEqual([]);
	await fixture.stop();
});

async function filled(options: Parameters<typeof siteFixture>[0] = {}): Promise<SiteFixture> {
	fixture = await siteFixture(options);
	const { site } = fixture;
	site.addList({ displayName: 'Projects' }).addItem({ Title: 'p' });
	site.addList({ displayName: 'Secrets' }).addItem({ Title: 's' });
	site.library('Documents').drive.addFile('', 'a.txt', 'A');
	site.addLibrary('Contracts').drive.addFile('', 'c.txt', 'C');
	site.addPage({ title: 'Home' });
	return fixture;
}

const EVERYTHING = ['Contracts/c.txt', 'Documents/a.txt', 'Lists/Projects/p', 'Lists/Secrets/s', 'Marketing', 'Site Pages/Home'];

async function newest(): Promise<SnapshotRecord> {
	const record = (await fixture.repository.snapshots(fixture.key)).at(-1);
	if (!record) throw new Error('No snapshot');
	return record;
}

async function stateOf(name: string): Promise<string | undefined> {
	return (await newest()).scopes.find((scope) => scope.name === name)?.state;
}

describe('a site of which something cannot be read', () => {
	it.each(['list', 'library'] as const)('leaves the rest as it is: a forbidden %s', async (what) => {
		const { site } = await filled();
		const name = what === 'list' ? 'Secrets' : 'Contracts';
		const title = what === 'list' ? 'Lists/Secrets' : 'Contracts';
		const path = what === 'list' ? 'Lists/Secrets/s' : 'Contracts/c.txt';
		const forbid = (on: boolean): void => {
			site.list(name).isForbidden = on;
			if (what === 'library') site.library(name).drive.isForbidden = on;
		};
		forbid(true);
		const first = await fixture.backUp();
		// Denied from the start: no part of the backup, with a warning that names the permission.
		expect(first.status).toBe('complete');
		expect(first.warnings.join('\n')).toMatch(new RegExp(`${name}.*(Sites\\.Read\\.All|Files\\.Read\\.All)`));
		expect(await stateOf(title)).toBe('excluded');
		expect(await fixture.paths()).toEqual(EVERYTHING.filter((one) => one !== path));
		forbid(false);
		expect((await fixture.backUp()).status).toBe('complete');
		expect(await fixture.paths()).toEqual(EVERYTHING);
		// Denied later: what is stored stays, and the snapshot says so.
		forbid(true);
		expect((await fixture.backUp()).status).toBe('partial');
		expect(await stateOf(title)).toBe('stale');
		expect(await fixture.paths()).toEqual(EVERYTHING);
		forbid(false);
		expect((await fixture.backUp()).status).toBe('complete');
	});

	it.each([403, 423] as const)('is an error as a whole where the site is locked (%s) or forbidden', async (lockedSiteAnswer) => {
		const { site } = await filled({ switches: { lockedSiteAnswer } });
		await fixture.backUp();
		site.lock = 'noAccess';
		await expect(fixture.backUp()).rejects.toThrow(/Access to this site has been blocked/);
		site.lock = 'readOnly';
		expect((await fixture.backUp()).status).toBe('unchanged');
		site.lock = 'none';
		site.isForbidden = true;
		const failure = await fixture.backUp().catch((error: unknown) => error);
		expect(failure).toBeInstanceOf(Failure);
		expect((failure as Failure).nextStep).toContain('Sites.Read.All');
		expect(await fixture.paths()).toEqual(EVERYTHING);
		site.isForbidden = false;
		expect((await fixture.backUp()).status).toBe('unchanged');
	});

	it('tries a page that Microsoft cannot read again in each run', async () => {
		const { site } = await filled();
		const page = site.addPage({ title: 'Broken' });
		page.isCorrupt = true;
		const first = await fixture.backUp();
		expect(first.changes.failed).toBe(1);
		expect(first.failures).toMatchObject([{ name: 'Broken' }]);
		expect((await fixture.backUp()).changes.failed).toBe(1);
		page.isCorrupt = false;
		expect((await fixture.backUp()).changes).toMatchObject({ failed: 0, updated: 1 });
		expect(await fixture.document((await fixture.entries()).get(`pages-${site.webGuid}/${page.id}`))).toMatchObject({ title: 'Broken' });
		expect((await fixture.backUp()).status).toBe('unchanged');
	});

	it('says what Graph does not give, once, and only where there is such a thing', async () => {
		const { site } = await filled();
		expect((await fixture.backUp()).warnings).toEqual([]);
		const list = site.list('Projects');
		for (let n = 0; n < 5; n++) list.addItem({ Title: `with file ${n}` }).hasAttachments = true;
		expect((await fixture.backUp()).warnings).toEqual(['Lists/Projects: files attached to its items are not in the backup, because Microsoft Graph does not give them']);
		expect((await fixture.backUp()).warnings).toEqual([]);
	});

	it.each(['lists', 'items/delta', 'pages', 'root/delta'])('catches up after %s failed for a run', async (what) => {
		const { site, tenant } = await filled();
		await fixture.backUp();
		site.list('Projects').addItem({ Title: 'later' });
		site.list('Secrets').delete(1);
		site.library('Contracts').drive.addFile('', 'later.txt', 'L');
		site.addPage({ title: 'Later' });
		tenant.faults.script({ match: (_method, path) => path.split('?')[0]!.endsWith(`/${what}`), times: Infinity, do: { status: 500 } });
		const broken = await fixture.backUp();
		expect(broken.status).toBe('partial');
		expect(broken.warnings.length).toBeGreaterThan(0);
		tenant.faults.clear();
		const next = await fixture.backUp();
		expect(next).toMatchObject({ status: 'complete', warnings: [] });
		expect(await fixture.paths()).toEqual([...EVERYTHING.filter((one) => one !== 'Lists/Secrets/s'), 'Lists/Projects/later', 'Contracts/later.txt', 'Site Pages/Later'].sort());
		expect((await fixture.backUp()).status).toBe('unchanged');
	});

	it('takes a site without modern pages as one that has none, and a site that is gone as an error', async () => {
		const { site, tenant } = await filled();
		tenant.faults.script({ match: 'GET /sites/*/pages*', times: Infinity, do: { status: 404 } });
		expect(await fixture.backUp()).toMatchObject({ status: 'complete', warnings: [] });
		expect(await fixture.backUp()).toMatchObject({ status: 'unchanged', warnings: [] });
		expect(await fixture.paths()).toEqual(EVERYTHING.filter((path) => !path.startsWith('Site Pages')));
		tenant.faults.clear();
		await fixture.backUp();
		expect(await fixture.paths()).toEqual(EVERYTHING);
		tenant.sites.delete(site);
		await expect(fixture.backUp()).rejects.toThrow(/could not be found/);
		expect(await fixture.paths()).toEqual(EVERYTHING);
	});

	it('goes on where its subsites are not told', async () => {
		const { site, tenant } = await filled();
		site.addSubsite({ name: 'sub', displayName: 'Sub' }).addList({ displayName: 'Below' }).addItem({ Title: 'b' });
		tenant.faults.script({ match: (_method, path) => path.includes('/sites?'), times: Infinity, do: { status: 403 } });
		const first = await fixture.backUp({ subsites: true });
		expect(first.warnings).toEqual([expect.stringMatching(/^Subsites: .*Sites\.Read\.All/)]);
		expect(await fixture.paths()).toEqual(EVERYTHING);
		tenant.faults.clear();
		await fixture.backUp({ subsites: true });
		const all = [...EVERYTHING, 'Sub/Lists/Below/b', 'Sub/Sub'].sort();
		expect(await fixture.paths()).toEqual(all);
		tenant.faults.script({ match: (_method, path) => path.includes('/sites?'), times: Infinity, do: { status: 500 } });
		expect((await fixture.backUp({ subsites: true })).status).toBe('partial');
		expect(await stateOf('Sub/Lists/Below')).toBe('stale');
		expect(await fixture.paths()).toEqual(all);
	});

	it('compares everything once a month, whatever delta says', async () => {
		const { site } = await filled();
		await fixture.backUp();
		const list = site.list('Projects');
		const more = list.addItem({ Title: 'lost by delta' });
		await fixture.backUp();
		// Gone without a word.
		(list as unknown as { living: Map<number, unknown> }).living.delete(more.id);
		expect((await fixture.backUp()).status).toBe('unchanged');
		expect((await fixture.backUp({ hoursLater: 31 * 24 })).changes).toMatchObject({ deleted: 1 });
		expect(await fixture.paths()).toEqual(EVERYTHING);
	});

	it('compares everything where the newest cursor is lost, since nothing need tell of what came and went meanwhile', async () => {
		const { site, store, key } = await filled();
		await fixture.backUp();
		const list = site.list('Projects');
		const more = list.addItem({ Title: 'came and went' });
		await fixture.backUp();
		const run = (await newest()).id;
		await store.delete([`${key}/cursor.json`, `${key}/${run}.cursor.json`]);
		// As if it had never been: an older link need not tell of it.
		Object.assign(more, { isDeleted: true, lastLogged: -1 });
		(list as unknown as { living: Map<number, unknown> }).living.delete(more.id);
		expect((await fixture.backUp()).changes).toMatchObject({ deleted: 1 });
		expect(await fixture.paths()).toEqual(EVERYTHING);
	});

	it('keeps a list of which nobody can tell whether it is gone', async () => {
		const { site, tenant } = await filled();
		await fixture.backUp();
		const list = site.list('Projects');
		// The listing lost it, and then it does not answer.
		site.lists.splice(site.lists.indexOf(list), 1);
		tenant.faults.script({ match: `GET /sites/*/lists/${list.id}*`, times: Infinity, do: { status: 500 } });
		expect((await fixture.backUp()).status).toBe('partial');
		expect(await fixture.paths()).toEqual(EVERYTHING);
		tenant.faults.clear();
		site.lists.push(list);
		expect((await fixture.backUp()).status).toBe('complete');
		expect(await fixture.paths()).toEqual(EVERYTHING);
	});
});

describe('what happens while a backup runs', () => {
	/** Once, right before the first request that this is about is answered. */
	function before(isIt: (path: string) => boolean, act: () => void): void {
		let done = false;
		fixture.tenant.faults.script({
			match: (_method, path) => {
				if (!done && isIt(path)) {
					done = true;
					act();
				}
				return false;
			},
			do: { status: 500 },
		});
	}

	async function columnsOf(name: string): Promise<unknown> {
		return [...(await fixture.entries()).values()].find((entry) => entry.type === 'file' && entry.name === name)?.meta['columns'];
	}

	it('loses no columns of a file that its drive told of too late', async () => {
		fixture = await siteFixture();
		const library = fixture.site.addLibrary('Contracts', { columns: [{ name: 'Customer', text: {} }] });
		library.drive.addFile('', 'early.txt', 'E');
		await fixture.backUp();
		before(
			(path) => path.includes(`/lists/${library.id}/items/delta`),
			() => {
				library.edit(library.itemOf(library.drive.addFile('', 'late.txt', 'L')), { Customer: 'Late customer' });
				library.edit(library.itemOf(library.drive.item('early.txt')), { Customer: 'Early customer' });
			},
		);
		expect((await fixture.backUp()).status).toBe('complete');
		expect(await columnsOf('early.txt')).toEqual({ Customer: 'Early customer' });
		expect(await columnsOf('late.txt')).toBeUndefined();
		expect((await fixture.backUp()).changes).toMatchObject({ added: 1 });
		expect(await columnsOf('late.txt')).toEqual({ Customer: 'Late customer' });
		expect((await fixture.backUp()).status).toBe('unchanged');
	});

	it('asks no more than once about columns of files that are left out', async () => {
		fixture = await siteFixture();
		const library = fixture.site.addLibrary('Contracts', { columns: [{ name: 'Customer', text: {} }] });
		const options = { excludePaths: ['Old'] };
		await fixture.backUp(options);
		library.edit(library.itemOf(library.drive.addFile('Old', 'x.txt', 'X')), { Customer: 'C' });
		await fixture.backUp(options);
		await fixture.backUp(options);
		fixture.sim.requestLog.reset();
		expect((await fixture.backUp(options)).status).toBe('unchanged');
		expect(fixture.sim.requestLog.requests).toBe(2 * 3 + 3);
		expect(await fixture.paths()).toEqual(['Marketing']);
	});

	it.each(['Projects', 'Contracts'])('a list or library that is deleted while it is read: %s', async (name) => {
		const { site } = await filled();
		await fixture.backUp();
		const list = site.list(name);
		before((path) => path.includes(name === 'Contracts' ? '/root/delta' : '/items/delta'), () => site.deleteList(list));
		expect(['partial', 'complete']).toContain((await fixture.backUp()).status);
		expect((await fixture.backUp()).status).toBe('complete');
		expect((await fixture.paths()).filter((path) => path.includes(name))).toEqual([]);
		expect((await fixture.backUp()).status).toBe('unchanged');
	});

	it('does without the names of people where their list is not given', async () => {
		const { site, owner } = await filled();
		const list = site.addList({ displayName: 'Tasks', columns: [{ name: 'Owner', personOrGroup: {} }] });
		const id = site.ensureUser(owner);
		list.addItem({ Title: 't', Owner: id });
		site.userList.isForbidden = true;
		const first = await fixture.backUp();
		expect(first.status).toBe('complete');
		expect(first.warnings).toEqual([expect.stringContaining('The people of the site could not be read')]);
		expect((await fixture.document((await fixture.entries()).get(`list-${list.id}/1`)))['fields']).toMatchObject({ OwnerLookupId: String(id) });
	});
});

describe('an application with Sites.Selected', () => {
	it('backs up the site that it was granted, and no other', async () => {
		const { site, tenant } = await filled();
		const other = tenant.addSite({ name: 'other', displayName: 'Other' });
		expect(other.grants).toEqual([]);
		const selected = (): string => tenant.tokens.issue({ roles: ['Sites.Selected'] }).token;
		await expect(fixture.backUp({ graphClient: fixture.client(selected()) })).rejects.toThrow();
		site.grantApp(['read']);
		const first = await fixture.backUp({ graphClient: fixture.client(selected()) });
		expect(first).toMatchObject({ status: 'complete', warnings: [] });
		expect(await fixture.paths()).toEqual(EVERYTHING);
	});
});

describe('options', () => {
	it('choose parts; those left out stay as they were', async () => {
		const { site } = await filled();
		expect((await fixture.backUp({ content: ['lists', 'pages'] })).status).toBe('complete');
		expect(await fixture.paths()).toEqual(['Lists/Projects/p', 'Lists/Secrets/s', 'Site Pages/Home']);
		await fixture.backUp();
		expect(await fixture.paths()).toEqual(EVERYTHING);
		site.deleteList(site.list('Secrets'));
		site.library('Documents').drive.addFile('', 'b.txt', 'B');
		expect((await fixture.backUp({ content: ['libraries'] })).status).toBe('complete');
		expect(await stateOf('Lists/Secrets')).toBe('excluded');
		expect(await stateOf('Site Pages')).toBe('excluded');
		expect(await fixture.paths()).toEqual([...EVERYTHING, 'Documents/b.txt'].sort());
		await fixture.backUp();
		expect(await fixture.paths()).toEqual([...EVERYTHING.filter((one) => one !== 'Lists/Secrets/s'), 'Documents/b.txt'].sort());
	});

	it('leave out paths of one library or of all, and large files', async () => {
		const { site } = await filled();
		for (const name of ['Documents', 'Contracts']) {
			const { drive } = site.library(name);
			drive.addFile('Old', 'old.txt', 'O');
			drive.addFile('Temp', 'temp.txt', 'T');
			drive.addFile('', 'large.bin', Buffer.alloc(5000));
		}
		await fixture.backUp({ content: ['libraries'], excludePaths: ['documents/Old', 'Temp'], maxFileBytes: 4000 });
		expect(await fixture.paths()).toEqual(['Contracts/Old/old.txt', 'Contracts/c.txt', 'Documents/a.txt']);
		await fixture.backUp({ content: ['libraries'], excludePaths: ['Contracts'] });
		expect(await fixture.paths()).toEqual(['Documents/Old/old.txt', 'Documents/Temp/temp.txt', 'Documents/a.txt', 'Documents/large.bin']);
	});

	it('bring who may do what, and say which permission that takes', async () => {
		const { site, tenant } = await filled();
		site.grantApp(['write'], '11111111-2222-3333-4444-555555555555', 'Partner app');
		const drive = site.library('Documents').drive;
		tenant.addUser({ displayName: 'Bruno', userPrincipalName: 'bruno@contoso.example', drive: false });
		drive.share(drive.item('a.txt'), { user: 'bruno@contoso.example', role: 'write' });
		const first = await fixture.backUp({ permissions: true });
		expect(first).toMatchObject({ status: 'complete', warnings: [expect.stringContaining('SharePoint groups')] });
		expect(await fixture.backUp({ permissions: true })).toMatchObject({ status: 'unchanged', warnings: [] });
		const entries = await fixture.entries();
		expect((await fixture.document(entries.get(`site-${site.webGuid}/site`)))['permissions']).toMatchObject([{ roles: ['write'], grantedToIdentitiesV2: [{ application: { displayName: 'Partner app' } }] }]);
		expect([...entries.values()].find(({ name }) => name === 'a.txt')?.meta['permissions']).toMatchObject([{ roles: ['write'] }]);
		tenant.roles.revoke('Sites.FullControl.All');
		const refused = await fixture.backUp({ permissions: true });
		expect(refused.warnings.join('\n')).toContain('Sites.FullControl.All');
	});

	it('take the sites below, at any depth, and end those that are gone', async () => {
		const { site } = await filled();
		const events = site.addSubsite({ name: 'events', displayName: 'Events' });
		events.addList({ displayName: 'Guests' }).addItem({ Title: 'g' });
		events.library('Documents').drive.addFile('', 'e.txt', 'E');
		const summer = events.addSubsite({ name: 'summer', displayName: 'Summer' });
		summer.addPage({ title: 'Party' });
		summer.library('Documents').drive.addFile('', 'party.txt', 'P');
		expect((await fixture.backUp()).status).toBe('complete');
		expect(await fixture.paths()).toEqual(EVERYTHING);
		const all = [...EVERYTHING, 'Events/Documents/e.txt', 'Events/Events', 'Events/Lists/Guests/g', 'Events/Summer/Documents/party.txt', 'Events/Summer/Site Pages/Party', 'Events/Summer/Summer'].sort();
		expect(await fixture.backUp({ subsites: true })).toMatchObject({ status: 'complete', warnings: [] });
		expect(await fixture.paths()).toEqual(all);
		expect((await fixture.backUp({ subsites: true })).status).toBe('unchanged');
		expect(await stateOf('Events/Lists/Guests')).toBe('complete');
		// Switched off: kept as it was, and said so.
		await fixture.backUp();
		expect(await fixture.paths()).toEqual(all);
		expect(await stateOf('Events/Lists/Guests')).toBe('excluded');
		expect((await fixture.backUp({ subsites: true })).status).toBe('complete');
		fixture.tenant.sites.delete(summer);
		expect(await fixture.backUp({ subsites: true })).toMatchObject({ status: 'complete', warnings: [] });
		expect(await fixture.paths()).toEqual(all.filter((path) => !path.includes('Summer')));
		fixture.tenant.sites.delete(events);
		expect((await fixture.backUp({ subsites: true })).status).toBe('complete');
		expect(await fixture.paths()).toEqual(EVERYTHING);
		expect([...(await fixture.entries()).keys()].filter((id) => id.includes(events.webGuid))).toEqual([]);
		expect((await fixture.backUp({ subsites: true })).status).toBe('unchanged');
	});
});
