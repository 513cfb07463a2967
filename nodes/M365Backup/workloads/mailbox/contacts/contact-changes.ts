import type { Failure } from '../../../base/failure';
import { isFailure, toFailure } from '../../../base/failure';
import type { DeltaCursor, DeltaPage } from '../../../graph/client';
import { isGone } from '../../is-gone';
import type { Change, ChangePage, KnownItems, ListingNews, ScopeNews } from '../../workload';
import { brokenOff, MOST_RESTARTS } from '../broken-off';
import { partId } from '../mailbox-part';
import { askContacts, decideContact } from './ask-contacts';
import { contactFolderGone, lookAgain } from './contact-folder-changes';
import { CONTACTS } from './contact-folder-tree';
import type { ContactRun } from './contact-run';
import type { GraphContact } from './graph-contact';
import { isWhole } from './graph-contact';

/** A page is whole contacts, some 3 KB each: twenty pages of a round are 6 MB. */
const PAGE_SIZE = 100;
/** Folders in one round: what one `$batch` takes. */
const ROUND_SIZE = 20;

/** A folder whose contacts are being enumerated. */
interface FolderTask {
	id: string;
	cursor: DeltaCursor;
	/** Enumerates everything although the catalog may have contacts of the folder: absence will be a question. */
	relisting: boolean;
	/** An earlier run began this round of pages: what changed since then comes only with the round after it. */
	resumed: boolean;
	/** How often this run began it anew. */
	restarts?: number;
}

export interface ContactEnumeration {
	run: ContactRun;
	known: KnownItems;
	links: Readonly<Record<string, string>>;
	/** Everything is compared, whatever the links say. */
	compareAll: boolean;
	/** Graph ids of folders that an earlier run knew: only these can have contacts in the catalog. */
	before: ReadonlySet<string>;
	isFirst: boolean;
	signal: AbortSignal;
}

/** Where a round collects what it found. */
interface Round {
	/** The last entry of each contact, by scoped id. */
	entries: Map<string, GraphContact>;
	/** Scoped ids that were reported as removed, or whose entry is partial. */
	questions: Set<string>;
	page: ChangePage & { links: Record<string, string | null>; listings: ListingNews[]; scopes: ScopeNews[] };
	queue: FolderTask[];
	/** Folders whose delta is refused because the mailbox is full, while plain listings work (microsoft-graph-docs#5730). */
	toList: FolderTask[];
}

/** Delta pages of all folders, or of these, twenty folders a batch; each round is one page of changes. */
export async function* readContactChanges(input: ContactEnumeration, folderIds: readonly string[] = input.run.tree.ids): AsyncGenerator<ChangePage> {
	const { run, links } = input;
	for (const key of Object.keys(links)) {
		if (key.startsWith(`${CONTACTS}/`) && !run.tree.has(key.slice(CONTACTS.length + 1))) yield { changes: [], links: { [key]: null } };
	}
	const queue = folderIds.map((id) => taskFor(input, id));
	run.unread.clear();
	while (queue.length > 0) {
		const round: Round = { entries: new Map(), questions: new Set(), page: { changes: [], links: {}, listings: [], scopes: [] }, queue, toList: [] };
		await readRound(input, queue.splice(0, ROUND_SIZE), round);
		yield round.page;
		for (const task of round.toList) yield* listFolder(input, task);
		for (const id of run.unread) queue.push(taskFor(input, id));
		run.unread.clear();
	}
}

function startCursor(run: ContactRun, folderId: string): DeltaCursor {
	return { kind: 'start', path: `${run.userPath}/contactFolders/${encodeURIComponent(folderId)}/contacts/delta` };
}

function taskFor({ run, links, compareAll, before, isFirst }: ContactEnumeration, id: string): FolderTask {
	const link = links[partId(CONTACTS, id)];
	const goesOn = run.relisting.has(id);
	if (link !== undefined && (!compareAll || goesOn)) return { id, cursor: { kind: 'link', url: link }, relisting: goesOn, resumed: run.unfinished.has(id) };
	return { id, cursor: startCursor(run, id), relisting: !isFirst && (before.has(id) || !run.isTreeKnown), resumed: false };
}

