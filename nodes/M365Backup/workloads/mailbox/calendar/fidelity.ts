import type { FidelityRow } from '../restore/fidelity';

/** Events that are still in a calendar of the mailbox are left there; nothing is moved, since Graph cannot. */
export const LIVING_EVENT =
	'Events that are still in a calendar of the mailbox stay as they are. Those that were deleted are made anew, since Microsoft Graph cannot take them out of Deleted Items.';

/** An event that had to be made anew. Nobody is invited, told or asked by any of it. */
export const REBUILT_EVENT: readonly FidelityRow[] = [
	{ property: 'Calendar', result: 'equal', how: 'A calendar that is gone is made anew in its group, with its colour (of the ten that Microsoft Graph takes). A renamed one is used under its new name. Below a path: a calendar of its own, named after the path.', graph: ['calendar'] },
	{ property: 'Subject', result: 'equal', how: '', graph: ['subject'] },
	{ property: 'Text', result: 'equal', how: 'With people and links of meetings added, see there. Beyond 3 MB: shortened, with the whole text attached.', graph: ['body', 'bodyPreview'] },
	{ property: 'Start, end, all-day', result: 'equal', how: '', graph: ['start', 'end', 'isAllDay', 'originalStart'] },
	{ property: 'Time zone', result: 'equal', how: 'Windows and IANA zones. Custom zones of old Outlook versions are replaced by UTC or a fixed offset; the result says so.', graph: ['originalStartTimeZone', 'originalEndTimeZone'] },
	{ property: 'Series: pattern and range', result: 'equal', how: 'All patterns, with an end date, a number of occurrences or without end.', graph: ['recurrence', 'type', 'seriesMasterId'] },
	{ property: 'Changed and cancelled occurrences', result: 'equal', how: 'In the clouds for US government (High, DoD) and China, which do not list them: from one year back to two years ahead. A change that the service refuses is named in the result.', graph: ['exceptionOccurrences', 'cancelledOccurrences'] },
	{ property: 'Location', result: 'equal', how: 'All of them, with addresses. Rooms are named, not booked.', graph: ['location', 'locations'] },
	{ property: 'Show as, importance, sensitivity, categories', result: 'equal', how: 'Colours of categories belong to the mailbox.', graph: ['showAs', 'importance', 'sensitivity', 'categories'] },
	{ property: 'Reminder', result: 'close', how: 'As it was, unless its time has come: then it is off, so that a restore does not ring.', graph: ['isReminderOn', 'reminderMinutesBeforeStart'] },
	{ property: 'Attached files', result: 'equal', how: 'Those of single occurrences, too. A file that is a few hundred bytes smaller than 3 MB comes in a .zip file.', graph: ['attachments', 'hasAttachments'] },
	{ property: 'Attached Outlook items', result: 'close', how: 'As files (.eml, iCalendar, vCard).', graph: [] },
	{ property: 'Attendees and their answers', result: 'close', how: 'As lines in the text: Microsoft Graph would invite everybody anew.', graph: ['attendees', 'responseStatus'] },
	{ property: 'Organiser', result: 'close', how: 'As a line in the text; the event belongs to the mailbox it is restored into.', graph: ['organizer', 'isOrganizer'] },
	{ property: 'Online meeting', result: 'close', how: 'Its link as a line in the text; the meeting itself is not made again.', graph: ['onlineMeeting', 'isOnlineMeeting', 'onlineMeetingProvider', 'onlineMeetingUrl'] },
	{ property: 'Request for answers, proposals of new times, hidden attendees', result: 'never', how: 'They mean something only with attendees.', graph: ['responseRequested', 'allowNewTimeProposals', 'hideAttendees'] },
	{ property: 'Cancelled by its organiser', result: 'never', how: 'It comes back as a plain event; the result says so.', graph: ['isCancelled'] },
	{ property: 'Links to cloud files as attachments', result: 'never', how: 'Microsoft Graph does not tell where they lead; the result names them.', graph: [] },
	{ property: 'Ids, iCalUId, created and modified times, web link', result: 'never', how: 'Exchange gives a rebuilt event its own: answers to an old invitation no longer find it.', graph: [] },
];
