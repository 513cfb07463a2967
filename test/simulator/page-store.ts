import type { Identity } from './drive-node';
import type { ListItem } from './list-item';
import type { Json } from './page-web-parts';
import type { Site } from './site-store';

export interface NewPage {
	/** `home.aspx`; from the title unless said. */
	name?: string;
	title: string;
	pageLayout?: 'article' | 'home';
	promotionKind?: 'page' | 'newsPost';
	showComments?: boolean;
	showRecommendedPages?: boolean;
	titleArea?: Json;
	/** As Graph shows it; web parts that Graph cannot create are welcome. */
	canvasLayout?: Json;
	/** False: a draft. */
	published?: boolean;
	by?: Identity;
	created?: Date | string;
	description?: string;
	thumbnailWebUrl?: string;
}

/** A modern page. It is a file of Site Pages, too, and an item of that library. */
export interface Page {
	/** The GUID of its item. */
	id: string;
	item: ListItem;
	name: string;
	title: string;
	description: string;
	pageLayout: 'article' | 'home';
	promotionKind: 'page' | 'newsPost';
	showComments: boolean;
	showRecommendedPages: boolean;
	thumbnailWebUrl: string | null;
	titleArea: Json;
	canvasLayout: Json;
	/** 0.1 is the first draft, 1.0 the first that readers see. */
	major: number;
	minor: number;
	/** Somebody has it open: 409 for changes. */
	checkedOutBy: Identity | null;
	/** GET with its layout answers 500. */
	isCorrupt: boolean;
}

const TITLE_AREA: Json = { enableGradientEffect: true, imageWebUrl: null, layout: 'plain', showAuthor: true, showPublishedDate: false, showTextBlockAboveTitle: false, textAboveTitle: '', textAlignment: 'left' };

/** The pages of a site. Tests change them as users do. */
export class SitePages {
	private readonly byId = new Map<string, Page>();

	constructor(private readonly site: Site) {}

	/** @throws Error if there is a page of that name */
	add(about: NewPage): Page {
		const name = about.name ?? `${about.title.replace(/[^\p{L}\p{N}]+/gu, '-')}.aspx`;
		if (this.named(name)) throw new Error(`${this.site.displayName} has a page ${name} already`);
		const published = about.published ?? true;
		const item = this.site.list('Site Pages').addItem({ Title: about.title, PromotedState: about.promotionKind === 'newsPost' ? 2 : 0 }, { ...(about.by ? { by: about.by } : {}), ...(about.created === undefined ? {} : { created: about.created, modified: about.created }) });
		const page: Page = {
			id: item.uniqueId, item, name, title: about.title,
			description: about.description ?? '',
			pageLayout: about.pageLayout ?? 'article',
			promotionKind: about.promotionKind ?? 'page',
			showComments: about.showComments ?? true,
			showRecommendedPages: about.showRecommendedPages ?? false,
			thumbnailWebUrl: about.thumbnailWebUrl ?? null,
			titleArea: { ...TITLE_AREA, ...about.titleArea },
			canvasLayout: about.canvasLayout ?? { horizontalSections: [] },
			major: published ? 1 : 0,
			minor: published ? 0 : 1,
			checkedOutBy: null,
			isCorrupt: false,
		};
		item.fileFields = { FileLeafRef: name, LinkFilename: name, LinkFilenameNoMenu: name, DocIcon: 'aspx' };
		item.webPath = `${this.site.webPath}/SitePages/${name}`;
		this.byId.set(page.id, page);
		return page;
	}

	named(name: string): Page | undefined {
		for (const page of this.all()) if (page.name.toLowerCase() === name.toLowerCase()) return page;
		return undefined;
	}

	/** By GUID or name. @throws Error if there is none */
	page(key: string): Page {
		const page = this.find(key) ?? this.named(key);
		if (!page) throw new Error(`${this.site.displayName} has no page ${key}`);
		return page;
	}

	/** By GUID; also one whose item was deleted is gone. */
	find(id: string): Page | undefined {
		const page = this.byId.get(id.toLowerCase());
		return page?.item.isDeleted === false ? page : undefined;
	}

	*all(): Generator<Page> {
		for (const page of this.byId.values()) if (!page.item.isDeleted) yield page;
	}

	/** A new draft. */
	edit(page: Page, to: Partial<Pick<Page, 'title' | 'description' | 'canvasLayout' | 'titleArea' | 'showComments' | 'showRecommendedPages' | 'thumbnailWebUrl' | 'promotionKind'>>, by?: Identity): void {
		Object.assign(page, to);
		page.minor++;
		this.site.list('Site Pages').edit(page.item, { Title: page.title }, by ? { by } : {});
	}

	publish(page: Page, by?: Identity): void {
		page.major++;
		page.minor = 0;
		this.site.list('Site Pages').edit(page.item, {}, by ? { by } : {});
	}

	delete(page: Page): void {
		this.site.list('Site Pages').delete(page.item);
		this.byId.delete(page.id);
	}
}
