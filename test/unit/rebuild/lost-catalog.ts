import { backUp } from '../../../nodes/M365Backup/engine/back-up';
import type { BackUpSummary } from '../../../nodes/M365Backup/engine/back-up-summary';
import { parseRepositoryKey, type RepositoryFileKind } from '../../../nodes/M365Backup/repository/names';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { KEY, type World } from '../crash/crash-world';
import type { ModelMailbox } from '../crash/model-mailbox';
import { all, bytesOf, readAll, SOURCE } from '../repository/fixtures';

const CATALOG: readonly RepositoryFileKind[] = ['segment', 'snapshot', 'cursor', 'currentCursor', 'seen'];

/** Deletes all files of these kinds. */
export async function lose(store: Store, kinds: readonly RepositoryFileKind[] = CATALOG): Promise<void> {
	const keys = (await all(store.list(''))).map(({ key }) => key);
	await store.delete(keys.filter((key) => kinds.includes(parseRepositoryKey(key).kind)));
}

export async function archiveKeys(store: Store): Promise<string[]> {
	return (await all(store.list(`${KEY}/`))).map(({ key }) => key).filter((key) => key.endsWith('.zip')).sort();
}

/** Puts a file back with one bit of one byte flipped, or cut off there. */
export async function damage(store: Store, key: string, how: { flip: number } | { cut: number }): Promise<void> {
	const bytes = await readAll((await store.get(key))!);
	if ('cut' in how) { await store.put(key, bytesOf(bytes.subarray(0, how.cut))); return; }
	bytes[how.flip] = bytes[how.flip]! ^ 1;
	await store.put(key, bytesOf(bytes));
}

/** A backup, and the ids whose contents it asked for. */
export async function backedUpAsking({ store, ambient }: World, mailbox: ModelMailbox): Promise<{ summary: BackUpSummary; asked: string[] }> {
	const asked: string[] = [];
	const workload = mailbox.workload();
	const summary = await backUp({
		repository: await Repository.open(store, ambient, { create: true }),
		source: SOURCE,
		workload: {
			...workload,
			fetch: (requests, signal) => {
				asked.push(...requests.map(({ id }) => id));
				return workload.fetch(requests, signal);
			},
		},
		ambient,
	});
	return { summary, asked };
}
