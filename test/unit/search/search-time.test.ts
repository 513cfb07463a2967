import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../nodes/M365Backup/base/json';
import { isInTime } from '../../../nodes/M365Backup/engine/search-time';
import type { CatalogEntry, ItemType } from '../../../nodes/M365Backup/repository/records';

const entry = (type: ItemType, meta: JsonObject, modified?: string): CatalogEntry => ({ id: 'x', type, name: 'x', meta, ...(modified && { modified }) });
const from = Date.parse('2026-11-22T00:00:00Z');
const until = Date.parse('2026-11-23T00:00:00Z');
const isOnThe22nd = (item: CatalogEntry) => isInTime(item, { after: from, before: until });

describe('what belongs to a day', () => {
	it.each<[string, boolean, CatalogEntry]>([
		['an event within it', true, entry('event', { start: '2026-11-22T09:00:00Z', end: '2026-11-22T10:00:00Z' })],
		['an event that began the day before', true, entry('event', { start: '2026-11-21T22:00:00Z', end: '2026-11-22T01:00:00Z' })],
		['an event that ends as it begins', false, entry('event', { start: '2026-11-21T22:00:00Z', end: '2026-11-22T00:00:00Z' })],
		['an event that begins as it ends', false, entry('event', { start: '2026-11-23T00:00:00Z', end: '2026-11-23T01:00:00Z' })],
		['an event without duration at its start', true, entry('event', { start: '2026-11-22T00:00:00Z', end: '2026-11-22T00:00:00Z' })],
		['an event of a month', true, entry('event', { start: '2026-11-01T00:00:00Z', end: '2026-12-01T00:00:00Z' })],
		['a series whose last occurrence is later', true, entry('event', { kind: 'series', start: '2020-01-01T09:00:00Z', end: '2027-01-01T10:00:00Z' })],
		['a series that is over', false, entry('event', { kind: 'series', start: '2020-01-01T09:00:00Z', end: '2021-01-01T10:00:00Z' })],
		['a series without end', true, entry('event', { kind: 'series', start: '2020-01-01T09:00:00Z', endless: true })],
		['a series without end that begins later', false, entry('event', { kind: 'series', start: '2026-11-23T09:00:00Z', endless: true })],
		['a task due then', true, entry('task', { due: '2026-11-22T00:00:00Z', created: '2026-01-01T00:00:00Z' })],
		['a task due then, without a zone', true, entry('task', { due: '2026-11-22T00:00:00' })],
		['a task created then', true, entry('task', { due: '2027-01-01T00:00:00Z', created: '2026-11-22T12:00:00Z' })],
		['a task of another day', false, entry('task', { due: '2027-01-01T00:00:00Z', created: '2026-01-01T00:00:00Z' }, '2026-11-22T12:00:00Z')],
		['a task of which nothing is known but its last change', true, entry('task', {}, '2026-11-22T12:00:00Z')],
		['a contact changed then', true, entry('contact', {}, '2026-11-22T12:00:00Z')],
		['a contact changed later', false, entry('contact', {}, '2026-11-24T12:00:00Z')],
		['a message received then, changed later', true, entry('message', { received: '2026-11-22T12:00:00Z' }, '2026-11-24T12:00:00Z')],
		['a draft sent never, changed then', true, entry('message', {}, '2026-11-22T12:00:00Z')],
		['something without any time', false, entry('setting', {})],
	])('%s: %s', (_name, expected, item) => {
		expect(isOnThe22nd(item)).toBe(expected);
	});

	it('takes everything where no end is given', () => {
		expect(isInTime(entry('setting', {}), {})).toBe(true);
	});

	it('has each event on exactly those days that it touches', () => {
		const hourMs = 3_600_000;
		fc.assert(
			fc.property(fc.integer({ min: -72, max: 72 }), fc.integer({ min: 1, max: 72 }), (startsAfterHours, hours) => {
				const start = from + startsAfterHours * hourMs;
				const end = start + hours * hourMs;
				const event = entry('event', { start: new Date(start).toISOString(), end: new Date(end).toISOString() });
				let touches = false;
				for (let at = start; at < end; at += hourMs) touches ||= at >= from && at < until;
				expect(isOnThe22nd(event)).toBe(touches);
			}),
		);
	});
});
