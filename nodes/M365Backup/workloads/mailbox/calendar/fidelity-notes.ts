/** What a result says about an event that did not come back as it was. */
export const EVENT_NOTES = {
	attendees: 'Its attendees and their answers are listed in the text: they were not invited again.',
	organizer: 'Somebody else organised it: it is back as an event of this mailbox, with the organiser named in the text.',
	online: 'Its online meeting cannot be made again: the link to it is in the text.',
	cancelled: 'Its organiser had cancelled it: it is back as a plain event.',
	longText: 'Its text is longer than one request may be (3 MB) and is back shortened, with the whole text attached.',
	careful: (why: string): string => `Microsoft Graph refused the full request (${why}): time zones are back under their Windows names, places by their name alone.`,
	zone: (name: string): string => `Its own time zone is none that Microsoft Graph takes: it is back at the right time, shown in ${name}.`,
	seriesZone: (name: string): string =>
		`Its own time zone is none that Microsoft Graph takes: the series is back in ${name}, so that its times may be an hour off for a part of the year.`,
	links: (names: readonly string[]): string => `Links to cloud files cannot be attached again: ${names.join(', ')}.`,
	items: (names: readonly string[]): string => `Attached Outlook items are back as files: ${names.join(', ')}.`,
	missing: (names: readonly string[]): string => `The backup holds no content of its attachment ${names.join(', ')}.`,
	occurrences: (dates: readonly string[]): string =>
		`The restored series takes no such change on ${dates.join(', ')}: there the occurrence is as in the rest of the series.`,
	window: (from: string, to: string): string =>
		`Changed and cancelled occurrences were backed up from ${from.slice(0, 10)} to ${to.slice(0, 10)} only, since this Microsoft cloud does not list them.`,
} as const;
