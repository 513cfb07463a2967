import type { SegmentIndex } from './segment-format';

const MAX_INDEXES = 64;
const MAX_MEMBER_TEXT_CHARS = 8 * 1024 * 1024;

/** The lines of one member in their order, as text alone: parsed, they would take three times as much. */
export interface MemberLines {
	/** For binary search. */
	ids: readonly string[];
	texts: readonly string[];
	textChars: number;
}

/**
 * What look-ups have read, for all catalogs of one repository. Files never change, so nothing here ever goes stale;
 * the least recently used goes first.
 */
export class SegmentCache {
	readonly #indexes = new Map<string, Promise<SegmentIndex>>();
	readonly #members = new Map<string, MemberLines>();
	#memberChars = 0;

	/** `load` is called unless the index is there or on its way; a failed load is forgotten. */
	async index(key: string, load: () => Promise<SegmentIndex>): Promise<SegmentIndex> {
		const known = this.#indexes.get(key);
		const promise = known ?? load();
		this.#indexes.delete(key);
		this.#indexes.set(key, promise);
		const oldest = this.#indexes.keys().next();
		if (this.#indexes.size > MAX_INDEXES && oldest.done !== true) this.#indexes.delete(oldest.value);
		try {
			return await promise;
		} catch (error) {
			if (this.#indexes.get(key) === promise) this.#indexes.delete(key);
			throw error;
		}
	}

	member(key: string): MemberLines | undefined {
		const found = this.#members.get(key);
		if (found) {
			this.#members.delete(key);
			this.#members.set(key, found);
		}
		return found;
	}

	keepMember(key: string, member: MemberLines): void {
		const replaced = this.#members.get(key);
		if (replaced) this.#memberChars -= replaced.textChars;
		this.#members.delete(key);
		this.#members.set(key, member);
		this.#memberChars += member.textChars;
		for (const [oldKey, old] of this.#members) {
			if (this.#memberChars <= MAX_MEMBER_TEXT_CHARS) return;
			this.#members.delete(oldKey);
			this.#memberChars -= old.textChars;
		}
	}
}
