import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ExportedItem } from '../../../../nodes/M365Backup/workloads/mailbox/exchange/export-answer';
import { readExportAnswer } from '../../../../nodes/M365Backup/workloads/mailbox/exchange/export-answer';

const LIMIT = 1_000_000;

async function* pieces(text: string | Buffer, pieceBytes: number): AsyncGenerator<Uint8Array> {
	const bytes = Buffer.from(text);
	for (let at = 0; at < bytes.length; at += pieceBytes) yield await Promise.resolve(bytes.subarray(at, at + pieceBytes));
}

async function read(text: string, pieceBytes = 1000, limit = LIMIT): Promise<{ itemId: string; data?: Buffer; error?: string }[]> {
	const items: ExportedItem[] = await readExportAnswer(pieces(text, pieceBytes), limit);
	return items.map(({ itemId, data, error }) => ({ itemId, ...(data ? { data: Buffer.concat(data) } : {}), ...(error === undefined ? {} : { error }) }));
}

describe('an answer of the Exchange export', () => {
	it('gives each item its bytes or its error, however the answer is cut', async () => {
		const [one, two] = [randomBytes(1000), randomBytes(1001)];
		const json = JSON.stringify({
			'@odata.context': 'https://graph.microsoft.com/v1.0/$metadata#Collection(microsoft.graph.exportItemResponse)',
			value: [
				{ itemId: 'AAk "quoted" \\ data', changeKey: 'CQ:', data: one.toString('base64') },
				{ itemId: 'größe', error: { code: 'ErrorItemNotFound', message: 'data: "x"' } },
				{ ItemId: 'three', Error: { Code: 'ErrorCorruptData' } },
				{ data: two.toString('base64'), itemId: 'four' },
				{ itemId: 'five', data: null },
			],
		});
		for (const pieceBytes of [1, 2, 3, 5, 64, 1_000_000]) {
			expect(await read(json, pieceBytes)).toEqual([
				{ itemId: 'AAk "quoted" \\ data', data: one },
				{ itemId: 'größe', error: 'ErrorItemNotFound' },
				{ itemId: 'three', error: 'ErrorCorruptData' },
				{ itemId: 'four', data: two },
				{ itemId: 'five', error: 'noData' },
			]);
		}
	});

	it('takes both alphabets, missing padding, escapes and spaces between', async () => {
		const bytes = Buffer.from([0xfb, 0xff, 0xfe, 0x3e, 0x3f, 0xbf, 0xff]);
		const base64 = bytes.toString('base64');
		expect(base64).toMatch(/\+.*\//);
		for (const spelled of [base64, bytes.toString('base64url'), base64.replaceAll('/', '\\/'), base64.replaceAll('+', '\\u002B').replaceAll('/', '\\u002f')]) {
			for (const pieceBytes of [1, 3, 100]) expect(await read(`{ "value" : [ { "itemId" : "a" , "data" : "${spelled}" } ] }`, pieceBytes)).toEqual([{ itemId: 'a', data: bytes }]);
		}
	});

	it('calls what is no base64, or empty, no data', async () => {
		for (const data of ['', 'A', 'AAAAA', 'AA*A', 'not base64!!']) expect(await read(`{"value":[{"itemId":"a","data":"${data}"}]}`)).toEqual([{ itemId: 'a', error: 'noData' }]);
	});

	it('is not whole if it ends early, anywhere', async () => {
		const json = JSON.stringify({ value: [{ itemId: 'a', data: randomBytes(30).toString('base64') }] });
		for (let end = 0; end < json.length; end++) await expect(read(json.slice(0, end))).rejects.toMatchObject({ kind: 'transient' });
		await expect(read('{"error":{"code":"x"}}')).rejects.toMatchObject({ kind: 'transient' });
	});

	it('stops at the limit', async () => {
		const json = JSON.stringify({ value: [{ itemId: 'a', data: randomBytes(5000).toString('base64') }] });
		await expect(read(json, 100, 4000)).rejects.toMatchObject({ code: 'exportTooLarge' });
		expect(await read(json, 100, 5000)).toHaveLength(1);
	});
});
