import type { Ambient } from '../base/ambient';
import { toFailure } from '../base/failure';
import type { DrillMarks, Scratch, ScratchThing } from '../workloads/scratch';
import { failureInWords } from './failure-in-words';

/** Something of a drill that could not be removed. */
export interface LeftBehind {
	path: string;
	/** Graph id; where nobody could look, the part of the mailbox or site. */
	id: string;
	reason: string;
}

export interface CleanupInput {
	scratch: Scratch;
	/** Name of the drill's own folders: no other folder bears it. */
	scratchName: string;
	/** Where it may have made anything. */
	places: readonly string[];
	/** What the restore said that it made, in that order. */
	made: readonly ScratchThing[];
	marks: DrillMarks;
	/** The restore did not come to its end: what it had asked for may still be made. */
	isBroken: boolean;
	ambient: Pick<Ambient, 'sleep'>;
	signal: AbortSignal;
}

export interface CleanupResult {
	/** Items and folders. */
	removed: number;
	/** Those of them that are in a recycle bin or Deleted Items, where the service knows nothing better. */
	toBin: number;
	leftBehind: LeftBehind[];
}

/** Removes what a drill has made, and nothing else. Never throws: what could not be removed is said. */
export async function removeDrill(input: CleanupInput): Promise<CleanupResult> {
	return await new Cleanup(input).run();
}

/** How long what was under way may take to show. */
const LATE_MS = 3_000;

/** A ring of folders cannot be, and would end somewhere. */
const DEEPEST = 300;

class Cleanup {
	private readonly ids: ReadonlySet<string>;
	private readonly gone = new Set<string>();
	private readonly result: CleanupResult = { removed: 0, toBin: 0, leftBehind: [] };

	constructor(private readonly input: CleanupInput) {
		this.ids = new Set(input.made.map(keyOf));
	}

	/**
	 * First each item by the id under which it was made. Then the drill's folders from the inside out: whatever lies in
	 * them without having been announced (an answer was lost, the run was stopped) is removed if it bears the drill's
	 * mark. A folder goes only once nothing is in it: what somebody else has put there stays, and the folder with it.
	 */
	async run(): Promise<CleanupResult> {
		const { made, ambient, isBroken, signal } = this.input;
		const items = made.filter(({ kind }) => kind === 'item');
		for (const item of items) await this.remove(item);
		await this.removeTops();
		// Those that are not at the top, or that a list does not show yet.
		for (const thing of [...made].reverse()) if (thing.kind === 'folder') await this.removeTree(thing);
		// What seemed to resist may have gone with its folder, or after all.
		for (const item of items) await this.remove(item);
		if (isBroken && !signal.aborted) {
			await ambient.sleep(LATE_MS, signal).catch(() => undefined);
			await this.removeTops();
		}
		return { ...this.result, leftBehind: byPath(this.result.leftBehind) };
	}

	private async removeTops(): Promise<void> {
		const { places, scratch, scratchName, signal } = this.input;
		for (const place of places) {
			try {
				for (const folder of await scratch.tops(place, scratchName, signal)) await this.removeTree(folder);
			} catch (error) {
				this.left({ path: scratchName, id: place }, `Nobody could look whether it is still there: ${reasonOf(error)}`);
			}
		}
	}

	/** @returns whether it is gone */
	private async removeTree(folder: ScratchThing, depth = 0): Promise<boolean> {
		if (this.gone.has(keyOf(folder))) return true;
		const { scratch, marks, signal } = this.input;
		const foreign: string[] = [];
		let isEmpty = true;
		try {
			for (const thing of await scratch.within(folder, marks, signal)) {
				const isOwn = this.ids.has(keyOf(thing)) || thing.isMarked;
				if (!isOwn) foreign.push(thing.name);
				else if (thing.kind === 'item' || depth >= DEEPEST) isEmpty = (await this.remove(thing)) && isEmpty;
				else isEmpty = (await this.removeTree(thing, depth + 1)) && isEmpty;
			}
		} catch (error) {
			// Removed a moment ago, or by somebody else.
			if (toFailure(error).kind === 'notFound') return this.isGone(folder, false);
			this.left(folder, reasonOf(error));
			return false;
		}
		if (foreign.length > 0) this.left(folder, `There is something in it that the drill did not make: ${foreign.slice(0, 5).join(', ')}`);
		else if (!isEmpty) this.left(folder, 'Something in it could not be removed');
		else return await this.remove(folder);
		return false;
	}

	private async remove(thing: ScratchThing): Promise<boolean> {
		if (this.gone.has(keyOf(thing))) return true;
		try {
			return this.isGone(thing, (await this.input.scratch.remove(thing, this.input.signal)) === 'bin');
		} catch (error) {
			this.left(thing, reasonOf(error));
			return false;
		}
	}

	private isGone(thing: ScratchThing, isInBin: boolean): true {
		this.gone.add(keyOf(thing));
		// A second try may have succeeded.
		this.result.leftBehind = this.result.leftBehind.filter(({ id }) => id !== thing.id);
		this.result.removed += 1;
		if (isInBin) this.result.toBin += 1;
		return true;
	}

	private left({ path, id }: Pick<ScratchThing, 'path' | 'id'>, reason: string): void {
		if (!this.result.leftBehind.some((one) => one.id === id)) this.result.leftBehind.push({ path, id, reason });
	}
}

/** Ids of list items count from 1 in every list. */
function keyOf({ place, kind, id, listId }: ScratchThing): string {
	return [place, kind, kind === 'item' ? (listId ?? '').toLowerCase() : '', id].join(' ');
}

function reasonOf(error: unknown): string {
	const failure = toFailure(error);
	return failure.kind === 'cancelled' ? 'There was no time left to remove it' : failureInWords(failure);
}

function byPath(left: readonly LeftBehind[]): LeftBehind[] {
	return [...left].sort((a, b) => (a.path < b.path ? -1 : 1));
}
