import type { Ambient } from '../base/ambient';
import { hasEncryptedName, parseRepositoryKey, plainName, type RepositoryFileKind } from '../repository/names';
import type { Repository } from '../repository/repository';
import type { Store, StoreFile } from '../stores/store';
import type { ReplicaCopier } from './replica-copier';
import type { ReplicaTally } from './replica-tally';

/** What all parts of one Replicate work with. */
export interface ReplicationContext {
	/** Both with the bytes as they are stored. */
	from: Store;
	to: Store;
	/** With what the records say; absent for an encrypted repository without its key. */
	repository?: Repository;
	replica?: Repository;
	isEncrypted: boolean;
	ambient: Ambient;
	copier: ReplicaCopier;
	tally: ReplicaTally;
	/** Reads what is there already, too. */
	verifiesAll: boolean;
	removesPruned: boolean;
	signal: AbortSignal;
}

const REPLICATED: ReadonlySet<RepositoryFileKind> = new Set(['archive', 'segment', 'seen', 'cursor', 'snapshot', 'hold', 'prune']);

/** The files of a source by their plain names, but for leases, cursor.json and what this software does not know. */
export async function listReplicated(store: Store, key: string, { isEncrypted, signal }: Pick<ReplicationContext, 'isEncrypted' | 'signal'>): Promise<Map<string, StoreFile>> {
	const files = new Map<string, StoreFile>();
	for await (const file of store.list(`${key}/`, signal)) {
		if (hasEncryptedName(file.key) !== isEncrypted) continue;
		const plain = plainName(file.key);
		if (REPLICATED.has(parseRepositoryKey(plain).kind)) files.set(plain.slice(key.length + 1), { ...file, key: plain });
	}
	return files;
}
