import { randomBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { shouldCompress } from '../../../nodes/M365Backup/repository/compressible';
import { bytesOf, readAll } from './fixtures';

const prose = Buffer.from(Array.from({ length: 3000 }, (_, index) => `Paragraph ${index % 37} of the report, `).join(''));

async function decided(bytes: Buffer, name = 'x.bin'): Promise<boolean> {
	const { compress, content } = await shouldCompress(bytesOf(bytes), name, undefined);
	expect((await readAll(content)).equals(bytes)).toBe(true);
	return compress;
}

describe('whether a content is deflated', () => {
	it.each<[string, boolean, Buffer]>([
		['text', true, prose],
		['random bytes', false, randomBytes(20_000)],
		['few random bytes', false, randomBytes(300)],
		['what was deflated before', false, deflateRawSync(Buffer.concat([prose, randomBytes(30_000)]))],
		['a head of text before random bytes', false, Buffer.concat([prose.subarray(0, 200), randomBytes(60_000)])],
		['zeros', true, Buffer.alloc(9000)],
		['base64', true, Buffer.from(randomBytes(20_000).toString('base64'))],
		['records of which half is random', true, Buffer.concat(Array.from({ length: 500 }, () => Buffer.concat([Buffer.alloc(16), randomBytes(16)])))],
		['nothing', true, Buffer.alloc(0)],
	])('%s: %s', async (_what, expected, bytes) => {
		expect(await decided(bytes)).toBe(expected);
	});

	it('is told by many names alone', async () => {
		expect(await decided(randomBytes(5000), 'mail.eml')).toBe(true);
		expect(await decided(prose, 'report.docx')).toBe(false);
	});
});
