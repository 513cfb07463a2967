import { Failure, isFailure, toFailure } from '../../../base/failure';
import { parentFolder } from '../../parent-folder';
import type { ConflictPolicy, RestorableFolder, RestoreDestination, RestoreOutcome } from '../../restorer';
import { scopeOf } from '../../scope-of';
import { graphIdOf, signalOf, type DriveContext } from './drive-context';
import { refusalOf } from './drive-failure';
import type { DriveView } from './drive-view';
import type { DriveWriter } from './drive-writer';
import { fittingName, LONGEST_PATH } from './file-names';
import { NOTES } from './fidelity-notes';
import { isReal } from './folder-view';
import type { LivingItem } from './living-item';
import type { Places } from './places';

/** Where files of one folder of the snapshot go. */
export interface TargetFolder {
	/** Graph id; of a preview's own in a preview of a folder that is to be made. */
	id: string;
	/** Display names from the drive's root. */
	path: string[];
}

export interface TargetFoldersInput {
	context: DriveContext;
	view: DriveView;
	places: Places;
	writer: DriveWriter;
	folders: ReadonlyMap<string, RestorableFolder>;
	/** Under `replace`, these are set back to their names and places themselves. */
	selected: ReadonlySet<string>;
	destination: RestoreDestination;
	policy: ConflictPolicy;
	/** Told of each folder that is made or moved back. */
	report: (outcome: RestoreOutcome) => void;
	/** After a folder is made or set back; says what could not be shared again. */
	share: (folder: RestorableFolder, living: LivingItem, isNew: boolean) => Promise<string[]>;
}

/** Files whose folder the backup does not know go here. */
const ORPHANAGE = 'Restored Items';
/** A new folder's path leaves at least this much for what goes into it. */
const ROOM_INSIDE = 24;

/**
 * Finds, sets back or makes the folders that files go into, each once.
 *
 * Original places: the same folder by its id, wherever its owner may have moved it; under `replace` one that was
 * selected itself gets its name and place back first, with all that is in it. A folder that is gone: the folder of that
 * name below its parent's target, made if need be, with its dates.
 */
export class TargetFolders {
	private readonly targets = new Map<string, Promise<TargetFolder>>();
	private basePromise: Promise<TargetFolder> | undefined;
	private webPathPromise: Promise<number> | undefined;

	constructor(private readonly input: TargetFoldersInput) {}

	/**
	 * @param folderId Scoped id of the folder in the snapshot; undefined: the root of the drive.
	 * @throws Failure if this folder can neither be found nor made; asked again after a passing fault, it tries again.
	 */
	target(folderId: string | undefined): Promise<TargetFolder> {
		if (folderId === undefined) return this.base();
		const known = this.targets.get(folderId);
		if (known) return known;
		const found = this.find(folderId);
		this.targets.set(folderId, found);
		found.catch((error: unknown) => {
			if (isFailure(toFailure(error), 'transient', 'throttled')) this.targets.delete(folderId);
		});
		return found;
	}

	/** How long a name may be in a folder. */
	async roomIn(target: TargetFolder): Promise<number> {
		return LONGEST_PATH - (await this.webPathChars()) - target.path.reduce((sum, name) => sum + name.length + 1, 0) - 1;
	}

	/** Reads which of these folders are alive before `target` asks for them one by one. */
	async prefetch(folderIds: readonly string[]): Promise<void> {
		if (this.input.destination.kind !== 'original') return;
		const asked = folderIds.filter((id) => !this.targets.has(id) && this.looksForOriginal(id));
		await this.input.view.readItems(asked.map(graphIdOf));
	}

	private looksForOriginal(folderId: string): boolean {
		return this.input.destination.kind === 'original' && this.input.context.isOriginalDrive(scopeOf(folderId));
	}

