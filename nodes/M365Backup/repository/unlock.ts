import { Failure } from '../base/failure';
import type { Store } from '../stores/store';
import type { RepositoryEncryption } from './encryption';
import { RecordMac } from './record-mac';
import type { RepositoryRecord } from './record-schemas';

export interface UnlockedRepository {
	/** Plain keys and plain bytes. */
	store: Store;
	/** Where the repository is encrypted. */
	mac?: RecordMac;
	isRecovery: boolean;
}

/**
 * The store as the repository's record says that it is to be read. Encrypted or not is never a matter of guessing: a
 * backup that was meant to be encrypted must not go out plain. Throws `invalid`, or `denied` with code `wrongKey`.
 */
export async function unlockRepository(store: Store, record: RepositoryRecord, encryption: RepositoryEncryption | undefined): Promise<UnlockedRepository> {
	const { recipients, macKey } = record;
	if (recipients === undefined) {
		if (!encryption) return { store, isRecovery: false };
		throw new Failure('invalid', `The repository in ${store.label} is not encrypted, but an encryption credential is chosen`, {
			code: 'notEncrypted',
			nextStep: 'Turn off Encrypted for this repository, or back up into another folder: a repository is encrypted from its beginning or not at all. Nothing was changed.',
		});
	}
	if (!encryption) {
		throw new Failure('invalid', `The repository in ${store.label} is encrypted`, {
			code: 'encrypted',
			nextStep: 'Turn on Encrypted and choose the M365 Backup Encryption credential with its key. Without the key nobody can open it.',
		});
	}
	const unlocked = await encryption.unlock(store, { recipients, ...(macKey !== undefined && { macKey }) });
	return { store: unlocked.store, mac: new RecordMac(unlocked.macKey, record.id), isRecovery: unlocked.isRecovery };
}
