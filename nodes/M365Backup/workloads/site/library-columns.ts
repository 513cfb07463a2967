import { Failure, isFailure } from '../../base/failure';
import type { JsonObject, JsonValue } from '../../base/json';
import type { DeltaCursor } from '../../graph/client';
import { batchResult } from '../../graph/client';
import { unreadable } from '../join-parts';
import type { ChangePage, EnumerationInput, KnownItem, PatchChange } from '../workload';
import type { FileIds } from './file-ids';
import type { GraphListItem } from './graph-site';
import { lasting, sitePath } from './graph-site';
import { fieldNames, peopleIn, personColumns, userColumns } from './list-columns';
import type { ListInfo } from './list-info';
import { listTitle } from './list-info';
import type { People } from './people';
import type { SiteRun } from './site-run';

const ITEM_PAGE_SIZE = 500;
const MOST_RESTARTS = 3;
/** Items whose file was not in the catalog yet, asked again in the next run. */
const MOST_PENDING = 500;
/** A file may be told of as an item before its drive tells of it: what changed since so long before the run began is asked again. */
const RECENT_MS = 15 * 60_000;

/** What a file has in its library's columns, as the catalog keeps it. */
interface ColumnValues {
	columns: JsonObject | null;
	people: JsonObject | null;
}

/**
 * The columns of a library's files: its items by delta, each joined to its file by the GUID that both carry,
 * and written as a patch where the values differ from what is stored.
 */
export class LibraryColumns {
	private readonly list: string;
	private readonly fields: ReadonlySet<string>;
	private readonly people: readonly string[];
	/** Numbers of items that a later run asks again. */
	private pending: string[] = [];
	private readonly recentSinceMs: number;

	constructor(
		private readonly run: SiteRun,
		private readonly info: ListInfo,
		private readonly who: People,
		private readonly ids: FileIds,
	) {
		this.list = `${sitePath(info.web.siteId)}/lists/${info.listId}`;
		const columns = userColumns(info.columns);
		this.fields = new Set(columns.flatMap(fieldNames));
		this.people = personColumns(columns);
		this.recentSinceMs = run.ambient.now().getTime() - RECENT_MS;
	}

	get notes(): JsonObject {
		return this.pending.length > 0 ? { pending: this.pending } : {};
	}

	/** After the drive's own pages. A library whose columns cannot be read keeps its files, and says so. */
	async *enumerate(input: EnumerationInput, notes: JsonObject): AsyncGenerator<ChangePage> {
		const pending = Array.isArray(notes['pending']) ? notes['pending'].filter((id) => typeof id === 'string') : [];
		this.pending = pending;
		try {
			if (pending.length > 0) {
				const items = await this.askPending(pending, input.signal);
				this.pending = [];
				yield { changes: await this.decide(items, input, false) };
			}
			yield* this.readDelta(input);
		} catch (error) {
			if (!isFailure(error, 'denied', 'transient', 'throttled', 'quota', 'notFound', 'conflict', 'invalid', 'expiredCursor')) throw error;
			yield { changes: [], scopes: [{ ...unreadable({ scope: this.info.scope, title: `${listTitle(this.info)}, columns` }, error), name: listTitle(this.info) }] };
		}
	}

	private async *readDelta(input: EnumerationInput): AsyncGenerator<ChangePage> {
		const key = columnsLink(this.info);
		const start: DeltaCursor = { kind: 'start', path: `${this.list}/items/delta?$expand=fields&$top=${ITEM_PAGE_SIZE}` };
		const stored = input.links[key];
		let cursor: DeltaCursor = stored === undefined || input.isInDoubt === true ? start : { kind: 'link', url: stored };
		for (let restarts = 0; ; ) {
			const page = await this.run.graph.delta<GraphListItem>(cursor, { signal: input.signal });
			if (page.resync) {
				if (++restarts >= MOST_RESTARTS) throw new Failure('expiredCursor', 'Microsoft 365 broke off the listing again and again');
				cursor = page.resync.restartUrl === undefined ? start : { kind: 'link', url: page.resync.restartUrl };
				continue;
			}
			const link = page.next ?? page.delta;
			const changes = await this.decide(page.items, input, true);
			yield { changes, ...(link === undefined ? {} : { links: { [key]: link } }), warnings: this.who.refusal === undefined ? [] : [this.who.refusal] };
			if (page.next === undefined) return;
			cursor = { kind: 'link', url: page.next };
		}
	}

