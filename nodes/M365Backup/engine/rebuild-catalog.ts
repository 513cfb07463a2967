import { Failure } from '../base/failure';
import { tryArchiveList, type ArchiveList } from '../repository/archive-list';
import { evictedAsKnown } from '../repository/evicted';
import { KeyTable } from '../repository/key-table';
import { parseRepositoryKey, plainName, runTime, sourceKey } from '../repository/names';
import type { CatalogEntry, ContentRef, FailureRecord, ScopeRecord, SnapshotRecord, SourceRef } from '../repository/records';
import type { Repository } from '../repository/repository';
import type { RunWriter } from '../repository/run-writer';
import { IN_DOUBT_NOTE, REBUILT_NOTE } from './cursor-notes';
import { keepLease } from './keep-lease';
import { measure } from './proven-content';
import { surveySource, type RebuildGround, type StoredArchive } from './rebuild-ground';
import { ContentChecks, RebuildLines, type RebuildSink } from './rebuild-lines';

const WITHOUT_CONTENT = 1;
const WITH_CONTENT = 2;
/** For previews, which do not keep what lines say. */
const SOME_CONTENT: ContentRef = { archive: '', entry: '', offset: 0, length: 0, size: 0, sha256: '' };

export interface RebuildOptions {
	/** Of the source: its folder in the repository. */
	key: string;
	/** `preview` reads the same and writes nothing. */
	mode: 'preview' | 'rebuild';
	/** Also reads every content to its end, and leaves out what is not as it was written. */
	deep?: boolean;
	/** Also where a snapshot can be read: what only archives know is laid upon it. */
	anyway?: boolean;
	/** Whose it is, where neither a record nor an archive says so. The key proves it. */
	source?: Pick<SourceRef, 'id' | 'tenantId' | 'name'>;
	/** For the lease, e.g. `n8n execution 4711`. */
	holder?: string;
	signal?: AbortSignal | undefined;
}

export interface RebuildReport {
	source: SourceRef;
	key: string;
	/** False after a preview. */
	rebuilt: boolean;
	/** Null after a preview. */
	snapshot: { id: string; time: string } | null;
	/** ISO 8601: when the newest archive that could be read was written. What was deleted or moved before or after may be otherwise. */
	asOf: string;
	/** The snapshot that the lines were laid upon, where one could be read. */
	builtUpon: string | null;
	/** Living items. */
	items: number;
	/** Bytes of their contents; null after a preview, which does not lay lines over one another. */
	bytes: number | null;
	archives: { count: number; read: number; bytes: number };
	/** Archives whose list of items cannot be read, also since a copy alone holds them: none of their items is in the new list, unless another archive has it, too. */
	damaged: { file: string; reason: string }[];
	/** Items that are in the new list without their content; the first hundred by name. */
	lost: { count: number; items: FailureRecord[] };
	/** Items whose newest content is lost and that are as an older archive has them. */
	older: number;
	/** Folders that no archive describes, named by the entries of the archives. */
	foldersFromNames: number;
	/** Ids of snapshots that still cannot be read. */
	unreadable: string[];
}

/**
 * Makes a list of items from the archives of a source whose own is lost (DESIGN §3.3), and commits it as one partial
 * snapshot, all of whose scopes are stale and whose cursor has no links: the next backup enumerates everything, compares,
 * and fetches only what differs. Archives are only read: two small ranged reads and the list of items of each, and the
 * whole of those whose SHA-256 no record that can be read tells.
 *
 * @throws Failure `invalid` with code `catalogReadable` where there is nothing to rebuild, or where nobody says whose
 * backup it is; `notFound` without archives; `corrupt` if none of them can be read; `conflict` while a backup runs.
 */
