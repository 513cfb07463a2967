import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Whether n8n forbids nodes to use this path: a copy of the rule in n8n-core
 * (`file-system-helper-functions`, `isFilePathBlocked`), for pickers, whose context has no file helpers. A contract
 * test holds the two together. `resolvedPath` must be a real path: links are followed by the caller.
 */
export function isPathBlocked(resolvedPath: string, environment: Environment = process.env): boolean {
	if (ownPaths(environment).some((own) => isWithin(own, resolvedPath))) return true;
	if (matchesBlockedPattern(resolvedPath, environment)) return true;
	const allowed = allowedPaths(environment);
	return allowed.length > 0 && !allowed.some((folder) => isWithin(folder, resolvedPath));
}

/** What the operator lets nodes use; empty = everything. */
export function allowedPaths(environment: Environment = process.env): string[] {
	return list(setting(environment, 'N8N_RESTRICT_FILE_ACCESS_TO') ?? '~/.n8n-files', ';').map((folder) =>
		folder.startsWith('~') ? folder.replace('~', homedir()) : folder,
	);
}

/** n8n's own files: its folder with database and key, and what the configuration names. */
function ownPaths(environment: Environment): string[] {
	if (environment['N8N_BLOCK_FILE_ACCESS_TO_N8N_FILES'] === 'false') return [];
	const home = process.platform === 'win32' ? 'USERPROFILE' : 'HOME';
	const userHome = environment['N8N_USER_FOLDER'] ?? environment[home] ?? process.cwd();
	const n8nFolder = path.join(userHome, '.n8n');
	return [
		n8nFolder,
		path.join(path.dirname(n8nFolder), '.cache/n8n/public'),
		...split(environment['N8N_CONFIG_FILES'], ','),
		...split(environment['N8N_CUSTOM_EXTENSIONS'], ';'),
		...split(environment['N8N_BINARY_DATA_STORAGE_PATH'], undefined),
		...split(environment['N8N_UM_EMAIL_TEMPLATES_INVITE'], undefined),
		...split(environment['N8N_UM_EMAIL_TEMPLATES_PWRESET'], undefined),
	];
}

function matchesBlockedPattern(resolvedPath: string, environment: Environment): boolean {
	const normalized = path.posix.normalize(resolvedPath.replace(/\\/g, '/'));
	const patterns = setting(environment, 'N8N_BLOCK_FILE_PATTERNS') ?? '^(?:[^/]*/)*\\.git(?:/.*)?$';
	return list(patterns, ';').some((pattern) => {
		try {
			return new RegExp(pattern, 'mi').test(normalized);
		} catch {
			return true;
		}
	});
}

/** As n8n's configuration reads a text: from the variable, else from the file that `<name>_FILE` names. */
function setting(environment: Environment, name: string): string | undefined {
	const value = environment[name];
	if (value !== undefined) return unquoted(value);
	const file = environment[`${name}_FILE`];
	// n8n read the same file when it started, so it is there and small.
	return file ? unquoted(readFileSync(file, 'utf8')) : undefined;
}

function unquoted(value: string): string {
	return value.trim().replace(/^(['"])(.*)\1$/, '$2');
}

function list(value: string, separator: string): string[] {
	return value
		.split(separator)
		.map((part) => part.trim())
		.filter((part) => part !== '');
}

/** As n8n does for its own files: not trimmed. */
function split(value: string | undefined, separator: string | undefined): string[] {
	if (!value) return [];
	return separator === undefined ? [value] : value.split(separator);
}

function isWithin(parent: string, child: string): boolean {
	const [above, below] = [path.resolve(parent), path.resolve(child)];
	return above === below || below.startsWith(above + path.sep);
}
