import { describe, expect, it } from 'vitest';
import { composeLines, parseLine, toEntry } from '../../../nodes/M365Backup/repository/catalog-line';
import { planMerge } from '../../../nodes/M365Backup/repository/plan-merge';
import type { CatalogLine } from '../../../nodes/M365Backup/repository/records';
import { all, commitInput, message, openNew, SOURCE, tombstone } from './fixtures';

const whole: CatalogLine = message('mail/1', { name: 'A', etag: 'e', meta: { read: true, flag: 1 } });
const ended = tombstone('mail/1');

describe('one line over another', () => {
	it.each<[string, CatalogLine, CatalogLine, unknown]>([
		['a patch replaces what it names', { id: 'mail/1', name: 'B' }, whole, { ...whole, name: 'B' }],
		['null removes', { id: 'mail/1', etag: null, meta: { read: null } }, whole, { id: 'mail/1', whole: true, type: 'message', name: 'A', parent: 'mail/inbox', meta: { flag: 1 } }],
		['a whole line hides', { ...whole, name: 'C' }, whole, { ...whole, name: 'C' }],
		['a tombstone ends', ended, whole, ended],
		['nothing but a whole line revives', { id: 'mail/1', name: 'B' }, ended, ended],
		['a whole line revives', whole, ended, whole],
		['patches add up and keep their nulls', { id: 'mail/1', meta: { a: null, b: 2 } }, { id: 'mail/1', etag: null, meta: { a: 1, c: 3 } }, { id: 'mail/1', etag: null, meta: { a: null, b: 2, c: 3 } }],
		['a field that a later version invented is kept', { id: 'mail/1', name: 'B' }, { ...whole, colour: 'red' } as CatalogLine, { ...whole, colour: 'red', name: 'B' }],
	])('%s', (_name, newer, older, expected) => {
		expect(composeLines(newer, older)).toEqual(expected);
	});

	it('makes no item of a patch with nothing beneath', () => {
		expect(toEntry({ id: 'mail/1', type: 'message', name: 'A' })).toBeNull();
	});
});

describe('a line from a foreign file', () => {
	it.each([
		['{', 'is not JSON'],
		['[]', 'is not an object'],
		['{"id":5}', 'has no id'],
		['{"id":""}', 'has no id'],
		['{"id":"a","size":-1}', 'has a bad "size"'],
		['{"id":"a","content":[{"archive":"x"}]}', 'has a bad "content"'],
		['{"id":"a","deleted":"2026-11-22T10:00:00Z"}', 'incomplete tombstone'],
		['{"id":"a","whole":true,"name":"n"}', 'whole but incomplete'],
		['{"id":"a","meta":[]}', 'has a bad "meta"'],
	])('%s is refused', (text, reason) => {
		expect(() => parseLine(text, 'x.ndjson.gz')).toThrow(reason);
	});

	it('has limits', () => {
		expect(() => parseLine(`{"id":"${'a'.repeat(70_000)}"}`, 'x')).toThrow('has no id');
		expect(() => parseLine(`{"id":"a","meta":{"m":"${'a'.repeat(17 * 1024 * 1024)}"}}`, 'x')).toThrow('longer than');
	});
});

describe('size-tiered merging', () => {
	it.each([
		[[], 10, 0],
		[[100], 10, 1],
		[[100], 50, 1],
		[[100], 51, 0],
		[[1000, 100, 30, 10], 6, 2],
		[[1000, 100, 30, 10], 4, 4],
		[[1000, 100, 30, 10], 0, 4],
	])('of %j with %d new lines keeps the %d oldest', (segments, lines, kept) => {
		expect(planMerge(segments, lines)).toBe(kept);
	});

	it('keeps the number of segments logarithmic over a thousand small commits', async () => {
		const { repository, ambient } = await openNew();
		const run = repository.startRun(SOURCE, null);
		for (let index = 0; index < 2000; index++) await run.add(message(`mail/${index}`));
		let snapshot = await run.commit(commitInput());
		let mostSegments = 0;
		for (let commit = 0; commit < 300; commit++) {
			ambient.advance(1000);
			for (let index = 0; index < 5; index++) await run.add({ id: `mail/${(commit * 7 + index) % 2000}`, etag: String(commit) });
			snapshot = await run.commit(commitInput());
			mostSegments = Math.max(mostSegments, snapshot.segments.length);
		}
		expect(mostSegments).toBeLessThanOrEqual(12);
		expect(mostSegments).toBeGreaterThan(1);
		const entries = await all(repository.catalog(snapshot).entries());
		expect(entries).toHaveLength(2000);
		expect(entries.find((entry) => entry.id === `mail/${299 * 7 % 2000}`)?.etag).toBe('299');
	});
});
