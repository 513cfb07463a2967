import { createHash } from 'node:crypto';
import type { JsonObject } from '../../../base/json';
import type { ContentRequest, ItemChange } from '../../workload';
import { PART_TITLES, partRootId } from '../mailbox-part';
import type { SettingKind } from './graph-settings';
import { asObject, asText, settingId, sortedKeys } from './graph-settings';

/** One rule, one category, or the mailbox's settings, as it is stored. */
export interface SettingDocument {
	id: string;
	kind: SettingKind;
	name: string;
	meta: JsonObject;
	bytes: Buffer;
	/** Of the bytes: 32 hex digits. There is no change key and no delta, so that this alone tells a change. */
	hash: string;
}

const FOLDERS: Readonly<Record<SettingKind, readonly string[]>> = {
	rule: ['Rules'],
	category: ['Categories'],
	mailboxSettings: [],
};

/** What Graph served, without what only concerns the request. */
export function settingDocument(kind: SettingKind, served: JsonObject): SettingDocument {
	const { '@odata.context': _context, '@odata.etag': _etag, ...rest } = served;
	const kept = kind === 'mailboxSettings' ? withoutIdleTimes(rest) : rest;
	const bytes = Buffer.from(`${JSON.stringify(sortedKeys(kept), null, 2)}\n`, 'utf8');
	return {
		id: settingId(kind, asText(served['id'])),
		kind,
		name: nameOf(kind, served),
		meta: metaOf(kind, served),
		bytes,
		hash: createHash('sha256').update(bytes).digest('hex').slice(0, 32),
	};
}

/**
 * Where automatic replies are not scheduled, Exchange fills in "from now until tomorrow": times that mean nothing and
 * are others with every hour.
 */
function withoutIdleTimes(settings: JsonObject): JsonObject {
	const replies = asObject(settings['automaticRepliesSetting']);
	if (!replies || replies['status'] === 'scheduled') return settings;
	const { scheduledStartDateTime: _start, scheduledEndDateTime: _end, ...rest } = replies;
	return { ...settings, automaticRepliesSetting: rest };
}

function nameOf(kind: SettingKind, served: JsonObject): string {
	return kind === 'mailboxSettings' ? 'Mailbox settings' : asText(served['displayName']).slice(0, 4096);
}

function metaOf(kind: SettingKind, served: JsonObject): JsonObject {
	const meta: JsonObject = { kind, subject: nameOf(kind, served) };
	if (kind === 'rule') {
		if (served['isEnabled'] === true) meta['enabled'] = true;
		if (served['isReadOnly'] === true) meta['readOnly'] = true;
	}
	if (kind === 'category') meta['color'] = asText(served['color']);
	if (kind === 'mailboxSettings') {
		const status = asText(asObject(served['automaticRepliesSetting'])?.['status']);
		if (status !== '' && status !== 'disabled') meta['automaticReplies'] = status;
	}
	return meta;
}

export function settingChange(document: SettingDocument, isNew: boolean): ItemChange {
	const fetch: ContentRequest = {
		id: document.id,
		folderPath: [PART_TITLES.settings, ...FOLDERS[document.kind]],
		title: document.name.trim() || '(no name)',
		extension: '.json',
		version: document.hash,
		hints: {},
	};
	return {
		kind: 'item',
		id: document.id,
		type: 'setting',
		parent: partRootId('settings'),
		name: document.name,
		etag: document.hash,
		meta: document.meta,
		fetch,
		isNew,
	};
}
