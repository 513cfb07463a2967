import type { Tenant } from './tenant';

const NAMES = ['Anna Berg', 'Bruno Costa', 'Chiara Neri', 'David Okafor', 'Emma Larsen', 'Farid Haddad'];

/** Users with mailboxes and mail, the same for the same seed. */
export function generateTenant(tenant: Tenant, options: { users: number; messages: number; folders: number }): void {
	for (let n = 0; n < options.users; n++) {
		const displayName = NAMES[n] ?? `User ${n + 1}`;
		const { mailbox } = tenant.addUser({ displayName });
		for (let f = 0; f < options.folders; f++) mailbox!.addFolder('inbox', `Project ${f + 1}`);
		for (let i = 0; i < options.messages; i++) {
			mailbox!.addMime('inbox', `From: Sender <sender@example.com>\r\nTo: ${displayName} <${mailbox!.user.userPrincipalName}>\r\nSubject: Message ${i}\r\nMessage-ID: <${n}.${i}@example.com>\r\nDate: ${new Date(1_700_000_000_000 + i * 60_000).toUTCString()}\r\n\r\nText of message ${i}\r\n`);
		}
	}
}