	private async find(folderId: string): Promise<TargetFolder> {
		if (folderId === this.input.context.topOf(scopeOf(folderId))) return await this.base();
		const folder = this.input.folders.get(folderId);
		if (!folder) return await this.below(await this.base(), { id: '', name: ORPHANAGE, meta: {} });
		const parent = parentFolder(this.input.folders, folder);
		if (this.looksForOriginal(folderId)) {
			const living = await this.input.view.item(graphIdOf(folderId));
			if (living?.isFolder) {
				const isToBeSetBack = this.input.policy === 'replace' && this.input.selected.has(folderId);
				return isToBeSetBack ? await this.setBack(folder, living, await this.target(parent?.id)) : await this.whereItIs(folder, living);
			}
		}
		return await this.below(await this.target(parent?.id), folder);
	}

	/** The drive's root, or the folder that the user named, made if need be. */
	private base(): Promise<TargetFolder> {
		this.basePromise ??= this.makeBase();
		this.basePromise.catch(() => (this.basePromise = undefined));
		return this.basePromise;
	}

	private async makeBase(): Promise<TargetFolder> {
		let at: TargetFolder = { id: (await this.input.view.root()).id, path: [] };
		if (this.input.destination.kind === 'original') return at;
		for (const name of this.input.destination.path) at = await this.below(at, { id: '', name, meta: {} });
		return at;
	}

	private async whereItIs(folder: RestorableFolder, living: LivingItem): Promise<TargetFolder> {
		living.claimedBy ??= folder.id;
		const parentPath = living.parentPath ?? (await this.pathTo(living));
		return { id: living.id, path: [...(parentPath ?? []), living.name || folder.name] };
	}

	/** Display names above something, as far as folders are known. */
	private async pathTo(item: LivingItem): Promise<string[] | undefined> {
		const root = await this.input.view.root();
		const names: string[] = [];
		for (let id = item.parentId; id !== undefined && id !== root.id; ) {
			const above: LivingItem | null = await this.input.view.item(id);
			if (!above) return undefined;
			names.unshift(above.name);
			id = above.parentId;
		}
		return names;
	}

	private async setBack(folder: RestorableFolder, living: LivingItem, parent: TargetFolder): Promise<TargetFolder> {
		const name = await this.nameIn(parent, folder.name);
		const there: TargetFolder = { id: living.id, path: [...parent.path, name] };
		if (living.parentId === parent.id && living.name === name) {
			living.claimedBy = folder.id;
			return there;
		}
		const wasMoved = living.parentId !== parent.id;
		const oldName = living.name;
		try {
			await this.input.view.readNames(parent.id, [name]);
			if (this.input.view.child(parent.id, name)) await this.input.view.list(parent.id);
			const { note, moved } = this.input.places.take(living, parent.id, name, 'aside', folder.id);
			await moved;
			const what = wasMoved ? 'It was found elsewhere and moved back, with what is in it' : `It was renamed back from "${oldName}"`;
			this.report(folder, 'movedBack', there.path, { newId: living.id, reason: [what, note].filter(Boolean).join('; ') });
			return there;
		} catch (error) {
			const failure = refusalOf(error);
			if (isFailure(failure, 'cancelled')) throw failure;
			// Its files go where it is.
			const here = await this.whereItIs(folder, living);
			this.input.report({
				...identity(folder), outcome: 'failed', targetPath: here.path, reason: `It could not be moved back: ${failure.title ?? failure.message}`, kind: failure.kind,
				...(failure.nextStep === undefined ? {} : { nextStep: failure.nextStep }), fidelity: [],
			});
			return here;
		}
	}

	/** The child of that name, made if it is not there. */
	private async below(parent: TargetFolder, folder: RestorableFolder): Promise<TargetFolder> {
		const { view, policy } = this.input;
		const wanted = await this.nameIn(parent, folder.name);
		let name = wanted;
		await view.readNames(parent.id, [name]);
		const child = view.child(parent.id, name);
		if (child?.isFolder && !this.goesElsewhere(folder, child)) {
			child.claimedBy ??= folder.id;
			return { id: child.id, path: [...parent.path, child.name] };
		}
		let reason: string | undefined;
		if (child && policy === 'replace' && child.claimedBy === undefined) {
			await view.list(parent.id);
			reason = this.input.places.aside(child);
			await this.input.places.whenMoved(child.id);
		} else if (child) {
			await view.list(parent.id);
			const copy = view.copies(parent.id, name).find((one) => one.isFolder);
			if (copy) return { id: copy.id, path: [...parent.path, copy.name] };
			name = this.input.places.freeCopyName(parent.id, name, true, 'restored');
			reason = `A file named "${child.name}" stands in its place`;
		}
		return await this.make(parent, folder, name, { reason, isRenamed: wanted !== folder.name });
	}

