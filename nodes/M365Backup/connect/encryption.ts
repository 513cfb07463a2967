import type { ICredentialDataDecryptedObject, ICredentialsDecrypted, ICredentialTestFunctions, IExecuteFunctions, ILoadOptionsFunctions, INodeCredentialTestResult } from 'n8n-workflow';
import { isFailure, toFailure } from '../base/failure';
import { readAgeKey, type AgeKey } from '../stores/encryption/age-key';
import { RepositoryKey } from '../stores/encryption/repository-key';

export const encryptionCredentialType = 'm365BackupEncryptionApi';

/** The key in the node's encryption credential; undefined where the repository is not said to be encrypted. Failures: invalid (what was entered is no key). */
export async function connectEncryption(
	this: IExecuteFunctions | ILoadOptionsFunctions,
	isEncrypted: unknown,
): Promise<RepositoryKey | undefined> {
	if (isEncrypted !== true) return undefined;
	return new RepositoryKey(await keyOf(await this.getCredentials(encryptionCredentialType)));
}

/** n8n's test of the credential: whether the keys are keys. What they open, only a repository can tell. */
export async function testEncryptionCredential(this: ICredentialTestFunctions, credential: ICredentialsDecrypted): Promise<INodeCredentialTestResult> {
	try {
		const { recipients } = await keyOf(credential.data ?? {});
		return { status: 'OK', message: `The public part of this key is ${recipients[0] ?? ''}` };
	} catch (error) {
		const { message, nextStep } = toFailure(error);
		return { status: 'Error', message: isFailure(error) ? `${message}. ${nextStep ?? ''}` : `The key could not be checked: ${message}` };
	}
}

function keyOf({ secretKey, recoveryRecipient }: ICredentialDataDecryptedObject): Promise<AgeKey> {
	return readAgeKey({
		identity: typeof secretKey === 'string' ? secretKey : '',
		recoveryRecipient: typeof recoveryRecipient === 'string' ? recoveryRecipient : '',
	});
}
