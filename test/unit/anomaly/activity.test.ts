import { describe, expect, it } from 'vitest';
import { Activity, readUsual, usualJson, type ItemState, type Usual } from '../../../nodes/M365Backup/engine/anomaly';

const DAY_MS = 86_400_000;
const start = new Date('2026-01-05T02:00:00Z');
let serial = 0;

/** A stored content; `packed` is the share of its size that it takes. */
function file(name: string, { size = 10_000, packed = 0.4 } = {}): ItemState {
	const entry = `Docs/${name}`;
	const length = Math.round(size * packed) + 30 + Buffer.byteLength(entry) + 16;
	return { name, content: [{ archive: '20260101T000000Z-0000.archive-0001.zip', entry, offset: 0, length, size, sha256: String(serial++).padStart(64, '0') }] };
}

function times(count: number, act: (activity: Activity, index: number) => void): Activity {
	const activity = new Activity();
	for (let index = 0; index < count; index++) act(activity, index);
	return activity;
}

describe('an alarm', () => {
	it('comes on the first run after a mass deletion, with figures', () => {
		const activity = times(400, (all, index) => all.note('message', file(`m${index}`), null));
		expect(activity.judge(1000, undefined, start)).toEqual({ flagged: true, reasons: ['400 of 1,000 items were deleted since the last backup (40 %)'] });
	});

	it('comes when files of several kinds are encrypted and get one ending, however few of a large drive they are', () => {
		const kinds = ['docx', 'xlsx', 'pdf'];
		const activity = times(60, (all, index) => all.note('file', file(`f${index}.${kinds[index % 3]}`), file(`f${index}.${kinds[index % 3]}.locked`, { packed: 1 })));
		const { flagged, reasons } = activity.judge(1_000_000, undefined, start);
		expect(flagged).toBe(true);
		expect(reasons).toEqual(['60 files of 3 kinds now end in ".locked"', '60 of 60 rewritten items can no longer be compressed, as if they were encrypted']);
	});

	it('comes when files keep their names and are encrypted', () => {
		const activity = times(30, (all, index) => all.note('file', file(`f${index}.txt`), file(`f${index}.txt`, { packed: 1 })));
		expect(activity.judge(100_000, undefined, start).reasons).toEqual(['30 of 30 rewritten items can no longer be compressed, as if they were encrypted']);
	});

	it('compares itself with what was usual lately', () => {
		const usual: Usual = { at: start.toISOString(), shares: { deleted: 0.15, modified: 0, renamed: 0 } };
		const deleting = (count: number): Activity => times(count, (all, index) => all.note('message', file(`m${index}`), null));
		expect(deleting(300).judge(1000, usual, start).flagged).toBe(false);
		expect(deleting(500).judge(1000, usual, start).reasons).toEqual(['500 of 1,000 items were deleted since the last backup (50 %); lately it was at most 15 %']);
		// What was usual half a year ago says little.
		expect(deleting(300).judge(1000, usual, new Date(start.getTime() + 180 * DAY_MS)).flagged).toBe(true);
	});
});

describe('no alarm', () => {
	const quiet = (activity: Activity, itemsBefore: number): void => expect(activity.judge(itemsBefore, undefined, start)).toEqual({ flagged: false, reasons: [] });

	it('for whatever happens to a few items', () => quiet(times(19, (all, index) => all.note('file', file(`f${index}.txt`), index % 2 ? null : file(`f${index}.locked`, { packed: 1 }))), 20));
	it('for new items, of whatever kind', () => quiet(times(5000, (all, index) => all.note('file', null, file(`f${index}.locked`, { packed: 1 }))), 100));
	it('for folders', () => quiet(times(500, (all, index) => all.note('folder', { name: `f${index}` }, null)), 600));
	it('for documents that are converted from one kind to another', () => quiet(times(200, (all, index) => all.note('file', file(`f${index}.doc`), file(`f${index}.docx`, { packed: 0.95 }))), 10_000));
	it('for photos that are edited: they never could be compressed', () => quiet(times(200, (all, index) => all.note('file', file(`p${index}.jpg`, { packed: 1 }), file(`p${index}.jpg`, { packed: 1 }))), 10_000));
	it('for items whose content was fetched again and is the same', () => {
		const same = file('f.txt');
		quiet(times(900, (all) => all.note('file', same, same)), 1000);
	});
	it('in a source that was empty', () => quiet(times(50, (all, index) => all.note('file', file(`f${index}`), null)), 0));

	it('over a year of ordinary weeks, and one at its end', () => {
		let random = 12345;
		const chance = (): number => (random = (random * 48271) % 2147483647) / 2147483647;
		let usual: Usual | undefined;
		for (let day = 0; day < 365; day++) {
			const now = new Date(start.getTime() + day * DAY_MS);
			const activity = new Activity();
			// A working day touches some percent; once a month somebody tidies up a tenth.
			const deleted = day % 30 === 7 ? 100 : Math.floor(chance() * 20);
			for (let n = 0; n < deleted; n++) activity.note('message', file(`m${n}`), null);
			for (let n = 0; n < chance() * 60; n++) activity.note('file', file(`f${n}.docx`, { packed: 0.5 + chance() * 0.5 }), file(`f${n}.docx`, { packed: 0.5 + chance() * 0.5 }));
			const anomaly = activity.judge(1000, usual, now);
			expect(anomaly.reasons, `day ${day}`).toEqual([]);
			usual = readUsual(JSON.parse(JSON.stringify(usualJson(activity.usualAfter(1000, usual, now, anomaly)))));
		}
		const activity = times(600, (all, index) => all.note('message', file(`m${index}`), null));
		expect(activity.judge(1000, usual, new Date(start.getTime() + 366 * DAY_MS)).flagged).toBe(true);
	});
});

describe('what is usual', () => {
	it('does not learn from a run that was flagged', () => {
		const activity = times(900, (all, index) => all.note('message', file(`m${index}`), null));
		const anomaly = activity.judge(1000, undefined, start);
		expect(activity.usualAfter(1000, undefined, start, anomaly).shares.deleted).toBe(0);
		expect(activity.usualAfter(1000, undefined, start, { flagged: false, reasons: [] }).shares.deleted).toBe(0.9);
	});

	it('is nothing where what was kept is none of it', () => {
		for (const bad of [undefined, null, 1, {}, { at: 'never', shares: {} }, { at: start.toISOString() }]) expect(readUsual(bad)).toBeUndefined();
		expect(readUsual({ at: start.toISOString(), shares: { deleted: 7, modified: 'x', renamed: 0.5 } })?.shares).toEqual({ deleted: 0, modified: 0, renamed: 0.5 });
	});
});
