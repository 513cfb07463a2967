import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addDriveVariety } from './drive-generate';
import { exchangeMailboxId } from './exchange-ids';
import { addVariety } from './generate-tenant';
import { GraphCaller } from './graph-caller';
import { checkRecord, readRecord } from './openapi-check';
import { OpenApiDocument } from './openapi-document';
import { EXCHANGE_ROLES } from './permissions';
import { startSimulator, type RunningSimulator } from './start';

/** Microsoft's description is data kept outside this repository: GRAPH_OPENAPI names the file. */
const file = process.env.GRAPH_OPENAPI ?? '';

describe('the simulated tenant, held against Microsoft’s description of Graph (GRAPH_OPENAPI names the file)', () => {
	it('answers every kind of request as described', async (context) => {
		if (!existsSync(file)) context.skip('GRAPH_OPENAPI names no file: Microsoft’s description is kept outside this repository');
		const dir = await mkdtemp(join(tmpdir(), 'simulator-openapi-'));
		try {
			const recordFile = join(dir, 'record.ndjson');
			const simulator = await startSimulator({ http: true, users: 1, messages: 150, folders: 12, contacts: 40, tasks: 40, events: 60, files: 60, sites: 1, recordFile });
			await exercise(simulator);
			await simulator.stop();
			const document = new OpenApiDocument(JSON.parse(await readFile(file, 'utf8')) as ConstructorParameters<typeof OpenApiDocument>[0]);
			const result = await checkRecord(document, readRecord(recordFile));
			expect([...result.unexplained.keys()]).toEqual([]);
			expect(result.checkedBodies).toBeGreaterThan(80);
		} finally {
			await rm(dir, { recursive: true });
		}
	});
});

/** Each route at least once. */
async function exercise(simulator: RunningSimulator): Promise<void> {
	const [user] = simulator.tenant.users;
	addVariety(user!.mailbox!, { large: false });
	const left = simulator.tenant.addUser({ displayName: 'Left Company' });
	simulator.tenant.removeUser(left);
	const graph = new GraphCaller(simulator);
	const mail = `/users/${user!.id}`;
	for (const path of ['/users?$top=1&$select=id,displayName,mail,accountEnabled,assignedLicenses,proxyAddresses', '/users', mail, '/users/nobody@contoso.example', '/organization', `/directory/deletedItems/${left.id}?$select=id,deletedDateTime`, `/directory/deletedItems/${user!.id}`]) await graph.get(path);
	const group = simulator.tenant.groups.add({ displayName: 'Everybody', mail: 'all@contoso.example', members: [user!] });
	for (const path of [`/groups/${group.id}`, "/groups?$select=id,displayName&$top=5&$filter=displayName eq 'Everybody'", '/subscribedSkus?$select=skuId,skuPartNumber', "/users?$filter=contains(mail,'a')"]) await graph.get(path);
	for (const path of ['/users?$count=true&$filter=assignedLicenses/$count ne 0', `/groups/${group.id}/transitiveMembers/microsoft.graph.user?$count=true&$select=id,accountEnabled,assignedLicenses`]) await graph.get(path, { headers: { ConsistencyLevel: 'eventual' } });
	for (const path of ['mailboxSettings', 'mailFolders/inbox/messageRules', 'outlook/masterCategories', 'mailFolders?includeHiddenFolders=true&$expand=childFolders', 'mailFolders/inbox/childFolders', 'mailFolders/recoverableitemsroot/childFolders']) {
		await graph.get(`${mail}/${path}`);
	}
	await graph.round(`${mail}/mailFolders/delta`);
	await graph.round(`${mail}/mailFolders/inbox/messages/delta`, { maxPageSize: 100 });
	const all = (await graph.get(`${mail}/messages?$top=1000&$select=subject,hasAttachments,internetMessageHeaders,uniqueBody`)).json.value;
	for (const { id } of all.slice(0, 32)) {
		await graph.get(`${mail}/messages/${id}`);
		await graph.get(`${mail}/messages/${id}/$value`);
		await graph.get(`${mail}/messages/${id}/attachments?$expand=microsoft.graph.itemAttachment/item`);
	}
	await exerciseCalendars(graph, mail);
	await exerciseTodo(graph, mail);
	await write(graph, mail);
	await exerciseExchange(simulator, graph, all[0]!.id);
	await exerciseContacts(graph, mail);
	await exerciseDrives(simulator, graph, mail);
	await exerciseSites(simulator);
	await writeSettings(graph, mail);
	await graph.post('/$batch', { requests: all.slice(0, 10).map(({ id }, n) => ({ id: String(n), method: 'GET', url: `${mail}/messages/${id}` })) });
}

