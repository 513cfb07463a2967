import { Failure, isFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { RestorableFolder } from '../../restorer';
import { textIn } from './item-document';
import { scopedId, webGuid } from './scoped-id';
import { signalOf, sitePath, type SiteRestoreContext } from './site-restore-context';

/** The site, or a subsite, that a container of the snapshot goes into. */
export interface TargetSite {
	/** Full id. */
	id: string;
	/** Full id of the one that was backed up. */
	sourceId: string;
	/** It is the very site that was backed up. */
	isOriginal: boolean;
	/** Display names of subsites, from the top; empty for the main site. */
	path: string[];
}

/** Finds the site that each container belongs to: the main one, or a subsite, which Graph v1.0 cannot make. */
export class TargetSites {
	private readonly subsites = new Map<string, Promise<TargetSite>>();

	constructor(private readonly context: SiteRestoreContext) {}

	get main(): TargetSite {
		const { siteId, sourceSiteId, isOriginalSite } = this.context;
		return { id: siteId, sourceId: sourceSiteId, isOriginal: isOriginalSite, path: [] };
	}

	/** @throws Failure `notFound`: a subsite that is not there */
	async of(folder: RestorableFolder | undefined): Promise<TargetSite> {
		const container = this.subsiteOf(folder);
		if (!container) return this.main;
		const known = this.subsites.get(container.id) ?? this.find(container);
		this.subsites.set(container.id, known);
		return await known;
	}

	/** The site of pages and of a site's own item, by the GUID in their ids. */
	async byGuid(guid: string): Promise<TargetSite> {
		if (guid === webGuid(this.context.sourceSiteId)) return this.main;
		return await this.of(this.context.folders.get(`site-${guid}/root`));
	}

	private subsiteOf(folder: RestorableFolder | undefined): RestorableFolder | undefined {
		const { folders, sourceSiteId } = this.context;
		for (let at = folder, depth = 0; at !== undefined && depth < 100; depth += 1) {
			const id = scopedId(at.id);
			if (id?.kind === 'site' && id.guid !== webGuid(sourceSiteId)) return at;
			at = at.parent === undefined ? undefined : folders.get(at.parent);
		}
		return undefined;
	}

	private async find(container: RestorableFolder): Promise<TargetSite> {
		const above = await this.of(container.parent === undefined ? undefined : this.context.folders.get(container.parent));
		const guid = scopedId(container.id)?.guid ?? '';
		const sourceId = [...above.sourceId.split(',').slice(0, -1), guid].join(',');
		const path = [...above.path, container.name];
		if (above.isOriginal) {
			const living = await this.living(sourceId);
			if (living !== undefined) return { id: living, sourceId, isOriginal: true, path };
		}
		const named = container.meta['name'];
		for await (const page of this.context.graph.pages<JsonObject>({ path: `${sitePath(above.id)}/sites?$select=id,name,displayName`, ...signalOf(this.context) })) {
			const found = page.find((site) => site['displayName'] === container.name || (typeof named === 'string' && site['name'] === named));
			const id = found && textIn(found, 'id');
			if (id !== undefined) return { id, sourceId, isOriginal: false, path };
		}
		throw new Failure('notFound', `The subsite ${container.name} is not there`, {
			nextStep: 'Microsoft Graph cannot make subsites: create it in SharePoint under this name, then restore again.',
		});
	}

	private async living(siteId: string): Promise<string | undefined> {
		try {
			const { id } = await this.context.graph.json<{ id: string }>({ path: `${sitePath(siteId)}?$select=id`, ...signalOf(this.context) });
			return id;
		} catch (error) {
			if (isFailure(error, 'notFound')) return undefined;
			throw error;
		}
	}
}
