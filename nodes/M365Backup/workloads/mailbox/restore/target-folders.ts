import { Failure, isFailure, toFailure } from '../../../base/failure';
import { parentFolder } from '../../parent-folder';
import type { RestorableFolder, RestoreDestination, RestoreOutcome } from '../../restorer';
import type { GraphFolder } from '../graph-folder';
import { OUTSIDE_ROLES, ROOT_ROLE, WELL_KNOWN_ROLES } from '../graph-folder';
import { graphIdOf } from '../mail-context';
import { createOnce } from './create-once';
import { FolderListing } from './folder-listing';
import type { RestoreContext } from './restore-context';
import { signalOf } from './restore-context';

/** Where messages of one folder of the snapshot go. */
export interface TargetFolder {
	/** Graph id; null in a preview of a folder that is to be made. */
	id: string | null;
	/** Display names from the top. */
	path: string[];
	/** Nothing can be in it yet. */
	isNew: boolean;
	/** It was deleted as a whole and this restore has brought it back, with what is in it. */
	cameBack: boolean;
}

export interface TargetFoldersInput {
	context: RestoreContext;
	folders: ReadonlyMap<string, RestorableFolder>;
	destination: RestoreDestination;
	preview: boolean;
	/** Told of each folder that is made or moved back. */
	report: (outcome: RestoreOutcome) => void;
}

/** Items whose folder the backup does not know go here. */
const ORPHANAGE = 'Restored Items';
/** What was in Recoverable Items goes here: nobody sees into those, and Exchange empties them by itself. */
const RECOVERED = 'Recovered Items';

/**
 * Finds, brings back or makes the folders that messages go into, each once.
 *
 * Original places: the same folder by its id, wherever the user may have moved it meanwhile, except to the bin, from
 * where it is moved back; else the folder of the same role (names are translated, roles are not); else the folder of
 * that name below its parent's target, made if need be, hidden if it was.
 *
 * Names are only ever display names in JSON, never parts of a path: `CON`, `a/b` and `..` are names like others.
 */
export class TargetFolders {
	private readonly context: RestoreContext;
	private readonly input: TargetFoldersInput;
	private readonly listing: FolderListing;
	private readonly targets = new Map<string, Promise<TargetFolder>>();
	private basePromise: Promise<TargetFolder> | undefined;
	private recovered: Promise<TargetFolder> | undefined;

	constructor(input: TargetFoldersInput) {
		this.input = input;
		this.context = input.context;
		this.listing = new FolderListing(input.context);
	}

	/**
	 * @param folderId Scoped id of the folder in the snapshot.
	 * @throws Failure if this folder can neither be found nor made; asked again, it tries again.
	 */
	target(folderId: string | undefined): Promise<TargetFolder> {
		const key = folderId ?? '';
		const known = this.targets.get(key);
		if (known) return known;
		const found = this.find(folderId);
		this.targets.set(key, found);
		// What failed in passing may succeed for the next message.
		found.catch((error: unknown) => {
			if (isFailure(toFailure(error), 'transient', 'throttled')) this.targets.delete(key);
		});
		return found;
	}

	/** It was one of Recoverable Items: nothing is ever put there. */
	isRecoverable(folder: RestorableFolder): boolean {
		for (let at: RestorableFolder | undefined = folder; at; at = parentFolder(this.input.folders, at)) {
			const role = at.meta['role'];
			if (typeof role === 'string' && OUTSIDE_ROLES.has(role)) return true;
		}
		return false;
	}

	/** Reads which of these folders are alive, twenty to a request, before `target` asks for them one by one. */
	async prefetch(folderIds: readonly string[]): Promise<void> {
		if (this.input.destination.kind !== 'original' || !this.context.isOriginalMailbox) return;
		await this.listing.prefetch(folderIds.map(graphIdOf));
	}

