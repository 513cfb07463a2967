import type { GraphClient } from '../../../graph/client';
import type { RestorableItem } from '../../restorer';
import type { ItemComparison } from '../../scratch';
import { isFailure } from '../../../base/failure';
import { sha256Of } from '../../sha256-of';
import { CONTACT_NOTES } from '../contacts/fidelity';
import { PHOTO_PART } from '../contacts/fetch-contacts';
import type { GraphContact } from '../contacts/graph-contact';
import { contactDifferences, readContactDocument } from '../contacts/restore/contact-document';

export const PHOTO_ENCODED = 'Exchange has encoded the photo anew: that there is one is compared, its bytes are not.';

/** Reads a contact back and holds each of its properties, and its photo, against the backup. */
export async function compareContact(graph: GraphClient, path: string, item: RestorableItem, said: readonly string[], signal: AbortSignal): Promise<ItemComparison> {
	const document = await readContactDocument(item);
	const there = await graph.json<GraphContact>({ path, signal });
	const differences = contactDifferences(document, there).map((name) => `${name} is not as it was`);
	const photo = item.parts?.get(PHOTO_PART)?.sha256;
	if (photo === undefined || said.includes(CONTACT_NOTES.photoRefused)) return { differences, notCompared: [] };
	const shown = await photoThere(graph, path, signal);
	if (shown === undefined) differences.push('the photo is missing');
	return { differences, notCompared: shown === undefined || shown === photo ? [] : [PHOTO_ENCODED] };
}

async function photoThere(graph: GraphClient, path: string, signal: AbortSignal): Promise<string | undefined> {
	try {
		return await sha256Of((await graph.stream({ path: `${path}/photo/$value`, signal })).body);
	} catch (error) {
		if (isFailure(error, 'notFound')) return undefined;
		throw error;
	}
}
