import { isFailure } from '../base/failure';
import type { GraphClient } from './client';
import { listMailboxes } from './users';

const MAILBOXES_TRIED = 5;

/** What each permission lets one read, below a user. */
const trials: Readonly<Record<string, string>> = Object.freeze({
	'Mail.Read': 'mailFolders?$top=1&$select=id',
	'Calendars.Read': 'calendars?$top=1&$select=id',
	'Contacts.Read': 'contactFolders?$top=1&$select=id',
	'MailboxSettings.Read': 'mailboxSettings?$select=timeZone',
});

/**
 * Which of these permissions some mailbox gives, though no token shows it (Exchange RBAC for Applications): a few users'
 * mailboxes are asked. Refusals prove nothing. Throws what is neither a refusal nor a missing mailbox.
 */
export async function grantsByExchange(client: GraphClient, permissions: readonly string[], options: { signal?: AbortSignal } = {}): Promise<Set<string>> {
	const open = new Set(permissions.filter((permission) => trials[permission] !== undefined));
	const granted = new Set<string>();
	if (open.size === 0) return granted;
	const { mailboxes } = await listMailboxes(client, { limit: MAILBOXES_TRIED, ...options });
	for (const { id } of mailboxes.slice(0, MAILBOXES_TRIED)) {
		for (const permission of open) {
			try {
				await client.json({ path: `/users/${id}/${trials[permission] ?? ''}`, retries: 0, ...options });
				granted.add(permission);
				open.delete(permission);
			} catch (error) {
				if (!isFailure(error, 'denied', 'notFound')) throw error;
			}
		}
	}
	return granted;
}
