import type { JsonObject } from '../../../base/json';
import type { RestorableItem, RestoreOutcome } from '../../restorer';
import type { Column } from './column';
import { fieldBody } from './field-values';
import { objectIn, textIn } from './item-document';
import { outcomeOf, signalOf } from './site-restore-context';
import type { SiteWork } from './site-work';
import type { TargetList } from './target-lists';
import { itemsPath } from './there-items';
import { differingColumns, type WantedFields } from './wanted-fields';
import { writeWithout } from './write-fields';

export interface SetBack {
	item: RestorableItem;
	wanted: WantedFields;
	/** Of the item in the target list. */
	id: string;
}

/**
 * Gives a living item back what it has in the backup: the fields that differ, and its content type.
 *
 * @param columns those to compare
 * @param reason said where anything was set; by default that it was set back
 */
export async function setBackItem(work: SiteWork, target: TargetList, columns: readonly Column[], { item, wanted, id }: SetBack, reason?: string): Promise<RestoreOutcome> {
	const { context } = work;
	const path = `${itemsPath(target)}/${id}`;
	const living = await context.graph.json<JsonObject>({ path: `${path}?$expand=fields`, ...signalOf(context) });
	const differing = differingColumns(columns, wanted, objectIn(living, 'fields'));
	const type = target.contentTypes.find(({ name }) => name === wanted.contentType);
	const isOtherType = type !== undefined && type.name !== (textIn(objectIn(living, 'contentType'), 'name') ?? type.name);
	const notes = [...wanted.notes];
	let isRefused = differing.length > 0 && !isOtherType && differing.every(({ kind }) => work.refusedKinds.has(kind));
	if (!context.preview && (differing.length > 0 || isOtherType) && !isRefused) {
		const refusal = work.refusal(target.site.id);
		if (refusal) throw refusal;
		await writeWithout(
			work,
			differing,
			async (leftOut) => {
				const fields: JsonObject = {};
				for (const column of differing) if (!leftOut.has(column.name)) Object.assign(fields, fieldBody(column, wanted.values.get(column.name) ?? null));
				if (isOtherType) await context.graph.json({ method: 'PATCH', path, body: { contentType: { id: type.id }, fields }, ...signalOf(context) });
				else if (Object.keys(fields).length === 0) isRefused = true;
				else await context.graph.json({ method: 'PATCH', path: `${path}/fields`, body: fields, ...signalOf(context) });
			},
			notes,
		).catch((error: unknown) => {
			work.refuseIfDenied(target.site.id, error);
			throw error;
		});
	}
	if (isRefused) {
		const names = differing.map(({ displayName }) => displayName).join(', ');
		return outcomeOf(item, 'skipped', target.path, { newId: id, reason: `It differs from the backup only in ${names}, which Microsoft Graph does not let applications write`, fidelity: notes });
	}
	const isChanged = differing.length > 0 || isOtherType;
	const said = isChanged ? (reason ?? 'It was set back to what the backup holds') : 'It is as the backup holds it';
	return outcomeOf(item, !isChanged ? 'skipped' : reason === undefined ? 'replaced' : 'created', target.path, { newId: id, reason: said, fidelity: notes });
}
