import type { RestorableFolder, RestoreDestination, RestoreOutcome } from '../../../restorer';
import { graphIdIn, PART_TITLES } from '../../mailbox-part';
import { createOnce } from '../../restore/create-once';
import { flatName } from '../../restore/flat-name';
import { signalOf, type RestoreContext } from '../../restore/restore-context';
import type { GraphTaskList } from '../graph-task';
import { listPath, TASKS_PART } from '../tasks-context';

/** Where the tasks of one list of the snapshot go. */
export interface TargetList {
	/** Graph id; null in a preview of a list that is to be made. */
	id: string | null;
	/** `['Tasks', 'Groceries']` */
	path: string[];
	/** It is the very list that was backed up: its tasks may be alive in it. */
	isOriginal: boolean;
	isNew: boolean;
}

/** Tasks whose list the backup does not know go here. */
const ORPHANAGE = 'Restored Items';
const DEFAULT_LIST = 'defaultList';

export interface TargetListsInput {
	context: RestoreContext;
	folders: ReadonlyMap<string, RestorableFolder>;
	destination: RestoreDestination;
	preview: boolean;
	/** Told of each list that is made. */
	report: (outcome: RestoreOutcome) => void;
}

/**
 * Finds or makes the lists that tasks go into. Original places: the same list by its id, else the default list for the
 * default list (its name is translated), else a list of that name, else a new one. Names need not be unique in To Do: a
 * list that one list of the snapshot goes into is no other one's.
 */
export class TargetLists {
	private readonly targets = new Map<string, TargetList>();
	private readonly taken = new Set<string>();

	private constructor(
		private readonly input: TargetListsInput,
		private readonly living: GraphTaskList[],
	) {}

	static async read(input: TargetListsInput): Promise<TargetLists> {
		const writable = (await readLists(input.context)).filter(isWritable);
		return new TargetLists(input, writable);
	}

	/**
	 * @param folderId Scoped id of the list in the snapshot; undefined or unknown for tasks without one.
	 * @throws Failure if the list can neither be found nor made
	 */
	async target(folderId: string | undefined): Promise<TargetList> {
		const folder = folderId === undefined ? undefined : this.input.folders.get(folderId);
		const key = folder?.id ?? '';
		const known = this.targets.get(key);
		if (known) return known;
		const found = this.byRole(folder) ?? this.byName(folder) ?? (await this.make(folder));
		this.targets.set(key, found);
		return found;
	}

	/** Those that are alive by id come first, so that no list of the same name takes their place. */
	claimLiving(folderIds: Iterable<string>): void {
		const { context, folders, destination } = this.input;
		if (!context.isOriginalMailbox || destination.kind !== 'original') return;
		for (const id of folderIds) {
			const folder = folders.get(id);
			const list = folder && this.living.find((one) => one.id === graphIdIn(folder.id));
			if (folder && list) this.targets.set(folder.id, this.take(list, true));
		}
	}

	private nameOf(folder: RestorableFolder | undefined): string {
		const name = folder?.name ?? ORPHANAGE;
		return this.input.destination.kind === 'original' ? name : flatName(this.input.destination.path, name);
	}

	private byRole(folder: RestorableFolder | undefined): TargetList | undefined {
		const { destination } = this.input;
		if (folder?.meta['wellKnown'] !== DEFAULT_LIST || (destination.kind === 'folder' && destination.path.length > 0)) return undefined;
		const list = this.living.find((one) => one.wellknownListName === DEFAULT_LIST);
		return list && this.take(list, this.isOriginal(folder, list));
	}

	private byName(folder: RestorableFolder | undefined): TargetList | undefined {
		const name = this.nameOf(folder);
		// What others see is not written to because of a name alone.
		const free = this.living.filter((one) => !this.taken.has(one.id) && one.isShared !== true);
		const list = free.find((one) => one.displayName === name) ?? free.find((one) => one.displayName?.toLowerCase() === name.toLowerCase());
		return list && this.take(list, folder !== undefined && this.isOriginal(folder, list));
	}

	private isOriginal(folder: RestorableFolder, list: GraphTaskList): boolean {
		return this.input.context.isOriginalMailbox && graphIdIn(folder.id) === list.id;
	}

	private take(list: GraphTaskList, isOriginal: boolean): TargetList {
		this.taken.add(list.id);
		return { id: list.id, path: [PART_TITLES[TASKS_PART], list.displayName ?? ''], isOriginal, isNew: false };
	}

	private async make(folder: RestorableFolder | undefined): Promise<TargetList> {
		const name = this.nameOf(folder);
		const path = [PART_TITLES[TASKS_PART], name];
		const created = this.input.preview ? null : await this.create(name);
		if (created) this.taken.add(created.id);
		this.input.report({
			id: folder?.id ?? '',
			type: 'folder',
			name,
			...(folder?.parent === undefined ? {} : { parent: folder.parent }),
			outcome: 'folderCreated',
			targetPath: path,
			...(created ? { newId: created.id } : {}),
			fidelity: [],
		});
		return { id: created?.id ?? null, path, isOriginal: false, isNew: true };
	}

	private async create(displayName: string): Promise<GraphTaskList> {
		const { context } = this.input;
		const before = new Set(this.living.map(({ id }) => id));
		return await createOnce(
			() => context.graph.json<GraphTaskList>({ method: 'POST', path: `${context.userPath}/todo/lists`, body: { displayName }, ...signalOf(context) }),
			async () => (await readLists(context)).find((list) => list.displayName === displayName && !before.has(list.id) && !this.taken.has(list.id)),
			context.ambient,
			context.signal,
		);
	}
}

/** Neither what Outlook fills by itself nor what belongs to somebody else. */
function isWritable(list: GraphTaskList): boolean {
	return list.isOwner !== false && list.wellknownListName !== 'flaggedEmails';
}

async function readLists(context: RestoreContext): Promise<GraphTaskList[]> {
	const lists = new Map<string, GraphTaskList>();
	const path = `${context.userPath}/todo/lists?$top=100`;
	for await (const page of context.graph.pages<GraphTaskList>({ path, ...signalOf(context) })) for (const list of page) lists.set(list.id, list);
	return [...lists.values()];
}

export function targetTasksPath(context: RestoreContext, listId: string): string {
	return `${listPath(context, listId)}/tasks`;
}
