import { makeAgeKey, readAgeKey } from '../../nodes/M365Backup/stores/encryption/age-key';
import { createEncryptedStore } from '../../nodes/M365Backup/stores/encryption/encrypted-store';
import { createFaultyStore } from '../../nodes/M365Backup/stores/faulty-store';
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

for (const [title, recovery] of [['encrypted', false], ['encrypted, with a recovery key', true]] as const) {
	runStoreContract(title, async () => {
		const { identity } = await makeAgeKey();
		const recoveryRecipient = recovery ? (await makeAgeKey()).recipient : '';
		return { store: createEncryptedStore(createMemoryStore(), await readAgeKey({ identity, recoveryRecipient })), sizesAreStored: true };
	});
}
