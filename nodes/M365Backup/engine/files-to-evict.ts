import type { JsonObject } from '../base/json';
import { CopyLedger } from '../repository/copies';
import { flatName, parseRepositoryKey, type RepositoryFileKind } from '../repository/names';
import type { Repository } from '../repository/repository';
import { NamedFiles } from './named-files';

/** An archive that a copy holds and the repository could do without, once the copy has been read back. */
export interface FileToEvict {
	/** `<source key>/<name>` */
	key: string;
	/** As in Get Files to Copy. */
	fileName: string;
	path: string;
	folder: string;
	kind: RepositoryFileKind;
	sizeBytes: number;
	sha256: string;
	/** What the storage said when it was copied (id, key, path): its node needs it to download the file. */
	copy: JsonObject;
}

export interface FilesToEvictOptions {
	/** The copy's name; see `checkTarget`. */
	target: string;
	/** Archives that are younger stay. */
	keepDays: number;
	/** Stops before the sum of sizes exceeds it, but always yields one file if there is one. */
	maxBytes?: number;
	signal?: AbortSignal;
}

const DAY_MS = 86_400_000;

/**
 * The archives, oldest first, that this copy has confirmed, a record names, and the repository itself holds longer than
 * `keepDays`. They are to be read back from the copy and handed to `evict`. Throws `invalid` for a bad target.
 */
export async function* filesToEvict(repository: Repository, options: FilesToEvictOptions): AsyncGenerator<FileToEvict, void, undefined> {
	const { target, keepDays, maxBytes = Infinity, signal } = options;
	const ledger = await CopyLedger.read(repository.store, repository.ambient, target, signal);
	const youngestMs = repository.ambient.now().getTime() - keepDays * DAY_MS;
	const held: { key: string; folder: string; sizeBytes: number; runId: string }[] = [];
	for await (const { key, sizeBytes, modifiedAt } of repository.store.list('', signal)) {
		const { kind, sourceKey: folder, runId } = parseRepositoryKey(key);
		// By the store's clock: what was brought back for a restore stays for the same time again.
		if (kind !== 'archive' || folder === undefined || runId === undefined || modifiedAt.getTime() > youngestMs) continue;
		if (ledger.get(key) !== undefined) held.push({ key, folder, sizeBytes, runId });
	}
	const named = new Map<string, NamedFiles>();
	let yieldedBytes = 0;
	for (const { key, folder, sizeBytes } of held.sort((a, b) => (a.runId < b.runId ? -1 : 1))) {
		const files = named.get(folder) ?? (await NamedFiles.read(repository, folder, signal));
		named.set(folder, files);
		const copied = ledger.get(key);
		const expected = await files.find(key.slice(folder.length + 1), signal);
		// Damaged ones stay as they are: verify reports them, and the copy's is the sound one.
		if (copied === undefined || expected?.size !== sizeBytes || expected.sha256 !== copied.sha256) continue;
		// It could not go: no need to download it every time, nor to let it use up what may be read at once.
		if (await repository.store.lockedUntil?.(key, signal)) continue;
		if (yieldedBytes > 0 && yieldedBytes + sizeBytes > maxBytes) return;
		yieldedBytes += sizeBytes;
		const path = repository.nameOf(key);
		yield { key, fileName: flatName(path), path, folder, kind: 'archive', sizeBytes, sha256: copied.sha256, copy: copied.fields };
	}
}
