import type { JsonObject, JsonValue } from '../../../base/json';
import { asObject, asText, sortedKeys } from './graph-settings';

/**
 * What a rule does and when, as one text: rules carry no mark, so that a restore knows its own work by this. Left out is
 * what Exchange sets by itself (id, sequence, error state), and whether the rule is on, since restored ones are off.
 */
export function ruleFingerprint(rule: JsonObject): string {
	return JSON.stringify(
		sortedKeys({
			name: asText(rule['displayName']),
			conditions: essence(rule['conditions']),
			exceptions: essence(rule['exceptions']),
			actions: essence(rule['actions']),
		}),
	);
}

/** Properties that are not set come as null, false, empty, or not at all. */
function essence(value: JsonValue | undefined): JsonObject {
	const kept: JsonObject = {};
	for (const [key, one] of Object.entries(asObject(value) ?? {})) {
		if (!key.startsWith('@odata.') && isSet(one)) kept[key] = Array.isArray(one) ? one.map(personOrSelf) : one;
	}
	return kept;
}

function isSet(value: JsonValue): boolean {
	return value !== null && value !== false && !(Array.isArray(value) && value.length === 0);
}

/** Exchange may complete a recipient's name: the address alone counts. */
function personOrSelf(value: JsonValue): JsonValue {
	const address = asObject(asObject(value)?.['emailAddress'])?.['address'];
	return typeof address === 'string' ? address.toLowerCase() : value;
}
