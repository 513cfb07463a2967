import { Failure, isFailure } from '../base/failure';
import type { Store } from '../stores/store';
import { listTargets, readLedger } from './copies';
import { parseRepositoryKey } from './names';
import type { ContentRef } from './records';

/** A file that the repository itself has let go, since copies were proved to hold it. */
export interface EvictedFile {
	size: number;
	sha256: string;
	/** When it went, ISO 8601 UTC. */
	at: string;
	/** The copies that hold it. */
	targets: string[];
}

/** By source key, then by name within the source's folder. */
type EvictedBySource = Map<string, Map<string, EvictedFile>>;

/** Files of ledgers are written once: as long as there are the same ones, they say the same. */
const known = new WeakMap<Store, { ledgers: string; evicted: EvictedBySource }>();

/**
 * What copies hold in the repository's stead, by name within the source's folder. It counts only for files that are not
 * there: one that was brought back is a file like any other. Throws `corrupt` for a ledger that is damaged.
 */
export async function evictedFiles(store: Store, sourceKey: string, signal?: AbortSignal): Promise<ReadonlyMap<string, EvictedFile>> {
	return (await evictedBySource(store, signal)).get(sourceKey) ?? new Map();
}

/** The same of all sources, by source key. */
export async function evictedBySource(store: Store, signal?: AbortSignal): Promise<ReadonlyMap<string, ReadonlyMap<string, EvictedFile>>> {
	const keys: string[] = [];
	for await (const { key } of store.list('copies/', signal)) keys.push(key);
	const ledgers = keys.sort().join('\n');
	let remembered = known.get(store);
	if (remembered?.ledgers !== ledgers) {
		remembered = { ledgers, evicted: await readEvicted(store, signal) };
		known.set(store, remembered);
	}
	return remembered.evicted;
}

async function readEvicted(store: Store, signal?: AbortSignal): Promise<EvictedBySource> {
	const found: EvictedBySource = new Map();
	for (const target of await listTargets(store, signal)) {
		for (const line of (await readLedger(store, target, signal)).lines.values()) {
			if (line.deleted || line.evicted === undefined) continue;
			const { kind, sourceKey } = parseRepositoryKey(line.key);
			if (kind !== 'archive' || sourceKey === undefined) continue;
			const files = found.get(sourceKey) ?? new Map<string, EvictedFile>();
			found.set(sourceKey, files);
			const name = line.key.slice(sourceKey.length + 1);
			const other = files.get(name);
			// Two ledgers that disagree prove nothing.
			if (other && (other.size !== line.size || other.sha256 !== line.sha256)) continue;
			files.set(name, { size: line.size, sha256: line.sha256, at: line.evicted, targets: [...(other?.targets ?? []), target] });
		}
	}
	return found;
}

/** The same, where a damaged ledger counts as one that knows nothing: verify reports it. */
export async function evictedAsKnown(store: Store, sourceKey: string, signal?: AbortSignal): Promise<ReadonlyMap<string, EvictedFile>> {
	try {
		return await evictedFiles(store, sourceKey, signal);
	} catch (error) {
		if (!isFailure(error, 'corrupt')) throw error;
		return new Map();
	}
}

/** One content by `read`; where its archive is missing since a copy holds it, a `corrupt` Failure (code `evicted`) that says which and how to go on. */
export async function* explained(
	read: AsyncIterable<Uint8Array>,
	where: { store: Store; sourceKey: string; ref: Pick<ContentRef, 'archive'>; signal?: AbortSignal | undefined },
): AsyncIterable<Uint8Array> {
	try {
		yield* read;
	} catch (error) {
		if (!isFailure(error, 'corrupt') || error.code !== 'missingFile') throw error;
		const { store, sourceKey, ref, signal } = where;
		const held = (await evictedAsKnown(store, sourceKey, signal)).get(ref.archive);
		if (held === undefined) throw error;
		throw new Failure('corrupt', `${sourceKey}/${ref.archive} is held by ${held.targets.join(' and ')} alone`, {
			code: 'evicted',
			nextStep: `Bring it back: Repository → Get Files to Copy in mode Needed For, the node of that storage that downloads it, Import Files. The workflow restore-from-copied-archives.json does this.`,
		});
	}
}
