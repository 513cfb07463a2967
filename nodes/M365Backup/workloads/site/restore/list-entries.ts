import type { JsonObject } from '../../../base/json';
import type { RestorableItem } from '../../restorer';
import type { Column } from './column';
import { readDocument } from './item-document';
import { scopedId } from './scoped-id';
import type { SiteWork } from './site-work';
import type { TargetList } from './target-lists';
import type { ThereItem } from './there-items';
import { comparedColumns, wantedFields, type Mapping, type WantedFields } from './wanted-fields';

/** What stays in memory of a list's documents; beyond it they are read again when their turn comes. */
const KEPT_BYTES = 32 * 1024 * 1024;

/** One item that is to be in a list again. */
export interface Entry {
	item: RestorableItem;
	/** The living original, where it is in its place. */
	living?: ThereItem;
}

/** Documents of one list's items, and what they come to in the target. */
export class ListEntries {
	/** Columns of the target as they are now: a column that becomes text changes what is wanted. */
	columns: Column[];
	/** Counts changes of the columns. */
	version = 0;
	private readonly documents = new Map<string, JsonObject>();
	private keptBytes = 0;
	private readonly mapping: Mapping;

	constructor(
		work: SiteWork,
		private readonly target: TargetList,
	) {
		this.columns = comparedColumns(target);
		this.mapping = {
			people: work.peopleOf(target.site),
			lookup: async (column, id) => {
				const guid = column.listId ?? '';
				const isOwn = scopedId(target.key)?.guid === guid;
				const other = isOwn ? target : await work.lists.lookedUp(guid);
				return await work.lookups.look(guid, id, other !== 'underWay' && other?.isOriginal === true ? other : undefined);
			},
		};
	}

	/** The list's columns have changed. */
	refresh(): void {
		this.columns = comparedColumns(this.target);
		this.version += 1;
	}

	async document(item: RestorableItem): Promise<JsonObject> {
		const known = this.documents.get(item.id);
		if (known) return known;
		const document = await readDocument(item);
		const sizeBytes = item.content?.sizeBytes ?? 0;
		if (this.keptBytes + sizeBytes <= KEPT_BYTES) {
			this.keptBytes += sizeBytes;
			this.documents.set(item.id, document);
		}
		return document;
	}

	/** Its turn is over. */
	forget(item: RestorableItem): void {
		if (this.documents.delete(item.id)) this.keptBytes -= item.content?.sizeBytes ?? 0;
	}

	/** As of now: lookups that waited may have come. @throws Failure if the document cannot be read */
	async wanted(item: RestorableItem): Promise<WantedFields> {
		return await wantedFields(this.target, this.columns, await this.document(item), this.mapping);
	}
}
