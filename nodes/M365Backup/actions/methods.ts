import type { INodeType } from 'n8n-workflow';
import { testMicrosoftCredential } from '../connect/credential-test';
import { searchFolders } from '../pickers/folder';
import { searchMailboxes } from '../pickers/mailbox';
import { searchSnapshots } from '../pickers/snapshot';
import { searchSources } from '../pickers/source';

/** What the editor calls: the lists behind the pickers, and the test of the credential. */
export const methods = {
	credentialTest: { testMicrosoftCredential },
	listSearch: { searchFolders, searchMailboxes, searchSnapshots, searchSources },
} satisfies INodeType['methods'];
