/**
 * Paths to leave out, with everything below them: `Docs/Old`, or patterns in which `*` stands for any part of one name
 * and `**` for any number of folders. From the drive's root, in any case, as people see them.
 *
 * No regular expressions: with a few stars they may take minutes for one long name.
 */
export class ExcludedPaths {
	private readonly patterns: readonly (readonly NamePattern[])[];
	/** The same for the same settings, whatever their order. */
	readonly key: string;

	constructor(paths: readonly string[] = []) {
		const given = paths.map(normalized).filter((path) => path !== '');
		this.patterns = given.map((path) => path.split('/').filter((name) => name !== '').map(namePattern));
		this.key = [...new Set(given)].sort().join('\n');
	}

	get isEmpty(): boolean {
		return this.patterns.length === 0;
	}

	/** Of a file or folder, by its names from the root: whether itself, or a folder above it, is left out. */
	matches(path: readonly string[]): boolean {
		if (this.isEmpty) return false;
		const names = path.map(normalized);
		return this.patterns.some((pattern) => matchesFromRoot(pattern, names));
	}
}

/** What stands between the stars of a name; any number of folders. */
type NamePattern = readonly string[] | '**';

function normalized(path: string): string {
	return path.normalize('NFC').toLowerCase().trim().replace(/\\/g, '/').replace(/^\/+|\/+$/g, '');
}

function namePattern(name: string): NamePattern {
	return name === '**' ? name : name.split(/\*+/);
}

/** Goes down the path with all places in the pattern that it may have come to: as many steps as names times places. */
function matchesFromRoot(pattern: readonly NamePattern[], names: readonly string[]): boolean {
	let places = withoutFolders(pattern, [0]);
	for (const name of names) {
		const next: number[] = [];
		for (const place of places) {
			const wanted = pattern[place];
			if (wanted === undefined || (wanted !== '**' && !matchesName(wanted, name))) continue;
			// At the end, what is below matches as well.
			if (place === pattern.length - 1) return true;
			next.push(wanted === '**' ? place : place + 1);
		}
		places = withoutFolders(pattern, next);
	}
	return false;
}

/** `**` in the middle may stand for no folder at all. */
function withoutFolders(pattern: readonly NamePattern[], places: readonly number[]): Set<number> {
	const all = new Set(places);
	for (const place of all) if (pattern[place] === '**' && place < pattern.length - 1) all.add(place + 1);
	return all;
}

/** Each piece as early as it comes: whatever is behind it has the most room then. */
function matchesName(pieces: readonly string[], name: string): boolean {
	const [first = '', ...others] = pieces;
	const last = others.pop();
	if (last === undefined) return name === first;
	if (!name.startsWith(first)) return false;
	let at = first.length;
	for (const piece of others) {
		const found = name.indexOf(piece, at);
		if (found < 0) return false;
		at = found + piece.length;
	}
	return name.length - last.length >= at && name.endsWith(last);
}
