import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { checkMicrosoft, type MicrosoftReport } from '../../nodes/M365Backup/connect/check-microsoft';
import { tenantCredential } from '../e2e/harness/credentials';
import { ALL_ROLES } from '../simulator/permissions';
import { startSimulator, type RunningSimulator } from '../simulator/start';
import { fakeExecution } from '../unit/node/fake-execution';

describe('what Check says about the Microsoft credential', () => {
	let simulator: RunningSimulator;
	beforeAll(async () => {
		simulator = await startSimulator({ users: 2, messages: 3, seed: 1, http: true });
	});
	afterAll(() => simulator.stop());
	afterEach(() => simulator.tenant.roles.set(...ALL_ROLES));

	const check = (more: Record<string, unknown> = {}, signal?: AbortSignal): Promise<MicrosoftReport> =>
		checkMicrosoft.call(fakeExecution({ parameters: {}, credentials: { m365BackupMicrosoftApi: { ...tenantCredential(simulator), ...more } }, ...(signal && { signal }) }).context, 0);
	const one = ({ findings }: MicrosoftReport, name: string) => findings.find((finding) => finding.name === name);
	const bad = ({ findings }: MicrosoftReport): string[] => findings.filter(({ ok }) => ok === false).map(({ name }) => name);

	it('everything it needs is there: tenant, cloud, licences, clock, and what each permission is for', async () => {
		const report = await check({ licences: 5000 });
		expect(bad(report)).toEqual([]);
		expect(report).toMatchObject({ tenantId: simulator.tenantId, settings: { cloud: 'custom', usedFor: 'backupAndRestore', licences: 5000, isUnlimited: false } });
		expect(one(report, 'microsoftClock')).toMatchObject({ ok: true });
		expect(one(report, 'licences')!.detail).toContain('up to 5000 licences');
		expect(report.permissions!.has).toContainEqual({ permission: 'Mail.ReadWrite', neededFor: 'restoring mail' });
		expect(report.permissions!.lacks).toContainEqual({ permission: 'Sites.Manage.All', neededFor: 'restoring lists that are gone, with their columns' });
		expect(report.permissions!.beyondNeed).toContain('Mail.Send');
		expect(one(report, 'morePermissions')).toMatchObject({ ok: true, detail: expect.stringContaining('Mail.Send') as unknown });
	});

	it('a permission that backups need is missing: wrong, and named; that it may come by Exchange is said', async () => {
		simulator.tenant.roles.set('User.ReadBasic.All', 'Calendars.Read');
		const report = await check({ usedFor: 'backup' });
		expect(bad(report)).toEqual(['permissions']);
		expect(one(report, 'permissions')!.detail).toContain('Mail.Read');
		const lack = report.permissions!.lacks.find(({ permission }) => permission === 'Mail.Read');
		expect(lack).toMatchObject({ neededFor: 'backing up mail', note: expect.stringContaining('Exchange RBAC') as unknown });
		expect(report.permissions!.has.map(({ permission }) => permission)).toEqual(['User.ReadBasic.All', 'Calendars.Read']);
	});

	it('an app without any permission gets the whole list, not an error', async () => {
		simulator.tenant.roles.set();
		const report = await check();
		expect(one(report, 'graph')).toMatchObject({ ok: true });
		expect(report.permissions!.has).toEqual([]);
		expect(report.permissions!.lacks.length).toBeGreaterThan(15);
	});

	it.each([
		['a wrong secret', { clientSecret: 'wrong-secret-value' }, 'signIn'],
		['a tenant that does not exist', { tenantId: 'no-such-tenant.example' }, 'signIn'],
		['a login that is not there', { loginUrl: 'http://127.0.0.1:9' }, 'signIn'],
		['a Graph that is not there', { graphUrl: 'http://127.0.0.1:9' }, 'graph'],
		['a value that is impossible', { usedFor: 'anything' }, 'credential'],
	])('%s: says so, with what to do, and no secret', async (_what, more, name) => {
		const report = await check(more);
		expect(bad(report)).toEqual([name]);
		expect(one(report, name)!.advice).toMatch(/\w/);
		expect(report.permissions).toBeNull();
		expect(JSON.stringify(report)).not.toContain('wrong-secret-value');
		expect(JSON.stringify(report)).not.toContain(simulator.clientSecret);
	});

	it.each([10, -10])('a clock that is %i minutes off', async (minutes) => {
		simulator.tenant.clock.advance(minutes * 60_000);
		try {
			const report = await check();
			expect(one(report, 'microsoftClock')).toMatchObject({ ok: false, detail: expect.stringMatching(minutes > 0 ? /6\d\d s behind|59\d s behind/ : /6\d\d s ahead of|59\d s ahead of/) as unknown });
		} finally {
			simulator.tenant.clock.advance(-minutes * 60_000);
		}
	});

	it('only reads', async () => {
		simulator.requestLog.reset();
		await check();
		const routes = [...simulator.requestLog.byRoute.keys()];
		expect(routes.length).toBeGreaterThan(0);
		expect(routes.filter((route) => !route.startsWith('GET '))).toEqual([]);
	});
});
