import { randomBytes } from 'node:crypto';
import { access, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BadInput } from './bad-input';
import { cloneSet } from './clone-set';
import { FreshIds } from './fresh-ids';
import { readCommand, usage, type Command } from './options';
import { toDo } from './to-do';
import type { WorkflowJson } from './workflow-json';

const shippedFolder = resolve(__dirname, '..');
/** Beside the workflows, so that cloning again gives the same ids. Not `.json`, which n8n would import. */
const seedFile = '.seed';

async function main(): Promise<void> {
	const command = readCommand(process.argv.slice(2));
	if (command.help) {
		process.stdout.write(`${usage}\n`);
		return;
	}
	const folder = resolve(command.outFolder);
	const seed = command.seed ?? (await earlierSeed(folder)) ?? randomBytes(16).toString('hex');
	const set = cloneSet(await shippedWorkflows(), command, new FreshIds(JSON.stringify([seed, command.customer])));
	const text = toDo(set, command, folder);
	const files = new Map([...set.workflows].map(([file, workflow]) => [`${file}.json`, `${JSON.stringify(workflow, null, '\t')}\n`]));
	await writeAll(folder, new Map([...files, ['TO-DO.md', text], [seedFile, `${seed}\n`]]), command);
	process.stdout.write(`${text}\nWritten to ${folder}, with this list as TO-DO.md.\n`);
}

async function shippedWorkflows(): Promise<Map<string, WorkflowJson>> {
	const names = (await readdir(shippedFolder)).filter((name) => name.endsWith('.json')).sort();
	const all = names.map(async (name) => [name.replace(/\.json$/, ''), JSON.parse(await readFile(join(shippedFolder, name), 'utf8')) as WorkflowJson] as const);
	return new Map(await Promise.all(all));
}

async function earlierSeed(folder: string): Promise<string | undefined> {
	try {
		return (await readFile(join(folder, seedFile), 'utf8')).trim();
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
		throw error;
	}
}

/** All or, where something is there already and nobody said --force, nothing. */
async function writeAll(folder: string, files: ReadonlyMap<string, string>, { force }: Command): Promise<void> {
	const there: string[] = [];
	for (const name of files.keys()) {
		if (await exists(join(folder, name))) there.push(name);
	}
	if (there.length > 0 && !force) {
		throw new BadInput(`${folder} has ${there.length === 1 ? `${there[0] ?? ''} already` : `${there.length} of these files already`}. Nothing was written. Choose another folder with --out, or write over them with --force.`);
	}
	await mkdir(folder, { recursive: true });
	for (const [name, content] of files) await writeFile(join(folder, name), content);
}

async function exists(path: string): Promise<boolean> {
	try {
		await access(path);
		return true;
	} catch {
		return false;
	}
}

main().catch((error: unknown) => {
	process.stderr.write(`${error instanceof BadInput ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
	process.exitCode = 1;
});
