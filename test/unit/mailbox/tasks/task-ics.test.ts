import fc from 'fast-check';
import ICAL from 'ical.js';
import { describe, expect, it } from 'vitest';
import { taskIcs } from '../../../../nodes/M365Backup/workloads/mailbox/tasks/task-ics';
import { randomRuns } from '../../../support/random-runs';

type Document = Parameters<typeof taskIcs>[0];
type Parts = Parameters<typeof taskIcs>[1];

async function icsOf(task: Document, parts: Parts = new Map()): Promise<string> {
	const chunks: Uint8Array[] = [];
	for await (const chunk of taskIcs({ id: 'AAMk', createdDateTime: '2026-11-01T08:00:00.123Z', ...task }, parts)) chunks.push(chunk);
	return Buffer.concat(chunks).toString('utf8');
}

function todo(ics: string): ICAL.Component {
	const calendar = new ICAL.Component(ICAL.parse(ics) as [string, unknown[], unknown[]]);
	return calendar.getFirstSubcomponent('vtodo')!;
}

const utc = (day: string, time = '00:00:00'): { dateTime: string; timeZone: string } => ({ dateTime: `${day}T${time}.0000000`, timeZone: 'UTC' });

describe('a task as an iCalendar file', () => {
	it('says everything that the task says', async () => {
		const ics = await icsOf(
			{
				title: 'Prüfung; Teil 1, "A"\\B',
				body: { contentType: 'html', content: '<html><body><p>Erste Zeile</p><p>Zweite &amp; letzte</p></body></html>' },
				status: 'inProgress',
				importance: 'high',
				categories: ['Rot, dunkel', 'Blau'],
				startDateTime: utc('2026-11-20'),
				dueDateTime: utc('2026-11-24'),
				isReminderOn: true,
				reminderDateTime: utc('2026-11-24', '08:30:00'),
				lastModifiedDateTime: '2026-11-02T09:10:11Z',
				checklistItems: [{ displayName: 'One', isChecked: false }, { displayName: 'Two', isChecked: true }],
				linkedResources: [{ displayName: 'Ticket 1', webUrl: 'https://tracker.example/1?a=b;c,d' }],
				attachments: [{ id: 'a', name: 'agenda, final.pdf', contentType: 'application/pdf' }],
			},
			new Map([['attachment-1', { sizeBytes: 200, open: () => bytes() }]]),
		);
		expect(ics.split('\r\n').every((line) => Buffer.byteLength(line) <= 75)).toBe(true);
		const task = todo(ics);
		expect(task.getFirstPropertyValue('summary')).toBe('Prüfung; Teil 1, "A"\\B');
		expect(task.getFirstPropertyValue('description')).toBe('Erste Zeile\nZweite & letzte\n\n[ ] One\n[x] Two\n\nTicket 1: https://tracker.example/1?a=b;c,d');
		expect(String(task.getFirstPropertyValue('due'))).toBe('2026-11-24');
		expect(String(task.getFirstPropertyValue('dtstart'))).toBe('2026-11-20');
		expect(String(task.getFirstPropertyValue('last-modified'))).toBe('2026-11-02T09:10:11Z');
		expect(task.getFirstPropertyValue('status')).toBe('IN-PROCESS');
		expect(task.getFirstPropertyValue('priority')).toBe(1);
		expect(task.getFirstProperty('categories')!.getValues()).toEqual(['Rot, dunkel', 'Blau']);
		expect(task.getFirstPropertyValue('url')).toBe('https://tracker.example/1?a=b;c,d');
		expect(String(task.getFirstSubcomponent('valarm')!.getFirstPropertyValue('trigger'))).toBe('2026-11-24T08:30:00Z');
		const attached = task.getFirstProperty('attach')!;
		expect(attached.getParameter('filename')).toBe('agenda, final.pdf');
		expect(Buffer.from((attached.getFirstValue() as unknown as { value: string }).value, 'base64')).toEqual(Buffer.alloc(200, 7));
	});

	it('says when a task was completed', async () => {
		const task = todo(await icsOf({ title: 'Done', status: 'completed', completedDateTime: utc('2026-10-01') }));
		expect(task.getFirstPropertyValue('status')).toBe('COMPLETED');
		expect(task.getFirstPropertyValue('percent-complete')).toBe(100);
		expect(String(task.getFirstPropertyValue('completed'))).toBe('2026-10-01T00:00:00Z');
	});

	it.each([
		[{ dueDateTime: utc('2026-11-23') }, 'P1D', '2026-11-23'],
		[{ startDateTime: utc('2026-11-20'), dueDateTime: utc('2026-11-23') }, undefined, '2026-11-20'],
		[{ startDateTime: utc('2026-11-23'), dueDateTime: utc('2026-11-23') }, 'P1D', '2026-11-23'],
	])('repeats as the task does (%j)', async (dates, duration, first) => {
		const recurrence = { pattern: { type: 'weekly', interval: 2, daysOfWeek: ['monday'], firstDayOfWeek: 'sunday' }, range: { type: 'endDate', startDate: '2026-11-23', endDate: '2026-12-31' } };
		const task = todo(await icsOf({ title: 'Weekly', ...dates, recurrence }));
		expect(String(task.getFirstPropertyValue('rrule'))).toMatch(/^FREQ=WEEKLY;.*INTERVAL=2/);
		expect(String(task.getFirstPropertyValue('dtstart'))).toBe(first);
		expect(task.getFirstPropertyValue('duration')?.toString()).toBe(duration);
		expect(task.hasProperty('due')).toBe(duration === undefined);
	});

	it('is never broken by what a task says, and due is never before start', async () => {
		const date = fc.option(fc.integer({ min: 0, max: 20_000 }).map((days) => utc(new Date(days * 86_400_000).toISOString().slice(0, 10))), { nil: null });
		await fc.assert(
			fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), date, date, fc.array(fc.string()), async (title, content, startDateTime, dueDateTime, names) => {
				const ics = await icsOf({ title, body: { contentType: 'text', content }, startDateTime, dueDateTime, checklistItems: names.map((displayName) => ({ displayName })) });
				const task = todo(ics);
				const clean = title.replace(/\r\n?/g, '\n').replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '');
				expect(task.getFirstPropertyValue('summary')).toBe(clean);
				const [start, due] = [task.getFirstPropertyValue('dtstart'), task.getFirstPropertyValue('due')].map(String);
				if (task.hasProperty('dtstart') && task.hasProperty('due')) expect(start! < due!).toBe(true);
			}),
			{ numRuns: randomRuns(150) },
		);
	});
});

async function* bytes(): AsyncGenerator<Uint8Array> {
	yield await Promise.resolve(Buffer.alloc(100, 7));
	yield Buffer.alloc(100, 7);
}
