import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteBudget } from '../../../nodes/M365Backup/workloads/drive/restore/byte-budget';
import { fragmentsOf } from '../../../nodes/M365Backup/workloads/drive/restore/fragments';

async function* inPieces(bytes: Buffer, sizes: readonly number[], breaks = false): AsyncGenerator<Uint8Array> {
	for (let at = 0, n = 0; at < bytes.length; n++) {
		const size = Math.max(1, sizes[n % sizes.length]!);
		yield await Promise.resolve(bytes.subarray(at, at + size));
		at += size;
	}
	if (breaks) throw new Error('damaged');
}

describe('fragments of a content', () => {
	it('are all of it from a position on, however it comes; only the last one is short', async () => {
		await fc.assert(
			fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 500 }), fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), fc.integer({ min: 1, max: 120 }), fc.nat(), async (content, sizes, fragmentBytes, seed) => {
				const bytes = Buffer.from(content);
				const from = seed % bytes.length;
				const seen: Buffer[] = [];
				const sent: Buffer[] = [];
				const lasts: boolean[] = [];
				let at = from;
				for await (const fragment of fragmentsOf(inPieces(bytes, sizes), bytes.length, fragmentBytes, from, (piece) => seen.push(Buffer.from(piece)))) {
					expect(fragment.offset).toBe(at);
					at += fragment.bytes.length;
					sent.push(Buffer.from(fragment.bytes));
					lasts.push(fragment.isLast);
				}
				expect(Buffer.concat(sent)).toEqual(bytes.subarray(from));
				expect(Buffer.concat(seen)).toEqual(bytes);
				expect(lasts.map((_last, n) => n === lasts.length - 1)).toEqual(lasts);
				for (const one of sent.slice(0, -1)) expect(one.length).toBe(fragmentBytes);
				expect(sent.at(-1)!.length).toBeGreaterThan(0);
			}),
		);
	});

	it('a content that breaks, or is longer or shorter than told, never gives its last one', async () => {
		const lasts = async (content: AsyncIterable<Uint8Array>, totalBytes: number): Promise<boolean[]> => {
			const found: boolean[] = [];
			await expect(
				(async () => {
					for await (const { isLast } of fragmentsOf(content, totalBytes, 10, 0, () => undefined)) found.push(isLast);
				})(),
			).rejects.toThrow();
			return found;
		};
		expect(await lasts(inPieces(Buffer.alloc(25), [7], true), 25)).toEqual([false, false]);
		expect(await lasts(inPieces(Buffer.alloc(25), [7]), 26)).not.toContain(true);
		expect(await lasts(inPieces(Buffer.alloc(25), [7]), 20)).not.toContain(true);
	});
});

describe('a budget of bytes', () => {
	it('lets in what fits, in order, and one that is larger than all of it alone', async () => {
		const budget = new ByteBudget(100);
		const order: string[] = [];
		const [first, second] = [await budget.take(60), await budget.take(40)];
		const third = budget.take(1_000).then((back) => {
			order.push('third');
			return back;
		});
		const fourth = budget.take(1).then((back) => {
			order.push('fourth');
			return back;
		});
		first();
		first();
		await new Promise((resolve) => setImmediate(resolve));
		expect(order).toEqual([]);
		second();
		const back = await third;
		expect(order).toEqual(['third']);
		back();
		(await fourth)();
		expect(order).toEqual(['third', 'fourth']);
	});
});