	private async askPending(ids: readonly string[], signal: AbortSignal): Promise<GraphListItem[]> {
		const items: GraphListItem[] = [];
		for await (const answer of this.run.graph.batch(ids.map((id) => ({ id, method: 'GET' as const, path: `${this.list}/items/${id}?$expand=fields` })), { signal })) {
			const result = batchResult(answer);
			if (result.ok) items.push(result.body as GraphListItem);
			else if (!isFailure(result.failure, 'notFound')) throw result.failure;
		}
		return items;
	}

	/** Patches of the files whose values are others than those stored. */
	private async decide(items: readonly GraphListItem[], input: EnumerationInput, mayWait: boolean): Promise<PatchChange[]> {
		// Replays occur: the last entry of an item wins.
		const last = new Map(items.filter((item) => !item.deleted && !isFolder(item)).map((item) => [item.id, item]));
		const files = await this.ids.find([...last.values()], input);
		const known = await input.known.lookUp([...new Set(files.values())]);
		const patches = new Map<string, PatchChange>();
		for (const item of last.values()) {
			const id = files.get(item.id);
			const before = id === undefined ? undefined : known.get(id);
			if (id === undefined || !before) {
				if (mayWait) this.waitFor(item);
				continue;
			}
			const values = await this.valuesOf(item, input.signal);
			const meta = difference(before, values);
			if (meta) patches.set(id, { kind: 'patch', id, type: before.type, meta });
		}
		return [...patches.values()];
	}

	/** No such file: left out of the backup, or so new that its drive did not tell of it yet. */
	private waitFor(item: GraphListItem): void {
		const changedMs = Math.max(Date.parse(item.lastModifiedDateTime ?? ''), Date.parse(item.createdDateTime ?? ''));
		const isRecent = Number.isNaN(changedMs) || changedMs >= this.recentSinceMs;
		if (isRecent && !this.pending.includes(item.id)) this.pending = [...this.pending, item.id].slice(-MOST_PENDING);
	}

	/** Columns that users fill, as Graph spells their fields. */
	private async valuesOf(item: GraphListItem, signal: AbortSignal): Promise<ColumnValues> {
		const fields = lasting(item.fields ?? {});
		const columns: JsonObject = {};
		for (const [name, value] of Object.entries(fields)) if (this.fields.has(name.replace(/@odata\.type$/, '')) && value !== null && value !== '') columns[name] = value;
		if (this.info.meta['contentTypesEnabled'] === true && item.contentType?.name !== undefined) columns['ContentType'] = item.contentType.name;
		const people = await this.who.named(peopleIn(fields, this.people), signal);
		return { columns: Object.keys(columns).length > 0 ? columns : null, people: Object.keys(people).length > 0 ? people : null };
	}
}

/** Where the link of a library's columns stands in the cursor. */
export function columnsLink({ scope }: Pick<ListInfo, 'scope'>): string {
	return `${scope}/columns`;
}

/** Content types of folders derive from 0x0120. */
function isFolder({ contentType }: GraphListItem): boolean {
	return contentType?.id?.startsWith('0x0120') === true;
}

/** What of the stored values must be written anew; null removes. */
function difference(before: KnownItem, values: ColumnValues): JsonObject | undefined {
	const meta: JsonObject = {};
	for (const name of ['columns', 'people'] as const) {
		if (canonical(before.meta[name] ?? null) !== canonical(values[name])) meta[name] = values[name];
	}
	return Object.keys(meta).length > 0 ? meta : undefined;
}

/** The same for the same values in any order of their names. */
function canonical(value: JsonValue): string {
	if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
	if (typeof value !== 'object' || value === null) return JSON.stringify(value);
	return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name] ?? null)}`).join(',')}}`;
}

