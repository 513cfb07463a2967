import { isFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { RestorableItem, RestoreOutcome } from '../../restorer';
import { createOnce } from '../restore/create-once';
import { signalOf } from '../restore/restore-context';
import type { GraphCategory } from './graph-settings';
import { asText, categoriesPath } from './graph-settings';
import type { SettingsRestore } from './settings-restore';
import { settingOutcome } from './setting-outcome';

/** One category. Its name is what messages and events refer to, so that the name alone tells whether it is there. */
export async function restoreCategory(restore: SettingsRestore, item: RestorableItem, stored: JsonObject): Promise<RestoreOutcome> {
	const { context, living, request } = restore;
	const displayName = asText(stored['displayName']);
	const color = asText(stored['color']) || 'none';
	const path = categoriesPath(context.userPath);
	const there = await living.category(displayName);
	if (there) {
		if (asText(there['color']) === color) return settingOutcome(item, 'skipped', { newId: there.id, reason: 'It is there, as it was' });
		if (request.conflictPolicy !== 'replace') {
			return settingOutcome(item, 'skipped', { newId: there.id, reason: 'It is there with another colour; choose Replace to set that back' });
		}
		if (!request.preview) {
			await context.graph.json({ method: 'PATCH', path: `${path}/${encodeURIComponent(there.id)}`, body: { color }, ...signalOf(context) });
			there['color'] = color;
		}
		return settingOutcome(item, 'replaced', { newId: there.id, reason: 'Its colour was set back' });
	}
	if (request.preview) return settingOutcome(item, 'created', {});
	const find = async (): Promise<GraphCategory | undefined> => await living.category(displayName, { anew: true });
	try {
		const created = await createOnce(
			() => context.graph.json<GraphCategory>({ method: 'POST', path, body: { displayName, color }, ...signalOf(context) }),
			find,
			context.ambient,
			context.signal,
		);
		return settingOutcome(item, 'created', { newId: created.id });
	} catch (error) {
		// Somebody else made it, or Exchange sees two spellings as one name.
		const found = isFailure(error, 'conflict', 'invalid') ? await find() : undefined;
		if (!found) throw error;
		return settingOutcome(item, 'skipped', { newId: found.id, reason: 'It is there' });
	}
}
