import type { Ambient } from '../../base/ambient';
import type { JsonObject } from '../../base/json';
import type { GraphClient } from '../../graph/client';
import type { Change, ChangePage, EnumerationInput, KnownItems, ScopeNews } from '../workload';
import { askMessages } from './ask-messages';
import { fetchMime } from './fetch-mime';
import { folderItem, readFolderChanges, treeFromCatalog } from './folder-changes';
import { FolderTree } from './folder-tree';
import type { ExchangeExportMode } from './exchange/exchange-export';
import { ExchangeExport } from './exchange/exchange-export';
import type { MailContext } from './mail-context';
import { graphIdOf, scopedId } from './mail-context';
import { archiveWarning } from './in-place-archive';
import { listPlainly } from './list-plainly';
import type { MailboxPart } from './mailbox-part';
import { MAIL_SCOPE } from './message-meta';
import type { MessageEnumeration } from './message-changes';
import { readMessageChanges, reconcileFolder } from './message-changes';

/** Items that failed before, in one page: after a lost archive there may be thousands. */
const RETRY_PAGE = 200;
const WEEK_MS = 7 * 24 * 3600 * 1000;

const OVER_QUOTA =
	'This mailbox is over its quota, so that Microsoft 365 does not tell what has changed: everything was listed and compared instead. Make room in the mailbox or raise its quota';

export interface MailOptions {
	graph: GraphClient;
	/** The user's Entra GUID. */
	mailboxId: string;
	ambient: Ambient;
	/** Folders to leave out, with everything below them: id, role, name or display path. */
	excludeFolders?: readonly string[];
	/** Also what users have deleted for good and Exchange still keeps; no if absent. */
	recoverableItems?: boolean;
	/** What is exported in full fidelity beside its MIME; `lossy` if absent. */
	exchangeExport?: ExchangeExportMode;
}

/** What a run carries from its first page to its notes. */
interface MailRun {
	context: MailContext;
	excluded: readonly string[];
	/** Graph ids of folders whose full listing is still going on. */
	relisting: Set<string>;
	/** Graph ids of folders in the middle of a round of delta pages. */
	unfinished: Set<string>;
	/** ISO 8601: when all ids were last listed and compared. */
	reconciledAt: string | null;
	/** Recoverable Items have come in, or are no longer wanted, since the last run. */
	recoverableChanged: boolean;
}

/** The mail of one mailbox. One instance serves one run. */
export function mailPart(options: MailOptions): MailboxPart {
	const excluded = options.excludeFolders ?? [];
	const run: MailRun = {
		context: {
			graph: options.graph,
			userPath: `/users/${options.mailboxId}`,
			ambient: options.ambient,
			tree: new FolderTree('', [], excluded),
			recoverableItems: options.recoverableItems ?? false,
			countsKnown: false,
			discovered: new Set(),
		},
		excluded,
		relisting: new Set(),
		unfinished: new Set(),
		reconciledAt: null,
		recoverableChanged: false,
	};
	const mode = options.exchangeExport ?? 'lossy';
	if (mode !== 'off') run.context.exchange = new ExchangeExport({ graph: options.graph, userPath: run.context.userPath, mailboxId: options.mailboxId }, mode, graphIdOf);
	return {
		name: MAIL_SCOPE,
		enumerate: (input) => withDiscovered(run.context, enumerateMail(run, input)),
		fetch: (requests, signal) => fetchMime(run.context, requests, signal),
		confirmMissing: (ids, known, signal) => confirmMissing(run.context, ids, known, signal),
		notes: () => ({
			[MAIL_SCOPE]: {
				...run.context.tree.toNotes(),
				...run.context.exchange?.notes(),
				...(run.relisting.size > 0 ? { relisting: [...run.relisting] } : {}),
				...(run.unfinished.size > 0 ? { unfinished: [...run.unfinished] } : {}),
				reconciledAt: run.reconciledAt,
				...(run.context.recoverableItems ? { recoverableItems: true } : {}),
			},
		}),
	};
}

/** Takes up what the cursor remembers; without it, the folders come from the catalog and their counts are unknown. */
async function takeUp(run: MailRun, input: EnumerationInput): Promise<void> {
	const { context } = run;
	const notes = input.notes[MAIL_SCOPE] as JsonObject | undefined;
	const remembered = FolderTree.fromNotes(notes, run.excluded);
	if (remembered) context.tree = remembered;
	else if (!input.isFirst) await treeFromCatalog(context, input.known);
	// A full pass in doubt lists every folder for comparison; otherwise the weekly one, which is then due, does.
	const doubtsCounts = input.isInDoubt === true && input.links[MAIL_SCOPE] === undefined;
	context.countsKnown = (remembered !== null && !doubtsCounts) || input.isFirst;
	context.exchange?.resume(notes?.['exchange']);
	if (Array.isArray(notes?.['relisting'])) run.relisting = new Set(notes['relisting'] as string[]);
	if (Array.isArray(notes?.['unfinished'])) run.unfinished = new Set(notes['unfinished'] as string[]);
	if (typeof notes?.['reconciledAt'] === 'string') run.reconciledAt = notes['reconciledAt'];
	run.recoverableChanged = remembered !== null && (notes?.['recoverableItems'] === true) !== context.recoverableItems;
}