async function exerciseContacts(graph: GraphCaller, user: string): Promise<void> {
	await graph.round(`${user}/contactFolders/delta`);
	const folder = (await graph.post(`${user}/contactFolders`, { displayName: 'New' })).entity;
	const child = (await graph.post(`${user}/contactFolders/${folder.id}/childFolders`, { displayName: 'Child' })).entity.id;
	await graph.call('PATCH', `${user}/contactFolders/${child}`, { body: { displayName: 'Newer', parentFolderId: folder['parentFolderId'] } });
	for (const path of ['contactFolders', `contactFolders/${folder.id}`, `contactFolders/${folder.id}/childFolders`, 'contacts?$top=100']) await graph.get(`${user}/${path}`);
	const created = (await graph.post(`${user}/contactFolders/${folder.id}/contacts`, {
		displayName: 'A', birthday: '1974-07-22', businessPhones: ['1'], homeAddress: { city: 'Köln' }, emailAddresses: [{ name: 'A', address: 'a@x.example' }],
		singleValueExtendedProperties: [{ id: 'String {6d0f6a0e-5d2c-4f0b-9a51-b3c1f2a7c84e} Name Mark', value: 'x' }],
	})).entity.id;
	const contact = `${user}/contacts/${created}`;
	await graph.call('PUT', `${contact}/photo/$value`, { body: 'picture', headers: { 'content-type': 'image/jpeg' } });
	for (const path of ['', '/photo', '/photo/$value']) await graph.get(`${contact}${path}`);
	await graph.get(`${user}/contactFolders/${folder.id}/contacts?$expand=singleValueExtendedProperties($filter=id eq 'String {6d0f6a0e-5d2c-4f0b-9a51-b3c1f2a7c84e} Name Mark')`);
	await graph.round(`${user}/contactFolders/${String(folder['parentFolderId'])}/contacts/delta`, { maxPageSize: 20 });
	await graph.round(`${user}/contacts/delta`);
	await graph.call('PATCH', contact, { body: { surname: 'B', parentFolderId: folder['parentFolderId'] } });
	await graph.call('DELETE', contact);
	await graph.post(`${contact}/permanentDelete`, {});
	await graph.call('DELETE', `${user}/contactFolders/${child}`);
	await graph.post(`${user}/contactFolders/${folder.id}/permanentDelete`, {});
}

