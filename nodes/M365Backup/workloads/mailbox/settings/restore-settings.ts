import { Failure, isFailure, toFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { RestorableItem, RestoreOutcome, Restorer, RestoreRequest } from '../../restorer';
import type { MailboxRestorerOptions } from '../mailbox-options';
import { isWithoutMailbox } from '../restore-mail';
import { partRestorer } from '../restore/part-restorer';
import type { RestoreContext } from '../restore/restore-context';
import { stopIfCancelled } from '../restore/restore-context';
import { failed } from '../restore/restore-message';
import type { SettingKind } from './graph-settings';
import { parseSettingId } from './graph-settings';
import { LivingSettings } from './living-settings';
import { restoreCategory } from './restore-category';
import { restoreMailboxSettings } from './restore-mailbox-settings';
import { restoreRule } from './restore-rule';
import { RuleFolders } from './rule-folders';
import { SETTINGS_PLACE } from './setting-outcome';
import type { SettingsRestore } from './settings-restore';

/** A rule or a list of settings is a few kilobytes: what is larger is none. */
const MOST_BYTES = 4 * 1024 * 1024;

/**
 * Gives one mailbox its rules, categories and settings back. A setting is there once: `keepBoth` leaves what is there as
 * `skip` does. Nothing that it does sends anything to anybody, now or later: rules come back switched off, automatic
 * replies do not come back.
 */
export function settingsRestorer(options: MailboxRestorerOptions): Restorer {
	return partRestorer(options, ['folder', 'setting'], restoreAll);
}

async function* restoreAll(context: RestoreContext, request: RestoreRequest): AsyncGenerator<RestoreOutcome> {
	const restore: SettingsRestore = { context, request, living: new LivingSettings(context), ruleFolders: new RuleFolders(context, request) };
	const items: RestorableItem[] = [];
	// A few hundred at most: known together, so that a rule that stands for itself is not taken for the copy of another.
	for await (const item of request.items) items.push(item);
	if (context.isOriginalMailbox && items.some((item) => kindOf(item) === 'rule')) await reserve(restore, items);
	for (const item of items) {
		stopIfCancelled(context);
		yield await restoreOne(restore, item);
	}
}

/** Living rules that are items of this restore themselves. */
async function reserve({ living }: SettingsRestore, items: readonly RestorableItem[]): Promise<void> {
	const ids = new Set(items.map((item) => parseSettingId(item.id)?.graphId));
	try {
		for (const rule of await living.rules()) if (ids.has(rule.id)) living.take(rule.id);
	} catch (error) {
		// Said again, and reported, for each rule.
		if (!isFailure(error) || isFailure(error, 'cancelled')) throw error;
	}
}

function kindOf(item: RestorableItem): SettingKind | undefined {
	return parseSettingId(item.id)?.kind;
}

/** Never throws for what concerns this item alone. */
async function restoreOne(restore: SettingsRestore, item: RestorableItem): Promise<RestoreOutcome> {
	try {
		const stored = await readDocument(item);
		switch (kindOf(item)) {
			case 'rule':
				return await restoreRule(restore, item, stored);
			case 'category':
				return await restoreCategory(restore, item, stored);
			case 'mailboxSettings':
				return await restoreMailboxSettings(restore, item, stored);
			default:
				throw new Failure('invalid', 'This kind of setting is unknown', { nextStep: 'Restore it with the version of this node that made the backup.' });
		}
	} catch (error) {
		const failure = toFailure(error);
		stopIfCancelled(restore.context);
		if (isFailure(failure, 'cancelled') || isWithoutMailbox(failure)) throw failure;
		return failed(item, SETTINGS_PLACE, failure);
	}
}

async function readDocument(item: RestorableItem): Promise<JsonObject> {
	if (!item.content) {
		throw new Failure('notFound', 'The backup holds no content of this setting', { nextStep: 'Choose a snapshot in which it could be read.' });
	}
	if (item.content.sizeBytes > MOST_BYTES) throw new Failure('corrupt', 'The stored setting is larger than any setting is');
	const chunks: Uint8Array[] = [];
	for await (const chunk of item.content.open()) chunks.push(chunk);
	try {
		return JSON.parse(Buffer.concat(chunks).toString('utf8')) as JsonObject;
	} catch (cause) {
		throw new Failure('corrupt', 'The stored setting is no JSON', { cause });
	}
}