	private async find(folderId: string | undefined): Promise<TargetFolder> {
		const folder = folderId === undefined ? undefined : this.input.folders.get(folderId);
		const base = await this.base();
		if (!folder) return await this.below(base, { id: '', name: ORPHANAGE, meta: {} });
		if (this.isRecoverable(folder)) {
			this.recovered ??= this.below(base, { id: '', name: RECOVERED, meta: {} });
			this.recovered.catch(() => (this.recovered = undefined));
			return await this.recovered;
		}
		if (this.input.destination.kind === 'original') {
			const existing = (await this.livingFolder(folder)) ?? (await this.folderOfRole(folder));
			if (existing) return existing;
		}
		const parent = parentFolder(this.input.folders, folder);
		return await this.below(parent ? await this.target(parent.id) : base, folder);
	}

	/** The top folder of the mailbox, or the folder that the user named, made if need be. */
	private base(): Promise<TargetFolder> {
		this.basePromise ??= this.makeBase();
		this.basePromise.catch(() => (this.basePromise = undefined));
		return this.basePromise;
	}

	private async makeBase(): Promise<TargetFolder> {
		let at: TargetFolder = { id: await this.listing.rootId(), path: [], isNew: false, cameBack: false };
		if (this.input.destination.kind === 'original') return at;
		for (const [depth, name] of this.input.destination.path.entries()) {
			at = (depth === 0 ? await this.wellKnown(at, name) : undefined) ?? (await this.below(at, { id: '', name, meta: {} }));
		}
		return at;
	}

	/** `Inbox` or `Sent Items` where the mailbox speaks another language and has no folder of that very name. */
	private async wellKnown(root: TargetFolder, name: string): Promise<TargetFolder | undefined> {
		const role = WELL_KNOWN_ROLES.find((one) => one === name.replaceAll(' ', '').toLowerCase() && one !== ROOT_ROLE);
		if (role === undefined || root.id === null || (await this.listing.child(root.id, name))) return undefined;
		const living = await this.listing.role(role);
		return living ? this.existing(living, [living.displayName ?? name]) : undefined;
	}

	private async livingFolder(folder: RestorableFolder): Promise<TargetFolder | undefined> {
		if (!this.context.isOriginalMailbox) return undefined;
		const graphId = graphIdOf(folder.id);
		const living = await this.listing.get(graphId);
		if (!living) return undefined;
		const path = await this.listing.path(graphId);
		if (path && (!path.isInBin || this.wasInBin(folder))) {
			return { ...this.existing(living, path.names), cameBack: await this.cameBackWithParent(folder, living) };
		}
		return await this.bringBack(folder, living);
	}

	private async cameBackWithParent(folder: RestorableFolder, living: GraphFolder): Promise<boolean> {
		const parentId = parentFolder(this.input.folders, folder)?.id;
		const parent = parentId === undefined ? undefined : this.targets.get(parentId);
		if (!parent) return false;
		const { cameBack, id } = await parent;
		return cameBack && living.parentFolderId === id;
	}

	private wasInBin(folder: RestorableFolder): boolean {
		for (let at: RestorableFolder | undefined = folder; at; at = parentFolder(this.input.folders, at)) {
			if (at.meta['role'] === 'deleteditems') return true;
		}
		return false;
	}

	/** From the bin to where it belongs, with all that is in it: lossless. If its place is taken, that folder is used. */
	private async bringBack(folder: RestorableFolder, living: GraphFolder): Promise<TargetFolder | undefined> {
		const folderAbove = parentFolder(this.input.folders, folder);
		const parent = folderAbove ? await this.target(folderAbove.id) : await this.base();
		if (parent.cameBack && living.parentFolderId === parent.id) {
			return { ...this.existing(living, [...parent.path, living.displayName ?? folder.name]), cameBack: true };
		}
		if (parent.id !== null && (await this.listing.child(parent.id, folder.name))) return undefined;
		const path = [...parent.path, folder.name];
		if (!this.input.preview) {
			if (parent.id === null) throw new Failure('defect', 'A folder would be moved below one that is not there');
			try {
				await this.moveBack(living, parent.id, folder.name);
			} catch (error) {
				// Recoverable Items may refuse to give a folder back: then it is made anew.
				if (!isFailure(error, 'notFound', 'conflict', 'invalid', 'denied')) throw error;
				return undefined;
			}
		}
		if (parent.id !== null) this.listing.moved(living.id, parent.id);
		this.report(folder, 'movedBack', path, living.id, 'It was deleted as a whole and came back with what was in it');
		return { id: living.id, path, isNew: false, cameBack: true };
	}

