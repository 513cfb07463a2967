import type { GraphAttendee, GraphEvent, GraphPerson } from './graph-event';

/**
 * What Graph cannot give back without notifying people or making a new meeting, as lines of text: who organised it, who was
 * invited and what they answered, where it took place online.
 */
export function peopleAndLinks(event: GraphEvent): string[] {
	const lines: string[] = [];
	const attendees = event.attendees ?? [];
	if (attendees.length > 0 || event.isOrganizer === false) {
		const organizer = nameOf(event.organizer);
		if (organizer !== '') lines.push(`Organizer: ${organizer}`);
	}
	if (attendees.length > 0) lines.push(`Attendees: ${attendees.map(attendeeText).join('; ')}`);
	const own = event.responseStatus?.response;
	if (event.isOrganizer === false && own && own !== 'none' && own !== 'organizer') lines.push(`Own answer: ${ANSWERS[own] ?? own}`);
	const url = meetingUrl(event);
	if (url !== undefined) lines.push(`Online meeting: ${url}`);
	const { conferenceId, tollNumber } = event.onlineMeeting ?? {};
	if (url !== undefined && tollNumber) lines.push(`By phone: ${[tollNumber, conferenceId && `conference ID ${conferenceId}`].filter(Boolean).join(', ')}`);
	return lines;
}

/** The link to an event's online meeting, if it has one. */
export function meetingUrl(event: GraphEvent): string | undefined {
	const url = event.onlineMeeting?.joinUrl ?? event.onlineMeetingUrl;
	return url ? url : undefined;
}

const ANSWERS: Readonly<Record<string, string>> = {
	accepted: 'accepted',
	tentativelyAccepted: 'tentative',
	declined: 'declined',
	organizer: 'organizer',
	notResponded: 'no answer',
	none: 'no answer',
};

function attendeeText(attendee: GraphAttendee): string {
	const answer = ANSWERS[attendee.status?.response ?? 'none'] ?? attendee.status?.response ?? '';
	const type = attendee.type && attendee.type !== 'required' ? `${attendee.type}, ` : '';
	return `${nameOf(attendee)} (${type}${answer})`;
}

function nameOf(person: GraphPerson | null | undefined): string {
	const { name, address } = person?.emailAddress ?? {};
	if (!address) return name ?? '';
	return name && name !== address ? `${name} <${address}>` : address;
}

/** A text with these lines behind it, in its own format. */
export function withLines(body: { contentType: string; content: string }, lines: readonly string[]): { contentType: string; content: string } {
	if (lines.length === 0) return body;
	if (body.contentType !== 'html') {
		const before = body.content === '' ? '' : `${body.content.replace(/\s+$/, '')}\n\n`;
		return { ...body, content: `${before}${lines.join('\n')}\n` };
	}
	const block = `<hr><p>${lines.map(escapeHtml).join('<br>')}</p>`;
	const end = body.content.search(/<\/body\s*>/i);
	return { ...body, content: end < 0 ? body.content + block : body.content.slice(0, end) + block + body.content.slice(end) };
}

function escapeHtml(text: string): string {
	return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
