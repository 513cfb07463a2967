import type { WorkflowJson } from '../e2e/harness/n8n-client';
import { chain, ourNode, pick } from '../e2e/harness/our-node';

/** Backs up once more, searches all snapshots for what is gone from a mailbox besides mail, and restores it. */
export function restoreGone(mailbox: string, repositoryFolder: string): WorkflowJson {
	const common = { repositoryFolder };
	return chain('restoreWhatIsGone', [
		ourNode('Back Up', 'mailbox/backUp', { ...common, mailbox: pick(mailbox, 'address') }),
		ourNode('What Is Gone', 'item/search', {
			...common,
			source: pick(mailbox, 'address'),
			snapshot: pick('all', 'list'),
			query: { types: ['event', 'contact', 'task'] },
			changes: { deletedSince: '={{ $today.toISO() }}' },
			returnAll: true,
		}),
		ourNode('Restore', 'item/restore', {
			...common,
			mode: 'restore',
			source: pick(mailbox, 'address'),
			selection: 'inputItems',
			itemSnapshot: "={{ $('What Is Gone').item.json.snapshot }}",
			itemId: "={{ $('What Is Gone').item.json.id }}",
			destination: 'original',
			conflictPolicy: 'skip',
		}),
	]);
}
