import type { Ambient } from '../base/ambient';
import { Failure } from '../base/failure';
import type { RepositoryEncryption } from '../repository/encryption';
import { hasEncryptedName, parseRepositoryKey, plainName } from '../repository/names';
import { Repository } from '../repository/repository';
import { ENCRYPTED_SUFFIX, type Store } from '../stores/store';
import { ReplicaCopier, type ReplicaVerification } from './replica-copier';
import { ReplicaTally, type ReplicateReport } from './replica-tally';
import { allSettled, replicateSource } from './replicate-source';
import type { ReplicationContext } from './replication';
import { checkTarget, makeReplica } from './replicate-top';

export type { ReplicaVerification } from './replica-copier';
export type { FileTally, ReplicaDamage, ReplicatedSource, ReplicateReport } from './replica-tally';

export interface ReplicateOptions {
	/** Where the repository is, and where its replica is or will be; the files as they are stored. */
	from: Store;
	to: Store;
	ambient: Ambient;
	/** Of an encrypted repository: then each file is proven by its records. Without, all is copied as it is. */
	encryption?: RepositoryEncryption | undefined;
	/** Only these. All if absent. */
	sourceKeys?: readonly string[] | undefined;
	/** Default `newFiles`. */
	verification?: ReplicaVerification | undefined;
	/** Also takes away what a prune of the source removed. Off if absent: the replica keeps more, and has prunes of its own. */
	removePruned?: boolean | undefined;
	signal?: AbortSignal | undefined;
}

/** Small sources are mostly listings, in which one waits. */
const SOURCES_AT_ONCE = 4;

/**
 * Copies to the replica what it lacks of a repository. At every moment the replica is a repository whose snapshots are
 * whole: of each source oldest first, archives, segments, cursor, record, and `cursor.json` last. Interrupted anywhere, the
 * next run goes on.
 *
 * - What the source's records have the hash of is compared with it on the way. A damaged file is told, and the snapshots that
 *   need it are not copied; the rest goes on.
 * - A backup or prune of the source may run meanwhile. Leases are not copied.
 * - The replica may be *ahead*: backups that went to it directly stay, since run ids are unique; the two then hold a fork, of
 *   which the newest snapshot counts.
 * - The replica may be pruned by a policy of its own: what that removed does not come back.
 *
 * @throws Failure `invalid`, before anything is changed: the target holds another repository or other files, or is the same
 * place; the key is not that of the repository. `notFound`: there is no repository. Else what the storages say.
 */
export async function replicateRepository(options: ReplicateOptions): Promise<ReplicateReport> {
	const { from, to, ambient, encryption, sourceKeys, verification = 'newFiles', removePruned = false } = options;
	const stop = new AbortController();
	const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
	const repository = await openSource(options, signal);
	if (removePruned && !repository) {
		throw new Failure('invalid', 'What was pruned cannot be told without the key of the repository', {
			nextStep: 'Turn on Encrypted and choose the M365 Backup Encryption credential, or turn off Remove What Was Pruned. Nothing was copied.',
		});
	}
	const sources = await keysOf(from, sourceKeys, signal);
	const { record, missing } = await checkTarget({ from, to, ambient, signal });
	const isEncrypted = record.recipients !== undefined;
	const tally = new ReplicaTally();
	const nameOf = (key: string): string => (isEncrypted && parseRepositoryKey(key).kind !== 'readme' ? `${key}${ENCRYPTED_SUFFIX}` : key);
	const copier = new ReplicaCopier({ from, to, ambient, tally, verification, nameOf, signal });
	const bare: ReplicationContext = {
		from, to, ambient, copier, tally, isEncrypted, signal,
		verifiesAll: verification === 'all',
		removesPruned: removePruned,
	};
	await copyLoose(bare, [['README.txt', record.readme]]);
	if (missing) await makeReplica(bare, missing);
	const context: ReplicationContext = repository
		? { ...bare, repository, replica: await Repository.open(to, ambient, { ...(encryption && { encryption }), signal }) }
		: bare;
	if (isEncrypted && !repository) {
		tally.warnings.push('The repository is encrypted and was copied without its key, as it is: damage in it is not noticed. With the key, each file is compared with what the records say.');
		if (to.lockDays !== undefined) tally.warnings.push('Without the key, the locks of files in the replica are not extended: nobody can tell what its newest snapshot needs. They run out; replicate with the key before that.');
	}
	await copyLedgers(context);
	await inLanes(sources, SOURCES_AT_ONCE, stop, (key) => replicateSource(context, key));
	// What was let go meanwhile.
	await copyLedgers(context);
	return tally.report(record.id);
}

