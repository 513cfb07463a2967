import { Failure, isFailure } from '../base/failure';
import { CopyLedger } from '../repository/copies';
import { evictedBySource } from '../repository/evicted';
import { flatName, parseRepositoryKey, type RepositoryFileKind } from '../repository/names';
import type { Repository } from '../repository/repository';
import { listSource } from '../repository/snapshot-files';
import { NamedFiles } from './named-files';
import { measure, proven, type ExpectedFile } from './proven-content';

export interface FileToCopy {
	/** As the repository names it: `<source key>/<name>`. */
	key: string;
	/** Unique without folders: `<source key>.<name>`, of encrypted files with `.age`. What the copy must be called, unless it keeps folders. */
	fileName: string;
	/** The same with folders: `key`, of encrypted files with `.age`. */
	path: string;
	/** The path without its last part; empty for files at the top. */
	folder: string;
	kind: RepositoryFileKind;
	sizeBytes: number;
	sha256: string;
	/**
	 * Its bytes as they are stored, as often as wanted. Reading to the end proves them: damaged ones throw a `corrupt` Failure at the end
	 * at the latest, so that no damage is copied over a sound file elsewhere.
	 */
	open(): Promise<AsyncIterable<Uint8Array>>;
}

export interface FilesToCopyOptions {
	/** The copy's name; see `checkTarget`. */
	target: string;
	/** Stops before the sum of sizes exceeds it, but always yields one file if there is one. */
	maxBytes?: number;
	/** Only these sources (and the files at the top). All without. */
	sourceKeys?: readonly string[];
	signal?: AbortSignal;
	/** Told of files that cannot be copied since they are damaged or missing; the others are yielded all the same. */
	onProblem?: (problem: { key: string; reason: string }) => void;
}

const copiedKinds: ReadonlySet<RepositoryFileKind> = new Set([
	'repository', 'readme', 'archive', 'segment', 'seen', 'cursor', 'snapshot', 'hold', 'prune',
]);

/** Whether files of that kind belong into a copy: no leases, no `cursor.json` (regenerated), no ledgers of copies. */
export function isCopied(kind: RepositoryFileKind): boolean {
	return copiedKinds.has(kind);
}

/**
 * The files that this copy has not confirmed yet: those at the top, then for each source what its snapshots need,
 * oldest snapshot first, each before the record that names it (archives → segments → cursor → snapshot). A copy cut
 * off anywhere thus holds whole snapshots, but nothing depends on the order. Files that no record names (a run that
 * is going on, or was killed) wait until one does. Throws `invalid` for a bad target.
 */
export async function* filesToCopy(repository: Repository, options: FilesToCopyOptions): AsyncGenerator<FileToCopy, void, undefined> {
	const { maxBytes = Infinity } = options;
	let yieldedBytes = 0;
	for await (const file of unconfirmed(repository, options)) {
		if (yieldedBytes > 0 && yieldedBytes + file.sizeBytes > maxBytes) return;
		yieldedBytes += file.sizeBytes;
		yield file;
	}
}

async function* unconfirmed(repository: Repository, options: FilesToCopyOptions): AsyncGenerator<FileToCopy, void, undefined> {
	const { signal, sourceKeys } = options;
	const ledger = await CopyLedger.read(repository.store, repository.ambient, options.target, signal);
	const bySource = new Map<string, Map<string, number>>();
	for await (const { key, sizeBytes } of repository.store.list('', signal)) {
		const parsed = parseRepositoryKey(key);
		if (parsed.key !== key || !isCopied(parsed.kind) || ledger.get(key) !== undefined) continue;
		const source = parsed.sourceKey ?? '';
		if (source !== '' && sourceKeys !== undefined && !sourceKeys.includes(source)) continue;
		const files = bySource.get(source) ?? new Map<string, number>();
		files.set(key, sizeBytes);
		bySource.set(source, files);
	}
	await sayHeldElsewhere(repository, ledger, options);
	for (const [source, files] of [...bySource].sort(([a], [b]) => (a < b ? -1 : 1))) {
		const plan = source === '' ? topFiles(files) : sourceFiles(repository, source, files, options);
		for await (const { key, expected } of plan) {
			const sizeBytes = files.get(key);
			files.delete(key);
			if (sizeBytes === undefined) continue;
			const file = await describe(repository, key, sizeBytes, expected, options);
			if (file !== undefined) yield file;
		}
	}
}