/** To Do: lists, tasks and what hangs on them. */
async function exerciseTodo(graph: GraphCaller, user: string): Promise<void> {
	const lists = `${user}/todo/lists`;
	const [first] = (await graph.get(`${lists}?$top=100`)).json.value;
	await graph.get(`${lists}/${first!.id}`);
	await graph.round(`${lists}/delta`);
	await graph.round(`${lists}/${first!.id}/tasks/delta?$expand=checklistItems,linkedResources`, { maxPageSize: 5 });
	await graph.get(`${lists}/${first!.id}/tasks?$top=5&$filter=status ne 'completed'`);
	const made = (await graph.post(lists, { displayName: 'Made' })).entity.id;
	await graph.call('PATCH', `${lists}/${made}`, { body: { displayName: 'Made anew' } });
	const created = await graph.post(`${lists}/${made}/tasks`, {
		title: 'Restored',
		body: { content: 'x', contentType: 'text' },
		status: 'completed',
		completedDateTime: { dateTime: '2026-11-01T00:00:00', timeZone: 'UTC' },
		linkedResources: [{ webUrl: 'https://x.example', applicationName: 'X' }],
	});
	const task = `${lists}/${made}/tasks/${created.entity.id}`;
	await graph.post(`${task}/checklistItems`, { displayName: 'One', isChecked: true });
	await graph.post(`${task}/linkedResources`, { webUrl: 'https://y.example' });
	await graph.post(`${task}/extensions`, { '@odata.type': '#microsoft.graph.openTypeExtension', extensionName: 'com.contoso.x', colour: 'red' });
	const attached = await graph.post(`${task}/attachments`, { '@odata.type': '#microsoft.graph.taskFileAttachment', name: 'a', contentBytes: 'QUJD' });
	await graph.get(`${task}/attachments`);
	await graph.get(`${task}/attachments/${attached.entity.id}`);
	await graph.get(`${task}/attachments/${attached.entity.id}/$value`);
	await graph.post(`${task}/attachments/createUploadSession`, { attachmentInfo: { attachmentType: 'file', name: 'l', size: 4_000_000 } });
	await graph.get(`${task}?$expand=checklistItems,linkedResources,attachments,extensions`);
	await graph.call('PATCH', task, { body: { title: 'Changed', status: 'notStarted' } });
	await graph.call('DELETE', task);
	await graph.call('DELETE', `${lists}/${made}`);
}

