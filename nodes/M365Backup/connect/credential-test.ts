import type { ICredentialsDecrypted, ICredentialTestFunctions, INodeCredentialTestResult } from 'n8n-workflow';
import { toFailure } from '../base/failure';
import { checkMicrosoftCredential, type MicrosoftCredential } from '../graph/credential-check';

/** n8n's test of the credential: signs in and compares the granted permissions with what the credential is used for. */
export async function testMicrosoftCredential(
	this: ICredentialTestFunctions,
	credential: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	try {
		return await checkMicrosoftCredential(credential.data as unknown as MicrosoftCredential);
	} catch (error) {
		// n8n would otherwise show only that the test could not be run.
		return { status: 'Error', message: `The credential could not be tested: ${toFailure(error).message}` };
	}
}
