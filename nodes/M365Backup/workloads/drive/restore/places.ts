import type { DriveContext } from './drive-context';
import type { DriveView } from './drive-view';
import type { DriveWriter } from './drive-writer';
import { copyName, nameKey } from './file-names';
import { CLAIM } from './folder-view';
import type { LivingItem } from './living-item';

/**
 * Who gets which name. Decisions are taken one after the other and stand in the view at once; they are sent side by side, each
 * after what has to be done before it: the name that it needs must have been given up, the item that it moves must have
 * arrived where it was last put. So a preview, which sends nothing, decides the same.
 */
export class Places {
	/** By item: its last move. */
	private readonly moves = new Map<string, Promise<void>>();
	/** By folder and name: the move that frees it. */
	private readonly freed = new Map<string, Promise<void>>();

	constructor(
		private readonly context: DriveContext,
		private readonly view: DriveView,
		private readonly writer: DriveWriter,
	) {}

	/**
	 * Decides for an item's place at once; the folder has to be listed where somebody has the name. What stands there is
	 * moved aside, or the item gets a name beside it.
	 *
	 * @param claimant for whom it keeps that place from now on; until then it may itself be moved aside.
	 * @returns what had to be done about what stood there, and when the item will be where it belongs
	 */
	take(item: LivingItem, parentId: string, name: string, otherwise: 'aside' | 'beside', claimant: string): { note: string | undefined; moved: Promise<void> } {
		const taken = this.view.child(parentId, name);
		let note: string | undefined;
		let finalName = name;
		if (taken && taken !== item) {
			if (otherwise === 'aside' && taken.claimedBy === undefined) note = this.aside(taken);
			else {
				finalName = this.freeCopyName(parentId, name, item.isFolder, 'restored');
				note = `its name is taken, so it is now "${finalName}"`;
			}
		}
		item.claimedBy = claimant;
		return { note, moved: this.move(item, parentId, finalName) };
	}

	/**
	 * Renames what stands in the way; nothing is lost. Whoever takes the name hears of a failure. The folder has to be listed.
	 *
	 * @returns a note of it
	 */
	aside(item: LivingItem): string {
		const before = item.name;
		const name = this.freeCopyName(item.parentId ?? '', before, item.isFolder, 'moved aside');
		void this.move(item, item.parentId ?? '', name);
		return `what had its name is now "${name}"`;
	}

	/** A name beside it that nobody has. The folder has to be listed. */
	freeCopyName(folderId: string, name: string, isFolder: boolean, word: 'restored' | 'moved aside'): string {
		const day = this.context.ambient.now().toISOString().slice(0, 10);
		for (let count = 1; ; count += 1) {
			const candidate = copyName(name, isFolder, word, day, count);
			if (!this.view.child(folderId, candidate)) return candidate;
		}
	}

	/** Keeps a name for an upload. @returns the claim, to be replaced by what was uploaded or given back */
	claim(folderId: string, name: string, itemId: string): LivingItem {
		const claim: LivingItem = {
			id: `${CLAIM}${itemId}`, name, parentId: folderId, isFolder: false, sizeBytes: 0, cTag: undefined, quickXorHash: undefined, createdSeconds: Number.NaN, modifiedSeconds: Number.NaN,
			isByApp: true, childCount: undefined, parentPath: undefined, claimedBy: itemId,
		};
		this.view.made(claim);
		return claim;
	}

	/** When what had the name will have been moved away; to be asked for when it is decided who gets the name. */
	whenFree(folderId: string, name: string): Promise<void> | undefined {
		return this.freed.get(keyOf(folderId, name));
	}

	/** When an item will be where it was last put. */
	whenMoved(id: string): Promise<void> | undefined {
		return this.moves.get(id);
	}

	private move(item: LivingItem, parentId: string, name: string): Promise<void> {
		const before = { parentId: item.parentId, name: item.name };
		const waits = [this.moves.get(item.id), this.freed.get(keyOf(parentId, name))].filter((wait) => wait !== undefined);
		this.view.changed(item, { parentId, name });
		item.isMoving = true;
		const done = this.send(item, waits, { name, ...(parentId === before.parentId ? {} : { parentId }) });
		const oldKey = keyOf(before.parentId ?? '', before.name);
		this.moves.set(item.id, done);
		this.freed.set(oldKey, done);
		const forget = (): void => {
			if (this.moves.get(item.id) === done) {
				this.moves.delete(item.id);
				item.isMoving = false;
			}
			if (this.freed.get(oldKey) === done) this.freed.delete(oldKey);
		};
		done.then(forget, () => {
			forget();
			if (item.name === name && item.parentId === parentId) this.view.changed(item, before);
		});
		return done;
	}

	private async send(item: LivingItem, waits: readonly Promise<void>[], to: { name: string; parentId?: string }): Promise<void> {
		await Promise.all(waits);
		await this.writer.relocate(item.id, to);
	}
}

function keyOf(folderId: string, name: string): string {
	return `${folderId}/${nameKey(name)}`;
}
