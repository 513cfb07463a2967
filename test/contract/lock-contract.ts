import { describe, expect } from 'vitest';
import type { Store } from '../../nodes/M365Backup/stores/store';
import { keys, readText, text } from './sources';
import type { ContractTest } from './store-contract';

/** What the port says of locks and versions. */
export function runLockContract(test: ContractTest): void {
	describe('object lock', () => {
		test('is refused where the store has none, rather than forgotten', async (store) => {
			if (store.capabilities.retainUntil) return;
			await expect(store.put('f', text('x'), { retainUntil: new Date('2030-01-01') })).rejects.toMatchObject({ kind: 'invalid' });
			expect(await store.get('f')).toBeNull();
		});

		const lockTest = (title: string, body: (store: Required<Pick<Store, 'lockedUntil' | 'extendLock'>> & Store, lockMs: number) => Promise<void>): void => {
			test(title, async (store, { lockMs = 2500 }) => {
				if (!store.capabilities.retainUntil) return;
				expect(store.lockedUntil && store.extendLock).toBeDefined();
				await body(store as Required<Pick<Store, 'lockedUntil' | 'extendLock'>> & Store, lockMs);
			});
		};
		const soon = (ms: number): Date => new Date(Date.now() + ms);
		const locked = { name: 'Failure', kind: 'denied', code: 'locked' };

		lockTest('a locked file cannot be deleted until then, is there all the while, and the others go', async (store, lockMs) => {
			const retainUntil = soon(lockMs);
			await store.put('a/locked', text('precious'), { retainUntil });
			await store.put('a/free', text('x'));
			const until = (await store.lockedUntil('a/locked'))!;
			expect(until.getTime()).toBeGreaterThanOrEqual(retainUntil.getTime());
			expect(until.getTime()).toBeLessThan(retainUntil.getTime() + 1000);
			expect(await store.lockedUntil('a/free')).toBeNull();
			const refusal = store.delete(['a/free', 'a/locked', 'missing']);
			await expect(refusal).rejects.toMatchObject(locked);
			await expect(refusal).rejects.toThrow(until.toISOString());
			expect(await keys(store, '')).toEqual(['a/locked']);
			expect(await readText(store, 'a/locked')).toBe('precious');
			await new Promise((resolve) => setTimeout(resolve, until.getTime() - Date.now() + 1100));
			expect(await store.lockedUntil('a/locked')).toBeNull();
			await store.delete(['a/locked']);
			expect(await store.get('a/locked')).toBeNull();
		});

		lockTest('a lock is extended, never shortened, and read back', async (store, lockMs) => {
			await store.put('f', text('x'));
			const first = soon(lockMs);
			await store.extendLock('f', first);
			expect((await store.lockedUntil('f'))!.getTime()).toBeGreaterThanOrEqual(first.getTime());
			const later = soon(2 * lockMs);
			await store.extendLock('f', later);
			const until = (await store.lockedUntil('f'))!;
			expect(until.getTime()).toBeGreaterThanOrEqual(later.getTime());
			await store.extendLock('f', soon(1000));
			expect(await store.lockedUntil('f')).toEqual(until);
			await expect(store.delete(['f'])).rejects.toMatchObject(locked);
		});

		lockTest('what is not there is not locked and cannot be', async (store) => {
			expect(await store.lockedUntil('missing')).toBeNull();
			await expect(store.extendLock('missing', soon(1000))).rejects.toMatchObject({ kind: 'notFound' });
			await expect(store.lockedUntil('../x')).rejects.toMatchObject({ kind: 'invalid' });
			await expect(store.extendLock('a//b', soon(1000))).rejects.toMatchObject({ kind: 'invalid' });
		});

		lockTest('a file whose older version is locked stays as it is, not hidden', async (store, lockMs) => {
			await store.put('f', text('old'), { retainUntil: soon(lockMs) });
			await store.put('f', text('new'));
			await expect(store.delete(['f'])).rejects.toMatchObject(locked);
			expect(await readText(store, 'f')).toBe('new');
			expect(await keys(store, '')).toEqual(['f']);
		});

		lockTest('a cancelled run neither looks nor locks', async (store) => {
			await store.put('f', text('x'));
			const signal = AbortSignal.abort();
			await expect(store.lockedUntil('f', signal)).rejects.toMatchObject({ kind: 'cancelled' });
			await expect(store.extendLock('f', soon(1000), signal)).rejects.toMatchObject({ kind: 'cancelled' });
			expect(await store.lockedUntil('f')).toBeNull();
		});

		test('old versions go, and the file stays', async (store) => {
			if (!store.deleteOldVersions) return;
			for (const version of ['1', '2', '3']) await store.put('cursor.json', text(version));
			await store.deleteOldVersions('cursor.json');
			expect(await readText(store, 'cursor.json')).toBe('3');
			await store.deleteOldVersions('missing');
			await store.delete(['cursor.json']);
			expect(await store.get('cursor.json')).toBeNull();
		});
	});
}
