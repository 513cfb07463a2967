import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where a program is; `/usr/sbin` is not on everybody's PATH. */
export function programPath(program: string): string | undefined {
	const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/bin'];
	return folders.map((folder) => join(folder, program)).find((path) => {
		try {
			accessSync(path, constants.X_OK);
			return true;
		} catch {
			return false;
		}
	});
}

/** Why a server cannot be started here; undefined if it can. */
export function lackingFor(what: string, programs: Readonly<Record<string, string>>): string | undefined {
	const packages = Object.entries(programs).flatMap(([program, name]) => (programPath(program) === undefined ? [name] : []));
	return packages.length === 0 ? undefined : `no ${what}: apt-get install -y --no-install-recommends ${[...new Set(packages)].join(' ')}`;
}