/** Undefined for an encrypted one whose key is not at hand. */
async function openSource({ from, ambient, encryption }: ReplicateOptions, signal: AbortSignal): Promise<Repository | undefined> {
	try {
		return await Repository.open(from, ambient, { ...(encryption && { encryption }), signal });
	} catch (error) {
		if (error instanceof Failure && error.code === 'encrypted') return undefined;
		throw error;
	}
}

/** Of all sources that have files. */
async function keysOf(from: Store, wanted: readonly string[] | undefined, signal: AbortSignal): Promise<string[]> {
	if (wanted) return [...wanted];
	const keys = new Set<string>();
	for await (const { key } of from.list('', signal)) {
		const { sourceKey } = parseRepositoryKey(plainName(key));
		if (sourceKey !== undefined) keys.add(sourceKey);
	}
	return [...keys].sort();
}

/** The first error stops the others; it is thrown when all have come to rest. */
async function inLanes<T>(values: readonly T[], width: number, stop: AbortController, work: (value: T) => Promise<void>): Promise<void> {
	const waiting = [...values].reverse();
	let first: { error: unknown } | undefined;
	const lane = async (): Promise<void> => {
		for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
			try {
				await work(value);
			} catch (error) {
				first ??= { error };
				waiting.length = 0;
				stop.abort();
			}
		}
	};
	await allSettled(Array.from({ length: width }, lane));
	if (first) throw first.error;
}

/**
 * Which files copies elsewhere hold, some of them in the repository's stead; and whoever goes on with the replica need not
 * upload everything anew. They are written once, and later lines win, so those of both sides add up.
 */
async function copyLedgers(context: ReplicationContext): Promise<void> {
	const { from, to, isEncrypted, verifiesAll, signal } = context;
	const there = new Map<string, number>();
	for await (const { key, sizeBytes } of to.list('copies/', signal)) there.set(key, sizeBytes);
	const lacking: [string, undefined][] = [];
	for await (const { key, sizeBytes } of from.list('copies/', signal)) {
		if (hasEncryptedName(key) !== isEncrypted || parseRepositoryKey(plainName(key)).kind !== 'copies') continue;
		if (verifiesAll || there.get(key) !== sizeBytes) lacking.push([plainName(key), undefined]);
	}
	await copyLoose(context, lacking);
}

/** Files outside of the sources, with their hash where it is known. */
async function copyLoose({ copier, tally, verifiesAll, from, to, signal }: ReplicationContext, files: readonly (readonly [string, string | undefined])[]): Promise<void> {
	for (const [key, sha256] of files) {
		const name = copier.options.nameOf(key);
		const [here, there] = await Promise.all([sizeIn(from, name, signal), sizeIn(to, name, signal)]);
		const expected = sha256 === undefined ? {} : { sha256 };
		if (here === there && !verifiesAll) continue;
		const outcome = here !== undefined && here === there ? await copier.check(key, expected) : await copier.copy(key, expected);
		if (outcome === undefined || 'copied' in outcome) continue;
		tally.addDamage(key, 'damaged' in outcome ? outcome.damaged : 'it is missing');
	}
}

async function sizeIn(store: Store, name: string, signal: AbortSignal): Promise<number | undefined> {
	for await (const { key, sizeBytes } of store.list(name, signal)) if (key === name) return sizeBytes;
	return undefined;
}
