import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyTable } from '../../../nodes/M365Backup/repository/key-table';
import { TextList } from '../../../nodes/M365Backup/repository/text-list';

describe('a table of keys', () => {
	it('answers as a map does, however it grows', () => {
		const step = fc.tuple(fc.string({ maxLength: 12, unit: 'grapheme' }), fc.integer({ min: 1, max: 0xffffffff }));
		fc.assert(
			fc.property(fc.array(step, { maxLength: 400 }), fc.integer({ min: 0, max: 50 }), (steps, expected) => {
				const table = new KeyTable(expected);
				const map = new Map<string, number>();
				for (const [key, value] of steps) {
					table.set(key, value);
					map.set(key, value);
				}
				expect(table.size).toBe(map.size);
				for (const [key, value] of map) expect(table.get(key)).toBe(value);
				expect(table.get('a key that is none of these')).toBeUndefined();
			}),
		);
	});

	it('counts', () => {
		const table = new KeyTable();
		expect(['a', 'b', 'a', 'a'].map((key) => table.count(key))).toEqual([1, 1, 2, 3]);
		expect(table.get('a')).toBe(3);
	});

	it('takes 16 bytes a key where their number was foretold, and never mistakes one of a million', () => {
		const count = 1_000_000;
		const table = new KeyTable(count);
		for (let index = 0; index < count; index++) table.set(`quickXor:${(index * 7919).toString(36)}=:${index % 977}`, index + 1);
		expect(table.size).toBe(count);
		expect(table.bytes / count).toBeLessThanOrEqual(16.1);
		for (let index = 0; index < count; index += 97) expect(table.get(`quickXor:${(index * 7919).toString(36)}=:${index % 977}`)).toBe(index + 1);
	});
});

describe('a list of texts', () => {
	it('gives back what was put in', () => {
		fc.assert(
			fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 300 }), { maxLength: 300 }), (texts) => {
				const list = new TextList();
				for (const text of texts) list.add(text);
				expect(texts.map((_, index) => list.at(index))).toEqual(texts.map((text) => Buffer.from(text).toString()));
				expect([list.at(-1), list.at(texts.length), list.length]).toEqual([undefined, undefined, texts.length]);
			}),
		);
	});

	it('grows beyond its first size', () => {
		const list = new TextList();
		for (let index = 0; index < 20_000; index++) list.add(`library-1/item ${index}`);
		expect([0, 1023, 1024, 19_999].map((index) => list.at(index))).toEqual([0, 1023, 1024, 19_999].map((index) => `library-1/item ${index}`));
	});
});
