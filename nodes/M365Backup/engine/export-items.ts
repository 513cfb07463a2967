import { Failure } from '../base/failure';
import type { CatalogEntry, ItemType } from '../repository/records';
import type { Repository } from '../repository/repository';
import { safeFileName } from './export-name';

/** One item as a file. */
export interface ExportedItem {
	/** Safe on every system, with its extension: `2026-11-22 Quarterly report.eml`. */
	fileName: string;
	mimeType: string;
	sizeBytes: number;
	/** Proven while it is read: throws `corrupt` before its end if the bytes are not those that were backed up. */
	open(): AsyncIterable<Uint8Array>;
}

const KINDS: Partial<Record<ItemType, { extension: string; mimeType: string }>> = {
	message: { extension: '.eml', mimeType: 'message/rfc822' },
	event: { extension: '.json', mimeType: 'application/json' },
	contact: { extension: '.json', mimeType: 'application/json' },
	task: { extension: '.json', mimeType: 'application/json' },
	listItem: { extension: '.json', mimeType: 'application/json' },
	list: { extension: '.json', mimeType: 'application/json' },
	page: { extension: '.json', mimeType: 'application/json' },
	setting: { extension: '.json', mimeType: 'application/json' },
};

/**
 * @param key The source's key in the repository.
 * @throws Failure `invalid` for a folder, `notFound` if the item's content never could be stored.
 */
export async function exportItem(repository: Repository, key: string, entry: CatalogEntry, signal?: AbortSignal): Promise<ExportedItem> {
	if (entry.type === 'folder') {
		throw new Failure('invalid', `"${entry.name}" is a folder and has no content of its own`, {
			nextStep: 'Search for the items in it and export those.',
		});
	}
	const ref = entry.content?.[0];
	if (!ref) {
		const why = entry.failed ? `: ${entry.failed.reason}` : '';
		throw new Failure('notFound', `The backup holds no content of "${entry.name}"${why}`, {
			nextStep: 'Choose a snapshot in which it could be read.',
		});
	}
	const kind = KINDS[entry.type];
	return await Promise.resolve({
		fileName: safeFileName(titleOf(entry), kind?.extension ?? extensionOf(entry.name)),
		mimeType: kind?.mimeType ?? 'application/octet-stream',
		sizeBytes: ref.size,
		open: () => repository.readContent(key, ref, signal),
	});
}

function titleOf(entry: CatalogEntry): string {
	if (entry.type === 'file') return entry.name.slice(0, entry.name.length - extensionOf(entry.name).length);
	const date = [entry.meta['received'], entry.meta['sent'], entry.modified].find((value) => typeof value === 'string');
	const name = entry.name.trim() || '(no subject)';
	return date === undefined ? name : `${date.slice(0, 10)} ${name}`;
}

function extensionOf(name: string): string {
	return /\.[A-Za-z0-9]{1,10}$/.exec(name)?.[0] ?? '';
}
