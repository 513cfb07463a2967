import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { literalStart, Wildcards } from '../../../nodes/M365Backup/base/wildcards';
import { cpuTimer } from '../../support/cpu-time';

const matches = (pattern: string, text: string): boolean => new Wildcards([pattern]).matches(text);

describe('patterns with wildcards', () => {
	it.each([
		['*', 'anything', true],
		['anna', 'ANNA', true],
		['anna', 'anna berg', false],
		['anna*', 'anna', true],
		['*@contoso.example', 'a.b@contoso.example', true],
		['*@contoso.example', 'a.b@contosoXexample', false],
		['??', 'ab', true],
		['??', 'a', false],
		['MÜLLER*', 'Müller, Eva', true],
		['a*b*c', 'a-b-b-c', true],
		['a*b*c', 'a-c-b', false],
		['?', '😀', true],
		['(x|y)[z]+$', '(X|Y)[Z]+$', true],
	])('%s and "%s": %s', (pattern, text, expected) => {
		expect(matches(pattern, text)).toBe(expected);
	});

	it('match nothing where there is nothing, and one of several', () => {
		const several = new Wildcards(['a*', '*z']);
		expect([several.matches('buzz'), several.matches(undefined, '', 'apple'), several.matches('b'), several.matches(undefined), new Wildcards([]).isEmpty, new Wildcards(['*']).matches('')]).toEqual([true, true, false, false, true, false]);
	});

	it('mean what a regular expression of the same sense means', () => {
		const pieces = fc.array(fc.constantFrom('a', 'b', '*', '?', '.'), { maxLength: 8 }).map((parts) => parts.join(''));
		const texts = fc.array(fc.constantFrom('a', 'b', '.'), { minLength: 1, maxLength: 8 }).map((parts) => parts.join(''));
		fc.assert(
			fc.property(pieces, texts, (pattern, text) => {
				const expression = new RegExp(`^${pattern.replace(/\./g, '\\.').replace(/\*+/g, '.*').replace(/\?/g, '.')}$`, 's');
				expect([pattern, text, matches(pattern, text)]).toEqual([pattern, text, expression.test(text)]);
				if (matches(pattern, text)) expect(text.startsWith(literalStart(pattern))).toBe(true);
			}),
			{ numRuns: 3000 },
		);
	});

	it('do not take for ever on a text that nearly fits', () => {
		const spentMs = cpuTimer();
		expect(matches(`${'*a'.repeat(40)}*b`, 'a'.repeat(1000))).toBe(false);
		expect(spentMs()).toBeLessThan(200);
	});
});
