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