	/** It has the name now, and this restore is going to give it back its own. */
	private goesElsewhere(folder: RestorableFolder, child: LivingItem): boolean {
		const id = `${scopeOf(folder.id)}/${child.id}`;
		return this.input.policy === 'replace' && child.claimedBy === undefined && id !== folder.id && this.looksForOriginal(folder.id) && this.input.selected.has(id);
	}

	private async make(parent: TargetFolder, folder: RestorableFolder, name: string, { reason, isRenamed }: { reason: string | undefined; isRenamed: boolean }): Promise<TargetFolder> {
		const { view, writer } = this.input;
		const { created } = folder.meta;
		const dates = { ...(typeof created === 'string' ? { created } : {}), ...(folder.modified === undefined ? {} : { modified: folder.modified }) };
		let made: { living: LivingItem; wasThere: boolean };
		try {
			made = await writer.createFolder(parent.id, name, dates);
		} catch (error) {
			throw refusalOf(error);
		}
		const target = { id: made.living.id, path: [...parent.path, name] };
		if (made.wasThere) return target;
		view.made({ ...made.living, claimedBy: folder.id });
		const fidelity = [...(isRenamed ? [NOTES.renamed(folder.name, name)] : []), ...(folder.meta['kind'] === 'notebook' ? [NOTES.notebook] : [])];
		fidelity.push(...(await this.input.share(folder, made.living, true)));
		this.report(folder, 'folderCreated', target.path, { newId: made.living.id, ...(reason === undefined ? {} : { reason }), fidelity });
		return target;
	}

	/** @throws Failure `invalid` where its path would be too long for anything in it */
	private async nameIn(parent: TargetFolder, name: string): Promise<string> {
		const fitting = fittingName(name, (await this.roomIn(parent)) - ROOM_INSIDE);
		if (fitting !== undefined) return fitting;
		throw new Failure('invalid', `The path of the folder "${name}" would be longer than ${LONGEST_PATH} characters`, {
			title: `Its path would be longer than the ${LONGEST_PATH} characters that SharePoint takes`,
			nextStep: 'Restore into a folder nearer to the top of the drive.',
		});
	}

	/** What the path of everything in the drive begins with counts as well. */
	private webPathChars(): Promise<number> {
		this.webPathPromise ??= this.readWebPath();
		return this.webPathPromise;
	}

	private async readWebPath(): Promise<number> {
		const { context } = this.input;
		try {
			const { webUrl } = await context.graph.json<{ webUrl?: string }>({ path: `${context.drivePath}?$select=id,webUrl`, ...signalOf(context) });
			return webUrl === undefined ? 0 : decodeURIComponent(new URL(webUrl).pathname).length;
		} catch (error) {
			if (isFailure(toFailure(error), 'cancelled')) throw error;
			return 0;
		}
	}

	private report(folder: RestorableFolder, outcome: 'folderCreated' | 'movedBack', targetPath: string[], more: { newId: string; reason?: string; fidelity?: string[] }): void {
		const { newId, fidelity, ...rest } = more;
		this.input.report({ ...identity(folder), outcome, targetPath, ...(isReal(newId) ? { newId } : {}), ...rest, fidelity: fidelity ?? [] });
	}
}

function identity(folder: RestorableFolder): Pick<RestoreOutcome, 'id' | 'type' | 'name' | 'parent'> {
	return { id: folder.id, type: 'folder', name: folder.name, ...(folder.parent === undefined ? {} : { parent: folder.parent }) };
}
