import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import type { SearchQuery } from '../../engine/search';
import { picked } from '../../pickers/field';
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
		types: types && types.length > 0 ? types : ['message'],
		folders: folder === '' ? undefined : [folder],
		includeSubfolders: folder === '' ? undefined : conditions['includeSubfolders'] !== false,
		text: text('text'),
		subject: text('subject'),
		from: text('from'),
		to: text('to'),
		after: time('receivedAfter', 'Received After'),
		before: time('receivedBefore', 'Received Before'),
		hasAttachments: typeof conditions['hasAttachments'] === 'boolean' ? conditions['hasAttachments'] : undefined,
	});
}

/** Without the keys that have no value. */
function defined<T extends object>(values: { [K in keyof T]: T[K] | undefined }): T {
	return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}
