import { describe, expect, it } from 'vitest';
import { classifyAnswer } from '../../../nodes/M365Backup/graph/classify';
import { isSharePoint, mailboxOf } from '../../../nodes/M365Backup/graph/graph-path';
import { isSharing, resourceUnits, sizeFactor } from '../../../nodes/M365Backup/graph/sharepoint-quota';
import { missingPermission } from '../../../nodes/M365Backup/graph/permissions';
import { withImmutableIds } from '../../../nodes/M365Backup/graph/prefer';
import { headerGetter, retryAfterMs } from '../../../nodes/M365Backup/graph/retry-after';
import { packageVersion } from '../../../nodes/M365Backup/graph/version';
import packageJson from '../../../package.json';

const now = new Date('2026-11-22T10:00:00Z');
const answer = (status: number, code?: string, message = '', headers = {}, path = '/users/u/messages/m') =>
	classifyAnswer({ method: 'GET', path, status, headers: headerGetter(headers), body: code === undefined ? undefined : { error: { code, message } }, now });

describe('an error of Graph', () => {
	it.each([
		[404, 'ErrorItemNotFound', 'notFound'],
		[404, 'itemNotFound', 'notFound'],
		[404, 'Request_ResourceNotFound', 'notFound'],
		[404, 'MailboxNotEnabledForRESTAPI', 'notFound'],
		[404, 'ErrorInvalidUser', 'notFound'],
		[404, 'ErrorNonExistentMailbox', 'notFound'],
		[404, undefined, 'notFound'],
		[403, 'ErrorAccessDenied', 'denied'],
		[403, 'accessDenied', 'denied'],
		[403, 'malwareDetected', 'denied'],
		[401, 'InvalidAuthenticationToken', 'denied'],
		[403, 'ErrorQuotaExceeded', 'quota'],
		[507, 'quotaLimitReached', 'quota'],
		[507, undefined, 'quota'],
		[500, 'ErrorCorruptData', 'corrupt'],
		[500, 'ErrorMimeContentConversionFailed', 'corrupt'],
		[400, 'ErrorMimeContentInvalid', 'corrupt'],
		[409, 'nameAlreadyExists', 'conflict'],
		[409, 'ErrorFolderExists', 'conflict'],
		[412, 'ErrorIrresolvableConflict', 'conflict'],
		[410, 'SyncStateNotFound', 'expiredCursor'],
		[400, 'SYNCSTATEINVALID', 'expiredCursor'],
		[410, undefined, 'expiredCursor'],
		[429, 'ApplicationThrottled', 'throttled'],
		[509, undefined, 'throttled'],
		[503, 'serviceNotAvailable', 'transient'],
		[500, 'generalException', 'transient'],
		[500, 'ErrorInternalServerError', 'transient'],
		[504, undefined, 'transient'],
		[400, 'BadRequest', 'invalid'],
		[405, undefined, 'invalid'],
		[413, undefined, 'invalid'],
		[501, 'notSupported', 'invalid'],
		[403, 'notAllowed', 'denied'],
		[423, 'resourceLocked', 'denied'],
		[423, undefined, 'conflict'],
		[403, 'accessRestricted', 'denied'],
		[412, 'resourceModified', 'conflict'],
		[416, 'invalidRange', 'conflict'],
		[410, 'resyncChangesUploadDifferences', 'expiredCursor'],
		[429, 'activityLimitReached', 'throttled'],
		[503, 'activityLimitReached', 'throttled'],
		[400, 'pathIsTooLong', 'invalid'],
	])('%i %s is %s', (status, code, kind) => {
		expect(answer(status, code)).toMatchObject({ kind, status, code });
	});

	it('of 503 with Retry-After is a refusal by the limits', () => {
		expect(answer(503, 'serviceNotAvailable', '', { 'Retry-After': '12' })).toMatchObject({ kind: 'throttled', retryAfterMs: 12_000 });
	});

	it.each([
		[404, 'resourceNotFound', "User's mysite not found.", 'notFound', 'This user has no OneDrive', /open OneDrive once/],
		[404, 'itemNotFound', 'My site not found', 'notFound', 'This user has no OneDrive', /Request-SPOPersonalSite/],
		[400, 'BadRequest', 'Tenant does not have a SPO license.', 'notFound', 'This tenant has no SharePoint Online', /Assign licences/],
		[423, 'notAllowed', 'Access to this site has been blocked. Please contact the administrator to resolve this problem.', 'denied', 'The site is locked', /SharePoint admin centre/],
		[403, 'notAllowed', 'Access to this site has been blocked.', 'denied', 'The site is locked', /exclude it/],
		[423, 'resourceLocked', 'The site is locked.', 'denied', 'The site is locked', /Unlock the site/],
		[423, 'resourceLocked', 'The file is checked out for editing by another user.', 'denied', 'The file is checked out to somebody', /checked in/],
		[423, 'resourceLocked', 'The resource you are attempting to access is locked', 'denied', 'The file is locked: somebody has it open', /closed/],
		[423, 'resourceLocked', 'The file "a.docx" is locked for exclusive use', 'denied', 'The file is locked: somebody has it open', /closed/],
		[423, 'resourceLocked', 'x', 'denied', 'It is locked: somebody has it open, or the whole site is locked', /closed/],
		[403, 'notAllowed', 'Not allowed', 'denied', 'The site is locked or read-only', /Unlock the site/],
		[403, 'malwareDetected', 'x', 'denied', 'Microsoft 365 found malware in it', /does not hand out/],
		[403, 'accessRestricted', 'x', 'denied', 'A policy of the tenant restricts access to this site', /administrator/],
		[507, 'quotaLimitReached', 'Insufficient Space Available', 'quota', 'The drive is full', /Make room/],
		[409, 'nameAlreadyExists', 'x', 'conflict', 'Something of this name is there already', /Keep Both/],
		[423, undefined, '', 'conflict', 'It is locked in Microsoft 365', /closed or checked in/],
		[500, 'generalException', 'The site is locked.', 'transient', 'Microsoft 365 had a passing fault', /next run/],
	] as const)('%i %s of a drive or site, "%s", is %s: %s', (status, code, message, kind, title, nextStep) => {
		expect(answer(status, code, message, {}, '/drives/d/root')).toMatchObject({ kind, title, nextStep: expect.stringMatching(nextStep) as string });
	});

	it('without licence says what to do', () => {
		expect(answer(404, 'MailboxNotEnabledForRESTAPI', 'The mailbox is either inactive, soft-deleted, or is hosted on-premise.')).toMatchObject({
			message: 'Microsoft Graph answered 404 MailboxNotEnabledForRESTAPI to GET /users/u/messages/m: The mailbox is either inactive, soft-deleted, or is hosted on-premise.',
			title: expect.stringContaining('no Exchange Online mailbox') as string,
			nextStep: expect.stringContaining('licence') as string,
		});
	});
});

