import { badRequest } from './graph-error';
import type { AttachmentRecord } from './message-content';
import { itemToMime } from './nested-item';

type Body = Record<string, unknown>;

/** `@odata.type` without its number sign. */
function typeName(json: Body): string {
	const type = json['@odata.type'];
	return typeof type === 'string' ? type.replace(/^#/, '') : '';
}

/** @throws GraphError 400 for what is no attachment */
export function attachmentFromJson(json: Body, number: number, nowMs: number): AttachmentRecord {
	const type = typeName(json).toLowerCase();
	const { name } = json;
	if (typeof name !== 'string') throw badRequest('The required property name is missing.', 'ErrorInvalidRequest');
	const record: AttachmentRecord = {
		number,
		kind: 'file',
		name,
		contentType: typeof json.contentType === 'string' ? json.contentType : 'application/octet-stream',
		isInline: json.isInline === true,
		contentId: typeof json.contentId === 'string' ? json.contentId : null,
		contentLocation: typeof json.contentLocation === 'string' ? json.contentLocation : null,
		lastModifiedMs: nowMs,
		content: Buffer.alloc(0),
	};
	switch (type) {
		case 'microsoft.graph.fileattachment': {
			if (typeof json.contentBytes !== 'string') throw badRequest('The required property contentBytes is missing.', 'ErrorInvalidRequest');
			if (!/^[A-Za-z0-9+/_\s-]*={0,2}$/.test(json.contentBytes)) throw badRequest('contentBytes is not valid base64.', 'RequestBodyRead');
			record.content = Buffer.from(json.contentBytes, 'base64');
			return record;
		}
		case 'microsoft.graph.itemattachment': {
			const item = json.item as Body | undefined;
			const itemType = `#${typeName(item ?? {})}`;
			if (!item || !['#microsoft.graph.message', '#microsoft.graph.event', '#microsoft.graph.contact'].includes(itemType)) throw badRequest('An item attachment needs an item with its @odata.type.', 'ErrorInvalidRequest');
			return { ...record, kind: 'item', contentType: null, itemType, itemJson: item, content: itemToMime(item, itemType) };
		}
		case 'microsoft.graph.referenceattachment':
			return { ...record, kind: 'reference', contentType: null };
		default:
			throw badRequest(`An attachment of type '${type}' cannot be created.`, 'ErrorInvalidRequest');
	}
}
