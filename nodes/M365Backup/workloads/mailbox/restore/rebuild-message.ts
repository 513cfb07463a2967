import { Failure, isFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import { removeForGood } from '../../remove-for-good';
import type { RestorableContent, RestorableItem } from '../../restorer';
import type { MessageMeta } from '../message-meta';
import type { OriginalAttachment, PlannedAttachment } from './attach';
import { attachAll, countAttachments, isBetweenLimits } from './attach';
import { BODY_LIMIT_BYTES, createMessageRequest, jsonBytes } from './create-request';
import { createOnce } from './create-once';
import { needsOriginal, ORIGINAL_NAME, OTHER_NOTES, SHORTFALL_NOTES } from './fidelity-notes';
import type { FolderMarkers } from './folder-markers';
import { markerProperty } from './marker';
import type { MessageOutline } from './message-outline';
import { outlineMessage } from './message-outline';
import { createDraftFromMime, MIME_DRAFT_LIMIT_BYTES } from './mime-draft';
import type { RestoreContext } from './restore-context';
import { signalOf } from './restore-context';

export interface Rebuilt {
	id: string;
	/** What it could not get back. */
	fidelity: string[];
}

/** Exchange refuses messages beyond 35 MB unless the admin raised that; in base64 this is 33 MB. */
const MESSAGE_LIMIT_BYTES = 25 * 1024 * 1024;

/** What is to be made of a message, worked out before anything is written. */
interface Blueprint {
	meta: MessageMeta;
	content: RestorableContent;
	outline: MessageOutline;
	attachments: PlannedAttachment[];
	fidelity: string[];
	hasOriginal: boolean;
}

/** Makes a message anew in a folder and marks it. Throws Failures; what was begun stays marked `open` for the next run. */
export async function rebuildMessage(
	context: RestoreContext,
	markers: FolderMarkers,
	item: RestorableItem,
	folderId: string,
): Promise<Rebuilt> {
	const blueprint = await draw(item);
	const { meta, content } = blueprint;
	if (meta.draft && blueprint.hasOriginal && content.sizeBytes <= MIME_DRAFT_LIMIT_BYTES) {
		// As a draft MIME comes back whole, with signatures, nested messages and all.
		const id = await createDraftFromMime(context, { content, meta, folderId, markerKey: item.markerKey, markers });
		if (id !== undefined) return { id, fidelity: [] };
	}
	return await create(context, markers, item, folderId, blueprint, { asDraft: meta.draft === true });
}

/** Goes on with a message that an interrupted restore has begun. */
export async function completeMessage(context: RestoreContext, item: RestorableItem, messageId: string): Promise<Rebuilt> {
	const blueprint = await draw(item);
	const there = await countAttachments(context, messageId);
	await attachAll(context, messageId, blueprint.attachments, blueprint.content, there);
	await markDone(context, messageId, item.markerKey);
	return { id: messageId, fidelity: blueprint.fidelity };
}

async function draw(item: RestorableItem): Promise<Blueprint> {
	const { content } = item;
	if (!content) {
		throw new Failure('notFound', 'The backup holds no content of this message', {
			nextStep: 'Choose a snapshot in which this message could be read; the list of failures of each backup names it',
		});
	}
	const meta = item.meta as unknown as MessageMeta;
	const outline = await outlineMessage(content);
	if (isMeeting(item.meta)) outline.shortfalls.add('meeting');
	fitBody(outline);
	const fidelity = [...outline.shortfalls].map((one) => SHORTFALL_NOTES[one]);
	const hasOriginal = needsOriginal(outline.shortfalls);
	let attachments: PlannedAttachment[] = [...outline.attachments];
	if (hasOriginal) {
		const total = attachments.reduce((sum, one) => sum + one.sizeBytes, content.sizeBytes);
		if (total > MESSAGE_LIMIT_BYTES && attachments.length > 0) {
			attachments = [];
			fidelity.push(OTHER_NOTES.onlyOriginal);
		}
		attachments.push(originalOf(content));
	}
	fidelity.push(...zippedNote(attachments));
	return { meta, content, outline, attachments, fidelity, hasOriginal };
}

function zippedNote(attachments: readonly PlannedAttachment[]): string[] {
	const names = attachments.filter(isBetweenLimits).map(({ name }) => name);
	return names.length === 0 ? [] : [OTHER_NOTES.zipped(names)];
}

/** A request, answer or cancellation, as Graph typed it when it was backed up. */
export function isMeeting(meta: JsonObject): boolean {
	const type = meta['odataType'];
	return typeof type === 'string' && type.startsWith('#microsoft.graph.eventMessage');
}

function originalOf(content: RestorableContent): OriginalAttachment {
	return { kind: 'original', name: ORIGINAL_NAME, sizeBytes: content.sizeBytes };
}

/** A text that no request can carry comes as its plain version, or as much of it as fits. */
function fitBody(outline: MessageOutline): void {
	const { body } = outline;
	if (jsonBytes(body.content) <= BODY_LIMIT_BYTES) return;
	outline.shortfalls.add('bodyTooLong');
	const plain = body.alternative ?? (body.contentType === 'text' ? body.content : textOfHtml(body.content));
	// A character may take six bytes in JSON.
	outline.body = { contentType: 'text', content: jsonBytes(plain) <= BODY_LIMIT_BYTES ? plain : plain.slice(0, BODY_LIMIT_BYTES / 6) };
}

/** Only for texts beyond every limit: the words without the tags. */
function textOfHtml(html: string): string {
	return html.replace(/<(style|script)\b[^>]*>[^]*?<\/\1>/gi, ' ').replace(/<[^>]{0,2000}>/g, ' ').replace(/[ \t]{2,}/g, ' ');
}

async function create(
	context: RestoreContext,
	markers: FolderMarkers,
	item: RestorableItem,
	folderId: string,
	blueprint: Blueprint,
	how: { asDraft: boolean; careful?: boolean },
): Promise<Rebuilt> {
	const { meta, outline, content } = blueprint;
	// Whole with this very request if there is nothing to attach: one request a message instead of two.
	const state = blueprint.attachments.length === 0 ? 'done' : 'open';
	const request = createMessageRequest({ meta, outline, marker: { key: item.markerKey, state }, ...how });
	let id: string;
	try {
		id = await createOnce(
			() => post(context, folderId, request),
			() => markers.find(folderId, item.markerKey),
			context.ambient,
			context.signal,
		);
	} catch (error) {
		if (how.careful || !isFailure(error, 'invalid', 'corrupt')) throw error;
		return await create(context, markers, item, folderId, withOriginal(blueprint, OTHER_NOTES.careful(error.message)), {
			...how,
			careful: true,
		});
	}
	try {
		await attachAll(context, id, blueprint.attachments, content, 0);
	} catch (error) {
		if (how.asDraft || !isFailure(error, 'invalid') || !/createUploadSession/i.test(error.message)) throw error;
		// Upload sessions on received messages are no documented promise. Nothing may be lost: as a draft it takes them.
		await removeOwn(context, id);
		const asDraft = { ...blueprint, fidelity: [...blueprint.fidelity, OTHER_NOTES.draftForLargeAttachments] };
		return await create(context, markers, item, folderId, asDraft, { ...how, asDraft: true });
	}
	if (state === 'open') await markDone(context, id, item.markerKey);
	return { id, fidelity: blueprint.fidelity };
}

function withOriginal(blueprint: Blueprint, note: string): Blueprint {
	if (blueprint.hasOriginal) return { ...blueprint, fidelity: [...blueprint.fidelity, note] };
	const original = originalOf(blueprint.content);
	return {
		...blueprint,
		hasOriginal: true,
		fidelity: [...blueprint.fidelity, note, ...zippedNote([original])],
		attachments: [...blueprint.attachments, original],
	};
}

async function post(context: RestoreContext, folderId: string, body: JsonObject): Promise<string> {
	const created = await context.graph.json<{ id: string }>({
		method: 'POST',
		path: `${context.userPath}/mailFolders/${encodeURIComponent(folderId)}/messages`,
		body,
		...signalOf(context),
	});
	return created.id;
}

/** Takes back, for good, a message that this restore made a moment ago and could not finish: nobody may find half of it. */
async function removeOwn(context: RestoreContext, messageId: string): Promise<void> {
	await removeForGood(context.graph, `${context.userPath}/messages/${encodeURIComponent(messageId)}`, context.signal);
}

/** From here on a second restore finds it whole. */
export async function markDone(context: RestoreContext, messageId: string, markerKey: string): Promise<void> {
	await context.graph.json({
		method: 'PATCH',
		path: `${context.userPath}/messages/${encodeURIComponent(messageId)}`,
		body: { singleValueExtendedProperties: [markerProperty({ key: markerKey, state: 'done' })] },
		...signalOf(context),
	});
}
