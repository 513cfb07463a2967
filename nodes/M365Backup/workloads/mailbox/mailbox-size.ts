import type { SourceSize } from '../workload';
import type { DeltaCursor, DeltaPage } from '../../graph/client';
import type { MailboxOptions } from './mailbox-options';

/** More than mailboxes have pages of folders: an estimate is not worth an endless loop. */
const MOST_PAGES = 100;

/** The messages in all folders, as the folders tell it (mailFolder resource: totalItemCount). Their bytes Graph does not tell. */
export async function mailboxSize({ graph, mailboxId }: Pick<MailboxOptions, 'graph' | 'mailboxId'>, signal: AbortSignal): Promise<SourceSize> {
	// Delta lists folders of all depths, where lists show one level.
	let cursor: DeltaCursor = { kind: 'start', path: `/users/${mailboxId}/mailFolders/delta?$select=id,totalItemCount` };
	const totals = new Map<string, number>();
	for (let page = 0; page < MOST_PAGES; page++) {
		const { items, next }: DeltaPage<{ id: string; totalItemCount?: number | null }> = await graph.delta(cursor, { signal, maxPageSize: 250 });
		for (const { id, totalItemCount } of items) totals.set(id, totalItemCount ?? 0);
		if (next === undefined) break;
		cursor = { kind: 'link', url: next };
	}
	return { items: [...totals.values()].reduce((sum, total) => sum + total, 0) };
}
