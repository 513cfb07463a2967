import { describe, expect, it } from 'vitest';
import { readAhead } from '../../../nodes/M365Backup/workloads/mailbox/read-ahead';

async function* chunks(count: number, onRead: (index: number) => void, onEnd: () => void): AsyncGenerator<Uint8Array> {
	try {
		for (let index = 0; index < count; index++) {
			onRead(index);
			yield new Uint8Array(10).fill(index);
		}
	} finally {
		onEnd();
	}
}

describe('reading a stream ahead', () => {
	it('gives every byte in order', async () => {
		const read: number[] = [];
		for await (const chunk of readAhead(chunks(20, () => undefined, () => undefined), 55)) read.push(chunk[0]!);
		expect(read).toEqual([...Array(20).keys()]);
	});
	it('reads no more than its limit before anybody asks', async () => {
		let last = -1;
		readAhead(chunks(20, (index) => (last = index), () => undefined), 55);
		await new Promise((resolve) => setTimeout(resolve, 20));
		expect(last).toBe(5);
	});
	it('hands on the very error after what came before it', async () => {
		const broken = new Error('connection lost');
		async function* source(): AsyncGenerator<Uint8Array> {
			yield new Uint8Array(1);
			throw broken;
		}
		const iterator = readAhead(source())[Symbol.asyncIterator]();
		expect((await iterator.next()).done).toBe(false);
		await expect(iterator.next()).rejects.toBe(broken);
	});
	it('closes its source when it is abandoned unread', async () => {
		let ended = false;
		const iterator = readAhead(chunks(20, () => undefined, () => (ended = true)), 15)[Symbol.asyncIterator]();
		await iterator.return?.();
		expect(ended).toBe(true);
	});
});
