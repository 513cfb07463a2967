import { createHash } from 'node:crypto';
import { Failure } from '../../base/failure';
import type { GraphClient } from '../../graph/client';
import type { RestorableItem } from '../restorer';
import type { ItemComparison } from '../scratch';
import type { GraphItem } from './graph-item';
import { NOTES } from './restore/fidelity-notes';
import { livingItem, LIVING_SELECT, secondsOf } from './restore/living-item';
import { isRewrittenType } from './rewritten-types';

export const FILE_COMPARED = {
	rewritten: 'SharePoint writes its own properties into Office, PDF, HTML and JPEG files: of these, name, dates and the beginning of the file are compared where the bytes differ.',
} as const;

const DATES_REFUSED = NOTES.datesRefused('').slice(0, 30);

/** `PK`, `%PDF`, JPEG's mark: what a file of these types begins with, whatever SharePoint writes into it. */
const SIGNATURE_BYTES = 4;

/**
 * Downloads a restored file and holds its SHA-256 against the backup's, its name and dates as well. Where SharePoint has
 * written into it, the bytes are others for certain: then it must at least begin like the stored one.
 *
 * @param path `/drives/D/items/I`
 */
export async function compareFile(graph: GraphClient, path: string, item: RestorableItem, said: readonly string[], signal: AbortSignal): Promise<ItemComparison> {
	const { content } = item;
	if (!content) throw new Failure('notFound', 'The backup holds no content of this file');
	const there = livingItem(await graph.json<GraphItem>({ path: `${path}?$select=${LIVING_SELECT}`, signal }));
	const differences: string[] = [];
	const notCompared: string[] = [];
	const hasItsDates = !said.some((sentence) => sentence.startsWith(DATES_REFUSED));
	if (hasItsDates && secondsOf(item.modified) !== there.modifiedSeconds && item.modified !== undefined) differences.push('the date of its last change is not as it was');
	const { created } = item.meta;
	if (hasItsDates && typeof created === 'string' && secondsOf(created) !== there.createdSeconds) differences.push('the date of its creation is not as it was');
	if (there.name !== item.name && !said.includes(NOTES.renamed(item.name, there.name))) differences.push(`it is named "${there.name}"`);

	const { body } = await graph.stream({ path: `${path}/content`, signal });
	const read = await digest(body);
	if (read.sha256 === content.sha256) return { differences, notCompared };
	if (!isRewrittenType(there.name)) {
		differences.push(read.sizeBytes === content.sizeBytes ? 'the bytes are not as they were' : `it has ${read.sizeBytes} bytes instead of ${content.sizeBytes}`);
		return { differences, notCompared };
	}
	notCompared.push(FILE_COMPARED.rewritten);
	if (!read.begin.equals((await digest(content.open(), SIGNATURE_BYTES)).begin)) differences.push('it does not begin like the stored file');
	return { differences, notCompared };
}

/** @param enough stop after so many bytes; all if absent */
async function digest(bytes: AsyncIterable<Uint8Array>, enough = Number.POSITIVE_INFINITY): Promise<{ sha256: string; sizeBytes: number; begin: Buffer }> {
	const hash = createHash('sha256');
	let begin = Buffer.alloc(0);
	let sizeBytes = 0;
	for await (const chunk of bytes) {
		hash.update(chunk);
		sizeBytes += chunk.length;
		if (begin.length < SIGNATURE_BYTES) begin = Buffer.concat([begin, chunk.subarray(0, SIGNATURE_BYTES - begin.length)]);
		if (sizeBytes >= enough) break;
	}
	return { sha256: hash.digest('hex'), sizeBytes, begin };
}
