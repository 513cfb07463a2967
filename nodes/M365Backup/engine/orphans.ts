import type { CatalogEntry } from '../repository/records';
import type { CatalogState } from './catalog-state';

/**
 * Items whose folder the catalog does not have any more. A run that breaks off between a folder's end and the question
 * what became of its items leaves them; where the cursor that remembers the question is lost or put aside, nobody else
 * would ever ask.
 */
export class Orphans {
	private readonly isThere = new Map<string, boolean>();

	constructor(private readonly state: CatalogState) {}

	/** Learns the folders of the last commit, one pass over the catalog; one id a folder is kept. */
	async learn(): Promise<void> {
		for await (const { id, type } of this.state.all()) if (type === 'folder') this.isThere.set(id, true);
	}

	async has({ parent }: CatalogEntry): Promise<boolean> {
		if (parent === undefined) return false;
		let isThere = this.isThere.get(parent);
		if (isThere === undefined) {
			// Since the last commit, perhaps.
			isThere = ((await this.state.entries([parent])).get(parent) ?? null) !== null;
			this.isThere.set(parent, isThere);
		}
		return !isThere;
	}
}