async function exerciseCalendars(graph: GraphCaller, mail: string): Promise<void> {
	const window = 'startDateTime=2026-01-01T00:00:00Z&endDateTime=2026-07-01T00:00:00Z';
	const group = (await graph.post(`${mail}/calendarGroups`, { name: 'Projects' })).entity.id;
	const calendar = (await graph.post(`${mail}/calendarGroups/${group}/calendars`, { name: 'Apollo', color: 'lightBlue' })).entity.id;
	for (const path of ['calendar', 'calendars', 'calendarGroups', `calendarGroups/${group}`, `calendarGroups/${group}/calendars`, `calendars/${calendar}`, `calendar/calendarPermissions`]) await graph.get(`${mail}/${path}`);
	for (const path of ['events?$top=100', 'calendar/events', `calendars/${calendar}/events`, `calendarView?${window}`, `calendar/calendarView?${window}`]) await graph.round(`${mail}/${path}`, { maxPageSize: 50 });
	await graph.round(`${mail}/calendars/${calendar}/calendarView/delta?${window}`);
	await graph.round(`${mail}/calendarView/delta?${window}`, { maxPageSize: 50 });
	const at = (time: string): { dateTime: string; timeZone: string } => ({ dateTime: `2026-03-02T${time}:00`, timeZone: 'W. Europe Standard Time' });
	const recurrence = { pattern: { type: 'relativeMonthly', interval: 1, daysOfWeek: ['monday'], index: 'first' }, range: { type: 'endDate', startDate: '2026-03-02', endDate: '2026-06-30', recurrenceTimeZone: 'W. Europe Standard Time' } };
	const created = await graph.post(`${mail}/calendars/${calendar}/events`, { subject: 'Series', start: at('10:00'), end: at('11:00'), recurrence, isOnlineMeeting: true, attendees: [{ type: 'required', emailAddress: { address: 'a@example.com', name: 'A' } }], singleValueExtendedProperties: [{ id: 'String {00020329-0000-0000-c000-000000000046} Name mark', value: 'x' }] });
	const event = `${mail}/events/${created.entity.id}`;
	const days = (await graph.get(`${event}/instances?${window}`)).json.value;
	await graph.call('PATCH', `${mail}/events/${days[0]!.id}`, { body: { subject: 'Moved' } });
	await graph.call('DELETE', `${mail}/events/${days[1]!.id}`);
	await graph.get(`${event}?$select=subject,start,end,exceptionOccurrences,cancelledOccurrences&$expand=exceptionOccurrences`);
	await graph.post(`${event}/attachments`, { '@odata.type': '#microsoft.graph.fileAttachment', name: 'a', contentBytes: 'QUJD' });
	await graph.post(`${event}/attachments`, { '@odata.type': '#microsoft.graph.itemAttachment', name: 'i', item: { '@odata.type': '#microsoft.graph.message', subject: 'inner' } });
	await graph.post(`${event}/attachments/createUploadSession`, { AttachmentItem: { attachmentType: 'file', name: 'l', size: 4_000_000 } });
	const attachments = (await graph.get(`${event}/attachments?$expand=microsoft.graph.itemAttachment/item`)).json.value;
	await graph.get(`${event}/attachments/${attachments[0]!.id}`);
	await graph.get(`${event}/attachments/${attachments[0]!.id}/$value`);
	await graph.call('DELETE', `${event}/attachments/${attachments[0]!.id}`);
	await graph.post(`${event}/forward`, { ToRecipients: [{ emailAddress: { address: 'b@example.com', name: 'B' } }], Comment: 'x' });
	await graph.post(`${event}/cancel`, { Comment: 'x' });
	const received = (await graph.round(`${mail}/events`, { maxPageSize: 50 })).entries.find(({ isOrganizer }) => isOrganizer === false)!;
	await graph.post(`${mail}/events/${received.id}/accept`, { SendResponse: true, Comment: '' });
	await graph.post(`${mail}/events/${received.id}/tentativelyAccept`, { SendResponse: false, Comment: '' });
	await graph.post(`${mail}/events/${received.id}/decline`, { SendResponse: false, Comment: '' });
	const single = (await graph.post(`${mail}/events`, { subject: 'x', start: at('10:00'), end: at('11:00') })).entity.id;
	await graph.call('POST', `${mail}/events/${single}/permanentDelete`);
	await graph.call('PATCH', `${mail}/calendars/${calendar}`, { body: { name: 'Gemini' } });
	await graph.call('DELETE', `${mail}/calendarGroups/${group}/calendars/${calendar}`);
	await graph.call('DELETE', `${mail}/calendarGroups/${group}`);
}

async function write(graph: GraphCaller, mail: string): Promise<void> {
	const folder = (await graph.post(`${mail}/mailFolders/inbox/childFolders`, { displayName: 'New', isHidden: false })).entity.id;
	await graph.call('PATCH', `${mail}/mailFolders/${folder}`, { body: { displayName: 'Newer' } });
	await graph.post(`${mail}/mailFolders/${folder}/move`, { destinationId: 'archive' });
	const created = await graph.post(`${mail}/mailFolders/${folder}/messages`, {
		subject: 'Restored',
		body: { contentType: 'html', content: '<b>x</b>' },
		toRecipients: [{ emailAddress: { address: 'a@example.com', name: 'A' } }],
		isRead: true,
		importance: 'high',
		flag: { flagStatus: 'flagged' },
		categories: ['Red'],
		singleValueExtendedProperties: [{ id: 'Integer 0x0E07', value: '1' }],
	});
	const message = `${mail}/messages/${created.entity.id}`;
	await graph.post(`${message}/attachments`, { '@odata.type': '#microsoft.graph.fileAttachment', name: 'a', contentBytes: 'QUJD', isInline: true, contentId: 'x' });
	await graph.post(`${message}/attachments`, { '@odata.type': '#microsoft.graph.itemAttachment', name: 'i', item: { '@odata.type': '#microsoft.graph.message', subject: 'inner' } });
	await graph.post(`${message}/attachments/createUploadSession`, { AttachmentItem: { attachmentType: 'file', name: 'l', size: 4_000_000 } });
	await graph.call('PATCH', message, { body: { isRead: false, categories: [], flag: { flagStatus: 'complete' } } });
	await graph.post(`${message}/move`, { destinationId: 'inbox' });
	await graph.post(`${message}/copy`, { destinationId: 'inbox' });
	await graph.call('DELETE', message);
	await graph.call('POST', `${message}/permanentDelete`);
	await graph.call('DELETE', `${mail}/mailFolders/${folder}`);
	await graph.post(`${mail}/sendMail`, { message: { subject: 'x', toRecipients: [{ emailAddress: { address: 'a@example.com' } }] } });
}

