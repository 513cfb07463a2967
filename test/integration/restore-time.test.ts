import { afterEach, describe, expect, it } from 'vitest';
import type { RestoreProgress } from '../../nodes/M365Backup/engine/restore';
import { restoreTimeMs } from '../../nodes/M365Backup/engine/restore-time';
import { documentedLimits, Governor } from '../../nodes/M365Backup/graph/governor';
import { driveFixture } from '../support/drive-fixture';
import { mailboxFixture } from '../support/mailbox-fixture';
import { MARCH, restoreDrive } from './drive-restore-help';
import { purgeAll, restoreAll } from './restore-help';

const endless = { amount: Number.POSITIVE_INFINITY, windowMs: 1000 };
/** So few that the estimate counts them. */
const countingRequests = { costs: [{ amount: 1, windowMs: 1_000_000 }], uploads: endless };

describe('the estimate of a restore', () => {
	let fixture: { stop(): Promise<void> } | undefined;
	afterEach(async () => {
		await fixture?.stop();
	});

	const estimatedRequests = (workload: 'mailbox' | 'drive', progress: RestoreProgress): number => (restoreTimeMs(workload, progress, countingRequests) / 1_000_000 + 1) / (workload === 'drive' ? 2 : 1);

	it('of a mailbox that is empty now knows from the preview the bytes that go up, and its requests to a third', async () => {
		const at = await mailboxFixture();
		fixture = at;
		let bytes = 0;
		for (let index = 0; index < 150; index++) {
			const mime = `From: a@example.com\r\nTo: b@example.com\r\nSubject: ${index}\r\nMessage-ID: <${index}@example.com>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\n\r\n${'x'.repeat(500 + index)}\r\n`;
			bytes += Buffer.byteLength(mime);
			at.mailbox.addMime('inbox', mime);
		}
		await at.backUp();
		purgeAll(at);
		const seen: RestoreProgress[] = [];
		await restoreAll(at, { mode: 'preview', onProgress: (progress) => seen.push(progress) });
		expect(seen.at(-1)).toMatchObject({ byOutcome: { created: 150 }, uploadBytes: bytes });
		at.sim.requestLog.reset();
		await restoreAll(at);
		const ratio = estimatedRequests('mailbox', seen.at(-1)!) / at.sim.requestLog.requests;
		expect(ratio, `${at.sim.requestLog.requests} requests`).toBeGreaterThan(2 / 3);
		expect(ratio, `${at.sim.requestLog.requests} requests`).toBeLessThan(4 / 3);
	});

	it('of a drive that is empty now knows them, too', async () => {
		const at = await driveFixture();
		fixture = at;
		for (let index = 0; index < 150; index++) at.drive.addFile('Docs', `file ${index}.bin`, 'y'.repeat(1_000), MARCH);
		await at.backUp();
		for (let index = 0; index < 150; index++) at.drive.purge(`Docs/file ${index}.bin`);
		const seen: RestoreProgress[] = [];
		const request = { selection: { kind: 'everything' as const }, onProgress: (progress: RestoreProgress) => seen.push(progress) };
		await restoreDrive(at, { ...request, mode: 'preview' });
		const planned = seen.at(-1)!;
		expect(planned).toMatchObject({ byOutcome: { created: 150 }, uploadBytes: 150_000 });
		at.sim.requestLog.reset();
		await restoreDrive(at, { selection: { kind: 'everything' } });
		const ratio = estimatedRequests('drive', planned) / at.sim.requestLog.requests;
		expect(ratio, `${at.sim.requestLog.requests} requests`).toBeGreaterThan(2 / 3);
		expect(ratio, `${at.sim.requestLog.requests} requests`).toBeLessThan(4 / 3);
	});

	it('is bound by what may be uploaded into a mailbox in five minutes, by requests, or by their pace', () => {
		const governor = new Governor({ now: () => new Date(0), random: () => 0, sleep: () => Promise.resolve(), randomHex: () => '' });
		const quotas = governor.quotas({ kind: 'mailbox', key: 'tenant box' }, 'restore');
		const work = (created: number, uploadBytes: number): RestoreProgress => ({
			results: created,
			byOutcome: { created, movedBack: 0, skipped: 0, replaced: 0, folderCreated: 0, failed: 0 },
			uploadBytes,
		});
		const minuteMs = 60_000;
		// 10 GB of mail are 13.3 GB of JSON: 94 windows.
		expect(restoreTimeMs('mailbox', work(1_000, 10e9), quotas)).toBe((Math.ceil(((10e9 * 4) / 3) / documentedLimits.mailbox.uploadBytesPerWindow) - 1) * 5 * minuteMs);
		expect(restoreTimeMs('mailbox', work(10_000, 1e6), quotas) / minuteMs).toBe(25);
		expect(restoreTimeMs('drive', work(100_000, 1e9), governor.quotas({ kind: 'sharePoint', key: 'tenant' }, 'restore')) / minuteMs).toBe(505);
		expect(restoreTimeMs('mailbox', work(0, 0), quotas)).toBe(0);
	});
});
