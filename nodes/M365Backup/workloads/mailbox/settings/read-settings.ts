import type { Failure } from '../../../base/failure';
import { isFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { BatchRequest, GraphClient } from '../../../graph/client';
import { batchResult } from '../../../graph/client';
import { isGone } from '../../is-gone';
import type { SettingKind } from './graph-settings';
import { categoriesPath, mailboxSettingsPath, parseSettingId, rulesPath } from './graph-settings';
import type { SettingDocument } from './setting-document';
import { settingDocument } from './setting-document';

export interface ServedSettings {
	documents: Map<string, SettingDocument>;
	/** Kinds that could not be read to their end, and why. What is not among the documents says nothing of them. */
	failures: Map<SettingKind, Failure>;
}

export interface SettingsContext {
	graph: GraphClient;
	/** `/users/<id>` */
	userPath: string;
}

/** Everything, by three requests in one batch. Throws `cancelled` only. */
export async function readSettings({ graph, userPath }: SettingsContext, signal: AbortSignal): Promise<ServedSettings> {
	const served: ServedSettings = { documents: new Map(), failures: new Map() };
	const requests: (BatchRequest & { id: SettingKind })[] = [
		{ id: 'rule', method: 'GET', path: rulesPath(userPath) },
		{ id: 'category', method: 'GET', path: categoriesPath(userPath) },
		{ id: 'mailboxSettings', method: 'GET', path: mailboxSettingsPath(userPath) },
	];
	for await (const answer of graph.batch(requests, { signal })) {
		const kind = answer.id as SettingKind;
		const result = batchResult(answer);
		if (!result.ok) {
			if (isFailure(result.failure, 'cancelled')) throw result.failure;
			served.failures.set(kind, result.failure);
		} else await takeAnswer(graph, kind, result.body as JsonObject, served, signal);
	}
	return served;
}

async function takeAnswer(graph: GraphClient, kind: SettingKind, body: JsonObject, served: ServedSettings, signal: AbortSignal): Promise<void> {
	const take = (one: JsonObject): void => {
		const document = settingDocument(kind, one);
		served.documents.set(document.id, document);
	};
	if (kind === 'mailboxSettings') {
		take(body);
		return;
	}
	for (const one of (body['value'] ?? []) as JsonObject[]) take(one);
	const next = body['@odata.nextLink'];
	if (typeof next !== 'string') return;
	try {
		for await (const page of graph.pages<JsonObject>({ path: next, signal })) page.forEach(take);
	} catch (error) {
		if (!isFailure(error) || isFailure(error, 'cancelled')) throw error;
		served.failures.set(kind, error);
	}
}

/** What became of settings that a complete listing did not show. */
export interface AskedSettings {
	goneIds: string[];
	alive: SettingDocument[];
	failures: Failure[];
}

/** One GET each, twenty to a batch: nothing counts as gone because a listing left it out. */
export async function askSettings({ graph, userPath }: SettingsContext, ids: readonly string[], signal: AbortSignal): Promise<AskedSettings> {
	const asked: AskedSettings = { goneIds: [], alive: [], failures: [] };
	const requests = ids.flatMap((id): BatchRequest[] => {
		const parsed = parseSettingId(id);
		if (!parsed || parsed.kind === 'mailboxSettings') return [];
		const folder = parsed.kind === 'rule' ? rulesPath(userPath) : categoriesPath(userPath);
		return [{ id, method: 'GET', path: `${folder}/${encodeURIComponent(parsed.graphId)}` }];
	});
	if (requests.length === 0) return asked;
	for await (const answer of graph.batch(requests, { signal })) {
		const result = batchResult(answer);
		const kind = parseSettingId(answer.id)?.kind ?? 'rule';
		if (result.ok) asked.alive.push(settingDocument(kind, result.body as JsonObject));
		else if (isFailure(result.failure, 'cancelled')) throw result.failure;
		else if (isGone(result.failure)) asked.goneIds.push(answer.id);
		else asked.failures.push(result.failure);
	}
	return asked;
}
