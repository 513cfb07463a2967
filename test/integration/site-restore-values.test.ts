import { describe, expect, it } from 'vitest';
import { columnsOf, isWanted, isWritable, kindOf } from '../../nodes/M365Backup/workloads/site/restore/column';
import { canonical, fieldBody, shownText, valueOf } from '../../nodes/M365Backup/workloads/site/restore/field-values';
import { listsInOrder } from '../../nodes/M365Backup/workloads/site/restore/list-order';
import { addedContentTypes, definitionOf } from '../../nodes/M365Backup/workloads/site/restore/list-schema';
import { scopedId } from '../../nodes/M365Backup/workloads/site/restore/scoped-id';
import { canonicalCanvas, madeParts } from '../../nodes/M365Backup/workloads/site/restore/web-parts';

describe('Values of columns', () => {
	it('are one text for one value, however Graph spells it', () => {
		const same = (kind: Parameters<typeof canonical>[0], ...values: Parameters<typeof canonical>[1][]): void => {
			expect(new Set(values.map((value) => canonical(kind, value))).size, `${kind} ${JSON.stringify(values)}`).toBe(1);
		};
		// The 24th in Berlin, Los Angeles and London.
		same('date', '2026-12-23T23:00:00Z', '2026-12-24T08:00:00Z', '2026-12-24T00:00:00Z', '2026-12-24');
		same('dateTime', '2026-12-24T10:30:00Z', '2026-12-24T10:30:00.000Z', '2026-12-24T11:30:00+01:00');
		same('richText', '<b>x</b>', '<div class="ExternalClass0123456789ABCDEF"><b>x</b></div>', '<div class="ExternalClassAB"><div class="ExternalClassCD"><b>x</b></div></div>');
		same('note', 'a\r\nb', 'a\nb');
		same('multiChoice', ['a', 'b'], ['b', 'a']);
		same('multiPerson', ['7', '12'], [12, 7]);
		same('term', { Label: 'Sales', TermGuid: 'AB', WssId: 1 }, { Label: 'Sales', TermGuid: 'ab', WssId: 9 });
		same('number', 1, '1', 1.0);
		expect(canonical('date', '2026-12-24T08:00:00Z')).not.toBe(canonical('date', '2026-12-25T08:00:00Z'));
		expect(canonical('link', { Url: 'https://x', Description: 'a' })).not.toBe(canonical('link', { Url: 'https://x', Description: 'b' }));
	});

	it('are written as Graph wants them', () => {
		expect(fieldBody({ name: 'Owner', kind: 'person' }, '7')).toEqual({ OwnerLookupId: 7 });
		expect(fieldBody({ name: 'Team', kind: 'multiPerson' }, ['7', '8'])).toEqual({ 'TeamLookupId@odata.type': 'Collection(Edm.Int32)', TeamLookupId: [7, 8] });
		expect(fieldBody({ name: 'Tags', kind: 'multiChoice' }, null)).toEqual({ 'Tags@odata.type': 'Collection(Edm.String)', Tags: [] });
		expect(fieldBody({ name: 'Topics', kind: 'multiTerm', textColumn: 'h1' }, [{ Label: 'A', TermGuid: 'g1' }, { Label: 'B', TermGuid: 'g2' }])).toEqual({ h1: '-1;#A|g1;#-1;#B|g2' });
		expect(valueOf({ OwnerLookupId: '7', Team: [{ LookupId: 7, LookupValue: 'A' }], Tags: [], Note: '' }, { name: 'Team', kind: 'multiPerson' })).toEqual(['7']);
		expect(valueOf({ Tags: [] }, { name: 'Tags', kind: 'multiChoice' })).toBeUndefined();
		expect(shownText({ Url: 'https://x', Description: 'Site' })).toBe('https://x (Site)');
		expect(shownText([{ Label: 'A' }, { Label: 'B' }])).toBe('A; B');
	});
});

