import { safeFileName } from './export-name';

/** Folder names may be long, and Windows ends at 260 characters for a path. */
const MOST_FOLDER_BYTES = 80;

/** Hands out the paths of a ZIP: safe on every system, and no two that a system would take for the same. */
export class ZipPaths {
	/** Of files and folders. */
	readonly #taken = new Set<string>();
	/** By the key of the path that was asked for: the path that it got, with its slash. */
	readonly #folders = new Map<string, string>();
	/** Where counting goes on for names that come again and again. */
	readonly #nextNumber = new Map<string, number>();

	constructor(reserved: readonly string[] = []) {
		for (const path of reserved) this.#taken.add(keyOf(path));
	}

	/** `fileName` is safe already; folders are made so. A second one of the same name gets a number. */
	take(folders: readonly string[], fileName: string): string {
		const folder = folders.reduce((above, name) => this.#folder(above, safeFileName(name, '', MOST_FOLDER_BYTES)), '');
		const dot = fileName.lastIndexOf('.');
		return this.#free(folder, dot > 0 ? fileName.slice(0, dot) : fileName, dot > 0 ? fileName.slice(dot) : '');
	}

	#folder(above: string, name: string): string {
		const key = keyOf(`${above}${name}`);
		const known = this.#folders.get(key);
		if (known !== undefined) return known;
		const made = `${this.#free(above, name, '')}/`;
		this.#folders.set(key, made);
		return made;
	}

	#free(above: string, title: string, extension: string): string {
		let path = `${above}${title}${extension}`;
		const wanted = keyOf(path);
		if (this.#taken.has(wanted)) {
			let number = this.#nextNumber.get(wanted) ?? 2;
			do path = `${above}${title} (${number++})${extension}`;
			while (this.#taken.has(keyOf(path)));
			this.#nextNumber.set(wanted, number);
		}
		this.#taken.add(keyOf(path));
		return path;
	}
}

/** macOS and Windows tell names apart neither by case nor by how accents are written. */
function keyOf(path: string): string {
	return path.normalize('NFC').toLowerCase();
}
