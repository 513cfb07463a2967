import { timeAtQuotasMs, type QuotaWindow } from '../base/time-at-quotas';
import type { SourceRef } from '../repository/records';
import type { RestoreProgress } from './restore';

export interface RestoreQuotas {
	/** Of requests for mailboxes, of resource units for drives and sites. */
	costs: readonly QuotaWindow[];
	uploads: QuotaWindow;
}

/** Requests for one item: what our own restores need in the simulated tenant, without large attachments. */
const requestsFor = { mailbox: { created: 2, replaced: 3, movedBack: 1 }, drive: { created: 3, replaced: 4, movedBack: 2 }, site: { created: 3, replaced: 4, movedBack: 2 } } as const;
/** A write, by SharePoint's price list. */
const resourceUnits = 2;
/** An item goes into a mailbox as JSON, its attachments in Base64. */
const growth = { mailbox: 4 / 3, drive: 1, site: 1 } as const;
/** A request takes about so long, and so many of them are under way at a time. */
const requestMs = 300;
const atOnce = { mailbox: 4, drive: 8, site: 8 } as const;

/**
 * About how long a restore takes that a preview has planned, in ms: at the quotas or at the usual pace of requests,
 * whichever is slower. 0: nothing would be done. How fast the line is, nobody knows before.
 */
export function restoreTimeMs(workload: SourceRef['workload'], { byOutcome, uploadBytes }: Pick<RestoreProgress, 'byOutcome' | 'uploadBytes'>, quotas: RestoreQuotas): number {
	const per = requestsFor[workload];
	const requests = byOutcome.created * per.created + byOutcome.replaced * per.replaced + byOutcome.movedBack * per.movedBack + byOutcome.folderCreated;
	const cost = workload === 'mailbox' ? requests : requests * resourceUnits;
	return Math.max((requests * requestMs) / atOnce[workload], timeAtQuotasMs(cost, quotas.costs), timeAtQuotasMs(uploadBytes * growth[workload], [quotas.uploads]));
}
