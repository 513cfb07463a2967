import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import type { HistoryScope } from '../../engine/search-history';
import type { SearchQuery } from '../../engine/search';
import { picked } from '../../pickers/field';
import { isSnapshotId } from '../../pickers/snapshot';
import { dateParameter } from '../date-parameter';

/** The conditions of the parameter `query`. Failure invalid: a date. */
export function readQuery(this: IExecuteFunctions, itemIndex: number): SearchQuery {
	const conditions = this.getNodeParameter('query', itemIndex, {}) as IDataObject;
	const text = (name: string): string | undefined => {
		const value = conditions[name];
		return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
	};
	const time = (name: string, shown: string): Date | undefined => dateParameter(conditions[name], shown, this.getTimezone());
	const folder = picked(conditions['folder']).value;
	const types = conditions['types'] as SearchQuery['types'];
	return defined({
		types: types && types.length > 0 ? types : undefined,
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

/** Without the keys that have no value. */
function defined<T extends object>(values: { [K in keyof T]: T[K] | undefined }): T {
	return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}
