import { storeCredentials, customerCredentialName } from './customer-credentials';
import { customerSchedule } from './customer-schedule';
import type { CloneOptions } from './options';
import { placeParameters } from './place';
import { mapParameters, noteType, ourType, type Json, type JsonObject, type NodeJson } from './workflow-json';

/** Folders, buckets and containers of the shipped workflows, and what comes behind: `m365-backup`, `m365-backup-copy`… */
const shippedPlace = /(?<!n8n-nodes-|[\w-])m365-backup(?:-[a-z0-9]+)*/g;
/** What would keep older snapshots than those of the last days. */
const noTiers = { last: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 };
const placeNames = new Set(['repositoryType', ...Object.values(placeParameters).flatMap((names) => Object.values(names))]);

/** A node with the customer's own values, whether it reads them from the node Settings or has them itself. */
export function withCustomerValues(node: NodeJson, options: CloneOptions): NodeJson {
	const formPaths = (text: string): string => text.replace(/\/form\/(?=[a-z])/g, `/form/${options.slug}-`);
	if (node.type === noteType) return { ...node, parameters: mapParameters(node.parameters, formPaths) };
	const changed = { ...node, parameters: ownParameters(node, options) };
	return node.type === ourType && 'repositoryType' in node.parameters ? inPlace(changed, node.parameters, options) : changed;
}

function ownParameters({ type, parameters }: NodeJson, options: CloneOptions): JsonObject {
	const { slug } = options;
	switch (type) {
		case 'n8n-nodes-base.set':
			return apart(withFields(parameters, options), slug);
		case 'n8n-nodes-base.scheduleTrigger':
			return customerSchedule(parameters, options);
		case 'n8n-nodes-base.emailSend':
			return withLiterals(parameters, { fromEmail: options.mailFrom, toEmail: options.mailTo });
		case 'n8n-nodes-base.formTrigger':
			return withPath(parameters, 'options', slug);
		case 'n8n-nodes-base.webhook':
			return typeof parameters['path'] === 'string' ? { ...parameters, path: `${slug}-${parameters['path']}` } : parameters;
		case ourType:
			return apart(withRetention(parameters, options), slug);
		default:
			return apart(parameters, slug);
	}
}

/** Copies, replicas and the like of two customers must not meet in one folder. */
function apart(parameters: JsonObject, slug: string): JsonObject {
	return mapParameters(parameters, (text) => text.replace(shippedPlace, (place) => (place.endsWith(`-${slug}`) ? place : `${place}-${slug}`)));
}

/** The fields of Edit Fields nodes, Settings above all, by their names. */
function withFields(parameters: JsonObject, options: CloneOptions): JsonObject {
	const given = parameters['assignments'] as { assignments?: { name: string; value: Json }[] } | undefined;
	if (given?.assignments === undefined) return parameters;
	const hasKeepDays = given.assignments.some(({ name }) => name === 'keepDays');
	const values: Record<string, Json | undefined> = {
		customer: options.customer,
		repositoryFolder: options.place.folder,
		mailFrom: options.mailFrom,
		mailTo: options.mailTo,
		approver: options.mailTo,
		channel: options.channel,
		teamsUrl: options.teamsUrl,
		...(options.keepDays === undefined || !hasKeepDays ? {} : { keepDays: options.keepDays, ...noTiers }),
	};
	const assignments = given.assignments.map((field) => (isLiteral(field.value) && values[field.name] !== undefined ? { ...field, value: values[field.name] } : field));
	return { ...parameters, assignments: { ...given, assignments } as unknown as Json };
}

/** Retention that stands in the node itself. */
function withRetention(parameters: JsonObject, { keepDays }: CloneOptions): JsonObject {
	const isExpression = JSON.stringify([parameters['tiers'], parameters['keepDays']]).includes('"=');
	if (parameters['operation'] !== 'prune' || keepDays === undefined || isExpression) return parameters;
	const { tiers: _tiers, ...rest } = parameters;
	return { ...rest, retention: 'days', keepDays };
}

/** The repository: kind, folder, bucket, and the credential that opens it. An expression stays one, and says the folder. */
function inPlace(changed: NodeJson, shipped: JsonObject, options: CloneOptions): NodeJson {
	const { place } = options;
	const names = placeParameters[place.kind];
	const folder = shipped['repositoryFolder'];
	const others = Object.fromEntries(Object.entries(changed.parameters).filter(([name]) => !placeNames.has(name)));
	const parameters: JsonObject = {
		...others,
		repositoryType: place.kind,
		[names.folder]: typeof folder === 'string' && folder.startsWith('=') ? folder : place.folder,
		...('container' in names ? { [names.container]: place.container } : {}),
	};
	const credential = storeCredentials[place.kind];
	if (credential === undefined) return { ...changed, parameters };
	return { ...changed, parameters, credentials: { ...changed.credentials, [credential.type]: { id: null, name: customerCredentialName(credential.type, credential.name, options) } } };
}

function withLiterals(parameters: JsonObject, values: Record<string, string | undefined>): JsonObject {
	const changed = Object.entries(values).filter(([name, value]) => value !== undefined && isLiteral(parameters[name]));
	return { ...parameters, ...(Object.fromEntries(changed) as JsonObject) };
}

function withPath(parameters: JsonObject, where: string, slug: string): JsonObject {
	const group = parameters[where];
	if (group === null || typeof group !== 'object' || Array.isArray(group) || typeof group['path'] !== 'string') return parameters;
	return { ...parameters, [where]: { ...group, path: `${slug}-${group['path']}` } };
}

function isLiteral(value: Json | undefined): boolean {
	return value !== undefined && !(typeof value === 'string' && value.startsWith('='));
}
