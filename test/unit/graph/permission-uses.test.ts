import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { permissionReport } from '../../../nodes/M365Backup/graph/permission-uses';

const names = (found: readonly { permission: string }[]): string[] => found.map(({ permission }) => permission);

describe('what the permissions of an app are good for', () => {
	it('an app without any lacks all, and each says what cannot be done', () => {
		const report = permissionReport([], 'backupAndRestore');
		expect(report.has).toEqual([]);
		expect(names(report.lacks)).toContain('Mail.Read');
		for (const { permission, neededFor } of report.lacks) expect(neededFor, permission).toMatch(/backing up|restoring|Get Many|Prune|finding/);
		expect(report.lacks.find(({ permission }) => permission === 'Mail.ReadWrite')!.neededFor).toBe('restoring mail');
	});

	it('knows every permission that the README tells one to grant', () => {
		const readme = readFileSync(path.resolve(__dirname, '../../../README.md'), 'utf8');
		const table = readme.slice(readme.indexOf('| For | Backup | Restore |'), readme.indexOf('The column *Restore* includes'));
		const granted = new Set([...table.matchAll(/`([A-Z][A-Za-z]+(?:\.[A-Za-z]+)+)`/g)].map(([, name]) => name!));
		expect(granted.size).toBeGreaterThan(15);
		expect([...granted].filter((name) => !names(permissionReport([], 'backup').lacks).includes(name))).toEqual([]);
	});

	it('a stronger permission counts for the weaker one', () => {
		const report = permissionReport(['Directory.Read.All', 'Mail.ReadWrite', 'Sites.ReadWrite.All'], 'backupAndRestore');
		expect(names(report.has)).toEqual(expect.arrayContaining(['User.ReadBasic.All', 'User.Read.All', 'GroupMember.Read.All', 'Mail.Read', 'Mail.ReadWrite', 'Files.Read.All', 'Files.ReadWrite.All', 'Sites.Read.All']));
		expect(names(report.lacks)).toEqual(expect.arrayContaining(['Calendars.Read', 'Sites.Manage.All']));
		expect(report.beyondNeed).toEqual([]);
	});

	it.each([
		['backup', ['Mail.Read', 'Mail.Send', 'Directory.ReadWrite.All'], ['Directory.ReadWrite.All', 'Mail.Send']],
		['backup', ['Mail.ReadWrite'], ['Mail.ReadWrite']],
		['backupAndRestore', ['Mail.ReadWrite'], []],
		['backup', ['User.ReadBasic.All', 'Sites.Selected', 'Directory.Read.All'], []],
		['backup', ['GroupMember.Read.All', 'Member.Read.Hidden'], []],
	] as const)('for %s, %j is more than needed by %j', (usedFor, roles, beyond) => {
		expect(permissionReport([...roles], usedFor).beyondNeed).toEqual(beyond);
	});

	it('what Exchange RBAC may have granted is not called missing for good, and what a mailbox gave is said', () => {
		const report = permissionReport(['User.ReadBasic.All'], 'backup', new Set(['Mail.Read']));
		const note = (name: string): string | undefined => report.lacks.find(({ permission }) => permission === name)!.note;
		expect(note('Mail.Read')).toContain('a mailbox gives it');
		for (const name of ['Calendars.Read', 'MailboxItem.Export.All']) expect(note(name), name).toContain('may be granted by Exchange RBAC for some mailboxes');
		expect(note('Tasks.Read.All')).toBeUndefined();
		expect(note('Sites.Read.All')).toBeUndefined();
	});

	it('an app with Sites.Selected lacks the rest of the sites on purpose', () => {
		const report = permissionReport(['Sites.Selected'], 'backup');
		expect(report.lacks.find(({ permission }) => permission === 'Sites.Read.All')!.note).toContain('Sites.Selected');
	});
});
