import { expect, it } from 'vitest';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import type { DeltaAnswer } from '../../../nodes/M365Backup/graph/delta';
import type { GraphClient } from '../../../nodes/M365Backup/graph/client';
import { FolderTree } from '../../../nodes/M365Backup/workloads/mailbox/folder-tree';
import type { GraphMessage } from '../../../nodes/M365Backup/workloads/mailbox/graph-message';
import { readMessageChanges, type MessageEnumeration } from '../../../nodes/M365Backup/workloads/mailbox/message-changes';
import type { ChangePage } from '../../../nodes/M365Backup/workloads/workload';

const FOLDERS = ['A', 'B', 'C', 'D', 'E'];

function messages(folder: string, count: number): GraphMessage[] {
	return Array.from({ length: count }, (_, index) => ({
		id: `${folder}${index}`,
		changeKey: 'K',
		parentFolderId: folder,
		subject: `Message ${index}`,
		toRecipients: [],
		createdDateTime: '2026-11-20T10:00:01Z',
	}));
}

async function pagesOf(perFolder: number): Promise<ChangePage[]> {
	async function* deltaBatch(cursors: readonly { id: string }[]): AsyncGenerator<DeltaAnswer<GraphMessage>> {
		for (const { id } of cursors) {
			await Promise.resolve();
			yield { id, page: { items: messages(id, perFolder), delta: `https://graph/${id}` } };
		}
	}
	const run: MessageEnumeration = {
		context: {
			graph: { deltaBatch } as unknown as GraphClient,
			userPath: '/users/U',
			ambient: realAmbient,
			tree: new FolderTree('ROOT', FOLDERS.map((name) => [name, { name, parent: 'ROOT', count: 0 }])),
			recoverableItems: false,
			countsKnown: true,
			discovered: new Set(),
		},
		known: {
			lookUp: () => Promise.resolve(new Map()),
			ofType: () => {
				throw new Error('not asked for');
			},
			places: () => Promise.reject(new Error('not asked for')),
		},
		links: {},
		relisting: new Set(),
		unfinished: new Set(),
		overQuota: new Set(),
		signal: new AbortController().signal,
	};
	const pages: ChangePage[] = [];
	for await (const page of readMessageChanges(run)) pages.push(page);
	return pages;
}

it('hands full folders on before it looks at the rest of the round, each with no other links than its own', async () => {
	const pages = await pagesOf(100);
	expect(pages.map(({ changes }) => changes.length)).toEqual([200, 200, 100]);
	for (const { changes, links } of pages) {
		const told = new Set(changes.map((change) => (change.kind === 'item' ? change.parent : undefined)));
		expect(new Set(Object.keys(links ?? {}))).toEqual(told);
	}
	expect(Object.assign({}, ...pages.map(({ links }) => links))).toEqual(Object.fromEntries(FOLDERS.map((id) => [`mail/${id}`, `https://graph/${id}`])));
});

it('weighs the little news of many folders together', async () => {
	const pages = await pagesOf(5);
	expect(pages.map(({ changes }) => changes.length)).toEqual([25]);
	expect(Object.keys(pages[0]!.links ?? {})).toHaveLength(FOLDERS.length);
});
