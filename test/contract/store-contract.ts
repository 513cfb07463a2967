import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../nodes/M365Backup/base/failure';
import type { ByteRange, Store } from '../../nodes/M365Backup/stores/store';
import { runLockContract } from './lock-contract';
import { broken, bytes, gated, generated, keys, listed, memoryInUse, readBytes, readText, text } from './sources';

const mebibyte = 1024 * 1024;

export interface StoreUnderTest {
	/** Empty. */
	store: Store;
	/** How much memory a 64 MB put and get may take above idle; absent where the store itself is memory. */
	memoryLimitBytes?: number;
	/** `list` tells the size of what is stored, which is not what was put. */
	sizesAreStored?: boolean;
	/** The shortest lock that the store can be asked for. Default 2.5 s: time enough to try a deletion. */
	lockMs?: number;
	tearDown?(): Promise<void>;
}

/** One case, with a fresh store. */
export type ContractTest = (title: string, body: (store: Store, underTest: StoreUnderTest) => Promise<void>) => void;

/** What every adapter and wrapper of the store port must do, as `stores/store.ts` says it. */
export function runStoreContract(name: string, setUp: () => Promise<StoreUnderTest>): void {
	const test: ContractTest = (title, body) => {
		it(title, async () => {
			const underTest = await setUp();
			try {
				await body(underTest.store, underTest);
			} finally {
				await underTest.tearDown?.();
			}
		});
	};

	describe(`store contract: ${name}`, () => {
		test('says who it is without a line break', async (store) => {
			expect(store.label).toMatch(/^[^\n]+$/);
		});

		describe('put and get', () => {
			test('gives back what was put', async (store) => {
				await store.put('a/b.txt', text('hello ', 'wor', 'ld'));
				expect(await readText(store, 'a/b.txt')).toBe('hello world');
			});

			test('keeps every byte value and an empty file', async (store) => {
				const all = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
				await store.put('all.bin', bytes(all));
				await store.put('empty.bin', bytes());
				await store.put('emptyChunks.bin', bytes(Buffer.alloc(0), Buffer.alloc(0)));
				expect(await readBytes(store, 'all.bin')).toEqual(all);
				expect(await readBytes(store, 'empty.bin')).toEqual(Buffer.alloc(0));
				expect(await readBytes(store, 'emptyChunks.bin')).toEqual(Buffer.alloc(0));
			});

			test('replaces, also by something shorter', async (store) => {
				await store.put('f', text('a long first version'));
				await store.put('f', text('short'));
				expect(await readText(store, 'f')).toBe('short');
				expect(await keys(store, '')).toEqual(['f']);
			});

			test('answers null for what is not there, also for the folder of a file', async (store) => {
				await store.put('folder/file', text('x'));
				expect(await store.get('missing')).toBeNull();
				expect(await store.get('missing/deeper')).toBeNull();
				expect(await store.get('folder')).toBeNull();
				expect(await store.get('folder/file/deeper')).toBeNull();
				expect(await store.get('missing', { offset: 5, length: 5 })).toBeNull();
			});

			test('does not keep the buffers of its source', async (store) => {
				const reused = Buffer.alloc(4);
				async function* source(): AsyncGenerator<Uint8Array> {
					for (const word of ['aaaa', 'bbbb', 'cccc']) {
						reused.write(word);
						yield reused;
					}
				}
				await store.put('f', source());
				reused.fill('z');
				expect(await readText(store, 'f')).toBe('aaaabbbbcccc');
			});

			test('hands out bytes that the reader may change', async (store) => {
				await store.put('f', text('unchanged'));
				for await (const chunk of (await store.get('f'))!) chunk.fill(0);
				expect(await readText(store, 'f')).toBe('unchanged');
			});

			test('lets a reader stop early', async (store) => {
				await store.put('f', generated(mebibyte));
				for await (const chunk of (await store.get('f'))!) {
					expect(chunk.length).toBeGreaterThan(0);
					break;
				}
				await store.delete(['f']);
				expect(await store.get('f')).toBeNull();
			});
		});

		describe('ranges', () => {
			const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7 + (index >> 8)) & 255));
			const cases: [string, ByteRange, Buffer][] = [
				['the beginning', { offset: 0, length: 10 }, content.subarray(0, 10)],
				['the middle, over several chunks', { offset: 65_000, length: 140_001 }, content.subarray(65_000, 205_001)],
				['the last byte', { offset: 299_999, length: 1 }, content.subarray(299_999)],
				['less than asked for at the end', { offset: 299_990, length: 500 }, content.subarray(299_990)],
				['nothing at the end', { offset: 300_000, length: 5 }, Buffer.alloc(0)],
				['nothing beyond the end', { offset: 400_000, length: 5 }, Buffer.alloc(0)],
				['nothing for length 0', { offset: 10, length: 0 }, Buffer.alloc(0)],
				['everything', { offset: 0, length: 300_000 }, content],
			];
			for (const [title, range, expected] of cases) {
				test(`give ${title}`, async (store) => {
					await store.put('f', bytes(content));
					expect((await readBytes(store, 'f', range)).equals(expected)).toBe(true);
				});
			}
		});

		describe('all or nothing', () => {
			test('a source that throws leaves nothing, and that very error comes out', async (store) => {
				for (const after of [0, 1, 30]) {
					const mistake = new TypeError(`the source broke after ${after}`);
					await expect(store.put('new', broken(after, mistake))).rejects.toBe(mistake);
				}
				expect(await store.get('new')).toBeNull();
				expect(await keys(store, '')).toEqual([]);
			});

			test('a source that throws a Failure or something odd is not rewritten', async (store) => {
				const failure = new Failure('throttled', 'later', { retryAfterMs: 5 });
				await expect(store.put('new', broken(2, failure))).rejects.toBe(failure);
				await expect(store.put('new', broken(2, 'a mere string'))).rejects.toBe('a mere string');
				expect(await keys(store, '')).toEqual([]);
			});

			test('a source that throws leaves the old file as it was', async (store) => {
				await store.put('f', text('old'));
				const mistake = new Error('broke');
				await expect(store.put('f', broken(5, mistake))).rejects.toBe(mistake);
				expect(await readText(store, 'f')).toBe('old');
				expect(await keys(store, '')).toEqual(['f']);
			});

			test('a put that is going on is invisible', async (store) => {
				await store.put('folder/f', text('old'));
				const gate = gated(Buffer.alloc(mebibyte, 1), Buffer.from('tail'));
				const putting = store.put('folder/f', gate.source);
				const another = gated(Buffer.alloc(mebibyte, 1));
				const puttingNew = store.put('folder/new', another.source);
				await Promise.all([gate.firstTaken, another.firstTaken]);
				expect(await readText(store, 'folder/f')).toBe('old');
				expect(await store.get('folder/new')).toBeNull();
				expect(await keys(store, '')).toEqual(['folder/f']);
				gate.release();
				another.release();
				await Promise.all([putting, puttingNew]);
				expect((await readBytes(store, 'folder/f')).length).toBe(mebibyte + 4);
				expect(await keys(store, '')).toEqual(['folder/f', 'folder/new']);
			});

			test('many puts of one key at once leave one of them whole', async (store) => {
				await Promise.all(Array.from({ length: 8 }, (_, index) => store.put('f', bytes(...Array<Buffer>(20).fill(Buffer.alloc(5000, index))))));
				const stored = await readBytes(store, 'f');
				expect(stored.length).toBe(100_000);
				expect(new Set(stored).size).toBe(1);
				expect(await keys(store, '')).toEqual(['f']);
			});
		});

		describe('put if absent', () => {
			test('stores what is not there and refuses what is, changing nothing', async (store) => {
				if (!store.capabilities.ifAbsent) return;
				await store.put('lease-1.json', text('first'), { ifAbsent: true });
				await expect(store.put('lease-1.json', text('second'), { ifAbsent: true })).rejects.toMatchObject({ name: 'Failure', kind: 'conflict' });
				expect(await readText(store, 'lease-1.json')).toBe('first');
				await store.delete(['lease-1.json']);
				await store.put('lease-1.json', text('third'), { ifAbsent: true });
				expect(await readText(store, 'lease-1.json')).toBe('third');
			});

			test('of many at once exactly one wins', async (store) => {
				if (!store.capabilities.ifAbsent) return;
				for (let round = 0; round < 5; round += 1) {
					const key = `source/lease-${round}.json`;
					const outcomes = await Promise.allSettled(
						Array.from({ length: 10 }, (_, index) => store.put(key, text(`holder `, `${index}`), { ifAbsent: true })),
					);
					const winners = outcomes.flatMap((outcome, index) => (outcome.status === 'fulfilled' ? [index] : []));
					expect(winners).toHaveLength(1);
					for (const outcome of outcomes) {
						if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ name: 'Failure', kind: 'conflict' });
					}
					expect(await readText(store, key)).toBe(`holder ${winners[0]}`);
				}
			});

			test('a loser that had begun first leaves nothing', async (store) => {
				if (!store.capabilities.ifAbsent) return;
				const gate = gated(Buffer.from('slow'));
				const slow = store.put('f', gate.source, { ifAbsent: true });
				await gate.firstTaken;
				await store.put('f', text('quick'), { ifAbsent: true });
				gate.release();
				await expect(slow).rejects.toMatchObject({ kind: 'conflict' });
				expect(await readText(store, 'f')).toBe('quick');
				expect(await keys(store, '')).toEqual(['f']);
			});
		});

		runLockContract(test);

		describe('list', () => {
			test('takes the prefix as a string, not as a folder', async (store) => {
				for (const key of ['a', 'ab/c', 'ab/d/e', 'abc', 'b/a', 'lease-1.json']) await store.put(key, text(key));
				expect(await keys(store, '')).toEqual(['a', 'ab/c', 'ab/d/e', 'abc', 'b/a', 'lease-1.json']);
				expect(await keys(store, 'a')).toEqual(['a', 'ab/c', 'ab/d/e', 'abc']);
				expect(await keys(store, 'ab')).toEqual(['ab/c', 'ab/d/e', 'abc']);
				expect(await keys(store, 'ab/')).toEqual(['ab/c', 'ab/d/e']);
				expect(await keys(store, 'ab/d/e')).toEqual(['ab/d/e']);
				expect(await keys(store, 'ab/d/e/')).toEqual([]);
				expect(await keys(store, 'ab/x')).toEqual([]);
				expect(await keys(store, 'missing/')).toEqual([]);
				expect(await keys(store, 'B')).toEqual([]);
			});

			test('knows sizes and when files were written', async (store, { sizesAreStored }) => {
				await store.put('f', generated(100_000));
				const files = await listed(store, '');
				expect(files).toHaveLength(1);
				if (sizesAreStored) expect(files[0]!.sizeBytes).toBeGreaterThan(100_000);
				else expect(files[0]!.sizeBytes).toBe(100_000);
				expect(Number.isFinite(files[0]!.modifiedAt.getTime())).toBe(true);
			});

			test('yields each of many files once', async (store) => {
				const names = Array.from({ length: 250 }, (_, index) => `many/${String(index).padStart(4, '0')}`);
				for (const name of names) await store.put(name, text('x'));
				expect(await keys(store, 'many/')).toEqual(names);
				expect(await keys(store, 'many/01')).toEqual(names.slice(100, 200));
			});

			test('stands files that go away meanwhile', async (store) => {
				for (const key of ['f1', 'f2', 'f3']) await store.put(key, text('x'));
				const seen: string[] = [];
				for await (const file of store.list('')) {
					seen.push(file.key);
					await store.delete(['f1', 'f2', 'f3']);
				}
				expect(seen.length).toBeGreaterThanOrEqual(1);
				expect(await keys(store, '')).toEqual([]);
			});
		});

		describe('delete', () => {
			test('removes these files and no others', async (store) => {
				for (const key of ['a', 'b/c', 'b/d']) await store.put(key, text('x'));
				await store.delete(['a', 'b/c']);
				expect(await keys(store, '')).toEqual(['b/d']);
				expect(await store.get('a')).toBeNull();
			});

			test('does not mind what is not there, nor a folder', async (store) => {
				await store.put('folder/f', text('x'));
				await store.delete(['missing', 'missing/deeper', 'folder', 'folder/f/deeper']);
				await store.delete([]);
				expect(await keys(store, '')).toEqual(['folder/f']);
			});
		});

		describe('keys', () => {
			const odd = [
				'with space.txt', 'Ünïcode/日本語/😀.json', '100%25.txt', 'a+b&c=d.txt', 'brackets [1a2b3c4d].eml', 'hash#tag',
				".hidden", "quote'd", 'semi;colon,comma', '..two-dots-first', 'a..b', '~tilde', '$HOME', '-dash', `${'long'.repeat(55)}.zip`,
				'mailbox-0123456789abcdef/20261122T100000Z-9f3a.archive-0001.zip', 'a/b/c/d/e/f', 'constant', 'com', 'Case', '{x}', '@at!',
			];
			test('of odd but lawful spelling are kept as they are', async (store) => {
				for (const key of odd) await store.put(key, text(key));
				expect(await keys(store, '')).toEqual([...odd].sort());
				for (const key of odd) expect(await readText(store, key)).toBe(key);
				await store.delete(odd);
				expect(await keys(store, '')).toEqual([]);
			});

			const forbidden = [
				'', '/', '/etc/passwd', '..', '../outside', 'a/../../outside', 'a/..', './a', 'a/./b', 'a//b', 'a/', '\\..\\outside', 'a\\b',
				'C:\\x', 'C:x', 'nul\u0000byte', 'line\nbreak', 'del\u007f', 'con', 'a/NUL.txt', 'COM1', 'dot.', 'space ', ' space', 'a./b', 'star*', 'q?',
				'pipe|', '<x>', 'quote"', 'lone\ud800surrogate', 'decomposed-e\u0301', '.m365-backup-temp-x', 'x'.repeat(300),
			];
			for (const key of forbidden) {
				test(`${JSON.stringify(key.slice(0, 40))} is refused everywhere`, async (store) => {
					const refusal = { name: 'Failure', kind: 'invalid' };
					await expect(store.put(key, text('x'))).rejects.toMatchObject(refusal);
					await expect(store.get(key)).rejects.toMatchObject(refusal);
					await store.put('stays', text('x'));
					await expect(store.delete(['stays', key])).rejects.toMatchObject(refusal);
					expect(await keys(store, '')).toEqual(['stays']);
				});
			}

			test('a listing cannot leave the root either', async (store) => {
				for (const prefix of ['../', '/etc/', 'a/../../', '\\..']) {
					await expect(listed(store, prefix)).rejects.toMatchObject({ name: 'Failure', kind: 'invalid' });
				}
			});
		});

		describe('cancellation', () => {
			const cancelled = { name: 'Failure', kind: 'cancelled' };

			test('refuses to begin', async (store) => {
				await store.put('f', text('x'));
				const signal = AbortSignal.abort();
				await expect(store.put('new', text('x'), { signal })).rejects.toMatchObject(cancelled);
				await expect(store.delete(['f'], signal)).rejects.toMatchObject(cancelled);
				await expect(store.get('f', undefined, signal)).rejects.toMatchObject(cancelled);
				await expect(listed(store, '', signal)).rejects.toMatchObject(cancelled);
				expect(await keys(store, '')).toEqual(['f']);
			});

			test('ends a put whose source hangs, and nothing is stored', async (store) => {
				const controller = new AbortController();
				const gate = gated(Buffer.alloc(10_000));
				const putting = store.put('f', gate.source, { signal: controller.signal });
				await gate.firstTaken;
				controller.abort();
				await expect(putting).rejects.toMatchObject(cancelled);
				expect(await store.get('f')).toBeNull();
				expect(await keys(store, '')).toEqual([]);
			});

			test('closes the source of a put that was stopped', async (store) => {
				const controller = new AbortController();
				let isClosed = false;
				async function* source(): AsyncGenerator<Uint8Array> {
					try {
						for (;;) {
							yield Buffer.alloc(1000);
							controller.abort();
						}
					} finally {
						isClosed = true;
					}
				}
				await expect(store.put('f', source(), { signal: controller.signal })).rejects.toMatchObject(cancelled);
				await new Promise((resolve) => setImmediate(resolve));
				expect(isClosed).toBe(true);
			});

			test('ends a get between two chunks', async (store) => {
				await store.put('f', generated(2 * mebibyte));
				const controller = new AbortController();
				const content = (await store.get('f', undefined, controller.signal))!;
				const reading = (async () => {
					for await (const chunk of content) {
						expect(chunk.length).toBeGreaterThan(0);
						controller.abort();
					}
				})();
				await expect(reading).rejects.toMatchObject(cancelled);
			});
		});

		test('a large file goes through', async (store, { memoryLimitBytes }) => {
			const sizeBytes = 64 * mebibyte;
			const expected = createHash('sha256');
			const idle = memoryInUse();
			let peak = 0;
			const watch = (offset: number): void => {
				if (memoryLimitBytes !== undefined && offset % (8 * mebibyte) === 0) peak = Math.max(peak, memoryInUse() - idle);
			};
			async function* source(): AsyncGenerator<Uint8Array> {
				for await (const chunk of generated(sizeBytes, watch)) {
					expected.update(chunk);
					yield chunk;
				}
			}
			await store.put('large.zip', source(), { signal: new AbortController().signal });
			const actual = createHash('sha256');
			let offset = 0;
			let nextLook = 0;
			for await (const chunk of (await store.get('large.zip', undefined, new AbortController().signal))!) {
				actual.update(chunk);
				offset += chunk.length;
				if (offset >= nextLook) {
					nextLook += 8 * mebibyte;
					watch(0);
				}
			}
			expect(offset).toBe(sizeBytes);
			expect(actual.digest('hex')).toBe(expected.digest('hex'));
			if (memoryLimitBytes !== undefined) expect(peak).toBeLessThan(memoryLimitBytes);
		});
	});
}
