import { Failure } from '../../../base/failure';
import type { JsonObject, JsonValue } from '../../../base/json';
import type { RestorableItem } from '../../restorer';

/** What Graph gives of one list item or page is one answer: far below this. */
const LARGEST_BYTES = 32 * 1024 * 1024;

/** @throws Failure `notFound` if the backup never got it, `corrupt` for what is no JSON object */
export async function readDocument(item: RestorableItem): Promise<JsonObject> {
	if (!item.content) {
		throw new Failure('notFound', 'The backup holds no content of this item', { nextStep: 'Choose a snapshot in which it could be read' });
	}
	const chunks: Uint8Array[] = [];
	let sizeBytes = 0;
	for await (const chunk of item.content.open()) {
		sizeBytes += chunk.length;
		if (sizeBytes > LARGEST_BYTES) throw new Failure('corrupt', 'A content in the backup is larger than it can be');
		chunks.push(chunk);
	}
	let parsed: unknown;
	try {
		parsed = JSON.parse(Buffer.concat(chunks).toString('utf8'));
	} catch (error) {
		throw new Failure('corrupt', 'The content in the backup is no JSON', { cause: error });
	}
	if (!isObject(parsed)) throw new Failure('corrupt', 'The content in the backup is no item of a site');
	return parsed;
}

export function isObject(value: unknown): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A property that is an object; empty if it is none. */
export function objectIn(value: JsonObject, name: string): JsonObject {
	const found = value[name];
	return isObject(found) ? found : {};
}

export function objectsIn(value: JsonObject, name: string): JsonObject[] {
	const found = value[name];
	return Array.isArray(found) ? found.filter(isObject) : [];
}

export function textIn(value: JsonObject, name: string): string | undefined {
	const found: JsonValue | undefined = value[name];
	return typeof found === 'string' ? found : undefined;
}

/** `Anna Berg` of an identitySet. */
export function personIn(value: JsonObject, name: string): string | undefined {
	const set = objectIn(value, name);
	for (const kind of ['user', 'group', 'application', 'device']) {
		const shown = textIn(objectIn(set, kind), 'displayName') ?? textIn(objectIn(set, kind), 'email');
		if (shown !== undefined) return shown;
	}
	return undefined;
}
