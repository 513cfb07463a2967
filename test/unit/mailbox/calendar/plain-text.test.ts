import { describe, expect, it } from 'vitest';
import { plainText } from '../../../../nodes/M365Backup/workloads/mailbox/calendar/plain-text';
import { cpuTimer } from '../../../support/cpu-time';

describe('HTML as plain text', () => {
	it('reads as people see it', () => {
		const html = '<html><head><title>No</title><style>p { color: red }</style></head><body>\r\n<!-- no --><p>Käse &amp; Brot&nbsp;&lt;frisch&gt;</p>\r\n<div>One<br/>two</div><ul><li>a</li><li>b</li></ul><script>no()</script>&#8364; &#x41; &unknown;</body></html>';
		expect(plainText(html)).toBe('Käse & Brot <frisch>\nOne\ntwo\na\nb\n\n€ A &unknown;');
		expect(plainText('just text, 1 < 2')).toBe('just text, 1');
		expect(plainText('')).toBe('');
		expect(plainText('<p>open<style>')).toBe('open');
	});

	it.each([
		['tags that never close', '<style'.repeat(200_000)],
		['hidden elements that never end', '<script>'.repeat(150_000)],
		['comments that never end', '<!--'.repeat(200_000)],
		['entities', '&amp'.repeat(300_000)],
		['spaces', ' \n'.repeat(500_000)],
		['blank lines', '<br> '.repeat(250_000)],
	])('takes no longer for %s', (_what, html) => {
		const spentMs = cpuTimer();
		plainText(html);
		// A stretch of 200 ms is what an event loop may stand still; this machine has others to serve.
		expect(spentMs()).toBeLessThan(1_500);
	});
});
