/**
 * Paths to leave out, with everything below them: `Docs/Old`, or patterns in which `*` stands for any part of one name
 * and `**` for any number of folders. From the drive's root, in any case, as people see them.
 */
export class ExcludedPaths {
	private readonly patterns: readonly RegExp[];
	/** The same for the same settings, whatever their order. */
	readonly key: string;

	constructor(paths: readonly string[] = []) {
		const given = paths.map(normalized).filter((path) => path !== '');
		this.patterns = given.map(compile);
		this.key = [...new Set(given)].sort().join('\n');
	}

	get isEmpty(): boolean {
		return this.patterns.length === 0;
	}

	/** Of a file or folder, by its names from the root: whether itself, or a folder above it, is left out. */
	matches(path: readonly string[]): boolean {
		if (this.isEmpty) return false;
		const text = normalized(path.join('/'));
		return this.patterns.some((pattern) => pattern.test(text));
	}
}

function normalized(path: string): string {
	return path.normalize('NFC').toLowerCase().trim().replace(/\\/g, '/').replace(/^\/+|\/+$/g, '');
}

function compile(path: string): RegExp {
	const parts = path.split('/').filter((name) => name !== '');
	let source = '';
	parts.forEach((name, index) => {
		const isLast = index === parts.length - 1;
		if (name === '**') source += isLast ? '.+' : '(?:[^/]+/)*';
		else source += name.split(/\*+/).map(escaped).join('[^/]*') + (isLast ? '' : '/');
	});
	return new RegExp(`^${source}(?:/.*)?$`, 'su');
}

function escaped(text: string): string {
	return text.replace(/[\\^$.*+?()[\]{}|/-]/g, (sign) => (sign === '-' ? '\\x2d' : `\\${sign}`));
}