describe('a missing permission', () => {
	it.each([
		['GET', '/users/u/messages/m', 'Mail.Read', 'Mail.ReadWrite'],
		['GET', "/users('u')/mailFolders/f/messages/delta?$deltatoken=1", 'Mail.Read', 'Mail.ReadWrite'],
		['POST', '/users/u/mailFolders/f/messages', 'Mail.Read', 'Mail.ReadWrite'],
		['GET', '/users/u/mailFolders/inbox/messageRules', 'MailboxSettings.Read', 'MailboxSettings.ReadWrite'],
		['GET', '/users/u/outlook/masterCategories', 'MailboxSettings.Read', 'MailboxSettings.ReadWrite'],
		['GET', '/users/u/calendars', 'Calendars.Read', 'Calendars.ReadWrite'],
		['GET', '/users/u/contacts', 'Contacts.Read', 'Contacts.ReadWrite'],
		['GET', '/users/u/todo/lists', 'Tasks.Read.All', 'Tasks.ReadWrite.All'],
		['GET', '/users', 'User.ReadBasic.All', 'User.ReadBasic.All'],
		['GET', '/users/delta', 'User.Read.All', 'User.Read.All'],
		['GET', '/drives/d/root/delta', 'Files.Read.All', 'Files.ReadWrite.All'],
		['GET', '/users/u/drive', 'Files.Read.All', 'Files.ReadWrite.All'],
		['POST', '/drives/d/items/i:/n:/createUploadSession', 'Sites.ReadWrite.All', 'Sites.ReadWrite.All'],
		['GET', '/sites/s/lists/l/items', 'Sites.Read.All', 'Sites.ReadWrite.All'],
		['POST', '/sites/s/lists', 'Sites.Manage.All', 'Sites.Manage.All'],
		['PATCH', '/sites/h:/sites/marketing:/lists/l/columns/c', 'Sites.Manage.All', 'Sites.Manage.All'],
		['POST', '/sites/s/lists/l/contentTypes/addCopy', 'Sites.Manage.All', 'Sites.Manage.All'],
		['GET', '/sites/s/lists/l/columns', 'Sites.Read.All', 'Sites.ReadWrite.All'],
		['POST', '/sites/s/lists/l/items', 'Sites.Read.All', 'Sites.ReadWrite.All'],
		['POST', '/sites/s/pages', 'Sites.Read.All', 'Sites.ReadWrite.All'],
		['GET', '/sites/s/pages/p/microsoft.graph.sitePage?$expand=canvasLayout', 'Sites.Read.All', 'Sites.ReadWrite.All'],
		['GET', '/sites/getAllSites', 'Sites.Read.All', 'Sites.ReadWrite.All'],
		['GET', '/sites/s/drives', 'Files.Read.All', 'Files.ReadWrite.All'],
		['GET', '/sites/s/permissions', 'Sites.FullControl.All', 'Sites.FullControl.All'],
		['GET', '/sites/h:/sites/marketing:/permissions', 'Sites.FullControl.All', 'Sites.FullControl.All'],
		['GET', '/drives/d/items/i/permissions', 'Files.Read.All', 'Files.ReadWrite.All'],
		['POST', '/drives/d/items/i/invite', 'Files.Read.All', 'Files.ReadWrite.All'],
		['GET', '/drives/d/items/i/versions/1.0/content', 'Files.Read.All', 'Files.ReadWrite.All'],
		['GET', '/drives/d/root:/list/createUploadSession:/children', 'Files.Read.All', 'Files.ReadWrite.All'],
		['GET', '/drives/d/list/items', 'Sites.Read.All', 'Sites.ReadWrite.All'],
		['PATCH', '/drives/d/items/i/listItem/fields', 'Sites.Read.All', 'Sites.ReadWrite.All'],
		['GET', '/groups/g/drive', 'Files.Read.All', 'Files.ReadWrite.All'],
		['GET', '/groups/g/sites/root', 'Sites.Read.All', 'Sites.ReadWrite.All'],
		['GET', '/groups/g/members', 'GroupMember.Read.All', 'GroupMember.Read.All'],
		['GET', '/subscribedSkus', 'LicenseAssignment.Read.All', 'LicenseAssignment.Read.All'],
		['GET', '/organization', 'Directory.Read.All', 'Directory.Read.All'],
		['POST', '/admin/exchange/mailboxes/m/exportItems', 'MailboxItem.Export.All', 'MailboxItem.ImportExport.All'],
	])('for %s %s is %s to back up and %s to restore', (method, path, backup, restore) => {
		expect(missingPermission(method, path)).toEqual({ backup, restore });
	});

	it('is none for attachments of a message upload by another name', () => {
		expect(missingPermission('POST', '/users/u/messages/m/attachments/createUploadSession')).toEqual({ backup: 'Mail.Read', restore: 'Mail.ReadWrite' });
	});

	it.each([
		['GET', '/drives/d/root', 'Files.Read.All', 'read'],
		['PATCH', '/sites/s/lists/l/items/3/fields', 'Sites.ReadWrite.All', 'write'],
		['POST', '/sites/s/lists', 'Sites.Manage.All', 'owner'],
		['POST', '/drives/d/items/i/extractSensitivityLabels', 'Files.Read.All', 'read'],
	])('of %s %s is named as %s, and for Sites.Selected as the role %s', (method, path, permission, role) => {
		const { nextStep } = classifyAnswer({ method, path, status: 403, headers: headerGetter({}), body: { error: { code: 'accessDenied', message: 'Access denied' } }, now });
		expect(nextStep).toBe(
			`Grant the application permission ${permission} to the app registration in Entra and give admin consent. If the app registration works with Sites.Selected instead, grant it this site (${role})`,
		);
	});

	it('to grant permissions on sites says nothing of Sites.Selected, which never suffices', () => {
		expect(answer(403, 'accessDenied', '', {}, '/sites/s/permissions').nextStep).toBe('Grant the application permission Sites.FullControl.All to the app registration in Entra and give admin consent.');
	});

	it('is named in what to do about a 403, the one to write for writes', () => {
		expect(answer(403, 'ErrorAccessDenied').nextStep).toBe(
			'Grant the application permission Mail.Read to the app registration in Entra and give admin consent. If access is limited to some mailboxes (Exchange RBAC for Applications), add this mailbox to its scope; that takes up to two hours',
		);
		const write = classifyAnswer({ method: 'PATCH', path: '/users/u/messages/m', status: 403, headers: headerGetter({}), body: undefined, now });
		expect(write.nextStep).toContain('Mail.ReadWrite');
	});
});

