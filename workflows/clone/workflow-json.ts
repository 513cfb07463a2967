/** A value as JSON has it. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

export type JsonObject = Record<string, Json>;

/** A workflow as n8n exports it; what is not named here is passed on as it is. */
export interface WorkflowJson {
	id: string;
	name: string;
	nodes: NodeJson[];
	settings?: JsonObject;
	[more: string]: unknown;
}

export interface NodeJson {
	id: string;
	name: string;
	type: string;
	parameters: JsonObject;
	/** By credential type. Without an `id` of null, n8n's import takes any credential of the type, whatever its name. */
	credentials?: Record<string, { id?: string | null; name: string }>;
	webhookId?: string;
	disabled?: boolean;
	[more: string]: unknown;
}

export const noteType = 'n8n-nodes-base.stickyNote';
export const ourType = 'n8n-nodes-m365-backup.m365Backup';

/** All strings of a value, each replaced by what `change` makes of it. */
export function mapStrings(value: Json, change: (text: string) => string): Json {
	if (typeof value === 'string') return change(value);
	if (Array.isArray(value)) return value.map((each) => mapStrings(each, change));
	if (value !== null && typeof value === 'object') {
		return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, mapStrings(each, change)]));
	}
	return value;
}

/** The parameters with all their strings replaced. */
export function mapParameters(parameters: JsonObject, change: (text: string) => string): JsonObject {
	return mapStrings(parameters, change) as JsonObject;
}
