import { badRequest } from './graph-error';

export interface ExpandItem {
	/** E.g. `attachments`, `microsoft.graph.itemAttachment/item`. */
	path: string;
	query: OdataQuery;
}

/** The system query options of a request, and whatever else stands in its query. */
export interface OdataQuery {
	select?: string[];
	expand: ExpandItem[];
	filter?: string;
	orderby?: string;
	search?: string;
	top?: number;
	skip?: number;
	count: boolean;
	skipToken?: string;
	deltaToken?: string;
	/** Names in lower case. */
	other: Map<string, string>;
	/** As asked, without tokens and skip: what a next link repeats. */
	repeatable: string;
}

const EMPTY: ReadonlyMap<string, string> = new Map();

/**
 * Real clients write `$select` and `select`; both are the same to Graph.
 *
 * @throws GraphError 400 for options that are not numbers where they must be
 */
export function parseQuery(text: string): OdataQuery {
	const query: OdataQuery = { expand: [], count: false, other: EMPTY as Map<string, string>, repeatable: '' };
	if (text === '') return query;
	const repeatable: string[] = [];
	for (const pair of text.split('&')) {
		if (pair === '') continue;
		const equals = pair.indexOf('=');
		const name = decode(equals < 0 ? pair : pair.slice(0, equals));
		const value = equals < 0 ? '' : decode(pair.slice(equals + 1));
		const key = name.toLowerCase().replace(/^\$/, '');
		if (!['skip', 'skiptoken', 'deltatoken'].includes(key)) repeatable.push(pair);
		assign(query, key, name, value);
	}
	query.repeatable = repeatable.join('&');
	return query;
}

function decode(text: string): string {
	try {
		return decodeURIComponent(text.replace(/\+/g, ' '));
	} catch {
		throw badRequest('The request URI is not valid.');
	}
}

function assign(query: OdataQuery, key: string, name: string, value: string): void {
	switch (key) {
		case 'select':
			query.select = value.split(',').map((one) => one.trim()).filter((one) => one !== '');
			return;
		case 'expand':
			query.expand = splitTop(value, ',').map(parseExpand);
			return;
		case 'filter':
			query.filter = value;
			return;
		case 'orderby':
			query.orderby = value;
			return;
		case 'search':
			query.search = value.replace(/^"|"$/g, '');
			return;
		case 'top':
			query.top = wholeNumber(name, value);
			return;
		case 'skip':
			query.skip = wholeNumber(name, value);
			return;
		case 'count':
			query.count = value.toLowerCase() === 'true';
			return;
		case 'skiptoken':
			query.skipToken = value;
			return;
		case 'deltatoken':
			query.deltaToken = value;
			return;
		default:
			if (name.startsWith('$')) throw badRequest(`The query parameter '${name}' is not supported.`);
			if (query.other === EMPTY) query.other = new Map();
			query.other.set(key, value);
	}
}

function wholeNumber(name: string, value: string): number {
	if (!/^\d+$/.test(value)) throw badRequest(`Invalid value '${value}' for ${name} query option found. The ${name} query option requires a non-negative integer value.`, 'BadRequest');
	return Number(value);
}

function parseExpand(text: string): ExpandItem {
	const open = text.indexOf('(');
	if (open < 0) return { path: text.trim(), query: parseQuery('') };
	const inner = text.slice(open + 1, text.lastIndexOf(')'));
	const query = parseQuery('');
	for (const option of splitTop(inner, ';')) {
		const equals = option.indexOf('=');
		const name = option.slice(0, equals).trim();
		assign(query, name.toLowerCase().replace(/^\$/, ''), name, option.slice(equals + 1));
	}
	return { path: text.slice(0, open).trim(), query };
}

/** Splits outside of parentheses and quotes. */
function splitTop(text: string, separator: string): string[] {
	const parts: string[] = [];
	let depth = 0;
	let quoted = false;
	let start = 0;
	for (let i = 0; i < text.length; i++) {
		const char = text[i];
		if (char === "'") quoted = !quoted;
		else if (!quoted && char === '(') depth++;
		else if (!quoted && char === ')') depth--;
		else if (!quoted && depth === 0 && char === separator) {
			parts.push(text.slice(start, i));
			start = i + 1;
		}
	}
	parts.push(text.slice(start));
	return parts;
}
