import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { Failure } from '../../base/failure';
import type { HistoryScope } from '../../engine/search-history';
import type { SearchQuery } from '../../engine/search';
import { picked } from '../../pickers/field';
import { isSnapshotId } from '../../pickers/snapshot';
import { commaList } from '../comma-list';
import { dateParameter } from '../date-parameter';
import { itemKinds } from './item-kinds';
import { queryFields } from './query-fields';

type ItemType = NonNullable<SearchQuery['types']>[number];

/** The conditions of the parameter `query`. Failure invalid: a date. */
export function readQuery(this: IExecuteFunctions, itemIndex: number): SearchQuery {
	const conditions = this.getNodeParameter('query', itemIndex, {}) as IDataObject;
	const text = (name: string): string | undefined => {
		const value = conditions[name];
		return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
	};
	const time = (name: string, shown: string): Date | undefined => dateParameter(conditions[name], shown, this.getTimezone());
	const folder = picked(conditions['folder']).value;
	const types = typesAmong(conditions['types']);
	return defined({
		types: types.length > 0 ? types : undefined,
		folders: folder === '' ? undefined : [folder],
		includeSubfolders: folder === '' ? undefined : conditions['includeSubfolders'] !== false,
		text: text('text'),
		subject: text('subject'),
		from: text('from'),
		to: text('to'),
		after: time('dateAfter', 'Date After'),
		before: time('dateBefore', 'Date Before'),
		hasAttachments: typeof conditions['hasAttachments'] === 'boolean' ? conditions['hasAttachments'] : undefined,
	});
}

/** The parameter `changes`. Failure invalid: neither a date nor the id of a snapshot. */
export function readChanges(this: IExecuteFunctions, itemIndex: number): Pick<HistoryScope, 'changedSince' | 'deletedSince'> {
	const given = this.getNodeParameter('changes', itemIndex, {}) as IDataObject;
	const since = (name: string, shown: string): Date | string | undefined => {
		const value = given[name];
		return typeof value === 'string' && isSnapshotId(value) ? value : dateParameter(value, shown, this.getTimezone());
	};
	return defined({ changedSince: since('changedSince', 'Changed Since'), deletedSince: since('deletedSince', 'Deleted Since') });
}

/** The types that a condition names; an expression may also give them as text. Failure invalid: one that is none. */
function typesAmong(given: unknown): ItemType[] {
	const known: readonly unknown[] = itemKinds.map(({ value }) => value);
	return commaList(given).map((type) => {
		if (known.includes(type)) return type as ItemType;
		throw new Failure('invalid', `There is no kind "${type}"`, { nextStep: `Choose Kinds among ${known.join(', ')}.` });
	});
}

/**
 * For what must not come to more than was meant. Failure invalid: a condition is there but empty, most likely because an
 * expression gave nothing; without it, the search would find more.
 */
export function refuseEmptyConditions(this: IExecuteFunctions, itemIndex: number): void {
	for (const { name: group, options = [] } of queryFields) {
		const given = this.getNodeParameter(group, itemIndex, {}) as IDataObject;
		// What an expression gives as undefined may be missing from the parameters as n8n hands them out.
		const written = this.getNode().parameters[group];
		const names = new Set([...Object.keys(given), ...(typeof written === 'object' && written !== null ? Object.keys(written) : [])]);
		for (const { name, displayName } of options as { name: string; displayName: string }[]) {
			if (!names.has(name) || !isEmpty(given[name])) continue;
			throw new Failure('invalid', `The search condition ${displayName} is empty`, { nextStep: 'Fill it in, or remove it from the search.' });
		}
	}
}

/** No kinds chosen in the list mean all of them. */
function isEmpty(value: unknown): boolean {
	if (value === undefined || value === null) return true;
	if (typeof value === 'string') return value.trim() === '';
	return typeof value === 'object' && 'value' in value && picked(value).value === '';
}

/** Without the keys that have no value. */
function defined<T extends object>(values: { [K in keyof T]: T[K] | undefined }): T {
	return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}
