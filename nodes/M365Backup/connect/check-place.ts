import type { StatsFs } from 'node:fs';
import { lstat, rmdir, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { IExecuteFunctions } from 'n8n-workflow';
import { Failure } from '../base/failure';
import { Findings, type Finding } from '../base/finding';
import type { Store } from '../stores/store';
import { isLostWithContainer, thisMachine, type Machine } from './container';
import { connectFolder, connectStore } from './repository';
import { repositoryType, type RepositoryType } from './repository-side';

/** Of `statfs`, by magic number (linux/magic.h). */
const networkFileSystems: Readonly<Record<number, string>> = Object.freeze({
	0x6969: 'NFS', 0x517b: 'SMB', 0xff534d42: 'SMB (CIFS)', 0xfe534d42: 'SMB', 0x01021997: '9p', 0x65735546: 'FUSE', 0xc36400: 'Ceph', 0x7461636f: 'OCFS2', 0x01161970: 'GFS2',
});
const memoryFileSystems: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);
const LITTLE_BYTES = 5e9;
/** Less than what the check itself stores, several times. */
const TOO_LITTLE_BYTES = 100e6;

/** Where the parameters say that the repository is. */
export interface CheckedPlace {
	kind: RepositoryType;
	/** Undefined: it cannot be reached, as a finding says. */
	store: Store | undefined;
	findings: Finding[];
	/** Removes what was made only to be checked. */
	cleanUp(): Promise<void>;
}

/** Reaches the storage that the parameters of this item name, and says what can be said about it before anything is tried. Makes nothing. */
export async function placeToCheck(this: IExecuteFunctions, itemIndex: number, machine: Machine = thisMachine): Promise<CheckedPlace> {
	const kind = repositoryType(this.getNodeParameter('repositoryType', itemIndex, 'localFolder'));
	const findings = new Findings();
	const store = await findings.trying('reach', () => connectStore.call(this, itemIndex, { isTrial: true }));
	if (!store || kind !== 'localFolder') {
		if (store) findings.unknown('space', 'Free space is not known: this storage does not tell');
		return { kind, store, findings: findings.all, cleanUp: () => Promise.resolve() };
	}
	const useAnyway = this.getNodeParameter('options.useAnyway', itemIndex, false) === true;
	const folder = await connectFolder.call(this, itemIndex);
	const { existing, missing } = await split(folder);
	const disk = await findings.trying('folder', () => diskOf(existing));
	if (!disk) return { kind, store: undefined, findings: findings.all, cleanUp: () => Promise.resolve() };
	if (missing.length > 0) findings.good('folder', `${folder} is not there yet: the first backup makes it`);
	await ofFileSystem(existing, disk, findings, { useAnyway, machine });
	return { kind, store, findings: findings.all, cleanUp: () => removeEmpty(missing) };
}

/** Throws `invalid`: what is in this place opens no folder, such as a link to a drive that is not mounted. */
async function diskOf(existing: string): Promise<StatsFs> {
	try {
		return await statfs(existing);
	} catch (error) {
		throw opensNothing(existing, error);
	}
}

function opensNothing(existing: string, error: unknown): Failure {
	return new Failure('invalid', `${existing} opens no folder: it is a link that leads nowhere, or a drive that does not answer`, {
		nextStep: `Mount the drive, or choose another folder.${error instanceof Error ? ` The operating system says: ${error.message}` : ''}`,
		cause: error,
	});
}

async function ofFileSystem(existing: string, { type, bavail, bsize }: StatsFs, findings: Findings, { useAnyway, machine }: { useAnyway: boolean; machine: Machine }): Promise<void> {
	if (!useAnyway && (await isLostWithContainer(existing, machine))) {
		findings.bad('place', 'The folder is inside the container: it disappears when the container is updated', 'Mount a volume and choose a folder on it (in docker-compose: "./m365-backup:/home/node/.n8n-files"). If you want it nevertheless, turn on the option Use Anyway.');
	} else if (!useAnyway && memoryFileSystems.has(type)) {
		findings.bad('place', 'The folder is in memory: it is empty after the next start of the machine', 'Choose a folder on a disk, or turn on the option Use Anyway.');
	} else if (networkFileSystems[type] !== undefined) {
		findings.good('place', `The folder is on a network drive or mounted by a program (${networkFileSystems[type] ?? ''})`, 'Take care that it is mounted whenever a backup runs: an unmounted one looks like an empty folder, into which the next backup would begin anew.');
	} else findings.good('place', 'The folder is on a disk of this machine', 'A disk that fails takes the backups with it: keep a second copy elsewhere (Repository → Get Files to Copy, or Replicate).');
	const freeBytes = bavail * bsize;
	const detail = `${(freeBytes / 1e9).toFixed(1)} GB are free`;
	if (freeBytes < TOO_LITTLE_BYTES) findings.bad('space', detail, 'Make room or choose another disk: a backup would stop with the disk full. What is stored stays unharmed.');
	else findings.good('space', detail, freeBytes < LITTLE_BYTES ? 'That is little for backups: make room, or choose another disk.' : undefined);
}

/** The nearest folder above that exists, and those below it that do not, the innermost first. */
async function split(folder: string): Promise<{ existing: string; missing: string[] }> {
	const missing: string[] = [];
	for (let above = folder; ; above = path.dirname(above)) {
		const stat = await lstat(above).catch(() => null);
		if (stat !== null || path.dirname(above) === above) return { existing: above, missing };
		missing.push(above);
	}
}

/** The folders that trying it out made; what somebody has put something into meanwhile stays. */
async function removeEmpty(folders: readonly string[]): Promise<void> {
	for (const folder of folders) {
		try {
			await rmdir(folder);
		} catch {
			// It was never made, or is of use to somebody by now: either is as it should be.
			return;
		}
	}
}
