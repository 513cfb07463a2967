import { Buffer } from 'node:buffer';
import { Readable } from 'node:stream';
import { isFailure } from '../../../base/failure';
import type { GraphClient } from '../../../graph/client';
import { sha256Of } from '../../sha256-of';

/** An attachment as the backup holds it. */
export interface StoredFile {
	name: string;
	/** Absent where no bytes can be held against: Graph shows attached Outlook items in a form of its own. */
	sha256?: string;
	/** The message names it not: whoever shows it makes up a name. */
	isNameless?: true;
}

/** An attachment as Graph lists it. */
export interface ThereFile {
	name: string;
	open(signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

/** The bytes that Graph serves under `…/attachments/A/$value`. */
export function valueOf(graph: GraphClient, attachmentPath: string): ThereFile['open'] {
	return async (signal) => {
		try {
			return (await graph.stream({ path: `${attachmentPath}/$value`, headers: { Accept: '*/*' }, signal })).body;
		} catch (error) {
			// Of tasks, some services serve nothing but the attachment's own JSON.
			if (!isFailure(error, 'invalid')) throw error;
			const { contentBytes } = await graph.json<{ contentBytes?: string }>({ path: attachmentPath, signal });
			if (contentBytes === undefined) throw error;
			return Readable.from([Buffer.from(contentBytes, 'base64')]);
		}
	};
}

export interface FilesComparison {
	differences: string[];
	notCompared: string[];
}

export const FILE_NOTES = {
	item: 'Attached messages and other Outlook items are compared by name: Microsoft Graph serves them in a form of its own.',
	zipped: 'Attachments that Microsoft Graph took only inside a .zip file are compared by name.',
} as const;

/**
 * Holds the bytes of attachments that are there against the backup's, those of one name in any order. What is there
 * beyond it is a difference, too.
 *
 * @param said What the restore said that it could not give back: a file that is named there is none that is missing.
 */
export async function compareFiles(stored: readonly StoredFile[], there: readonly ThereFile[], said: readonly string[], signal: AbortSignal): Promise<FilesComparison> {
	const notCompared: string[] = [];
	const differences: string[] = [];
	const left: HashedFile[] = [...there];
	const take = (at: number): boolean => at >= 0 && left.splice(at, 1).length > 0;
	// What is the same must not be taken for another one of its name.
	const missing: StoredFile[] = [];
	for (const file of [...stored].sort((a, b) => Number(a.isNameless ?? false) - Number(b.isNameless ?? false))) {
		if (!take(await findSame(left, file, signal))) missing.push(file);
		else if (file.sha256 === undefined) notCompared.push(FILE_NOTES.item);
	}
	for (const { name } of missing) {
		if (take(left.findIndex((one) => one.name === `${name.slice(0, 251)}.zip`))) notCompared.push(FILE_NOTES.zipped);
		else if (take(left.findIndex((one) => one.name === name))) differences.push(`the attachment ${name} has other bytes`);
		else if (!said.some((sentence) => sentence.includes(name))) differences.push(`the attachment ${name} is missing`);
	}
	for (const { name } of left) differences.push(`there is an attachment ${name} that the backup does not have`);
	return { differences, notCompared };
}

type HashedFile = ThereFile & { sha256?: string };

async function findSame(files: readonly HashedFile[], { name, sha256, isNameless }: StoredFile, signal: AbortSignal): Promise<number> {
	for (const [index, one] of files.entries()) {
		if (one.name !== name && !(isNameless && sha256 !== undefined)) continue;
		if (sha256 === undefined) return index;
		one.sha256 ??= await sha256Of(await one.open(signal));
		if (one.sha256 === sha256) return index;
	}
	return -1;
}
