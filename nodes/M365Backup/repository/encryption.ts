import type { Store } from '../stores/store';

/** Of `repository.json` where the repository is encrypted. */
export interface EncryptionRecord {
	/** age recipients (`age1…`) that can open every file: that of the encryption key first, then that of the recovery key, if there is one. */
	recipients: string[];
	/** Base64 of the key for macs, encrypted for the recovery recipient; the identity's owner computes it. */
	macKey?: string;
}

/** What opens an encrypted repository, or creates one: made of a credential, and handed to `Repository.open`. */
export interface RepositoryEncryption {
	/**
	 * An id that everybody with the key gives to that store: where the store cannot put if absent, two runs that create a
	 * repository at once must not sign their records with different ones.
	 */
	sharedId(storeLabel: string): string;
	/** What `repository.json` of a new repository says. */
	newRecord(): Promise<EncryptionRecord>;
	/**
	 * Throws `denied` with code `wrongKey` if the key is none of the recipients', `invalid` with code `otherRecipients` if
	 * the recovery recipient is not the one that the repository was made with.
	 */
	unlock(store: Store, record: EncryptionRecord): Promise<UnlockedStore>;
}

export interface UnlockedStore {
	/** Encrypts and decrypts. */
	store: Store;
	macKey: Buffer;
	/** Opened with the recovery key: to read and restore, not to back up. */
	isRecovery: boolean;
}