async function* enumerateMail(run: MailRun, input: EnumerationInput): AsyncGenerator<ChangePage> {
	const { context } = run;
	const { known, links, signal } = input;
	await takeUp(run, input);
	const fullPass = links[MAIL_SCOPE] === undefined;
	const now = context.ambient.now();
	const isDue = input.isInDoubt === true || now.getTime() - Date.parse(run.reconciledAt ?? now.toISOString()) >= WEEK_MS;
	const weekly = !fullPass && isDue;

	const folders = await readFolderChanges(context, links[MAIL_SCOPE], weekly || run.recoverableChanged, signal);
	// A full pass compares everything, even if it takes several runs: the week counts from its beginning.
	if (fullPass || run.reconciledAt === null) run.reconciledAt = now.toISOString();
	yield {
		changes: folders.changes,
		listings: folders.listings,
		links: folders.link === undefined ? {} : { [MAIL_SCOPE]: folders.link },
		scopes: [{ id: MAIL_SCOPE, name: 'Mail', state: 'complete' }, ...excludedScopes(context)],
		warnings: context.tree.unknownExclusions().map((name) => `The folder "${name}" is to be left out, but the mailbox has none of that name or path`),
	};
	const enumeration: MessageEnumeration = { context, known, links, relisting: run.relisting, unfinished: run.unfinished, overQuota: new Set(), signal };
	yield* retryFailed(context, input);
	yield* readMessageChanges(enumeration);
	for (const id of enumeration.overQuota) yield* listPlainly(enumeration, id);
	yield { changes: [], warnings: await warningsOf(run, { isOverQuota: folders.isOverQuota || enumeration.overQuota.size > 0, asksForArchive: fullPass || weekly }, signal) };
	const doubtful = weekly ? [...context.tree.entries()].map(([id]) => id) : driftedFolders(context, folders.totals, fullPass);
	const uncompared = new Set<string>();
	const places = weekly ? await known.places() : undefined;
	for (const id of doubtful) {
		if (!context.tree.holdsMessages(id) || enumeration.overQuota.has(id)) continue;
		if (!(yield* reconcileFolder(enumeration, id, places))) uncompared.add(id);
	}
	settleDrift(context, folders.totals, uncompared);
	if (weekly) run.reconciledAt = now.toISOString();
	// What could not be compared is due again in the next run, whatever the week says.
	if (uncompared.size > 0) run.reconciledAt = new Date(0).toISOString();
}

async function warningsOf(run: MailRun, about: { isOverQuota: boolean; asksForArchive: boolean }, signal: AbortSignal): Promise<string[]> {
	const archive = about.asksForArchive ? await archiveWarning(run.context, signal) : undefined;
	return [...(about.isOverQuota ? [OVER_QUOTA] : []), ...(archive === undefined ? [] : [archive])];
}

/** What the user left out, without what is below it: what the catalog still holds of it is as it was then. */
function excludedScopes(context: MailContext): ScopeNews[] {
	const { tree } = context;
	return [...tree.entries()].flatMap(([id, node]): ScopeNews[] =>
		tree.isExcluded(id) && !tree.isExcluded(node.parent) ? [{ id: scopedId(id), name: tree.path(id).join('/'), state: 'excluded' }] : [],
	);
}

async function* retryFailed(context: MailContext, input: EnumerationInput): AsyncGenerator<ChangePage> {
	for (let start = 0; start < input.retry.length; start += RETRY_PAGE) {
		const ids = input.retry.slice(start, start + RETRY_PAGE);
		const before = await input.known.lookUp(ids);
		yield { changes: await askMessages(context, ids.map(graphIdOf), before, input.signal) };
	}
}

/**
 * Folders where Graph's total says that delta lost something. A difference that was there before is not news: hidden
 * associated items and the like are counted by Graph, and never listed.
 */
function driftedFolders(context: MailContext, totals: ReadonlyMap<string, number>, fullPass: boolean): string[] {
	if (fullPass) return [];
	return [...totals].flatMap(([id, total]) => {
		const node = context.tree.get(id);
		return node && total - node.count !== (node.drift ?? 0) ? [id] : [];
	});
}

function settleDrift(context: MailContext, totals: ReadonlyMap<string, number>, uncompared: ReadonlySet<string>): void {
	for (const [id, total] of totals) {
		const node = context.tree.get(id);
		if (!node || uncompared.has(id)) continue;
		const drift = total - node.count;
		if (drift === 0) delete node.drift;
		else node.drift = drift;
	}
}

async function confirmMissing(
	context: MailContext,
	ids: readonly string[],
	known: KnownItems,
	signal: AbortSignal,
): Promise<Change[]> {
	const before = await known.lookUp(ids);
	const changes = await askMessages(context, ids.map(graphIdOf), before, signal);
	return [...takeDiscovered(context), ...changes];
}

/**
 * Folders that a question brought to light go into the catalog with the very page whose messages are in them: the tree
 * knows them from then on, so that no later run would report them as new.
 */
async function* withDiscovered(context: MailContext, pages: AsyncIterable<ChangePage>): AsyncGenerator<ChangePage> {
	for await (const page of pages) {
		const found = takeDiscovered(context);
		yield found.length === 0 ? page : { ...page, changes: [...found, ...page.changes] };
	}
}

function takeDiscovered(context: MailContext): Change[] {
	const found = [...context.discovered].map((id) => folderItem(context, id));
	context.discovered.clear();
	return found;
}
