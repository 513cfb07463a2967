import { Failure, isFailure, toFailure } from '../../../base/failure';
import type { RestorableItem, RestoreOutcome, Restorer, RestoreRequest } from '../../restorer';
import { isWithoutMailbox } from '../restore-mail';
import type { MailboxRestorerOptions } from '../mailbox-options';
import { FolderMarkers, type FoundMarker } from '../restore/folder-markers';
import { inFlight } from '../../in-flight';
import { partRestorer } from '../restore/part-restorer';
import type { RestoreContext } from '../restore/restore-context';
import { stopIfCancelled } from '../restore/restore-context';
import { failed } from '../restore/restore-message';
import { graphIdOf } from './calendar-context';
import type { Comparison } from './event-difference';
import { compareWithLiving, hasGuests } from './event-difference';
import type { LivingAnswer } from './living-event';
import { findLivingEvents, locate } from './living-event';
import { planEvent } from './plan-event';
import type { PlannedEvent } from './restore-event';
import { carryOut, NO_CONTENT, previewOutcome, readDocument } from './restore-event';
import type { TargetCalendar } from './target-calendars';
import { TargetCalendars } from './target-calendars';

/** Events planned together: their look-ups go in batches of twenty. */
const PLANNED_TOGETHER = 60;
/** Graph works on four requests of one mailbox at a time (throttling-limits, Outlook). */
const IN_FLIGHT = 4;

/** Gives one mailbox its calendars back. See DESIGN §6: restore markers, never notifies, fidelity. */
export function calendarRestorer(options: MailboxRestorerOptions): Restorer {
	return partRestorer(options, ['folder', 'event'], restoreCalendars);
}

async function* restoreCalendars(context: RestoreContext, request: RestoreRequest): AsyncGenerator<RestoreOutcome> {
	const news: RestoreOutcome[] = [];
	const report = (outcome: RestoreOutcome): number => news.push(outcome);
	const { folders, destination, preview } = request;
	const calendars = new TargetCalendars({ context, folders, destination, preview, report });
	const markers = new FolderMarkers(context, (id) => `/calendars/${encodeURIComponent(id)}/events`);
	const planner = new Planner(context, request, calendars, markers, report);

	yield* planner.selectedFolders(news);
	const work = (planned: PlannedEvent): Promise<RestoreOutcome> =>
		preview ? Promise.resolve(previewOutcome(planned)) : carryOut(context, markers, planned);
	for await (const outcome of inFlight(planner.plans(), IN_FLIGHT, work)) {
		yield* news.splice(0);
		yield outcome;
	}
	yield* news.splice(0);
}

interface Placed {
	item: RestorableItem;
	target: TargetCalendar;
	marker: FoundMarker | undefined;
}

/** Decides for event after event, a few dozen at a time, what is to be done. Preview and restore share it. */
class Planner {
	constructor(
		private readonly context: RestoreContext,
		private readonly request: RestoreRequest,
		private readonly calendars: TargetCalendars,
		private readonly markers: FolderMarkers,
		private readonly report: (outcome: RestoreOutcome) => void,
	) {}

	/** Calendars and groups that were selected themselves are wanted even if no event goes into them. */
	async *selectedFolders(news: RestoreOutcome[]): AsyncGenerator<RestoreOutcome> {
		for (const id of this.request.selectedFolders) {
			const folder = this.request.folders.get(id);
			if (!folder) continue;
			stopIfCancelled(this.context);
			try {
				if (folder.meta['kind'] === 'calendarGroup') await this.calendars.group(id);
				else if (folder.meta['kind'] === 'calendar') await this.calendars.target(id);
			} catch (error) {
				yield failed({ ...folder, type: 'folder' }, [], this.endable(error));
			}
			yield* news.splice(0);
		}
	}

	async *plans(): AsyncGenerator<PlannedEvent> {
		let together: RestorableItem[] = [];
		for await (const item of this.request.items) {
			stopIfCancelled(this.context);
			together.push(item);
			if (together.length < PLANNED_TOGETHER) continue;
			yield* this.planTogether(together);
			together = [];
		}
		yield* this.planTogether(together);
	}

	private async *planTogether(items: readonly RestorableItem[]): AsyncGenerator<PlannedEvent> {
		const { conflictPolicy: policy, destination } = this.request;
		const placed = await this.place(items);
		const looksForOriginals = this.context.isOriginalMailbox && destination.kind === 'original' && policy !== 'keepBoth';
		const originals = looksForOriginals ? await this.originals(placed.filter(({ marker }) => !marker || policy === 'replace')) : new Map<string, LivingAnswer>();
		for (const { item, target, marker } of placed) {
			const original = originals.get(graphIdOf(item.id));
			const compare = async (): Promise<Comparison> => await this.compare(item, original);
			const guests = (id: string): Promise<boolean> => hasGuests(this.context, id, item.meta['kind'] === 'series');
			const nameOf = (id: string): Promise<string> => this.calendars.nameOf(id);
			try {
				yield { item, target, plan: await planEvent({ target, policy, marker, original, compare, hasGuests: guests, nameOf }) };
			} catch (error) {
				this.report(failed(item, target.path, this.endable(error)));
			}
		}
	}

	private async originals(placed: readonly Placed[]): Promise<Map<string, LivingAnswer>> {
		const living = await findLivingEvents(this.context, placed.map(({ item }) => graphIdOf(item.id)));
		const expected = new Map(placed.flatMap(({ item, target }) => (target.id === null ? [] : [[graphIdOf(item.id), target.id] as const])));
		await locate(this.context, living, expected, () => this.calendars.ownIds());
		return living;
	}

	private async compare(item: RestorableItem, original: LivingAnswer | undefined): Promise<Comparison> {
		if (!original || isFailure(original)) return { differs: false, hasGuests: false };
		const document = await readDocument(item);
		if (!document) throw new Failure(NO_CONTENT.kind, NO_CONTENT.message, { nextStep: NO_CONTENT.nextStep });
		return await compareWithLiving(this.context, document, original.event);
	}

	/** Each event with its calendar and its marker; those whose calendar fails are reported and left out. */
	private async place(items: readonly RestorableItem[]): Promise<Placed[]> {
		const placed: Placed[] = [];
		for (const item of items) {
			try {
				const target = await this.calendars.target(item.parent);
				if (target.id !== null && target.isNew) this.markers.isEmpty(target.id);
				const marker = target.id === null ? undefined : (await this.markers.of(target.id)).get(item.markerKey);
				placed.push({ item, target, marker });
			} catch (error) {
				this.report(failed(item, [], this.endable(error)));
			}
		}
		return placed;
	}

	/** What concerns one event or calendar; throws what ends everything. */
	private endable(error: unknown): ReturnType<typeof toFailure> {
		const failure = toFailure(error);
		stopIfCancelled(this.context);
		if (isFailure(failure, 'cancelled') || isWithoutMailbox(failure)) throw failure;
		return failure;
	}
}
