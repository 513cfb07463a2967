import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { Failure } from '../../base/failure';
import { connectGraph, findUserIds, findUsers, ofKinds, type MailboxKind, type TenantUser } from '../../pickers/tenant-users';
import { limitOf } from '../limit';
import { SourceListing } from '../tenant-listing/source-listing';
import { readUserFilters } from '../tenant-listing/user-filters';
import { userNameMatcher } from '../tenant-listing/user-name-matcher';

/** The kinds of mailboxes that can be chosen, as Exchange tells them apart. */
export const MAILBOX_KINDS = ['user', 'shared', 'room', 'equipment'] as const satisfies readonly MailboxKind[];

/** Mailbox: Get Many for one input item. */
export async function mailboxItems(this: IExecuteFunctions, itemIndex: number): Promise<INodeExecutionData[]> {
	const wanted = readUserFilters.call(this, itemIndex);
	const kinds = kindsAmong(this.getNodeParameter('filters.kinds', itemIndex, []));
	const signal = this.getExecutionCancelSignal();
	const connected = await connectGraph.call(this, itemIndex, { priority: 'backup', ...(signal ? { signal } : {}) });
	const listing = await SourceListing.open.call(this, itemIndex, 'mailbox', connected.tenantId, limitOf.call(this, itemIndex));
	for await (const users of ofKinds(connected, findUsers(connected, wanted, { signal }), kinds, { signal })) {
		await listing.add(users.map((user) => ({ id: user.id, json: jsonOf(user) })));
		if (listing.isFull()) break;
	}
	await listing.addGone({ isWanted: userNameMatcher(wanted), livingIds: () => findUserIds(connected, { signal }) });
	return listing.items;
}

function jsonOf(user: TenantUser): Record<string, string | boolean> {
	return { ...user, name: user.displayName, address: user.mail ?? user.userPrincipalName };
}

function kindsAmong(value: unknown): MailboxKind[] {
	const chosen: unknown[] = Array.isArray(value) ? value : [];
	return chosen.map((one) => {
		const kind = MAILBOX_KINDS.find((known) => known === one);
		if (kind !== undefined) return kind;
		throw new Failure('invalid', `There is no kind of mailbox ${JSON.stringify(one)}`, { nextStep: `Choose among ${MAILBOX_KINDS.join(', ')}.` });
	});
}
