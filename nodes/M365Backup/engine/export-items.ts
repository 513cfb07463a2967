import { Failure, isFailure, toFailure } from '../base/failure';
import type { JsonObject } from '../base/json';
import type { CatalogEntry, ContentRef } from '../repository/records';
import type { Repository } from '../repository/repository';
import { exportTitle, extensionOf, fileKind, type ContentParts, type ExportFormat, type FileKind } from './export-format';
import { safeFileName } from './export-name';
import { contentsOf } from './item-contents';

export type { ExportFormat } from './export-format';

/** A file that comes out of an item. */
export interface ExportedFile {
	/** Safe on every system, with its extension: `2026-11-22 Quarterly report.eml`. */
	fileName: string;
	mimeType: string;
	/** Undefined where the file is only made while it is read. */
	sizeBytes: number | undefined;
	/** Any number of times. Throws `corrupt` before its end if the bytes are not those that were backed up. */
	open(): AsyncIterable<Uint8Array>;
}

/** One item as a file, and what stands beside it where that file does not hold everything. */
export interface ExportedItem extends ExportedFile {
	/** Of format `original`: attachments, photo, Exchange export. */
	beside: ExportedFile[];
}

export interface ExportOptions {
	/** `standard` if absent. */
	format?: ExportFormat;
	/** One content beside the main one instead of the item: `version-2.0`, an older version of a file; `attachment-1`. */
	part?: string;
	signal?: AbortSignal;
}

/** A document of ours is far smaller; one that is larger was not written by us. */
const MOST_DOCUMENT_BYTES = 64 * 1024 * 1024;

/**
 * @param key The source's key in the repository.
 * @throws Failure `invalid` for a folder, `notFound` if the item's content never could be stored.
 */
export function exportItem(repository: Repository, key: string, entry: CatalogEntry, options: ExportOptions = {}): ExportedItem {
	const { format = 'standard', signal } = options;
	if (entry.type === 'folder') {
		throw new Failure('invalid', `"${entry.name}" is a folder and has no content of its own`, {
			nextStep: 'Export the folder as a ZIP, or search for the items in it and export those.',
		});
	}
	const { main, parts } = contentsOf(entry);
	if (options.part !== undefined) return exportPart(repository, key, entry, options.part, signal);
	if (!main) {
		const reason = entry.failed?.reason ?? entry.meta['skipped'];
		const why = typeof reason === 'string' ? `: ${reason}` : '';
		throw new Failure('notFound', `The backup holds no content of "${entry.name}"${why}`, {
			nextStep: 'Choose a snapshot in which it could be read.',
		});
	}
	const read = (ref: ContentRef) => (): AsyncIterable<Uint8Array> => repository.readContent(key, ref, signal);
	const kind = fileKind(entry, format);
	const { convert } = kind;
	return {
		fileName: safeFileName(exportTitle(entry), kind.extension),
		mimeType: kind.mimeType,
		sizeBytes: convert ? undefined : main.size,
		open: convert ? () => converted(convert, read(main), openable(parts, read), entry) : read(main),
		beside: format === 'original' ? [...parts.values()].map((ref) => fileOfPart(entry, ref, read(ref))) : [],
	};
}

function exportPart(repository: Repository, key: string, entry: CatalogEntry, part: string, signal?: AbortSignal): ExportedItem {
	const ref = contentsOf(entry).parts.get(part);
	if (ref) return { ...fileOfPart(entry, ref, () => repository.readContent(key, ref, signal)), beside: [] };
	throw new Failure('notFound', `The backup holds no ${part} of "${entry.name}"`, {
		nextStep: 'Choose one that the item lists, or a snapshot that has it.',
	});
}

/** The stored document of an item. Failures: notFound (it never could be stored), corrupt. */
export async function itemDocument(repository: Repository, key: string, entry: CatalogEntry, signal?: AbortSignal): Promise<JsonObject> {
	const file = exportItem(repository, key, entry, { format: 'original', ...(signal ? { signal } : {}) });
	return await documentOf(file.open(), entry);
}

function openable(parts: ReadonlyMap<string, ContentRef>, read: (ref: ContentRef) => () => AsyncIterable<Uint8Array>): ContentParts {
	return new Map([...parts].map(([name, ref]) => [name, { sizeBytes: ref.size, open: read(ref) }]));
}

async function* converted(
	convert: NonNullable<FileKind['convert']>,
	open: () => AsyncIterable<Uint8Array>,
	parts: ContentParts,
	entry: CatalogEntry,
): AsyncGenerator<Uint8Array> {
	const document = await documentOf(open(), entry);
	try {
		yield* convert(document, parts);
	} catch (error) {
		if (isFailure(error)) throw error;
		throw damaged(entry, `it has another form than expected (${toFailure(error).message})`, error);
	}
}

async function documentOf(content: AsyncIterable<Uint8Array>, entry: CatalogEntry): Promise<JsonObject> {
	const chunks: Uint8Array[] = [];
	let sizeBytes = 0;
	for await (const chunk of content) {
		sizeBytes += chunk.length;
		if (sizeBytes > MOST_DOCUMENT_BYTES) throw damaged(entry, 'it is too large');
		chunks.push(chunk);
	}
	try {
		const document: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
		if (typeof document === 'object' && document !== null && !Array.isArray(document)) return document as JsonObject;
	} catch (cause) {
		throw damaged(entry, 'it is not JSON', cause);
	}
	throw damaged(entry, 'it is not an object');
}

function damaged(entry: CatalogEntry, why: string, cause?: unknown): Failure {
	return new Failure('corrupt', `The stored content of "${entry.name}" cannot be read: ${why}`, {
		nextStep: 'Set Format to Original (JSON) to get the stored bytes as they are.',
		cause,
	});
}

const VERSION = 'version-';

/**
 * Under the name that it has in the archive, without folders and hash: `2026-11-22 Stand-up, agenda.pdf`; an older
 * version under the file's name of today: `Budget (version 2.0).xlsx`.
 */
function fileOfPart(entry: CatalogEntry, ref: ContentRef, open: () => AsyncIterable<Uint8Array>): ExportedFile {
	const sizeBytes = ref.size;
	if (ref.part?.startsWith(VERSION)) {
		const { extension, mimeType } = fileKind(entry, 'original');
		return { fileName: safeFileName(`${exportTitle(entry)} (version ${ref.part.slice(VERSION.length)})`, extension), mimeType, sizeBytes, open };
	}
	const name = ref.entry.slice(ref.entry.lastIndexOf('/') + 1);
	const extension = extensionOf(name);
	const title = name.slice(0, name.length - extension.length).replace(/ \[[0-9a-f]{8}\]$/, '');
	return { fileName: safeFileName(title, extension), mimeType: 'application/octet-stream', sizeBytes, open };
}
