import { vi } from 'vitest';
import type * as imports from '../../nodes/M365Backup/engine/import-files';
import { Repository, type OpenOptions } from '../../nodes/M365Backup/repository/repository';
import { readAgeKey } from '../../nodes/M365Backup/stores/encryption/age-key';
import { RepositoryKey } from '../../nodes/M365Backup/stores/encryption/repository-key';

/**
 * Set-up of the project `encrypted`: the tests of what is written and read are run once more, on repositories that are
 * encrypted. A key of its own, so that what a test says of a repository it says of one that nobody else can open.
 */
const encryption = readAgeKey({
	identity: 'AGE-SECRET-KEY-12KE93HS432PZUA7CK3X8LAN5NMLM62PHKV0YSZSE9SVR75L9RMUQ9DRXWT',
	recoveryRecipient: 'age1kpxek6l77c68jeggfnc2q0pvh20rn27j4m0weq5a3zhne7zn9f3s6uymjy',
}).then((key) => new RepositoryKey(key));
const open = Repository.open.bind(Repository);
Repository.open = async (store, ambient, options?: OpenOptions) => open(store, ambient, { encryption: await encryption, ...options });

vi.mock('../../nodes/M365Backup/engine/import-files', async (original) => {
	const actual = await original<typeof imports>();
	return { ...actual, importFiles: (async (store, ambient, files, options) => await actual.importFiles(store, ambient, files, { encryption: await encryption, ...options })) satisfies typeof imports.importFiles };
});
