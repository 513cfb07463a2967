import { describe, expect, it } from 'vitest';
import { QuickXorHash } from '../../../nodes/M365Backup/workloads/drive/quick-xor-hash';
import { quickXorHash as simulated } from '../../simulator/drive-hash';

/** The documented algorithm, bit by bit: each bit of byte i goes to bit (11 i + its number) mod 160, then the length into the last 64. */
function bitByBit(bytes: Uint8Array): string {
	const ring = new Array<number>(160).fill(0);
	bytes.forEach((byte, index) => {
		for (let bit = 0; bit < 8; bit++) ring[(index * 11 + bit) % 160]! ^= (byte >> bit) & 1;
	});
	for (let bit = 0; bit < 53; bit++) ring[96 + bit]! ^= Math.floor(bytes.length / 2 ** bit) % 2;
	const state = Buffer.alloc(20);
	ring.forEach((value, bit) => (state[bit >> 3]! |= value << (bit & 7)));
	return state.toString('base64');
}

/** Not random, so that a failure is the same tomorrow. */
function bytesOf(length: number, seed = 1): Buffer {
	let state = seed;
	return Buffer.from(Array.from({ length }, () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) >> 16));
}

describe('QuickXorHash', () => {
	it.each([
		['', 'AAAAAAAAAAAAAAAAAAAAAAAAAAA='],
		['Sg==', 'SgAAAAAAAAAAAAAAAQAAAAAAAAA='],
		['tbQ=', 'taAFAAAAAAAAAAAAAgAAAAAAAAA='],
		['luBZlaT6', 'lgBHFipBCn0AAAAABgAAAAAAAAA='],
		['2fuxhBJXtpWFe8dOfdGeHw==', 'O9tHLAghgSvYohKFyMMxnNCHaHg='],
		['NbYXsp5/K6mR+NmHwExjvWeWDJFnXTKWVlzYHoesp2E=', 'wjuAuWDiq04qDt1R8hHWDDcwVoQ='],
	])('of %s is what is known of it', (bytes, hash) => {
		expect(new QuickXorHash().update(Buffer.from(bytes, 'base64')).digest()).toBe(hash);
	});

	it('is what the documented algorithm gives, of any length', () => {
		for (const length of [0, 1, 2, 3, 4, 19, 20, 21, 159, 160, 161, 319, 320, 321, 4096, 65_537]) {
			const bytes = bytesOf(length, length);
			expect(new QuickXorHash().update(bytes).digest()).toBe(bitByBit(bytes));
			expect(new QuickXorHash().update(bytes).digest()).toBe(simulated(bytes));
		}
	});

	it('is the same however the bytes come, and wherever they lie in memory', () => {
		const bytes = bytesOf(100_003);
		const expected = bitByBit(bytes);
		for (const step of [1, 3, 7, 160, 161, 4096, 16_385, 65_536]) {
			const hash = new QuickXorHash();
			for (let at = 0; at < bytes.length; at += step) hash.update(bytes.subarray(at, at + step));
			expect(hash.digest()).toBe(expected);
		}
		for (let offset = 0; offset < 8; offset++) {
			const shifted = Buffer.alloc(bytes.length + 8);
			bytes.copy(shifted, offset);
			expect(new QuickXorHash().update(shifted.subarray(offset, offset + bytes.length)).digest()).toBe(expected);
		}
	});

	it('can be asked in between', () => {
		const hash = new QuickXorHash().update(Buffer.from('abc'));
		expect(hash.digest()).toBe(bitByBit(Buffer.from('abc')));
		expect(hash.update(Buffer.from('def')).digest()).toBe(bitByBit(Buffer.from('abcdef')));
	});

	it('does not see blocks of 160 bytes change places: it is no identity', () => {
		const [one, two] = [Buffer.alloc(160, 1), Buffer.alloc(160, 2)];
		expect(new QuickXorHash().update(one).update(two).digest()).toBe(new QuickXorHash().update(two).update(one).digest());
	});
});
