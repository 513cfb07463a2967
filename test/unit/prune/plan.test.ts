import { describe, expect, it } from 'vitest';
import { planSnapshots, type PlanInput } from '../../../nodes/M365Backup/repository/plan-prune';
import type { SnapshotRecord } from '../../../nodes/M365Backup/repository/records';

const DAY_MS = 24 * 3_600_000;
const NOW = new Date('2026-11-22T10:00:00Z');

function snapshot(daysAgo: number, status: 'complete' | 'partial' = 'complete') {
	const time = new Date(NOW.getTime() - daysAgo * DAY_MS);
	const id = `${time.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z-0000`;
	return { record: { id, finishedAt: time.toISOString(), status } as SnapshotRecord, sha256: '' };
}

function plan(snapshots: ReturnType<typeof snapshot>[], fields: Partial<PlanInput>) {
	const sorted = [...snapshots].sort((a, b) => (a.record.id < b.record.id ? -1 : 1));
	const storedAt = new Map(sorted.map(({ record }) => [record.id, new Date(record.finishedAt)]));
	const result = planSnapshots({ snapshots: sorted, storedAt, holds: new Map(), cursor: null, policy: { last: 1 }, zone: 'UTC', now: NOW, ...fields });
	const days = (list: readonly { time: string }[]) => list.map(({ time }) => (NOW.getTime() - Date.parse(time)) / DAY_MS);
	return { ...result, kept: days(result.keep), waits: days(result.waiting), removed: days(result.remove) };
}

describe('the plan of a prune', () => {
	it('lets go what the policy does not keep, once a later complete snapshot is 48 hours old', () => {
		const { kept, waits, removed, waiting, remove } = plan([0, 1, 2, 3, 4].map((days) => snapshot(days)), {});
		expect({ kept, waits, removed }).toEqual({ kept: [0], waits: [1, 2], removed: [3, 4] });
		expect(waiting.map(({ until }) => until)).toEqual(['2026-11-24T10:00:00.000Z', '2026-11-23T10:00:00.000Z']);
		expect(remove[0]?.reason).toMatch(/policy \(last 1; UTC\)/);
	});

	it('counts the 48 hours from when the store wrote the record, whatever the host believed', () => {
		const snapshots = [0, 3, 4].map((days) => snapshot(days));
		const storedAt = new Map(snapshots.map(({ record }) => [record.id, NOW]));
		expect(plan(snapshots, { storedAt })).toMatchObject({ kept: [0], waits: [3, 4], removed: [] });
	});

	it('never takes the newest complete snapshot, however old it is', () => {
		const { keep } = plan([snapshot(400)], { policy: { within: 'P1D' } });
		expect(keep).toMatchObject([{ reasons: ['newest complete snapshot', expect.stringContaining('within')] }]);
	});

	it('does not count partial snapshots, and lets them go 48 hours after a later complete one', () => {
		const result = plan([snapshot(0, 'partial'), snapshot(1), snapshot(3), snapshot(4, 'partial'), snapshot(5), snapshot(6, 'partial')], { policy: { last: 3 } });
		expect(result).toMatchObject({ kept: [0, 1, 3, 5], waits: [], removed: [4, 6] });
		expect(result.keep[0]?.reasons).toEqual(['no complete snapshot after it yet']);
		expect(result.remove[0]?.reason).toMatch(/partial/);
	});

	it('keeps partial ones where nothing is complete', () => {
		expect(plan([snapshot(5, 'partial'), snapshot(9, 'partial')], { policy: { within: 'P1D' } })).toMatchObject({ kept: [5, 9], removed: [] });
	});

	it('keeps the state at the start of a window', () => {
		const result = plan([0, 5, 40, 50].map((days) => snapshot(days)), { policy: { within: 'P30D' } });
		expect(result).toMatchObject({ kept: [0, 5, 40], removed: [50] });
		expect(result.keep[2]?.reasons).toEqual(['state at the start of P30D']);
	});

	it('keeps what is held, with who and why', () => {
		const held = snapshot(30);
		const hold = { format: 1 as const, snapshot: held.record.id, heldAt: NOW.toISOString(), by: 'legal', reason: 'case 4711' };
		const result = plan([snapshot(3), snapshot(10), held], { holds: new Map([[held.record.id, hold]]) });
		expect(result).toMatchObject({ kept: [3, 30], removed: [10] });
		expect(result.keep[1]?.reasons).toEqual(['held by legal: case 4711']);
	});

	it('keeps what the next backup builds upon', () => {
		const old = snapshot(10);
		const cursor = { snapshot: old.record.id, checkedAt: old.record.finishedAt } as PlanInput['cursor'];
		expect(plan([snapshot(3), snapshot(5), old], { cursor })).toMatchObject({ kept: [3, 10], removed: [5] });
	});

	it('takes the newest snapshot for as new as it was last checked', () => {
		const [newest, older, oldest] = [snapshot(20), snapshot(21), snapshot(45)];
		const cursor = { snapshot: newest.record.id, checkedAt: NOW.toISOString() } as PlanInput['cursor'];
		// 21 days before the newest's own time would still be within P10D of it; of now it is not.
		expect(plan([newest, older, oldest], { policy: { within: 'P10D' }, cursor })).toMatchObject({ kept: [20, 21], removed: [45] });
		expect(plan([newest, older, oldest], { policy: { within: 'P10D' } })).toMatchObject({ kept: [20, 21, 45], removed: [] });
	});

	it('counts a window from the newest snapshot that is not of the future: a clock that was a year ahead once makes nothing old', () => {
		const result = plan([snapshot(-365), snapshot(1), snapshot(5), snapshot(20), snapshot(40), snapshot(50)], { policy: { within: 'P30D' } });
		expect(result).toMatchObject({ kept: [-365, 1, 5, 20, 40], removed: [50] });
	});

	it('keeps everything without a policy', () => {
		expect(plan([0, 10, 20].map((days) => snapshot(days)), { policy: {} })).toMatchObject({ kept: [0, 10, 20] });
	});
});
