import type { MailFolder } from './mail-folder';

/** What happened to the mail folders (or contact folders) of a mailbox: positions in it are folder delta tokens. */
export class FolderHierarchyLog<T extends { isDeleted: boolean } = MailFolder> {
	private readonly entries: T[] = [];
	private readonly last = new Map<T, number>();
	private observedUpTo = -1;

	/** The position that a token issued now stands for. */
	observe(): number {
		this.observedUpTo = this.entries.length;
		return this.entries.length;
	}

	append(folder: T): void {
		if (this.observedUpTo < 0) return;
		const last = this.last.get(folder) ?? -1;
		if (last >= this.observedUpTo && !folder.isDeleted) return;
		this.last.set(folder, this.entries.length);
		this.entries.push(folder);
	}

	page(position: number, limit: number, isVisible: (folder: T) => boolean): { folders: T[]; position: number; isLast: boolean } {
		const folders: T[] = [];
		let index = position;
		for (; index < this.entries.length && folders.length < limit; index++) {
			const folder = this.entries[index]!;
			if (this.last.get(folder) === index && isVisible(folder)) folders.push(folder);
		}
		return { folders, position: index, isLast: index >= this.entries.length };
	}
}
