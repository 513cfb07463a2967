import type { SourceRef } from '../connect/repository';

/** What a source is called in the texts of the node. */
export interface SourceWords {
	/** `mailbox` */
	one: string;
	many: string;
}

export const sourceWords: Readonly<Record<SourceRef['workload'], SourceWords>> = {
	mailbox: { one: 'mailbox', many: 'mailboxes' },
	drive: { one: 'drive', many: 'drives' },
	site: { one: 'site', many: 'sites' },
};
