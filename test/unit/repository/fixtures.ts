import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import type { Ambient } from '../../../nodes/M365Backup/base/ambient';
import type { CommitInput, RunWriter } from '../../../nodes/M365Backup/repository/run-writer';
import type { CatalogEntry, ItemLine, SnapshotRecord, SourceRef, TombstoneLine } from '../../../nodes/M365Backup/repository/records';
import { entryName } from '../../../nodes/M365Backup/repository/names';
import type { Store } from '../../../nodes/M365Backup/stores/store';

export const SOURCE: SourceRef = {
	workload: 'mailbox',
	id: '6f1c2a34-0000-4000-8000-000000000001',
	name: 'Ada Lovelace',
	tenantId: '7d5e8b10-0000-4000-8000-00000000000a',
};

/** A clock that only tests move, and chance from a counter. */
export class FakeAmbient implements Ambient {
	time = Date.parse('2026-11-22T10:00:00Z');
	#counter = 0;

	now(): Date {
		return new Date(this.time);
	}

	advance(ms: number): void {
		this.time += ms;
	}

	async sleep(delayMs: number): Promise<void> {
		this.time += delayMs;
	}

	random(): number {
		return 0.5;
	}

	randomHex(count: number): string {
		this.#counter++;
		return this.#counter.toString(16).padStart(count * 2, '0').slice(-count * 2);
	}
}

export async function* bytesOf(...chunks: (string | Uint8Array)[]): AsyncIterable<Uint8Array> {
	for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}

export async function readAll(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
	const chunks: Uint8Array[] = [];
	for await (const chunk of source) chunks.push(chunk);
	return Buffer.concat(chunks);
}

export async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
	const items: T[] = [];
	for await (const item of source) items.push(item);
	return items;
}

export function message(id: string, fields: Partial<ItemLine> = {}): ItemLine {
	return { id, whole: true, type: 'message', name: `Subject of ${id}`, parent: 'mail/inbox', meta: {}, ...fields };
}

export function tombstone(id: string): TombstoneLine {
	return { id, deleted: '2026-11-22T10:00:00Z', type: 'message', name: `Subject of ${id}`, parent: 'mail/inbox' };
}

export function commitInput(fields: Partial<CommitInput> = {}): CommitInput {
	return {
		status: 'complete',
		scopes: [{ id: 'mail', name: 'Mail', asOf: '2026-11-22T10:00:00.000Z', state: 'complete' }],
		totals: { items: 0, bytes: 0 },
		changes: { added: 0, updated: 0, deleted: 0, failed: 0, skipped: 0 },
		failures: [],
		cursor: { scopes: {}, failed: [], seen: [] },
		tag: null,
		...fields,
	};
}

export async function openNew(store: Store = createMemoryStore(), ambient = new FakeAmbient()) {
	const repository = await Repository.open(store, ambient, { create: true });
	return { store, ambient, repository };
}

export async function addMessage(run: RunWriter, id: string, content: string | Buffer, fields: Partial<ItemLine> = {}): Promise<void> {
	const ref = await run.addContent({
		entryName: entryName({ folderPath: ['Inbox'], title: id, extension: '.eml', id, version: '1' }),
		content: bytesOf(content),
	});
	await run.add(message(id, { content: [ref], size: Buffer.byteLength(content), ...fields }));
}

export async function stateOf(repository: Repository, snapshot: SnapshotRecord): Promise<Map<string, CatalogEntry>> {
	const entries = await all(repository.catalog(snapshot).entries());
	return new Map(entries.map((entry) => [entry.id, entry]));
}
