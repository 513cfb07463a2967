import type { Ambient } from '../base/ambient';
import { isFailure } from '../base/failure';
import { readFile } from '../repository/bytes';
import type { RepositoryEncryption } from '../repository/encryption';
import { MAX_RECORD_BYTES } from '../repository/limits';
import { parseRepositoryKey, plainName } from '../repository/names';
import { parseRepositoryRecord, type RepositoryRecord } from '../repository/record-schemas';
import { Repository } from '../repository/repository';
import type { Store } from '../stores/store';
import type { Findings } from '../base/finding';

/** Longer than a person wants to wait for an overview. */
const LIST_FOR_MS = 20_000;
const MOST_LEASES_READ = 50;
/** Folders of sources, and the ledgers of copies: whatever else lies there, somebody may have typed `/home`. */
const PREFIXES = ['mailbox-', 'drive-', 'site-', 'copies/', 'copies.'];

export interface RepositoryOverview {
	id: string;
	formatVersion: number;
	created: string;
	encrypted: boolean;
	/** Public keys that open it. */
	recipients: string[];
	hasRecoveryKey: boolean;
	/** Whether it can be read with what the node was given. */
	opens: boolean;
	mailboxes: number;
	drives: number;
	sites: number;
	snapshots: number;
	files: number;
	bytes: number;
	/** False: there is more, which was not looked at since it takes too long. */
	countedAll: boolean;
	newestSnapshot: { source: string; id: string; time: string; status: 'complete' | 'partial' } | null;
	/** Sources that a run works on at this moment. */
	running: { source: string; since: string; holder: string }[];
	/** Runs that ended without saying so. */
	brokenOff: { source: string; since: string; holder: string }[];
	/** Where files were copied to. */
	copies: string[];
}

export interface CheckRepositoryOptions {
	ambient: Ambient;
	encryption: RepositoryEncryption | undefined;
	/** False: what was given for a key is none, as was said already. */
	hasKey?: boolean;
	findings: Findings;
	signal?: AbortSignal | undefined;
}

/** What repository there is, if any. Never creates one, writes nothing. Faults are findings. Throws only `cancelled`, and our own mistakes. */
export async function checkRepository(store: Store, options: CheckRepositoryOptions): Promise<RepositoryOverview | null> {
	const { findings, encryption, hasKey = true, ambient, signal } = options;
	const record = await readRecord(store, options);
	if (record === undefined) return null;
	if (record === null) {
		if ((await isEmpty(store, options)) && hasKey) await ofNewOne(findings, encryption);
		return null;
	}
	const recipients = record.recipients ?? [];
	const overview: RepositoryOverview = {
		id: record.id, formatVersion: record.version, created: record.created,
		encrypted: recipients.length > 0, recipients, hasRecoveryKey: recipients.length > 1,
		opens: false, mailboxes: 0, drives: 0, sites: 0, snapshots: 0, files: 0, bytes: 0, countedAll: true,
		newestSnapshot: null, running: [], brokenOff: [], copies: [],
	};
	const repository = hasKey ? await findings.trying('encryption', () => Repository.open(store, ambient, { encryption, signal })) : undefined;
	overview.opens = repository !== undefined;
	if (repository) await aboutKey(findings, recipients, encryption);
	await findings.trying('repository', async () => {
		const counted = await count(store, ambient, signal);
		Object.assign(overview, { mailboxes: counted.of('mailbox-'), drives: counted.of('drive-'), sites: counted.of('site-'), snapshots: counted.snapshots, files: counted.files, bytes: counted.bytes, countedAll: counted.isComplete, copies: [...counted.copies].sort() });
		if (repository) {
			overview.newestSnapshot = await newestOf(repository, counted, options);
			await leasesOf(repository, counted, overview, signal);
		}
		findings.good('repository', described(overview));
	});
	return overview;
}

/** Undefined: what is there cannot be read. Null: there is none. */
async function readRecord(store: Store, { findings, signal }: CheckRepositoryOptions): Promise<RepositoryRecord | null | undefined> {
	return await findings.trying('repository', async () => {
		const bytes = await readFile(store, 'repository.json', MAX_RECORD_BYTES, signal);
		return bytes && parseRepositoryRecord(bytes, store.label);
	});
}

/** Backups whose repository.json is missing are no empty place. */
async function isEmpty(store: Store, { findings, ambient, signal }: CheckRepositoryOptions): Promise<boolean> {
	try {
		await Repository.open(store, ambient, { signal });
		return false;
	} catch (error) {
		if (isFailure(error, 'notFound')) findings.good('repository', 'There is no repository here yet: the first backup makes it');
		else findings.failed('repository', error);
		return isFailure(error, 'notFound');
	}
}

async function ofNewOne(findings: Findings, encryption: RepositoryEncryption | undefined): Promise<void> {
	if (!encryption) {
		findings.good('encryption', 'A backup would make a repository that is not encrypted', 'Whoever gets at the storage can read such backups. A repository is encrypted from its beginning or not at all: turn on Encrypted before the first backup if you want that.');
		return;
	}
	const { recipients } = await encryption.newRecord();
	findings.good(
		'encryption',
		`A backup would make a repository that is encrypted for ${recipients.join(' and ')}`,
		recipients.length > 1 ? undefined : 'There is no recovery key: whoever loses the encryption key loses the backups. Set Recovery Recipient in the credential before the first backup; it cannot be added later.',
	);
}

