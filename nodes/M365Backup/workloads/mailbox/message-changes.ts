import type { Failure } from '../../base/failure';
import { isFailure, toFailure } from '../../base/failure';
import type { DeltaCursor, DeltaPage } from '../../graph/client';
import { isGone } from '../is-gone';
import type { Change, ChangePage, KnownItem, KnownItems, KnownPlaces, ListingNews, ScopeNews } from '../workload';
import { askMessages } from './ask-messages';
import { brokenOff, MOST_RESTARTS } from './broken-off';
import { decideMessage } from './decide-message';
import { folderGone } from './folder-changes';
import type { GraphMessage } from './graph-message';
import { MESSAGE_SELECT } from './graph-message';
import type { MailContext } from './mail-context';
import { scopedId } from './mail-context';

/** Messages asked of one delta page. The largest size that Graph honours is documented nowhere. */
const MESSAGE_PAGE_SIZE = 100;
/** Folders in one round: what one `$batch` takes. */
const ROUND_SIZE = 20;
/**
 * So many entries are handed on before the rest of their round is looked at, which waits as text. Whole rounds of 2,000
 * would be 20 MB of objects that live long enough to leave V8's young generation.
 */
const SLICE_SIZE = 200;

/** A folder whose messages are being enumerated. */
interface FolderTask {
	id: string;
	cursor: DeltaCursor;
	/** Enumerates everything although the catalog has items of the folder already: absence will be a question. */
	relisting: boolean;
	/** An earlier run began this round of pages: what changed since then comes only with the round after it. */
	resumed: boolean;
	/** How often this run began it anew. */
	restarts?: number;
}

export interface MessageEnumeration {
	context: MailContext;
	known: KnownItems;
	links: Readonly<Record<string, string>>;
	/** Graph ids of folders whose full listing an earlier run began. Changed in place, for the cursor's notes. */
	relisting: Set<string>;
	/** Graph ids of folders whose stored link is a next link. Changed in place, too. */
	unfinished: Set<string>;
	/** Graph ids of folders whose delta was refused since the mailbox is over its quota. Changed in place. */
	overQuota: Set<string>;
	signal: AbortSignal;
}

/** Delta pages of all included folders, twenty folders a batch; each round is one page of changes, or some if it is large. */
export async function* readMessageChanges(run: MessageEnumeration): AsyncGenerator<ChangePage> {
	const { context, links } = run;
	const queue: FolderTask[] = [];
	for (const [id] of context.tree.entries()) {
		if (context.tree.holdsMessages(id)) queue.push(taskFor(run, id));
	}
	for (const id of Object.keys(links)) {
		const graphId = id.startsWith('mail/') ? id.slice('mail/'.length) : undefined;
		if (graphId !== undefined && !context.tree.get(graphId)) yield { changes: [], links: { [id]: null } };
	}
	while (queue.length > 0) {
		yield* readRound(run, queue.splice(0, ROUND_SIZE), queue);
	}
	for (const going of [run.relisting, run.unfinished]) {
		going.forEach((id) => {
			if (!context.tree.get(id)) going.delete(id);
		});
	}
}

function startCursor(context: MailContext, folderId: string): DeltaCursor {
	return {
		kind: 'start',
		path: `${context.userPath}/mailFolders/${encodeURIComponent(folderId)}/messages/delta?$select=${MESSAGE_SELECT}`,
	};
}

function taskFor(run: MessageEnumeration, id: string): FolderTask {
	const link = run.links[scopedId(id)];
	if (link !== undefined) {
		return { id, cursor: { kind: 'link', url: link }, relisting: run.relisting.has(id), resumed: run.unfinished.has(id) };
	}
	// Where the catalog has nothing of the folder, nothing can be missing from a listing.
	const relisting = !run.context.countsKnown || (run.context.tree.get(id)?.count ?? 0) > 0;
	return { id, cursor: startCursor(run.context, id), relisting, resumed: false };
}

interface Round {
	/** The last complete or partial entry of each message and the folder that reported it. */
	entries: Map<string, { message: GraphMessage; folderId: string }>;
	/** Graph ids reported as removed, or too partial to use. */
	questions: Set<string>;
	removed: Set<string>;
	page: ChangePage & { links: Record<string, string | null>; listings: ListingNews[]; scopes: ScopeNews[] };
}

