import { describe, it, expect } from 'vitest';
import { ListCsv } from '../../../nodes/M365Backup/engine/list-csv';

const END = 'Content Type,Created,Created By,Modified,Modified By\r\n';

describe('A list as a table', () => {
	it('has a column for each that people fill in, by the name that they see, and none of the service', () => {
		const csv = new ListCsv([
			{ name: 'Title', displayName: 'Task' },
			{ name: 'field_1', displayName: 'Price, net' },
			{ name: '_UIVersionString', displayName: 'Version', readOnly: true },
			{ name: 'Secret', displayName: 'Secret', hidden: true },
			{ name: 'Attachments', displayName: 'Attachments' },
			{ name: 'Twice', displayName: 'Twice', readOnly: true, hidden: true, calculated: { outputType: 'number' } },
		]);
		expect(csv.header()).toBe(`ID,Task,"Price, net",${END}`);
	});

	it('calls a column by its internal name where people see none, or one that is taken', () => {
		const csv = new ListCsv([{ name: 'NoName' }, { name: 'Own', displayName: 'Modified By' }, { name: 'A', displayName: 'Same' }, { name: 'B', displayName: 'Same' }]);
		expect(csv.header()).toBe(`ID,NoName,Own,Same,B,${END}`);
	});

	it('says of each item who made and changed it when, by address, else by name', () => {
		const csv = new ListCsv([{ name: 'Title', displayName: 'Title' }]);
		const item = {
			id: '7',
			contentType: { name: 'Item' },
			createdDateTime: '2026-01-02T03:04:05Z',
			createdBy: { user: { email: 'ann@contoso.example', displayName: 'Ann' } },
			lastModifiedDateTime: '2026-02-03T04:05:06Z',
			lastModifiedBy: { user: { displayName: 'Bob' } },
			fields: { Title: 'Water "it"' },
		};
		expect(csv.row(item)).toBe('7,"Water ""it""",Item,2026-01-02T03:04:05Z,ann@contoso.example,2026-02-03T04:05:06Z,Bob\r\n');
	});

	it('shows people and lookups by name where it is stored, by number where it is not', () => {
		const csv = new ListCsv([
			{ name: 'Owner', displayName: 'Owner', personOrGroup: {} },
			{ name: 'Ref', displayName: 'Ref', lookup: {} },
			{ name: 'Team', displayName: 'Team', personOrGroup: {} },
		]);
		const fields = { OwnerLookupId: '12', RefLookupId: '99', Team: [{ LookupId: 12, LookupValue: 'Ann' }, { LookupId: 13, LookupValue: 'Bob' }] };
		expect(csv.row({ id: '1', fields, people: { 12: { name: 'Ann', email: 'ann@contoso.example' } } })).toBe('1,Ann,99,Ann; Bob,,,,,\r\n');
	});

	it('shows links, terms, yes and no, several choices, and what it does not know as JSON', () => {
		const csv = new ListCsv(['Link', 'Term', 'Yes', 'Choices', 'Place', 'Empty', 'Zero'].map((name) => ({ name, displayName: name })));
		const fields = { Link: { Url: 'https://contoso.example', Description: 'Home' }, Term: { Label: 'Red', TermGuid: 'g' }, Yes: false, Choices: ['a', 'b'], Place: { lat: 1 }, Empty: null, Zero: 0 };
		expect(csv.row({ id: '1', fields })).toBe('1,https://contoso.example,Red,false,a; b,"{""lat"":1}",,0,,,,,\r\n');
	});

	it('leaves numbers of formulas as they are, and marks text that a spreadsheet would run', () => {
		const csv = new ListCsv([
			{ name: 'Text', displayName: 'Text' },
			{ name: 'Number', displayName: 'Number', number: {} },
			{ name: 'Sum', displayName: 'Sum', readOnly: true, calculated: { outputType: 'currency' } },
			{ name: 'Said', displayName: 'Said', readOnly: true, calculated: { outputType: 'text' } },
		]);
		expect(csv.row({ id: '1', fields: { Text: '=HYPERLINK("x")', Number: -3, Sum: '-2.50', Said: '-2.50' } })).toBe('1,"\'=HYPERLINK(""x"")",-3,-2.5,\'-2.50,,,,,\r\n');
		expect(csv.row({ id: '2', fields: { Sum: '-1+cmd' } })).toBe("2,,,'-1+cmd,,,,,,\r\n");
	});

	it('has a whole row for an item of which next to nothing is stored', () => {
		expect(new ListCsv([{ name: 'Title', displayName: 'Title' }]).row({ fields: 'damaged' })).toBe(',,,,,,\r\n');
	});
});
