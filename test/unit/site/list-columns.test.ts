import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../nodes/M365Backup/base/json';
import { fieldNames, peopleIn, personColumns, searchableColumns, userColumns } from '../../../nodes/M365Backup/workloads/site/list-columns';

const COLUMNS: JsonObject[] = [
	{ name: 'ContentType', readOnly: false },
	{ name: 'Title', text: {} },
	{ name: 'Note', text: { allowMultipleLines: true } },
	{ name: 'Code', text: { allowMultipleLines: false } },
	{ name: 'Amount', number: {} },
	{ name: 'Price', currency: {} },
	{ name: 'Due', dateTime: {} },
	{ name: 'Status', choice: {} },
	{ name: 'Sixth', text: {} },
	{ name: 'Double', calculated: {}, readOnly: true },
	{ name: 'hidden1', text: {}, hidden: true },
	{ name: 'Author', personOrGroup: {}, readOnly: true },
	{ name: 'Owner', personOrGroup: {} },
	{ name: 'Parent', lookup: {} },
	{ name: 'Attachments', readOnly: false },
];

describe('columns of a list', () => {
	it('are the users\' own where they are neither read-only nor hidden nor the service\'s', () => {
		expect(userColumns(COLUMNS).map(({ name }) => name)).toEqual(['Title', 'Note', 'Code', 'Amount', 'Price', 'Due', 'Status', 'Sixth', 'Owner', 'Parent']);
		expect(personColumns(COLUMNS)).toEqual(['Owner']);
	});

	it('give searches the first five short ones beside the title', () => {
		expect(searchableColumns(COLUMNS)).toEqual(['Code', 'Amount', 'Price', 'Due', 'Status']);
	});

	it('are spelled in fields by their name, or as the number of what they point to', () => {
		expect(fieldNames({ name: 'Owner', personOrGroup: {} })).toEqual(['Owner', 'OwnerLookupId']);
		expect(fieldNames({ name: 'Code', text: {} })).toEqual(['Code']);
	});

	it('name people in each form that Graph has for them', () => {
		const fields = { OwnerLookupId: '6', Team: [{ LookupId: 7, LookupValue: 'A' }, { LookupId: 6, LookupValue: 'B' }], TeamLookupId: [8], Parent: [{ LookupId: 99 }], Other: 'x' };
		expect([...peopleIn(fields, ['Owner', 'Team'])].sort()).toEqual(['6', '7', '8']);
		expect([...peopleIn({}, ['Owner'])]).toEqual([]);
	});
});
