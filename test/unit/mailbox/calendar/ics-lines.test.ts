import { describe, expect, it } from 'vitest';
import { fold, icsLine, icsText } from '../../../../nodes/M365Backup/workloads/mailbox/calendar/ics-lines';
import { cpuTimer } from '../../../support/cpu-time';

describe('lines of an iCalendar file', () => {
	it.each(['', 'short', 'x'.repeat(75), 'x'.repeat(76), 'ä'.repeat(100), '€'.repeat(100), '😀'.repeat(100), `${'x'.repeat(74)}😀${'y'.repeat(200)}`])('fold so that unfolding gives them back: %s', (line) => {
		const folded = fold(line);
		expect(folded.endsWith('\r\n')).toBe(true);
		expect(folded.slice(0, -2).split('\r\n').every((one) => Buffer.byteLength(one) <= 75)).toBe(true);
		expect(folded.slice(0, -2).replaceAll('\r\n ', '')).toBe(line);
	});

	it('hold any text and any name', () => {
		expect(icsText('a,b;c\\d\r\ne\u0000\u0007')).toBe('a\\,b\\;c\\\\d\\ne');
		expect(icsLine('ATTENDEE', 'mailto:a@x', { CN: 'Doe; "Jo"\r\nX', ROLE: undefined, CUTYPE: '' })).toBe('ATTENDEE;CN="Doe; \'Jo\'  X":mailto:a@x\r\n');
	});

	it('are folded without a long stretch', () => {
		const spentMs = cpuTimer();
		fold('Käse '.repeat(600_000));
		expect(spentMs()).toBeLessThan(1_000);
	});
});
