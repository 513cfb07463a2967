import type { Change, KnownItem } from '../workload';
import type { GraphListItem } from './graph-site';
import { peopleIn, personColumns } from './list-columns';
import type { ListInfo } from './list-info';
import { itemChange, itemDocument } from './list-item-change';
import type { People } from './people';
import type { SiteRun } from './site-run';

/** What reading one list shares. */
export interface ListContext {
	run: SiteRun;
	info: ListInfo;
	people: People;
	/** Documents of the page at hand, by scoped id. */
	documents: Map<string, Buffer>;
	/** An item has attachments, which Graph does not give. */
	hasAttachments: boolean;
}

/** Whether the catalog holds the item as it is: replays occur. */
export function isStored(item: GraphListItem, before: KnownItem | undefined): boolean {
	return before !== undefined && before.hasContent && before.failedAttempts === 0 && item.eTag !== undefined && before.etag === item.eTag;
}

/** Lines of items whose whole answer is at hand; their documents wait for `fetch`. */
export async function wholeChanges(context: ListContext, items: readonly GraphListItem[], known: ReadonlyMap<string, KnownItem>, signal: AbortSignal): Promise<Change[]> {
	const { info, people } = context;
	const columns = personColumns(info.columns);
	const changes: Change[] = [];
	for (const item of items) {
		const id = `${info.scope}/${item.id}`;
		const document = itemDocument(item, await people.named(peopleIn(item.fields ?? {}, columns), signal));
		context.documents.set(id, document);
		if (item.fields?.['Attachments'] === true) context.hasAttachments = true;
		changes.push(itemChange(info.scope, item, { folderPath: info.path, columns: info.columns, isNew: !known.has(id), document }));
	}
	return changes;
}