async function readRound(input: ContactEnumeration, tasks: readonly FolderTask[], round: Round): Promise<void> {
	const { run, signal } = input;
	const byId = new Map(tasks.map((task) => [task.id, task]));
	const hadDefault = run.tree.defaultId !== null;
	const cursors = tasks.map(({ id, cursor }) => ({ id, cursor }));
	for await (const answer of run.graph.deltaBatch<GraphContact>(cursors, { signal, maxPageSize: PAGE_SIZE })) {
		const task = byId.get(answer.id);
		if (!task) continue;
		if (answer.page?.resync) beginAnew(run, task, round);
		else if (answer.page) takePage(run, task, answer.page, round);
		else if (answer.failure) takeFailure(run, task, answer.failure, round);
	}
	// The default folder is gone with its mailbox: the new one has another.
	if (hadDefault && run.tree.defaultId === null) await lookAgain(run, signal);
	await decideRound(input, round);
}

function takePage(run: ContactRun, task: FolderTask, page: DeltaPage<GraphContact>, round: Round): void {
	const key = partId(CONTACTS, task.id);
	if (task.relisting && task.cursor.kind === 'start') {
		run.relisting.add(task.id);
		round.page.listings.push({ parent: key, type: 'contact', state: 'restarted', seen: [] });
	}
	const seen = takeEntries(page.items, round);
	const next = page.next ?? page.delta;
	if (next !== undefined) round.page.links[key] = next;
	if (task.relisting) round.page.listings.push({ parent: key, type: 'contact', state: page.next === undefined ? 'finished' : 'going', seen });
	if (page.next !== undefined) {
		run.unfinished.add(task.id);
		round.queue.push({ ...task, cursor: { kind: 'link', url: page.next } });
		return;
	}
	run.unfinished.delete(task.id);
	run.relisting.delete(task.id);
	// One more round, so that the snapshot does not say "complete" of what lacks the changes since the round began.
	if (task.resumed && page.delta !== undefined) round.queue.push({ id: task.id, cursor: { kind: 'link', url: page.delta }, relisting: false, resumed: false });
	else round.page.scopes.push(scopeNews(run, task.id, 'complete'));
}

/** Replays and duplicates occur: the last entry wins, laid over those before. @returns scoped ids that were shown. */
function takeEntries(items: readonly GraphContact[], round: Round): string[] {
	const seen: string[] = [];
	for (const contact of items) {
		const id = partId(CONTACTS, contact.id);
		if ('@removed' in contact) {
			round.entries.delete(id);
			round.questions.add(id);
		} else {
			seen.push(id);
			round.entries.set(id, contact);
		}
	}
	return seen;
}

function scopeNews(run: ContactRun, id: string, state: ScopeNews['state'], reason?: string): ScopeNews {
	return { id: partId(CONTACTS, id), name: run.tree.path(id).join('/'), state, ...(reason === undefined ? {} : { reason }) };
}

/** The link has expired (410) or belongs to another Graph host: everything again, compared with the catalog. */
function beginAnew(run: ContactRun, task: FolderTask, round: Round): void {
	run.relisting.delete(task.id);
	run.unfinished.delete(task.id);
	round.page.links[partId(CONTACTS, task.id)] = null;
	const again: FolderTask = { id: task.id, cursor: startCursor(run, task.id), relisting: true, resumed: false, restarts: (task.restarts ?? 0) + 1 };
	if (again.restarts === MOST_RESTARTS) takeFailure(run, again, brokenOff(), round);
	else round.queue.push(again);
}

