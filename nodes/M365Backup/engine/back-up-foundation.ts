import { dropLostContents } from '../repository/drop-lost-contents';
import { parseRepositoryKey } from '../repository/names';
import type { CursorRecord, SnapshotRecord } from '../repository/records';
import type { Repository } from '../repository/repository';
import { listSource } from '../repository/snapshot-files';
import type { BackUpOptions } from './back-up-options';

export interface Foundation {
	parent: SnapshotRecord | null;
	cursor: CursorRecord | null;
	warnings: string[];
	/** The parent's list of items cannot be read: the run begins one of its own. */
	isNewCatalog: boolean;
}

/**
 * What the run builds upon: the newest snapshot that can be read, and the cursor that belongs to it. A full resync also
 * looks whether all its files are there, and makes good what is lost.
 */
export async function readParent(options: BackUpOptions, key: string): Promise<Foundation> {
	const { repository, signal } = options;
	const { record: parent, damaged } = await repository.latestReadable(key, signal);
	const warnings = damaged.length > 0 ? [sayDamaged(damaged, parent)] : [];
	if (!parent) warnings.push(...(await sayLostCatalog(repository, key, signal)));
	const read = async (newest: SnapshotRecord | null): Promise<Foundation> => ({
		parent: newest,
		cursor: newest ? await repository.cursor(key, signal) : null,
		warnings,
		isNewCatalog: false,
	});
	if (!parent || options.fullResync !== true) return await read(parent);
	const health = await dropLostContents(repository, parent, signal);
	switch (health.state) {
		case 'sound':
			return await read(parent);
		case 'mended':
			warnings.push(
				`${health.archives.join(', ')} ${health.archives.length === 1 ? 'is' : 'are'} missing or damaged: ${health.lostItems} items were fetched again where Microsoft 365 still has them. ` +
					'Older snapshots lack them until the files are put back (Repository → Import Files).',
			);
			return await read(health.snapshot);
		case 'unreadable':
			warnings.push(`${health.reason}. The list of items began anew and everything was fetched again; older snapshots that need the file stay damaged until it is put back.`);
			return { parent: { ...parent, segments: [], totals: { items: 0, bytes: 0 }, failures: [] }, cursor: null, warnings, isNewCatalog: true };
	}
}

function sayDamaged(damaged: readonly string[], parent: SnapshotRecord | null): string {
	const what = damaged.length === 1 ? `The newest snapshot (${damaged.join()}) is` : `The newest ${damaged.length} snapshots (${damaged.join(', ')}) are`;
	const then = parent ? `this backup builds upon the one before, ${parent.id}` : 'no other can be read either, so everything was fetched again';
	return (
		`${what} damaged and cannot be restored from; ${then}. ` +
		'What was deleted from Microsoft 365 since then may be held only there: put an undamaged copy of the file back (Repository → Import Files).'
	);
}

/**
 * A first backup beside archives: of a history whose records are lost, or of first runs that broke off. A single run that
 * broke off is nothing to alarm anybody with; `cursor.json` is written after a snapshot only.
 */
async function sayLostCatalog(repository: Repository, key: string, signal: AbortSignal | undefined): Promise<string[]> {
	const files = [...(await listSource(repository.store, key, signal)).keys()].map((name) => parseRepositoryKey(`${key}/${name}`));
	const archives = files.filter(({ kind }) => kind === 'archive');
	const isOneRun = new Set(archives.map(({ runId }) => runId)).size <= 1 && !files.some(({ kind }) => kind === 'currentCursor');
	if (archives.length === 0 || isOneRun) return [];
	return [
		`There ${archives.length === 1 ? 'is 1 archive' : `are ${archives.length} archives`} of earlier backups in ${key}, and no snapshot: this backup began anew. ` +
			'If there were snapshots before, their files are lost: put them back (Repository → Import Files), or get what the archives hold (Repository → Rebuild Catalog with Rebuild Anyway).',
	];
}
