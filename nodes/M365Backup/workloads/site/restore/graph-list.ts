import type { JsonObject } from '../../../base/json';
import { columnsOf, type Column } from './column';
import { isObject, objectIn, objectsIn, textIn } from './item-document';

/** A list as Graph tells of it. */
export interface GraphList {
	id: string;
	displayName: string;
	/** Last part of its URL: the same in every language for the libraries that each site has. */
	urlName: string;
	isSystem: boolean;
	template: string;
	driveId?: string;
	columns: Column[];
	contentTypes: { id: string; name: string }[];
}

export function graphList(json: JsonObject): GraphList {
	const driveId = textIn(objectIn(json, 'drive'), 'id');
	return {
		id: (textIn(json, 'id') ?? '').toLowerCase(),
		displayName: textIn(json, 'displayName') ?? '',
		urlName: textIn(json, 'name') ?? '',
		isSystem: isObject(json['system']),
		template: textIn(objectIn(json, 'list'), 'template') ?? '',
		...(driveId === undefined ? {} : { driveId }),
		columns: columnsOf(objectsIn(json, 'columns')),
		contentTypes: objectsIn(json, 'contentTypes').map((type) => ({ id: textIn(type, 'id') ?? '', name: textIn(type, 'name') ?? '' })),
	};
}
