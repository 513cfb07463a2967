import { describe, expect, it } from 'vitest';
import { documentBytes, parseDocument, type EventDocument } from '../../../../nodes/M365Backup/workloads/mailbox/calendar/event-document';
import { eventMeta, occurrencesMark } from '../../../../nodes/M365Backup/workloads/mailbox/calendar/event-meta';
import { eventRequest } from '../../../../nodes/M365Backup/workloads/mailbox/calendar/event-request';
import { seriesEnd, zoneOfEvent } from '../../../../nodes/M365Backup/workloads/mailbox/calendar/event-times';
import type { GraphEvent } from '../../../../nodes/M365Backup/workloads/mailbox/calendar/graph-event';
import { ianaZone } from '../../../../nodes/M365Backup/workloads/mailbox/calendar/zones';
import { cpuTimer } from '../../../support/cpu-time';

const now = new Date('2026-11-22T12:00:00Z');
const utc = (dateTime: string): { dateTime: string; timeZone: string } => ({ dateTime: `${dateTime}.0000000`, timeZone: 'UTC' });

function event(more: Partial<GraphEvent> & Record<string, unknown> = {}): GraphEvent {
	return { id: 'AAMk', type: 'singleInstance', subject: 'Event', start: utc('2026-12-01T23:30:00'), end: utc('2026-12-02T00:30:00'), originalStartTimeZone: 'W. Europe Standard Time', originalEndTimeZone: 'W. Europe Standard Time', ...more };
}

const series = (range: Record<string, unknown>, more: Partial<GraphEvent> = {}): GraphEvent =>
	event({ type: 'seriesMaster', recurrence: { pattern: { type: 'weekly', interval: 1, daysOfWeek: ['wednesday'], firstDayOfWeek: 'monday', month: 0, dayOfMonth: 0, index: 'first' }, range: { startDate: '2026-12-02', ...range } }, ...more });

describe('the request that makes an event anew', () => {
	it('names nobody, and nothing that only Graph decides', () => {
		const { body } = eventRequest(event({ attendees: [{ emailAddress: { name: 'Ada', address: 'ada@x.example' } }], organizer: { emailAddress: { address: 'a@x.example' } }, iCalUId: '0400', transactionId: 't', isOnlineMeeting: true, onlineMeetingProvider: 'teamsForBusiness', changeKey: 'k', responseRequested: true, webLink: 'https://x' }), now);
		for (const key of ['attendees', 'organizer', 'iCalUId', 'transactionId', 'isOnlineMeeting', 'onlineMeetingProvider', 'onlineMeeting', 'changeKey', 'id', 'webLink', 'type']) expect(body).not.toHaveProperty(key);
		expect(body).toMatchObject({ responseRequested: false });
	});

	it('says times in the zone that they had, and a series its day there', () => {
		expect(eventRequest(event(), now).body).toMatchObject({ start: { dateTime: '2026-12-02T00:30:00', timeZone: 'W. Europe Standard Time' } });
		expect(eventRequest(series({ type: 'noEnd', recurrenceTimeZone: '', endDate: '0001-01-01', numberOfOccurrences: 0 }), now).body['recurrence']).toEqual({
			pattern: { type: 'weekly', interval: 1, daysOfWeek: ['wednesday'], firstDayOfWeek: 'monday' },
			range: { type: 'noEnd', startDate: '2026-12-02', recurrenceTimeZone: 'W. Europe Standard Time' },
		});
		expect(eventRequest(event({ isAllDay: true, start: utc('2026-12-24T00:00:00'), end: utc('2026-12-25T00:00:00') }), now).body).toMatchObject({ start: { dateTime: '2026-12-24T00:00:00' }, end: { dateTime: '2026-12-25T00:00:00' } });
	});

	it('does not write the link to a meeting twice', () => {
		const link = 'https://teams.example/join/1';
		const { body, fidelity } = eventRequest(event({ isOnlineMeeting: true, onlineMeeting: { joinUrl: link }, body: { contentType: 'html', content: `<a href="${link}">Join</a>` } }), now);
		expect((body['body'] as { content: string }).content).toBe(`<a href="${link}">Join</a>`);
		expect(fidelity).toHaveLength(1);
	});

	it('shortens a text that no request holds, and keeps the whole', () => {
		const content = `<p>${'ö"'.repeat(2_000_000)}</p>`;
		const { body, wholeText, fidelity } = eventRequest(event({ body: { contentType: 'html', content } }), now);
		expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThan(4 * 1024 * 1024);
		expect(wholeText).toBe(content);
		expect(fidelity[0]).toMatch(/3 MB/);
	});

	it('leaves out what Outlook alone may say of a place', () => {
		const place = { displayName: 'Room', locationType: 'default', uniqueId: 'x', uniqueIdType: 'private', address: { city: '' }, coordinates: {} };
		expect(eventRequest(event({ locations: [place], location: place }), now).body).toMatchObject({ locations: [{ displayName: 'Room', locationType: 'default' }] });
		expect(eventRequest(event({ location: { displayName: '', locationType: 'default', address: {} } }), now).body).not.toHaveProperty('location');
	});
});

