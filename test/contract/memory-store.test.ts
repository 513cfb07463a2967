import { createMemoryStore } from '../../nodes/M365Backup/stores/memory-store';
import { runStoreContract } from './store-contract';

runStoreContract('memory', async () => ({ store: createMemoryStore() }));

runStoreContract('memory, with locks', async () => ({ store: createMemoryStore({ locks: {} }) }));
