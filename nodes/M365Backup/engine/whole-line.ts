import type { CatalogEntry, ItemLine, ItemType } from '../repository/records';
import type { ItemChange } from '../workloads/workload';
import { ownContents } from './item-contents';

/** The line of an item's complete state, which hides all older lines of it (DESIGN §3.2). */
export function wholeLine(change: Omit<ItemChange, 'kind' | 'isNew'>, content: CatalogEntry['content']): ItemLine {
	const own = content && ownContents(content);
	const size = own && own.length > 0 ? own.reduce((sum, ref) => sum + ref.size, 0) : change.size;
	return {
		id: change.id,
		whole: true,
		type: change.type as ItemType,
		...(change.parent === undefined ? {} : { parent: change.parent }),
		name: change.name,
		...(change.modified === undefined ? {} : { modified: change.modified }),
		...(size === undefined ? {} : { size }),
		...(change.etag === undefined ? {} : { etag: change.etag }),
		...(content ? { content } : {}),
		meta: change.meta,
	};
}
