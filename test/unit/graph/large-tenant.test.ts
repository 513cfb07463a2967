import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import { createGraphClient, type GraphClient } from '../../../nodes/M365Backup/graph/client';
import { Governor } from '../../../nodes/M365Backup/graph/governor';
import { listUsers } from '../../../nodes/M365Backup/graph/list-users';
import { fixedToken } from '../../../nodes/M365Backup/graph/tokens';
import { startSimulator, type RunningSimulator } from '../../simulator/start';

const USERS = 50_000;

describe('a tenant of 50,000 users', { timeout: 120_000 }, () => {
	let simulator: RunningSimulator;
	let graph: GraphClient;

	beforeAll(async () => {
		simulator = await startSimulator({ http: true, users: 0 });
		const { tenant } = simulator;
		for (let n = 0; n < USERS; n++) tenant.addUser({ displayName: `User ${n}`, mailbox: false, mail: `user.${n}@contoso.example`, accountEnabled: n % 10 !== 0 });
		tenant.groups.add({ displayName: 'Everybody', members: [...tenant.users] });
		graph = createGraphClient({ graphUrl: simulator.graphUrl, tokens: fixedToken(simulator.token), ambient: realAmbient, governor: new Governor(realAmbient) });
	}, 60_000);
	afterAll(() => simulator?.stop());

	it('is listed in one request for 999 users, never with more than one page in memory', async () => {
		simulator.requestLog.reset();
		const pages: number[] = [];
		const held: WeakRef<object>[] = [];
		let most = 0;
		for await (const page of listUsers(graph, {}, { seesAccounts: true })) {
			pages.push(page.length);
			held.push(new WeakRef(page));
			if (pages.length % 10 === 0) {
				await new Promise((resolve) => setImmediate(resolve));
				collectGarbage();
				most = Math.max(most, held.filter((ref) => ref.deref() !== undefined).length);
			}
		}
		expect(pages.reduce((a, b) => a + b, 0)).toBe(USERS);
		expect(Math.max(...pages)).toBe(999);
		expect(simulator.requestLog.requests).toBe(Math.ceil(USERS / 999));
		expect(most).toBeLessThanOrEqual(3);
	});

	it.each([
		['that Graph sorts out', { enabled: false, domains: ['contoso.example'] }, 5000, Math.ceil(5000 / 999)],
		['that is sorted out here, in a group', { groups: ['Everybody'], enabled: false, names: ['user 1*0'] }, 1111, Math.ceil(USERS / 999) + 1],
	])('takes no request a user for a filter %s', async (_, wanted, found, requests) => {
		simulator.requestLog.reset();
		let count = 0;
		for await (const page of listUsers(graph, wanted)) count += page.length;
		expect({ count, requests: simulator.requestLog.requests }).toEqual({ count: found, requests });
	});

	it('is left off as soon as enough was found', async () => {
		simulator.requestLog.reset();
		for await (const page of listUsers(graph, {})) if (page.length > 0) break;
		expect(simulator.requestLog.requests).toBe(1);
	});
});

/** The tests run without `--expose-gc`. */
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