/**
 * One page of each folder. Where two of them tell of one message, its folder of then and of now, they are weighed
 * together, unless there is so much that they come in different slices: then one after the other, as in two rounds.
 */
async function* readRound(run: MessageEnumeration, tasks: readonly FolderTask[], queue: FolderTask[]): AsyncGenerator<ChangePage> {
	const { context, signal } = run;
	let round = newRound();
	const byId = new Map(tasks.map((task) => [task.id, task]));
	const cursors = tasks.map((task) => ({ id: task.id, cursor: task.cursor }));
	for await (const answer of context.graph.deltaBatch<GraphMessage>(cursors, { signal, maxPageSize: MESSAGE_PAGE_SIZE })) {
		const task = byId.get(answer.id);
		if (!task) continue;
		if (answer.page) takePage(run, task, answer.page, round, queue);
		else if (answer.failure) takeFailure(run, task, answer.failure, round, queue);
		if (round.entries.size + round.questions.size < SLICE_SIZE) continue;
		await decideRound(run, round);
		yield round.page;
		round = newRound();
	}
	await decideRound(run, round);
	yield round.page;
}

function newRound(): Round {
	return { entries: new Map(), questions: new Set(), removed: new Set(), page: { changes: [], links: {}, listings: [], scopes: [] } };
}

function takePage(run: MessageEnumeration, task: FolderTask, page: DeltaPage<GraphMessage>, round: Round, queue: FolderTask[]): void {
	const key = scopedId(task.id);
	if (page.resync) {
		beginAnew(run, task, round, queue);
		return;
	}
	if (task.relisting && task.cursor.kind === 'start') {
		run.relisting.add(task.id);
		round.page.listings.push({ parent: key, type: 'message', state: 'restarted', seen: [] });
	}
	const seen: string[] = [];
	for (const message of page.items) {
		if (message['@removed']) {
			round.entries.delete(message.id);
			round.questions.add(message.id);
			round.removed.add(message.id);
		} else {
			seen.push(scopedId(message.id));
			const before = round.entries.get(message.id)?.message;
			round.entries.set(message.id, { message: { ...before, ...message }, folderId: task.id });
		}
	}
	const next = page.next ?? page.delta;
	if (next !== undefined) round.page.links[key] = next;
	if (page.next !== undefined) {
		run.unfinished.add(task.id);
		queue.push({ ...task, cursor: { kind: 'link', url: page.next } });
	} else {
		run.unfinished.delete(task.id);
		// One more round, so that the snapshot does not say "complete" of what lacks the changes since the round began.
		if (task.resumed && page.delta !== undefined) {
			queue.push({ id: task.id, cursor: { kind: 'link', url: page.delta }, relisting: false, resumed: false });
		}
	}
	if (task.relisting) {
		const finished = page.next === undefined;
		round.page.listings.push({ parent: key, type: 'message', state: finished ? 'finished' : 'going', seen });
		if (finished) run.relisting.delete(task.id);
	}
}

/** The link has expired (410) or belongs to another Graph host: everything again, compared with the catalog. */
function beginAnew(run: MessageEnumeration, task: FolderTask, round: Round, queue: FolderTask[]): void {
	const key = scopedId(task.id);
	run.relisting.add(task.id);
	round.page.links[key] = null;
	round.page.listings.push({ parent: key, type: 'message', state: 'restarted', seen: [] });
	const again: FolderTask = { id: task.id, cursor: startCursor(run.context, task.id), relisting: true, resumed: false, restarts: (task.restarts ?? 0) + 1 };
	if (again.restarts === MOST_RESTARTS) takeFailure(run, again, brokenOff(), round, queue);
	else queue.push(again);
}

