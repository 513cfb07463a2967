import { createHmac } from 'node:crypto';
import { Decrypter, Encrypter } from 'age-encryption';
import { Failure } from '../../base/failure';
import type { Store } from '../store';
import { derivedKey, type AgeKey } from './age-key';
import { createEncryptedStore } from './encrypted-store';

const MAC_KEY_BYTES = 32;
const ID_CHARS = 32;

/** Of `repository.json`; see `EncryptionRecord`. */
interface EncryptionRecord {
	recipients: string[];
	macKey?: string;
}

/** What a key opens and creates: the repository's side of it is `RepositoryEncryption`. */
export class RepositoryKey {
	constructor(private readonly key: AgeKey) {}

	sharedId(storeLabel: string): string {
		return createHmac('sha256', derivedKey(this.key.identity, 'repository id')).update(storeLabel).digest('hex').slice(0, ID_CHARS);
	}

	async newRecord(): Promise<EncryptionRecord> {
		const { identity, recipients } = this.key;
		const [, recovery] = recipients;
		if (recovery === undefined) return { recipients };
		const encrypter = new Encrypter();
		encrypter.addRecipient(recovery);
		const macKey = Buffer.from(await encrypter.encrypt(derivedKey(identity, 'mac'))).toString('base64');
		return { recipients, macKey };
	}

	async unlock(store: Store, record: EncryptionRecord): Promise<{ store: Store; macKey: Buffer; isRecovery: boolean }> {
		const { identity, recipients } = this.key;
		const [own = '', recovery] = recipients;
		const [first, second] = record.recipients;
		if (own === second) {
			// What little is written then (a hold, a ledger) must be readable with the encryption key, too.
			const both = { identity, recipients: record.recipients };
			return { store: createEncryptedStore(store, both), macKey: await this.openMacKey(record), isRecovery: true };
		}
		if (own !== first) {
			throw new Failure('denied', `The repository in ${store.label} is encrypted for another key`, {
				code: 'wrongKey',
				nextStep: `Choose the credential with the key whose public part is ${first ?? 'not known'}${second === undefined ? '' : `, or its recovery key (${second})`}. Nothing was changed.`,
			});
		}
		if (recovery !== second) {
			throw new Failure('invalid', `The recovery recipient is not the one that the repository in ${store.label} was made with`, {
				code: 'otherRecipients',
				nextStep: `${second === undefined ? 'Leave Recovery Recipient empty' : `Set Recovery Recipient to ${second}`}, or back up into a new folder: what a repository is encrypted for is settled when it is made. Nothing was changed.`,
			});
		}
		return { store: createEncryptedStore(store, this.key), macKey: derivedKey(identity, 'mac'), isRecovery: false };
	}

	private async openMacKey({ macKey }: EncryptionRecord): Promise<Buffer> {
		try {
			const decrypter = new Decrypter();
			decrypter.addIdentity(this.key.identity);
			const opened = Buffer.from(await decrypter.decrypt(Buffer.from(macKey ?? '', 'base64')));
			if (opened.length === MAC_KEY_BYTES) return opened;
		} catch {
			// Said below; the library's own text says nothing that helps.
		}
		throw new Failure('corrupt', 'repository.json is damaged: the key that proves its records cannot be opened', {
			code: 'damagedFile',
			nextStep: 'Put repository.json back from a copy (Repository → Import Files), or open the repository with its encryption key.',
		});
	}
}