async function writeSettings(graph: GraphCaller, mail: string): Promise<void> {
	const rule = await graph.post(`${mail}/mailFolders/inbox/messageRules`, {
		displayName: 'Invoices',
		sequence: 1,
		isEnabled: false,
		conditions: { subjectContains: ['invoice'], fromAddresses: [{ emailAddress: { address: 'a@example.com' } }], withinSizeRange: { minimumSize: 0, maximumSize: 100 } },
		exceptions: { isSigned: true, importance: 'high' },
		actions: { moveToFolder: 'archive', forwardTo: [{ emailAddress: { address: 'b@example.com' } }], stopProcessingRules: true },
	});
	const one = `${mail}/mailFolders/inbox/messageRules/${encodeURIComponent(rule.entity.id)}`;
	await graph.get(one);
	await graph.get(`${mail}/mailFolders/inbox/messageRules`);
	await graph.call('PATCH', one, { body: { displayName: 'Bills' } });
	await graph.call('DELETE', one);
	const category = await graph.post(`${mail}/outlook/masterCategories`, { displayName: 'Travel', color: 'preset7' });
	await graph.get(`${mail}/outlook/masterCategories`);
	await graph.get(`${mail}/outlook/masterCategories/${category.entity.id}`);
	await graph.call('PATCH', `${mail}/outlook/masterCategories/${category.entity.id}`, { body: { color: 'preset1' } });
	await graph.call('DELETE', `${mail}/outlook/masterCategories/${category.entity.id}`);
	await graph.call('PATCH', `${mail}/mailboxSettings`, { body: { timeZone: 'UTC', language: { locale: 'fr-FR' }, workingHours: { startTime: '09:00:00.0000000' } } });
}

