import { isFailure, type Failure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import { batchResult, type BatchRequest } from '../../../graph/client';
import type { RestorableItem, RestoreOutcome } from '../../restorer';
import { comparedColumns, differingColumns, wantedFields, type Mapping, type WantedFields } from './wanted-fields';
import type { Column } from './column';
import { SITE_NOTES } from './fidelity';
import { fieldBody, valueOf } from './field-values';
import { isObject, objectIn, textIn } from './item-document';
import { ownFailure, signalOf, sitePath } from './site-restore-context';
import { lookedUp } from './list-entries';
import type { SiteWork } from './site-work';
import type { TargetList } from './target-list';
import { hopeless, isProbe, writeWithout } from './write-fields';

/** What stays of a file until its outcome comes. */
export type FileItem = Pick<RestorableItem, 'id' | 'name' | 'meta'>;

interface Settled {
	item: FileItem;
	outcome: RestoreOutcome;
}

interface ColumnPlan extends Settled {
	wanted: WantedFields;
	/** What the file has in its columns. */
	fields: JsonObject;
	differing: readonly Column[];
	/** Of the library, if the file has another one. */
	contentTypeId?: string;
}

/** Made by this restore just now: its columns are empty, and need not be read. */
function isFresh({ outcome }: Settled): boolean {
	return outcome.outcome === 'created' && outcome.reason === undefined;
}

function isChanged({ differing, contentTypeId }: ColumnPlan): boolean {
	return differing.length > 0 || contentTypeId !== undefined;
}

/** How the drive's restorer begins the reason of a file that it left alone since it is another one. */
const OTHER_FILE = 'Another file of this name';
const GROUP = 20;
/** From so many files on, a listing of the library costs less than asking for each. */
const MANY_FILES = 100;
/** Files whose columns are kept at most: some 500 bytes each. */
const MOST_KEPT = 50_000;
const COLUMNS_SET = 'Its bytes are as the backup holds them; its columns were set back';

/** Sets the columns of restored files: what a library knows of a file beside its bytes. */
export class FileColumns {
	private readonly columns: Column[];
	private waiting: Settled[] = [];
	private readCount = 0;
	private library: Map<string, JsonObject> | undefined;

	constructor(
		private readonly work: SiteWork,
		private readonly target: TargetList,
	) {
		this.columns = comparedColumns(target);
	}

	/** Whether this library has anything to set at all. */
	private get hasColumns(): boolean {
		return this.columns.length > 0 || this.target.contentTypes.length > 1;
	}

	/** Outcomes with what became of the columns; they may come later and in groups. `flush` ends it. */
	async *take(item: FileItem | undefined, outcome: RestoreOutcome): AsyncGenerator<RestoreOutcome> {
		if (!item || !this.isToSet(item, outcome)) {
			yield outcome;
			return;
		}
		this.waiting.push({ item, outcome });
		if (this.waiting.length >= GROUP) yield* this.flush();
	}

	private isToSet(item: FileItem, outcome: RestoreOutcome): boolean {
		const { context } = this.work;
		if (!this.hasColumns || outcome.outcome === 'failed') return false;
		if (outcome.newId === undefined) return context.preview && outcome.outcome === 'created' && isObject(item.meta['columns']);
		const isOriginal = this.target.isOriginal && item.id.endsWith(`/${outcome.newId}`);
		if (outcome.outcome === 'created') return isObject(item.meta['columns']) || isOriginal;
		if (context.policy === 'replace') return true;
		// What an earlier restore could not finish; neither a living original nor a file that somebody else has put there.
		return outcome.outcome === 'skipped' && !isOriginal && isObject(item.meta['columns']) && outcome.reason?.startsWith(OTHER_FILE) !== true;
	}

	async *flush(): AsyncGenerator<RestoreOutcome> {
		const group = this.waiting.splice(0);
		if (group.length === 0) return;
		const living = await this.read(group.filter((one) => !isFresh(one)));
		const plans: ColumnPlan[] = [];
		for (const one of group) {
			try {
				plans.push(await this.plan(one, living.get(one.outcome.newId ?? '')));
			} catch (error) {
				yield this.failed(one, error);
			}
		}
		yield* this.carryOut(plans);
	}

	private async read(group: readonly Settled[]): Promise<Map<string, JsonObject | Failure>> {
		const { graph } = this.work.context;
		const found = new Map<string, JsonObject | Failure>();
		const ids = group.flatMap(({ outcome: { newId } }) => newId ?? []);
		if (this.readCount + ids.length > MANY_FILES) this.library ??= await this.readLibrary();
		for (const id of ids) {
			const known = this.library?.get(id);
			if (known) found.set(id, known);
		}
		const requests = ids.filter((id) => !found.has(id)).map((id): BatchRequest => ({ id, method: 'GET', path: `${this.path(id)}?$expand=fields` }));
		this.readCount += requests.length;
		if (requests.length === 0) return found;
		for await (const answer of graph.batch(requests, signalOf(this.work.context))) {
			const result = batchResult(answer);
			found.set(answer.id, !result.ok ? result.failure : isObject(result.body) ? result.body : {});
		}
		return found;
	}

	/** What all files have in the columns, by the drive's id of each: a request for a thousand of them, as far as memory goes. */
	private async readLibrary(): Promise<Map<string, JsonObject>> {
		const { context } = this.work;
		const all = new Map<string, JsonObject>();
		const names = new Set(this.columns.flatMap(({ name }) => [name, `${name}LookupId`]));
		const path = `${sitePath(this.target.site.id)}/lists/${this.target.id ?? ''}/items?$expand=fields,driveItem($select=id)&$top=1000`;
		try {
			for await (const page of context.graph.pages<JsonObject>({ path, ...signalOf(context) })) {
				for (const item of page) {
					const id = textIn(objectIn(item, 'driveItem'), 'id');
					const fields = Object.fromEntries(Object.entries(objectIn(item, 'fields')).filter(([name]) => names.has(name)));
					if (id !== undefined) all.set(id, { contentType: objectIn(item, 'contentType'), fields });
				}
				if (all.size >= MOST_KEPT) break;
			}
		} catch (error) {
			// Then each is asked for by itself, and says why it cannot be read.
			ownFailure(context, error);
		}
		return all;
	}

	private path(newId: string): string {
		return `/drives/${encodeURIComponent(this.target.driveId ?? '')}/items/${encodeURIComponent(newId)}/listItem`;
	}

	private async plan(one: Settled, living: JsonObject | Failure | undefined): Promise<ColumnPlan> {
		if (living && isFailure(living)) throw living;
		const { item } = one;
		const wanted = await this.wanted(item, false);
		const fields = objectIn(living ?? {}, 'fields');
		const { contentTypes } = this.target;
		const type = contentTypes.find(({ name }) => name === wanted.contentType);
		const there = isFresh(one) ? contentTypes[0]?.name : textIn(objectIn(living ?? {}, 'contentType'), 'name');
		const isOtherType = type !== undefined && objectIn(item.meta, 'columns')['ContentType'] !== undefined && type.name !== there;
		const differing = differingColumns(this.columns, wanted, fields);
		// SharePoint has filled in what has a default.
		if (isFresh(one)) differing.push(...this.columns.filter(({ name, hasDefault }) => hasDefault && !wanted.values.has(name) && !wanted.waits.has(name)));
		// Without Replace nothing is set back: columns in which somebody has put something stay.
		const isTouched = one.outcome.outcome === 'skipped' && this.work.context.policy !== 'replace' && this.columns.some((column) => !column.hasDefault && valueOf(fields, column) !== undefined);
		if (isTouched) return { ...one, wanted: { ...wanted, waits: new Map() }, fields, differing: [] };
		return { ...one, wanted, fields, differing, ...(isOtherType ? { contentTypeId: type.id } : {}) };
	}

	private async *carryOut(plans: readonly ColumnPlan[]): AsyncGenerator<RestoreOutcome> {
		const { work } = this;
		const { context } = work;
		const isToWrite = (plan: ColumnPlan): boolean => !context.preview && plan.outcome.newId !== undefined && isChanged(plan);
		for (const plan of plans) if (!isToWrite(plan)) yield* this.done(plan, []);
		const toWrite = plans.filter(isToWrite);
		const alone = toWrite.filter((plan) => isProbe(this.work, plan.differing));
		const together = toWrite.filter((plan) => !alone.includes(plan));
		const requests = together.map((plan, n): BatchRequest => {
			return { id: String(n), method: 'PATCH', ...this.requestOf(plan, hopeless(work, plan.differing)) };
		});
		if (together.length > 1) {
			for await (const answer of context.graph.batch(requests, signalOf(context))) {
				const plan = together[Number(answer.id)];
				if (!plan) continue;
				const result = batchResult(answer);
				if (result.ok) yield* this.done(plan, plan.differing.filter((column) => work.isRefused(column)).map(({ displayName }) => SITE_NOTES.refused(displayName)));
				else alone.push(plan);
			}
		} else {
			alone.push(...together);
		}
		for (const plan of alone) {
			const notes: string[] = [];
			try {
				await this.write(plan, notes);
			} catch (error) {
				yield this.failed(plan, error);
				continue;
			}
			yield* this.done(plan, notes);
		}
	}

	private *done(plan: ColumnPlan, notes: readonly string[]): Generator<RestoreOutcome> {
		const { item, outcome, wanted, fields } = plan;
		const { context } = this.work;
		const done: RestoreOutcome = {
			...outcome,
			...(isChanged(plan) && outcome.outcome === 'skipped' ? { outcome: context.policy === 'replace' ? ('replaced' as const) : ('created' as const), reason: COLUMNS_SET } : {}),
			fidelity: [...new Set([...outcome.fidelity, ...wanted.notes, ...notes])],
		};
		if (wanted.waits.size === 0) yield done;
		else this.work.later(item.id, () => this.setLookups(item, done, fields));
	}

	private failed({ outcome }: Settled, error: unknown): RestoreOutcome {
		const failure = ownFailure(this.work.context, error);
		return { ...outcome, fidelity: [...outcome.fidelity, `Its columns could not be set (${failure.message}): restore it again with Replace.`] };
	}

	private requestOf({ outcome, differing, wanted, contentTypeId }: ColumnPlan, leftOut: ReadonlySet<string>): { path: string; body: JsonObject } {
		const path = this.path(outcome.newId ?? '');
		const fields: JsonObject = {};
		for (const column of differing) if (!leftOut.has(column.name)) Object.assign(fields, fieldBody(column, wanted.values.get(column.name) ?? null));
		return contentTypeId === undefined ? { path: `${path}/fields`, body: fields } : { path, body: { contentType: { id: contentTypeId }, fields } };
	}

	private async write(plan: ColumnPlan, notes: string[]): Promise<void> {
		const { context } = this.work;
		await writeWithout(
			this.work,
			plan.differing,
			async (leftOut) => {
				if (plan.contentTypeId === undefined && plan.differing.every(({ name }) => leftOut.has(name))) return;
				await context.graph.json({ method: 'PATCH', ...this.requestOf(plan, leftOut), ...signalOf(context) });
			},
			notes,
		);
	}

	/** Lists come after libraries: what files look up is settled only then. */
	private async setLookups(item: FileItem, outcome: RestoreOutcome, living: JsonObject): Promise<RestoreOutcome> {
		const { context } = this.work;
		try {
			const wanted = await this.wanted(item, true);
			const lookups = this.columns.filter(({ kind }) => kind === 'lookup' || kind === 'multiLookup');
			const notes = [...wanted.notes];
			const differing = differingColumns(lookups, wanted, living);
			if (!context.preview && outcome.newId !== undefined && differing.length > 0) await this.write({ item, outcome, wanted, fields: living, differing }, notes);
			const done = { ...outcome, fidelity: [...new Set([...outcome.fidelity, ...notes])] };
			return differing.length > 0 && outcome.outcome === 'skipped' ? { ...done, outcome: context.policy === 'replace' ? 'replaced' : 'created', reason: COLUMNS_SET } : done;
		} catch (error) {
			const failure = ownFailure(context, error);
			return { ...outcome, fidelity: [...outcome.fidelity, `${SITE_NOTES.refused('Lookups')} (${failure.message})`] };
		}
	}

	private async wanted(item: FileItem, hasLists: boolean): Promise<WantedFields> {
		const { work, target } = this;
		const columns = objectIn(item.meta, 'columns');
		const document: JsonObject = { fields: columns, people: objectIn(item.meta, 'people'), ...(typeof columns['ContentType'] === 'string' ? { contentType: { name: columns['ContentType'] } } : {}) };
		const mapping: Mapping = {
			people: work.peopleOf(target.site),
			lookup: async (column, id) => (hasLists ? await lookedUp(work, target, column, id) : { state: 'waits', for: id }),
		};
		return await wantedFields(target, this.columns, document, mapping);
	}
}
