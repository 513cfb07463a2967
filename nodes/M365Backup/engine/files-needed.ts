import { Failure } from '../base/failure';
import type { JsonObject } from '../base/json';
import { CopyLedger } from '../repository/copies';
import { flatName, parseRepositoryKey, sourceKey, type RepositoryFileKind } from '../repository/names';
import type { CatalogEntry, SnapshotRecord } from '../repository/records';
import type { Repository } from '../repository/repository';
import { NamedFiles } from './named-files';

/** A file that must come back from a copy before something can be restored. */
export interface NeededFile {
	/** `<source key>/<name>` */
	key: string;
	fileName: string;
	path: string;
	folder: string;
	kind: RepositoryFileKind;
	sizeBytes: number;
	sha256: string;
	/** The storage's own fields (id, key, path), as they were confirmed; null if this target never confirmed the file. */
	copy: JsonObject | null;
}

export interface FilesNeededOptions {
	/** The copy that they are to be fetched from. */
	target: string;
	snapshot: SnapshotRecord;
	/** Only these items; the whole snapshot without. */
	ids?: readonly string[];
	signal?: AbortSignal;
}

/**
 * The archives that a restore from a snapshot reads and the repository lacks, by name. The catalog itself must be there.
 * Failures: notFound (an id that the snapshot does not have), invalid (the target's name), corrupt (the catalog).
 */
export async function* filesNeeded(repository: Repository, options: FilesNeededOptions): AsyncGenerator<NeededFile, void, undefined> {
	const { snapshot, signal, target } = options;
	const folder = sourceKey(snapshot.source);
	const ledger = await CopyLedger.read(repository.store, repository.ambient, target, signal);
	const present = new Set<string>();
	for await (const { key } of repository.store.list(`${folder}/`, signal)) present.add(key);
	const missing = new Set<string>();
	for await (const entry of entriesOf(repository, options)) {
		for (const { archive } of entry.content ?? []) if (!present.has(`${folder}/${archive}`)) missing.add(archive);
	}
	if (missing.size === 0) return;
	const named = await NamedFiles.read(repository, folder, signal);
	for (const name of [...missing].sort()) {
		const expected = await named.find(name, signal);
		if (expected?.size === undefined) {
			throw new Failure('corrupt', `No record says what ${name} must look like`, {
				nextStep: 'Import the snapshot records of this source from the copy, too.',
			});
		}
		const key = `${folder}/${name}`;
		yield {
			key,
			fileName: flatName(repository.nameOf(key)),
			path: repository.nameOf(key),
			folder,
			kind: parseRepositoryKey(key).kind,
			sizeBytes: expected.size,
			sha256: expected.sha256,
			copy: ledger.get(key)?.fields ?? null,
		};
	}
}

async function* entriesOf(repository: Repository, { snapshot, ids, signal }: FilesNeededOptions): AsyncGenerator<CatalogEntry> {
	const catalog = repository.catalog(snapshot);
	if (ids === undefined) {
		yield* catalog.entries(signal ? { signal } : {});
		return;
	}
	const found = await catalog.lookUp(ids, signal);
	const unknown = ids.find((id) => !found.has(id));
	if (unknown !== undefined) {
		throw new Failure('notFound', `The snapshot has no item "${unknown}"`, {
			nextStep: 'Search for it with Item: Get Many, or choose another snapshot.',
		});
	}
	yield* found.values();
}
