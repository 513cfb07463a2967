import { isFailure } from '../../base/failure';
import type { JsonObject } from '../../base/json';
import type { BatchRequest } from '../../graph/client';
import { batchResult } from '../../graph/client';
import { isGone } from '../is-gone';
import type { Change } from '../workload';
import type { Decided } from './decide-items';
import type { DriveContext } from './drive-context';
import { itemPath, scopedId } from './drive-context';
import type { GraphPermission } from './stored-permission';
import { storedPermissions } from './stored-permission';

interface WithPermissions {
	changes: Change[];
	warnings: string[];
	/** Of some items they could not be read now, and are to be asked for again. */
	isIncomplete: boolean;
}

const DENIED =
	'Permissions and sharing links could not be read: Microsoft 365 refuses them to this application. Grant it Sites.FullControl.All (or Sites.Read.All where that is enough), or switch the option off';

/**
 * The changes of a page, with the permissions and links of what is shared. They cost five resource units an item, so
 * only what Graph calls `shared` is asked for; whatever is not shared any more has none.
 */
export async function withPermissions(context: DriveContext, decided: Decided, signal: AbortSignal): Promise<WithPermissions> {
	const result: WithPermissions = { changes: [...decided.changes], warnings: [], isIncomplete: false };
	if (!context.permissions) return result;
	const requests: BatchRequest[] = [];
	const found = new Map<string, JsonObject[]>();
	for (const { item, before } of decided.living) {
		if (item.shared) requests.push({ id: item.id, method: 'GET', path: `${itemPath(context, item.id)}/permissions` });
		else if (before?.meta['permissions'] !== undefined) found.set(item.id, []);
	}
	let failed = 0;
	for await (const answer of context.graph.batch(requests, { signal })) {
		const answered = batchResult(answer);
		if (answered.ok) found.set(answer.id, storedPermissions(await allOf(context, answered.body as Page, signal)));
		else if (isFailure(answered.failure, 'cancelled')) throw answered.failure;
		else if (isFailure(answered.failure, 'denied')) result.warnings = [DENIED];
		else if (!isGone(answered.failure)) failed += 1;
	}
	if (failed > 0) {
		result.isIncomplete = true;
		result.warnings.push(`Permissions and sharing links of ${failed === 1 ? 'an item' : `${failed} items`} could not be read now; the next run asks for them again`);
	}
	const places = new Map(result.changes.map((change, index) => [change.id, index]));
	for (const { item, before } of decided.living) {
		const permissions = found.get(item.id);
		if (permissions === undefined) continue;
		const id = scopedId(context, item.id);
		const index = places.get(id);
		const change = index === undefined ? undefined : result.changes[index];
		if (index !== undefined && change) result.changes[index] = laidOver(change, permissions);
		else if (before && JSON.stringify(before.meta['permissions'] ?? []) !== JSON.stringify(permissions)) {
			result.changes.push(laidOver({ kind: 'patch', id, type: before.type }, permissions));
		}
	}
	return result;
}

interface Page {
	value?: GraphPermission[];
	'@odata.nextLink'?: string;
}

async function allOf(context: DriveContext, page: Page, signal: AbortSignal): Promise<GraphPermission[]> {
	const all = [...(page.value ?? [])];
	const next = page['@odata.nextLink'];
	if (next !== undefined) for await (const more of context.graph.pages<GraphPermission>({ path: next, signal })) all.push(...more);
	return all;
}

function laidOver(change: Change, permissions: JsonObject[]): Change {
	if (change.kind === 'gone' || change.kind === 'failed') return change;
	if (change.kind === 'patch') return { ...change, meta: { ...change.meta, permissions: permissions.length === 0 ? null : permissions } };
	const { permissions: _old, ...meta } = change.meta;
	return { ...change, meta: permissions.length === 0 ? meta : { ...meta, permissions } };
}
