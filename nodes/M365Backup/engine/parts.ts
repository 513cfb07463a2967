import type { ItemType } from '../repository/records';
import type { MailboxPartName } from '../workloads/mailbox/mailbox-part';
import type { SitePartName } from '../workloads/site/site-options';

/** What of a source can be chosen as a whole: a kind of item of a mailbox, a part of a site, or all of a drive. */
export type PartName = MailboxPartName | SitePartName | 'drive';

interface Part {
	/** What its scopes are named, up to a hyphen: `library-<list id>` is a `library`. */
	scopes: readonly string[];
	/** What its items are. */
	type: ItemType;
}

const PARTS: Readonly<Record<PartName, Part>> = {
	mail: { scopes: ['mail'], type: 'message' },
	calendar: { scopes: ['calendar'], type: 'event' },
	contacts: { scopes: ['contacts'], type: 'contact' },
	tasks: { scopes: ['tasks'], type: 'task' },
	settings: { scopes: ['settings'], type: 'setting' },
	drive: { scopes: ['drive'], type: 'file' },
	site: { scopes: ['site'], type: 'site' },
	libraries: { scopes: ['library'], type: 'file' },
	// `lists` holds the folder that all lists of a site stand in.
	lists: { scopes: ['list', 'lists'], type: 'listItem' },
	pages: { scopes: ['pages'], type: 'page' },
};

const BY_SCOPE = new Map(Object.entries(PARTS).flatMap(([name, { scopes }]) => scopes.map((scope) => [scope, name as PartName] as const)));

/** `list-<guid>/3` → `lists`; undefined where no part has such ids. */
export function partOfId(id: string): PartName | undefined {
	const scope = /^([^/-]*)(?:-[^/]*)?\//.exec(id)?.[1];
	return scope === undefined ? undefined : BY_SCOPE.get(scope);
}

/** What an item is, as far as its id alone tells. */
export function typeOfId(id: string): ItemType | undefined {
	const part = partOfId(id);
	return part === undefined ? undefined : PARTS[part].type;
}
