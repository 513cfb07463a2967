import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acceptableName, copiedName, copyName, fittingName } from '../../../nodes/M365Backup/workloads/drive/restore/file-names';
import { nameObjection } from '../../simulator/drive-names';

describe('a name that SharePoint takes', () => {
	it('is the same name wherever it can be', () => {
		for (const name of ['report.docx', 'Ünïcode 文書.txt', "50% #1 & more+'x'.txt", '.hidden', 'a.b.c', 'COM10', 'console']) expect(acceptableName(name)).toBe(name);
	});

	it('is made of every other', () => {
		fc.assert(
			fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.integer({ min: 24, max: 400 }), (name, roomChars) => {
				const fitting = fittingName(name, roomChars)!;
				expect([name, fitting, nameObjection(fitting)]).toEqual([name, fitting, undefined]);
				expect(fitting.length).toBeLessThanOrEqual(Math.min(255, roomChars));
				// What was mapped once stays as it is.
				expect(acceptableName(fitting)).toBe(fitting);
			}),
			{ numRuns: 500 },
		);
	});

	it('keeps two long names apart, and their endings', () => {
		const [one, two] = ['one', 'two'].map((end) => fittingName(`${'long '.repeat(60)}${end}.docx`, 60)!);
		expect(one).not.toBe(two);
		expect(one).toMatch(/^long long .* \[[0-9a-f]{6}\]\.docx$/);
		expect(fittingName('anything.txt', 10)).toBeUndefined();
		expect(fittingName('fits.txt', 10)).toBe('fits.txt');
	});
});

describe('a copy', () => {
	it('has the day in its name, before its ending, and is known by it', () => {
		expect(copyName('report.docx', false, 'restored', '2026-11-22', 1)).toBe('report (restored 2026-11-22).docx');
		expect(copyName('report.docx', false, 'restored', '2026-11-22', 3)).toBe('report (restored 2026-11-22 3).docx');
		expect(copyName('v1.2', true, 'moved aside', '2026-11-22', 1)).toBe('v1.2 (moved aside 2026-11-22)');
		expect(copiedName('report (restored 2026-11-22 3).docx')).toBe('report.docx');
		expect(copiedName('v1.2 (moved aside 2026-11-22)')).toBe('v1.2');
		for (const name of ['report.docx', 'report (restored).docx', '(restored 2026-11-22).txt.bak']) expect(copiedName(name)).toBeUndefined();
	});

	it('of a long name is no longer than SharePoint takes', () => {
		expect(copyName(`${'x'.repeat(250)}.docx`, false, 'restored', '2026-11-22', 1).length).toBeLessThanOrEqual(255);
	});
});