/** A drive: reading, writing, sharing, versions. */
async function exerciseDrives(simulator: RunningSimulator, graph: GraphCaller, user: string): Promise<void> {
	const drive = simulator.tenant.users[0]!.drive!;
	const odd = addDriveVariety(drive);
	const base = `/drives/${drive.id}`;
	for (const path of [`${user}/drive`, `${user}/drives`, base, `${base}/root`, `${base}/root/children?$top=5`, `${base}/items/${drive.idOf(odd)}/children?$expand=thumbnails`]) await graph.get(path);
	await graph.round(`${base}/items/root/delta()?$top=50`);
	const deltaLink = (await graph.round(`${base}/root/delta`)).deltaLink;
	const folder = String((await graph.post(`${base}/items/root/children`, { name: 'Made', folder: {}, '@microsoft.graph.conflictBehavior': 'rename' })).json.id);
	const put = (path: string, body: string): Promise<{ entity: { id: string } }> => graph.call('PUT', `${base}/${path}`, { body, headers: { 'content-type': 'text/plain' } });
	const file = `${base}/items/${(await put(`items/${folder}:/a%23.txt:/content`, 'one')).entity.id}`;
	await put(`root:/Made/a%23.txt:/content?@microsoft.graph.conflictBehavior=replace`, 'two');
	await graph.call('PUT', `${file}/content`, { body: 'three', headers: { 'content-type': 'text/plain' } });
	await graph.call('PATCH', file, { body: { name: 'b.txt', parentReference: { id: drive.idOf(odd) }, description: 'x', fileSystemInfo: { createdDateTime: '2020-01-01T00:00:00Z', lastModifiedDateTime: '2021-01-01T00:00:00Z' } } });
	await graph.post(`${base}/items/${folder}:/big.bin:/createUploadSession`, { item: { '@microsoft.graph.conflictBehavior': 'rename', name: 'big.bin', fileSize: 9, fileSystemInfo: { createdDateTime: '2020-01-01T00:00:00Z' } }, deferCommit: false });
	await graph.post(`${file}/createUploadSession`, { item: { fileSize: 9 } });
	await graph.post(`${file}/copy`, { parentReference: { driveId: drive.id, id: folder }, name: 'copied.txt' });
	const [granted] = (await graph.post(`${file}/invite`, { requireSignIn: true, sendInvitation: false, roles: ['write'], recipients: [{ objectId: user.split('/').at(-1) }], retainInheritedPermissions: true })).json.value;
	await graph.post(`${file}/createLink`, { type: 'view', scope: 'organization' });
	for (const path of ['', '?$expand=permissions,versions', '/permissions', `/permissions/${granted!.id}`, '/versions', '/versions/1.0', '/thumbnails']) await graph.get(`${file}${path}`);
	await graph.call('PATCH', `${file}/permissions/${granted!.id}`, { body: { roles: ['read'] } });
	await graph.call('DELETE', `${file}/permissions/${granted!.id}`);
	await graph.post(`${file}/versions/1.0/restoreVersion`, {});
	await graph.call('POST', `${file}/checkout`);
	await graph.call('POST', `${file}/checkin`, { body: { comment: 'x' } });
	for (const path of ['/versions/1.0/content', '/content']) await graph.get(`${file}${path}`);
	await graph.get(`${base}/root:/${encodeURIComponent(odd.name)}/${encodeURIComponent('50% #1 & more+.txt')}`);
	await graph.call('DELETE', file);
	await graph.call('POST', `${base}/items/${folder}/permanentDelete`);
	await graph.round(deltaLink, { headers: { prefer: 'deltashowremovedasdeleted, deltashowsharingchanges' } });
}

/** settings/exchange and the import URL are outside the description that there is. */
async function exerciseExchange(simulator: RunningSimulator, graph: GraphCaller, messageId: string): Promise<void> {
	simulator.tenant.roles.grant(...EXCHANGE_ROLES);
	const { token } = simulator.tenant.tokens.issue();
	const mailbox = `/admin/exchange/mailboxes/${exchangeMailboxId(simulator.tenant.users[0]!.mailbox!)}`;
	const inbox = `${mailbox}/folders/${simulator.tenant.users[0]!.mailbox!.folder('inbox').id}`;
	for (const path of [`${mailbox}/folders`, `${mailbox}/folders?$filter=type eq 'IPF.Note'`, inbox, `${inbox}/childFolders`, `${inbox}/items`, `${inbox}/items/delta()`]) await graph.get(path, { token });
	await graph.post(`${mailbox}/exportItems`, { itemIds: [messageId, 'unknown'] }, { token });
	await graph.call('POST', `${mailbox}/createImportSession`, { token });
}