export async function rebuildCatalog(repository: Repository, options: RebuildOptions): Promise<RebuildReport> {
	const { key, mode, signal } = options;
	if (mode === 'preview') return await new Rebuild(repository, options, signal).run();
	const lease = await repository.acquireLease(key, { holder: options.holder ?? 'n8n-nodes-m365-backup' });
	if (!lease) {
		throw new Failure('conflict', `A backup of ${key} is running`, { nextStep: 'Try again when it has ended: it may mend the list of items by itself.' });
	}
	const stop = new AbortController();
	const onCancel = (): void => stop.abort(signal?.reason);
	signal?.addEventListener('abort', onCancel, { once: true });
	if (signal?.aborted) onCancel();
	const renewal = keepLease(lease, repository.ambient, stop);
	try {
		return await new Rebuild(repository, options, stop.signal).run();
	} catch (error) {
		// A lost lease stops it through the same signal: then that is the error to report.
		throw stop.signal.aborted && signal?.aborted !== true ? stop.signal.reason : error;
	} finally {
		signal?.removeEventListener('abort', onCancel);
		await renewal.end();
	}
}

/** Keys of the sources that have archives, whatever else of them is left. */
export async function archivedSources(repository: Repository, signal?: AbortSignal): Promise<string[]> {
	const keys = new Set<string>();
	for await (const { key } of repository.store.list('', signal)) {
		const { kind, sourceKey: found } = parseRepositoryKey(plainName(key));
		if (kind === 'archive' && found !== undefined) keys.add(found);
	}
	return [...keys].sort();
}

/** Whose backup it is, as a record or an archive that can be read says; null if none does. */
export async function sourceOf(repository: Repository, key: string, signal?: AbortSignal): Promise<SourceRef | null> {
	const newest = await repository.latest(key, signal);
	if (newest) return newest.source;
	return await sourceFromArchives(repository, key, (await surveySource(repository, key, signal)).archives, signal);
}

async function sourceFromArchives(repository: Repository, key: string, archives: readonly StoredArchive[], signal?: AbortSignal): Promise<SourceRef | null> {
	// The newest one knows the newest name.
	for (const { name, sizeBytes } of archives.toReversed()) {
		const opened = await tryArchiveList(repository.store, key, name, sizeBytes, signal);
		const source = 'list' in opened ? await opened.list.source() : undefined;
		if (source) return source;
	}
	return null;
}

class Rebuild {
	private readonly key: string;
	private readonly sizes = new Map<string, number>();
	private readonly damaged = new Map<string, string>();
	private readonly hashed = new Set<string>();

	constructor(
		private readonly repository: Repository,
		private readonly options: RebuildOptions,
		private readonly signal: AbortSignal | undefined,
	) {
		this.key = options.key;
	}

	async run(): Promise<RebuildReport> {
		const ground = await surveySource(this.repository, this.key, this.signal);
		for (const { name, sizeBytes } of ground.archives) this.sizes.set(name, sizeBytes);
		this.refuse(ground);
		// Their items are missed in the new list: whoever reads the report must learn of them.
		for (const [name, { targets }] of await evictedAsKnown(this.repository.store, this.key, this.signal)) {
			if (!this.sizes.has(name) && !isInList(name, ground)) this.damaged.set(name, `${this.key}/${name} is held by ${targets.join(' and ')} alone`);
		}
		const source = await this.settleSource(ground);
		const foundation = foundationOf(ground);
		const run = this.options.mode === 'rebuild' ? this.repository.startRun(source, foundation, this.signal ? { signal: this.signal } : {}) : undefined;
		try {
			const lines = new RebuildLines(
				run ? this.runSink(run, ground) : this.previewSink(ground.readable),
				this.checks().check,
				this.repository.ambient.now().toISOString(),
				ground.readable?.totals ?? { items: 0, bytes: 0 },
			);
			const read = await this.layAll(lines, ground);
			await lines.nameFolders();
			const asOf = [...read.map(({ runId }) => runTime(runId).toISOString()), ...(ground.readable ? [ground.readable.finishedAt] : [])].sort().at(-1);
			if (asOf === undefined) throw this.nothingReadable(ground);
			const record = run ? await commit(run, lines, scopesOf(ground, lines, asOf)) : null;
			return this.report(source, ground, lines, { record, read, asOf });
		} finally {
			// Does no harm to what was committed.
			await run?.abandon();
		}
	}

