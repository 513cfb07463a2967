/** A mailbox's two sides as the engine drives them; whoever puts the parts together takes them from here. */
export { mailboxWorkload } from '../workloads/mailbox/mailbox';
export { mailboxRestorer } from '../workloads/mailbox/restore-mailbox';
export { mailboxScratch } from '../workloads/mailbox/drill/scratch-mailbox';
export { MAILBOX_PARTS, type MailboxPartName } from '../workloads/mailbox/mailbox-part';
export type { ExchangeExportMode } from '../workloads/mailbox/exchange/exchange-export';
