import type { Ambient } from '../../../base/ambient';
import type { JsonObject } from '../../../base/json';
import type { GraphClient } from '../../../graph/client';
import type { Change, ChangePage, EnumerationInput, KnownItems } from '../../workload';
import type { MailboxPart } from '../mailbox-part';
import { askEvents } from './ask-events';
import type { CalendarContext } from './calendar-context';
import { readCalendars } from './calendar-list';
import { readEventChanges } from './event-changes';
import { fetchEvents } from './fetch-events';

const WEEK_MS = 7 * 24 * 3600 * 1000;

export interface CalendarOptions {
	graph: GraphClient;
	/** The user's Entra GUID. */
	mailboxId: string;
	ambient: Ambient;
}

/** What a run carries from its first page to its notes. */
interface CalendarRun {
	context: CalendarContext;
	containers: string[];
	foreign: string[];
	/** Graph id of calendar → mark of its ids, as they are in the catalog. */
	idMarks: Map<string, string>;
	doubtful: Set<string>;
	/** Counts runs: living series take turns. */
	turn: number;
	/** ISO 8601: when every calendar was last compared with the catalog. */
	comparedAt: string | null;
	begun: boolean;
}

/** The calendars of one mailbox. One instance serves one run. */
export function calendarPart(options: CalendarOptions): MailboxPart {
	const run: CalendarRun = {
		context: {
			graph: options.graph,
			userPath: `/users/${options.mailboxId}`,
			ambient: options.ambient,
			calendars: new Map(),
			lacksExceptions: false,
		},
		containers: [],
		foreign: [],
		idMarks: new Map(),
		doubtful: new Set(),
		turn: 0,
		comparedAt: null,
		begun: false,
	};
	return {
		name: 'calendar',
		enumerate: (input) => enumerate(run, input),
		fetch: (requests, signal) => fetchEvents(run.context, requests, signal),
		confirmMissing: (ids, known, signal) => confirm(run, ids, known, signal),
		notes: () => notesOf(run),
	};
}

function notesOf(run: CalendarRun): JsonObject {
	const notes: JsonObject = {};
	if (!run.begun) return notes;
	const { containers, foreign, turn, comparedAt } = run;
	notes['calendar'] = { containers, foreign, ids: Object.fromEntries(run.idMarks), turn, comparedAt };
	return notes;
}

async function* enumerate(run: CalendarRun, input: EnumerationInput): AsyncGenerator<ChangePage> {
	const notes = input.notes['calendar'] as JsonObject | undefined;
	const now = run.context.ambient.now();
	const comparedAt = typeof notes?.['comparedAt'] === 'string' ? notes['comparedAt'] : null;
	const isDue = comparedAt === null || now.getTime() - Date.parse(comparedAt) >= WEEK_MS;
	const compareAll = input.isInDoubt === true || isDue;
	const noted = (key: string): string[] | undefined => (Array.isArray(notes?.[key]) ? (notes[key] as string[]) : undefined);

	const news = await readCalendars(run.context, input, {
		// In doubt, the catalog may hold more than the notes know.
		containers: input.isInDoubt === true ? undefined : noted('containers'),
		foreign: noted('foreign') ?? [],
	});
	run.containers = news.containers;
	run.foreign = news.foreign;
	run.turn = (typeof notes?.['turn'] === 'number' ? notes['turn'] : -1) + 1;
	run.comparedAt = comparedAt;
	for (const [id, mark] of Object.entries((notes?.['ids'] ?? {}) as Record<string, string>)) {
		if (run.context.calendars.has(id)) run.idMarks.set(id, mark);
	}
	run.begun = true;
	yield { changes: news.changes, scopes: news.scopes, listings: news.listings };

	const retry = new Set(input.retry);
	yield* readEventChanges({
		context: run.context,
		known: input.known,
		isFirst: input.isFirst,
		compareAll,
		retry,
		turn: run.turn,
		idMarks: run.idMarks,
		doubtful: run.doubtful,
		signal: input.signal,
	});
	// Failed before, and in no listing now.
	if (retry.size > 0) yield { changes: await confirm(run, [...retry], input.known, input.signal) };
	if (compareAll) run.comparedAt = now.toISOString();
}

async function confirm(run: CalendarRun, ids: readonly string[], known: KnownItems, signal: AbortSignal): Promise<Change[]> {
	const { changes, incomplete } = await askEvents(run.context, await known.lookUp(ids), run.doubtful, signal);
	// What a listing leaves out must be asked about again: only a full comparison would notice that it is gone one day.
	for (const id of incomplete) run.idMarks.delete(id);
	return changes;
}
