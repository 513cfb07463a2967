import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { accessDenied, badRequest, GraphError, itemNotFound } from './graph-error';
import { jsonBody } from './json-body';
import type { Mailbox } from './mailbox';
import type { Json } from './message-json';
import { contextUrl } from './paging';
import { need } from './permissions';
import type { InboxRule } from './settings-store';

const WRITABLE = ['displayName', 'sequence', 'isEnabled', 'conditions', 'actions', 'exceptions'] as const;
/** Microsoft's messageRuleActions and messageRulePredicates. */
const FOLDERS = ['moveToFolder', 'copyToFolder'];
const SENDING = ['forwardTo', 'forwardAsAttachmentTo', 'redirectTo'];
const ACTION_FLAGS = ['delete', 'markAsRead', 'permanentDelete', 'stopProcessingRules'];
const PREDICATE_TEXTS = ['bodyContains', 'bodyOrSubjectContains', 'categories', 'headerContains', 'recipientContains', 'senderContains', 'subjectContains'];
const PREDICATE_PEOPLE = ['fromAddresses', 'sentToAddresses'];
const PREDICATE_FLAGS = [
	'hasAttachments', 'isApprovalRequest', 'isAutomaticForward', 'isAutomaticReply', 'isEncrypted', 'isMeetingRequest', 'isMeetingResponse',
	'isNonDeliveryReport', 'isPermissionControlled', 'isReadReceipt', 'isSigned', 'isVoicemail', 'notSentToMe', 'sentCcMe', 'sentOnlyToMe',
	'sentToMe', 'sentToOrCcMe',
];
const PREDICATE_OTHERS = ['importance', 'messageActionFlag', 'sensitivity', 'withinSizeRange'];

/** Everything below `mailFolders/inbox/messageRules`. */
export function messageRules(request: GraphRequest, mailbox: Mailbox, rest: readonly string[]): GraphAnswer {
	const one = rest.length === 1;
	if (rest.length > 1) return miss();
	const route = `${request.method} /users/{id}/mailFolders/{id}/messageRules${one ? '/{id}' : ''}`;
	need(request, request.method === 'GET' ? 'readMailboxSettings' : 'writeMailboxSettings');
	const { rulesRefusal } = mailbox.settings;
	if (rulesRefusal !== null) throw rulesRefusal === 403 ? accessDenied() : itemNotFound();
	return { ...(one ? single(request, mailbox, rest[0]!) : collection(request, mailbox)), route };
}

function collection(request: GraphRequest, mailbox: Mailbox): GraphAnswer {
	const { settings } = mailbox;
	const context = contextUrl(request, `users('${mailbox.user.id}')/mailFolders('inbox')/messageRules`);
	if (request.method === 'GET') {
		return { status: 200, json: { '@odata.context': context, value: settings.sortedRules().map((rule) => ruleJson(mailbox, rule)) } };
	}
	if (request.method !== 'POST') return miss();
	const changes = readRule(mailbox, jsonBody(request));
	if (typeof changes.displayName !== 'string') throw invalidRule('A rule needs a display name.');
	if (!changes.actions || Object.keys(changes.actions).length === 0) throw invalidRule('A rule needs at least one action.');
	const rule = settings.addRule({ ...changes, displayName: changes.displayName });
	noteForwarding(request, mailbox, rule);
	return { status: 201, json: { '@odata.context': `${context}/$entity`, ...ruleJson(mailbox, rule) } };
}

function single(request: GraphRequest, mailbox: Mailbox, id: string): GraphAnswer {
	const { settings } = mailbox;
	const rule = settings.findRule(id);
	if (!rule) throw itemNotFound();
	const entity = (): GraphAnswer => ({ status: 200, json: { '@odata.context': contextUrl(request, 'messageRules/$entity'), ...ruleJson(mailbox, rule) } });
	if (request.method === 'GET') return entity();
	if (request.method !== 'PATCH' && request.method !== 'DELETE') return miss();
	if (rule.isReadOnly) throw new GraphError(400, 'ErrorUnsupportedInboxRule', 'The rule is read-only and cannot be changed or deleted.');
	if (request.method === 'DELETE') {
		settings.deleteRule(rule);
		return { status: 204 };
	}
	const changes = readRule(mailbox, jsonBody(request));
	if (changes.actions !== undefined && Object.keys(changes.actions ?? {}).length === 0) throw invalidRule('A rule needs at least one action.');
	settings.changeRule(rule, changes);
	noteForwarding(request, mailbox, rule);
	return entity();
}