	private refuse({ archives, readable }: RebuildGround): void {
		if (archives.length === 0) {
			throw new Failure('notFound', `There are no archives in ${this.key}`, {
				nextStep: 'Put the archives back from a copy first (Repository → Import Files), or choose another source.',
			});
		}
		if (!readable || this.options.anyway === true) return;
		throw new Failure('invalid', `${readable.source.name} has a readable snapshot of ${readable.finishedAt}; nothing to rebuild`, {
			code: 'catalogReadable',
			nextStep:
				'Restore from that snapshot, or run the backup once with Full Resync, which mends what newer ones lack. To lay what only archives still hold upon that snapshot, turn on the option Rebuild Anyway.',
		});
	}

	private async settleSource({ newest, archives }: RebuildGround): Promise<SourceRef> {
		const found = newest?.source ?? (await sourceFromArchives(this.repository, this.key, archives, this.signal));
		if (found) return found;
		const { source } = this.options;
		const workload = this.key.split('-', 1)[0] as SourceRef['workload'];
		if (!source) {
			throw new Failure('invalid', `Neither a snapshot nor an archive says whose backup ${this.key} is`, {
				code: 'unknownSource',
				nextStep: `Fill in the options Tenant ID and Source ID (the ID of the ${workload}), and Source Name. They are proven by the name of the folder.`,
			});
		}
		if (sourceKey({ ...source, workload }) !== this.key) {
			throw new Failure('invalid', `${this.key} is not the backup of the ${workload} ${source.id} of the tenant ${source.tenantId}`, {
				nextStep: 'Check Tenant ID and Source ID; nothing was changed.',
			});
		}
		return { workload, id: source.id, name: source.name || source.id, tenantId: source.tenantId };
	}

	/** @returns the archives whose lists could be read. */
	private async layAll(lines: RebuildLines, { archives, readable }: RebuildGround): Promise<StoredArchive[]> {
		const read: StoredArchive[] = [];
		for (const archive of archives) {
			const list = await this.open(archive.name);
			if (typeof list === 'string') continue;
			try {
				await lines.lay(list, readable !== null && archive.runId <= readable.id);
				read.push(archive);
			} catch (error) {
				if (!(error instanceof Failure) || error.kind !== 'corrupt' || !error.message.startsWith(`${this.key}/${archive.name} `)) throw error;
				this.damaged.set(archive.name, error.message);
			}
		}
		return read;
	}

	private checks(): ContentChecks {
		const read = this.options.deep === true ? (ref: ContentRef) => this.repository.readContent(this.key, ref, this.signal) : undefined;
		return new ContentChecks((name) => this.open(name), read);
	}

	private async open(name: string): Promise<ArchiveList | string> {
		const known = this.damaged.get(name);
		if (known !== undefined) return known;
		const sizeBytes = this.sizes.get(name);
		if (sizeBytes === undefined) return 'the archive is missing';
		const opened = await tryArchiveList(this.repository.store, this.key, name, sizeBytes, this.signal);
		if ('list' in opened) return opened.list;
		this.damaged.set(name, opened.reason);
		return opened.reason;
	}

	private runSink(run: RunWriter, ground: RebuildGround): RebuildSink {
		return {
			lookUp: (ids) => run.lookUp(ids),
			add: async (line, archives) => {
				for (const name of archives) await this.know(run, name, ground);
				await run.add(line);
			},
		};
	}

	/** The run's list names size and hash of each archive: those that a record tells, or else those that it has. */
	private async know(run: RunWriter, name: string, { hashes }: RebuildGround): Promise<void> {
		if (this.hashed.has(name)) return;
		const told = hashes.get(name);
		if (told?.size === this.sizes.get(name) && told !== undefined) run.knowArchives([told]);
		else {
			const content = await this.repository.stored.get(`${this.key}/${name}`, undefined, this.signal);
			if (content === null) throw new Failure('conflict', `${this.key}/${name} was deleted while it was read`, { nextStep: 'Run again.' });
			run.knowArchives([{ name, ...(await measure(content)) }]);
		}
		this.hashed.add(name);
	}

