import { DAY_MS } from './calendar-time-zones';
import type { Json } from './event-record';
import type { Mailbox } from './mailbox';
import { SeededRandom } from './seeded-random';

const SUBJECTS = ['Stand-up', 'Planning', 'Review mit Kunde', 'Lunch', 'Interview', '1:1', 'Zahnarzt', 'Release', 'Größere Runde'];
const PLACES = ['Room 1', 'Berlin / Raum „Spree“', '', 'Online'];
const GUESTS = ['bruno@fabrikam.example', 'chiara@fabrikam.example', 'd.okafor@contoso.example'];
const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday'];
const LAST_DAY_MS = Date.UTC(2026, 11, 1);

/** Adds calendars and events (some of them series, meetings, whole days), the same for the same seed. */
export function fillCalendars(mailbox: Mailbox, options: { events: number; seed: number }): void {
	const random = new SeededRandom(options.seed, 77);
	const { calendar } = mailbox;
	const calendars = [calendar.default];
	if (options.events > 20) calendars.push(calendar.addCalendar('Work', { color: 'lightBlue' }), calendar.addCalendar('Private'));
	for (let index = 0; index < options.events; index++) {
		const day = new Date(LAST_DAY_MS - Math.floor(random.next() * 1000) * DAY_MS).toISOString().slice(0, 10);
		const sort = random.next();
		const json: Json = sort < 0.1 ? wholeDay(day) : anHour(day, 7 + Math.floor(random.next() * 10));
		Object.assign(json, {
			subject: `${random.pick(SUBJECTS)} ${index + 1}`,
			body: { contentType: 'html', content: `<p>About ${index + 1}</p>` },
			location: { displayName: random.pick(PLACES) },
			createdDateTime: `${day}T06:00:00Z`,
		});
		if (sort > 0.9) json.recurrence = series(day, random);
		if (random.chance(0.25)) Object.assign(json, meeting(random));
		if (random.chance(0.1)) json.categories = ['Blue category'];
		const event = calendar.addEvent(random.pick(calendars), json);
		if (random.chance(0.05)) calendar.addAttachment(event, { name: `agenda ${index + 1}.txt`, contentType: 'text/plain', contentBytes: Buffer.from(`Agenda of ${index + 1}`).toString('base64') });
	}
}

function anHour(day: string, hour: number): Json {
	const at = (h: number): Json => ({ dateTime: `${day}T${String(h).padStart(2, '0')}:00:00`, timeZone: 'W. Europe Standard Time' });
	return { start: at(hour), end: at(hour + 1) };
}

function wholeDay(day: string): Json {
	const at = (date: string): Json => ({ dateTime: `${date}T00:00:00`, timeZone: 'W. Europe Standard Time' });
	return { start: at(day), end: at(new Date(Date.parse(day) + DAY_MS).toISOString().slice(0, 10)), isAllDay: true };
}

function series(day: string, random: SeededRandom): Json {
	const range = { type: 'numbered', startDate: day, numberOfOccurrences: 4 + Math.floor(random.next() * 20), recurrenceTimeZone: 'W. Europe Standard Time' };
	if (random.chance(0.5)) return { pattern: { type: 'weekly', interval: 1, daysOfWeek: [random.pick(DAYS), 'wednesday'] }, range };
	return { pattern: { type: 'absoluteMonthly', interval: 1, dayOfMonth: Number(day.slice(8)) }, range };
}

function meeting(random: SeededRandom): Json {
	const address = random.pick(GUESTS);
	const attendees = [{ type: 'required', emailAddress: { name: address, address } }];
	if (random.chance(0.5)) return { attendees, isOnlineMeeting: true };
	return { attendees, isOrganizer: false, organizer: { emailAddress: { name: address, address } }, responseStatus: { response: 'accepted', time: '2026-01-05T08:00:00Z' } };
}
