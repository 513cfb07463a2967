import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGraphClient } from '../../nodes/M365Backup/graph/client';
import { Governor } from '../../nodes/M365Backup/graph/governor';
import { fixedToken } from '../../nodes/M365Backup/graph/tokens';
import { GeneratedContent } from '../simulator/drive-content';
import { startSimulator, type RunningSimulator } from '../simulator/start';
import { driveFixture } from '../support/drive-fixture';

const MB = 1024 * 1024;
let sim: RunningSimulator;

beforeEach(async () => {
	sim = await startSimulator({ http: true, users: 0, latencyMs: 100 });
});
afterEach(() => sim.stop());

describe('drives of one tenant that are backed up at once', () => {
	it('do not wait for one another for ever, where each holds the next large file ready and needs a version of this one', async () => {
		const fixtures = [];
		for (let n = 0; n < 10; n++) {
			const fixture = await driveFixture({ sim, userName: `User ${n}` });
			for (let file = 0; file < 2; file++) {
				const node = fixture.drive.addFile('', `${file}.bin`, new GeneratedContent(100 * n + file, 6 * MB));
				fixture.drive.edit(node, new GeneratedContent(1000 + 100 * n + file, 6 * MB));
			}
			fixtures.push(fixture);
		}
		const [{ ambient }] = fixtures as [(typeof fixtures)[number]];
		const governor = new Governor(ambient);
		const summaries = await Promise.all(
			fixtures.map((fixture) => {
				const graphClient = createGraphClient({ graphUrl: sim.graphUrl, tokens: fixedToken(sim.tenant.tokens.issue().token), ambient, governor, tenantId: sim.tenantId });
				return fixture.backUp({ graphClient, versions: 1, hoursLater: 0 });
			}),
		);
		expect(sim.requestLog.count('GET /drives/{id}/items/{id}/versions/{id}/content')).toBe(20);
		for (const [n, fixture] of fixtures.entries()) {
			expect(summaries[n]).toMatchObject({ status: 'complete', changes: { added: 2, failed: 0 }, warnings: [] });
			expect(await fixture.files()).toEqual(fixture.living());
		}
	});
});
