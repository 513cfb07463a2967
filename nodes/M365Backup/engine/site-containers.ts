import type { JsonObject } from '../base/json';
import type { SnapshotRecord } from '../repository/records';
import type { Repository } from '../repository/repository';

/** What a snapshot says of each list and library of a site, by scope: `list-<guid>` → `{web, columns …}`. */
export async function siteContainers(repository: Repository, snapshot: SnapshotRecord, signal?: AbortSignal): Promise<Map<string, JsonObject>> {
	const scopes = snapshot.scopes.map(({ id }) => id).filter((id) => /^(library|list)-/.test(id));
	const roots = await repository.catalog(snapshot).lookUp(scopes.map((scope) => `${scope}/root`), signal);
	return new Map(scopes.flatMap((scope): [string, JsonObject][] => {
		const root = roots.get(`${scope}/root`);
		return root ? [[scope, root.meta]] : [];
	}));
}
