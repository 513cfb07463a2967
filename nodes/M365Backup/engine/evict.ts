import { isFailure } from '../base/failure';
import { CopyLedger } from '../repository/copies';
import { hasEncryptedName, parseRepositoryKey, plainName } from '../repository/names';
import type { Repository } from '../repository/repository';
import { LOCKED_CODE } from '../stores/store';
import { readImport, type FileToImport } from './import-overlay';
import { NamedFiles } from './named-files';
import { measure, proven } from './proven-content';

export interface EvictOptions {
	/** The copy that the files were read back from. */
	target: string;
	/** As they came from there. */
	files: readonly FileToImport[];
	signal?: AbortSignal;
}

export interface EvictResult {
	/** As it was given. */
	fileName: string;
	/** `notHere`: it had gone before. */
	outcome: 'removedHere' | 'notHere' | 'refused';
	/** What that saves here. */
	sizeBytes?: number;
	/** Why it was refused. */
	reason?: string;
}

/**
 * Removes from the repository the archives that were read back from a copy and are, by their SHA-256, what the records
 * say: from then on that copy holds them in the repository's stead, which is written down before anything goes. Whatever
 * is no archive, no record names, the copy has not confirmed, or does not prove itself, stays; what came back damaged is
 * forgotten, so that it is copied again. One answer for each file, in the order given. Throws `invalid` for a bad target.
 */
export async function evict(repository: Repository, { target, files, signal }: EvictOptions): Promise<EvictResult[]> {
	const ledger = await CopyLedger.read(repository.store, repository.ambient, target, signal);
	const named = new Map<string, NamedFiles>();
	const results: EvictResult[] = [];
	for (const file of files) {
		const { fileName } = file;
		const proof = await prove(repository, ledger, named, file, signal);
		if ('reason' in proof) {
			const { damaged, reason } = proof;
			const again = damaged !== undefined && (await isThere(repository, damaged, signal)) ? damaged : undefined;
			// Forgotten, it is copied again. Where it is here no more, that would help nobody.
			if (again !== undefined) await ledger.add([{ key: again, deleted: true }], signal);
			results.push({ fileName, outcome: 'refused', reason: again === undefined ? reason : `${reason}; it will be copied again` });
			continue;
		}
		const { key, size, sha256 } = proof;
		const fields = ledger.get(key)?.fields ?? {};
		await ledger.add([{ key, size, sha256, fields, evicted: repository.ambient.now().toISOString() }], signal);
		const isHere = await isThere(repository, key, signal);
		const locked = isHere ? await deleteUnlessLocked(repository, key, signal) : undefined;
		if (locked !== undefined) results.push({ fileName, outcome: 'refused', reason: locked });
		else results.push(isHere ? { fileName, outcome: 'removedHere', sizeBytes: size } : { fileName, outcome: 'notHere' });
	}
	return results;
}

/** Why it stays, if the store has locked it: the others go all the same. */
async function deleteUnlessLocked({ store }: Repository, key: string, signal: AbortSignal | undefined): Promise<string | undefined> {
	try {
		await store.delete([key], signal);
		return undefined;
	} catch (error) {
		if (!isFailure(error, 'denied') || error.code !== LOCKED_CODE) throw error;
		return error.message;
	}
}

/** `damaged`: the copy's file is not what it should be. */
type Proof = { key: string; size: number; sha256: string } | { reason: string; damaged?: string };

async function isThere(repository: Repository, key: string, signal: AbortSignal | undefined): Promise<boolean> {
	for await (const stored of repository.store.list(key, signal)) if (stored.key === key) return true;
	return false;
}

async function prove(repository: Repository, ledger: CopyLedger, named: Map<string, NamedFiles>, file: FileToImport, signal: AbortSignal | undefined): Promise<Proof> {
	const { kind, key, sourceKey } = parseRepositoryKey(plainName(file.fileName));
	if (kind !== 'archive' || key === undefined || sourceKey === undefined) return { reason: 'it is no archive: only archives need not stay here' };
	if ((repository.nameOf(key) !== key) !== hasEncryptedName(file.fileName)) return { reason: 'it is not the name of an archive of this repository' };
	const copied = ledger.get(key);
	if (copied === undefined) return { reason: `${ledger.target} has not been confirmed to hold it` };
	const files = named.get(sourceKey) ?? (await NamedFiles.read(repository, sourceKey, signal));
	named.set(sourceKey, files);
	const expected = await files.find(key.slice(sourceKey.length + 1), signal);
	if (expected?.size === undefined) return { reason: 'no snapshot names it' };
	const { size, sha256 } = expected;
	try {
		await measure(proven(readImport(file, signal), { size, sha256 }, key));
	} catch (error) {
		if (!isFailure(error, 'corrupt')) throw error;
		return { reason: error.message, damaged: key };
	}
	return { key, size, sha256 };
}
