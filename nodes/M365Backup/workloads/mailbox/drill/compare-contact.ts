import type { GraphClient } from '../../../graph/client';
import type { RestorableItem } from '../../restorer';
import type { ItemComparison } from '../../scratch';
import { isFailure } from '../../../base/failure';
import { sha256Of } from '../../sha256-of';
import { PHOTO_PART } from '../contacts/fetch-contacts';
import type { GraphContact } from '../contacts/graph-contact';
import { contactDifferences, readContactDocument } from '../contacts/restore/contact-document';

/** Reads a contact back and holds each of its properties, and the bytes of its photo, against the backup. */
export async function compareContact(graph: GraphClient, path: string, item: RestorableItem, signal: AbortSignal): Promise<ItemComparison> {
	const document = await readContactDocument(item);
	const there = await graph.json<GraphContact>({ path, signal });
	const differences = contactDifferences(document, there).map((name) => `${name} is not as it was`);
	const photo = item.parts?.get(PHOTO_PART)?.sha256;
	if (photo !== undefined && photo !== (await photoThere(graph, path, signal))) differences.push('the photo is not as it was');
	return { differences, notCompared: [] };
}

async function photoThere(graph: GraphClient, path: string, signal: AbortSignal): Promise<string | undefined> {
	try {
		return await sha256Of((await graph.stream({ path: `${path}/photo/$value`, signal })).body);
	} catch (error) {
		if (isFailure(error, 'notFound')) return undefined;
		throw error;
	}
}
