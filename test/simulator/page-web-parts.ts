import { invalid } from './site-errors';
import type { Tenant } from './tenant';

export type Json = Record<string, unknown>;

/** The standard web parts that Graph creates (sitepage-create.md, standardWebPart.md); all others are refused. */
export const STANDARD_WEB_PARTS: Readonly<Record<string, string>> = {
	'e377ea37-9047-43b9-8cdb-a761be2f8e09': 'Bing Maps',
	'0f087d7f-520e-42b7-89c0-496aaf979d58': 'Button',
	'df8e44e7-edd5-46d5-90da-aca1539313b8': 'Call To Action',
	'2161a1c6-db61-4731-b97c-3cdb303f7cbb': 'Divider',
	'b7dd04e1-19ce-4b24-9132-b60a1c2b910d': 'Document embed',
	'd1d91016-032f-456d-98a4-721247c305e8': 'Image',
	'af8be689-990e-492a-81f7-ba3e4cd3ed9c': 'Image gallery',
	'6410b3b6-d440-4663-8744-378976dc041e': 'Link preview',
	'e84a8ca2-f63c-4fb9-bc0b-d8eef5ccb22b': 'Org chart',
	'7f718435-ee4d-431c-bdbf-9c4ff326f46e': 'People',
	'c70391ea-0b10-4ee9-b2b4-006d3fcad0cd': 'Quick links',
	'8654b779-4886-46d4-8ffb-b5ed960ee986': 'Spacer',
	'cbe7b0a9-3504-44dd-a3a3-0e5cacd07788': 'Title area',
	'544dd15b-cf3c-441b-96da-004d5a8cea1d': 'YouTube embed',
};

/** Widths of the columns of a section; they add up to 12. */
const LAYOUTS: Readonly<Record<string, readonly number[]>> = {
	oneColumn: [12], twoColumns: [6, 6], threeColumns: [4, 4, 4], oneThirdLeftColumn: [4, 8], oneThirdRightColumn: [8, 4], fullWidth: [0],
};
const EMPHASES = new Set(['none', 'neutral', 'soft', 'strong']);

/**
 * A layout as the service keeps it: sections and columns numbered from 1, each web part under an id of its own.
 *
 * @throws GraphError 400 for layouts, widths and web parts that Graph does not know
 */
export function acceptedCanvas(tenant: Tenant, key: string, given: unknown): Json {
	if (typeof given !== 'object' || given === null) throw invalid('The canvasLayout is not valid.');
	const canvas = given as { horizontalSections?: unknown; verticalSection?: unknown };
	let count = 0;
	const parts = (list: unknown): Json[] => asArray(list).map((part) => acceptedPart(part, tenant.guid(`${key}/part/${++count}`)));
	const horizontalSections = asArray(canvas.horizontalSections).map((section, n) => {
		const layout = String(section.layout);
		const widths = LAYOUTS[layout];
		const columns = asArray(section.columns);
		if (!widths || columns.length !== widths.length) throw invalid(`The section layout '${layout}' is not valid.`);
		if (section.emphasis !== undefined && !EMPHASES.has(section.emphasis as string)) throw invalid('The emphasis of a section is not valid.');
		return {
			layout, id: String(n + 1), emphasis: section.emphasis ?? 'none',
			columns: columns.map((column, at) => {
				if (column.width !== undefined && column.width !== widths[at]) throw invalid(`A column of '${layout}' cannot be ${JSON.stringify(column.width)} wide.`);
				return { id: String(at + 1), width: widths[at], webparts: parts(column.webparts) };
			}),
		};
	});
	const vertical = canvas.verticalSection;
	return {
		horizontalSections,
		...(typeof vertical === 'object' && vertical !== null ? { verticalSection: { emphasis: (vertical as Json).emphasis ?? 'none', webparts: parts((vertical as Json).webparts) } } : {}),
	};
}

function asArray(value: unknown): Json[] {
	if (value === undefined || value === null) return [];
	if (!Array.isArray(value) || value.some((one) => typeof one !== 'object' || one === null)) throw invalid('A collection was expected.');
	return value as Json[];
}

function acceptedPart(part: Json, id: string): Json {
	const type = String(part['@odata.type']).replace(/^#?/, '#');
	if (type === '#microsoft.graph.textWebPart') {
		if (typeof part.innerHtml !== 'string') throw invalid('The innerHtml of a text web part is missing.');
		return { '@odata.type': type, id, innerHtml: part.innerHtml.replace(/<script[\s\S]*?<\/script>/gi, '') };
	}
	if (type !== '#microsoft.graph.standardWebPart') throw invalid(`The web part type '${type}' is not supported.`);
	const webPartType = String(part.webPartType).toLowerCase();
	if (!(webPartType in STANDARD_WEB_PARTS)) throw invalid(`The web part '${webPartType}' is not supported.`);
	const data = part.data as Json | undefined;
	if (typeof data !== 'object') throw invalid('The data of a web part are missing.');
	return { '@odata.type': type, id, webPartType, data: { dataVersion: '1.0', title: STANDARD_WEB_PARTS[webPartType], description: '', ...data } };
}

/** All web parts of a layout, in reading order. */
export function webPartsOf(canvas: Json): Json[] {
	const sections = asArray(canvas.horizontalSections).flatMap((section) => asArray(section.columns).flatMap((column) => asArray(column.webparts)));
	return [...sections, ...asArray((canvas.verticalSection as Json | undefined)?.webparts)];
}