async function aboutKey(findings: Findings, recipients: readonly string[], encryption: RepositoryEncryption | undefined): Promise<void> {
	const [first, recovery] = recipients;
	if (first === undefined || !encryption) {
		findings.good('encryption', 'The repository is not encrypted');
		return;
	}
	const [own] = (await encryption.newRecord()).recipients;
	if (own === recovery) {
		findings.good('encryption', 'The repository is encrypted, and the recovery key opens it', 'With this key backups can be read and restored, not made. Keep it away from servers, and choose the encryption key for backups.');
	} else if (recovery === undefined) {
		findings.good('encryption', 'The repository is encrypted, and the key opens it; there is no recovery key', 'Keep a copy of the encryption key where neither the loss of n8n nor that of the backups reaches it.');
	} else findings.good('encryption', 'The repository is encrypted, and the key opens it; there is a recovery key, too');
}

interface SourceCount {
	newestSnapshot?: string;
	/** That with the highest number: no other means anything. */
	lease?: { key: string; number: number };
}

class Counted {
	readonly sources = new Map<string, SourceCount>();
	readonly copies = new Set<string>();
	snapshots = 0;
	files = 0;
	bytes = 0;
	isComplete = true;

	of(prefix: string): number {
		return [...this.sources].filter(([key, { newestSnapshot }]) => key.startsWith(prefix) && newestSnapshot !== undefined).length;
	}

	add(key: string, sizeBytes: number): void {
		const { kind, sourceKey, runId, target, ordinal = 0 } = parseRepositoryKey(plainName(key));
		if (kind === 'unknown') return;
		this.files += 1;
		this.bytes += sizeBytes;
		if (target !== undefined) this.copies.add(target);
		if (sourceKey === undefined) return;
		const source = this.sources.get(sourceKey) ?? {};
		this.sources.set(sourceKey, source);
		if (kind === 'lease' && ordinal > (source.lease?.number ?? -1)) source.lease = { key, number: ordinal };
		if (kind !== 'snapshot' || runId === undefined) return;
		this.snapshots += 1;
		if (source.newestSnapshot === undefined || runId > source.newestSnapshot) source.newestSnapshot = runId;
	}
}

/** Of sources, no more is kept than a name each. */
async function count(store: Store, ambient: Ambient, signal: AbortSignal | undefined): Promise<Counted> {
	const counted = new Counted();
	const end = ambient.now().getTime() + LIST_FOR_MS;
	for (const prefix of PREFIXES) {
		for await (const { key, sizeBytes } of store.list(prefix, signal)) {
			counted.add(key, sizeBytes);
			if (ambient.now().getTime() <= end) continue;
			counted.isComplete = false;
			return counted;
		}
	}
	return counted;
}

async function newestOf(repository: Repository, { sources }: Counted, { findings, signal }: CheckRepositoryOptions): Promise<RepositoryOverview['newestSnapshot']> {
	let newest: { key: string; id: string } | undefined;
	for (const [key, { newestSnapshot: id }] of sources) if (id !== undefined && (!newest || id > newest.id)) newest = { key, id };
	if (!newest) return null;
	const { key, id } = newest;
	const record = await findings.trying('newestSnapshot', () => repository.snapshot(key, id, signal));
	return record ? { source: record.source.name, id, time: record.finishedAt, status: record.status } : null;
}

/** What runs at this moment, and what ended without a word. */
async function leasesOf(repository: Repository, { sources }: Counted, overview: RepositoryOverview, signal: AbortSignal | undefined): Promise<void> {
	const held = [...sources].flatMap(([source, { lease }]) => (lease ? [{ source, key: lease.key }] : []));
	const now = repository.ambient.now().getTime();
	for (const { source, key } of held.slice(0, MOST_LEASES_READ)) {
		const lease = parsed(await readFile(repository.store, key, MAX_RECORD_BYTES, signal));
		// Released ones have run out at the beginning of time.
		if (!lease || lease.until === 0) continue;
		const name = (await repository.latest(source, signal))?.source.name ?? source;
		const list = lease.until > now ? overview.running : overview.brokenOff;
		list.push({ source: name, since: lease.since, holder: lease.holder });
	}
}

function parsed(bytes: Buffer | null): { until: number; since: string; holder: string } | undefined {
	try {
		const { until, since, holder } = JSON.parse(bytes?.toString('utf8') ?? '') as Record<string, unknown>;
		if (typeof until !== 'string' || Number.isNaN(Date.parse(until))) return undefined;
		return { until: Date.parse(until), since: typeof since === 'string' ? since : '', holder: typeof holder === 'string' ? holder : '' };
	} catch {
		// No lease of ours, or one that was replaced while it was read: no run is shown by it.
		return undefined;
	}
}

function described({ mailboxes, drives, sites, snapshots, files, bytes, countedAll, running, brokenOff }: RepositoryOverview): string {
	const runs = [...(running.length > 0 ? [`${running.length} running now`] : []), ...(brokenOff.length > 0 ? [`${brokenOff.length} broke off, which the next run puts right`] : [])];
	return `The repository has ${countedAll ? '' : 'at least '}${mailboxes} mailboxes, ${drives} drives and ${sites} sites, ${snapshots} snapshots in ${files} files, ${(bytes / 1e9).toFixed(2)} GB${runs.map((text) => `; ${text}`).join('')}`;
}