function takeFailure(run: MessageEnumeration, task: FolderTask, failure: Failure, round: Round, queue: FolderTask[]): void {
	const { context } = run;
	const key = scopedId(task.id);
	if (isFailure(failure, 'cancelled')) throw failure;
	if (isFailure(failure, 'expiredCursor') && task.cursor.kind === 'link') {
		beginAnew(run, task, round, queue);
		return;
	}
	if (isFailure(failure, 'notFound')) {
		if (!isGone(failure)) throw failure;
		folderGone(context, task.id, round.page);
		round.page.links[key] = null;
		return;
	}
	if (isFailure(failure, 'quota')) {
		run.overQuota.add(task.id);
		return;
	}
	// The folder keeps its old entries and its old link and says so; the next run tries again (DESIGN §3.1).
	const path = context.tree.path(task.id).join('/');
	const node = context.tree.get(task.id);
	// Some folders of Recoverable Items are no mail folders at all.
	const isRefused = failure.kind === 'denied' || (failure.kind === 'invalid' && context.tree.isRecoverable(task.id));
	const neverRead = isRefused && task.cursor.kind === 'start' && run.links[key] === undefined && context.countsKnown && (node?.count ?? 0) === 0;
	const reason = `Folder "${path}": ${failure.title ?? failure.message}.${failure.nextStep === undefined ? '' : ` ${failure.nextStep}`}`;
	round.page.scopes.push({ id: key, name: path, state: neverRead ? 'excluded' : 'stale', reason });
	if (!neverRead) round.page.scopes.push({ id: 'mail', name: 'Mail', state: 'stale' });
}

/** One decision a message, even if several folders of the round reported it; questions are asked last, so theirs is the newest answer. */
async function decideRound(run: MessageEnumeration, round: Round): Promise<void> {
	const { context, known, signal } = run;
	const ids = [...new Set([...round.entries.keys(), ...round.questions])].map(scopedId);
	const before = await known.lookUp(ids);
	for (const [id, { message, folderId }] of round.entries) {
		if (round.questions.has(id)) continue;
		const parent = message.parentFolderId ?? folderId;
		const place = context.tree.isIncluded(parent) ? parent : folderId;
		const change = decideMessage(context, message, place, before.get(scopedId(id)));
		if (change === 'ask') round.questions.add(id);
		else if (change) round.page.changes.push(change);
	}
	const questions = [...round.questions];
	if (questions.length > 0) round.page.changes.push(...(await askMessages(context, questions, before, signal, round.removed)));
}

/**
 * Lists the ids of a folder and compares: finds messages that delta never showed (decided at once) and, through the
 * engine, catalog items that are not there any more.
 *
 * @param places Where many folders are compared in one run: spares looking up what is where it was.
 * @returns false if trouble that may pass cut it short: then it is to be compared again.
 */
export async function* reconcileFolder(run: MessageEnumeration, folderId: string, places?: KnownPlaces): AsyncGenerator<ChangePage, boolean> {
	const { context, known, signal } = run;
	const key = scopedId(folderId);
	const path = `${context.userPath}/mailFolders/${encodeURIComponent(folderId)}/messages?$select=id,parentFolderId&$top=1000`;
	let count = 0;
	yield { changes: [], listings: [{ parent: key, type: 'message', state: 'restarted', seen: [] }] };
	const pages = context.graph.pages<GraphMessage>({ path, signal })[Symbol.asyncIterator]();
	for (;;) {
		let messages: GraphMessage[];
		try {
			const next = await pages.next();
			if (next.done === true) break;
			messages = next.value;
		} catch (error) {
			// Only a comparison: what delta said still stands.
			const failure = toFailure(error);
			if (!isFailure(failure, 'denied', 'notFound', 'transient', 'throttled', 'corrupt')) throw failure;
			yield { changes: [], listings: [{ parent: key, type: 'message', state: 'abandoned', seen: [] }] };
			return isFailure(failure, 'denied', 'notFound');
		}
		const seen = [...new Set(messages.map((message) => scopedId(message.id)))];
		count += seen.length;
		const elsewhere = messages.map(({ id }) => id).filter((id) => places?.parentOf(scopedId(id)) !== key);
		const before: Map<string, KnownItem> = await known.lookUp([...new Set(elsewhere.map(scopedId))]);
		const unknown = elsewhere.filter((id) => before.get(scopedId(id))?.parent !== key);
		const changes: Change[] = unknown.length === 0 ? [] : await askMessages(context, [...new Set(unknown)], before, signal);
		yield { changes, listings: [{ parent: key, type: 'message', state: 'going', seen }] };
	}
	const node = context.tree.get(folderId);
	if (node) node.count = count;
	yield { changes: [], listings: [{ parent: key, type: 'message', state: 'finished', seen: [] }] };
	return true;
}
