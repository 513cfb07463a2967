import type { JsonValue } from '../base/json';
import type { CatalogEntry, ItemType } from '../repository/records';

/** All conditions must hold; absent ones hold always. */
export interface SearchQuery {
	/** Without it: everything but folders. */
	types?: ItemType[];
	/** Ids (`mail/AAMk…`), display paths (`Inbox/Projects`, in any case) or roles (`inbox`). */
	folders?: string[];
	/** Also in folders below those. */
	includeSubfolders?: boolean;
	/** Every word must occur in the subject, in a name or address, or in the first lines. `"in quotes"` is one word. */
	text?: string;
	subject?: string;
	/** Part of a name or address. */
	from?: string;
	/** Part of a recipient's name or address, cc and bcc included. */
	to?: string;
	/** At that time or later. */
	receivedAfter?: Date;
	/** Before that time. */
	receivedBefore?: Date;
	hasAttachments?: boolean;
	/** At most 500. */
	ids?: string[];
}

/** Letters without case, accents or compatibility forms, so that `strasse`, `Straße` and `STRASSE` are one. */
export function fold(text: string): string {
	return text
		.normalize('NFKD')
		.replace(/\p{M}+/gu, '')
		.toLowerCase()
		.replaceAll('ß', 'ss')
		.replaceAll('æ', 'ae')
		.replaceAll('œ', 'oe')
		.replaceAll('ø', 'o')
		.replaceAll('đ', 'd')
		.replaceAll('ł', 'l')
		.replaceAll('ı', 'i')
		// A final sigma is a sigma.
		.replaceAll('ς', 'σ');
}

/** A query made ready once for many entries. Says nothing of folders: those need the tree. */
export function matcher(query: SearchQuery): (entry: CatalogEntry) => boolean {
	const types = query.types === undefined || query.types.length === 0 ? undefined : new Set<string>(query.types);
	const words = wordsOf(query.text);
	const subject = wordsOf(query.subject);
	const from = wordsOf(query.from);
	const to = wordsOf(query.to);
	const after = query.receivedAfter?.getTime();
	const before = query.receivedBefore?.getTime();
	return (entry) => {
		if (types ? !types.has(entry.type) : entry.type === 'folder') return false;
		const { meta } = entry;
		if (query.hasAttachments !== undefined && (meta['attachments'] === true) !== query.hasAttachments) return false;
		if (after !== undefined || before !== undefined) {
			const time = timeOf(entry);
			if (time === undefined) return false;
			if (after !== undefined && time < after) return false;
			if (before !== undefined && time >= before) return false;
		}
		if (subject.length > 0 && !holdsAll(textOf(meta['subject']) || entry.name, subject)) return false;
		if (from.length > 0 && !holdsAll(`${people(meta['from'])}\n${people(meta['sender'])}`, from)) return false;
		if (to.length > 0 && !holdsAll(['to', 'cc', 'bcc'].map((key) => people(meta[key])).join('\n'), to)) return false;
		return words.length === 0 || holdsAll(allText(entry), words);
	};
}

/** When a message was received (of others: sent, else last changed), in ms since 1970. */
function timeOf(entry: CatalogEntry): number | undefined {
	for (const value of [entry.meta['received'], entry.meta['sent'], entry.modified]) {
		if (typeof value !== 'string') continue;
		const time = Date.parse(value);
		if (!Number.isNaN(time)) return time;
	}
	return undefined;
}

function allText(entry: CatalogEntry): string {
	const { meta } = entry;
	const addresses = ['from', 'sender', 'to', 'cc', 'bcc', 'replyTo'].map((key) => people(meta[key]));
	return [entry.name, textOf(meta['subject']), textOf(meta['preview']), ...addresses].join('\n');
}

function wordsOf(text: string | undefined): string[] {
	if (text === undefined) return [];
	const words: string[] = [];
	for (const match of text.matchAll(/"([^"]+)"|(\S+)/g)) words.push(fold(match[1] ?? match[2] ?? ''));
	return words.filter((word) => word !== '' && word !== '"');
}

function holdsAll(text: string, words: readonly string[]): boolean {
	const folded = fold(text);
	return words.every((word) => folded.includes(word));
}

function textOf(value: JsonValue | undefined): string {
	return typeof value === 'string' ? value : '';
}

function people(value: JsonValue | undefined): string {
	const list = Array.isArray(value) ? value : [value];
	return list
		.map((one) => {
			if (typeof one !== 'object' || one === null || Array.isArray(one)) return textOf(one);
			return `${textOf(one['name'])} ${textOf(one['address'])}`;
		})
		.join('\n');
}
