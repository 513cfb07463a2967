import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import type { Mailbox } from './mailbox';
import { jsonBody } from './json-body';
import { contextUrl } from './paging';
import { need } from './permissions';

/** `mailboxSettings`, `outlook/masterCategories` (read only so far) and `sendMail`. */
export async function settingsRoutes(request: GraphRequest, mailbox: Mailbox, kind: string): Promise<GraphAnswer> {
	const rest = request.segments.slice(3).map((segment) => segment.toLowerCase());
	if (kind === 'sendmail' && rest.length === 0 && request.method === 'POST') {
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
	if (request.method !== 'GET') return miss();
	if (kind === 'mailboxsettings' && rest.length === 0) {
		need(request, 'readMailboxSettings');
		const language = mailbox.user.preferredLanguage ?? 'en-US';
		return {
			status: 200,
			route: 'GET /users/{id}/mailboxSettings',
			json: {
				'@odata.context': contextUrl(request, 'users/mailboxSettings'),
				archiveFolder: mailbox.folder('archive').id,
				timeZone: 'W. Europe Standard Time',
				dateFormat: 'yyyy-MM-dd',
				timeFormat: 'HH:mm',
				language: { locale: language, displayName: language },
				automaticRepliesSetting: { status: 'disabled', externalAudience: 'none', internalReplyMessage: '', externalReplyMessage: '' },
			},
		};
	}
	if (kind === 'outlook' && rest.length === 1 && rest[0] === 'mastercategories') {
		need(request, 'readMailboxSettings');
		return { status: 200, route: 'GET /users/{id}/outlook/masterCategories', json: { '@odata.context': contextUrl(request, 'masterCategories'), value: [] } };
	}
	return miss();
}

/** `mailFolders/inbox/messageRules`: this tenant has none. */
export function messageRules(request: GraphRequest, rest: readonly string[]): GraphAnswer {
	if (request.method !== 'GET' || rest.length > 0) return miss();
	need(request, 'readMailboxSettings');
	return { status: 200, route: 'GET /users/{id}/mailFolders/{id}/messageRules', json: { '@odata.context': contextUrl(request, 'messageRules'), value: [] } };
}
