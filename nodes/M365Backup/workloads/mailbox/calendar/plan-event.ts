import { Failure, isFailure } from '../../../base/failure';
import type { ConflictPolicy } from '../../restorer';
import type { FoundMarker } from '../restore/folder-markers';
import type { Comparison } from './event-difference';
import type { LivingAnswer } from './living-event';
import { concernsOthers } from './living-event';
import type { TargetCalendar } from './target-calendars';

/** What is to be done for one event. What `replaces` names is deleted once the restored one stands. */
export type EventPlan =
	| { do: 'nothing'; id: string; reason: string; replaces?: string }
	/** A restore that was interrupted made it; occurrences or attachments are missing. */
	| { do: 'complete'; id: string; reason: string; replaces?: string }
	| { do: 'create'; replaces?: string; reason?: string }
	| { do: 'fail'; failure: Pick<Failure, 'kind' | 'message' | 'nextStep'> };

export interface EventPlanInput {
	target: TargetCalendar;
	policy: ConflictPolicy;
	marker: FoundMarker | undefined;
	/** State of the original; undefined if it is not to be looked for (another mailbox or calendar, or keepBoth). */
	original: LivingAnswer | undefined;
	/** Of an original in its place, where the policy is `replace`. */
	compare: () => Promise<Comparison>;
	/** Of what an interrupted restore had begun: whether it has got guests meanwhile. */
	hasGuests: (eventId: string) => Promise<boolean>;
	/** Display name of a calendar of the mailbox. */
	nameOf: (calendarId: string) => Promise<string>;
}

/**
 * The order of DESIGN §6, Restore markers: the mark, the living original, then anew. Graph documents no way to move an event
 * out of Deleted Items or into another calendar (`POST /messages/{id}/move` is for messages), so that nothing is moved back.
 */
export async function planEvent(input: EventPlanInput): Promise<EventPlan> {
	const { marker, original, target, policy } = input;
	if (marker) return await planMarked(input, marker);
	if (policy === 'keepBoth' || original === undefined || original === null) return { do: 'create' };
	if (isFailure(original)) return { do: 'fail', failure: original };
	const { event, calendarId } = original;
	if (calendarId === 'unknown') {
		return { do: 'fail', failure: new Failure('transient', 'Microsoft 365 did not tell whether the event is still in its calendar', { nextStep: 'Restore it again later' }) };
	}
	if (calendarId === undefined) return { do: 'create', reason: 'The original was deleted; Microsoft Graph cannot take it out of Deleted Items, so it was made anew' };
	if (calendarId !== target.id) {
		const name = await input.nameOf(calendarId);
		return { do: 'nothing', id: event.id, reason: `It is in the calendar "${name}" now, and Microsoft Graph cannot move events; Keep Both makes a copy` };
	}
	if (policy === 'skip') return { do: 'nothing', id: event.id, reason: 'It is in its place' };
	const { differs, hasGuests } = await input.compare();
	if (!differs) return { do: 'nothing', id: event.id, reason: 'It is in its place, as it was' };
	if (concernsOthers(event) || hasGuests) {
		const reason = 'It was changed since, but setting it back would notify the other people in it, so it was left as it is; Keep Both makes a copy';
		return { do: 'nothing', id: event.id, reason };
	}
	return { do: 'create', replaces: event.id, reason: 'It was changed; the changed one is in Deleted Items' };
}

async function planMarked(input: EventPlanInput, marker: FoundMarker): Promise<EventPlan> {
	const replaces = await unfinishedReplacement(input, marker);
	if (marker.state === 'open' && (await input.hasGuests(marker.id))) {
		const reason = 'An interrupted restore had begun it; people were invited to it since, and finishing it would notify the other people, so it was left as it is; Keep Both makes a copy';
		return { do: 'nothing', id: marker.id, reason };
	}
	if (marker.state === 'open') return { do: 'complete', id: marker.id, reason: 'An interrupted restore had begun it', ...replaces };
	return { do: 'nothing', id: marker.id, reason: restoredBefore(input.policy), ...replaces };
}

/** What was made by a restore is not held against the snapshot again: it never is quite the same. */
function restoredBefore(policy: ConflictPolicy): string {
	return policy === 'replace' ? 'It was restored before; if it was changed since, delete it and restore it again' : 'It was restored before';
}

/** A replacement that was interrupted before the old one was deleted. */
async function unfinishedReplacement(input: EventPlanInput, marker: FoundMarker): Promise<{ replaces?: string }> {
	const { original, policy, target } = input;
	if (policy !== 'replace' || !original || isFailure(original)) return {};
	const { event, calendarId } = original;
	if (calendarId !== target.id || event.id === marker.id || concernsOthers(event)) return {};
	const { differs, hasGuests } = await input.compare();
	return differs && !hasGuests ? { replaces: event.id } : {};
}
