import { afterEach, describe, expect, it } from 'vitest';
import type { BackUpSummary } from '../../nodes/M365Backup/engine/back-up-summary';
import type { SourceQuotas } from '../../nodes/M365Backup/engine/time-left';
import { createGraphClient, type GraphClient } from '../../nodes/M365Backup/graph/client';
import { documentedLimits, Governor, type LaneName } from '../../nodes/M365Backup/graph/governor';
import { fixedToken } from '../../nodes/M365Backup/graph/tokens';
import { GeneratedContent } from '../simulator/drive-content';
import { driveFixture } from '../support/drive-fixture';
import { siteFixture } from '../support/site-fixture';
import { mailboxFixture } from '../support/mailbox-fixture';

/** So much smaller than Microsoft's, that few items take long; in windows of a minute, which the fixtures' clocks skip. */
const mailboxRequests = 60;
const sharePointUnits = 100;

interface Fixture {
	sim: { graphUrl: string; token: string; tenantId: string };
	ambient: { now(): Date };
	source: { id: string };
	stop(): Promise<void>;
}

describe('the estimate of an initial copy that a limit stopped', () => {
	let fixture: Fixture | undefined;
	afterEach(async () => {
		await fixture?.stop();
	});

	function throttled(at: Fixture & { ambient: ConstructorParameters<typeof Governor>[0] }, lane: (at: Fixture) => LaneName): { graphClient: GraphClient; quotas: SourceQuotas } {
		const { ambient, sim } = at;
		const governor = new Governor(ambient, {
			...documentedLimits,
			mailbox: { ...documentedLimits.mailbox, costPerWindow: mailboxRequests, windowMs: 60_000 },
			sharePoint: { ...documentedLimits.sharePoint, costPerWindow: sharePointUnits },
		});
		governor.setBackupShare(sim.tenantId, 0.8);
		const graphClient = createGraphClient({ graphUrl: sim.graphUrl, tokens: fixedToken(sim.token), ambient, governor, tenantId: sim.tenantId });
		const name = lane(at);
		return { graphClient, quotas: { ...governor.quotas(name, 'backup'), countedIn: name.kind === 'mailbox' ? 'requests' : 'resourceUnits' } };
	}

	/** Runs until all is stored; `real` is what the clock says of the runs after the first one. */
	async function finish(at: Fixture, run: () => Promise<BackUpSummary>): Promise<{ first: BackUpSummary; realSeconds: number; last: BackUpSummary }> {
		const first = await run();
		const began = at.ambient.now().getTime();
		let last = first;
		for (let runs = 0; last.hasMore && runs < 30; runs++) last = await run();
		return { first, last, realSeconds: (at.ambient.now().getTime() - began) / 1000 };
	}

	it('of a mailbox is right to a minute and a tenth, on the throttled clock of the tenant', async () => {
		const at = await mailboxFixture();
		fixture = at;
		for (let index = 0; index < 600; index++) at.mailbox.addMime('inbox', `From: a@example.com\r\nTo: b@example.com\r\nSubject: ${index}\r\nMessage-ID: <${index}@example.com>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\n\r\n${'x'.repeat(500)}\r\n`);
		const { graphClient, quotas } = throttled(at, ({ source, sim }) => ({ kind: 'mailbox', key: `${sim.tenantId} ${source.id}` }));
		const { first, last, realSeconds } = await finish(at, () => at.backUp({ graphClient, quotas, graph: graphClient.stats, hoursLater: 0, stopAfter: { bytes: 100_000 } }));
		expect(first).toMatchObject({ hasMore: true, timeLeft: { items: expect.any(Number) as number } });
		expect(first.message).toMatch(/about \d+ (min|h) of running left at this tenant's quotas; the next run goes on from here$/);
		expect(last.status).toBe('complete');
		expect(last.timeLeft).toBeUndefined();
		expect(Math.abs(first.timeLeft!.items! + first.totals.items - last.totals.items)).toBeLessThan(30);
		expect(realSeconds).toBeGreaterThan(300);
		expect(Math.abs(first.timeLeft!.seconds - realSeconds)).toBeLessThan(60 + realSeconds / 10);
	});

	it('of a drive is right to a minute and a tenth', async () => {
		const at = await driveFixture();
		fixture = at;
		for (let index = 0; index < 500; index++) at.drive.addFile('Docs', `${index}.bin`, new GeneratedContent(index, 1_000));
		const { graphClient, quotas } = throttled(at, ({ sim }) => ({ kind: 'sharePoint', key: sim.tenantId }));
		const { first, last, realSeconds } = await finish(at, () => at.backUp({ graphClient, quotas, graph: graphClient.stats, hoursLater: 0, stopAfter: { bytes: 100_000 } }));
		expect(first).toMatchObject({ hasMore: true, timeLeft: { bytes: expect.any(Number) as number } });
		expect(first.timeLeft!.bytes! + first.totals.bytes).toBe(500_000);
		expect(last.status).toBe('complete');
		expect(realSeconds).toBeGreaterThan(200);
		expect(Math.abs(first.timeLeft!.seconds - realSeconds)).toBeLessThan(60 + realSeconds / 10);
	});

	it('of a site counts the files of all its libraries, and of the sites below it', async () => {
		const at = await siteFixture();
		fixture = at;
		const below = at.site.addSubsite({ name: 'projects', displayName: 'Projects' });
		for (const library of [at.site.addLibrary('Contracts'), at.site.addLibrary('Offers'), below.addLibrary('Plans')]) {
			for (let index = 0; index < 160; index++) library.drive.addFile('Docs', `${index}.bin`, new GeneratedContent(index, 1_000));
		}
		const { graphClient, quotas } = throttled(at, ({ sim }) => ({ kind: 'sharePoint', key: sim.tenantId }));
		const { first, last, realSeconds } = await finish(at, () => at.backUp({ subsites: true, graphClient, quotas, graph: graphClient.stats, hoursLater: 0, stopAfter: { bytes: 150_000 } }));
		expect(first).toMatchObject({ hasMore: true, timeLeft: { bytes: expect.any(Number) as number } });
		expect(Math.abs(first.timeLeft!.bytes! + first.totals.bytes - 480_000)).toBeLessThan(20_000);
		expect(last.status).toBe('complete');
		expect(realSeconds).toBeGreaterThan(200);
		expect(Math.abs(first.timeLeft!.seconds - realSeconds)).toBeLessThan(60 + realSeconds / 10);
	});
});
