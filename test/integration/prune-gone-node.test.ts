import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prune } from '../../nodes/M365Backup/actions/snapshot/prune.operation';
import type { SourceRef } from '../../nodes/M365Backup/repository/records';
import { startSimulator, type RunningSimulator } from '../simulator/start';
import { fakeExecution, type FakeExecutionOptions } from '../unit/node/fake-execution';
import { mailRepository, type MailRepository } from '../unit/node/mail-repository';

const DAY_MS = 24 * 3_600_000;

describe('Prune with Remove Sources Gone for N Days, as the node', () => {
	let sim: RunningSimulator;
	let base: string;
	let lea: MailRepository;
	let leaver: SourceRef;

	beforeEach(async () => {
		sim = await startSimulator({ http: true, users: 0 });
		base = await mkdtemp(path.join(tmpdir(), 'm365-gone-'));
		const [one, two] = ['Lea Leaver', 'Kim Keeper'].map((displayName) => sim.tenant.addUser({ displayName }));
		const source = (user: typeof one): SourceRef => ({ workload: 'mailbox', id: user!.id, name: user!.userPrincipalName, tenantId: sim.tenantId });
		leaver = source(one);
		const at = (daysAgo: number) => ({ finishedAt: new Date(Date.now() - daysAgo * DAY_MS).toISOString() });
		lea = await mailRepository(base, [at(102), at(101), at(100)], leaver);
		await mailRepository(base, [at(0.1)], source(two));
		const time = new Date(Date.now() - 100 * DAY_MS);
		for (const name of await readdir(path.join(lea.folder, lea.key))) await utimes(path.join(lea.folder, lea.key, name), time, time);
		sim.tenant.purgeUser(one!);
	});
	afterEach(async () => {
		await sim.stop();
		await rm(base, { recursive: true, force: true });
	});

	const credential = () => ({ tenantId: sim.tenantId, clientId: sim.clientId, clientSecret: sim.clientSecret, cloud: 'custom', loginUrl: sim.loginUrl, graphUrl: sim.graphUrl, requestLimits: 'none' });
	async function run(parameters: Record<string, unknown>, more: Partial<FakeExecutionOptions> = {}) {
		const fake = fakeExecution({
			parameters: { repositoryType: 'localFolder', repositoryFolder: lea.folder, source: { mode: 'list', value: '' }, options: {}, retention: 'days', keepDays: 0, mode: 'prune', removeGone: true, goneDays: 90, ...parameters },
			credentials: { m365BackupMicrosoftApi: credential() },
			...more,
		});
		const items = (await prune.execute.call(fake.context))[0]!.map(({ json }) => json);
		return items.find(({ name }) => name === leaver.name)!;
	}
	const files = async () => readdir(path.join(lea.folder, lea.key));

	it('previews and removes the same, and says which source, its size, when it was last backed up and why', async () => {
		const before = await files();
		const preview = await run({ mode: 'preview' });
		expect(await files()).toEqual(before);
		const real = await run({});
		const { wouldBe, message, ...expected } = preview;
		expect(wouldBe).toBe(true);
		expect(real).toMatchObject(expected);
		expect(real['message']).toBe((message as string).replace('Would remove', 'Removed'));
		expect(real['message']).toMatch(/^lea\.leaver@contoso\.example: Removed 3 of 3 snapshots \(\d+\.\d MB\): it no longer exists in Microsoft 365, and was last backed up on \d{4}-\d\d-\d\d, over 90 days ago; kim\.keeper@contoso\.example of the same tenant is there/);
		expect(real).toMatchObject({ removed: 3, kept: 0, freedFiles: before.length, gone: { decision: 'remove', lastBackedUpAt: lea.snapshots.at(-1)!.finishedAt } });
		expect(real['freedBytes']).toBeGreaterThan(1000);
		expect((await files()).every((name) => name.endsWith('.prune.json'))).toBe(true);
	});

	it('gives each snapshot with its reason', async () => {
		const fake = fakeExecution({
			parameters: { repositoryType: 'localFolder', repositoryFolder: lea.folder, source: { mode: 'list', value: '' }, options: {}, retention: 'days', keepDays: 0, mode: 'preview', output: 'snapshots', removeGone: true, goneDays: 90 },
			credentials: { m365BackupMicrosoftApi: credential() },
		});
		const rows = (await prune.execute.call(fake.context))[0]!.map(({ json }) => json);
		expect(rows.filter(({ name }) => name === leaver.name)).toEqual(Array.from({ length: 3 }, (): unknown => expect.objectContaining({ decision: 'remove', reason: expect.stringMatching(/no longer exists/) })));
		expect(rows.filter(({ name }) => name !== leaver.name)).toMatchObject([{ decision: 'keep' }]);
	});

	it.each([
		['the secret has expired', () => ({ m365BackupMicrosoftApi: { ...credential(), clientSecret: 'wrong' } }), /client secret/],
		['the login service cannot be reached', () => ({ m365BackupMicrosoftApi: { ...credential(), loginUrl: 'http://127.0.0.1:1' } }), /not known: ./],
	])('keeps everything and says so when %s; the policy is carried out all the same', async (_what, credentials, reason) => {
		const item = await run({ retention: 'tiered', tiers: { last: 2 } }, { credentials: credentials() });
		expect(item).toMatchObject({ removed: 1, kept: 2, gone: { decision: 'keep' } });
		expect((item['gone'] as { reason: string }).reason).toMatch(reason);
		expect(item['message']).toMatch(/Removed 1 of 3 snapshots .*\. Not backed up since \d{4}-\d\d-\d\d: whether it still exists is not known: /);
		expect(item['message']).not.toContain('wrong');
	});

	it('keeps sources of another tenant than the credential', async () => {
		const elsewhere = await startSimulator({ http: true, users: 1, seed: 99 });
		try {
			const item = await run({}, { credentials: { m365BackupMicrosoftApi: { ...credential(), tenantId: elsewhere.tenantId, clientId: elsewhere.clientId, clientSecret: elsewhere.clientSecret, loginUrl: elsewhere.loginUrl, graphUrl: elsewhere.graphUrl } } });
			expect(item).toMatchObject({ removed: 0, kept: 3, gone: { decision: 'keep', reason: expect.stringContaining('another tenant') } });
			expect(elsewhere.requestLog.requests).toBe(0);
		} finally {
			await elsewhere.stop();
		}
	});

	it('needs no credential while it is off, and asks nothing', async () => {
		expect(await run({ removeGone: false }, { credentials: {} })).toMatchObject({ removed: 0, kept: 3 });
		expect(await run({ removeGone: false }, { credentials: {} })).not.toHaveProperty('gone');
	});

	it.each([['', '""'], [0, '0'], [1.5, '1.5'], [null, 'null']])('refuses %j days, and removes nothing', async (goneDays, shown) => {
		const before = await files();
		await expect(run({ goneDays })).rejects.toThrow(`N Days is ${shown}`);
		expect(await files()).toEqual(before);
	});

	it('is not for AI agents', async () => {
		await expect(run({}, { isTool: true })).rejects.toThrow('An AI agent may not prune');
	});
});
