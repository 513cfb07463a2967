import type { RestorableItem, RestoreOutcome, RestoreOutcomeKind } from '../../restorer';
import { PART_TITLES } from '../mailbox-part';

/** Settings have no folder to be in. */
export const SETTINGS_PLACE = [PART_TITLES.settings];

export function settingOutcome(
	item: RestorableItem,
	outcome: RestoreOutcomeKind,
	details: { newId?: string; reason?: string; fidelity?: string[] },
): RestoreOutcome {
	const { newId, reason, fidelity = [] } = details;
	return {
		id: item.id,
		type: item.type,
		name: item.name,
		...(item.parent === undefined ? {} : { parent: item.parent }),
		outcome,
		targetPath: SETTINGS_PLACE,
		...(newId === undefined ? {} : { newId }),
		...(reason === undefined ? {} : { reason }),
		fidelity,
	};
}
