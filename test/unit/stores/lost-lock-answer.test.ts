import { expect, it } from 'vitest';
import { Failure } from '../../../nodes/M365Backup/base/failure';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import { ReplayableSource } from '../../../nodes/M365Backup/stores/replayable-source';
import { createRetryingStore } from '../../../nodes/M365Backup/stores/retrying-store';
import { text } from '../../contract/sources';

const ambient = { sleep: async (): Promise<void> => undefined, random: () => 1 };

it('a put whose lock was not confirmed is not called stored without it', async () => {
	const memory = createMemoryStore({ locks: {} });
	const put = memory.put.bind(memory);
	// The bytes arrive, the lock that older servers take afterwards does not.
	memory.put = async (key, source, options = {}) => {
		const { retainUntil, ...rest } = options;
		await put(key, source, rest);
		if (retainUntil) throw new Failure('transient', 'lock answer lost');
	};
	const store = createRetryingStore(memory, { ambient });
	const until = new Date(Date.now() + 86_400_000);
	const isStored = await store.put('a', new ReplayableSource(() => text('whole')), { retainUntil: until }).then(() => true, () => false);
	expect({ isStored, until: await store.lockedUntil?.('a') }).toEqual({ isStored: true, until });
});
