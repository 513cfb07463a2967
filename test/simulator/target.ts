import { badRequest } from './graph-error';
import { parseQuery, type OdataQuery } from './odata-query';

/**
 * A Graph URL as segments and query. `users('a')/mailFolders('b')` and `users/a/mailFolders/b` are the same.
 *
 * @throws GraphError 400 for what cannot be decoded
 */
export function parseTarget(url: string): { segments: string[]; query: OdataQuery } {
	const question = url.indexOf('?');
	const path = question < 0 ? url : url.slice(0, question);
	const segments: string[] = [];
	for (const part of path.split('/').slice(2)) {
		if (part === '') continue;
		const decoded = decode(part);
		const key = /^([A-Za-z]+)\('(.*)'\)$/.exec(decoded);
		if (key) segments.push(key[1]!, key[2]!.replace(/''/g, "'"));
		else segments.push(decoded);
	}
	return { segments, query: parseQuery(question < 0 ? '' : url.slice(question + 1)) };
}

function decode(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		throw badRequest('The request URI is not valid.');
	}
}
