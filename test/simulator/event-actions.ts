import type { MailboxCalendar } from './calendar-store';
import { stateOf, type EventInstance } from './event-instance';
import { guestsOf } from './event-input';
import { notify } from './event-writes';
import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { badRequest } from './graph-error';
import { jsonBody } from './json-body';
import { isoSeconds } from './message-json';
import { need } from './permissions';

const RESPONSES: Record<string, string> = { accept: 'accepted', decline: 'declined', tentativelyaccept: 'tentativelyAccepted' };

/** `/accept`, `/decline`, `/tentativelyAccept`, `/cancel`, `/forward`. */
export async function answerInvitation(
	request: GraphRequest,
	store: MailboxCalendar,
	instance: EventInstance,
	action: string,
	named: (tail: string, answer: GraphAnswer) => GraphAnswer,
): Promise<GraphAnswer> {
	const response = RESPONSES[action];
	if (response === undefined && action !== 'cancel' && action !== 'forward') return miss();
	need(request, 'writeCalendars');
	const body = jsonBody(request);
	const state = stateOf(instance);
	const subject = state.subject ?? '';
	if (action === 'forward') {
		const recipients = (body.ToRecipients ?? body.toRecipients ?? []) as { emailAddress?: { address?: string } }[];
		notify(request, store, 'invitation', subject, recipients.map(({ emailAddress }) => emailAddress?.address ?? ''));
		return named('/forward', { status: 202 });
	}
	if (action === 'cancel') {
		if (!state.isOrganizer) throw badRequest('Your request can\'t be completed. You need to be an organizer to cancel a meeting.', 'ErrorAccessDenied');
		notify(request, store, 'cancellation', subject, guestsOf(state));
		store.deleteInstance(instance);
		return named('/cancel', { status: 202 });
	}
	const name = action === 'tentativelyaccept' ? 'tentativelyAccept' : action;
	if (state.isOrganizer) throw badRequest('Your request can\'t be completed. You can\'t respond to this meeting because you\'re the meeting organizer.', 'ErrorInvalidRequest');
	const organizer = ((state.organizer.emailAddress ?? {}) as { address?: string }).address ?? '';
	if ((body.SendResponse ?? body.sendResponse) !== false) notify(request, store, 'response', subject, [organizer]);
	if (action === 'decline') store.deleteInstance(instance);
	else store.change(instance, { responseStatus: { response, time: isoSeconds(store.mailbox.tenant.clock.nowMs()) } });
	return named(`/${name}`, { status: 202 });
}
