import { mkdir, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { Failure } from '../base/failure';
import { isLostWithContainer, thisMachine, type Machine } from './container';

/** n8n's two file helpers, or what stands in for them where n8n gives none. */
export interface PathRule {
	/** The real path; of a missing file, that of its folder and its name. */
	resolve(path: string): Promise<string>;
	isBlocked(realPath: string): boolean;
}

export interface LocalFolderOptions {
	/** Makes the folder if it is missing, and then refuses one that is lost with the container. */
	create: boolean;
	/** Accepts a folder that is lost with the container. */
	useAnyway: boolean;
	machine?: Machine;
}

/**
 * The real path of a repository folder that the user named: `~` expanded, links followed, checked against n8n's rule
 * before anything is made and once more after. Failures: invalid (not absolute, would be lost with the container),
 * denied (n8n or the operating system forbids it).
 */
export async function localFolder(named: string, rule: PathRule, options: LocalFolderOptions): Promise<string> {
	const wanted = expand(named);
	const { parent, rest } = await nearestExisting(wanted, rule);
	refuseBlocked(path.join(parent, rest), named, rule);
	if (!options.create) return path.join(parent, rest);

	if (!options.useAnyway) await refuseLost(parent, named, options.machine ?? thisMachine);
	await make(path.join(parent, rest), named);
	// Between the check and now, somebody may have put a link in the way.
	const real = await realpath(path.join(parent, rest));
	refuseBlocked(real, named, rule);
	return real;
}

function expand(named: string): string {
	const trimmed = named.trim();
	const expanded = /^~(?=$|[\\/])/.test(trimmed) ? path.join(homedir(), trimmed.slice(1)) : trimmed;
	if (!path.isAbsolute(expanded)) {
		throw new Failure('invalid', trimmed === '' ? 'No folder was given for the backups' : `The folder "${named}" is not a whole path`, {
			nextStep: 'Give the whole path of the folder, e.g. ~/.n8n-files/m365-backup or /backups/m365.',
		});
	}
	return path.resolve(expanded);
}

/** The real path of the nearest folder above that exists, and what is missing below it. */
async function nearestExisting(wanted: string, rule: PathRule): Promise<{ parent: string; rest: string }> {
	for (let above = wanted, rest = ''; ; ) {
		try {
			await realpath(above);
			return { parent: await rule.resolve(above), rest };
		} catch (error) {
			const next = path.dirname(above);
			if (!hasCode(error, 'ENOENT') || next === above) throw folderFailure(error, wanted);
			rest = path.join(path.basename(above), rest);
			above = next;
		}
	}
}

function refuseBlocked(realPath: string, named: string, rule: PathRule): void {
	if (!rule.isBlocked(realPath)) return;
	throw new Failure('denied', `n8n does not let nodes use the folder "${named}"`, {
		nextStep:
			'Choose a folder within ~/.n8n-files, or ask whoever runs n8n to add this one to the environment variable N8N_RESTRICT_FILE_ACCESS_TO.',
	});
}

async function refuseLost(existing: string, named: string, machine: Machine): Promise<void> {
	if (!(await isLostWithContainer(existing, machine))) return;
	throw new Failure('invalid', `The folder "${named}" is inside the container: it disappears when the container is updated`, {
		nextStep:
			'Mount a volume and choose a folder on it (in docker-compose: "./m365-backup:/home/node/.n8n-files"), or turn on the option Use Anyway.',
	});
}

async function make(folder: string, named: string): Promise<void> {
	try {
		await mkdir(folder, { recursive: true });
	} catch (error) {
		throw folderFailure(error, named);
	}
}

function folderFailure(error: unknown, named: string): Failure {
	if (hasCode(error, 'EACCES', 'EPERM', 'EROFS')) {
		return new Failure('denied', `n8n may not write to the folder "${named}"`, {
			nextStep: 'Let the user that n8n runs as (in Docker: node, id 1000) write to it, or choose another folder.',
			cause: error,
		});
	}
	if (hasCode(error, 'ENOTDIR', 'EEXIST')) {
		return new Failure('invalid', `"${named}" is not a folder`, {
			nextStep: 'A part of this path is a file. Choose a folder.',
			cause: error,
		});
	}
	return new Failure('invalid', `The folder "${named}" cannot be used`, {
		nextStep: error instanceof Error ? `The operating system says: ${error.message}` : undefined,
		cause: error,
	});
}

function hasCode(error: unknown, ...codes: string[]): boolean {
	return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