function takeFailure(run: ContactRun, task: FolderTask, failure: Failure, round: Round): void {
	if (isFailure(failure, 'cancelled')) throw failure;
	if (isFailure(failure, 'expiredCursor') && task.cursor.kind === 'link') {
		beginAnew(run, task, round);
		return;
	}
	if (isFailure(failure, 'quota')) {
		round.toList.push(task);
		return;
	}
	if (isFailure(failure, 'notFound')) {
		if (!isGone(failure)) throw failure;
		// Its folder answers, and was found again: then nobody can tell.
		if (run.vanished.has(task.id)) {
			round.page.scopes.push(unreadable(run, task.id, failure));
			return;
		}
		run.vanished.add(task.id);
		contactFolderGone(run, task.id, round.page);
		round.page.links[partId(CONTACTS, task.id)] = null;
		return;
	}
	round.page.scopes.push(unreadable(run, task.id, failure));
}

/** The folder keeps its old entries and its old link and says so; the next run tries again (DESIGN §3.1). */
function unreadable(run: ContactRun, id: string, failure: Failure): ScopeNews {
	run.unreadable.add(id);
	const path = run.tree.path(id).join('/');
	const reason = `Contact folder "${path}": ${failure.title ?? failure.message}.${failure.nextStep === undefined ? '' : ` ${failure.nextStep}`}`;
	return scopeNews(run, id, isFailure(failure, 'denied') ? 'denied' : 'stale', reason);
}

/** Folders below these may be unknown, and what is in them with them. */
export function unlistedScopes(run: ContactRun): ScopeNews[] {
	return [...run.unlisted].flatMap(([id, failure]) => (run.tree.has(id) ? [unreadable(run, id, failure)] : []));
}

/** One decision a contact, even if several folders of the round reported it; questions are asked last, so theirs is the newest answer. */
async function decideRound({ run, known, signal }: ContactEnumeration, round: Round): Promise<void> {
	const { entries, questions, page } = round;
	const before = await known.lookUp([...new Set([...entries.keys(), ...questions])]);
	for (const [id, contact] of entries) {
		if (questions.has(id)) continue;
		const change = isWhole(contact) ? await decideContact(run, contact, before.get(id), signal) : 'ask';
		if (change === 'ask') questions.add(id);
		else if (change) page.changes.push(change);
	}
	if (questions.size > 0) page.changes.push(...(await askContacts(run, [...questions], before, signal)));
	// After what said that one of them was gone.
	page.changes.push(...linesOfDiscovered(run));
}

/** Folders that a contact brought to light go into the catalog with the very page whose contacts are in them. */
export function linesOfDiscovered(run: ContactRun): Change[] {
	const ids = [...run.discovered];
	run.discovered.clear();
	for (const id of ids) run.unread.add(id);
	return ids.map((id) => run.tree.line(id, true));
}

/** A folder without delta: everything by plain listing, compared with the catalog. The next run tries delta again. */
async function* listFolder(input: ContactEnumeration, task: FolderTask): AsyncGenerator<ChangePage> {
	const { run, signal } = input;
	const key = partId(CONTACTS, task.id);
	const news = (state: ListingNews['state'], seen: string[] = []): ListingNews => ({ parent: key, type: 'contact', state, seen });
	run.relisting.delete(task.id);
	run.unfinished.delete(task.id);
	yield { changes: [], links: { [key]: null }, listings: [news('restarted')] };
	const path = `${run.userPath}/contactFolders/${encodeURIComponent(task.id)}/contacts?$top=${PAGE_SIZE}`;
	const pages = run.graph.pages<GraphContact>({ path, signal })[Symbol.asyncIterator]();
	for (;;) {
		let items: GraphContact[];
		try {
			const next = await pages.next();
			if (next.done === true) break;
			items = next.value;
		} catch (error) {
			const failure = toFailure(error);
			if (isFailure(failure, 'cancelled', 'defect')) throw failure;
			yield { changes: [], listings: [news('abandoned')], scopes: [unreadable(run, task.id, failure)] };
			return;
		}
		const round: Round = { entries: new Map(), questions: new Set(), page: { changes: [], links: {}, listings: [], scopes: [] }, queue: [], toList: [] };
		const seen = takeEntries(items, round);
		await decideRound(input, round);
		yield { changes: round.page.changes, listings: [news('going', seen)] };
	}
	yield { changes: [], listings: [news('finished')], scopes: [scopeNews(run, task.id, 'complete')] };
}
