import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { GraphError } from './graph-error';
import { jsonBody } from './json-body';
import { matches, parseFilter } from './odata-filter';
import { pageJson, wantsCanvas } from './page-json';
import type { Page } from './page-store';
import { acceptedCanvas, webPartsOf, type Json } from './page-web-parts';
import { contextUrl } from './paging';
import { needIn } from './site-access';
import { invalid, nameTaken, notFound } from './site-errors';
import { collection } from './site-paging';
import type { Site } from './site-store';

const CAST = 'microsoft.graph.sitepage';

/** `/sites/{id}/pages…`; `rest` is what follows `pages`. The layout comes only with the cast to sitePage. */
export function pageRoutes(request: GraphRequest, site: Site, rest: readonly string[]): GraphAnswer {
	needIn(request, site, request.method === 'GET' ? 'read' : 'write');
	const lower = rest.map((segment) => segment.toLowerCase());
	if (rest.length === 0 || (lower[0] === CAST && rest.length === 1)) {
		if (request.method === 'POST') return create(request, site);
		return request.method === 'GET' ? list(request, site, lower[0] === CAST) : miss();
	}
	const page = site.pages.find(rest[0]!);
	if (!page) throw notFound('The specified page was not found');
	const asSitePage = lower[1] === CAST;
	const tail = lower.slice(asSitePage ? 2 : 1);
	if (tail.length === 0) return one(request, site, page, asSitePage);
	if (tail.length > 1 || !asSitePage) return miss();
	if (tail[0] === 'publish' && request.method === 'POST') {
		refuseOpen(page);
		site.pages.publish(page, request.tenant.applicationIdentity);
		return { status: 204 };
	}
	if (tail[0] === 'webparts' && request.method === 'GET') return collection(request, `/sites/${site.id}/pages/${page.id}/microsoft.graph.sitePage/webParts`, 'webParts', webPartsOf(page.canvasLayout), (part) => part);
	return miss();
}

/** `canvasLayout` is no property of baseSitePage. */
function refuseCanvas(request: GraphRequest, asSitePage: boolean): void {
	if (wantsCanvas(request) && !asSitePage) throw invalid("Parsing OData Select and Expand failed: Could not find a property named 'canvasLayout' on type 'microsoft.graph.baseSitePage'.");
}

function list(request: GraphRequest, site: Site, asSitePage: boolean): GraphAnswer {
	refuseCanvas(request, asSitePage);
	let pages = [...site.pages.all()];
	const { query } = request;
	if (query.filter !== undefined) {
		const filter = parseFilter(query.filter);
		pages = pages.filter((page) => matches(filter, pageJson(site, page, { asSitePage: true, canvas: false })));
	}
	if (query.orderby !== undefined) {
		const [name = '', direction] = query.orderby.split(/\s+/);
		const value = (page: Page): string => JSON.stringify(pageJson(site, page, { asSitePage: true, canvas: false })[name] ?? '');
		pages.sort((a, b) => (direction?.toLowerCase() === 'desc' ? -1 : 1) * value(a).localeCompare(value(b)));
	}
	const path = `/sites/${site.id}/pages${asSitePage ? '/microsoft.graph.sitePage' : ''}`;
	return collection(request, path, 'pages', pages, (page) => shown(request, site, page, asSitePage));
}

function shown(request: GraphRequest, site: Site, page: Page, asSitePage: boolean): Json {
	const canvas = wantsCanvas(request);
	if (canvas && page.isCorrupt) throw new GraphError(500, 'generalException', 'General exception while processing');
	return pageJson(site, page, { asSitePage, canvas, select: request.query.select });
}

function one(request: GraphRequest, site: Site, page: Page, asSitePage: boolean): GraphAnswer {
	if (request.method === 'GET') {
		refuseCanvas(request, asSitePage);
		return { status: 200, json: { '@odata.context': contextUrl(request, 'pages/$entity'), ...shown(request, site, page, asSitePage) } };
	}
	refuseOpen(page);
	if (request.method === 'DELETE') {
		site.pages.delete(page);
		return { status: 204 };
	}
	if (request.method !== 'PATCH') return miss();
	const body = typedBody(request);
	const { values, canvasLayout } = readPage(request, site, page.id, body);
	site.pages.edit(page, { ...values, ...(canvasLayout ? { canvasLayout } : {}) }, request.tenant.applicationIdentity);
	return { status: 200, json: { '@odata.context': contextUrl(request, 'pages/$entity'), ...pageJson(site, page, { asSitePage: true, canvas: false }) } };
}

function refuseOpen(page: Page): void {
	if (page.checkedOutBy) throw new GraphError(409, 'conflict', 'The page is checked out by another user.');
}

function typedBody(request: GraphRequest): Json {
	const body = jsonBody(request);
	if (String(body['@odata.type']).replace(/^#/, '') !== 'microsoft.graph.sitePage') throw invalid("The '@odata.type' must be 'microsoft.graph.sitePage'.");
	return body;
}

/** Draft 0.1, whoever asked; only publishing shows it to readers (sitepage-create). */
function create(request: GraphRequest, site: Site): GraphAnswer {
	const body = typedBody(request);
	const { name, title, pageLayout } = body;
	if (typeof name !== 'string' || !/^[^"*:<>?/\\|#%]+\.aspx$/i.test(name)) throw invalid('The name of the page is not valid.');
	if (typeof title !== 'string') throw invalid('The title of the page is missing.');
	if (pageLayout !== undefined && pageLayout !== 'article' && pageLayout !== 'home') throw invalid('The pageLayout is not valid.');
	if (site.pages.named(name)) throw nameTaken('name');
	const { values, canvasLayout } = readPage(request, site, name, body);
	const page = site.pages.add({
		name, title, published: false, by: request.tenant.applicationIdentity,
		...(pageLayout === undefined ? {} : { pageLayout }), ...(values as Omit<Writable, 'thumbnailWebUrl'> & { thumbnailWebUrl?: string }), ...(canvasLayout ? { canvasLayout } : {}),
	});
	return { status: 201, json: { '@odata.context': contextUrl(request, 'pages/$entity'), ...pageJson(site, page, { asSitePage: true, canvas: false }) } };
}

type Writable = Partial<Pick<Page, 'title' | 'description' | 'showComments' | 'showRecommendedPages' | 'promotionKind' | 'titleArea' | 'thumbnailWebUrl'>>;

function readPage(request: GraphRequest, site: Site, key: string, body: Json): { values: Writable; canvasLayout?: Json } {
	const values: Writable = {};
	for (const name of ['title', 'description', 'thumbnailWebUrl'] as const) if (typeof body[name] === 'string') values[name] = body[name];
	for (const name of ['showComments', 'showRecommendedPages'] as const) if (typeof body[name] === 'boolean') values[name] = body[name];
	if (body.promotionKind === 'page' || body.promotionKind === 'newsPost') values.promotionKind = body.promotionKind;
	if (typeof body.titleArea === 'object' && body.titleArea !== null) values.titleArea = body.titleArea as Json;
	return body.canvasLayout === undefined ? { values } : { values, canvasLayout: acceptedCanvas(request.tenant, `${site.key}/page/${key}`, body.canvasLayout) };
}