/** A site: lists with every type of column, items, pages, permissions. */
async function exerciseSites(simulator: RunningSimulator): Promise<void> {
	simulator.tenant.addSite({ name: 'put-away' }).archiveStatus = 'fullyArchived';
	const { tenant } = simulator;
	tenant.roles.grant('Sites.FullControl.All');
	const graph = new GraphCaller({ ...simulator, token: tenant.tokens.issue().token });
	const site = tenant.sites.all.find(({ name }) => name === 'site1')!;
	site.addSubsite({ name: 'below' });
	const base = `/sites/${site.id}`;
	for (const path of ['/sites/root', '/sites?search=*', '/sites/getAllSites', base, `${base}?$select=id,sharepointIds`, '/sites/none', `${base}/sites`, `${base}/lists?$select=id,name,displayName,list,system`, `${base}/columns`, `${base}/contentTypes?$expand=columns`, `${base}/drive`, `${base}/drives`, `${base}/pages`]) await graph.get(path);
	await graph.round('/sites/delta');
	const lists = (await graph.get(`${base}/lists?$expand=columns,contentTypes,drive`)).json.value;
	for (const { id } of lists) {
		for (const path of ['', '/columns', '/contentTypes?$expand=columns', '/items?$expand=fields,driveItem&$top=5']) await graph.get(`${base}/lists/${id}${path}`);
		await graph.round(`${base}/lists/${id}/items/delta?$expand=fields`);
	}
	const made = (await graph.post(`${base}/lists`, { displayName: 'Made', description: 'x', list: { template: 'genericList' }, columns: [{ name: 'Amount', number: { decimalPlaces: 'two' } }, { name: 'Tags', choice: { choices: ['a'], displayAs: 'checkBoxes' } }] })).entity.id;
	const list = `${base}/lists/${made}`;
	await graph.call('PATCH', list, { body: { displayName: 'Made anew' } });
	const column = (await graph.post(`${list}/columns`, { name: 'Owner', personOrGroup: { allowMultipleSelection: false } })).entity.id;
	await graph.call('PATCH', `${list}/columns/${column}`, { body: { displayName: 'Owned by', indexed: true } });
	await graph.get(`${list}/columns/${column}`);
	await graph.call('DELETE', `${list}/columns/${column}`);
	const type = (await graph.post(`${list}/contentTypes`, { name: 'Job', parentId: '0x0108' })).entity.id;
	for (const path of [`contentTypes/${type}`, `contentTypes/${type}/columns`]) await graph.get(`${list}/${path}`);
	const item = `${list}/items/${(await graph.post(`${list}/items`, { fields: { Title: 'x', Amount: 1 }, contentType: { id: type } })).entity.id}`;
	await graph.call('PATCH', `${item}/fields`, { body: { Title: 'y' } });
	await graph.call('PATCH', item, { body: { fields: { Amount: 2 } } });
	for (const path of [item, `${item}/fields`, `${item}/versions?$expand=fields`, `${item}/versions/1.0`]) await graph.get(path);
	await graph.call('POST', `${item}/versions/1.0/restoreVersion`);
	await graph.round(`${list}/items/delta?token=latest`);
	await graph.call('DELETE', item);
	await graph.call('DELETE', list);
	await exercisePages(graph, base);
	const grant = (await graph.post(`${base}/permissions`, { roles: ['read'], grantedToIdentities: [{ application: { id: tenant.clientId, displayName: 'x' } }] })).entity.id;
	await graph.get(`${base}/permissions`);
	await graph.call('PATCH', `${base}/permissions/${grant}`, { body: { roles: ['write'] } });
	await graph.call('DELETE', `${base}/permissions/${grant}`);
}

async function exercisePages(graph: GraphCaller, site: string): Promise<void> {
	const canvasLayout = { horizontalSections: [{ layout: 'oneColumn', columns: [{ width: 12, webparts: [{ '@odata.type': '#microsoft.graph.textWebPart', innerHtml: '<p>x</p>' }] }] }] };
	const page = `${site}/pages/${(await graph.post(`${site}/pages`, { '@odata.type': '#microsoft.graph.sitePage', name: 'x.aspx', title: 'x', canvasLayout })).entity.id}`;
	await graph.call('PATCH', page, { body: { '@odata.type': '#microsoft.graph.sitePage', title: 'y' } });
	await graph.post(`${page}/microsoft.graph.sitePage/publish`, {});
	for (const path of [page, `${page}/microsoft.graph.sitePage?$expand=canvasLayout`, `${site}/pages/microsoft.graph.sitePage?$expand=canvasLayout`]) await graph.get(path);
	await graph.call('DELETE', page);
}
