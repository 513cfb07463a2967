import { isFailure } from '../../base/failure';
import type { Call } from '../call';
import type { Governor, LaneName } from '../governor';
import { mailboxOf } from '../graph-path';
import type { GraphStats } from '../stats';
import { Link } from './link';

export interface GovernedOptions {
	governor: Governor;
	/** Names the tenant: a GUID, or the Graph host where the tenant is not known. */
	tenant: string;
	priority: 'backup' | 'restore';
	stats: GraphStats;
}

/** Waits for the governor's leave and holds it until the body has been read. */
export class GovernedLink extends Link {
	constructor(private readonly options: GovernedOptions) {
		super();
	}

	protected async pass(call: Call, next: () => Promise<void>): Promise<void> {
		const { governor, priority, stats } = this.options;
		const lane = this.laneOf(call);
		if (call.sharings > 0) await this.waitToShare(call);
		const lease = await governor.acquire(lane, {
			slots: call.allSlots ? Number.POSITIVE_INFINITY : 1,
			cost: call.resourceUnits ?? call.requests,
			uploadBytes: call.uploadBytes,
			isTransfer: call.isTransfer,
			priority,
			signal: call.signal,
		});
		call.beginUnder(lease);
		stats.requests += call.requests;
		stats.resourceUnits += call.resourceUnits ?? 0;
		stats.throttledMs += lease.throttledMs;
		try {
			await next();
		} catch (error) {
			if (isFailure(error, 'throttled')) lease.throttled(error.retryAfterMs);
			(call.lease ?? lease).release();
			throw error;
		}
		call.endLease();
	}

	/** Sharing has a quota of its own, for which nobody else needs to wait. */
	private async waitToShare({ sharings, signal }: Call): Promise<void> {
		const { governor, priority, stats, tenant } = this.options;
		const lease = await governor.acquire({ kind: 'sharing', key: tenant }, { slots: 1, cost: sharings, uploadBytes: 0, priority, signal });
		stats.throttledMs += lease.throttledMs;
		lease.release();
	}

	private laneOf(call: Call): LaneName {
		const { tenant } = this.options;
		const mailbox = call.mailbox?.toLowerCase() ?? mailboxOf(call.path);
		if (mailbox !== undefined) return { kind: 'mailbox', key: `${tenant} ${mailbox}` };
		return { kind: call.resourceUnits === undefined ? 'directory' : 'sharePoint', key: tenant };
	}
}
