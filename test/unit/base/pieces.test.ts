import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { letGo } from '../../../nodes/M365Backup/base/let-go';
import { giveBack, hold, isAligned, PIECE_BYTES, takeAligned, takePiece } from '../../../nodes/M365Backup/base/pieces';

let taken: Buffer[] = [];
const take = (): Buffer => {
	const piece = takePiece();
	taken.push(piece);
	return piece;
};
afterEach(() => {
	taken.forEach(giveBack);
	taken = [];
});

/** Whether it is the next one that is handed out. */
function isNext(memory: ArrayBufferLike): boolean {
	return take().buffer === memory;
}

describe('pieces', () => {
	it('begin at a page of memory, are of one size, and are used again once they are given back', () => {
		const piece = take();
		expect([piece.length, isAligned(piece), isAligned(piece.subarray(65_536)), isAligned(piece.subarray(1))]).toEqual([PIECE_BYTES, true, true, false]);
		expect(isNext(piece.buffer)).toBe(false);
		giveBack(piece.subarray(5, 10));
		expect(isNext(piece.buffer)).toBe(true);
	});

	it('are not handed out twice, however often they are given back; other memory never is', () => {
		const piece = take();
		giveBack(piece);
		giveBack(piece);
		giveBack(Buffer.allocUnsafeSlow(PIECE_BYTES));
		const memories = Array.from({ length: 20 }, () => take().buffer);
		expect(new Set(memories).size).toBe(20);
	});

	it('that are held go round once they are let go and given back, whichever is last', () => {
		for (const isGivenBackFirst of [true, false]) {
			const piece = take();
			const letGo = hold(piece.subarray(0, 9));
			if (isGivenBackFirst) {
				giveBack(piece);
				expect(isNext(piece.buffer)).toBe(false);
				letGo();
			} else {
				letGo();
				expect(isNext(piece.buffer)).toBe(false);
				giveBack(piece);
			}
			expect(isNext(piece.buffer)).toBe(true);
		}
	});

	it('are given back where other memory would be freed, once', () => {
		const piece = take();
		letGo(piece);
		letGo(piece);
		expect(piece.buffer.byteLength).toBe(PIECE_BYTES);
		expect(isNext(piece.buffer)).toBe(true);
		expect(isNext(piece.buffer)).toBe(false);
	});

	it('are ordinary memory where very many are out, while those who write to files still get aligned ones', () => {
		const all = Array.from({ length: 60 }, take);
		expect(all.some((piece) => !isAligned(piece))).toBe(true);
		expect(all.every((piece) => piece.length === PIECE_BYTES)).toBe(true);
		const toWrite = takeAligned();
		taken.push(toWrite);
		expect(isAligned(toWrite)).toBe(true);
	});

	it('leave all addresses to others where these are limited: fetch, for one, needs some for its own WebAssembly', () => {
		const source = JSON.stringify(path.join(__dirname, '../../../nodes/M365Backup/base/pieces.ts'));
		const code = `import { takePiece, isAligned } from ${source};
			const pieces = Array.from({ length: 30 }, takePiece);
			const refused = await fetch('http://127.0.0.1:1/').catch((error) => error.cause);
			console.log(JSON.stringify([pieces.filter(isAligned).length, pieces.length, String(refused)]));`;
		const args = ['-c', 'ulimit -v 40000000 && exec "$0" "$@"', process.execPath, '--import', 'tsx', '--input-type=module', '-e', code];
		expect(JSON.parse(execFileSync('sh', args, { encoding: 'utf8' }))).toEqual([0, 30, 'Error: bad port']);
	});
});
