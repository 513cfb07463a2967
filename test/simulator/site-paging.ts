import type { GraphAnswer, GraphRequest } from './exchange';
import { contextUrl } from './paging';
import { invalid } from './site-errors';

const DEFAULT_PAGE_SIZE = 200;

/** A page of what there is, and the link to the next. */
export function collection<T>(request: GraphRequest, path: string, context: string, all: readonly T[], json: (one: T) => unknown): GraphAnswer {
	const { query } = request;
	const limit = Math.max(1, Math.min(query.top ?? request.prefer.maxPageSize ?? DEFAULT_PAGE_SIZE, 999));
	const start = query.skipToken === undefined ? (query.skip ?? 0) : startOf(query.skipToken);
	const page = all.slice(start, start + limit);
	const next = start + limit < all.length ? { '@odata.nextLink': `${request.origin}/v1.0${path}?${query.repeatable ? `${query.repeatable}&` : ''}$skiptoken=${Buffer.from(`s!${start + limit}`).toString('base64url')}` } : {};
	return { status: 200, json: { '@odata.context': contextUrl(request, context), ...(query.count ? { '@odata.count': all.length } : {}), ...next, value: page.map(json) } };
}

function startOf(token: string): number {
	const match = /^s!(\d+)$/.exec(Buffer.from(token, 'base64url').toString('utf8'));
	if (!match) throw invalid('The skip token is not valid.');
	return Number(match[1]);
}
