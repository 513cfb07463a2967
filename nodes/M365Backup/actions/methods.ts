import type { ILoadOptionsFunctions, INodeListSearchResult, INodeType } from 'n8n-workflow';
import { testAzureCredential } from '../connect/azure';
import { testEncryptionCredential } from '../connect/encryption';
import { testMicrosoftCredential } from '../connect/credential-test';
import { testS3Credential } from '../connect/s3';
import { searchFolders } from '../pickers/folder';
import { searchLibrariesOf } from '../pickers/library';
import { searchMailboxes } from '../pickers/mailbox';
import { searchSites } from '../pickers/site';
import { searchSnapshots } from '../pickers/snapshot';
import { searchSources } from '../pickers/source';
import { toNodeError } from './errors';

type ListSearch = (this: ILoadOptionsFunctions, filter?: string, paginationToken?: string) => Promise<INodeListSearchResult>;

/** What the editor calls: the lists behind the pickers, and the test of the credential. */
export const methods = {
	credentialTest: { testAzureCredential, testEncryptionCredential, testMicrosoftCredential, testS3Credential },
	listSearch: {
		searchFolders: explained(searchFolders),
		searchLibraries: explained(searchLibrariesOf('driveSite')),
		searchMailboxes: explained(searchMailboxes),
		searchSites: explained(searchSites),
		searchSnapshots: explained(searchSnapshots),
		searchSources: explained(searchSources),
		searchTargetLibraries: explained(searchLibrariesOf('targetDriveSite')),
	},
} satisfies INodeType['methods'];

/** The same list, whose failures reach the editor with what to do about them. */
function explained(search: ListSearch): ListSearch {
	return async function (filter, paginationToken) {
		try {
			return await search.call(this, filter, paginationToken);
		} catch (error) {
			throw toNodeError.call(this, error);
		}
	};
}
