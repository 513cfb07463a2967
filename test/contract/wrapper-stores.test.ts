import { makeAgeKey, readAgeKey } from '../../nodes/M365Backup/stores/encryption/age-key';
import { createEncryptedStore } from '../../nodes/M365Backup/stores/encryption/encrypted-store';
import { createFaultyStore } from '../../nodes/M365Backup/stores/faulty-store';
import { createLockingStore } from '../../nodes/M365Backup/stores/locking-store';
import { createMemoryStore } from '../../nodes/M365Backup/stores/memory-store';
import { createRetryingStore } from '../../nodes/M365Backup/stores/retrying-store';
import { runStoreContract } from './store-contract';

const ambient = { sleep: async (): Promise<void> => undefined, random: () => 0.5 };

runStoreContract('faulty, without faults', async () => ({ store: createFaultyStore(createMemoryStore(), ambient) }));

runStoreContract('retrying', async () => ({ store: createRetryingStore(createMemoryStore(), { ambient }) }));

runStoreContract('retrying, when every second get, list and delete fails', async () => {
	const faulty = createFaultyStore(createMemoryStore(), ambient);
	for (const call of ['get', 'list', 'delete'] as const) {
		for (let from = 1; from < 2000; from += 2) faulty.script({ call, from, effect: 'before' });
	}
	return { store: createRetryingStore(faulty, { ambient }) };
});

runStoreContract('faulty, over locks', async () => ({ store: createFaultyStore(createMemoryStore({ locks: {} }), ambient) }));

runStoreContract('retrying, over locks of which every second call fails', async () => {
	const faulty = createFaultyStore(createMemoryStore({ locks: {} }), ambient);
	for (const call of ['lockedUntil', 'extendLock', 'deleteOldVersions', 'delete'] as const) {
		for (let from = 1; from < 200; from += 2) faulty.script({ call, from, effect: from % 4 === 1 ? 'before' : 'after' });
	}
	return { store: createRetryingStore(faulty, { ambient }) };
});

runStoreContract('locking, of files that are not to be locked', async () => ({
	store: createLockingStore(createMemoryStore({ locks: {} }), { days: 1, ambient: { now: () => new Date() }, isLockable: () => false }),
}));

runStoreContract('encrypted, over locks', async () => {
	const { identity } = await makeAgeKey();
	return { store: createEncryptedStore(createMemoryStore({ locks: {} }), await readAgeKey({ identity, recoveryRecipient: '' })), sizesAreStored: true };
});

for (const [title, recovery] of [['encrypted', false], ['encrypted, with a recovery key', true]] as const) {
	runStoreContract(title, async () => {
		const { identity } = await makeAgeKey();
		const recoveryRecipient = recovery ? (await makeAgeKey()).recipient : '';
		return { store: createEncryptedStore(createMemoryStore(), await readAgeKey({ identity, recoveryRecipient })), sizesAreStored: true };
	});
}
