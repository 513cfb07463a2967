import type { JsonObject } from '../../../base/json';
import type { RestorableItem } from '../../restorer';
import type { Column } from './column';
import { readDocument } from './item-document';
import { scopedId } from './scoped-id';
import type { SiteWork } from './site-work';
import type { TargetList } from './target-list';
import type { ThereItem } from './there-items';
import type { Looked } from './lookups';
import { comparedColumns, wantedFields, type Mapping, type WantedFields } from './wanted-fields';

/** What stays in memory of a list's documents; beyond it they are read again when their turn comes. */
const KEPT_BYTES = 32 * 1024 * 1024;

/** One item that is to be in a list again. */
export interface Entry {
	item: RestorableItem;
	/** The living original, where it is in its place. */
	living?: ThereItem;
}

/** Where the item is to which a column of a list or library points. */
export async function lookedUp(work: SiteWork, target: TargetList, column: Column, id: string): Promise<Looked> {
	const guid = column.listId ?? '';
	const other = scopedId(target.key)?.guid === guid ? target : await work.lists.lookedUp(guid);
	// A column that looks into the very list of the backup: ids of items that still live hold.
	const isSame = target.id !== null && target.columns.some(({ name, listId }) => name === column.name && listId === guid);
	const sameList = other !== undefined && other !== 'underWay' ? (other.isOriginal ? other : undefined) : isSame ? { id: guid, site: target.site } : undefined;
	return await work.lookups.look(guid, id, sameList);
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
		this.mapping = { people: work.peopleOf(target.site), lookup: (column, id) => lookedUp(work, target, column, id) };
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
