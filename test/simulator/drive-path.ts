import { badRequest } from './graph-error';

/** A segment of a drive's URL; `path` is what stood between its colons. */
export interface AddressPart {
	name: string;
	/** `root:/a/b:` and `items/{id}:/a/b:`; absent without a colon. */
	path?: string[];
}

/**
 * The parts of a URL behind `/v1.0`, with addressing by path: from a segment that ends with a colon up to the next one that does,
 * or the end. Names within are taken as they are: `Report('1')` is a file there, a key elsewhere.
 *
 * @throws GraphError 400 for what cannot be decoded
 */
export function parseAddress(url: string): AddressPart[] {
	const parts: AddressPart[] = [];
	let path: string[] | undefined;
	for (const raw of (url.split('?', 1)[0] ?? '').split('/').slice(2)) {
		if (raw === '') continue;
		const text = decode(raw);
		if (path) {
			const isEnd = text.endsWith(':');
			const name = isEnd ? text.slice(0, -1) : text;
			if (name !== '') path.push(name);
			if (isEnd) path = undefined;
			continue;
		}
		const key = /^([A-Za-z]+)\('(.*)'\)$/.exec(text);
		if (key) parts.push({ name: key[1]! });
		const name = key ? key[2]!.replace(/''/g, "'") : text;
		if (name.endsWith(':')) {
			path = [];
			parts.push({ name: name.slice(0, -1), path });
		} else parts.push({ name: name.replace(/^microsoft\.graph\./i, '') });
	}
	return parts;
}

function decode(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		throw badRequest('The request URI is not valid.', 'invalidRequest');
	}
}

/** What is asked of a drive: which item, and what of it. */
export interface ItemAddress {
	/** An id, or `root`; undefined: the drive itself. */
	id?: string;
	/** Below that item. */
	path: string[];
	isByPath: boolean;
	/** `children`, `versions`/`1.0`/`content`… */
	tail: string[];
}

/** The parts behind the drive. undefined: nothing that a drive has. */
export function itemAddress(parts: readonly AddressPart[]): ItemAddress | undefined {
	const [first, second] = parts;
	if (!first) return { path: [], isByPath: false, tail: [] };
	const isItems = first.name.toLowerCase() === 'items';
	const at = isItems ? second : first.name.toLowerCase() === 'root' ? first : undefined;
	if (!at) return undefined;
	return { id: at.name, path: at.path ?? [], isByPath: at.path !== undefined, tail: parts.slice(isItems ? 2 : 1).map(({ name }) => name) };
}
