import { Failure, isFailure, toFailure } from '../../../../base/failure';
import { parentFolder } from '../../../parent-folder';
import type { RestorableFolder, RestoreDestination, RestoreOutcome } from '../../../restorer';
import { graphIdIn, PART_TITLES, partRootId } from '../../mailbox-part';
import { createOnce } from '../../restore/create-once';
import type { RestoreContext } from '../../restore/restore-context';
import { signalOf } from '../../restore/restore-context';
import type { TargetFolder } from '../../restore/target-folders';
import { CONTACTS } from '../contact-folder-tree';
import type { GraphContactFolder, Walked } from '../walk-contact-folders';
import { CONTACT_FOLDER_SELECT, walkContactFolders } from '../walk-contact-folders';

/** In an id's place: the default folder, while nobody can tell its id because nothing is in it. */
export const UNNAMED_DEFAULT = 'default';

/** Contacts whose folder the backup does not know go here. */
const ORPHANAGE = 'Restored Items';
const DEFAULT_NAME = 'Contacts';

export interface ContactTargetsInput {
	context: RestoreContext;
	folders: ReadonlyMap<string, RestorableFolder>;
	destination: RestoreDestination;
	preview: boolean;
	/** Told of each folder that is made or moved back. */
	report: (outcome: RestoreOutcome) => void;
}

/**
 * Finds, brings back or makes the folders that contacts go into, each once. Original places: the same folder by its id,
 * wherever it is now below the default folder; one in Deleted Items is moved back; else the folder of that name below its
 * parent's target. The default folder is the default folder in every mailbox.
 */
export class ContactTargets {
	private readonly targets = new Map<string, Promise<TargetFolder>>();
	private walked: Promise<Walked> | undefined;
	private basePromise: Promise<TargetFolder> | undefined;
	private readonly context: RestoreContext;

	constructor(private readonly input: ContactTargetsInput) {
		this.context = input.context;
	}

	/** @throws Failure if this folder can neither be found nor made; asked again, it tries again. */
	target(folderId: string | undefined): Promise<TargetFolder> {
		const key = folderId ?? '';
		const known = this.targets.get(key);
		if (known) return known;
		const found = this.find(folderId);
		this.targets.set(key, found);
		// What failed in passing may succeed for the next contact.
		found.catch((error: unknown) => {
			if (isFailure(toFailure(error), 'transient', 'throttled')) this.targets.delete(key);
		});
		return found;
	}

	/** Where contacts of a target are listed and made, below the user's path. */
	async itemsPath(id: string): Promise<string> {
		const known = id === UNNAMED_DEFAULT ? await this.defaultId() : id;
		if (known === null) return '/contacts';
		return `/contactFolders/${encodeURIComponent(known)}/contacts`;
	}

	/** Graph id of a target; null for a default folder in which there is nothing yet. Looks again each time. */
	async graphId(id: string): Promise<string | null> {
		return id === UNNAMED_DEFAULT ? await this.defaultId() : id;
	}

	private async defaultId(): Promise<string | null> {
		const { defaultId } = await this.tree();
		if (defaultId !== null) return defaultId;
		return (await this.tree({ anew: true })).defaultId;
	}

	private tree(options: { anew?: boolean } = {}): Promise<Walked> {
		if (options.anew) this.walked = undefined;
		const { graph, userPath } = this.context;
		const asked = this.walked ?? walkContactFolders({ graph, userPath, known: [], defaultId: null, readDefault: true, ...signalOf(this.context) });
		this.walked = asked;
		asked.catch(() => (this.walked = undefined));
		return asked;
	}

	private async find(folderId: string | undefined): Promise<TargetFolder> {
		const folder = folderId === undefined ? undefined : this.input.folders.get(folderId);
		if (!folder || folder.id === partRootId(CONTACTS)) return await this.below(await this.base(), { id: '', name: ORPHANAGE, meta: {} });
		const { destination } = this.input;
		const isTop = destination.kind === 'original' || destination.path.length === 0;
		if (folder.meta['isDefault'] === true && isTop) return await this.defaultFolder();
		if (destination.kind === 'original' && this.context.isOriginalMailbox) {
			const living = await this.living(folder);
			if (living) return living;
		}
		return await this.below(await this.parentTarget(folder), folder);
	}

