import { isFailure } from '../../base/failure';
import type { JsonObject } from '../../base/json';
import type { DriveContext } from './drive-context';
import { askFile, isSameContent } from './file-bytes';
import type { FileToFetch } from './file-to-fetch';
import { isRewrittenType } from './rewritten-types';

/** What came of a file. */
export interface Arrived {
	sizeBytes: number;
	/** quickXorHash, base64. */
	hash: string;
}

/** Whether bytes may be stored, and with which words; `again`: they came damaged, perhaps. */
export type Checked = { again: true } | { again: false; meta?: JsonObject; warning?: string };

/** Endings of files that Azure Information Protection wraps: each is served in another shape than it is listed in. */
const PROTECTED = /\.p(?:file|txt|pdf|jpg|jpeg|png|xml|tif|tiff|bmp|gif)$/i;

/**
 * Size and checksum, where the service tells them, against what has come. A difference is asked about once: the file may
 * have been edited since it was listed. Bytes of a newer state are stored whole; the next run finds their listing.
 */
export async function checkBytes(context: DriveContext, file: FileToFetch, arrived: Arrived, signal: AbortSignal): Promise<Checked> {
	if (isAsTold(file, arrived)) return { again: false };
	const now = await askFile(context, file.graphId, signal).catch((error: unknown) => {
		if (isFailure(error, 'cancelled')) throw error;
		return undefined; // What has come is whole all the same.
	});
	if (now && !isSameContent(file, now)) return { again: false, meta: { quickXorHash: file.hash === undefined ? null : arrived.hash } };
	if (now && isAsTold({ sizeBytes: now.size, hash: now.file?.hashes?.quickXorHash }, arrived)) {
		return { again: false, ...(now.file?.hashes?.quickXorHash === undefined ? {} : { meta: { quickXorHash: arrived.hash } }) };
	}
	const isRewritten = isRewrittenType(file.name) || PROTECTED.test(file.name);
	if (!isRewritten && !context.storedAnyway.seenBefore(file.request.id, arrived.hash)) return { again: true };
	const warning = context.storedAnyway.warning(file.name, isRewritten);
	return { again: false, ...(warning === undefined ? {} : { warning }) };
}

function isAsTold(told: { sizeBytes: number | undefined; hash: string | undefined }, { sizeBytes, hash }: Arrived): boolean {
	return (told.sizeBytes === undefined || told.sizeBytes === sizeBytes) && (told.hash === undefined || told.hash === hash);
}
