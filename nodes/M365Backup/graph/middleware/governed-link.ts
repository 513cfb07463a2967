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
		const lease = await governor.acquire(lane, {
			slots: call.allSlots ? Number.POSITIVE_INFINITY : 1,
			cost: call.resourceUnits ?? call.requests,
			uploadBytes: call.uploadBytes,
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

	private laneOf(call: Call): LaneName {
		const { tenant } = this.options;
		const mailbox = call.mailbox?.toLowerCase() ?? mailboxOf(call.path);
		if (mailbox !== undefined) return { kind: 'mailbox', key: `${tenant} ${mailbox}` };
		return { kind: call.resourceUnits === undefined ? 'directory' : 'sharePoint', key: tenant };
	}
}
