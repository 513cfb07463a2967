import type { CatalogEntry, ContentRef } from '../repository/records';

/** An item's main content and what stands beside it, by name. */
export interface ItemContents {
	main: ContentRef | undefined;
	parts: Map<string, ContentRef>;
}

export function contentsOf(entry: Pick<CatalogEntry, 'content'>): ItemContents {
	let main: ContentRef | undefined;
	const parts = new Map<string, ContentRef>();
	for (const ref of entry.content ?? []) {
		if (ref.part === undefined) main ??= ref;
		else parts.set(ref.part, ref);
	}
	return { main, parts };
}

/**
 * What makes the item's state: its main content and its attachments. An Exchange export is the same once more, another
 * one each time; older versions of a file are what it was, not what it is, and their number is a matter of options.
 */
export function ownContents(content: readonly ContentRef[]): ContentRef[] {
	return content.filter(({ part }) => part !== 'exchange' && part?.startsWith('version-') !== true);
}
