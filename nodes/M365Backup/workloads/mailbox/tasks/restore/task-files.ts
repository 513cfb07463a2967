import { Failure, isFailure } from '../../../../base/failure';
import type { JsonObject } from '../../../../base/json';
import type { RestorableContent } from '../../../restorer';
import { pieces } from '../../restore/attach';
import { signalOf, type RestoreContext } from '../../restore/restore-context';
import { readAll, type TaskDocument } from './task-document';

export interface TaskFile {
	name: string;
	contentType: string;
	content: RestorableContent;
}

/** Below 3 MB a file is one POST (todo-attachments); its base64 must fit the REST limit of a request, too. */
const POST_BELOW_BYTES = 3 * 1024 * 1024;
const REQUEST_LIMIT_BYTES = 4 * 1024 * 1024;
/** Each piece less than 4 MB (todo-attachments), in multiples of 320 KiB. */
const PIECE_BYTES = 12 * 327_680;

/** The files of a task with their contents: the n-th is the part `attachment-n`. */
export function partsOf(task: TaskDocument, parts: ReadonlyMap<string, RestorableContent>): { name: string; size: number | undefined; contentType: string; content: RestorableContent | undefined }[] {
	return (task.attachments ?? []).map(({ name, size, contentType }, index) => ({
		name: name ?? '',
		size,
		contentType: contentType ?? 'application/octet-stream',
		content: parts.get(`attachment-${index + 1}`),
	}));
}

/** @throws Failure `transient` if it is uncertain whether the file is there now */
export async function attachFile(context: RestoreContext, taskPath: string, file: TaskFile): Promise<void> {
	if (fitsPost(file)) await postFile(context, taskPath, file);
	else await context.largeUploads.run(() => uploadFile(context, taskPath, file));
}

function fitsPost(file: TaskFile): boolean {
	const { sizeBytes } = file.content;
	return sizeBytes < POST_BELOW_BYTES && Buffer.byteLength(JSON.stringify(request(file, ''))) + 4 * Math.ceil(sizeBytes / 3) <= REQUEST_LIMIT_BYTES;
}

function request({ name, contentType }: TaskFile, contentBytes: string): JsonObject {
	return { '@odata.type': '#microsoft.graph.taskFileAttachment', name, contentType, contentBytes };
}

async function postFile(context: RestoreContext, taskPath: string, file: TaskFile): Promise<void> {
	const bytes = await readAll(file.content, POST_BELOW_BYTES);
	await context.graph.json({ method: 'POST', path: `${taskPath}/attachments`, body: request(file, bytes.toString('base64')), ...signalOf(context) });
}

async function uploadFile(context: RestoreContext, taskPath: string, { name, contentType, content }: TaskFile): Promise<void> {
	// Nothing may be made of a content before it was read to its end once.
	for await (const _chunk of content.open());
	const { uploadUrl } = await context.graph.json<{ uploadUrl: string }>({
		method: 'POST',
		path: `${taskPath}/attachments/createUploadSession`,
		body: { attachmentInfo: { attachmentType: 'file', name, contentType, size: content.sizeBytes } },
		...signalOf(context),
	});
	let offset = 0;
	for await (const piece of pieces(content.open(), PIECE_BYTES)) {
		await putPiece(context, uploadUrl, { offset, bytes: piece, totalBytes: content.sizeBytes });
		offset += piece.length;
	}
	if (offset !== content.sizeBytes) throw new Failure('corrupt', `${name} changed while it was read`);
}

/**
 * The session of a task's file is on Graph's own host and wants the token, unlike a message's (todo-attachments: the
 * bytes go to `content` below the session's URL). Should it be elsewhere one day, it carries its own.
 *
 * A session may be gone, or have a piece already whose answer was lost (416): whether the file is there decides.
 */
async function putPiece(context: RestoreContext, uploadUrl: string, piece: { offset: number; bytes: Buffer; totalBytes: number }): Promise<void> {
	try {
		if (!uploadUrl.startsWith(context.graph.baseUrl)) {
			await context.graph.upload(uploadUrl, piece, { mailbox: context.mailboxId, ...signalOf(context) });
			return;
		}
		await context.graph.json({
			method: 'PUT',
			path: `${uploadUrl}/content`,
			body: piece.bytes,
			headers: { 'Content-Type': 'application/octet-stream', 'Content-Range': `bytes ${piece.offset}-${piece.offset + piece.bytes.length - 1}/${piece.totalBytes}` },
			...signalOf(context),
		});
	} catch (error) {
		if (!isFailure(error, 'invalid', 'notFound', 'conflict', 'expiredCursor')) throw error;
		throw new Failure('transient', error.message, { cause: error, status: error.status, code: error.code });
	}
}
