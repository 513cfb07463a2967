import { describe, expect, it } from 'vitest';
import { parseSettingId, settingId } from '../../../../nodes/M365Backup/workloads/mailbox/settings/graph-settings';
import { settingChange, settingDocument } from '../../../../nodes/M365Backup/workloads/mailbox/settings/setting-document';

const times = (day: number) => ({
	scheduledStartDateTime: { dateTime: `2026-11-${day}T10:00:00.0000000`, timeZone: 'UTC' },
	scheduledEndDateTime: { dateTime: `2026-11-${day + 1}T10:00:00.0000000`, timeZone: 'UTC' },
});

describe('the document of a setting', () => {
	it('is the same for the same content, in whatever order and with whatever context it is served', () => {
		const one = settingDocument('category', { '@odata.context': 'https://a', id: 'x', displayName: 'Red', color: 'preset0' });
		const other = settingDocument('category', { color: 'preset0', displayName: 'Red', id: 'x', '@odata.etag': 'W/"2"' });
		expect(other.hash).toBe(one.hash);
		expect(one.bytes.toString('utf8')).toBe('{\n  "color": "preset0",\n  "displayName": "Red",\n  "id": "x"\n}\n');
		expect(settingDocument('category', { id: 'x', displayName: 'Red', color: 'preset1' }).hash).not.toBe(one.hash);
	});

	it('keeps the types of nested values, which tell a custom time zone from a named one', () => {
		const timeZone = { '@odata.type': '#microsoft.graph.customTimeZone', bias: -60, name: 'Customized Time Zone' };
		const { bytes } = settingDocument('mailboxSettings', { workingHours: { timeZone } });
		expect(JSON.parse(bytes.toString('utf8'))).toEqual({ workingHours: { timeZone } });
	});

	it('has the times of automatic replies only where they are scheduled', () => {
		const of = (status: string, day: number) => settingDocument('mailboxSettings', { automaticRepliesSetting: { status, ...times(day) } }).hash;
		expect(of('disabled', 20)).toBe(of('disabled', 21));
		expect(of('alwaysEnabled', 20)).toBe(of('alwaysEnabled', 21));
		expect(of('scheduled', 20)).not.toBe(of('scheduled', 21));
	});

	it('has a name in the archive even where the rule has none', () => {
		const change = settingChange(settingDocument('rule', { id: 'AQ/+=', displayName: ' ' }), true);
		expect(change).toMatchObject({ id: 'settings/rule:AQ/+=', parent: 'settings/root', fetch: { title: '(no name)', folderPath: ['Settings', 'Rules'] } });
	});
});

describe('ids of settings', () => {
	it('are read as they are written', () => {
		for (const [kind, graphId] of [['rule', 'AQ:AA/J5+d='], ['category', 'c1'], ['mailboxSettings', '']] as const) {
			expect(parseSettingId(settingId(kind, graphId))).toEqual({ kind, graphId });
		}
		for (const id of ['settings/root', 'mail/rule:x', 'settings/rule:', 'settings/other:x']) expect(parseSettingId(id)).toBeNull();
	});
});
