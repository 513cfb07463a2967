import type { MailFolder } from './mail-folder';
import type { Mailbox } from './mailbox';
import type { MessageRecord } from './message';
import type { Tenant } from './tenant';

/** `MBX:<mailbox guid>@<tenant guid>`, as `settings/exchange` gives it. */
export function exchangeMailboxId(mailbox: Mailbox): string {
	return `MBX:${mailbox.tenant.guid(`primary/${mailbox.user.id}`)}@${mailbox.tenant.tenantId}`;
}

export function mailboxByExchangeId(tenant: Tenant, id: string): Mailbox | undefined {
	for (const { mailbox } of tenant.users) if (mailbox && exchangeMailboxId(mailbox).toLowerCase() === id.toLowerCase()) return mailbox;
	return undefined;
}

const OWN_PREFIX = 'LgAAAAA';

/** The id of a folder in the import and export API: that of the mail API, or one of its own (switch exchangeFolderIds). */
export function exchangeFolderId(folder: MailFolder): string {
	return folder.mailbox.tenant.switches.exchangeFolderIds === 'own' ? OWN_PREFIX + folder.id.slice(4) : folder.id;
}

export function exchangeFolder(mailbox: Mailbox, id: string): MailFolder | undefined {
	if (mailbox.tenant.switches.exchangeFolderIds === 'same') return mailbox.findFolder(id);
	return id.startsWith(OWN_PREFIX) ? mailbox.findFolder(`AQMk${id.slice(OWN_PREFIX.length)}`) : undefined;
}

/** An item by an id that the API takes (switch exportItemIds). */
export function exchangeItem(mailbox: Mailbox, id: string): MessageRecord | undefined {
	const message = mailbox.findMessage(id);
	if (message && mailbox.tenant.switches.exportItemIds === 'mutableOnly' && message.mutableId !== id) return undefined;
	return message;
}
