import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const postgresFolder = '/usr/lib/postgresql';

/** Why no Redis or no PostgreSQL can be started here; undefined if both can. */
export function lackingForQueue(): string | undefined {
	const lacking = [...(findRedis() === undefined ? ['redis-server'] : []), ...(findPostgres() === undefined ? ['postgresql'] : [])];
	return lacking.length === 0 ? undefined : `no queue: apt-get install -y --no-install-recommends ${lacking.join(' ')}`;
}

/** Path of `redis-server`. */
export function findRedis(): string | undefined {
	return (process.env['PATH'] ?? '')
		.split(delimiter)
		.map((folder) => join(folder, 'redis-server'))
		.find(isProgram);
}

/** The folder of PostgreSQL's server programs, which Debian keeps off the PATH: the newest version's. */
export function findPostgres(): string | undefined {
	return versions()
		.map((version) => join(postgresFolder, String(version), 'bin'))
		.find((folder) => ['initdb', 'postgres'].every((name) => isProgram(join(folder, name))));
}

function versions(): number[] {
	try {
		return readdirSync(postgresFolder)
			.map(Number)
			.filter(Number.isInteger)
			.sort((a, b) => b - a);
	} catch {
		return []; // not installed
	}
}

function isProgram(file: string): boolean {
	try {
		accessSync(file, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}
