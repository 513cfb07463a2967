import { describe, expect, it } from 'vitest';
import { fromBuffer, type Entry } from 'yauzl';
import { zipWrap } from '../../../nodes/M365Backup/workloads/mailbox/restore/zip-wrap';

function nameIn(zip: Buffer): Promise<string> {
	return new Promise((resolve, reject) => {
		fromBuffer(zip, (error, file) => (error ? reject(error) : file.once('error', reject).once('entry', ({ fileName }: Entry) => resolve(fileName))));
	});
}

describe('a file in a ZIP file', () => {
	it('makes the ZIP file as large as asked for, and no larger than it must', async () => {
		const bytes = Buffer.alloc(10_000, 'x');
		expect((await zipWrap('a.bin', bytes, 12_000)).length).toBeGreaterThanOrEqual(12_000);
		expect((await zipWrap('a.bin', bytes, 0)).length).toBeLessThan(10_300);
	});

	it('keeps its name, unless that would lead somewhere else', async () => {
		expect(await nameIn(await zipWrap('Übersicht 漢字 🎉.pdf', Buffer.from('x'), 0))).toBe('Übersicht 漢字 🎉.pdf');
		expect(await nameIn(await zipWrap('../../etc/passwd', Buffer.from('x'), 0))).toBe('.._.._etc_passwd');
		expect(await nameIn(await zipWrap('C:\\Windows\\x.dll', Buffer.from('x'), 0))).toBe('C__Windows_x.dll');
		expect(await nameIn(await zipWrap('..', Buffer.from('x'), 0))).toBe('_');
	});
});
