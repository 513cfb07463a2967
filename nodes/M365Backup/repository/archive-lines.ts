import { isFailure } from '../base/failure';
import { toWholeLine } from './catalog-line';
import { SPILL_TEXT_CHARS } from './limits';
import type { CatalogEntry, ItemLine, SourceRef } from './records';

/** Deeper than any service allows: a ring. */
const DEEPEST_FOLDER = 400;

export interface ArchiveLinesContext {
	source: SourceRef;
	/** Also lines of items all of whose contents stand in earlier archives. Not for a base that is written anew. */
	repeatsShared: boolean;
	/** What is known of these ids, lines of the run included. */
	lookUp(ids: readonly string[]): Promise<Map<string, CatalogEntry | null>>;
}

/**
 * What an archive repeats of the catalog in its last entry, `_catalog.ndjson`, so that a catalog that is lost altogether
 * can be rebuilt from the archives: first `{"source":{…}}`, which tells whose they are, then the lines of the folders
 * above its items, then its items' own. Readers pass over lines of a form they do not know.
 */
export class ArchiveLines {
	readonly #lines: string[] = [];
	readonly #parents = new Set<string>();
	#sharedChars = 0;

	constructor(private readonly context: ArchiveLinesContext) {}

	add(line: ItemLine, text: string): void {
		if (this.#lines.at(-1) !== text) this.#lines.push(text);
		if (typeof line.parent === 'string') this.#parents.add(line.parent);
	}

	/** The line of an item whose contents other archives hold: their own lines do not tell of it. */
	addShared(line: ItemLine, text: string): void {
		if (!this.context.repeatsShared || this.#sharedChars + text.length > SPILL_TEXT_CHARS) return;
		this.#sharedChars += text.length;
		this.add(line, text);
	}

	async all(): Promise<string[]> {
		return [JSON.stringify({ source: this.context.source }), ...(await this.folders()), ...this.#lines];
	}

	/** Folders have no content of their own and would stand in no archive. */
	private async folders(): Promise<string[]> {
		const texts = new Map<string, string>();
		const asked = new Set<string>();
		let open = [...this.#parents];
		for (let depth = 0; open.length > 0 && depth < DEEPEST_FOLDER; depth++) {
			for (const id of open) asked.add(id);
			const above = new Set<string>();
			for (const [id, entry] of await this.find(open)) {
				if (!entry) continue;
				if (!entry.content?.length) texts.set(id, JSON.stringify(toWholeLine(entry)));
				if (entry.parent !== undefined && !asked.has(entry.parent)) above.add(entry.parent);
			}
			open = [...above];
		}
		return [...texts.values()].reverse();
	}

	/** A list of items that cannot be read stops whoever needs it, not the archive, which merely repeats it. */
	private async find(ids: readonly string[]): Promise<Map<string, CatalogEntry | null>> {
		try {
			return await this.context.lookUp(ids);
		} catch (error) {
			if (isFailure(error, 'corrupt')) return new Map();
			throw error;
		}
	}
}
