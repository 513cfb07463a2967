import type { JsonObject } from '../../../base/json';
import type { RestorableItem } from '../../restorer';
import { SITE_NOTES } from './fidelity';
import { objectIn, textIn } from './item-document';
import { scopedId } from './scoped-id';

/** What a new item cannot have. */
export function newItemNotes(item: RestorableItem, document: JsonObject): string[] {
	const { createdBy, created } = item.meta;
	const by = typeof createdBy === 'string' ? ` by ${createdBy}` : '';
	const on = typeof created === 'string' ? ` of ${created.slice(0, 10)}` : '';
	const hadFiles = objectIn(document, 'fields')['Attachments'] === true;
	const folder = folderOf(document);
	return [SITE_NOTES.newId(scopedId(item.id)?.id ?? item.id, `${by}${on}`), ...(hadFiles ? [SITE_NOTES.attachments] : []), ...(folder === '' ? [] : [SITE_NOTES.inFolder(folder)])];
}

/** Content type Folder, or one derived from it. */
export function isListFolder(document: JsonObject): boolean {
	return (textIn(objectIn(document, 'contentType'), 'id') ?? '').toLowerCase().startsWith('0x0120');
}

/** `2026/Q1` of `https://…/Lists/Projects/2026/Q1/5_.000`: the only place where Graph tells it. */
function folderOf(document: JsonObject): string {
	const path = /\/Lists\/[^/]+\/(.+)\/[^/]+$/.exec(textIn(document, 'webUrl') ?? '')?.[1] ?? '';
	try {
		return decodeURIComponent(path);
	} catch {
		return path;
	}
}
