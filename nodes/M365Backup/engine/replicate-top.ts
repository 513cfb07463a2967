import { Failure, isFailure } from '../base/failure';
import type { Ambient } from '../base/ambient';
import { once, readFile, sha256 } from '../repository/bytes';
import { MAX_RECORD_BYTES } from '../repository/limits';
import { putConfirmed } from '../repository/put-confirmed';
import { parseRepositoryRecord, type RepositoryRecord } from '../repository/record-schemas';
import type { Store } from '../stores/store';

const RECORD = 'repository.json';
const README = 'README.txt';

export interface TopContext {
	from: Store;
	to: Store;
	ambient: Ambient;
	signal: AbortSignal;
}

export interface OpenedReplica {
	record: RepositoryRecord;
	/** Of the `repository.json` that is still to be put, after README.txt; undefined where there is one. */
	missing: Buffer | undefined;
}

/**
 * Makes sure that the target is a replica of the source, or is empty and can become one; leaves it as it is. Throws
 * `notFound` (no repository to copy), `invalid`: another repository (code `otherRepository`), other files (`otherFiles`),
 * the very same place or one within it (`samePlace`).
 */
export async function checkTarget(context: TopContext): Promise<OpenedReplica> {
	const { from, to, signal } = context;
	const bytes = await readFile(from, RECORD, MAX_RECORD_BYTES, signal);
	if (bytes === null) {
		throw new Failure('notFound', `There is no backup repository in ${from.label}`, { nextStep: 'Check the place of the repository. Nothing was copied.' });
	}
	const record = parseRepositoryRecord(bytes, from.label);
	const there = await readFile(to, RECORD, MAX_RECORD_BYTES, signal);
	if (there !== null) {
		refuseOther(record, parseReplicaRecord(there, to), to);
		await refuseSamePlace(context);
		return { record, missing: undefined };
	}
	await refuseOtherFiles(record, to, signal);
	await refuseInside(context);
	return { record, missing: bytes };
}

export async function makeReplica({ to, ambient, signal }: TopContext, repositoryRecord: Buffer): Promise<void> {
	await putConfirmed({ store: to, ambient, signal }, RECORD, () => once(repositoryRecord));
}

function parseReplicaRecord(bytes: Buffer, to: Store): RepositoryRecord {
	try {
		return parseRepositoryRecord(bytes, to.label);
	} catch (error) {
		if (!isFailure(error, 'corrupt')) throw error;
		throw new Failure('invalid', `The repository.json in ${to.label} cannot be read, so nobody knows whether this is a replica of the repository; nothing was changed`, {
			code: 'otherRepository',
			nextStep: 'Choose an empty place. If this is the replica and only that file is damaged, replace it by the one of the repository.',
			cause: error,
		});
	}
}

function refuseOther(record: RepositoryRecord, there: RepositoryRecord, to: Store): void {
	if (there.id === record.id && String(there.recipients ?? []) === String(record.recipients ?? [])) return;
	throw new Failure('invalid', `${to.label} holds another backup repository; nothing was changed`, {
		code: 'otherRepository',
		nextStep: 'Choose an empty place for the replica, or the one that this repository was copied to before.',
	});
}

/** A replication that was interrupted at its very beginning leaves the README alone, or a probe. */
async function refuseOtherFiles(record: RepositoryRecord, to: Store, signal: AbortSignal): Promise<void> {
	for await (const { key, sizeBytes } of to.list('', signal)) {
		if (/^lease-replica-[0-9a-f]{16}\.json$/.test(key)) continue;
		if (key === README && sizeBytes <= MAX_RECORD_BYTES) {
			const bytes = await readFile(to, README, MAX_RECORD_BYTES, signal);
			if (bytes === null || sha256(bytes) === record.readme) continue;
		}
		throw new Failure('invalid', `${to.label} is no replica and not empty: it holds ${key}; nothing was changed`, {
			code: 'otherFiles',
			nextStep: 'Choose an empty place for the replica: a folder of its own, in a bucket too.',
		});
	}
}

/**
 * The same place under two names (a link, a second mount, another address of the same server) is no second copy. Only there
 * do both repository files bear the same time, but for copies that kept it.
 */
async function refuseSamePlace(context: TopContext): Promise<void> {
	const { from, to, signal } = context;
	const [here, there] = await Promise.all([timeOf(from, signal), timeOf(to, signal)]);
	if (here === undefined || here !== there) return;
	const isSame = await withProbe(context, async (probe) => (await from.get(probe, undefined, signal)) !== null);
	if (!isSame) return;
	throw new Failure('invalid', `${to.label} is the very place that ${from.label} is: that would be no second copy`, {
		code: 'samePlace',
		nextStep: 'Choose another place for the replica, best at another provider or in another building.',
	});
}

/** What is lost with the repository is no second copy either, and its files would be taken for files of the repository. */
async function refuseInside(context: TopContext): Promise<void> {
	const { from, to, signal } = context;
	const isInside = await withProbe(context, async (probe) => {
		for await (const { key } of from.list('', signal)) if (key.endsWith(`/${probe}`)) return true;
		return false;
	});
	if (!isInside) return;
	throw new Failure('invalid', `${to.label} lies within ${from.label}; nothing was copied`, {
		code: 'samePlace',
		nextStep: 'Choose a place for the replica outside of the repository, best at another provider or in another building.',
	});
}

/** While a file of a fresh name stands in the target. */
async function withProbe({ to, ambient, signal }: TopContext, look: (probe: string) => Promise<boolean>): Promise<boolean> {
	const probe = `lease-replica-${ambient.randomHex(8)}.json`;
	await putConfirmed({ store: to, ambient, signal }, probe, () => once(Buffer.from('{}\n')));
	try {
		return await look(probe);
	} finally {
		await to.delete([probe]).catch((error: unknown) => {
			// A bucket that locks whatever comes keeps it for its time.
			if (!isFailure(error, 'denied') || error.code !== 'locked') throw error;
		});
	}
}

async function timeOf(store: Store, signal: AbortSignal): Promise<number | undefined> {
	for await (const { key, modifiedAt } of store.list(RECORD, signal)) if (key === RECORD) return modifiedAt.getTime();
	return undefined;
}
