import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareIds, sortIds } from '../../../nodes/M365Backup/repository/compare-ids';
import {
	entryName, flatName, newRunId, numberedName, parseRepositoryKey, recordName, runTime, sourceKey,
} from '../../../nodes/M365Backup/repository/names';
import { SOURCE } from './fixtures';

const leaf = { folderPath: ['Inbox'], title: '2026-11-22 Quarterly report', extension: '.eml', id: 'mail/1', version: 'a' };

describe('entryName', () => {
	it('is what a person would call the item, with a hash of id and version', () => {
		expect(entryName(leaf)).toMatch(/^Inbox\/2026-11-22 Quarterly report \[[0-9a-f]{8}\]\.eml$/);
		expect(entryName({ ...leaf, version: 'b' })).not.toBe(entryName(leaf));
		expect(entryName(leaf)).toBe(entryName(leaf));
	});

	it.each([
		['..', '_'],
		['a/b', 'a_b'],
		['CON', '_CON'],
		['com1.txt', '_com1.txt'],
		['Console', 'Console'],
		[' . edge . ', 'edge'],
		['a\u202egpj.exe', 'a_gpj.exe'],
		['tab\tand\u0000nul', 'tab_and_nul'],
		['C:\\x', 'C__x'],
		['e\u0301', 'é'],
		['\ud800 lone', '_ lone'],
	])('names the folder %j %j', (folder, expected) => {
		expect(entryName({ ...leaf, folderPath: [folder] }).split('/')[0]).toBe(expected);
	});

	it('never leaves what a file system or a ZIP program would choke on', () => {
		const text = fc.string({ unit: 'binary', maxLength: 400 });
		fc.assert(
			fc.property(fc.array(text, { maxLength: 30 }), text, fc.string({ maxLength: 40 }), text, (folderPath, title, extension, id) => {
				const name = entryName({ folderPath, title, extension, id, version: '1' });
				expect(name.length).toBeLessThanOrEqual(180);
				expect(name).toMatch(/ \[[0-9a-f]{8}\](\.[^/]+)?$/);
				expect(name).not.toMatch(/\p{Cs}/u);
				for (const part of name.split('/')) {
					expect(part).not.toMatch(/[<>:"\\|?*\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/);
					expect(part).not.toMatch(/^[. ]|[. ]$/);
					expect(part).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i);
					expect(part).not.toBe('');
					expect(Buffer.byteLength(part)).toBeLessThanOrEqual(255);
				}
			}),
		);
	});
});

describe('ids of runs and sources', () => {
	it('stamps a run with its start', () => {
		expect(newRunId(new Date('2026-11-22T10:00:00.900Z'), '9f3a')).toBe('20261122T100000Z-9f3a');
		expect(runTime('20261122T100000Z-9f3a')).toEqual(new Date('2026-11-22T10:00:00Z'));
	});

	it('is at least a second later than its parent, even if the clock went back', () => {
		expect(newRunId(new Date('2026-11-22T09:00:00Z'), '0000', '20261122T100000Z-ffff')).toBe('20261122T100001Z-0000');
	});

	it('knows a source by its ids, in any spelling of a GUID, and never by its name', () => {
		const key = sourceKey(SOURCE);
		expect(key).toMatch(/^mailbox-[0-9a-f]{16}$/);
		expect(sourceKey({ ...SOURCE, id: SOURCE.id.toUpperCase() })).toBe(key);
		expect(sourceKey({ ...SOURCE, workload: 'drive' })).not.toBe(key);
	});
});

describe('parseRepositoryKey', () => {
	const key = sourceKey(SOURCE);
	const run = '20261122T100000Z-9f3a';
	it.each([
		[numberedName(run, 'archive', 1), { kind: 'archive', runId: run, ordinal: 1 }],
		[numberedName(run, 'segment', 12), { kind: 'segment', runId: run, ordinal: 12 }],
		[numberedName(run, 'seen', 3), { kind: 'seen', runId: run, ordinal: 3 }],
		[recordName(run, 'cursor'), { kind: 'cursor', runId: run }],
		[recordName(run, 'snapshot'), { kind: 'snapshot', runId: run }],
		[recordName(run, 'hold'), { kind: 'hold', runId: run }],
		[recordName(run, 'prune'), { kind: 'prune', runId: run }],
		['cursor.json', { kind: 'currentCursor' }],
		['lease-7.json', { kind: 'lease', ordinal: 7 }],
	])('knows %s as a path and flat', (name, expected) => {
		const path = `${key}/${name}`;
		expect(parseRepositoryKey(path)).toEqual({ ...expected, sourceKey: key, key: path });
		expect(parseRepositoryKey(flatName(path))).toEqual({ ...expected, sourceKey: key, key: path });
	});

	it.each(['', 'holiday.jpg', `${key}/../x`, `${key}/${run}.archive-1.exe`, `mailbox-zz/${run}.snapshot.json`, `x${key}/cursor.json`])(
		'takes %j for none of ours',
		(name) => expect(parseRepositoryKey(name)).toEqual({ kind: 'unknown' }),
	);

	it('knows the files at the root and those of copies', () => {
		expect(parseRepositoryKey('repository.json').kind).toBe('repository');
		expect(parseRepositoryKey('README.txt').kind).toBe('readme');
		const copies = { kind: 'copies', target: 'drive.one', runId: run, key: `copies/drive.one/${run}.ndjson.gz` };
		expect(parseRepositoryKey(copies.key)).toEqual(copies);
		expect(parseRepositoryKey(flatName(copies.key))).toEqual(copies);
	});
});

describe('the order of ids', () => {
	it('is that of their UTF-8 bytes', () => {
		const id = fc.string({ unit: fc.constantFrom('a', 'z', '/', 'é', '\ud7ff', '\ue000', '\uffff', '😀', '\u{10ffff}'), maxLength: 4 });
		fc.assert(
			fc.property(id, id, (a, b) => {
				expect(Math.sign(compareIds(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
			}),
		);
		fc.assert(
			fc.property(fc.array(id), (ids) => {
				const byBytes = [...ids].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
				expect(sortIds([...ids])).toEqual(byBytes);
			}),
		);
	});
});
