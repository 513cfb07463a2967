import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GraphTask } from '../../../../nodes/M365Backup/workloads/mailbox/tasks/graph-task';
import { detailsDigest, textOf, taskMeta } from '../../../../nodes/M365Backup/workloads/mailbox/tasks/graph-task';
import { detailKeys, fingerprint, likeness, without } from '../../../../nodes/M365Backup/workloads/mailbox/tasks/restore/fingerprint';
import { createFields, differingFields, wantedFields } from '../../../../nodes/M365Backup/workloads/mailbox/tasks/restore/task-request';

const NOW = new Date('2026-11-22T10:00:00Z');
const utc = (day: string, time = '00:00:00'): { dateTime: string; timeZone: string } => ({ dateTime: `${day}T${time}.0000000`, timeZone: 'UTC' });
const TASK: GraphTask = { id: 'a', title: 'Call Anna', status: 'notStarted', importance: 'normal', body: { content: 'x', contentType: 'text' }, categories: ['B', 'A'], dueDateTime: utc('2026-12-01') };

describe('how tasks are known again', () => {
	it('does not depend on what the service or a restore changes', () => {
		const others: GraphTask[] = [
			{ ...TASK, id: 'b', createdDateTime: '2026-01-01T00:00:00Z', lastModifiedDateTime: '2026-01-01T00:00:00Z', '@odata.etag': 'x' },
			{ ...TASK, body: { content: '<html><body>x</body></html>', contentType: 'html' } },
			{ ...TASK, isReminderOn: true, reminderDateTime: utc('2026-11-30', '08:00:00') },
			{ ...TASK, categories: ['A', 'B'], recurrence: { pattern: {} } },
			{ ...TASK, dueDateTime: { dateTime: '2026-12-01T00:00:00', timeZone: 'UTC' } },
		];
		for (const other of others) expect(fingerprint(other)).toBe(fingerprint(TASK));
	});

	it('depends on what a user tells tasks apart by', () => {
		const others: GraphTask[] = [{ ...TASK, title: 'Call Bruno' }, { ...TASK, status: 'completed' }, { ...TASK, dueDateTime: utc('2026-12-02') }, { ...TASK, dueDateTime: null }, { ...TASK, importance: 'high' }, { ...TASK, body: { content: 'y', contentType: 'text' } }, { ...TASK, categories: ['A'] }];
		expect(new Set([TASK, ...others].map(fingerprint)).size).toBe(others.length + 1);
	});

	it('compares what hangs on them, counted', () => {
		expect(likeness(['a', 'a'], ['a', 'a'])).toBe('equal');
		expect(likeness(['a'], ['a', 'a'])).toBe('less');
		expect(likeness(['a', 'a', 'b'], ['a', 'a'])).toBe('more');
		expect(likeness(['a', 'c'], ['a', 'b'])).toBe('other');
		const list = fc.array(fc.constantFrom('a', 'b', 'c'));
		fc.assert(fc.property(list, list, (some, more) => {
			expect(without([...some, ...more], some).sort()).toEqual([...more].sort());
			expect(likeness(some, [...some, ...more])).toBe(more.length === 0 ? 'equal' : 'less');
		}));
	});

	it('notices a ticked step in the digest of a task, and none in the keys that know it again', () => {
		const open = { checklistItems: [{ id: '1', displayName: 'One', isChecked: false }] };
		const ticked = { checklistItems: [{ id: '1', displayName: 'One', isChecked: true }] };
		expect(detailsDigest(open)).not.toBe(detailsDigest(ticked));
		expect(detailKeys(open)).toEqual(detailKeys(ticked));
		expect(detailsDigest({ checklistItems: [], linkedResources: [] })).toBeUndefined();
	});
});

describe('what is asked of To Do for a task', () => {
	it('sets every field', () => {
		const { fields, notes } = createFields({ ...TASK, isReminderOn: true, reminderDateTime: utc('2026-11-30', '08:00:00'), startDateTime: utc('2026-11-25') }, NOW);
		expect(notes).toEqual([]);
		expect(fields).toEqual({ title: 'Call Anna', status: 'notStarted', importance: 'normal', body: { content: 'x', contentType: 'text' }, categories: ['B', 'A'], dueDateTime: utc('2026-12-01'), startDateTime: utc('2026-11-25'), isReminderOn: true, reminderDateTime: utc('2026-11-30', '08:00:00') });
	});

	it('never lets a completed task repeat, a past reminder ring, or an empty zone be refused', () => {
		const recurrence = { pattern: { type: 'daily', interval: 1 }, range: { type: 'noEnd', startDate: '2026-11-01', recurrenceTimeZone: '' } };
		const done = createFields({ ...TASK, status: 'completed', completedDateTime: utc('2026-11-20'), recurrence, isReminderOn: true, reminderDateTime: utc('2026-11-01') }, NOW);
		expect(done.fields).not.toHaveProperty('recurrence');
		expect(done.fields).not.toHaveProperty('isReminderOn');
		expect(done.fields['completedDateTime']).toEqual(utc('2026-11-20'));
		expect(done.notes).toHaveLength(2);
		expect(createFields({ ...TASK, recurrence }, NOW).fields['recurrence']).toEqual({ pattern: recurrence.pattern, range: { type: 'noEnd', startDate: '2026-11-01' } });
	});

	it('finds nothing to change in a task that is as it was, and everything that is not', () => {
		const { fields } = wantedFields(TASK, NOW);
		expect(differingFields({ ...TASK, isReminderOn: false, categories: ['A', 'B'], dueDateTime: { dateTime: '2026-12-01T00:00:00', timeZone: 'UTC' } }, fields)).toEqual({});
		expect(differingFields({ ...TASK, isReminderOn: true, reminderDateTime: utc('2026-12-01'), title: 'x', dueDateTime: null, startDateTime: utc('2026-11-01') }, fields)).toEqual({ title: 'Call Anna', dueDateTime: utc('2026-12-01'), startDateTime: null, isReminderOn: false });
	});
});

describe('what search shows of a task', () => {
	it('is text, days and states, nothing that is empty', () => {
		expect(taskMeta({ ...TASK, hasAttachments: true, completedDateTime: utc('2026-11-20') })).toEqual({ subject: 'Call Anna', preview: 'x', categories: ['B', 'A'], attachments: true, status: 'notStarted', due: '2026-12-01T00:00:00Z', completed: '2026-11-20T00:00:00Z' });
		expect(taskMeta({ id: 'a', title: '', body: { content: '', contentType: 'text' }, categories: [], importance: 'normal' })).toEqual({});
		expect(textOf({ contentType: 'html', content: '<html><head><style>p{}</style></head><body>a&nbsp;<b>b</b> &lt;c&gt;</body></html>' })).toBe('a b <c>');
	});
});
