import { setImmediate as nextTurn } from 'node:timers/promises';
import { composeLines, type LineText } from './catalog-line';
import { sortIds } from './compare-ids';
import type { CatalogLine } from './records';

/** Parsed lines are large: few at a time. */
const BATCH_LINES = 50;

/** A run's lines before they are written: as text, which takes a third of the memory of objects. */
export class LineBuffer {
	readonly #texts = new Map<string, string>();
	#chars = 0;

	get size(): number {
		return this.#texts.size;
	}

	get chars(): number {
		return this.#chars;
	}

	/** A later line of the same id is laid over the earlier one. The answer is the text that now stands for the id. */
	add(line: CatalogLine): string {
		const earlier = this.#texts.get(line.id);
		const combined = earlier === undefined ? line : composeLines(line, JSON.parse(earlier) as CatalogLine);
		const text = JSON.stringify(combined);
		this.#texts.set(line.id, text);
		this.#chars += text.length - (earlier?.length ?? 0);
		return text;
	}

	find(ids: readonly string[]): Promise<Map<string, CatalogLine>> {
		const found = new Map<string, CatalogLine>();
		for (const id of ids) {
			const text = this.#texts.get(id);
			if (text !== undefined) found.set(id, JSON.parse(text) as CatalogLine);
		}
		return Promise.resolve(found);
	}

	/** All lines, sorted, in batches. May be read several times. */
	async *sorted(): AsyncIterable<readonly LineText[]> {
		const ids = sortIds([...this.#texts.keys()]);
		for (let start = 0; start < ids.length; start += BATCH_LINES) {
			await nextTurn();
			yield ids.slice(start, start + BATCH_LINES).map((id) => {
				const text = this.#texts.get(id) ?? '';
				return { id, text, line: JSON.parse(text) as CatalogLine };
			});
		}
	}
}
