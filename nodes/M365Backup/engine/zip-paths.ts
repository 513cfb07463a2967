import { safeFileName } from './export-name';

/** Folder names may be long, and Windows ends at 260 characters for a path. */
const MOST_FOLDER_BYTES = 80;

/** Hands out the paths of a ZIP: safe on every system, and no two that a system would take for the same. */
export class ZipPaths {
	readonly #taken = new Set<string>();

	constructor(reserved: readonly string[] = []) {
		for (const path of reserved) this.#taken.add(keyOf(path));
	}

	/** `fileName` is safe already; folders are made so. A second one of the same name gets a number. */
	take(folders: readonly string[], fileName: string): string {
		const folder = folders.map((name) => `${safeFileName(name, '', MOST_FOLDER_BYTES)}/`).join('');
		const dot = fileName.lastIndexOf('.');
		const [title, extension] = dot > 0 ? [fileName.slice(0, dot), fileName.slice(dot)] : [fileName, ''];
		let path = `${folder}${fileName}`;
		for (let number = 2; this.#taken.has(keyOf(path)); number += 1) path = `${folder}${title} (${number})${extension}`;
		this.#taken.add(keyOf(path));
		return path;
	}
}

/** macOS and Windows tell names apart neither by case nor by how accents are written. */
function keyOf(path: string): string {
	return path.normalize('NFC').toLowerCase();
}
