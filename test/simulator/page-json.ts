import type { GraphRequest } from './exchange';
import type { Page } from './page-store';
import type { Json } from './page-web-parts';
import { identityJson, iso } from './site-json';
import type { Site } from './site-store';

/** baseSitePage, or with `asSitePage` its derived type; the layout only where it was expanded. */
export function pageJson(site: Site, page: Page, options: { asSitePage: boolean; canvas: boolean; select?: readonly string[] | undefined }): Json {
	const { item } = page;
	const etag = `"{${page.id.toUpperCase()}},${item.etag}"`;
	const base: Json = {
		id: page.id, eTag: etag, name: page.name, title: page.title, description: page.description, pageLayout: page.pageLayout,
		webUrl: `https://${site.host}${encodeURI(item.webPath ?? '')}`,
		createdDateTime: iso(item.createdMs), lastModifiedDateTime: iso(item.modifiedMs),
		createdBy: identityJson(item.createdBy), lastModifiedBy: identityJson(item.modifiedBy),
		parentReference: { siteId: site.id },
		publishingState: { level: page.checkedOutBy ? 'checkout' : page.minor === 0 ? 'published' : 'draft', versionId: `${page.major}.${page.minor}`, ...(page.checkedOutBy ? { checkedOutBy: identityJson(page.checkedOutBy) } : {}) },
	};
	if (options.asSitePage) {
		Object.assign(base, {
			promotionKind: page.promotionKind, showComments: page.showComments, showRecommendedPages: page.showRecommendedPages, thumbnailWebUrl: page.thumbnailWebUrl ?? '',
			titleArea: page.titleArea, reactions: {},
		});
	}
	const { select } = options;
	const told = select ? Object.fromEntries(Object.entries(base).filter(([name]) => name === 'id' || select.some((one) => one.toLowerCase() === name.toLowerCase()))) : base;
	return { '@odata.type': '#microsoft.graph.sitePage', '@odata.etag': etag, ...told, ...(options.canvas ? { canvasLayout: page.canvasLayout } : {}) };
}

/** Whether the query asks for the layout. */
export function wantsCanvas(request: GraphRequest): boolean {
	return request.query.expand.some(({ path }) => path.toLowerCase() === 'canvaslayout');
}
