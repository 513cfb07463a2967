import { mapParameters, mapStrings, noteType, type Json, type JsonObject, type WorkflowJson } from './workflow-json';

/** What one shipped workflow is called in the customer's set. */
export interface NewIdentity {
	id: string;
	name: string;
}

/** New ids and names by shipped id. */
export type Identities = ReadonlyMap<string, NewIdentity>;

/** Ids of those workflows among `known` that a workflow calls: as sub-workflow, as error workflow, or by name in an expression. */
export function calledBy(workflow: WorkflowJson, known: readonly string[]): string[] {
	const found = new Set<string>();
	const look = idPattern(known);
	const note = (text: string): string => {
		for (const [id] of text.matchAll(look)) found.add(id);
		return text;
	};
	for (const { type, parameters } of workflow.nodes) {
		if (type !== noteType) mapParameters(parameters, note);
	}
	mapStrings(workflow.settings ?? {}, note);
	found.delete(workflow.id);
	return [...found];
}

/** The value with every reference to a shipped workflow leading to the customer's own one. */
export function withNewReferences(value: JsonObject, identities: Identities): JsonObject {
	const pattern = idPattern([...identities.keys()]);
	const renamed = mapStrings(value, (text) => text.replace(pattern, (id) => identities.get(id)?.id ?? id));
	const names = new Map([...identities.values()].map(({ id, name }) => [id, name]));
	return withNames(renamed, names) as JsonObject;
}

/** n8n shows a chosen workflow by the name that stands beside its id. */
function withNames(value: Json, names: ReadonlyMap<string, string>): Json {
	if (Array.isArray(value)) return value.map((each) => withNames(each, names));
	if (value === null || typeof value !== 'object') return value;
	const name = typeof value['value'] === 'string' ? names.get(value['value']) : undefined;
	const parts = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withNames(each, names)]));
	return value['__rl'] === true && name !== undefined && 'cachedResultName' in value ? { ...parts, cachedResultName: name } : parts;
}

function idPattern(ids: readonly string[]): RegExp {
	const all = ids.map((id) => id.replace(/[^\w]/g, '\\$&')).join('|');
	return new RegExp(`\\b(?:${all === '' ? '(?!)' : all})\\b`, 'g');
}
