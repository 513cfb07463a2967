import type { RestorableItem } from './restorer';

/** Something in the scratch place: a folder (calendar, task list, list) or what lies in one. */
export interface ScratchThing {
	/** What it is part of, as `Scratch.placeOf` says. */
	place: string;
	kind: 'item' | 'folder';
	/** Graph id. */
	id: string;
	/** Graph id of the folder, calendar or list that it lies in, where that is known: tasks and list items are addressed through theirs. */
	listId?: string;
	name: string;
	/** Where it stands, for people: `M365 Backup drill …/Inbox/Report`. */
	path: string;
}

/** What tells things that the drill made from things that somebody else put into its folders. */
export interface DrillMarks {
	/** `RestorableItem.markerKey` of what is being restored. */
	markerKeys: ReadonlySet<string>;
	/** Names of the items, and of the folders that they were in. */
	names: ReadonlySet<string>;
	/** Nothing that is older is the drill's. */
	sinceMs: number;
}

/** A thing found in a folder of the drill. */
export interface FoundThing extends ScratchThing {
	/** It bears what only a thing of the drill bears. */
	isMarked: boolean;
}

/** What came of comparing one item with its backup. */
export interface ItemComparison {
	/** What is not as the backup holds it, in plain words; empty: identical. */
	differences: string[];
	/** What the service lets nobody compare, in plain sentences. */
	notCompared: string[];
}

/** `forGood`, or to where the service itself keeps what is deleted: a recycle bin, Deleted Items. */
export type RemovedTo = 'forGood' | 'bin';

/**
 * What a restore drill needs beside a Restorer: to read back from the service what was restored, to compare it with what
 * the backup holds, and to remove it. Nothing here trusts what the restorer said but the ids of what it made.
 */
export interface Scratch {
	/** Why nothing can be restored there at all: the mailbox, drive or site is not there any more. Undefined if it is. */
	gone(signal: AbortSignal): Promise<string | undefined>;
	/** Items of one place are restored together: a part of a mailbox, a library, a list. By the scoped id in the snapshot. */
	placeOf(scopedId: string): string;
	/** Why items of a type (`setting`, `page`) are not drilled; undefined if they are. */
	notDrilled(type: string): string | undefined;
	/** The application permission that drilling this type takes, if the token is known to lack it. */
	lackedPermission(type: string): string | undefined;
	/** Why nothing can be tried out in a place as things are now; undefined if it can. */
	unfit?(place: string, signal: AbortSignal): Promise<string | undefined>;
	/**
	 * @param said What the restore said that the item could not get back: that it lacks just this is no difference.
	 * @throws Failure if it cannot be read back
	 */
	compare(item: RestorableItem, thing: ScratchThing, said: readonly string[], signal: AbortSignal): Promise<ItemComparison>;
	/** The drill's own topmost folders in a place, by the name that no other folder has. */
	tops(place: string, scratchName: string, signal: AbortSignal): Promise<ScratchThing[]>;
	/** What lies in one of the drill's folders, one level deep. */
	within(folder: ScratchThing, marks: DrillMarks, signal: AbortSignal): Promise<FoundThing[]>;
	/** For good where the service can; what is gone already is removed. @throws Failure */
	remove(thing: ScratchThing, signal: AbortSignal): Promise<RemovedTo>;
}