	private async parentTarget(folder: RestorableFolder): Promise<TargetFolder> {
		const parent = parentFolder(this.input.folders, folder);
		return !parent || parent.id === partRootId(CONTACTS) ? await this.base() : await this.target(parent.id);
	}

	/** The default folder, or the folder that the user named, made below it if need be. */
	private base(): Promise<TargetFolder> {
		this.basePromise ??= this.makeBase();
		this.basePromise.catch(() => (this.basePromise = undefined));
		return this.basePromise;
	}

	private async makeBase(): Promise<TargetFolder> {
		let at = await this.defaultFolder();
		if (this.input.destination.kind === 'original') return at;
		for (const name of this.input.destination.path) at = await this.below(at, { id: '', name, meta: {} });
		return at;
	}

	private async defaultFolder(): Promise<TargetFolder> {
		const { defaultId, folders } = await this.tree();
		const saved = [...this.input.folders.values()].find(({ meta }) => meta['isDefault'] === true);
		const name = (defaultId === null ? undefined : folders.get(defaultId)?.displayName) ?? saved?.name ?? DEFAULT_NAME;
		return { id: defaultId ?? UNNAMED_DEFAULT, path: [PART_TITLES.contacts, name], isNew: defaultId === null, cameBack: false };
	}

	private async living(folder: RestorableFolder): Promise<TargetFolder | undefined> {
		const graphId = graphIdIn(folder.id);
		const { folders } = await this.tree();
		const living = folders.get(graphId);
		if (living) return { ...this.existing(living, await this.path(graphId)), cameBack: await this.cameBackWithParent(folder, living) };
		const inBin = await this.read(graphId);
		return inBin ? await this.bringBack(folder, inBin) : undefined;
	}

	private async cameBackWithParent(folder: RestorableFolder, living: GraphContactFolder): Promise<boolean> {
		const parent = folder.parent === undefined ? undefined : this.targets.get(folder.parent);
		if (!parent) return false;
		const { cameBack, id } = await parent;
		return cameBack && living.parentFolderId === id;
	}

	private async path(graphId: string): Promise<string[]> {
		const { folders, defaultId } = await this.tree();
		const names: string[] = [];
		for (let at: string | null | undefined = graphId; at && at !== defaultId && names.length < 300; at = folders.get(at)?.parentFolderId) {
			const folder = folders.get(at);
			if (!folder) break;
			names.unshift(folder.displayName ?? '');
		}
		return [...(await this.defaultFolder()).path, ...names];
	}

	private async read(graphId: string): Promise<GraphContactFolder | undefined> {
		try {
			return await this.context.graph.json<GraphContactFolder>({ path: `${this.folderPath(graphId)}?$select=${CONTACT_FOLDER_SELECT}`, ...signalOf(this.context) });
		} catch (error) {
			if (isFailure(error, 'notFound', 'invalid')) return undefined;
			throw error;
		}
	}

	/**
	 * From Deleted Items to where it belongs, with all that is in it: lossless. The documented way is a PATCH of
	 * parentFolderId (contactfolder-update); where that has no effect, or its place is taken, the folder is made anew.
	 */
	private async bringBack(folder: RestorableFolder, living: GraphContactFolder): Promise<TargetFolder | undefined> {
		const parent = await this.parentTarget(folder);
		if (parent.cameBack && living.parentFolderId === parent.id) {
			return { ...this.existing(living, [...parent.path, living.displayName ?? folder.name]), cameBack: true };
		}
		if (parent.id === null || (await this.child(parent.id, folder.name))) return undefined;
		const path = [...parent.path, folder.name];
		if (!this.input.preview) {
			const parentId = await this.graphId(parent.id);
			if (parentId === null || !(await this.move(living, parentId, folder.name))) return undefined;
			await this.tree({ anew: true });
		}
		this.report(folder, 'movedBack', path, living.id, 'It was deleted as a whole and came back with what was in it');
		return { id: living.id, path, isNew: false, cameBack: true };
	}

