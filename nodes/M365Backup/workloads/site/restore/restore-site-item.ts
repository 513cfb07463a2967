import { Failure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { RestorableItem, RestoreOutcome } from '../../restorer';
import { readDocument, textIn } from './item-document';
import { scopedId } from './scoped-id';
import { failedOutcome, outcomeOf, ownFailure, signalOf, sitePath } from './site-restore-context';
import type { SiteWork } from './site-work';

/**
 * A site's own name and description. Graph documents no way to set them (there is no "update site" page; the CSDL's
 * generated PATCH is not described), so that they are compared, and what differs is said.
 */
export async function restoreSiteItem(work: SiteWork, item: RestorableItem): Promise<RestoreOutcome> {
	const { context } = work;
	try {
		const site = await work.sites.byGuid(scopedId(item.id)?.guid ?? '');
		const [wanted, there] = [await readDocument(item), await context.graph.json<JsonObject>({ path: `${sitePath(site.id)}?$select=id,displayName,description,name`, ...signalOf(context) })];
		const path = [...site.path, textIn(there, 'displayName') ?? item.name];
		if (!site.isOriginal) {
			return outcomeOf(item, 'skipped', path, { newId: site.id, reason: 'The target site keeps its own name and description' });
		}
		const differing = (['displayName', 'description'] as const).filter((name) => (textIn(wanted, name) ?? '') !== (textIn(there, name) ?? ''));
		if (differing.length === 0) return outcomeOf(item, 'skipped', path, { newId: site.id, reason: 'Its name and description are as the backup holds them' });
		const was = differing.map((name) => `${name === 'displayName' ? 'name' : 'description'} "${textIn(wanted, name) ?? ''}"`).join(', ');
		return outcomeOf(item, 'skipped', path, {
			newId: site.id,
			reason: `It differs from the backup, and Microsoft Graph cannot change a site's name or description`,
			fidelity: [`In the backup it had the ${was}: set it in the site's settings (Site information).`],
		});
	} catch (error) {
		const failure = ownFailure(context, error);
		const isGone = failure.kind === 'notFound';
		return failedOutcome(item, [], isGone ? new Failure('notFound', failure.message, { nextStep: failure.nextStep ?? 'Restore into another site: Microsoft Graph cannot create sites.', cause: failure }) : failure);
	}
}
