import { toFailure } from '../../base/failure';
import type { JsonObject } from '../../base/json';
import type { Change, ChangePage, ContentRequest, EnumerationInput, Fetched, Workload } from '../workload';
import type { DriveOptions } from './drive-options';
import type { GraphItem } from './graph-item';
import { ITEM_SELECT } from './graph-item';

export type { DriveOptions } from './drive-options';

/** The files of one drive. One instance serves one run. */
export function driveWorkload(options: DriveOptions): Workload {
	const scope = options.scope ?? 'drive';
	const { graph } = options;
	const drivePath = `/drives/${encodeURIComponent(options.driveId)}`;
	const names = new Map<string, { name: string; parent?: string }>();
	const pathOf = (id: string | undefined): string[] => {
		const folder = id === undefined ? undefined : names.get(id);
		return folder ? [...pathOf(folder.parent), folder.name] : [];
	};

	async function decide(items: GraphItem[], input: EnumerationInput, rootId: { id?: string }): Promise<Change[]> {
		const changes = new Map<string, Change>();
		const known = await input.known.lookUp(items.map((item) => `${scope}/${item.id}`));
		for (const item of items) {
			if (item.root) {
				rootId.id = item.id;
				continue;
			}
			const id = `${scope}/${item.id}`;
			const before = known.get(id);
			if (item.deleted) {
				if (before) changes.set(id, { kind: 'gone', id });
				continue;
			}
			const parentId = item.parentReference?.id;
			const parent = parentId === undefined || parentId === rootId.id ? options.top?.id : `${scope}/${parentId}`;
			const modified = item.fileSystemInfo?.lastModifiedDateTime ?? item.lastModifiedDateTime;
			const base = { kind: 'item' as const, id, ...(parent === undefined ? {} : { parent }), name: item.name ?? '', ...(modified === undefined ? {} : { modified }), isNew: !before };
			if (!item.file) {
				names.set(item.id, { name: item.name ?? '', ...(parentId === undefined || parentId === rootId.id ? {} : { parent: parentId }) });
				changes.set(id, { ...base, type: 'folder', meta: { kind: 'folder' } });
				continue;
			}
			const unchanged = before?.etag !== undefined && before.etag === item.cTag;
			changes.set(id, {
				...base,
				type: 'file',
				...(item.size === undefined ? {} : { size: item.size }),
				...(item.cTag === undefined ? {} : { etag: item.cTag }),
				meta: item.file.hashes?.quickXorHash === undefined ? {} : { quickXorHash: item.file.hashes.quickXorHash },
				...(unchanged ? {} : { fetch: { id, folderPath: [...(options.topPath ?? []), ...pathOf(parentId)], title: (item.name ?? '').replace(/\.[^.]*$/, ''), extension: /\.[^.]*$/.exec(item.name ?? '')?.[0] ?? '', version: item.cTag ?? '', hints: {} } }),
			});
		}
		return [...changes.values()];
	}

	return {
		async *enumerate(input: EnumerationInput): AsyncGenerator<ChangePage> {
			const rootId: { id?: string } = {};
			let link = input.links[scope];
			yield { changes: [], scopes: [{ id: scope, name: options.title ?? 'Files', state: 'complete' }] };
			for (;;) {
				const page = await graph.delta<GraphItem>(link === undefined ? { kind: 'start', path: `${drivePath}/root/delta?$select=${ITEM_SELECT}` } : { kind: 'link', url: link }, { signal: input.signal });
				if (page.resync) {
					link = undefined;
					continue;
				}
				const next = page.next ?? page.delta;
				yield { changes: await decide(page.items, input, rootId), links: next === undefined ? {} : { [scope]: next } };
				if (page.next === undefined) return;
				link = page.next;
			}
		},
		async *fetch(requests: readonly ContentRequest[], signal: AbortSignal): AsyncGenerator<Fetched> {
			for (const request of requests) {
				try {
					const answer = await graph.stream({ path: `${drivePath}/items/${encodeURIComponent(request.id.slice(scope.length + 1))}/content`, signal });
					yield { id: request.id, content: answer.body, ...(answer.sizeBytes === undefined ? {} : { sizeBytes: answer.sizeBytes }) };
				} catch (error) {
					yield { id: request.id, failure: toFailure(error) };
				}
			}
		},
		confirmMissing: () => Promise.resolve([]),
		notes: (): JsonObject => ({}),
	};
}