describe('a path', () => {
	it.each([
		['/users/AbC/messages', 'abc'],
		["/users('AbC')/mailFolders('f')/messages", 'abc'],
		['/users/anna%40contoso.com/mailFolders', 'anna@contoso.com'],
		['/users/u', undefined],
		['/users?$top=1', undefined],
		['/users/delta', undefined],
		['/users/u/drive/root', undefined],
		['/drives/d', undefined],
	])('%s is about the mailbox %s', (path, mailbox) => {
		expect(mailboxOf(path)).toBe(mailbox);
	});

	it.each([
		['GET', '/drives/d/items/i', 1],
		['GET', '/drives/d/items/i/content', 1],
		['GET', '/drives/d/root/delta', 2],
		['GET', "/drives/d/root/delta?token=abc", 1],
		['GET', '/drives/d/items/i/children', 2],
		['PATCH', '/drives/d/items/i', 2],
		['GET', '/drives/d/items/i/permissions', 5],
		['GET', '/drives/d/items/i?$expand=permissions', 5],
		['GET', '/drives/d/items/i?$select=id&$expand=thumbnails,permissions', 5],
		['GET', '/drives/d/items/i/permissions/p', 5],
		['POST', '/drives/d/items/i/invite', 5],
		['POST', '/drives/d/items/i/createLink', 5],
		['GET', "/drives/d/root/delta(token='abc')", 1],
		['GET', '/drives/d/root/delta()?$top=5', 2],
		['GET', '/drives/d/root/delta?$select=id&$skiptoken=x', 1],
		['GET', '/users/u/drive/root:/permissions/delta', 1],
		['GET', '/drives/d/root:/permissions/a:/children?$top=5', 2],
		['GET', '/drives/d/root:/items/lists', 1],
		['GET', '/sites/h:/sites/a:/drive/root:/permissions/x:/children', 2],
		['POST', '/drives/d/items/i:/invite/x:/createUploadSession', 2],
		['GET', '/drives/d/items/i/versions', 2],
		['GET', '/drives/d/items/i/versions/1.0/content', 1],
		['GET', "/drives/d/root/search(q='x')", 2],
		['GET', '/sites?search=*', 2],
		['GET', '/sites/getAllSites', 2],
		['GET', '/sites/h,g,g', 1],
		['GET', '/sites/h:/sites/lists', 1],
		['GET', '/sites/h:/sites/a:/lists', 2],
		['GET', '/sites/s/lists/l/items?$expand=fields', 2],
		['GET', '/sites/s/lists/l/items/3?$expand=fields', 1],
		['GET', '/sites/s/lists/l/items/delta?token=latest', 1],
		['POST', '/sites/s/lists', 2],
		['GET', '/sites/s/pages', 2],
		['GET', '/sites/s/pages/microsoft.graph.sitePage', 2],
		['GET', '/sites/s/pages/p/microsoft.graph.sitePage?$expand=canvasLayout', 1],
		['GET', '/sites/s/permissions', 5],
	])('%s %s costs %i resource units', (method, path, units) => {
		expect(isSharePoint(path)).toBe(true);
		expect(resourceUnits(method, path)).toBe(units);
	});

	it.each([
		['POST', '/drives/d/items/i/invite', true],
		['POST', '/drives/d/root:/a:/createLink?x=1', true],
		['POST', '/drives/d/items/i:/invite', false],
		['GET', '/drives/d/items/i/permissions', false],
		['DELETE', '/drives/d/items/i/permissions/p', false],
	])('%s %s shares something: %s', (method, path, expected) => {
		expect(isSharing(method, path)).toBe(expected);
	});

	it.each([
		[0, 1],
		[1_000, 1],
		[1_001, 2],
		[5_000, 2],
		[15_000, 3],
		[50_000, 4],
		[50_001, 5],
		[Number.NaN, 1],
	])('a tenant with %d licences gets %d times the units', (licences, factor) => {
		expect(sizeFactor(licences)).toBe(factor);
	});
});

describe('headers', () => {
	it.each([
		[{}, 'IdType="ImmutableId"'],
		[{ Prefer: 'odata.maxpagesize=5' }, 'odata.maxpagesize=5, IdType="ImmutableId"'],
		[{ prefer: 'IdType="RestId", outlook.allow-unsafe-html' }, 'outlook.allow-unsafe-html, IdType="ImmutableId"'],
		[{ Prefer: 'IdType="ImmutableId"' }, 'IdType="ImmutableId"'],
	])('%o ask for immutable ids once', (headers, expected) => {
		expect(withImmutableIds(headers)).toEqual({ Prefer: expected });
	});

	it.each([
		['5', 5_000],
		['0', 0],
		['1.5', 1_500],
		['Sun, 22 Nov 2026 10:00:30 GMT', 30_000],
		['Sun, 22 Nov 2026 09:00:00 GMT', 0],
		['soon', undefined],
		['', undefined],
	])('Retry-After %s is %s ms', (value, expected) => {
		expect(retryAfterMs(headerGetter({ 'Retry-After': value }), now)).toBe(expected);
	});

	it('name the version of this package', () => {
		expect(packageVersion).toBe(packageJson.version);
	});
});
