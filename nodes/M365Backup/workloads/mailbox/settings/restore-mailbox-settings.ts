import type { Failure } from '../../../base/failure';
import { isFailure } from '../../../base/failure';
import type { JsonObject, JsonValue } from '../../../base/json';
import type { RestorableItem, RestoreOutcome } from '../../restorer';
import { signalOf } from '../restore/restore-context';
import { asObject, asText, mailboxSettingsPath, sortedKeys } from './graph-settings';
import type { SettingsRestore } from './settings-restore';
import { settingOutcome } from './setting-outcome';

/** What a restore sets, by Graph's name, and how people call it. Automatic replies are none of it. */
const SETTABLE: Readonly<Record<string, string>> = {
	language: 'language',
	timeZone: 'time zone',
	dateFormat: 'date format',
	timeFormat: 'time format',
	workingHours: 'working hours',
	delegateMeetingMessageDeliveryOptions: 'meeting requests for delegates',
};

const REPLIES_STAY_OFF =
	'Automatic replies were on when the backup was made. A restore never switches them on, since they answer everybody who writes; Item: Export shows their text.';

/** The mailbox's own settings, which are always there: only the policy Replace sets them back. */
export async function restoreMailboxSettings(restore: SettingsRestore, item: RestorableItem, stored: JsonObject): Promise<RestoreOutcome> {
	const { living, request } = restore;
	const fidelity = wereRepliesOn(stored) ? [REPLIES_STAY_OFF] : [];
	if (request.destination.kind === 'folder') {
		return settingOutcome(item, 'skipped', { reason: 'Settings belong to the mailbox, not to a folder: restore them to the original place', fidelity });
	}
	const now = await living.mailboxSettings();
	const changes: JsonObject = {};
	for (const name of Object.keys(SETTABLE)) {
		const wanted = forRequest(name, stored[name]);
		if (wanted !== null && textOf(wanted) !== textOf(forRequest(name, now[name]))) changes[name] = wanted;
	}
	const names = Object.keys(changes);
	if (names.length === 0) return settingOutcome(item, 'skipped', { reason: 'They are as they were', fidelity });
	if (request.conflictPolicy !== 'replace') {
		return settingOutcome(item, 'skipped', { reason: `They differ (${labels(names)}); choose Replace to set them back`, fidelity });
	}
	if (request.preview) return settingOutcome(item, 'replaced', { reason: `Would be set back: ${labels(names)}`, fidelity });
	const refused = await set(restore, changes);
	const [first] = refused.values();
	if (first && refused.size === names.length) throw first;
	const done = names.filter((name) => !refused.has(name));
	const notes = refused.size === 0 ? [] : [`Microsoft 365 did not take the ${labels([...refused.keys()])}.`];
	return settingOutcome(item, 'replaced', { reason: `Set back: ${labels(done)}`, fidelity: [...notes, ...fidelity] });
}

function wereRepliesOn(stored: JsonObject): boolean {
	const status = asText(asObject(stored['automaticRepliesSetting'])?.['status']);
	return status === 'alwaysEnabled' || status === 'scheduled';
}

/** A language goes by its code; its name is Graph's. */
function forRequest(name: string, value: JsonValue | undefined): JsonValue {
	if (value === undefined || value === null) return null;
	if (name !== 'language') return value;
	const locale = asObject(value)?.['locale'];
	return typeof locale === 'string' && locale !== '' ? { locale } : null;
}

function textOf(value: JsonValue): string {
	return JSON.stringify(sortedKeys(value));
}

function labels(names: readonly string[]): string {
	return names.map((name) => SETTABLE[name] ?? name).join(', ');
}

/** All at once; if that is refused, one by one, so that one that this mailbox cannot have does not keep back the others. */
async function set(restore: SettingsRestore, changes: JsonObject): Promise<Map<string, Failure>> {
	const { context } = restore;
	const patch = (body: JsonObject): Promise<unknown> =>
		context.graph.json({ method: 'PATCH', path: mailboxSettingsPath(context.userPath), body, ...signalOf(context) });
	const refused = new Map<string, Failure>();
	const names = Object.keys(changes);
	try {
		await patch(changes);
		return refused;
	} catch (error) {
		if (names.length === 1 || !isFailure(error, 'invalid', 'conflict')) throw error;
	}
	for (const name of names) {
		try {
			await patch({ [name]: changes[name] ?? null });
		} catch (error) {
			if (!isFailure(error, 'invalid', 'conflict')) throw error;
			refused.set(name, error);
		}
	}
	return refused;
}
