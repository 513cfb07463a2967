import { Failure } from '../base/failure';
import type { JsonObject, JsonValue } from '../base/json';
import { damagedFile } from './bytes';
import { MAX_CONTENTS, MAX_LINE_CHARS, MAX_LINE_DEPTH, MAX_TEXT_CHARS } from './limits';
import { parseRepositoryKey } from './names';
import type { CatalogEntry, CatalogLine, ContentRef, ItemLine, TombstoneLine } from './records';

const SURELY_SHALLOW_CHARS = 2000;
const [QUOTE, BACKSLASH, OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d] as const;

/** A line with the text it was read from or will be written as. */
export interface LineText {
	id: string;
	text: string;
	line: CatalogLine;
}

export function isTombstone(line: CatalogLine): line is TombstoneLine {
	return 'deleted' in line;
}

/** Whether older lines of the id no longer matter. */
export function hidesOlder(line: CatalogLine): boolean {
	return isTombstone(line) || line.whole === true;
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
	return typeof value === 'string' && value.length <= MAX_TEXT_CHARS;
}

function isCount(value: unknown): value is number {
	return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

let lastArchive = '';

/** Names become keys in a store: only those that this format makes are let through. Neighbouring lines share archives. */
function isArchiveName(value: unknown): value is string {
	if (typeof value !== 'string') return false;
	if (value === lastArchive) return true;
	if (parseRepositoryKey(`mailbox-0000000000000000/${value}`).kind !== 'archive') return false;
	lastArchive = value;
	return true;
}

function isContentRef(value: unknown): value is ContentRef {
	return (
		isObject(value) &&
		isArchiveName(value.archive) &&
		isText(value.entry) &&
		isCount(value.offset) &&
		isCount(value.length) &&
		isCount(value.size) &&
		typeof value.sha256 === 'string' &&
		/^[0-9a-f]{64}$/.test(value.sha256) &&
		(value.part === undefined || isText(value.part))
	);
}

const ITEM_FIELDS: Record<string, (value: unknown) => boolean> = {
	whole: (value) => value === true,
	type: isText,
	parent: (value) => value === null || isText(value),
	name: isText,
	modified: (value) => value === null || isText(value),
	size: (value) => value === null || isCount(value),
	etag: (value) => value === null || isText(value),
	content: (value) =>
		value === null || (Array.isArray(value) && value.length <= MAX_CONTENTS && value.every(isContentRef)),
	meta: (value) => value === null || isObject(value),
	failed: (value) =>
		value === null || (isObject(value) && isText(value.reason) && isText(value.since) && isCount(value.attempts)),
};

const TOMBSTONE_FIELDS: Record<string, (value: unknown) => boolean> = {
	deleted: isText,
	type: isText,
	name: isText,
	parent: isText,
	movedTo: isText,
};

/** What is wrong with a line, or undefined. By hand, since a schema library takes seconds for 100,000 lines. */
function lineFault(value: unknown): string | undefined {
	if (!isObject(value)) return 'is not an object';
	if (!isText(value.id) || value.id === '') return 'has no id';
	const fields = 'deleted' in value ? TOMBSTONE_FIELDS : ITEM_FIELDS;
	for (const name in fields) {
		const field = value[name];
		if (field !== undefined && fields[name]?.(field) !== true) return `has a bad "${name}"`;
	}
	if ('deleted' in value && (value.type === undefined || value.name === undefined)) return 'is an incomplete tombstone';
	if (value.whole === true && (value.type === undefined || value.name === undefined)) return 'is whole but incomplete';
	return undefined;
}

/** Checks a line that somebody wants to add. */
export function assertLine(line: CatalogLine): void {
	const fault = lineFault(line);
	if (fault !== undefined) throw new Failure('defect', `The catalog line of ${line.id} ${fault}`);
	if (!isTombstone(line)) {
		const foreign = line.content?.find((ref) => parseRepositoryKey(`mailbox-0000000000000000/${ref.archive}`).kind !== 'archive');
		if (foreign) throw new Failure('defect', `The catalog line of ${line.id} points to ${foreign.archive}, which is no archive`);
	}
}

/** Depth takes text: ordinary lines are too short for a harmful one, so that only long ones are looked through. */
function isTooDeep(text: string): boolean {
	if (text.length < SURELY_SHALLOW_CHARS) return false;
	let depth = 0;
	let isInText = false;
	for (let at = 0; at < text.length; at++) {
		const char = text.charCodeAt(at);
		if (isInText) {
			if (char === BACKSLASH) at++;
			else if (char === QUOTE) isInText = false;
		} else if (char === QUOTE) isInText = true;
		else if (char === OPEN_BRACKET || char === OPEN_BRACE) {
			depth++;
			if (depth > MAX_LINE_DEPTH) return true;
		} else if (char === CLOSE_BRACKET || char === CLOSE_BRACE) depth--;
	}
	return false;
}

/** One line of a segment. Unknown fields are kept. Throws `corrupt`. */
export function parseLine(text: string, where: string): LineText {
	if (text.length > MAX_LINE_CHARS) throw damagedFile(where, `a line is longer than ${MAX_LINE_CHARS} characters`);
	if (isTooDeep(text)) throw damagedFile(where, `a line is nested deeper than ${MAX_LINE_DEPTH}`);
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch (cause) {
		throw damagedFile(where, 'a line is not JSON', cause);
	}
	const fault = lineFault(value);
	if (fault !== undefined) throw damagedFile(where, `a line ${fault}`);
	const line = value as CatalogLine;
	return { id: line.id, text, line };
}

function patchFields(older: JsonObject, newer: JsonObject, removes: boolean): JsonObject {
	const result: JsonObject = { ...older };
	for (const [name, value] of Object.entries(newer)) {
		if (value === null && removes) Reflect.deleteProperty(result, name);
		else result[name] = value;
	}
	return result;
}

/** A whole line without nulls: nothing older is left that they could remove. */
function dropNulls(line: JsonObject): JsonObject {
	const result: JsonObject = {};
	for (const [name, value] of Object.entries(line)) {
		if (value === null) continue;
		result[name] = name === 'meta' ? patchFields({}, value as JsonObject, true) : value;
	}
	return result;
}

/**
 * Two lines of one id as one: `newer` laid over `older`. What hides older lines wins alone; nothing revives an ended
 * item but a whole line; a patch over a whole line is whole; a patch over a patch is a patch that keeps its nulls.
 * (A patch never carries `meta: null`: RunWriter.add spells it out field by field, or it could not be combined.)
 */
export function composeLines(newer: CatalogLine, older: CatalogLine): CatalogLine {
	if (hidesOlder(newer)) return newer;
	if (isTombstone(older)) return older;
	const isWhole = older.whole === true;
	const above = newer as unknown as JsonObject;
	const below = older as unknown as JsonObject;
	const result = patchFields(below, above, isWhole);
	if (above.meta !== undefined && above.meta !== null) {
		const belowMeta = below.meta ?? {};
		result.meta = patchFields(belowMeta as JsonObject, above.meta as JsonObject, isWhole);
	}
	return (isWhole ? dropNulls(result) : result) as unknown as CatalogLine;
}

/** The living item that a whole line describes. Null if the line is a tombstone, or a patch with nothing beneath. */
export function toEntry(line: CatalogLine): CatalogEntry | null {
	if (isTombstone(line) || line.whole !== true) return null;
	const { whole: _whole, ...fields } = dropNulls(line as unknown as JsonObject);
	return { meta: {}, ...fields } as unknown as CatalogEntry;
}

/** An entry as the line that stands for it alone. */
export function toWholeLine(entry: CatalogEntry): ItemLine {
	return { ...entry, whole: true };
}

/** A patch's `meta: null` as a null for each field that is there, so that patches can always be combined. */
export function spellOutMetaRemoval(patch: ItemLine, meta: JsonObject): ItemLine {
	return { ...patch, meta: Object.fromEntries(Object.keys(meta).map((name): [string, JsonValue] => [name, null])) };
}

/** Names of the archives that a line points into. */
export function archivesOf(line: CatalogLine): string[] {
	return isTombstone(line) || !line.content ? [] : line.content.map((ref) => ref.archive);
}
