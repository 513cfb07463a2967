import type { RestorableFolder } from './restorer';

/** The folder that one stands in, as the snapshot has it; none for one whose chain of parents leads into a ring. */
export function parentFolder(folders: ReadonlyMap<string, RestorableFolder>, folder: RestorableFolder): RestorableFolder | undefined {
	const parent = folder.parent === undefined ? undefined : folders.get(folder.parent);
	return parent && !isInRing(folders, folder) ? parent : undefined;
}

/** A catalog written while folders were being moved could hold a ring. */
function isInRing(folders: ReadonlyMap<string, RestorableFolder>, folder: RestorableFolder): boolean {
	const met = new Set<string>();
	for (let at: RestorableFolder | undefined = folder; at; at = at.parent === undefined ? undefined : folders.get(at.parent)) {
		if (met.has(at.id)) return true;
		met.add(at.id);
	}
	return false;
}
