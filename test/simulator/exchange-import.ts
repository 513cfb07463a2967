import { randomBytes } from 'node:crypto';
import type { GraphAnswer } from './exchange';
import { exchangeFolder } from './exchange-ids';
import { readFts } from './exchange-fts';
import { badRequest, GraphError, itemNotFound } from './graph-error';
import type { Mailbox } from './mailbox';
import type { MessageRecord } from './message';
import { changeKey } from './message-json';
import type { Tenant } from './tenant';

const LIFETIME_MS = 3_600_000;

interface ImportSession {
	mailbox: Mailbox;
	expiresMs: number;
}

/** Open import sessions of all tenants, by the token in their URL. */
const sessions = new Map<string, ImportSession>();

/** `createImportSession`: a URL on another origin that carries its own token. */
export function createImportSession(mailbox: Mailbox, mailboxId: string): { importUrl: string; expirationDateTime: string } {
	const { tenant } = mailbox;
	const token = randomBytes(24).toString('base64url');
	const expiresMs = tenant.clock.nowMs() + LIFETIME_MS;
	tenant.issued.note('import URL', token);
	sessions.set(token, { mailbox, expiresMs });
	return {
		importUrl: `${tenant.uploadOrigin}/api/gv1.0/Mailboxes('${mailboxId}')/importItem?authtoken=${token}`,
		expirationDateTime: new Date(expiresMs).toISOString(),
	};
}

export interface ImportRequest {
	method: string;
	url: string;
	headers: Record<string, string>;
	body: Buffer;
	tenant: Tenant;
}

export function isImport(url: string): boolean {
	return /\/importItem(\?|$)/i.test(url);
}

/**
 * `POST {importUrl}` (import-exchange-mailbox-item): `create` makes an item in a folder, `update` puts another content
 * into one. Nothing that is imported here is ever sent.
 *
 * @throws GraphError
 */
export async function answerImport(request: ImportRequest): Promise<GraphAnswer> {
	const route = `${request.method} importItem`;
	if (request.headers.authorization !== undefined) throw new GraphError(401, 'InvalidAuthenticationToken', 'Import URLs are authenticated by themselves: no Authorization header may be sent.');
	if (request.method !== 'POST') throw new GraphError(405, 'ErrorInvalidRequest', 'Only POST is supported.');
	const { tenant } = request;
	const session = sessions.get(new URL(request.url, 'http://upload.invalid').searchParams.get('authtoken') ?? '');
	if (session?.mailbox.tenant !== tenant) throw new GraphError(401, 'Unauthorized', 'The import token is not valid.');
	if (session.expiresMs <= tenant.clock.nowMs()) throw new GraphError(409, 'ErrorInvalidImportSession', 'Invalid import session.');
	const { mailbox } = session;
	tenant.throttle.enter(mailbox.user.id, request.body.length);
	try {
		if (request.body.length > tenant.switches.importSizeLimitBytes) throw new GraphError(413, 'RequestEntityTooLarge', 'Maximum request length exceeded.');
		const message = importItem(mailbox, bodyOf(request.body));
		return { status: 200, route, json: { '@odata.context': `${tenant.uploadOrigin}/api/gv1.0/$metadata#microsoft.graph.importMailboxItemResponse`, itemId: answeredId(message), changeKey: changeKey(message.changeNumber) } };
	} finally {
		await tenant.hold();
		tenant.throttle.leave(mailbox.user.id);
	}
}

function answeredId(message: MessageRecord): string {
	switch (message.folder.mailbox.tenant.switches.importAnswerIds) {
		case 'immutable':
			return message.id;
		case 'mutable':
			return message.mutableId;
		case 'foreign':
			return `EWS/${Buffer.from(message.mutableId).toString('base64')}`;
	}
}

interface ImportBody {
	FolderId: string;
	Mode: string;
	Data: string;
	ItemId?: string;
	ChangeKey?: string;
}

function bodyOf(bytes: Buffer): ImportBody {
	let body: Partial<ImportBody>;
	try {
		body = JSON.parse(bytes.toString('utf8')) as Partial<ImportBody>;
	} catch {
		throw badRequest('Unable to read JSON request payload.');
	}
	for (const name of ['FolderId', 'Mode', 'Data'] as const) if (typeof body[name] !== 'string') throw badRequest(`The property ${name} is required.`, 'ErrorInvalidParameter');
	return body as ImportBody;
}

function importItem(mailbox: Mailbox, body: ImportBody): MessageRecord {
	const folder = exchangeFolder(mailbox, body.FolderId);
	if (folder === undefined || folder.isForbidden) throw new GraphError(404, 'ErrorFolderNotFound', 'The specified folder could not be found in the store.');
	const { content, state, multi } = readFts(Buffer.from(body.Data, 'base64'));
	if (body.Mode.toLowerCase() === 'create') {
		if (body.ItemId !== undefined || body.ChangeKey !== undefined) throw badRequest('ItemId and ChangeKey must not be given in create mode.', 'ErrorInvalidParameter');
		const message = mailbox.add(folder, content, state);
		if (multi) message.multiValueProperties = multi;
		message.notFoundTimes = mailbox.tenant.switches.newMessageNotFoundTimes;
		return message;
	}
	if (body.Mode.toLowerCase() !== 'update') throw badRequest('The mode must be create or update.', 'ErrorInvalidParameter');
	const message = mailbox.findMessage(body.ItemId ?? '');
	if (message?.folder !== folder || changeKey(message.changeNumber) !== body.ChangeKey) throw itemNotFound();
	mailbox.setContent(message, content);
	return message;
}
