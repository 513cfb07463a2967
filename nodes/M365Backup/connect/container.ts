import { access, stat } from 'node:fs/promises';

/** How the machine looks, as far as it matters for folders that vanish. */
export interface Machine {
	isContainer(): Promise<boolean>;
	/** The number of the file system that the path is on. */
	deviceOf(path: string): Promise<number>;
}

export const thisMachine: Machine = {
	isContainer: async () => (await Promise.all(['/.dockerenv', '/run/.containerenv'].map(exists))).includes(true),
	deviceOf: async (path) => (await stat(path)).dev,
};

/**
 * Whether what is stored under this existing path is lost with the container: its file system is the container's own
 * root, not a volume or a folder mounted from outside.
 */
export async function isLostWithContainer(existingPath: string, machine: Machine): Promise<boolean> {
	if (!(await machine.isContainer())) return false;
	return (await machine.deviceOf(existingPath)) === (await machine.deviceOf('/'));
}

async function exists(path: string): Promise<boolean> {
	try {
		await access(path);
		return true;
	} catch {
		return false;
	}
}
