import type { JsonObject } from '../../../base/json';
import type { RestoreRequest } from '../../restorer';
import { scopedId } from '../mail-context';
import { FolderListing } from '../restore/folder-listing';
import type { RestoreContext } from '../restore/restore-context';
import { TargetFolders } from '../restore/target-folders';
import { asObject } from './graph-settings';

/** Actions of a rule that name a folder. */
const FOLDER_ACTIONS = ['moveToFolder', 'copyToFolder'] as const;

export interface MappedActions {
	actions: JsonObject;
	/** What could not be kept of them. */
	notes: string[];
	/** Display paths of folders that are not there. */
	missing: string[];
}

/**
 * The folders that rules name, in the mailbox that is restored into: the same folder by its id, else the one of the same
 * role or of the same path. Nothing is made: folders come back with the mail.
 */
export class RuleFolders {
	private readonly targets: TargetFolders;
	private readonly listing: FolderListing;

	constructor(
		private readonly context: RestoreContext,
		private readonly request: Pick<RestoreRequest, 'folders' | 'preview'>,
	) {
		// As a preview it only looks.
		this.targets = new TargetFolders({ context, folders: request.folders, destination: { kind: 'original' }, preview: true, report: () => undefined });
		this.listing = new FolderListing(context);
	}

	/** Actions as they may stand in a request: without nulls, and with folders of this mailbox. */
	async map(given: JsonObject | undefined): Promise<MappedActions> {
		const mapped: MappedActions = { actions: {}, notes: [], missing: [] };
		for (const [action, value] of Object.entries(given ?? {})) {
			if (value === null || action.startsWith('@odata.')) continue;
			if (typeof value !== 'string' || !(FOLDER_ACTIONS as readonly string[]).includes(action)) mapped.actions[action] = value;
			else await this.mapFolder(action, value, mapped);
		}
		return mapped;
	}

	private async mapFolder(action: string, folderId: string, mapped: MappedActions): Promise<void> {
		const verb = action === 'copyToFolder' ? 'copies' : 'moves';
		const target = await this.find(folderId);
		const shown = target.path.join('/') || 'a folder that the backup does not know';
		if (target.id !== null) {
			mapped.actions[action] = target.id;
			if (target.isInBin) mapped.notes.push(`The folder that it ${verb} mail to, "${shown}", is in Deleted Items.`);
			return;
		}
		if (this.request.preview && target.path.length > 0) {
			// It may come back with the mail before the rule's turn comes.
			mapped.actions[action] = folderId;
			mapped.notes.push(`The folder that it ${verb} mail to, "${shown}", is not there yet. If it is still missing then, the rule comes back without that action.`);
			return;
		}
		mapped.missing.push(shown);
		mapped.notes.push(`The folder that it ${verb} mail to, "${shown}", is not there: the rule is back without that action.`);
	}

	private async find(folderId: string): Promise<{ id: string | null; path: string[]; isInBin: boolean }> {
		const scoped = scopedId(folderId);
		if (this.request.folders.has(scoped)) {
			const { id, path, cameBack } = await this.targets.target(scoped);
			return { id, path, isInBin: cameBack };
		}
		// Mail is not in this backup: the folder itself may be there all the same.
		const living = this.context.isOriginalMailbox ? await this.listing.get(folderId) : null;
		if (!living) return { id: null, path: [], isInBin: false };
		const place = await this.listing.path(living.id);
		return { id: living.id, path: place?.names ?? [living.displayName ?? ''], isInBin: place?.isInBin === true };
	}
}

/** Conditions or exceptions as they may stand in a request. */
export function predicatesForRequest(given: JsonObject[string] | undefined): JsonObject | undefined {
	const set = Object.entries(asObject(given) ?? {}).filter(([name, value]) => value !== null && !name.startsWith('@odata.'));
	return set.length === 0 ? undefined : Object.fromEntries(set);
}
