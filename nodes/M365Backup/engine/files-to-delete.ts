import type { JsonObject } from '../base/json';
import { isFailure } from '../base/failure';
import { CopyLedger } from '../repository/copies';
import { flatName, parseRepositoryKey, type RepositoryFileKind } from '../repository/names';
import { readPrune } from '../repository/prune-records';
import type { Repository } from '../repository/repository';
import { NamedFiles } from './named-files';

/** A file that a copy still has although the repository has let it go. */
export interface FileToDelete {
	/** As the repository named it: `<source key>/<name>`. */
	key: string;
	/** As in Get Files to Copy. */
	fileName: string;
	path: string;
	folder: string;
	kind: RepositoryFileKind;
	sizeBytes: number;
	sha256: string;
	/** What the storage said when it was copied (id, key, path): its node needs it to delete the file. */
	fields: JsonObject;
}

export interface FilesToDeleteOptions {
	/** The copy's name; see `checkTarget`. */
	target: string;
	/** Only these sources. All without. */
	sourceKeys?: readonly string[];
	signal?: AbortSignal;
	/**
	 * Told of prune records that cannot be read: what they removed stays in the copy. And of snapshots and lists of items
	 * that cannot: then no archive, list or cursor of that source is let go. `reason` says all that, in sentences.
	 */
	onProblem?: (problem: { key: string; reason: string }) => void;
}

/** Kinds of files that records name. */
const NAMED_KINDS: ReadonlySet<RepositoryFileKind> = new Set(['archive', 'segment', 'cursor']);

/**
 * What this copy has confirmed, a prune has removed, and nothing has brought back. What is merely missing is not among
 * it, nor what a snapshot still names or, since it cannot be read, may name: the copy alone may hold it. Throws
 * `invalid` for a bad target.
 */
export async function* filesToDelete(repository: Repository, options: FilesToDeleteOptions): AsyncGenerator<FileToDelete, void, undefined> {
	const { target, sourceKeys, signal } = options;
	const ledger = await CopyLedger.read(repository.store, repository.ambient, target, signal);
	const gone = new Map(ledger.files());
	const pruneFiles: { source: string; name: string; key: string }[] = [];
	for await (const { key } of repository.store.list('', signal)) {
		gone.delete(key);
		const { kind, sourceKey } = parseRepositoryKey(key);
		if (kind === 'prune' && sourceKey !== undefined) pruneFiles.push({ source: sourceKey, name: key.slice(sourceKey.length + 1), key });
	}
	if (gone.size === 0) return;
	const pruned = await prunedKeys(repository, pruneFiles, options);
	const named = new Map<string, NamedFiles | undefined>();
	for (const [key, { size, sha256, fields }] of [...gone].sort(([a], [b]) => (a < b ? -1 : 1))) {
		const { kind, sourceKey } = parseRepositoryKey(key);
		if (sourceKeys && (sourceKey === undefined || !sourceKeys.includes(sourceKey))) continue;
		// A prune record itself goes once nobody needs it. A released hold stays in the copy: one too many does no harm.
		if (!pruned.has(key) && kind !== 'prune') continue;
		// A prune says what goes before it goes: one that was killed, or met a lock, leaves snapshots whose archives the copy alone may hold.
		if (sourceKey !== undefined && NAMED_KINDS.has(kind)) {
			if (!named.has(sourceKey)) named.set(sourceKey, await wholeNames(repository, sourceKey, options));
			const files = named.get(sourceKey);
			if (files === undefined || (await files.find(key.slice(sourceKey.length + 1), signal)) !== undefined) continue;
		}
		yield { key, fileName: flatName(repository.nameOf(key)), path: repository.nameOf(key), folder: key.slice(0, Math.max(0, key.lastIndexOf('/'))), kind, sizeBytes: size, sha256, fields };
	}
}

/** Undefined if a file may be needed that they do not name. */
async function wholeNames(repository: Repository, sourceKey: string, { signal, onProblem }: FilesToDeleteOptions): Promise<NamedFiles | undefined> {
	const [damaged] = await repository.damagedSnapshots(sourceKey, signal);
	const files = damaged ? undefined : await NamedFiles.read(repository, sourceKey, signal);
	const unreadable = damaged ? { key: `${sourceKey}/${damaged.name}`, reason: damaged.reason } : await files?.unreadableList(signal);
	if (unreadable === undefined) return files;
	onProblem?.({ ...unreadable, reason: `${unreadable.reason}. Until it can be read, no archive, list or cursor of its source is listed: the copy alone may hold what it names` });
	return undefined;
}

async function prunedKeys(
	repository: Repository,
	pruneFiles: readonly { source: string; name: string; key: string }[],
	{ signal, onProblem }: FilesToDeleteOptions,
): Promise<Set<string>> {
	const pruned = new Set<string>();
	for (const { source, name, key } of pruneFiles) {
		try {
			const record = await readPrune(repository.store, source, name, signal);
			for (const file of record?.files ?? []) pruned.add(`${source}/${file.name}`);
		} catch (error) {
			if (!isFailure(error, 'corrupt')) throw error;
			onProblem?.({ key, reason: `${error.message}. What it lists stays in the copy` });
		}
	}
	return pruned;
}
