import type { JsonObject } from '../base/json';
import { composeLines, hidesOlder, isTombstone, toEntry, type LineText } from '../repository/catalog-line';
import type { CatalogEntry, CatalogLine, TombstoneLine } from '../repository/records';
import { linesById, type LinesOfId } from './history-merge';
import type { SharedSegments } from './history-segments';
import { ownContents } from './item-contents';

/** A state of an item and the snapshots that have it: all from `first` to `last`, ordinals included. */
export interface ItemVersion {
	first: number;
	last: number;
	/** As the snapshot `last` has it, whose references to content hold. */
	entry: CatalogEntry;
}

export interface ItemHistory {
	id: string;
	/** Oldest first, at least one. One that went away and came back has a gap between two of them. */
	versions: readonly [ItemVersion, ...ItemVersion[]];
	/** What the snapshot after the last version says of its end, as long as that is kept. */
	ended?: TombstoneLine;
}

/**
 * Every item that any of these snapshots has, in the order of ids, with all its versions. Reads each segment once, in
 * memory that grows neither with the items nor with the snapshots' lengths. Failure `corrupt`.
 */
export async function* itemHistories(shared: SharedSegments, signal?: AbortSignal): AsyncGenerator<ItemHistory> {
	for await (const lines of linesById(shared.segments, signal)) {
		const history = historyOf(lines, shared);
		if (history) yield history;
	}
}

/** Null: no snapshot has it alive. */
function historyOf({ id, lines }: LinesOfId, shared: SharedSegments): ItemHistory | null {
	const versions: ItemVersion[] = [];
	let current: ItemVersion | undefined;
	let signature = '';
	let ended: TombstoneLine | undefined;
	let previous: Laid | undefined;
	for (const ordinal of turnsOf(lines, shared)) {
		const laid = layOver(shared.layers[ordinal] ?? [], lines);
		// Most segments repeat a line as it was: then nothing has changed.
		if (previous !== undefined && laid.text !== undefined && laid.text === previous.text) continue;
		previous = laid;
		if (current) current.last = ordinal - 1;
		const entry = laid.line ? toEntry(laid.line) : null;
		if (!entry) {
			if (current) ended = laid.line && isTombstone(laid.line) ? laid.line : undefined;
			current = undefined;
			continue;
		}
		ended = undefined;
		const before = signature;
		signature = signatureOf(entry);
		if (current && signature === before) {
			current.entry = entry;
			continue;
		}
		current = { first: ordinal, last: ordinal, entry };
		versions.push(current);
	}
	if (current) current.last = shared.snapshots.length - 1;
	const [oldest, ...newer] = versions;
	return oldest ? { id, versions: [oldest, ...newer], ...(ended === undefined ? {} : { ended }) } : null;
}

/** The ordinals at which what is said of the id may change, ascending. */
function turnsOf(lines: LinesOfId['lines'], shared: SharedSegments): number[] {
	const ordinals = new Set<number>();
	for (const place of lines.keys()) for (const ordinal of shared.turns[place] ?? []) ordinals.add(ordinal);
	return [...ordinals].sort((a, b) => a - b);
}

interface Laid {
	/** Undefined: the snapshot says nothing of the id. */
	line: CatalogLine | undefined;
	/** Of a line that stands for itself. */
	text: string | undefined;
}

function layOver(layersNewestFirst: readonly number[], lines: LinesOfId['lines']): Laid {
	let line: CatalogLine | undefined;
	let top: LineText | undefined;
	for (const place of layersNewestFirst) {
		const older = lines.get(place);
		if (!older) continue;
		top ??= older;
		line = line === undefined ? older.line : composeLines(line, older.line);
		if (hidesOlder(line)) break;
	}
	return { line, text: top !== undefined && line === top.line ? top.text : undefined };
}

/**
 * What makes a version: everything that the catalog says of the item but where its content is stored, since a rewritten
 * base moves that, why it could not be read, and contents that are not what it is (an Exchange export, older versions).
 */
function signatureOf(entry: CatalogEntry): string {
	const { type, parent, name, modified, size, etag, meta, content } = entry;
	const contents = ownContents(content ?? []).map((ref) => [ref.part, ref.size, ref.sha256]);
	return JSON.stringify([type, parent, name, modified, size, etag, sorted(meta), contents]);
}

/** Patches add fields in any order. */
function sorted(meta: JsonObject): [string, unknown][] {
	return Object.entries(meta).sort(([a], [b]) => (a < b ? -1 : 1));
}
