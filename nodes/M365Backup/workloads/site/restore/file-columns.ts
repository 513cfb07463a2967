import { isFailure, type Failure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import { batchResult, type BatchRequest } from '../../../graph/client';
import type { RestorableItem, RestoreOutcome } from '../../restorer';
import { comparedColumns, differingColumns, wantedFields, type Mapping, type WantedFields } from './wanted-fields';
import type { Column } from './column';
import { SITE_NOTES } from './fidelity';
import { fieldBody } from './field-values';
import { isObject, objectIn, textIn } from './item-document';
import { ownFailure, signalOf } from './site-restore-context';
import { lookedUp } from './list-entries';
import type { SiteWork } from './site-work';
import type { TargetList } from './target-lists';
import { writeWithout } from './write-fields';

/** What stays of a file until its outcome comes. */
export type FileItem = Pick<RestorableItem, 'id' | 'name' | 'meta'>;

interface Settled {
	item: FileItem;
	outcome: RestoreOutcome;
}

const GROUP = 20;
const COLUMNS_SET = 'Its bytes are as the backup holds them; its columns were set back';

/** Sets the columns of restored files: what a library knows of a file beside its bytes. */
export class FileColumns {
	private readonly columns: Column[];
	private waiting: Settled[] = [];

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
		if (outcome.outcome === 'skipped') return context.policy === 'replace' || (!isOriginal && isObject(item.meta['columns']));
		return context.policy === 'replace' || isObject(item.meta['columns']);
	}

	async *flush(): AsyncGenerator<RestoreOutcome> {
		const group = this.waiting.splice(0);
		if (group.length === 0) return;
		const living = await this.read(group);
		for (const one of group) yield* this.set(one, living.get(one.outcome.newId ?? ''));
	}

	private async read(group: readonly Settled[]): Promise<Map<string, JsonObject | Failure>> {
		const { graph } = this.work.context;
		const found = new Map<string, JsonObject | Failure>();
		const requests = group.flatMap(({ outcome: { newId } }): BatchRequest[] => (newId === undefined ? [] : [{ id: newId, method: 'GET', path: `${this.path(newId)}?$expand=fields` }]));
		if (requests.length === 0) return found;
		for await (const answer of graph.batch(requests, signalOf(this.work.context))) {
			const result = batchResult(answer);
			found.set(answer.id, !result.ok ? result.failure : isObject(result.body) ? result.body : {});
		}
		return found;
	}

	private path(newId: string): string {
		return `/drives/${encodeURIComponent(this.target.driveId ?? '')}/items/${encodeURIComponent(newId)}/listItem`;
	}

	private async *set({ item, outcome }: Settled, living: JsonObject | Failure | undefined): AsyncGenerator<RestoreOutcome> {
		const { context } = this.work;
		try {
			if (living && isFailure(living)) throw living;
			const wanted = await this.wanted(item, false);
			const notes = [...wanted.notes];
			if (outcome.newId === undefined || !living) {
				yield { ...outcome, fidelity: [...outcome.fidelity, ...notes] };
				return;
			}
			const differing = differingColumns(this.columns, wanted, objectIn(living, 'fields'));
			const type = this.target.contentTypes.find(({ name }) => name === wanted.contentType);
			const isOtherType = type !== undefined && isObject(item.meta['columns']) && item.meta['columns']['ContentType'] !== undefined && type.name !== textIn(objectIn(living, 'contentType'), 'name');
			const isChanged = differing.length > 0 || isOtherType;
			if (isChanged && !context.preview) await this.write(outcome.newId, differing, wanted, isOtherType ? type.id : undefined, notes);
			const done: RestoreOutcome = {
				...outcome,
				...(isChanged && outcome.outcome === 'skipped' ? { outcome: context.policy === 'replace' ? ('replaced' as const) : ('created' as const), reason: COLUMNS_SET } : {}),
				fidelity: [...new Set([...outcome.fidelity, ...notes])],
			};
			if (wanted.waits.size === 0) yield done;
			else this.work.later(item.id, () => this.setLookups(item, done, objectIn(living, 'fields')));
		} catch (error) {
			const failure = ownFailure(context, error);
			yield { ...outcome, fidelity: [...outcome.fidelity, `Its columns could not be set (${failure.message}): restore it again with Replace.`] };
		}
	}

	private async write(newId: string, differing: readonly Column[], wanted: WantedFields, contentTypeId: string | undefined, notes: string[]): Promise<void> {
		const { graph } = this.work.context;
		await writeWithout(
			this.work,
			differing,
			async (leftOut) => {
				const fields: JsonObject = {};
				for (const column of differing) if (!leftOut.has(column.name)) Object.assign(fields, fieldBody(column, wanted.values.get(column.name) ?? null));
				if (contentTypeId !== undefined) await graph.json({ method: 'PATCH', path: this.path(newId), body: { contentType: { id: contentTypeId }, fields }, ...signalOf(this.work.context) });
				else if (Object.keys(fields).length > 0) await graph.json({ method: 'PATCH', path: `${this.path(newId)}/fields`, body: fields, ...signalOf(this.work.context) });
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
			if (!context.preview && differing.length > 0) await this.write(outcome.newId ?? '', differing, wanted, undefined, notes);
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
