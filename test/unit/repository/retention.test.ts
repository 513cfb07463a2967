import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyRetention, type RetentionPolicy } from '../../../nodes/M365Backup/repository/retention';
import { cpuTimer } from '../../support/cpu-time';

const UTC = 'UTC';

function at(...times: string[]) {
	return times.map((time) => ({ id: time, time: time.includes('T') ? time : `${time}T12:00:00Z` }));
}

function kept(snapshots: readonly { id: string; time: string }[], policy: RetentionPolicy, zone = UTC): string[] {
	return applyRetention(snapshots, policy, zone).keep.map(({ id }) => id);
}

/** Noon of so many days up to 22 November 2026, newest first. */
function days(count: number) {
	return at(...Array.from({ length: count }, (_, index) => new Date(Date.UTC(2026, 10, 22 - index, 12)).toISOString()));
}

describe('applyRetention', () => {
	it('keeps everything without a policy', () => {
		const result = applyRetention(days(3), {}, UTC);
		expect(result.remove).toEqual([]);
		expect(result.keep).toHaveLength(3);
	});

	it('has nothing to say about nothing', () => {
		expect(applyRetention([], { daily: 3 }, UTC)).toEqual({ keep: [], remove: [] });
	});

	it('keeps the newest of each day, with the reason', () => {
		const snapshots = at('2026-11-22T08:00:00Z', '2026-11-22T20:00:00Z', '2026-11-21T20:00:00Z', '2026-11-20T01:00:00Z', '2026-11-19T01:00:00Z');
		expect(applyRetention(snapshots, { daily: 2 }, UTC)).toEqual({
			keep: [
				{ id: '2026-11-22T20:00:00Z', reasons: ['daily snapshot'] },
				{ id: '2026-11-21T20:00:00Z', reasons: ['daily snapshot'] },
			],
			remove: ['2026-11-22T08:00:00Z', '2026-11-20T01:00:00Z', '2026-11-19T01:00:00Z'],
		});
	});

	it('keeps the oldest, too, as long as a count is left', () => {
		const snapshots = at('2026-11-22T20:00:00Z', '2026-11-22T09:00:00Z', '2026-11-22T08:00:00Z');
		expect(applyRetention(snapshots, { daily: 5 }, UTC).keep).toEqual([
			{ id: '2026-11-22T20:00:00Z', reasons: ['daily snapshot'] },
			{ id: '2026-11-22T08:00:00Z', reasons: ['oldest daily snapshot'] },
		]);
	});

	it('counts days in the time zone given, not in UTC', () => {
		// 23:30 UTC is 00:30 of the next day in Berlin.
		const snapshots = at('2026-11-22T10:00:00Z', '2026-11-21T23:30:00Z', '2026-11-21T10:00:00Z', '2026-11-20T10:00:00Z', '2026-11-19T10:00:00Z');
		expect(kept(snapshots, { daily: 2 }, UTC)).toEqual(['2026-11-22T10:00:00Z', '2026-11-21T23:30:00Z']);
		expect(kept(snapshots, { daily: 2 }, 'Europe/Berlin')).toEqual(['2026-11-22T10:00:00Z', '2026-11-21T10:00:00Z']);
	});

	it('takes the hour that the autumn change repeats for one hour, as the wall clock does', () => {
		const snapshots = at('2026-10-25T01:30:00Z', '2026-10-25T00:30:00Z', '2026-10-24T22:30:00Z', '2026-10-24T21:30:00Z');
		expect(kept(snapshots, { hourly: 2 }, 'Europe/Berlin')).toEqual(['2026-10-25T01:30:00Z', '2026-10-24T22:30:00Z']);
	});

	it('counts weeks by ISO: 3 January 2027 is still of 2026', () => {
		expect(kept(at('2027-01-04', '2027-01-03', '2026-12-28', '2026-12-27', '2026-12-01'), { weekly: 2 })).toEqual([
			'2027-01-04',
			'2027-01-03',
		]);
	});

	it('joins kinds: a snapshot may be kept for several reasons', () => {
		const result = applyRetention(days(400), { daily: 7, weekly: 4, monthly: 12, yearly: -1 }, UTC);
		expect(result.keep[0]?.reasons).toEqual(['daily snapshot', 'weekly snapshot', 'monthly snapshot', 'yearly snapshot']);
		expect(result.keep.filter(({ reasons }) => reasons.includes('daily snapshot'))).toHaveLength(7);
		expect(result.keep.filter(({ reasons }) => reasons.includes('weekly snapshot'))).toHaveLength(4);
		expect(result.keep.filter(({ reasons }) => reasons.includes('monthly snapshot'))).toHaveLength(12);
		expect(result.keep.filter(({ reasons }) => reasons.some((reason) => reason.endsWith('yearly snapshot')))).toHaveLength(3);
	});

	it('keeps what lies within a time of the newest, without its far end', () => {
		const snapshots = days(10);
		expect(kept(snapshots, { within: 'P3D' })).toEqual(snapshots.slice(0, 3).map(({ id }) => id));
		expect(kept(snapshots, { within: 'PT49H' })).toHaveLength(3);
		expect(kept(snapshots, { within: 'P1W' })).toHaveLength(7);
	});

	it('goes back months as restic does: 31 March less a month is 3 March', () => {
		const snapshots = at('2026-03-31', '2026-03-04', '2026-03-03', '2026-02-28');
		expect(kept(snapshots, { within: 'P1M' })).toEqual(['2026-03-31', '2026-03-04']);
	});

	it.each([
		[{ daily: -2 }, UTC],
		[{ daily: 1.5 }, UTC],
		[{ within: '30 days' }, UTC],
		[{ within: 'P0D' }, UTC],
		[{ daily: 1 }, 'Europe/Nowhere'],
	])('refuses %j in %s', (policy, zone) => {
		expect(() => applyRetention(days(1), policy, zone)).toThrow(expect.objectContaining({ kind: 'invalid' }));
	});

	it('never loses a snapshot, keeps the newest whatever is asked, and keeps more for a larger policy', () => {
		const count = fc.integer({ min: 0, max: 6 });
		fc.assert(
			fc.property(
				fc.uniqueArray(fc.integer({ min: 0, max: 3_000_000 }), { minLength: 1, maxLength: 40 }),
				fc.record({ last: count, hourly: count, daily: count, weekly: count, monthly: count, yearly: count }),
				fc.constantFrom('UTC', 'Europe/Berlin', 'Pacific/Apia', 'America/New_York'),
				(minutes, policy, zone) => {
					const snapshots = minutes.map((minute) => ({ id: String(minute), time: new Date(Date.UTC(2021, 0) + minute * 60_000).toISOString() }));
					const { keep, remove } = applyRetention(snapshots, policy, zone);
					expect([...keep.map(({ id }) => id), ...remove].sort()).toEqual(snapshots.map(({ id }) => id).sort());
					expect(keep.map(({ id }) => id)).toContain(String(Math.max(...minutes)));
					const larger = applyRetention(snapshots, { ...policy, daily: (policy.daily || 0) + 1, within: 'P5D' }, zone);
					for (const { id, reasons } of keep) {
						// The oldest one is kept only while a count is left.
						if (reasons.every((reason) => reason.startsWith('oldest'))) continue;
						expect(larger.keep.map((one) => one.id)).toContain(id);
					}
				},
			),
		);
	});

	it('plans 10,000 snapshots in a second', () => {
		const snapshots = Array.from({ length: 10_000 }, (_, index) => ({ id: String(index), time: new Date(Date.UTC(2020, 0) + index * 3_600_000).toISOString() }));
		const spentMs = cpuTimer();
		applyRetention(snapshots, { hourly: 24, daily: 7, weekly: 5, monthly: 12, yearly: -1, within: 'P2D' }, 'Europe/Berlin');
		expect(spentMs()).toBeLessThan(1000);
	});
});