	/** Remembers ids and whether they have a content, not what is told of them. */
	private previewSink(readable: SnapshotRecord | null): RebuildSink {
		const added = new KeyTable();
		const catalog = readable && this.repository.catalog(readable);
		return {
			lookUp: async (ids) => {
				const known = new Map<string, CatalogEntry | null>(await catalog?.lookUp(ids, this.signal));
				for (const id of ids) {
					const state = added.get(id);
					if (state !== undefined) known.set(id, { id, type: 'message', name: '', meta: {}, ...(state === WITH_CONTENT ? { content: [SOME_CONTENT] } : {}) });
				}
				return known;
			},
			add: (line, archives) => {
				if (archives.size > 0 || added.get(line.id) === undefined) added.set(line.id, archives.size > 0 ? WITH_CONTENT : WITHOUT_CONTENT);
				return Promise.resolve();
			},
		};
	}

	private nothingReadable({ archives }: RebuildGround): Failure {
		const [first] = this.damaged;
		return new Failure('corrupt', `None of the ${archives.length} archives in ${this.key} can be read${first ? `; ${first[1]}` : ''}`, {
			nextStep: 'Put undamaged copies of them back (Repository → Import Files).',
		});
	}

	private report(
		source: SourceRef,
		ground: RebuildGround,
		lines: RebuildLines,
		{ record, read, asOf }: { record: SnapshotRecord | null; read: readonly StoredArchive[]; asOf: string },
	): RebuildReport {
		const { totals } = lines.tally;
		return {
			source,
			key: this.key,
			rebuilt: record !== null,
			snapshot: record && { id: record.id, time: record.finishedAt },
			asOf,
			builtUpon: ground.readable?.id ?? null,
			items: totals.items,
			bytes: record && totals.bytes,
			archives: { count: ground.archives.length, read: read.length, bytes: ground.archives.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) },
			damaged: [...this.damaged].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, reason]) => ({ file: `${this.key}/${name}`, reason })),
			lost: { count: lines.lost.size, items: lines.failures() },
			older: lines.older.size,
			foldersFromNames: lines.foldersFromNames,
			unreadable: ground.unreadable,
		};
	}
}

/** Of an archive that was written before the list of items that is laid upon. */
function isInList(name: string, { readable }: RebuildGround): boolean {
	const { runId } = parseRepositoryKey(`mailbox-0000000000000000/${name}`);
	return readable !== null && runId !== undefined && runId <= readable.id;
}

/** The newest record is the parent, whatever can be read of it: ids and hashes go on from there. Its list of items is the newest readable one. */
function foundationOf({ newest, readable }: RebuildGround): SnapshotRecord | null {
	return newest && { ...newest, segments: readable?.segments ?? [] };
}

/** All stale: nobody has looked at Microsoft 365. What was not selected stays so. */
function scopesOf({ newest }: RebuildGround, lines: RebuildLines, asOf: string): ScopeRecord[] {
	if (newest && newest.scopes.length > 0) return newest.scopes.map((scope) => (scope.state === 'excluded' ? scope : { ...scope, asOf, state: 'stale' }));
	return [...lines.scopes].sort().map((id) => ({ id, name: id, asOf, state: 'stale' }));
}

async function commit(run: RunWriter, lines: RebuildLines, scopes: ScopeRecord[]): Promise<SnapshotRecord> {
	return await run.commit({
		status: 'partial',
		scopes,
		totals: { ...lines.tally.totals },
		changes: { ...lines.tally.sinceCommit, failed: lines.lost.size },
		failures: lines.failures(),
		// Without links: the next backup enumerates everything, and asks what became of what it does not meet.
		cursor: { scopes: {}, failed: [...lines.lost.keys()], notes: { [IN_DOUBT_NOTE]: true, [REBUILT_NOTE]: true }, seen: [] },
		tag: 'rebuilt',
	});
}
