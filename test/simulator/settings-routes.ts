import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { badRequest, GraphError } from './graph-error';
import { jsonBody } from './json-body';
import type { Mailbox } from './mailbox';
import type { Json } from './message-json';
import { contextUrl } from './paging';
import { need } from './permissions';
import { settingChanges } from './settings-checks';

/** `mailboxSettings`, `outlook/masterCategories` and `sendMail`. */
export async function settingsRoutes(request: GraphRequest, mailbox: Mailbox, kind: string): Promise<GraphAnswer> {
	const rest = request.segments.slice(3);
	if (kind === 'sendmail' && rest.length === 0 && request.method === 'POST') return sendMail(request, mailbox);
	if (kind === 'mailboxsettings' && rest.length === 0) return mailboxSettings(request, mailbox);
	if (kind === 'outlook' && rest[0]?.toLowerCase() === 'mastercategories') {
		if (rest.length === 1) return categories(request, mailbox);
		if (rest.length === 2) return category(request, mailbox, rest[1]!);
	}
	return miss();
}

function sendMail(request: GraphRequest, mailbox: Mailbox): GraphAnswer {
	need(request, 'sendMail');
	const { message } = jsonBody(request) as { message?: { subject?: string; toRecipients?: { emailAddress?: { address?: string } }[] } };
	mailbox.tenant.outbox.push({
		kind: 'mail',
		mailbox: mailbox.user.userPrincipalName,
		subject: message?.subject ?? '',
		recipients: (message?.toRecipients ?? []).map((recipient) => recipient.emailAddress?.address ?? ''),
		request: `${request.method} ${request.url}`,
	});
	return { status: 202, route: 'POST /users/{id}/sendMail' };
}

function mailboxSettings(request: GraphRequest, mailbox: Mailbox): GraphAnswer {
	const route = `${request.method} /users/{id}/mailboxSettings`;
	const { settings } = mailbox;
	const all = (): GraphAnswer => ({
		status: 200,
		route,
		json: {
			'@odata.context': contextUrl(request, `users('${mailbox.user.id}')/mailboxSettings`),
			archiveFolder: mailbox.folder('archive').id,
			...settings.values,
			automaticRepliesSetting: automaticReplies(mailbox),
			userPurpose: settings.userPurpose,
		},
	});
	if (request.method === 'GET') {
		need(request, 'readMailboxSettings');
		return all();
	}
	if (request.method !== 'PATCH') return miss();
	need(request, 'writeMailboxSettings');
	const changes = settingChanges(jsonBody(request), settings.values);
	settings.change(changes);
	// Automatic replies that are switched on go out to everybody who writes: that counts as sent.
	if (changes.automaticRepliesSetting !== undefined && changes.automaticRepliesSetting.status !== 'disabled') {
		mailbox.tenant.outbox.push({
			kind: 'automaticReply',
			mailbox: mailbox.user.userPrincipalName,
			subject: 'Automatic replies',
			recipients: ['everybody who writes'],
			request: `${request.method} ${request.url}`,
		});
	}
	return all();
}

/** Where nothing is scheduled, Exchange names the hour at hand and the same one tomorrow (switch idleReplyTimes). */
function automaticReplies(mailbox: Mailbox): Json {
	const { automaticRepliesSetting } = mailbox.settings.values;
	if (automaticRepliesSetting.status === 'scheduled' || mailbox.tenant.switches.idleReplyTimes === 'fixed') return automaticRepliesSetting;
	const hourMs = 3_600_000;
	const startMs = Math.floor(mailbox.tenant.clock.nowMs() / hourMs) * hourMs;
	const at = (ms: number): Json => ({ dateTime: new Date(ms).toISOString().replace('Z', '0000'), timeZone: 'UTC' });
	return { ...automaticRepliesSetting, scheduledStartDateTime: at(startMs), scheduledEndDateTime: at(startMs + 24 * hourMs) };
}

const COLORS = new Set(['none', ...Array.from({ length: 25 }, (_, n) => `preset${n}`)]);

function colorOf(given: unknown): string {
	if (typeof given !== 'string' || !COLORS.has(given.toLowerCase())) throw badRequest(`Requested value '${String(given)}' was not found.`);
	return given.toLowerCase();
}

function categories(request: GraphRequest, mailbox: Mailbox): GraphAnswer {
	const route = `${request.method} /users/{id}/outlook/masterCategories`;
	const context = `users('${mailbox.user.id}')/outlook/masterCategories`;
	if (request.method === 'GET') {
		need(request, 'readMailboxSettings');
		return { status: 200, route, json: { '@odata.context': contextUrl(request, context), value: mailbox.settings.categories } };
	}
	if (request.method !== 'POST') return miss();
	need(request, 'writeMailboxSettings');
	const { displayName, color } = jsonBody(request);
	if (typeof displayName !== 'string' || displayName === '') throw badRequest('The required property displayName is missing.', 'ErrorInvalidRequest');
	const added = mailbox.settings.addCategory(displayName, color === undefined ? 'none' : colorOf(color));
	return { status: 201, route, json: { '@odata.context': contextUrl(request, `${context}/$entity`), ...added } };
}

function category(request: GraphRequest, mailbox: Mailbox, id: string): GraphAnswer {
	const route = `${request.method} /users/{id}/outlook/masterCategories/{id}`;
	need(request, request.method === 'GET' ? 'readMailboxSettings' : 'writeMailboxSettings');
	const found = mailbox.settings.categories.find((one) => one.id === id.toLowerCase());
	if (!found) throw new GraphError(404, 'ErrorItemNotFound', 'The specified category was not found.');
	const entity = (): GraphAnswer => ({ status: 200, route, json: { '@odata.context': contextUrl(request, 'masterCategories/$entity'), ...found } });
	switch (request.method) {
		case 'GET':
			return entity();
		case 'PATCH': {
			const body = jsonBody(request);
			if ('displayName' in body) throw badRequest('The property displayName cannot be changed.', 'ErrorInvalidRequest');
			if ('color' in body) found.color = colorOf(body.color);
			return entity();
		}
		case 'DELETE':
			mailbox.settings.deleteCategory(found);
			return { status: 204, route };
		default:
			return miss();
	}
}
