import { isFailure } from '../base/failure';
import type { ArchiveList } from '../repository/archive-list';
import { isTombstone } from '../repository/catalog-line';
import { KeyTable } from '../repository/key-table';
import type { CatalogEntry, CatalogLine, ContentRef, FailureRecord, ItemLine, ItemType } from '../repository/records';
import { RECORDED_FAILURES } from '../repository/limits';
import { Tally } from './tally';

/** Looked up together. */
const BATCH_LINES = 200;
/** Scopes are some dozens; whoever forges more gets no more. */
const MOST_SCOPES = 1000;

/** Where lines go: into a run, or, for a preview, nowhere. */
export interface RebuildSink {
	/** null: it has ended; absent: never heard of. */
	lookUp(ids: readonly string[]): Promise<Map<string, CatalogEntry | null>>;
	/** `archives`: names of those that the line points into. */
	add(line: CatalogLine, archives: ReadonlySet<string>): Promise<void>;
}

/** Says of a content of any archive why it cannot be had, or nothing. */
export type ContentCheck = (ref: ContentRef) => Promise<string | undefined>;

/** A folder that no line describes, as the names of entries in archives tell it. */
interface Place {
	/** Display names from the top, the folder's own last. */
	path: string[];
}

/** Lays the lines of archives, oldest archive first, over one another and over what is known already. */
export class RebuildLines {
	readonly tally: Tally;
	/** Living items all of whose contents are lost, by id. */
	readonly lost = new Map<string, FailureRecord>();
	/** Items whose newest content is lost and that are as an older archive has them. */
	readonly older = new Set<string>();
	readonly scopes = new Set<string>();
	foldersFromNames = 0;
	private readonly folders = new KeyTable();
	private readonly places = new Map<string, Place>();

	constructor(
		private readonly sink: RebuildSink,
		private readonly check: ContentCheck,
		private readonly since: string,
		totals: { items: number; bytes: number },
	) {
		this.tally = new Tally(totals);
	}

	/**
	 * All lines of an archive. Throws `corrupt` at a bad one; those before it hold.
	 *
	 * @param knowsLess The list of items that is laid upon is of a later time: the archive only adds what that never had.
	 */
	async lay(archive: ArchiveList, knowsLess: boolean): Promise<void> {
		let batch: ItemLine[] = [];
		for await (const { line } of archive.lines()) {
			if (isTombstone(line)) continue;
			batch.push(line);
			if (batch.length < BATCH_LINES) continue;
			await this.layBatch(batch, knowsLess);
			batch = [];
		}
		await this.layBatch(batch, knowsLess);
	}

	/** Folders that no archive describes, since an older version wrote it: their names stand in those of the entries. */
	async nameFolders(): Promise<void> {
		const byPath = new Map([...this.places].map(([id, { path }]) => [path.join('/'), id]));
		const known = await this.sink.lookUp([...this.places.keys()]);
		for (const [id, { path }] of this.places) {
			const name = path.at(-1);
			if (name === undefined || known.has(id)) continue;
			const parent = byPath.get(path.slice(0, -1).join('/'));
			const line: ItemLine = { id, whole: true, type: 'folder', name, ...(parent === undefined || parent === id ? {} : { parent }), meta: {} };
			await this.sink.add(line, new Set());
			this.foldersFromNames += 1;
		}
	}

	private async layBatch(lines: readonly ItemLine[], knowsLess: boolean): Promise<void> {
		const known = await this.sink.lookUp(lines.map(({ id }) => id));
		for (const line of lines) {
			const prior = known.get(line.id);
			if (knowsLess && prior !== undefined) continue;
			// A patch of what no older archive has describes no item.
			if (line.whole !== true && !prior) continue;
			const laid = await this.layLine(line, prior ?? null);
			if (laid) known.set(line.id, laid);
		}
	}

