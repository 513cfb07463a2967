import { isFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import { batchResult, type BatchRequest } from '../../../graph/client';
import type { RestorableItem, RestoreOutcome } from '../../restorer';
import type { Column } from './column';
import { SITE_NOTES } from './fidelity';
import { fieldBody } from './field-values';
import { objectIn, textIn } from './item-document';
import { failedOutcome, outcomeOf, ownFailure, signalOf, stopIfCancelled } from './site-restore-context';
import type { SiteWork } from './site-work';
import type { TargetList } from './target-list';
import { itemsPath } from './there-items';
import { differingColumns, type WantedFields } from './wanted-fields';
import { hopeless, isProbe, writeWithout } from './write-fields';

export interface SetBack {
	item: RestorableItem;
	wanted: WantedFields;
	/** Of the item in the target list. */
	id: string;
	/** Columns that differ. */
	differing: readonly Column[];
	/** Of the target, if the item has another one. */
	contentTypeId?: string;
	/** Said where anything was set; by default that it was set back. */
	reason?: string;
}

/** Microsoft's limit for a batch. */
const GROUP = 20;

/**
 * What has to be set for a living item to be as it is in the backup.
 *
 * @param columns those to compare
 * @param answer Graph's answer for the item, if it was just read
 */
export async function planSetBack(work: SiteWork, target: TargetList, columns: readonly Column[], one: Pick<SetBack, 'item' | 'wanted' | 'id' | 'reason'>, answer?: JsonObject): Promise<SetBack> {
	const living = answer ?? (await work.context.graph.json<JsonObject>({ path: `${itemsPath(target)}/${one.id}?$expand=fields`, ...signalOf(work.context) }));
	const differing = differingColumns(columns, one.wanted, objectIn(living, 'fields'));
	const type = target.contentTypes.find(({ name }) => name === one.wanted.contentType);
	const isOther = type !== undefined && type.name !== (textIn(objectIn(living, 'contentType'), 'name') ?? type.name);
	return { ...one, differing, ...(isOther ? { contentTypeId: type.id } : {}) };
}

/** Gives living items back what they have in the backup: the fields that differ, and their content type. 20 to a call. */
export async function* setBackItems(work: SiteWork, target: TargetList, plans: AsyncIterable<SetBack>): AsyncGenerator<RestoreOutcome> {
	let group: SetBack[] = [];
	for await (const plan of plans) {
		if (work.context.preview || !isChanged(plan) || isProbe(work, plan.differing) || plan.differing.every((column) => work.isRefused(column))) {
			yield await setBackOne(work, target, plan);
			continue;
		}
		group.push(plan);
		if (group.length < GROUP) continue;
		yield* setBackGroup(work, target, group);
		group = [];
	}
	yield* setBackGroup(work, target, group);
}

async function* setBackGroup(work: SiteWork, target: TargetList, group: readonly SetBack[]): AsyncGenerator<RestoreOutcome> {
	const { context } = work;
	stopIfCancelled(context);
	const refusal = work.refusal(target.site.id, target.key);
	if (refusal ?? group.length < 2) {
		for (const plan of group) yield await setBackOne(work, target, plan);
		return;
	}
	const requests = group.map((plan, n): BatchRequest => ({ id: String(n), method: 'PATCH', ...requestOf(target, plan, hopeless(work, plan.differing)) }));
	const again: SetBack[] = [];
	for await (const answer of context.graph.batch(requests, signalOf(context))) {
		const plan = group[Number(answer.id)];
		if (!plan) continue;
		const result = batchResult(answer);
		if (result.ok) {
			const refused = plan.differing.filter((column) => work.isRefused(column)).map(({ displayName }) => SITE_NOTES.refused(displayName));
			yield done(target, plan, [...plan.wanted.notes, ...refused]);
		} else if (isFailure(result.failure, 'invalid', 'transient')) {
			again.push(plan);
		} else {
			work.refuse(target.site.id, target.key, result.failure);
			yield failedOutcome(plan.item, target.path, result.failure);
		}
	}
	for (const plan of again) yield await setBackOne(work, target, plan);
}

/** Never throws for what concerns this item alone. */
export async function setBackOne(work: SiteWork, target: TargetList, plan: SetBack): Promise<RestoreOutcome> {
	const { context } = work;
	const { item, wanted, differing } = plan;
	const notes = [...wanted.notes];
	try {
		stopIfCancelled(context);
		if (!isChanged(plan) || context.preview) return done(target, plan, notes);
		if (plan.contentTypeId === undefined && differing.every((column) => work.isRefused(column))) return unwritable(target, plan, notes);
		const refusal = work.refusal(target.site.id, target.key);
		if (refusal) throw refusal;
		const isWritten = await writeWithout(
			work,
			differing,
			async (leftOut) => {
				if (plan.contentTypeId === undefined && differing.every(({ name }) => leftOut.has(name))) return false;
				await context.graph.json({ method: 'PATCH', ...requestOf(target, plan, leftOut), ...signalOf(context) });
				return true;
			},
			notes,
		);
		return isWritten ? done(target, plan, notes) : unwritable(target, plan, notes);
	} catch (error) {
		const failure = ownFailure(context, error);
		work.refuse(target.site.id, target.key, failure);
		return failedOutcome(item, target.path, failure);
	}
}

function isChanged({ differing, contentTypeId }: SetBack): boolean {
	return differing.length > 0 || contentTypeId !== undefined;
}

function requestOf(target: TargetList, { id, differing, wanted, contentTypeId }: SetBack, leftOut: ReadonlySet<string>): { path: string; body: JsonObject } {
	const fields: JsonObject = {};
	for (const column of differing) if (!leftOut.has(column.name)) Object.assign(fields, fieldBody(column, wanted.values.get(column.name) ?? null));
	const path = `${itemsPath(target)}/${id}`;
	return contentTypeId === undefined ? { path: `${path}/fields`, body: fields } : { path, body: { contentType: { id: contentTypeId }, fields } };
}

function done(target: TargetList, plan: SetBack, fidelity: readonly string[]): RestoreOutcome {
	const { item, id, reason } = plan;
	if (!isChanged(plan)) return outcomeOf(item, 'skipped', target.path, { newId: id, reason: 'It is as the backup holds it', fidelity });
	return outcomeOf(item, reason === undefined ? 'replaced' : 'created', target.path, { newId: id, reason: reason ?? 'It was set back to what the backup holds', fidelity });
}

function unwritable(target: TargetList, { item, id, differing }: SetBack, fidelity: readonly string[]): RestoreOutcome {
	const names = differing.map(({ displayName }) => displayName).join(', ');
	return outcomeOf(item, 'skipped', target.path, { newId: id, reason: `It differs from the backup only in ${names}, which Microsoft Graph does not let applications write`, fidelity });
}