	private async moveBack(living: GraphFolder, parentId: string, name: string): Promise<void> {
		const path = `${this.context.userPath}/mailFolders/${encodeURIComponent(living.id)}`;
		await this.context.graph.json({
			method: 'POST',
			path: `${path}/move`,
			body: { destinationId: parentId },
			// Moving it there twice is moving it there.
			repeatable: true,
			...signalOf(this.context),
		});
		// In the bin it may have got a number after its name.
		if (living.displayName === name) return;
		await this.context.graph.json({ method: 'PATCH', path, body: { displayName: name }, ...signalOf(this.context) });
	}

	private async folderOfRole(folder: RestorableFolder): Promise<TargetFolder | undefined> {
		const role = folder.meta['role'];
		if (typeof role !== 'string') return undefined;
		const living = await this.listing.role(role);
		if (!living) return undefined;
		const path = await this.listing.path(living.id);
		return this.existing(living, path?.names ?? [living.displayName ?? folder.name]);
	}

	private existing(living: GraphFolder, path: string[]): TargetFolder {
		return { id: living.id, path, isNew: false, cameBack: false };
	}

	/** The child of that name, made if it is not there. */
	private async below(parent: TargetFolder, folder: RestorableFolder): Promise<TargetFolder> {
		const path = [...parent.path, folder.name];
		if (parent.id !== null) {
			const child = await this.listing.child(parent.id, folder.name);
			if (child) return this.existing(child, path);
		}
		if (this.input.preview || parent.id === null) {
			this.report(folder, 'folderCreated', path);
			return { id: null, path, isNew: true, cameBack: false };
		}
		const { created, wasThere } = await this.create(parent.id, folder);
		this.listing.added(parent.id, created);
		if (!wasThere) this.report(folder, 'folderCreated', path, created.id);
		return { id: created.id, path, isNew: !wasThere, cameBack: false };
	}

	private async create(parentId: string, folder: RestorableFolder): Promise<{ created: GraphFolder; wasThere: boolean }> {
		const find = async (): Promise<GraphFolder | undefined> => await this.listing.child(parentId, folder.name, { anew: true });
		try {
			const created = await createOnce(
				() =>
					this.context.graph.json<GraphFolder>({
						method: 'POST',
						path: `${this.context.userPath}/mailFolders/${encodeURIComponent(parentId)}/childFolders`,
						body: { displayName: folder.name, ...(folder.meta['hidden'] === true ? { isHidden: true } : {}) },
						...signalOf(this.context),
					}),
				find,
				this.context.ambient,
				this.context.signal,
			);
			return { created, wasThere: false };
		} catch (error) {
			// ErrorFolderExists: somebody else made it, or Exchange sees two spellings as one name.
			const there = isFailure(error, 'conflict') ? await find() : undefined;
			if (!there) throw error;
			return { created: there, wasThere: true };
		}
	}

	private report(
		folder: RestorableFolder,
		outcome: 'folderCreated' | 'movedBack',
		targetPath: string[],
		newId?: string,
		reason?: string,
	): void {
		this.input.report({
			id: folder.id,
			type: 'folder',
			name: folder.name,
			...(folder.parent === undefined ? {} : { parent: folder.parent }),
			outcome,
			targetPath,
			...(newId === undefined ? {} : { newId }),
			...(reason === undefined ? {} : { reason }),
			fidelity: [],
		});
	}
}
