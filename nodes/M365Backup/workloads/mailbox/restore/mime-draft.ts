import { isFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { RestorableContent } from '../../restorer';
import type { MessageMeta } from '../message-meta';
import { flagRequest } from './create-request';
import type { FolderMarkers } from './folder-markers';
import { markerProperty } from './marker';
import type { RestoreContext } from './restore-context';
import { signalOf } from './restore-context';

/** Above about 2.2 MB Graph has answered 200 and created nothing (microsoft-graph-docs#13979). */
export const MIME_DRAFT_LIMIT_BYTES = 1_500_000;

export interface MimeDraftInput {
	content: RestorableContent;
	meta: MessageMeta;
	folderId: string;
	markerKey: string;
	markers: FolderMarkers;
}

/**
 * Makes a draft from MIME, then marks it and moves it to its folder: Graph creates such messages only in Drafts, and
 * always as drafts. Receipts that the MIME asks for are cleared, so that sending it one day asks for none.
 *
 * Between its creation and its mark a crash leaves an unmarked draft, so that only drafts come this way that JSON
 * cannot rebuild.
 *
 * @returns undefined if Graph did not take it: the caller rebuilds it otherwise.
 */
export async function createDraftFromMime(context: RestoreContext, input: MimeDraftInput): Promise<string | undefined> {
	const { meta, markerKey, folderId } = input;
	// Marked, but not moved any more: an interrupted restore left it in Drafts.
	const left = await input.markers.find('drafts', markerKey);
	if (left !== undefined) return await moveTo(context, left, folderId);
	const chunks: Uint8Array[] = [];
	for await (const chunk of input.content.open()) chunks.push(chunk);
	let id: string;
	try {
		const created = await context.graph.json<{ id?: string } | undefined>({
			method: 'POST',
			path: `${context.userPath}/messages`,
			headers: { 'Content-Type': 'text/plain' },
			body: Buffer.concat(chunks).toString('base64'),
			...signalOf(context),
		});
		if (created?.id === undefined) return undefined;
		id = created.id;
	} catch (error) {
		// Also after a lost answer: an unmarked draft too many is a smaller harm than a draft too few.
		if (!isFailure(error, 'invalid', 'corrupt', 'transient')) throw error;
		return undefined;
	}
	const path = `${context.userPath}/messages/${encodeURIComponent(id)}`;
	const patch = (body: JsonObject): Promise<unknown> =>
		context.graph.json({ method: 'PATCH', path, body, ...signalOf(context) });
	try {
		await patch({
			singleValueExtendedProperties: [markerProperty({ key: markerKey, state: 'done' })],
			isReadReceiptRequested: false,
			isDeliveryReceiptRequested: false,
			isRead: meta.read ?? false,
			importance: meta.importance ?? 'normal',
			...(meta.categories && meta.categories.length > 0 ? { categories: meta.categories } : {}),
			...(meta.flag ? { flag: flagRequest(meta.flag) } : {}),
			...(meta.bcc ? { bccRecipients: meta.bcc.map(({ name, address }) => ({ emailAddress: { name, address } })) } : {}),
		});
	} catch (error) {
		// Answered 200 and created nothing.
		if (isFailure(error, 'notFound')) return undefined;
		throw error;
	}
	return await moveTo(context, id, folderId);
}

async function moveTo(context: RestoreContext, messageId: string, folderId: string): Promise<string> {
	await context.graph.json({
		method: 'POST',
		path: `${context.userPath}/messages/${encodeURIComponent(messageId)}/move`,
		body: { destinationId: folderId },
		// With immutable ids, moving it there twice is moving it there.
		repeatable: true,
		...signalOf(context),
	});
	return messageId;
}
