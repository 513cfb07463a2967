import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createFolderStore } from '../../nodes/M365Backup/stores/folder-store';
import { runStoreContract, type StoreUnderTest } from './store-contract';

const memoryLimitBytes = 12 * 1024 * 1024;

async function setUp(linkFile?: () => Promise<void>): Promise<StoreUnderTest> {
	const base = await mkdtemp(path.join(tmpdir(), 'm365-folder-store-'));
	return {
		store: createFolderStore({ root: path.join(base, 'not yet there', 'repository'), ...(linkFile && { linkFile }) }),
		memoryLimitBytes,
		tearDown: () => rm(base, { recursive: true, force: true }),
	};
}

runStoreContract('folder', () => setUp());

runStoreContract('folder on a file system without hard links', () =>
	setUp(async () => {
		throw Object.assign(new Error('EOPNOTSUPP: operation not supported, link'), { code: 'EOPNOTSUPP' });
	}),
);