describe('zones and ends', () => {
	it('are known by Windows and IANA names', () => {
		expect(['W. Europe Standard Time', 'Europe/Zurich', 'UTC', 'tzone://Microsoft/Utc', 'tzone://Microsoft/Custom', 'Customized Time Zone', '', 'No/Where', null].map((name) => ianaZone(name))).toEqual(['Europe/Berlin', 'Europe/Zurich', 'Etc/UTC', 'Etc/UTC', undefined, undefined, undefined, undefined, undefined]);
	});

	it('stand in for custom ones so that a series begins on its day', () => {
		expect(zoneOfEvent(series({ type: 'noEnd', recurrenceTimeZone: 'tzone://Microsoft/Custom' }, { originalStartTimeZone: 'tzone://Microsoft/Custom' }))).toEqual({ name: 'Etc/GMT-1', iana: 'Etc/GMT-1', isSubstitute: true });
	});

	it.each([
		[{ type: 'noEnd' }, null],
		[{ type: 'numbered', numberOfOccurrences: 2 }, '2026-12-09T00:30:00.000Z'],
		[{ type: 'endDate', endDate: '2026-12-16' }, '2026-12-16T00:30:00.000Z'],
		// In summer the same wall clock is another time.
		[{ type: 'endDate', endDate: '2199-07-01' }, '2199-06-25T23:30:00.000Z'],
	])('of a series: %j', (range, expected) => {
		const spentMs = cpuTimer();
		const end = seriesEnd(series(range));
		expect(end === null ? null : end?.toISOString()).toBe(expected);
		expect(spentMs()).toBeLessThan(500);
	});
});

describe('the document of an event', () => {
	const document = (event_: GraphEvent): EventDocument => ({ event: event_, exceptions: [], cancelled: ['2026-12-09', '2026-12-02'], attachments: [] });

	it('is the same for the same state, however Graph orders it and whatever moves by itself', () => {
		const one = documentBytes(document(event({ '@odata.etag': 'a', changeKey: '1', lastModifiedDateTime: '2026-01-01T00:00:00Z', location: { displayName: 'Room', locationType: 'default' } })));
		const { subject, ...rest } = event({ '@odata.etag': 'b', '@odata.context': 'https://x', changeKey: '2', lastModifiedDateTime: '2026-02-01T00:00:00Z', location: { locationType: 'default', displayName: 'Room' } });
		const other = documentBytes({ ...document({ ...rest, subject: subject ?? '' }), cancelled: ['2026-12-02', '2026-12-09'] });
		expect(other.toString()).toBe(one.toString());
		expect(one.toString()).toMatch(/^\{\n {2}"event": \{\n {4}"id": "AAMk",\n {4}"type"/);
		expect(parseDocument(one.toString())).toMatchObject({ event: { subject: 'Event' }, exceptions: [], attachments: [] });
	});

	it('has a mark for its occurrences that moves with each of them', () => {
		const mark = (keys: string[], cancelled: string[]): string => occurrencesMark(keys.map((changeKey, index) => ({ id: String(index), changeKey })), cancelled);
		const marks = [mark([], []), mark(['a'], []), mark(['b'], []), mark(['b'], ['2026-12-02']), mark(['b', 'c'], [])];
		expect(new Set(marks).size).toBe(marks.length);
		expect(mark(['a', 'b'], ['2026-12-09', '2026-12-02'])).toBe(mark(['a', 'b'], ['2026-12-02', '2026-12-09']));
	});

	it('gives its line what search shows, and nothing that is empty', () => {
		expect(eventMeta(event({ subject: '', attendees: [], categories: [], location: { displayName: '' }, isCancelled: false, isOnlineMeeting: false, hasAttachments: false }))).toEqual({ kind: 'single', start: '2026-12-01T23:30:00.000Z', end: '2026-12-02T00:30:00.000Z' });
		expect(eventMeta(series({ type: 'noEnd' }, { isCancelled: true, isOnlineMeeting: true }))).toMatchObject({ kind: 'series', endless: true, cancelled: true, online: true });
	});
});
