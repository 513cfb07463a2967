import type { JsonObject } from '../../../base/json';
import type { Change, ChangePage, EnumerationInput, KnownItems } from '../../workload';
import type { MailboxOptions } from '../mailbox-options';
import type { MailboxPart } from '../mailbox-part';
import { partRootId } from '../mailbox-part';
import { askContacts } from './ask-contacts';
import { countContacts } from './count-contacts';
import { linesOfDiscovered, readContactChanges, unlistedScopes } from './contact-changes';
import { readContactFolders } from './contact-folder-changes';
import { CONTACTS, contactsRootLine, ContactFolderTree } from './contact-folder-tree';
import type { ContactRun } from './contact-run';
import { fetchContacts } from './fetch-contacts';

/** Contacts that failed before, in one page: after a lost archive there may be thousands. */
const RETRY_PAGE = 200;
const WEEK_MS = 7 * 24 * 3600 * 1000;

/** The contacts of one mailbox. One instance serves one run. */
export function contactsPart(options: MailboxOptions): MailboxPart {
	const run: ContactRun = {
		graph: options.graph,
		userPath: `/users/${options.mailboxId}`,
		ambient: options.ambient,
		tree: new ContactFolderTree(),
		isTreeKnown: false,
		discovered: new Set(),
		unread: new Set(),
		unlisted: new Map(),
		vanished: new Set(),
		unreadable: new Set(),
		relisting: new Set(),
		unfinished: new Set(),
	};
	const when: Comparison = { begun: false, comparedAt: null, compared: new Map() };
	return {
		name: CONTACTS,
		enumerate: (input) => enumerateContacts(run, when, input),
		fetch: (requests, signal) => fetchContacts(run, requests, signal),
		confirmMissing: (ids, known, signal) => confirmMissing(run, ids, known, signal),
		notes: (): JsonObject => {
			if (!when.begun) return {};
			return { [CONTACTS]: notesOf(run, when) };
		},
	};
}

interface Comparison {
	/** Before the run has taken up the cursor's notes it has none of its own. */
	begun: boolean;
	/** ISO 8601: when all contacts were last listed and compared. */
	comparedAt: string | null;
	/** Graph's counts of folders that this run has listed to the end and compared. */
	compared: Map<string, number>;
}

function notesOf(run: ContactRun, when: Comparison): JsonObject {
	// What a comparison finds missing is asked about, and counted, only after it.
	for (const [id, total] of when.compared) if (run.tree.has(id)) run.tree.settle(id, total);
	return {
		...run.tree.toNotes(),
		...(run.relisting.size > 0 ? { relisting: [...run.relisting] } : {}),
		...(run.unfinished.size > 0 ? { unfinished: [...run.unfinished] } : {}),
		comparedAt: when.comparedAt,
	};
}

async function takeUp(run: ContactRun, when: Comparison, input: EnumerationInput): Promise<void> {
	const notes = input.notes[CONTACTS] as JsonObject | undefined;
	const remembered = ContactFolderTree.fromNotes(notes);
	if (remembered) run.tree = remembered;
	else if (!input.isFirst) run.tree = await ContactFolderTree.fromCatalog(input.known);
	run.isTreeKnown = remembered !== null || input.isFirst;
	if (Array.isArray(notes?.['relisting'])) run.relisting = new Set(notes['relisting'] as string[]);
	if (Array.isArray(notes?.['unfinished'])) run.unfinished = new Set(notes['unfinished'] as string[]);
	if (typeof notes?.['comparedAt'] === 'string') when.comparedAt = notes['comparedAt'];
	when.begun = true;
}

async function* enumerateContacts(run: ContactRun, when: Comparison, input: EnumerationInput): AsyncGenerator<ChangePage> {
	const { known, links, signal, isFirst } = input;
	await takeUp(run, when, input);
	const now = run.ambient.now();
	// Delta may lose something: once a week everything is compared. So it is where the catalog may know more than the links.
	const isDue = now.getTime() - Date.parse(when.comparedAt ?? now.toISOString()) >= WEEK_MS;
	const compareAll = !isFirst && (isDue || input.isInDoubt === true);
	const before = new Set(run.tree.ids);
	const fullPass = !Object.keys(links).some((key) => key.startsWith(`${CONTACTS}/`));

	const folders = await readContactFolders(run, compareAll || fullPass, signal);
	const rootIsKnown = (await known.lookUp([partRootId(CONTACTS)])).size > 0;
	yield { changes: [...(rootIsKnown ? [] : [contactsRootLine()]), ...folders.changes], listings: folders.listings };
	for (let start = 0; start < input.retry.length; start += RETRY_PAGE) {
		const ids = input.retry.slice(start, start + RETRY_PAGE);
		const changes = await askContacts(run, ids, await known.lookUp(ids), signal);
		yield { changes: [...linesOfDiscovered(run), ...changes] };
	}
	const totals = await countContacts(run, signal);
	const enumeration = { run, known, links, compareAll, before, isFirst, signal };
	const wentOn = new Set([...run.relisting, ...run.unfinished]);
	yield* readContactChanges(enumeration);
	const isReadable = (id: string): boolean => run.tree.has(id) && !run.unreadable.has(id);
	const inDoubt = [...totals].filter(([id, total]) => isReadable(id) && (compareAll || fullPass || run.tree.hasDrifted(id, total)));
	// A round that an earlier run began was compared with what was there then: what came back since is in none of its pages.
	const unlike = inDoubt.filter(([id, total]) => (!compareAll && !fullPass) || (wentOn.has(id) && run.tree.hasDrifted(id, total)));
	if (unlike.length > 0) {
		const ids = unlike.map(([id]) => id);
		yield* readContactChanges({ ...enumeration, compareAll: true, before: new Set([...before, ...ids]) }, ids);
	}
	yield { changes: [], scopes: unlistedScopes(run) };
	when.compared = new Map(inDoubt.filter(([id]) => isReadable(id)));
	if (compareAll || when.comparedAt === null) when.comparedAt = now.toISOString();
}

async function confirmMissing(run: ContactRun, ids: readonly string[], known: KnownItems, signal: AbortSignal): Promise<Change[]> {
	const changes = await askContacts(run, ids, await known.lookUp(ids), signal);
	return [...linesOfDiscovered(run), ...changes];
}