	private async move(living: GraphContactFolder, parentId: string, name: string): Promise<boolean> {
		try {
			const body = { parentFolderId: parentId, ...(living.displayName === name ? {} : { displayName: name }) };
			await this.context.graph.json({ method: 'PATCH', path: this.folderPath(living.id), body, ...signalOf(this.context) });
			return (await this.read(living.id))?.parentFolderId === parentId;
		} catch (error) {
			if (!isFailure(error, 'notFound', 'conflict', 'invalid', 'denied')) throw error;
			return false;
		}
	}

	private existing(living: GraphContactFolder, path: string[]): TargetFolder {
		return { id: living.id, path, isNew: false, cameBack: false };
	}

	/** By its exact spelling, else as Exchange compares names, without case. */
	private async child(parentId: string, name: string, options: { anew?: boolean } = {}): Promise<GraphContactFolder | undefined> {
		const { folders, defaultId } = await this.tree(options);
		const isDefault = parentId === UNNAMED_DEFAULT || parentId === defaultId;
		const children = [...folders.values()].filter(({ id, parentFolderId }) => {
			if (id === defaultId) return false;
			return isDefault ? !parentFolderId || parentFolderId === defaultId || !folders.has(parentFolderId) : parentFolderId === parentId;
		});
		const folded = name.normalize('NFC').toLowerCase();
		return children.find(({ displayName }) => displayName === name) ?? children.find(({ displayName }) => (displayName ?? '').normalize('NFC').toLowerCase() === folded);
	}

	/** The child of that name, made if it is not there. */
	private async below(parent: TargetFolder, folder: RestorableFolder): Promise<TargetFolder> {
		const path = [...parent.path, folder.name];
		const child = parent.id === null ? undefined : await this.child(parent.id, folder.name);
		if (child) return this.existing(child, path);
		if (this.input.preview || parent.id === null) {
			if (!this.input.preview) throw new Failure('defect', 'A contact folder would be made below one that is not there');
			this.report(folder, 'folderCreated', path);
			return { id: null, path, isNew: true, cameBack: false };
		}
		const { created, wasThere } = await this.create(parent.id, folder.name);
		(await this.tree()).folders.set(created.id, created);
		if (!wasThere) this.report(folder, 'folderCreated', path, created.id);
		return { id: created.id, path, isNew: !wasThere, cameBack: false };
	}

	private async create(parentId: string, displayName: string): Promise<{ created: GraphContactFolder; wasThere: boolean }> {
		const { defaultId } = await this.tree();
		const isTop = parentId === UNNAMED_DEFAULT || parentId === defaultId;
		const path = isTop ? `${this.context.userPath}/contactFolders` : `${this.folderPath(parentId)}/childFolders`;
		const find = async (): Promise<GraphContactFolder | undefined> => await this.child(parentId, displayName, { anew: true });
		const { graph, ambient, signal } = this.context;
		try {
			const created = await createOnce(() => graph.json<GraphContactFolder>({ method: 'POST', path, body: { displayName }, ...signalOf(this.context) }), find, ambient, signal);
			return { created, wasThere: false };
		} catch (error) {
			// ErrorFolderExists: somebody else made it, or Exchange sees two spellings as one name.
			const there = isFailure(error, 'conflict') ? await find() : undefined;
			if (!there) throw error;
			return { created: there, wasThere: true };
		}
	}

	private folderPath(graphId: string): string {
		return `${this.context.userPath}/contactFolders/${encodeURIComponent(graphId)}`;
	}

	private report(folder: RestorableFolder, outcome: 'folderCreated' | 'movedBack', targetPath: string[], newId?: string, reason?: string): void {
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
