import type { JsonObject, JsonValue } from '../../../base/json';
import { sortedKeys } from './field-values';
import { isObject, objectIn, textIn } from './item-document';
import { canonicalCanvas, madeParts } from './web-parts';

/** What an application may set of a page (sitepage-create, sitepage-update), beside its layout. */
const SETTABLE = ['title', 'description', 'thumbnailWebUrl', 'promotionKind', 'showComments', 'showRecommendedPages', 'titleArea'] as const;
const LAYOUTS = new Set(['article', 'home']);

export const PAGE_TYPE = '#microsoft.graph.sitePage';

export function isPublished(page: JsonObject): boolean {
	return textIn(objectIn(page, 'publishingState'), 'level') === 'published';
}

/** `1.3`: published once, with changes since; such a page is shown to readers as it was at 1.0. */
export function wasPublished(page: JsonObject): boolean {
	return Number.parseFloat(textIn(objectIn(page, 'publishingState'), 'versionId') ?? '0') >= 1;
}

export function isCheckedOut(page: JsonObject): boolean {
	return textIn(objectIn(page, 'publishingState'), 'level') === 'checkout';
}

export interface PageDifference {
	/** What a PATCH says; `@odata.type` is not in it. Empty: nothing differs. */
	body: JsonObject;
	/** Web parts of the backup that Graph does not make and the page has not. */
	leftOut: string[];
}

/** What has to be set for a page to be as in the backup. A layout that differs only by web parts that Graph cannot make is left as it is. */
export function pageDifference(wanted: JsonObject, there: JsonObject): PageDifference {
	const body: JsonObject = {};
	for (const name of SETTABLE) {
		const value = wanted[name];
		if (value !== undefined && text(value) !== text(there[name])) body[name] = value ?? '';
	}
	const [canvas, living] = [objectIn(wanted, 'canvasLayout'), canonicalCanvas(objectIn(there, 'canvasLayout'))];
	if (!isObject(wanted['canvasLayout']) || canonicalCanvas(canvas) === living) return { body, leftOut: [] };
	const made = madeParts(canvas);
	if (canonicalCanvas(made.canvas) !== living) body['canvasLayout'] = made.canvas;
	return { body, leftOut: made.leftOut };
}

function text(value: JsonValue | undefined): string {
	if (value === null || value === undefined || value === '') return '';
	if (!isObject(value)) return JSON.stringify(value);
	return JSON.stringify(Object.entries(sortedKeys(value) as JsonObject).filter(([, inner]) => inner !== null && inner !== ''));
}

/** A page to be made. */
export function newPage(wanted: JsonObject, name: string): { body: JsonObject; leftOut: string[]; isOtherLayout: boolean } {
	const body: JsonObject = { '@odata.type': PAGE_TYPE, name, title: textIn(wanted, 'title') ?? name };
	const layout = textIn(wanted, 'pageLayout');
	const isOtherLayout = layout !== undefined && !LAYOUTS.has(layout);
	body['pageLayout'] = layout === undefined || isOtherLayout ? 'article' : layout;
	for (const key of SETTABLE) {
		const value = wanted[key];
		if (value !== undefined && value !== null && value !== '') body[key] = value;
	}
	if (!isObject(wanted['canvasLayout'])) return { body, leftOut: [], isOtherLayout };
	const { canvas, leftOut } = madeParts(objectIn(wanted, 'canvasLayout'));
	body['canvasLayout'] = canvas;
	return { body, leftOut, isOtherLayout };
}
