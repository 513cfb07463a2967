import { isFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { BatchRequest } from '../../../graph/client';
import { batchResult } from '../../../graph/client';
import { isGone } from '../../is-gone';
import type { Change, EnumerationInput, KnownItem, ListingNews, ScopeNews } from '../../workload';
import { PART_TITLES, partOf, partRootId } from '../mailbox-part';
import type { CalendarContext } from './calendar-context';
import { calendarPath, graphIdOf, scopedId } from './calendar-context';

interface GraphCalendar {
	id: string;
	name?: string | null;
	color?: string | null;
	isDefaultCalendar?: boolean | null;
	canEdit?: boolean | null;
	owner?: { name?: string | null; address?: string | null } | null;
}

interface GraphGroup {
	id: string;
	name?: string | null;
}

const CALENDAR_SELECT = 'id,name,color,isDefaultCalendar,canEdit,owner';

/** Which calendars and groups there are now, what of that is news, and what was left out. */
export interface CalendarNews {
	changes: Change[];
	scopes: ScopeNews[];
	listings: ListingNews[];
	/** Scoped ids of all folder lines, for the notes. */
	containers: string[];
	/** Graph ids of other people's calendars that are shown here. */
	foreign: string[];
}

/**
 * Reads all calendars and groups in two batches (more for mailboxes with over a hundred), and fills `context.calendars`.
 *
 * Left out, as scopes that say so: calendars of other people, which are backed up with their owner, and those that nobody
 * can edit (birthdays, holidays, subscriptions), which fill themselves.
 *
 * @param before What an earlier run noted.
 * @throws Failure if the calendars cannot be listed.
 */
export async function readCalendars(
	context: CalendarContext,
	input: Pick<EnumerationInput, 'known' | 'signal' | 'isFirst'>,
	before: { containers: readonly string[] | undefined; foreign: readonly string[] },
): Promise<CalendarNews> {
	const { signal } = input;
	const [calendars, groups] = await listBoth(context, signal);
	const groupOf = await membership(context, groups, calendars, signal);
	const own = new Map<string, GraphCalendar>();
	const news: CalendarNews = { changes: [], scopes: [], listings: [], containers: [], foreign: [] };
	const mine = [...calendars.values()].find((calendar) => calendar.isDefaultCalendar === true)?.owner?.address?.toLowerCase();
	for (const calendar of calendars.values()) {
		const owner = calendar.owner?.address?.toLowerCase();
		// Nobody takes over a calendar: one that was backed up before is still the mailbox's own, whatever address it now shows.
		const wasOwn = before.containers?.includes(scopedId(calendar.id)) === true && !before.foreign.includes(calendar.id);
		const isForeign = !wasOwn && mine !== undefined && owner !== undefined && owner !== '' && owner !== mine;
		if (isForeign) {
			news.foreign.push(calendar.id);
			// Said once: the next runs need not repeat it.
			const reason = before.foreign.includes(calendar.id) ? {} : { reason: foreignReason(calendar) };
			news.scopes.push({ id: scopedId(calendar.id), name: shownName(calendar), state: 'excluded', ...reason });
		} else if (calendar.canEdit === false && calendar.isDefaultCalendar !== true) {
			news.scopes.push({ id: scopedId(calendar.id), name: shownName(calendar), state: 'excluded' });
		} else own.set(calendar.id, calendar);
	}
	const lines = folderLines(context, groups, own, groupOf);
	news.containers = [...lines.keys()];
	news.changes = await changedLines(input, lines);
	await askVanished(context, input, before.containers, lines, news);
	for (const { id, path } of context.calendars.values()) news.scopes.push({ id: scopedId(id), name: path.join('/'), state: 'complete' });
	return news;
}

function shownName(calendar: GraphCalendar): string {
	return `${PART_TITLES.calendar}/${calendar.name ?? ''}`;
}

function foreignReason(calendar: GraphCalendar): string {
	const owner = calendar.owner?.name ?? calendar.owner?.address ?? 'somebody else';
	return `The calendar "${calendar.name ?? ''}" belongs to ${owner} and is not backed up with this mailbox, but with its owner's`;
}

async function listBoth(context: CalendarContext, signal: AbortSignal): Promise<[Map<string, GraphCalendar>, Map<string, GraphGroup>]> {
	const paths = new Map([
		['calendars', `${context.userPath}/calendars?$select=${CALENDAR_SELECT}&$top=100`],
		['groups', `${context.userPath}/calendarGroups?$select=id,name&$top=100`],
	]);
	const lists = await listAll<GraphCalendar>(context, paths, signal);
	const byId = (name: string): Map<string, GraphCalendar> => new Map((lists.get(name) ?? []).map((one) => [one.id, one]));
	return [byId('calendars'), byId('groups')];
}

/** Calendar → group. Calendars that only their group shows are added. */
async function membership(
	context: CalendarContext,
	groups: ReadonlyMap<string, GraphGroup>,
	calendars: Map<string, GraphCalendar>,
	signal: AbortSignal,
): Promise<Map<string, string>> {
	const paths = new Map(
		[...groups.keys()].map((id) => [id, `${context.userPath}/calendarGroups/${encodeURIComponent(id)}/calendars?$select=${CALENDAR_SELECT}&$top=100`]),
	);
	const groupOf = new Map<string, string>();
	for (const [group, members] of await listAll<GraphCalendar>(context, paths, signal)) {
		for (const calendar of members) {
			groupOf.set(calendar.id, group);
			if (!calendars.has(calendar.id)) calendars.set(calendar.id, calendar);
		}
	}
	return groupOf;
}

/** Several listings at once, their first pages in batches. @throws the first Failure. */
async function listAll<T>(context: CalendarContext, paths: ReadonlyMap<string, string>, signal: AbortSignal): Promise<Map<string, T[]>> {
	const found = new Map<string, T[]>();
	const requests: BatchRequest[] = [...paths].map(([id, path]) => ({ id, method: 'GET', path }));
	if (requests.length === 0) return found;
	for await (const answer of context.graph.batch(requests, { signal })) {
		const result = batchResult(answer);
		if (!result.ok) throw result.failure;
		const page = result.body as { value?: T[]; '@odata.nextLink'?: string };
		const items = [...(page.value ?? [])];
		const next = page['@odata.nextLink'];
		if (next !== undefined) for await (const more of context.graph.pages<T>({ path: next, signal })) items.push(...more);
		found.set(answer.id, items);
	}
	return found;
}

interface FolderLine {
	id: string;
	name: string;
	parent?: string;
	meta: JsonObject;
}

/** The group of the default calendar is where most people have all of theirs: its calendars stand at the top. */
function folderLines(
	context: CalendarContext,
	groups: ReadonlyMap<string, GraphGroup>,
	own: ReadonlyMap<string, GraphCalendar>,
	groupOf: ReadonlyMap<string, string>,
): Map<string, FolderLine> {
	const root = partRootId('calendar');
	const lines = new Map<string, FolderLine>([[root, { id: root, name: PART_TITLES.calendar, meta: { kind: 'root' } }]]);
	const defaultCalendar = [...own.values()].find((calendar) => calendar.isDefaultCalendar === true);
	const defaultGroup = defaultCalendar && groupOf.get(defaultCalendar.id);
	const filled = new Set([...own.keys()].map((id) => groupOf.get(id)));
	const empty = new Set([...groups.keys()].filter((id) => ![...groupOf.values()].includes(id)));
	for (const group of groups.values()) {
		if (group.id === defaultGroup || !(filled.has(group.id) || empty.has(group.id))) continue;
		lines.set(scopedId(group.id), { id: scopedId(group.id), name: group.name ?? '', parent: root, meta: { kind: 'calendarGroup' } });
	}
	for (const calendar of own.values()) {
		const group = lines.get(scopedId(groupOf.get(calendar.id) ?? ''));
		const name = calendar.name ?? '';
		context.calendars.set(calendar.id, { id: calendar.id, path: [PART_TITLES.calendar, ...(group ? [group.name] : []), name] });
		lines.set(scopedId(calendar.id), { id: scopedId(calendar.id), name, parent: group?.id ?? root, meta: calendarMeta(calendar) });
	}
	return lines;
}

function calendarMeta(calendar: GraphCalendar): JsonObject {
	return {
		kind: 'calendar',
		...(calendar.isDefaultCalendar === true ? { isDefault: true } : {}),
		...(calendar.color && calendar.color !== 'auto' ? { color: calendar.color } : {}),
	};
}

async function changedLines(input: Pick<EnumerationInput, 'known' | 'isFirst'>, lines: ReadonlyMap<string, FolderLine>): Promise<Change[]> {
	const known = input.isFirst ? new Map<string, KnownItem>() : await input.known.lookUp([...lines.keys()]);
	return [...lines.values()].flatMap((line): Change[] => {
		const before = known.get(line.id);
		if (before && before.name === line.name && before.parent === line.parent && sameMeta(before.meta, line.meta)) return [];
		return [{ kind: 'item', type: 'folder', ...line, isNew: !before }];
	});
}

function sameMeta(a: JsonObject, b: JsonObject): boolean {
	const key = (meta: JsonObject): string => JSON.stringify(Object.entries(meta).sort(([x], [y]) => (x < y ? -1 : 1)));
	return key(a) === key(b);
}

/** Folder lines that no listing shows any more: gone once Graph says 404 of each. Their events are asked for one by one. */
async function askVanished(
	context: CalendarContext,
	input: Pick<EnumerationInput, 'known' | 'signal' | 'isFirst'>,
	noted: readonly string[] | undefined,
	lines: ReadonlyMap<string, FolderLine>,
	news: CalendarNews,
): Promise<void> {
	if (input.isFirst) return;
	const before = noted ?? (await knownContainers(input));
	const vanished = await input.known.lookUp(before.filter((id) => !lines.has(id)));
	const requests: BatchRequest[] = [...vanished.values()].map((line) => ({
		id: line.id,
		method: 'GET',
		path: line.meta['kind'] === 'calendarGroup' ? `${context.userPath}/calendarGroups/${encodeURIComponent(graphIdOf(line.id))}` : calendarPath(context, graphIdOf(line.id)),
	}));
	if (requests.length === 0) return;
	for await (const answer of context.graph.batch(requests, { signal: input.signal })) {
		const line = vanished.get(answer.id);
		if (!line) continue;
		const result = batchResult(answer);
		if (!result.ok && isGone(result.failure)) {
			news.changes.push({ kind: 'gone', id: line.id });
			if (line.meta['kind'] === 'calendar') news.listings.push(...nothingIn(line.id));
			continue;
		}
		if (!result.ok && isFailure(result.failure, 'cancelled')) throw result.failure;
		// It is alive, or nobody can tell: what is stored of it stays, and the next run asks again.
		news.containers.push(line.id);
		if (line.meta['kind'] === 'calendar' && !news.scopes.some((scope) => scope.id === line.id)) {
			const reason = `The calendar "${line.name}" was not listed, but it is not gone either; it keeps its last state`;
			news.scopes.push({ id: line.id, name: `${PART_TITLES.calendar}/${line.name}`, state: 'stale', reason });
		}
	}
}

async function knownContainers(input: Pick<EnumerationInput, 'known'>): Promise<string[]> {
	const ids: string[] = [];
	for await (const folder of input.known.ofType('folder')) if (partOf(folder.id) === 'calendar') ids.push(folder.id);
	return ids;
}

/** News of a complete listing that shows nothing: everything that the catalog has in there becomes a question. */
function nothingIn(parent: string): ListingNews[] {
	return [
		{ parent, type: 'event', state: 'restarted', seen: [] },
		{ parent, type: 'event', state: 'finished', seen: [] },
	];
}
