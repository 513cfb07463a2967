import { describe, expect, it } from 'vitest';
import type { BackUpSummary } from '../../../nodes/M365Backup/engine/back-up-summary';
import { sayBytes, summaryMessage } from '../../../nodes/M365Backup/engine/back-up-summary';

const base: Omit<BackUpSummary, 'message'> = {
	status: 'complete',
	source: { workload: 'mailbox', id: 'u', name: 'Ada Lovelace', tenantId: 't' },
	snapshot: null,
	changes: { added: 12, updated: 1, deleted: 0, failed: 0, skipped: 0 },
	totals: { items: 2410, bytes: 123_400_000 },
	stored: { files: 3, bytes: 1_250_000 },
	failures: [],
	warnings: [],
	anomaly: { flagged: false, reasons: [] },
	graph: { requests: 0, calls: 0, throttledSeconds: 0, retries: 0 },
	durationSeconds: 1,
	hasMore: false,
	stoppedBy: null,
};
const failure = { name: 'x', reason: 'The message is damaged in the mailbox', since: '2026-11-20T00:00:00Z', attempts: 3 };

describe('the line for a chat', () => {
	it.each([
		['a good day', base, 'Ada Lovelace: backed up; 12 added, 1 updated; 2,410 items (123 MB) protected; 1.3 MB stored'],
		[
			'an unusual day',
			{ ...base, anomaly: { flagged: true, reasons: ['400 of 1,000 items were deleted since the last backup (40 %)'], held: '20261121T100000Z-0000' } },
			'Ada Lovelace: backed up; 12 added, 1 updated; 2,410 items (123 MB) protected; 1.3 MB stored; UNUSUAL: 400 of 1,000 items were deleted since the last backup (40 %); the snapshot 20261121T100000Z-0000 from before is held',
		],
		['nothing new', { ...base, status: 'unchanged' as const }, 'Ada Lovelace: nothing has changed; 2,410 items (123 MB) protected'],
		[
			'a day on which a part was refused',
			{ ...base, warnings: ['Tasks: Access is denied. Grant Tasks.Read.All'] },
			'Ada Lovelace: backed up; 12 added, 1 updated; 2,410 items (123 MB) protected; 1.3 MB stored; WARNING: Tasks: Access is denied. Grant Tasks.Read.All',
		],
		[
			'two warnings and nothing new',
			{ ...base, status: 'unchanged' as const, warnings: ['First', 'Second'] },
			'Ada Lovelace: nothing has changed; 2,410 items (123 MB) protected; 2 WARNINGs, the first: First',
		],
		[
			'a bad day',
			{ ...base, status: 'partial' as const, failures: [failure] },
			'Ada Lovelace: INCOMPLETE; 12 added, 1 updated; 2,410 items (123 MB) protected; 1 item could not be read; The message is damaged in the mailbox',
		],
		[
			'more to come',
			{ ...base, status: 'partial' as const, hasMore: true },
			'Ada Lovelace: not finished yet; 12 added, 1 updated so far; 2,410 items (123 MB) protected; the next run goes on from here',
		],
		[
			'more to come, and how much',
			{ ...base, status: 'partial' as const, hasMore: true, timeLeft: { items: 90_000, seconds: 21_000 } },
			"Ada Lovelace: not finished yet; 12 added, 1 updated so far; 2,410 items (123 MB) protected; about 6 h of running left at this tenant's quotas; the next run goes on from here",
		],
		[
			'a second run',
			{ ...base, status: 'alreadyRunning' as const },
			'Ada Lovelace: another backup of this mailbox is running, so this one did nothing',
		],
	])('of %s', (_day, summary, line) => {
		expect(summaryMessage(summary)).toBe(line);
	});

	it.each([
		[0, '0 bytes'],
		[999, '999 bytes'],
		[1000, '1.0 KB'],
		[999_999, '1.0 MB'],
		[99_500_000, '100 MB'],
		[1.5e12, '1.5 TB'],
	])('says %d bytes as %s', (bytes, said) => {
		expect(sayBytes(bytes)).toBe(said);
	});
});
