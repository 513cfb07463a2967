import { parseRepositoryKey, plainName, type RepositoryFileKind } from './names';

/**
 * `cursor.json` is overwritten and leases come and go; holds are taken back by Release, and prune records where a prune
 * stops before it has removed anything. None of them holds anything that a restore needs.
 */
const UNLOCKED: ReadonlySet<RepositoryFileKind> = new Set(['currentCursor', 'lease', 'hold', 'prune', 'unknown']);

/** Whether a file is locked as it is put where files are to be locked. The key may be that of an encrypted file. */
export function isLockable(key: string): boolean {
	return !UNLOCKED.has(parseRepositoryKey(plainName(key)).kind);
}