/** Properties that are not set are left out, as Graph does. */
function ruleJson(mailbox: Mailbox, rule: InboxRule): Json {
	const { displayName, sequence, isEnabled, hasError, isReadOnly, conditions, actions, exceptions } = rule;
	return {
		id: mailbox.settings.ruleId(rule),
		displayName,
		sequence,
		isEnabled,
		hasError,
		isReadOnly,
		...(conditions ? { conditions } : {}),
		...(actions ? { actions } : {}),
		...(exceptions ? { exceptions } : {}),
	};
}

function readRule(mailbox: Mailbox, body: Json): Partial<Omit<InboxRule, 'number'>> {
	const changes: Json = {};
	for (const [name, given] of Object.entries(body)) {
		if (name.startsWith('@odata.')) continue;
		if (name === 'isReadOnly' || name === 'hasError' || name === 'id') throw invalidRule(`The property ${name} is read-only.`);
		if (!(WRITABLE as readonly string[]).includes(name)) throw badRequest(`Could not find a property named '${name}' on type 'microsoft.graph.messageRule'.`);
		if (name === 'sequence' && (typeof given !== 'number' || given < 1)) throw invalidRule('The sequence of a rule begins with 1.');
		if (name === 'actions') changes.actions = given === null ? null : readActions(mailbox, given as Json);
		else if (name === 'conditions' || name === 'exceptions') changes[name] = given === null ? null : readPredicates(given as Json);
		else changes[name] = given;
	}
	return changes;
}

function readActions(mailbox: Mailbox, given: Json): Json {
	const read: Json = {};
	for (const [name, value] of present(given)) {
		if (FOLDERS.includes(name)) {
			if (!mailbox.findFolder(String(value))) throw invalidRule(`The folder of ${name} was not found.`);
			read[name] = value;
		} else if (SENDING.includes(name)) read[name] = people(name, value);
		else if (ACTION_FLAGS.includes(name)) read[name] = flag(name, value);
		else if (name === 'assignCategories') read[name] = texts(name, value);
		else if (name === 'markImportance') read[name] = value;
		else throw badRequest(`Could not find a property named '${name}' on type 'microsoft.graph.messageRuleActions'.`);
	}
	return read;
}

function readPredicates(given: Json): Json {
	const read: Json = {};
	for (const [name, value] of present(given)) {
		if (PREDICATE_TEXTS.includes(name)) read[name] = texts(name, value);
		else if (PREDICATE_PEOPLE.includes(name)) read[name] = people(name, value);
		else if (PREDICATE_FLAGS.includes(name)) read[name] = flag(name, value);
		else if (PREDICATE_OTHERS.includes(name)) read[name] = value;
		else throw badRequest(`Could not find a property named '${name}' on type 'microsoft.graph.messageRulePredicates'.`);
	}
	return read;
}

function present(given: Json): [string, unknown][] {
	return Object.entries(given).filter(([name, value]) => !name.startsWith('@odata.') && value !== null);
}

function texts(name: string, value: unknown): string[] {
	if (!Array.isArray(value) || value.some((one) => typeof one !== 'string')) throw badRequest(`Invalid value for ${name}.`);
	return value as string[];
}

function flag(name: string, value: unknown): boolean {
	if (typeof value !== 'boolean') throw badRequest(`Invalid value for ${name}.`);
	return value;
}

/** Exchange gives a recipient without a name its address as one. */
function people(name: string, value: unknown): Json[] {
	if (!Array.isArray(value)) throw badRequest(`Invalid value for ${name}.`);
	return (value as { emailAddress?: { name?: string | null; address?: string | null } }[]).map(({ emailAddress }) => {
		if (!emailAddress?.address) throw invalidRule(`A recipient of ${name} has no address.`);
		return { emailAddress: { name: emailAddress.name ?? emailAddress.address, address: emailAddress.address } };
	});
}

function invalidRule(message: string): GraphError {
	return new GraphError(400, 'ErrorInboxRulesValidationError', message);
}

/** A rule that sends mail on and is switched on through Graph does so with the next message: that counts as sent. */
function noteForwarding(request: GraphRequest, mailbox: Mailbox, rule: InboxRule): void {
	if (!rule.isEnabled) return;
	const recipients = SENDING.flatMap((action) => ((rule.actions?.[action] ?? []) as { emailAddress: { address: string } }[]).map((one) => one.emailAddress.address));
	if (recipients.length === 0) return;
	mailbox.tenant.outbox.push({
		kind: 'forwardingRule',
		mailbox: mailbox.user.userPrincipalName,
		subject: rule.displayName,
		recipients,
		request: `${request.method} ${request.url}`,
	});
}