/** What another copy holds in the repository's stead cannot be copied from here. */
async function sayHeldElsewhere({ store }: Repository, ledger: CopyLedger, { onProblem, sourceKeys, signal }: FilesToCopyOptions): Promise<void> {
	if (!onProblem) return;
	for (const [source, files] of await evictedBySource(store, signal)) {
		if (sourceKeys !== undefined && !sourceKeys.includes(source)) continue;
		const here = await listSource(store, source, signal);
		for (const [name, { targets }] of files) {
			const key = `${source}/${name}`;
			if (!here.has(name) && ledger.get(key) === undefined) onProblem({ key, reason: `only ${targets.join(' and ')} holds it: bring it back with Import Files first` });
		}
	}
}

interface PlannedFile {
	key: string;
	/** From a record that names it; without, the file's own bytes are all there is. */
	expected?: ExpectedFile;
}

async function* topFiles(files: ReadonlyMap<string, number>): AsyncGenerator<PlannedFile, void, undefined> {
	await Promise.resolve();
	for (const key of [...files.keys()].sort().reverse()) yield { key };
}

/** May yield files that are confirmed already, or twice. */
async function* sourceFiles(
	repository: Repository,
	source: string,
	pending: ReadonlyMap<string, number>,
	{ signal, onProblem }: FilesToCopyOptions,
): AsyncGenerator<PlannedFile, void, undefined> {
	const hasSeen = [...pending.keys()].some((key) => parseRepositoryKey(key).kind === 'seen');
	const named = await NamedFiles.read(repository, source, signal);
	for (const { name, reason } of await repository.damagedSnapshots(source, signal)) onProblem?.({ key: `${source}/${name}`, reason });
	const plan = (name: string, expected?: ExpectedFile): PlannedFile => ({ key: `${source}/${name}`, ...(expected && { expected }) });

	const own = new Set(named.snapshots.flatMap((snapshot) => snapshot.archives.map(({ name }) => name)));
	const foreign = [...pending.keys()].filter((key) => parseRepositoryKey(key).kind === 'archive' && !own.has(key.slice(source.length + 1)));
	if (foreign.length > 0) {
		const older = await named.olderArchives(signal);
		for (const key of foreign.sort()) {
			const expected = older.get(key.slice(source.length + 1));
			if (expected !== undefined) yield { key, expected };
		}
	}
	for (const snapshot of named.snapshots) {
		for (const file of [...snapshot.archives, ...snapshot.segments]) yield plan(file.name, file);
		if (hasSeen) {
			try {
				for (const name of await named.seenFiles(snapshot, signal)) yield plan(name);
			} catch (error) {
				if (!isFailure(error, 'corrupt')) throw error;
				onProblem?.({ key: `${source}/${snapshot.cursor.name}`, reason: error.message });
			}
		}
		yield plan(snapshot.cursor.name, { sha256: snapshot.cursor.sha256 });
		yield plan(`${snapshot.id}.snapshot.json`);
		yield plan(`${snapshot.id}.hold.json`);
	}
	for (const key of [...pending.keys()].sort()) if (parseRepositoryKey(key).kind === 'prune') yield { key };
}

async function describe(
	repository: Repository,
	key: string,
	sizeBytes: number,
	expected: ExpectedFile | undefined,
	{ signal, onProblem }: FilesToCopyOptions,
): Promise<FileToCopy | undefined> {
	const read = async (): Promise<AsyncIterable<Uint8Array>> => {
		const content = await repository.stored.get(key, undefined, signal);
		if (content !== null) return content;
		throw new Failure('notFound', `${key} has been deleted from the repository meanwhile`, { nextStep: 'Run again.' });
	};
	if (expected?.size !== undefined && expected.size !== sizeBytes) {
		onProblem?.({ key, reason: `it has ${sizeBytes} bytes instead of ${expected.size}` });
		return undefined;
	}
	const sha256 = expected?.sha256 ?? (await measure(await read())).sha256;
	return {
		key,
		fileName: flatName(repository.nameOf(key)),
		path: repository.nameOf(key),
		folder: key.slice(0, Math.max(0, key.lastIndexOf('/'))),
		kind: parseRepositoryKey(key).kind,
		sizeBytes,
		sha256,
		open: async () => proven(await read(), { size: sizeBytes, sha256 }, key),
	};
}
