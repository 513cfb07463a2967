import { describe, expect, it } from 'vitest';
import { ScopeStates } from '../../../nodes/M365Backup/engine/scope-states';

const asOf = '2026-11-01T00:00:00Z';
const now = '2026-11-22T10:00:00Z';

describe('scopes that are denied', () => {
	it('are excluded where they never could be read', () => {
		const scopes = new ScopeStates([]);
		scopes.take({ id: 'calendar', name: 'Calendars', state: 'denied', reason: 'Calendars.Read is missing', andBelow: true });
		expect(scopes.records(now)).toEqual([{ id: 'calendar', name: 'Calendars', asOf: null, state: 'excluded' }]);
		expect(scopes.warnings()).toEqual(['Calendars.Read is missing']);
	});

	it('are stale where they worked before, each of them, with one warning', () => {
		const scopes = new ScopeStates([
			{ id: 'calendar/1', name: 'Calendars/One', asOf, state: 'complete' },
			{ id: 'calendar/2', name: 'Calendars/Two', asOf, state: 'complete' },
			{ id: 'mail', name: 'Mail', asOf, state: 'complete' },
		]);
		scopes.take({ id: 'mail', name: 'Mail', state: 'complete' });
		scopes.take({ id: 'calendar', name: 'Calendars', state: 'denied', reason: 'Calendars.Read is missing', andBelow: true });
		expect(scopes.records(now)).toEqual([
			{ id: 'calendar/1', name: 'Calendars/One', asOf, state: 'stale' },
			{ id: 'calendar/2', name: 'Calendars/Two', asOf, state: 'stale' },
			{ id: 'mail', name: 'Mail', asOf: now, state: 'complete' },
		]);
		expect(scopes.warnings()).toEqual(['Calendars.Read is missing']);
	});

	it('keep their time when the user leaves them out', () => {
		const scopes = new ScopeStates([{ id: 'tasks/1', name: 'Tasks/Tasks', asOf, state: 'complete' }]);
		scopes.take({ id: 'tasks', name: 'Tasks', state: 'excluded', andBelow: true });
		expect(scopes.records(now)).toEqual([{ id: 'tasks/1', name: 'Tasks/Tasks', asOf, state: 'excluded' }]);
		expect(scopes.warnings()).toEqual([]);
	});
});
