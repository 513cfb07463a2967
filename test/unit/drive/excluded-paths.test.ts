import { describe, expect, it } from 'vitest';
import { ExcludedPaths } from '../../../nodes/M365Backup/workloads/drive/excluded-paths';

const matches = (pattern: string, path: string): boolean => new ExcludedPaths([pattern]).matches(path.split('/'));

describe('ExcludedPaths', () => {
	it.each([
		['Docs', 'Docs', true],
		['Docs', 'docs/a/b.txt', true],
		['/Docs/', 'Docs/a', true],
		['Docs', 'Documents', false],
		['Docs', 'Other/Docs', false],
		['Docs/Old', 'Docs', false],
		['Docs\\Old', 'Docs/Old/x', true],
		['*.mp4', 'a.MP4', true],
		['*.mp4', 'Docs/a.mp4', false],
		['**/*.mp4', 'a.mp4', true],
		['**/*.mp4', 'Docs/Deep/a.mp4', true],
		['**/node_modules', 'a/node_modules/b/c.js', true],
		['Docs/*/tmp', 'Docs/x/tmp/y', true],
		['Docs/*/tmp', 'Docs/x/y/tmp', false],
		['Docs/**/tmp', 'Docs/tmp', true],
		['Docs/**/tmp', 'Docs/x/y/tmp/z', true],
		['Docs/**', 'Docs', false],
		['Docs/**', 'Docs/a', true],
		['C# (new) [1]+', 'c# (NEW) [1]+/x', true],
		['a.c', 'abc', false],
		['Größe', 'GRÖSSE'.replace('SS', 'ß'), true],
		['**/**/b', 'a/b', true],
		['a*b*c', 'axbxbc', true],
		['a*a', 'a', false],
		['**', 'anything', true],
		['a/../b', 'b', false],
		['Gro\u0308sse', 'Größe'.replace('ß', 'ss'), true],
		['', 'anything', false],
		['/', 'anything', false],
	])('%s and %s: %s', (pattern, path, expected) => {
		expect(matches(pattern, path)).toBe(expected);
	});

	it('takes no time for many stars and names that nearly fit', () => {
		const start = process.cpuUsage();
		expect(matches('*a*a*a*a*a*a*b', 'a'.repeat(255))).toBe(false);
		expect(matches('**/**/**/**/**/**/x', 'aa/'.repeat(100))).toBe(false);
		expect(process.cpuUsage(start).user).toBeLessThan(200_000);
	});

	it('is the same rule whatever the order and spelling of its paths', () => {
		expect(new ExcludedPaths(['B', 'a/']).key).toBe(new ExcludedPaths(['/A', 'b', 'B']).key);
		expect(new ExcludedPaths(['', ' / ']).isEmpty).toBe(true);
	});
});