	/** @returns the item as it is now, if the line made a difference. */
	private async layLine(line: ItemLine, prior: CatalogEntry | null): Promise<CatalogEntry | null> {
		const { id } = line;
		const type = line.type ?? prior?.type ?? 'folder';
		const refs = line.content ?? [];
		const problem = await this.problemOf(refs);
		if (problem !== undefined && prior?.content?.length) {
			this.older.add(id);
			return null;
		}
		this.note(line, refs);
		const entry = stateAfter(line, prior, type, problem === undefined);
		if (problem === undefined) {
			await this.sink.add(line, new Set(refs.map(({ archive }) => archive)));
			this.lost.delete(id);
			this.older.delete(id);
		} else {
			// Without its etag nobody takes the item for one that is stored as it is.
			const { content: _lost, etag: _stored, ...rest } = line;
			const failed = { reason: problem, since: this.since, attempts: 0 };
			await this.sink.add({ ...rest, failed }, new Set());
			this.lost.set(id, { id, name: entry.name, ...failed });
		}
		this.tally.book(id, type, prior, entry);
		return entry;
	}

	private async problemOf(refs: readonly ContentRef[]): Promise<string | undefined> {
		for (const ref of refs) {
			const problem = await this.check(ref);
			if (problem !== undefined) return problem;
		}
		return undefined;
	}

	private note({ id, parent, content }: ItemLine, refs: readonly ContentRef[]): void {
		if (this.scopes.size < MOST_SCOPES) this.scopes.add(id.split('/', 1)[0] ?? id);
		if (!content?.length) this.folders.set(id, 1);
		const [main] = refs;
		if (!main || typeof parent !== 'string' || this.folders.get(parent) !== undefined) return;
		// A later archive may know the folder by a later name.
		this.places.set(parent, { path: main.entry.split('/').slice(0, -1) });
	}

	/** For the record: the first hundred. */
	failures(): FailureRecord[] {
		return [...this.lost.values()].slice(0, RECORDED_FAILURES);
	}
}

function stateAfter(line: ItemLine, prior: CatalogEntry | null, type: ItemType, hasContent: boolean): CatalogEntry {
	const content = hasContent ? (line.content ?? (line.whole === true ? undefined : prior?.content)) : undefined;
	const parent = line.parent ?? (line.whole === true ? undefined : prior?.parent);
	return {
		id: line.id,
		type,
		name: line.name ?? prior?.name ?? '',
		...(parent === undefined ? {} : { parent }),
		...(content ? { content } : {}),
		meta: {},
	};
}

/** Keeps the archives' lists that were used last: lines point mostly into their own. */
export class ContentChecks {
	private readonly lists = new Map<string, ArchiveList | string>();

	constructor(
		/** The archive's list, or why it cannot be had. */
		private readonly open: (name: string) => Promise<ArchiveList | string>,
		/** Reads a content to its end; undefined where the place alone is to be checked. */
		private readonly read: ((ref: ContentRef) => AsyncIterable<Uint8Array>) | undefined,
	) {}

	readonly check: ContentCheck = async (ref) => {
		const list = await this.listOf(ref.archive);
		const problem = typeof list === 'string' ? list : list.problemOf(ref);
		if (problem !== undefined || this.read === undefined) return problem && `Its content in ${ref.archive} cannot be had: ${problem}`;
		try {
			const chunks = this.read(ref)[Symbol.asyncIterator]();
			for (let step = await chunks.next(); step.done !== true; step = await chunks.next());
			return undefined;
		} catch (error) {
			if (isFailure(error, 'corrupt')) return error.message;
			throw error;
		}
	};

	private async listOf(name: string): Promise<ArchiveList | string> {
		const known = this.lists.get(name) ?? (await this.open(name));
		this.lists.delete(name);
		this.lists.set(name, known);
		const oldest = this.lists.keys().next();
		if (this.lists.size > MOST_LISTS && oldest.done !== true) this.lists.delete(oldest.value);
		return known;
	}
}

const MOST_LISTS = 8;