describe('Columns', () => {
	it('of the service are neither written nor made; managed metadata know their text column', () => {
		const columns = columnsOf([
			{ name: 'Title', displayName: 'Title', text: {}, isDeletable: false },
			{ name: 'Modified', displayName: 'Modified', dateTime: {}, readOnly: true },
			{ name: 'Topic', displayName: 'Topic', term: {} },
			{ name: 'h123', displayName: 'Topic_0', hidden: true, text: { allowMultipleLines: true } },
			{ name: 'Sum', displayName: 'Sum', calculated: { formula: '=1' }, readOnly: true },
			{ name: 'Odd', displayName: 'Odd' },
		]);
		expect(columns.filter(isWritable).map(({ name }) => name)).toEqual(['Title', 'Topic']);
		expect(columns.filter(isWanted).map(({ name }) => name)).toEqual(['Topic', 'Sum']);
		expect(columns.find(({ name }) => name === 'Topic')?.textColumn).toBe('h123');
		expect(kindOf({ text: { allowMultipleLines: true, textType: 'richText' } })).toBe('richText');
		const [lookup] = columnsOf([{ name: 'Of', displayName: 'Of', id: 'x', required: false, indexed: true, lookup: { listId: 'OLD', columnName: 'Title', allowMultipleValues: false } }]);
		expect(definitionOf(lookup!, 'new')).toEqual({ name: 'Of', displayName: 'Of', indexed: true, lookup: { listId: 'new', columnName: 'Title' } });
	});

	it('content types that every list has need not be added', () => {
		const own = (parent: string): string => `${parent}00${'A'.repeat(32)}`;
		expect(addedContentTypes([{ id: own('0x01'), name: 'Item' }, { id: own('0x0108'), name: 'Task' }, { id: own('0x0120'), name: 'Folder' }, { id: own('0x0101'), name: 'Document' }])).toEqual([{ id: '0x0108', name: 'Task' }]);
	});
});

describe('Lists', () => {
	it('that others look into come first, rings included', () => {
		const folder = (guid: string, ...lookups: string[]): [string, { id: string; name: string; meta: { columns: { name: string; lookup: { listId: string } }[] } }] => [`list-${guid}/root`, { id: `list-${guid}/root`, name: guid, meta: { columns: lookups.map((listId) => ({ name: listId, lookup: { listId: listId.toUpperCase() } })) } }];
		const folders = new Map([folder('a', 'c', 'a'), folder('b', 'a'), folder('c'), folder('d', 'e'), folder('e', 'd')]);
		expect(listsInOrder([...folders.keys()], folders)).toEqual(['list-c/root', 'list-a/root', 'list-b/root', 'list-e/root', 'list-d/root']);
		expect(scopedId('list-AB/7')).toEqual({ kind: 'list', guid: 'ab', id: '7' });
		expect(scopedId('lists-ab/root')?.kind).toBe('lists');
		expect(scopedId('mail/7')).toBeUndefined();
	});
});

describe('Layouts of pages', () => {
	it('are alike whatever ids their parts have, and tell what Graph cannot make', () => {
		const canvas = (id: string, webPartType = 'd1d91016-032f-456d-98a4-721247c305e8'): Parameters<typeof canonicalCanvas>[0] => ({
			horizontalSections: [{ layout: 'oneColumn', id, columns: [{ id, width: 12, webparts: [{ '@odata.type': '#microsoft.graph.standardWebPart', id, webPartType, data: { title: 'Part', description: '', properties: { a: 1 } } }] }] }],
		});
		expect(canonicalCanvas(canvas('1'))).toBe(canonicalCanvas(canvas('2')));
		expect(canonicalCanvas(canvas('1'))).not.toBe(canonicalCanvas(canvas('1', 'other')));
		expect(madeParts(canvas('1')).leftOut).toEqual([]);
		expect(madeParts(canvas('1', '11111111-2222-4333-8444-555555555555')).leftOut).toEqual(['Part']);
	});
});
