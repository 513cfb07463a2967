import { Failure, isFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { ChangePage, EnumerationInput } from '../../workload';
import type { MailboxOptions } from '../mailbox-options';
import type { MailboxPart } from '../mailbox-part';
import { PART_TITLES } from '../mailbox-part';
import { compareLists } from './compare-lists';
import { askTasks, questionsAbout } from './decide-task';
import { fetchTasks } from './fetch-tasks';
import { type KnownLists, listsFromCatalog, listsFromNotes, readLists } from './task-lists';
import { readTaskChanges } from './task-changes';
import { TASKS_PART, type TasksContext } from './tasks-context';

const RETRY_PAGE = 200;
const DAY_MS = 24 * 3600 * 1000;
const WEEK_MS = 7 * DAY_MS;

interface TasksRun {
	context: TasksContext;
	relisting: Set<string>;
	unfinished: Set<string>;
	/** ISO 8601: when the steps of open tasks were last compared. */
	openReadAt: string;
	/** ISO 8601: when all tasks were last listed and compared. */
	reconciledAt: string;
	/** What the cursor held, until this run knows better. */
	notes: JsonObject;
	isUnderWay: boolean;
}

/** The To Do lists and tasks of one mailbox. One instance serves one run. */
export function tasksPart(options: MailboxOptions): MailboxPart {
	const run: TasksRun = {
		context: { graph: options.graph, userPath: `/users/${options.mailboxId}`, ambient: options.ambient, lists: new Map(), expandWorks: true },
		relisting: new Set(),
		unfinished: new Set(),
		openReadAt: NEVER,
		reconciledAt: NEVER,
		notes: {},
		isUnderWay: false,
	};
	const { context } = run;
	return {
		name: TASKS_PART,
		enumerate: (input) => enumerateTasks(run, input),
		fetch: (requests, signal) => fetchTasks(context, requests, signal),
		confirmMissing: async (ids, known, signal) => {
			const before = await known.lookUp(ids);
			return await askTasks(context, questionsAbout(ids, before), before, signal);
		},
		notes: () => (run.isUnderWay ? { [TASKS_PART]: notesOf(run) } : run.notes),
	};
}

const NEVER = new Date(0).toISOString();

function notesOf(run: TasksRun): JsonObject {
	return {
		lists: Object.fromEntries([...run.context.lists].map(([id, node]) => [id, { ...node }])),
		...(run.relisting.size > 0 ? { relisting: [...run.relisting] } : {}),
		...(run.unfinished.size > 0 ? { unfinished: [...run.unfinished] } : {}),
		openReadAt: run.openReadAt,
		reconciledAt: run.reconciledAt,
	};
}

function takeUp(run: TasksRun, input: EnumerationInput): () => Promise<KnownLists> {
	const kept = input.notes[TASKS_PART] as JsonObject | undefined;
	run.notes = kept === undefined ? {} : { [TASKS_PART]: kept };
	run.relisting = new Set(idsIn(kept?.['relisting']));
	run.unfinished = new Set(idsIn(kept?.['unfinished']));
	if (typeof kept?.['openReadAt'] === 'string') run.openReadAt = kept['openReadAt'];
	if (typeof kept?.['reconciledAt'] === 'string') run.reconciledAt = kept['reconciledAt'];
	return async () => {
		const remembered = listsFromNotes(kept);
		if (remembered) return { lists: remembered, hasRoot: true };
		return input.isFirst ? { lists: new Map(), hasRoot: false } : await listsFromCatalog(input.known);
	};
}

const NO_TO_DO = 'Tasks: this mailbox has no Microsoft To Do that applications can read (it is missing in some clouds and licences). They are left out';

/** Where there is no To Do, its very path is unknown. Without a mailbox nothing else can be read either. */
function withoutToDo(error: unknown): Failure {
	if (isFailure(error, 'invalid', 'notFound') && !/mailboxnot|invaliduser|nonexistentmailbox/i.test(error.code ?? '')) return error;
	throw error;
}

function idsIn(value: unknown): string[] {
	return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

async function* enumerateTasks(run: TasksRun, input: EnumerationInput): AsyncGenerator<ChangePage> {
	const { context } = run;
	const { known, links, signal } = input;
	const lists = await readLists(context, takeUp(run, input), signal).catch(withoutToDo);
	if (lists instanceof Failure) {
		yield { changes: [], scopes: [{ id: TASKS_PART, name: PART_TITLES[TASKS_PART], state: 'denied', reason: NO_TO_DO, andBelow: true }] };
		return;
	}
	const { page, before } = lists;
	run.isUnderWay = true;
	yield page;

	for (let start = 0; start < input.retry.length; start += RETRY_PAGE) {
		const ids = input.retry.slice(start, start + RETRY_PAGE);
		const items = await known.lookUp(ids);
		yield { changes: await askTasks(context, questionsAbout(ids, items), items, signal) };
	}
	yield* readTaskChanges({ context, known, links, listedBefore: new Set(before.keys()), relisting: run.relisting, unfinished: run.unfinished, signal });

	const now = context.ambient.now();
	// Everything is new, and was read with its steps. A listing that meets known tasks compares their etags alone.
	if (before.size === 0) {
		run.openReadAt = now.toISOString();
		run.reconciledAt = now.toISOString();
		yield { changes: [] };
		return;
	}
	const all = input.isInDoubt === true || now.getTime() - Date.parse(run.reconciledAt) >= WEEK_MS;
	if (!all && now.getTime() - Date.parse(run.openReadAt) < DAY_MS) return;
	if (!(yield* compareLists(context, known, all, signal))) return;
	run.openReadAt = now.toISOString();
	if (all) run.reconciledAt = now.toISOString();
	yield { changes: [] };
}
