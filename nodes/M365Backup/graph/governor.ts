import { realAmbient, type Ambient } from '../base/ambient';
import type { QuotaWindow } from '../base/time-at-quotas';
import { GovernorLane, type LaneLimits } from './governor-lane';
import type { Admission, Lease } from './lane-leave';
import { sizeFactor } from './sharepoint-quota';

export type { Admission, Lease } from './lane-leave';

/** Whose quota a call uses. */
export interface LaneName {
	kind: 'mailbox' | 'sharePoint' | 'sharing' | 'directory';
	/** The mailbox and its tenant, or the tenant. */
	key: string;
}

export type GovernorLimits = Readonly<Record<LaneName['kind'], LaneLimits>>;

export interface LaneQuotas {
	/** Of requests, or of SharePoint's resource units: all of them hold. */
	costs: readonly QuotaWindow[];
	/** Of bytes. */
	uploads: QuotaWindow;
}

/** So many downloads and uploads of a tenant's SharePoint at once, so that pages of a delta never wait behind large files. */
export const SHAREPOINT_TRANSFERS = 8;
const longestPauseMs = 600_000;
const dayMs = 86_400_000;

/**
 * Microsoft's limits with a margin of 5 % ("Microsoft Graph service-specific throttling limits"): an app may send one
 * mailbox 10,000 requests in 10 minutes, 4 at once, 150 MB of uploads in 5 minutes; SharePoint
 * and OneDrive grant it resource units by the minute and the day, here those of the smallest tenants (sharepoint-quota.ts),
 * 400 GB an hour in and out, and 300 calls in 5 minutes that share something ("How to avoid getting throttled or
 * blocked in SharePoint Online"). The directory's limits are far above what we ask of it.
 *
 * SharePoint documents no number of calls at once. 12 is what rclone does in a drive by default (4 transfers, 8 checkers).
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
		slots: 12,
		transferSlots: SHAREPOINT_TRANSFERS,
		costPerWindow: 1_187,
		windowMs: 60_000,
		costPerDay: 1_140_000,
		uploadBytesPerWindow: 380_000_000_000,
		uploadWindowMs: 3_600_000,
		downloadBytesPerHour: 380_000_000_000,
		longestPauseMs,
	},
	sharing: {
		slots: Number.POSITIVE_INFINITY,
		costPerWindow: 285,
		windowMs: 300_000,
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
	private readonly sizeFactors = new Map<string, number>();
	private readonly backupShares = new Map<string, number>();
	private share = 1;

	constructor(
		private readonly ambient: Ambient,
		private readonly limits: GovernorLimits = documentedLimits,
	) {}

	/**
	 * The part of a tenant's quotas that is this process's, in (0, 1]: less than 1 where several workers serve one tenant.
	 * Counts for SharePoint and OneDrive and for the directory. A mailbox has quotas of its own, which need no sharing: its
	 * lease lets one worker back it up at a time.
	 */
	setShare(share: number): void {
		checkShare(share);
		this.share = share;
	}

	/**
	 * The part of a tenant's quotas that backups may use, in (0, 1]; the rest is kept free for restores. All of them until
	 * this is called. Counts for what begins from now on.
	 *
	 * @param tenant as given to the client: the tenant's id
	 */
	setBackupShare(tenant: string, share: number): void {
		checkShare(share);
		this.backupShares.set(tenant.toLowerCase(), share);
	}

	/**
	 * How many licences a tenant has, by which SharePoint grants resource units; the smallest tenant's are assumed until
	 * this is called. Counts for what begins from now on.
	 *
	 * @param tenant as given to the client: the tenant's id
	 */
	setTenantSize(tenant: string, licences: number): void {
		this.sizeFactors.set(tenant.toLowerCase(), sizeFactor(licences));
	}

	/** Waits for its turn. Throws `cancelled`, and `throttled` when the service wants a longer pause than a run should wait for. */
	acquire(lane: LaneName, admission: Admission): Promise<Lease> {
		return this.lane(lane).acquire(admission);
	}

	/** What one mailbox, or a tenant's SharePoint, lets this process do, for an estimate of how long something takes. */
	quotas({ kind, key }: LaneName, priority: Admission['priority']): LaneQuotas {
		const limits = this.limitsOf(kind, key.toLowerCase());
		const share = priority === 'backup' ? (limits.backupShare ?? 1) : 1;
		return {
			costs: [
				{ amount: limits.costPerWindow * share, windowMs: limits.windowMs },
				...(limits.costPerDay === undefined ? [] : [{ amount: limits.costPerDay * share, windowMs: dayMs }]),
			],
			uploads: { amount: limits.uploadBytesPerWindow * share, windowMs: limits.uploadWindowMs },
		};
	}

	private lane({ kind, key: spelling }: LaneName): GovernorLane {
		const key = spelling.toLowerCase();
		const name = `${kind} ${key}`;
		const existing = this.lanes.get(name);
		if (existing !== undefined) return existing;
		if (this.lanes.size >= manyLanes) {
			for (const [other, lane] of this.lanes) if (lane.isIdle()) this.lanes.delete(other);
		}
		const lane = new GovernorLane(this.ambient, () => this.limitsOf(kind, key));
		this.lanes.set(name, lane);
		return lane;
	}

	private sized(kind: LaneName['kind'], tenant: string): LaneLimits {
		const limits = this.limits[kind];
		const factor = this.sizeFactors.get(tenant) ?? 1;
		if (kind !== 'sharePoint' || factor === 1) return limits;
		return { ...limits, costPerWindow: limits.costPerWindow * factor, ...(limits.costPerDay === undefined ? {} : { costPerDay: limits.costPerDay * factor }) };
	}

	private limitsOf(kind: LaneName['kind'], key: string): LaneLimits {
		const limits = this.shared(kind, this.sized(kind, key));
		// A mailbox's lane is named after its tenant and itself.
		const backupShare = this.backupShares.get(key.split(' ')[0] ?? key);
		return backupShare === undefined || backupShare === 1 ? limits : { ...limits, backupShare };
	}

	private shared(kind: LaneName['kind'], limits: LaneLimits): LaneLimits {
		const { share } = this;
		if (share === 1 || kind === 'mailbox') return limits;
		const { transferSlots, costPerDay, downloadBytesPerHour } = limits;
		return {
			...limits,
			slots: Math.max(1, Math.floor(limits.slots * share)),
			costPerWindow: limits.costPerWindow * share,
			uploadBytesPerWindow: limits.uploadBytesPerWindow * share,
			...(transferSlots === undefined ? {} : { transferSlots: Math.max(1, Math.floor(transferSlots * share)) }),
			...(costPerDay === undefined ? {} : { costPerDay: costPerDay * share }),
			...(downloadBytesPerHour === undefined ? {} : { downloadBytesPerHour: downloadBytesPerHour * share }),
		};
	}
}

function checkShare(share: number): void {
	if (!(share > 0 && share <= 1)) throw new RangeError('A share is above 0 and at most 1');
}

/** The one that all runs of this process share. */
export const processGovernor = new Governor(realAmbient);
