import { Failure, isFailure } from '../base/failure';
import type { GraphClient } from './client';
import { eitherText, spellings } from './odata-text';
import { isGuid } from './tenant-id';

/** A group of Entra: security group, Microsoft 365 group or distribution list. */
export interface GroupInfo {
	id: string;
	displayName: string;
}

interface GraphGroup {
	id: string;
	displayName?: string | null;
}

const fields = '$select=id,displayName';

/**
 * The group with this GUID, name or address. Failures: `notFound`; `invalid` if several have the name; `denied` names
 * GroupMember.Read.All.
 */
export async function findGroup(client: GraphClient, idOrName: string, options: { signal?: AbortSignal } = {}): Promise<GroupInfo> {
	const wanted = idOrName.trim();
	const found = isGuid(wanted) ? await byId(client, wanted, options) : await byName(client, wanted, options);
	const [group, other] = found;
	if (group === undefined) {
		throw new Failure('notFound', `The tenant has no group ${wanted}`, {
			nextStep: 'Check the spelling (the whole name, its address or its object ID), and the tenant of the credential',
		});
	}
	if (other !== undefined) {
		throw new Failure('invalid', `Several groups of the tenant are called ${wanted}`, {
			nextStep: `Name the one that you mean by its object ID: ${found.map(({ id }) => id).join(', ')}`,
		});
	}
	return { id: group.id, displayName: group.displayName ?? group.id };
}

async function byId(client: GraphClient, id: string, options: { signal?: AbortSignal }): Promise<GraphGroup[]> {
	try {
		return [await client.json<GraphGroup>({ path: `/groups/${id}?${fields}`, ...options })];
	} catch (error) {
		if (!isFailure(error, 'notFound')) throw error;
		return [];
	}
}

async function byName(client: GraphClient, name: string, options: { signal?: AbortSignal }): Promise<GraphGroup[]> {
	const condition = encodeURIComponent(eitherText(['displayName', 'mail'], spellings(name), (field, text) => `${field} eq ${text}`).join(' or '));
	const page = await client.json<{ value?: GraphGroup[] }>({ path: `/groups?${fields}&$top=5&$filter=${condition}`, ...options });
	return page.value ?? [];
}

/** The users in a group and in the groups within it: group-list-transitivemembers, whose cast is an advanced query. */
export function membersPath(groupId: string, select: string, top: number): { path: string; headers: Record<string, string> } {
	return { path: `/groups/${groupId}/transitiveMembers/microsoft.graph.user?${select}&$count=true&$top=${top}`, headers: { ConsistencyLevel: 'eventual' } };
}
