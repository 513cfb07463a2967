import { realAmbient, type Ambient } from '../base/ambient';
import { GovernorLane, type Admission, type LaneLimits, type Lease } from './governor-lane';

export type { Admission, Lease } from './governor-lane';

/** Whose quota a call uses. */
export interface LaneName {
	kind: 'mailbox' | 'sharePoint' | 'directory';
	/** The mailbox and its tenant, or the tenant. */
	key: string;
}

export type GovernorLimits = Readonly<Record<LaneName['kind'], LaneLimits>>;

const longestPauseMs = 600_000;

/**
 * Microsoft's limits with a margin of 5 % ("Microsoft Graph service-specific throttling limits"): an app may send one
 * mailbox 10,000 requests in 10 minutes, 4 at once, 150 MB of uploads in 5 minutes; in the smallest tenants SharePoint
 * grants it 1,250 resource units a minute. The directory's limits are far above what we ask of it.
 */
export const documentedLimits: GovernorLimits = Object.freeze({
	mailbox: {
		slots: 4,
		costPerWindow: 9_500,
		windowMs: 600_000,
		uploadBytesPerWindow: 142_500_000,
		uploadWindowMs: 300_000,
		longestPauseMs,
	},
	sharePoint: {
		slots: 8,
		costPerWindow: 1_187,
		windowMs: 60_000,
		uploadBytesPerWindow: Number.POSITIVE_INFINITY,
		uploadWindowMs: 60_000,
		longestPauseMs,
	},
	directory: {
		slots: 8,
		costPerWindow: 2_000,
		windowMs: 10_000,
		uploadBytesPerWindow: Number.POSITIVE_INFINITY,
		uploadWindowMs: 60_000,
		longestPauseMs,
	},
});

/** Lanes beyond this number are looked through for idle ones. */
const manyLanes = 500;

/**
 * Keeps all Graph clients of a process together within Microsoft's limits. One lane for each mailbox and for each
 * tenant's SharePoint and directory; a `$batch` asks for all slots of its mailbox.
 */
export class Governor {
	private readonly lanes = new Map<string, GovernorLane>();
	private share = 1;

	constructor(
		private readonly ambient: Ambient,
		private readonly limits: GovernorLimits = documentedLimits,
	) {}

	/** The part of the quotas that is this process's, in (0, 1]: less than 1 where several workers serve one tenant.
	 * A batch then uses this process's slots only, although Graph runs up to four of its requests at a time. */
	setShare(share: number): void {
		if (!(share > 0 && share <= 1)) throw new RangeError('A share is above 0 and at most 1');
		this.share = share;
	}

	/** Waits for its turn. Throws `cancelled`, and `throttled` when the service wants a longer pause than a run should wait for. */
	acquire(lane: LaneName, admission: Admission): Promise<Lease> {
		return this.lane(lane).acquire(admission);
	}

	private lane({ kind, key }: LaneName): GovernorLane {
		const name = `${kind} ${key}`;
		const existing = this.lanes.get(name);
		if (existing !== undefined) return existing;
		if (this.lanes.size >= manyLanes) {
			for (const [other, lane] of this.lanes) if (lane.isIdle()) this.lanes.delete(other);
		}
		const lane = new GovernorLane(this.ambient, () => this.shared(this.limits[kind]));
		this.lanes.set(name, lane);
		return lane;
	}

	private shared(limits: LaneLimits): LaneLimits {
		return this.share === 1
			? limits
			: {
					...limits,
					slots: Math.max(1, Math.floor(limits.slots * this.share)),
					costPerWindow: limits.costPerWindow * this.share,
					uploadBytesPerWindow: limits.uploadBytesPerWindow * this.share,
				};
	}
}

/** The one that all runs of this process share. */
export const processGovernor = new Governor(realAmbient);
