import { isFailure } from '../../../base/failure';
import type { RestorableContent, RestorableItem } from '../../restorer';
import { attachFile } from '../restore/attach';
import { extensionFor } from '../restore/file-extension';
import type { RestoreContext } from '../restore/restore-context';
import { signalOf, stopIfCancelled } from '../restore/restore-context';
import { eventPath } from './calendar-context';
import { listAttachments } from './event-attachments';
import type { EventAttachment, EventDocument } from './event-document';
import { partName } from './event-document';
import { EVENT_NOTES } from './fidelity-notes';

/** From here on an attachment takes an upload session, and its turn. */
const LARGE_BYTES = 3 * 1024 * 1024;
const TRIES = 4;

export interface EventFile {
	name: string;
	contentType: string;
	isInline: boolean;
	contentId?: string;
	content: Pick<RestorableContent, 'sizeBytes' | 'open'>;
}

/** The files of an event or of one occurrence, and what cannot come back as a file. */
export function filesOf(item: RestorableItem, document: EventDocument, owner: string): { files: EventFile[]; fidelity: string[] } {
	const files: EventFile[] = [];
	const [links, items, missing]: [string[], string[], string[]] = [[], [], []];
	for (const [index, attachment] of document.attachments.entries()) {
		if (attachment.of !== owner) continue;
		const content = item.parts?.get(partName(index));
		if (attachment.kind === 'reference') links.push(attachment.name);
		else if (!content) missing.push(attachment.name);
		else {
			files.push(fileOf(attachment, content));
			if (attachment.kind === 'item') items.push(attachment.name);
		}
	}
	return {
		files,
		fidelity: [
			...(links.length > 0 ? [EVENT_NOTES.links(links)] : []),
			...(items.length > 0 ? [EVENT_NOTES.items(items)] : []),
			...(missing.length > 0 ? [EVENT_NOTES.missing(missing)] : []),
		],
	};
}

function fileOf(attachment: EventAttachment, content: RestorableContent): EventFile {
	const contentType = attachment.contentType ?? (attachment.kind === 'item' ? 'message/rfc822' : 'application/octet-stream');
	const isNamed = /\.[A-Za-z0-9]{1,10}$/.test(attachment.name);
	const name = attachment.name === '' ? `attachment${extensionFor(contentType)}` : attachment.name;
	return {
		name: attachment.kind === 'item' && !isNamed ? `${name}.eml` : name,
		contentType,
		isInline: attachment.isInline === true,
		...(attachment.contentId === undefined ? {} : { contentId: attachment.contentId }),
		content,
	};
}

/**
 * Gives an event (or occurrence) these files and no others. What is there already counts, so that an interrupted restore goes
 * on where it was; an occurrence that took over its series' files loses those that it did not have.
 *
 * @param isNew Nothing can be there yet.
 */
export async function settleFiles(context: RestoreContext, eventId: string, files: readonly EventFile[], isNew: boolean): Promise<void> {
	let missing = [...files];
	let isFirst = isNew;
	for (let tries = 1; ; tries += 1) {
		try {
			if (!isFirst) missing = await compareFiles(context, eventId, files);
			isFirst = false;
			for (const file of missing) await addFile(context, eventId, file);
			return;
		} catch (error) {
			// An event made a moment ago may not be found everywhere at once; after a lost answer the file may be there.
			if (!isFailure(error, 'transient', 'throttled', 'notFound') || tries >= TRIES) throw error;
			await context.ambient.sleep(1_000 * tries, context.signal);
		}
	}
}

async function addFile(context: RestoreContext, eventId: string, file: EventFile): Promise<void> {
	stopIfCancelled(context);
	const { name, contentType, isInline, contentId, content } = file;
	const described = { name, contentType, isInline, sizeBytes: content.sizeBytes, ...(contentId === undefined ? {} : { contentId }) };
	const attach = (): Promise<void> => attachFile(context, eventPath(context, eventId), described, content.open());
	await (content.sizeBytes < LARGE_BYTES ? attach() : context.largeUploads.run(attach));
}

/** Removes what should not be there; returns what is missing. */
async function compareFiles(context: RestoreContext, eventId: string, wanted: readonly EventFile[]): Promise<EventFile[]> {
	const listed = (await listAttachments(context, [eventId], context.signal)).get(eventId) ?? [];
	if (isFailure(listed)) throw listed;
	const missing = [...wanted];
	for (const { id, listed: there } of listed) {
		// Files that only fit into a .zip are named so (see attach.ts).
		const index = missing.findIndex(({ name }) => name === there.name || `${name.slice(0, 251)}.zip` === there.name);
		if (index >= 0) {
			missing.splice(index, 1);
			continue;
		}
		const path = `${eventPath(context, eventId)}/attachments/${encodeURIComponent(id)}`;
		await context.graph.json({ method: 'DELETE', path, ...signalOf(context) });
	}
	return missing;
}
