import { isFailure } from '../../base/failure';
import { batchResult } from '../../graph/client';
import type { Change, EnumerationInput, KnownItem, KnownItems } from '../workload';
import type { GraphListItem } from './graph-site';
import { sitePath } from './graph-site';
import type { ListInfo } from './list-info';
import type { SiteRun } from './site-run';

/** So many items are asked for their file one by one; for more, one pass over the catalog is cheaper. */
const MOST_ASKED = 40;
const GUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;

/** The GUID in an item's eTag, `"<guid>,3"`, which its file's eTag has, too. */
export function uniqueIdOf(eTag: string | undefined): string | undefined {
	return GUID.exec(eTag ?? '')?.[0].toLowerCase();
}

/**
 * Which file an item of a library is. What its drive told in this run is remembered, some 120 bytes each; most items
 * that change are among them, since a change of columns is one of the file as well.
 */
export class FileIds {
	private readonly byGuid = new Map<string, string>();
	private hasReadCatalog = false;

	constructor(
		private readonly run: SiteRun,
		private readonly info: ListInfo,
	) {}

	/** @param before what the catalog had of the changed items */
	note(changes: readonly Change[], before: ReadonlyMap<string, KnownItem>): void {
		for (const change of changes) {
			if (change.kind !== 'item' && change.kind !== 'patch' && change.kind !== 'failed') continue;
			this.take(change.id, change.meta?.['uniqueId'] ?? before.get(change.id)?.meta['uniqueId']);
		}
	}

	private take(id: string, uniqueId: unknown): void {
		if (typeof uniqueId === 'string') this.byGuid.set(uniqueId.toLowerCase(), id);
	}

	/** The library is done. */
	forget(): void {
		this.byGuid.clear();
	}

	/** Item number → scoped id of its file, where that can be told. */
	async find(items: readonly GraphListItem[], input: EnumerationInput): Promise<Map<string, string>> {
		let unknown = items.filter((item) => this.of(item) === undefined);
		if (unknown.length > MOST_ASKED && !this.hasReadCatalog && !input.isFirst) {
			await this.readCatalog(input.known);
			unknown = unknown.filter((item) => this.of(item) === undefined);
		}
		if (unknown.length <= MOST_ASKED) await this.ask(unknown, input.signal);
		return new Map(items.flatMap((item) => (this.of(item) === undefined ? [] : [[item.id, this.of(item) ?? '']])));
	}

	private of({ eTag }: GraphListItem): string | undefined {
		return this.byGuid.get(uniqueIdOf(eTag) ?? '');
	}

	private async readCatalog(known: KnownItems): Promise<void> {
		this.hasReadCatalog = true;
		for await (const item of known.ofType('file')) if (item.id.startsWith(`${this.info.scope}/`)) this.take(item.id, item.meta['uniqueId']);
	}

	private async ask(items: readonly GraphListItem[], signal: AbortSignal): Promise<void> {
		const byNumber = new Map(items.map((item) => [item.id, item]));
		const list = `${sitePath(this.info.web.siteId)}/lists/${this.info.listId}`;
		const requests = items.map(({ id }) => ({ id, method: 'GET' as const, path: `${list}/items/${id}/driveItem?$select=id` }));
		for await (const answer of this.run.graph.batch(requests, { signal })) {
			const result = batchResult(answer);
			if (result.ok) this.take(`${this.info.scope}/${(result.body as { id: string }).id}`, uniqueIdOf(byNumber.get(answer.id)?.eTag));
			else if (!isFailure(result.failure, 'notFound', 'denied', 'invalid')) throw result.failure;
		}
	}
}
