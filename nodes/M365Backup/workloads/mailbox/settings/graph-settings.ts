import type { JsonObject, JsonValue } from '../../../base/json';
import { partId } from '../mailbox-part';

/** Also `meta.kind` of the items. */
export type SettingKind = 'rule' | 'category' | 'mailboxSettings';

/** messageRule resource type. */
export interface GraphRule extends JsonObject {
	id: string;
}

/** outlookCategory resource type. */
export interface GraphCategory extends JsonObject {
	id: string;
}

export function rulesPath(userPath: string): string {
	return `${userPath}/mailFolders/inbox/messageRules`;
}

export function categoriesPath(userPath: string): string {
	return `${userPath}/outlook/masterCategories`;
}

export function mailboxSettingsPath(userPath: string): string {
	return `${userPath}/mailboxSettings`;
}

const MAILBOX_SETTINGS_ID = partId('settings', 'mailboxSettings');

/** `settings/rule:AQAAA…`, `settings/category:<GUID>`, `settings/mailboxSettings`. */
export function settingId(kind: SettingKind, graphId: string): string {
	return kind === 'mailboxSettings' ? MAILBOX_SETTINGS_ID : partId('settings', `${kind}:${graphId}`);
}

/** What an id names; null if it is none of these. */
export function parseSettingId(id: string): { kind: SettingKind; graphId: string } | null {
	if (id === MAILBOX_SETTINGS_ID) return { kind: 'mailboxSettings', graphId: '' };
	const match = /^settings\/(rule|category):(.+)$/s.exec(id);
	return match?.[1] && match[2] ? { kind: match[1] as SettingKind, graphId: match[2] } : null;
}

export function asObject(value: JsonValue | undefined): JsonObject | undefined {
	return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}

export function asText(value: JsonValue | undefined): string {
	return typeof value === 'string' ? value : '';
}

/** With sorted keys at every depth, so that the same content is the same text in whatever order Graph serves it. */
export function sortedKeys(value: JsonValue): JsonValue {
	if (Array.isArray(value)) return value.map(sortedKeys);
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(
		Object.keys(value)
			.sort()
			.map((key) => [key, sortedKeys(value[key] ?? null)]),
	);
}
