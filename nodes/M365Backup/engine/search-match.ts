import type { CatalogEntry, ItemType } from '../repository/records';
import { fieldTexts, holdsAll, people, phoneNumbers, textOf, wordsOf } from './search-text';
import { isInTime } from './search-time';

/** All conditions must hold; absent ones hold always. */
export interface SearchQuery {
	/** Without it: everything but folders. */
	types?: ItemType[];
	/** Ids (`mail/AAMk…`), display paths (`Inbox/Projects`, `Calendars/Work`, `Lists/Projects`, in any case) or roles (`inbox`). */
	folders?: string[];
	/** Also in folders below those. */
	includeSubfolders?: boolean;
	/**
	 * Every word must occur in what the catalog has of the item: subject, title or file name, names and addresses, company,
	 * phone numbers, location, categories, first lines, description, columns. `"in quotes"` is one word.
	 */
	text?: string;
	/** Part of the subject, title or name. */
	subject?: string;
	/** Part of the name or address of the sender, the organiser, or whoever made or last changed it. */
	from?: string;
	/** Part of a recipient's or attendee's name or address, cc and bcc included. */
	to?: string;
	/** At that time or later, see `isInTime`. */
	after?: Date;
	/** Before that time. */
	before?: Date;
	hasAttachments?: boolean;
	/** At most 500. */
	ids?: string[];
}

/** A query made ready once for many entries. Says nothing of folders: those need the tree. */
export function matcher(query: SearchQuery): (entry: CatalogEntry) => boolean {
	const types = query.types === undefined || query.types.length === 0 ? undefined : new Set<string>(query.types);
	const words = wordsOf(query.text);
	const subject = wordsOf(query.subject);
	const from = wordsOf(query.from);
	const to = wordsOf(query.to);
	const range = { after: query.after?.getTime(), before: query.before?.getTime() };
	return (entry) => {
		if (types ? !types.has(entry.type) : entry.type === 'folder') return false;
		const { meta } = entry;
		if (query.hasAttachments !== undefined && (meta['attachments'] === true) !== query.hasAttachments) return false;
		if (!isInTime(entry, range)) return false;
		if (subject.length > 0 && !holdsAll(textOf(meta['subject']) || entry.name, subject)) return false;
		if (from.length > 0 && !holdsAll(peopleIn(entry, senders), from)) return false;
		if (to.length > 0 && !holdsAll(peopleIn(entry, receivers), to)) return false;
		return words.length === 0 || holdsAll(allText(entry), words);
	};
}

const senders = ['from', 'sender', 'organizer', 'createdBy', 'modifiedBy'] as const;
const receivers = ['to', 'cc', 'bcc', 'attendees'] as const;

function peopleIn({ meta }: CatalogEntry, keys: readonly string[]): string {
	return keys.map((key) => people(meta[key])).join('\n');
}

function allText(entry: CatalogEntry): string {
	const { meta } = entry;
	return [
		entry.name,
		...['subject', 'preview', 'location', 'company', 'description', 'contentType'].map((key) => textOf(meta[key])),
		peopleIn(entry, [...senders, ...receivers, 'replyTo', 'emails', 'categories']),
		phoneNumbers(meta['phones']),
		// Of a list item and of a file in a library.
		...fieldTexts(meta['fields']),
		...fieldTexts(meta['columns']),
	].join('\n');
}
