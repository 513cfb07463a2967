import type { GraphRequest } from './exchange';

/** The request's own path as Graph writes it in links: `users('…')/mailFolders('…')/messages`. */
export function canonicalPath(segments: readonly string[]): string {
	let path = '';
	for (let i = 0; i < segments.length; i++) {
		const segment = segments[i]!;
		const isKey = i % 2 === 1 && segment !== 'delta';
		path += isKey ? `('${encodeURIComponent(segment)}')` : `/${encodeURIComponent(segment)}`;
	}
	return path.replaceAll('%24', '$');
}

/** A link to more, on the host that the client asked. */
export function link(request: GraphRequest, query: string): string {
	return `${request.origin}/v1.0${canonicalPath(request.segments)}?${query}`;
}

/** The link to the next page of a list: the same query, further on. */
export function nextPageLink(request: GraphRequest, skip: number): string {
	const repeatable = request.query.repeatable;
	return `${request.origin}/v1.0${request.segments.map((segment) => `/${encodeURIComponent(segment)}`).join('').replaceAll('%24', '$')}?${repeatable ? `${repeatable}&` : ''}$skip=${skip}`;
}

/** The page that `$top`, `Prefer: odata.maxpagesize` and `$skip` ask for. */
export function pageBounds(request: GraphRequest, largest: number): { skip: number; limit: number } {
	const asked = request.query.top ?? request.prefer.maxPageSize ?? request.tenant.switches.defaultPageSize;
	return { skip: request.query.skip ?? 0, limit: Math.min(asked, largest) };
}

export function contextUrl(request: GraphRequest, fragment: string): string {
	return `${request.origin}/v1.0/$metadata#${fragment}`;
}
