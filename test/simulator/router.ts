import { answerBatch } from './batch';
import { contactFolderRoutes } from './contact-folder-routes';
import { CALENDAR_SEGMENTS, calendarRoutes } from './calendar-routes';
import { contactRoutes } from './contact-routes';
import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { driveRoutes } from './drive-routes';
import { exchangeRoutes, exchangeSettings, translateExchangeIds } from './exchange-routes';
import { underFault } from './faults';
import { folderRoutes } from './folder-routes';
import { groupRoutes, skuRoutes } from './group-routes';
import { accessDenied, GraphError } from './graph-error';
import type { Mailbox } from './mailbox';
import { messageRoutes } from './message-routes';
import { settingsRoutes } from './settings-routes';
import { withGrantedRoles } from './site-access';
import { listOfDriveRoutes, siteOfDrive, siteRoutes } from './site-routes';
import type { TenantUser } from './tenant';
import { todoRoutes } from './todo-routes';
import { deletedItemRoutes, organizationRoutes, userRoutes } from './user-routes';

/** Answers one Graph request, scripted faults and throttling included. Never throws. */
export async function answerGraph(request: GraphRequest): Promise<GraphAnswer> {
	const path = request.url.slice('/v1.0'.length);
	const fault = request.tenant.faults.take(request.method, decodeURI(path));
	const proceed = async (): Promise<GraphAnswer> => {
		try {
			return await route(request);
		} catch (error) {
			return errorAnswer(error, request);
		}
	};
	const answer = fault ? await underFault(fault, proceed, { ...request, url: `${request.origin}${request.url}` }) : await proceed();
	answer.route ??= routeOf(request.method, request.segments);
	return answer;
}

const KEYED = new Set(['users', 'groups', 'deleteditems', 'calendars', 'calendargroups', 'events', 'calendarview', 'instances', 'lists', 'tasks', 'checklistitems', 'linkedresources', 'extensions', 'attachmentsessions', 'mailboxes', 'mailfolders', 'childfolders', 'messages', 'attachments', 'messagerules', 'mastercategories', 'contactfolders', 'contacts', 'sites', 'items', 'columns', 'contenttypes', 'pages', 'permissions', 'versions', 'drives']);

/** The name under which a request is counted that was refused before its route could say it. */
function routeOf(method: string, segments: readonly string[]): string {
	const names = segments.map((segment, index) => {
		const isKey = KEYED.has(segments[index - 1]?.toLowerCase() ?? '') && !/^(delta(\(.*\))?|createUploadSession|\$count|getAllSites(\(\))?|microsoft\.graph\..*)$/i.test(segment);
		return isKey ? '{id}' : segment;
	});
	return `${method} /${names.join('/').replace(/(\/mailFolders\/\{id\})(\/childFolders\/\{id\})+/i, '$1')}`;
}

export function errorAnswer(error: unknown, request: { tenant: GraphRequest['tenant'] }): GraphAnswer {
	const known = error instanceof GraphError ? error : new GraphError(500, 'SimulatorDefect', error instanceof Error ? (error.stack ?? error.message) : String(error));
	return {
		status: known.status,
		headers: known.headers,
		json: {
			error: {
				code: known.code,
				message: known.message,
				innerError: { ...(known.innerCode === undefined ? {} : { code: known.innerCode }), date: request.tenant.clock.now().toISOString().slice(0, 19), 'request-id': '00000000-0000-4000-a000-000000000000', 'client-request-id': '00000000-0000-4000-a000-000000000000' },
			},
		},
	};
}

async function route(request: GraphRequest): Promise<GraphAnswer> {
	const [first, second, third] = request.segments;
	switch (first?.toLowerCase()) {
		case '$batch':
			return answerBatch(request);
		case 'organization':
			await request.tenant.hold();
			return organizationRoutes(request);
		case 'groups':
			await request.tenant.hold();
			return groupRoutes(request);
		case 'subscribedskus':
			await request.tenant.hold();
			return skuRoutes(request);
		case 'directory':
			await request.tenant.hold();
			return deletedItemRoutes(request);
		case 'users':
			if (third === undefined || third === '') {
				await request.tenant.hold();
				return userRoutes(request);
			}
			return /^drives?$/i.test(third) ? driveRoutes(request) : mailboxRoutes(request, second!);
		case 'drives':
			if (third?.toLowerCase() === 'list') return listOfDriveRoutes(request);
			return driveRoutes(request.roles.has('Sites.Selected') ? withGrantedRoles(request, siteOfDrive(request)) : request);
		case 'sites':
			return siteRoutes(request);
		case 'admin':
			return exchangeRoutes(request);
		case 'me':
			throw new GraphError(400, 'BadRequest', '/me request is only valid with delegated authentication flow.');
		default:
			return miss();
	}
}

const MAIL_SEGMENTS = new Set(['mailfolders', 'todo', 'messages', 'mailboxsettings', 'settings', 'translateexchangeids', 'sendmail', 'outlook', 'contacts', 'contactfolders']);

async function mailboxRoutes(request: GraphRequest, userKey: string): Promise<GraphAnswer> {
	const kind = request.segments[2]!.toLowerCase();
	if (!MAIL_SEGMENTS.has(kind) && !CALENDAR_SEGMENTS.has(kind)) return miss();
	const user = request.tenant.findUser(userKey);
	const mailbox = mailboxOf(user, userKey);
	const isUpload = request.method !== 'GET' && request.method !== 'DELETE';
	mailbox.tenant.throttle.enter(mailbox.user.id, isUpload ? request.body.length : 0);
	try {
		if (mailbox.isForbidden) throw accessDenied('Access to OData is disabled.');
		if (kind === 'mailfolders') return await folderRoutes(request, mailbox);
		if (kind === 'messages') return await messageRoutes(request, mailbox, undefined, request.segments.slice(3));
		if (kind === 'contactfolders') return contactFolderRoutes(request, mailbox.contacts);
		if (CALENDAR_SEGMENTS.has(kind)) return await calendarRoutes(request, mailbox, kind);
		if (kind === 'contacts') return contactRoutes(request, mailbox.contacts, undefined, request.segments.slice(3));
		if (kind === 'settings') return exchangeSettings(request, mailbox);
		if (kind === 'translateexchangeids') return translateExchangeIds(request, mailbox);
		if (kind === 'todo') return todoRoutes(request, mailbox);
		return await settingsRoutes(request, mailbox, kind);
	} finally {
		await request.tenant.hold();
		mailbox.tenant.throttle.leave(mailbox.user.id);
	}
}

function mailboxOf(user: TenantUser | undefined, key: string): Mailbox {
	if (!user) throw new GraphError(404, 'ErrorInvalidUser', `The requested user '${key}' is invalid.`);
	if (!user.mailbox) throw new GraphError(404, 'MailboxNotEnabledForRESTAPI', 'The mailbox is either inactive, soft-deleted, or is hosted on-premise.');
	return user.mailbox;
}
