import { Failure, isFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { RestorableItem, RestoreOutcome } from '../../restorer';
import { createOnce } from '../../mailbox/restore/create-once';
import { flatName } from '../../mailbox/restore/flat-name';
import { scopeOf } from '../../scope-of';
import { isObject, objectIn, personIn, readDocument, textIn } from './item-document';
import { isCheckedOut, isPublished, newPage, PAGE_TYPE, pageDifference, wasPublished } from './page-fields';
import { REASONS } from './restore-list-items';
import { scopedId } from './scoped-id';
import { failedOutcome, outcomeOf, ownFailure, signalOf, siteGone, sitePath, stopIfCancelled } from './site-restore-context';
import type { SiteWork } from './site-work';
import type { TargetSite } from './target-sites';

const TITLE = 'Site Pages';

/** A page of the target site as its list tells of it. */
interface TherePage {
	id: string;
	name: string;
}

/** Gives a site its modern pages back: one after the other, since each takes a few requests and sites have few. */
export async function* restorePages(work: SiteWork, guid: string, items: readonly RestorableItem[]): AsyncGenerator<RestoreOutcome> {
	const { context } = work;
	let pages: Pages;
	try {
		pages = await Pages.read(work, await work.sites.byGuid(guid));
	} catch (error) {
		const failure = isFailure(error, 'notFound') && error.nextStep === undefined ? siteGone(error) : ownFailure(context, error);
		yield* items.map((item) => failedOutcome(item, [TITLE], failure));
		return;
	}
	for (const item of items) {
		stopIfCancelled(context);
		try {
			yield await pages.restore(item);
		} catch (error) {
			const failure = ownFailure(context, error);
			work.refuse(pages.site.id, TITLE, failure);
			yield failedOutcome(item, pages.path, failure);
		}
	}
}

class Pages {
	private readonly byName = new Map<string, TherePage>();
	private readonly byId = new Map<string, TherePage>();

	private constructor(
		private readonly work: SiteWork,
		readonly site: TargetSite,
	) {}

	static async read(work: SiteWork, site: TargetSite): Promise<Pages> {
		const pages = new Pages(work, site);
		for await (const page of work.context.graph.pages<JsonObject>({ path: `${sitePath(site.id)}/pages?$select=id,name`, ...signalOf(work.context) })) {
			for (const one of page) pages.know({ id: (textIn(one, 'id') ?? '').toLowerCase(), name: textIn(one, 'name') ?? '' });
		}
		return pages;
	}

	get path(): string[] {
		return [...this.site.path, TITLE];
	}

	private know(page: TherePage): void {
		this.byId.set(page.id, page);
		this.byName.set(page.name.toLowerCase(), page);
	}

	async restore(item: RestorableItem): Promise<RestoreOutcome> {
		const { work, site } = this;
		const { policy, destination } = work.context;
		const id = (scopedId(item.id)?.id ?? '').toLowerCase();
		const isToOriginal = site.isOriginal && destination.kind === 'original' && policy !== 'keepBoth';
		const living = isToOriginal ? this.byId.get(id) : undefined;
		const wanted = await readDocument(item);
		if (!isObject(wanted['canvasLayout'])) {
			throw new Failure('invalid', 'It is no modern page with a layout: Microsoft Graph can show it, but not make it', { nextStep: 'Export it instead (Item: Export), and make it anew in SharePoint.' });
		}
		if (living) return await this.setBack(item, wanted, living, true);
		const name = this.nameOf(item, wanted);
		const same = this.byName.get(name.toLowerCase());
		if (!same) return await this.make(item, wanted, name);
		if (site.isOriginal && same.id !== id && (await work.context.held([`${scopeOf(item.id)}/${same.id}`])).size > 0) {
			throw new Failure('conflict', `Another page of the backup is called ${name} now`, { nextStep: 'Rename it in SharePoint, or restore with Keep Both.' });
		}
		return await this.setBack(item, wanted, same, false);
	}

	/** `Restored - home.aspx` below a folder; a copy that is made on purpose has a mark in its name, by which it is known again. */
	private nameOf(item: RestorableItem, wanted: JsonObject): string {
		const { destination, policy } = this.work.context;
		const own = textIn(wanted, 'name') ?? `${item.name}.aspx`;
		const name = destination.kind === 'original' ? own : flatName(destination.path.map((one) => one.replace(/["*:<>?/\\|#%]/g, '_')), own);
		return policy === 'keepBoth' ? name.replace(/(\.aspx)?$/i, ` (${item.markerKey.slice(0, 8)}).aspx`) : name;
	}

	private async setBack(item: RestorableItem, wanted: JsonObject, { id, name }: TherePage, isOriginal: boolean): Promise<RestoreOutcome> {
		const { context } = this.work;
		const there = await context.graph.json<JsonObject>({ path: `${this.pagePath(id)}?$expand=canvasLayout`, ...signalOf(context) });
		const { body, leftOut } = pageDifference(wanted, there);
		// Of a page that a restore made and could not publish; a living one that was taken back was so on purpose.
		const isToPublish = isPublished(wanted) && !isPublished(there) && !isCheckedOut(there);
		const path = [...this.path, name];
		const fidelity = leftOut.length > 0 ? [PAGE_NOTES.partsMissing(leftOut)] : [];
		const said = (reason: string): RestoreOutcome => outcomeOf(item, 'skipped', path, { newId: id, reason, fidelity });
		const differs = Object.keys(body).length > 0;
		if (!differs && !isToPublish) return said(isOriginal ? REASONS.inPlace : PAGE_NOTES.there);
		if (context.policy === 'keepBoth') return differs ? said(PAGE_NOTES.there) : await this.publish(item, id, path, fidelity);
		const isUnfinished = !differs && !isOriginal && !wasPublished(there);
		if (context.policy === 'skip' && !isUnfinished) return said(isOriginal ? REASONS.differs : PAGE_NOTES.other);
		if (isCheckedOut(there)) throw checkedOut(there);
		if (isUnfinished) return await this.publish(item, id, path, fidelity);
		if (!context.preview) {
			this.refuseIfRefused();
			if (differs) await this.patch(id, body, name);
			if (isPublished(wanted)) await this.publishPage(id);
		}
		if (wasPublished(wanted) && !isPublished(wanted)) fidelity.push(PAGE_NOTES.draft);
		return outcomeOf(item, 'replaced', path, { newId: id, reason: 'It was set back to what the backup holds', fidelity });
	}

	private async publish(item: RestorableItem, id: string, path: string[], fidelity: string[]): Promise<RestoreOutcome> {
		if (!this.work.context.preview) await this.publishPage(id);
		return outcomeOf(item, 'created', path, { newId: id, reason: REASONS.completed, fidelity });
	}

	private async patch(id: string, body: JsonObject, name: string): Promise<void> {
		const { context } = this.work;
		try {
			await context.graph.json({ method: 'PATCH', path: this.pagePath(id), body: { '@odata.type': PAGE_TYPE, ...body }, ...signalOf(context) });
		} catch (error) {
			throw isFailure(error, 'conflict') ? checkedOut({ name }) : error;
		}
	}

	private async publishPage(id: string): Promise<void> {
		const { context } = this.work;
		await context.graph.json({ method: 'POST', path: `${this.pagePath(id)}/publish`, repeatable: true, ...signalOf(context) });
	}

	private async make(item: RestorableItem, wanted: JsonObject, name: string): Promise<RestoreOutcome> {
		const { context } = this.work;
		const { body, leftOut, isOtherLayout } = newPage(wanted, name);
		const path = [...this.path, name];
		const fidelity = [
			PAGE_NOTES.newId(personIn(wanted, 'createdBy'), textIn(wanted, 'createdDateTime')),
			...(leftOut.length > 0 ? [PAGE_NOTES.partsMissing(leftOut)] : []),
			...(isOtherLayout ? [PAGE_NOTES.layout(textIn(wanted, 'pageLayout') ?? '')] : []),
			...(wasPublished(wanted) && !isPublished(wanted) ? [PAGE_NOTES.draft] : []),
		];
		if (context.preview) {
			this.know({ id: `new ${item.id}`, name });
			return outcomeOf(item, 'created', path, { fidelity });
		}
		this.refuseIfRefused();
		const pagesPath = `${sitePath(this.site.id)}/pages`;
		const made = await createOnce(
			() => context.graph.json<{ id: string }>({ method: 'POST', path: pagesPath, body, ...signalOf(context) }),
			async () => (await Pages.read(this.work, this.site)).byName.get(name.toLowerCase()),
			context.ambient,
			context.signal,
		);
		this.know({ id: made.id.toLowerCase(), name });
		if (isPublished(wanted)) await this.publishPage(made.id);
		return outcomeOf(item, 'created', path, { newId: made.id, fidelity });
	}

	private refuseIfRefused(): void {
		const refusal = this.work.refusal(this.site.id, TITLE);
		if (refusal) throw refusal;
	}

	private pagePath(id: string): string {
		return `${sitePath(this.site.id)}/pages/${id}/microsoft.graph.sitePage`;
	}
}

function checkedOut(page: JsonObject): Failure {
	const who = personIn(objectIn(page, 'publishingState'), 'checkedOutBy');
	return new Failure('conflict', `The page is checked out${who === undefined ? '' : ` by ${who}`}`, { nextStep: `Have ${who ?? 'whoever works on it'} save and close it, or discard the check-out in Site Pages, then restore again.` });
}

export const PAGE_NOTES = {
	newId: (by: string | undefined, created: string | undefined): string =>
		`It is a new page${by === undefined ? '' : `; the old one was by ${by}`}${created === undefined ? '' : ` of ${created.slice(0, 10)}`}. Microsoft Graph can set neither ids nor authors, times and earlier versions.`,
	partsMissing: (names: readonly string[]): string => `Microsoft Graph cannot make ${names.length === 1 ? 'its web part' : 'its web parts'} ${names.join(', ')}: add ${names.length === 1 ? 'it' : 'them'} in SharePoint. The backup holds all settings.`,
	layout: (layout: string): string => `Microsoft Graph makes no pages of the layout ${layout}: it is an article now.`,
	draft: 'It had changes that were not published yet: it is a draft now, and what readers saw is not in the backup. Publish it in SharePoint when it is ready.',
	there: 'An equal page is there already',
	other: 'Another page of this name is there: choose Replace to set it back, or Keep Both',
} as const;
