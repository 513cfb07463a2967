import { expect, it } from 'vitest';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import { createReadOnlyStore } from '../../../nodes/M365Backup/stores/read-only-store';
import { keys, readText, text } from '../../contract/sources';

it('a read-only store reads and refuses everything else, saying so', async () => {
	const inner = createMemoryStore();
	await inner.put('a/b', text('x'));
	const store = createReadOnlyStore(inner);
	expect(await keys(store, 'a/')).toEqual(['a/b']);
	expect(await readText(store, 'a/b')).toBe('x');
	expect(await store.get('missing')).toBeNull();
	const refusal = { kind: 'denied', message: expect.stringContaining('opened for reading only'), nextStep: expect.any(String) };
	await expect(store.put('a/c', text('x'))).rejects.toMatchObject(refusal);
	await expect(store.delete(['a/b'])).rejects.toMatchObject(refusal);
	await store.delete([]);
	expect(store.capabilities.ifAbsent).toBe(false);
	expect(await keys(inner, '')).toEqual(['a/b']);
});
