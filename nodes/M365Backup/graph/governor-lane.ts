import type { Ambient } from '../base/ambient';
import { Failure } from '../base/failure';
import type { Admission, Lease } from './lane-leave';
import { LaneQueue, type Waiter } from './lane-queue';
import { onAbort } from './on-abort';
import { pauseMs } from './retry-rule';
import { ToldBudget } from './told-budget';
import { SlidingWindow } from './sliding-window';
import { SteadyClock } from './steady-clock';

/** What a lane lets through. `share` of the governor is applied already. */
export interface LaneLimits {
	slots: number;
	/** So many of them for a backup's downloads and uploads, which may take long; all when absent. */
	transferSlots?: number;
	/** Requests for mailboxes, resource units for SharePoint. */
	costPerWindow: number;
	windowMs: number;
	uploadBytesPerWindow: number;
	uploadWindowMs: number;
	costPerDay?: number;
	downloadBytesPerHour?: number;
	/** The part of all these amounts that backups may use, in (0, 1]; the rest is kept free for restores. All when absent. */
	backupShare?: number;
	/** A pause longer than this is reported as `throttled` instead of being waited for. */
	longestPauseMs: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const slowestPace = 1 / 8;
const recoveryMs = 30_000;
/** Calls in flight together are refused together: that is one hint to slow down, not four. */
const sameHintMs = 2_000;

/** The queue before one mailbox, or before one tenant's SharePoint. First come, first served; restores before backups (lane-queue.ts). */
export class GovernorLane {
	private readonly clock: SteadyClock;
	private readonly queue = new LaneQueue();
	private readonly leftAsTold = new ToldBudget();
	private readonly costs: SlidingWindow;
	private readonly uploads: SlidingWindow;
	private readonly dailyCosts = new SlidingWindow(dayMs);
	private readonly downloads = new SlidingWindow(hourMs);
	private slotsInUse = 0;
	private transfers = 0;
	private pausedUntilMs = 0;
	private paceUntilMs = 0;
	private pace = 1;
	private throttledAtMs = Number.NEGATIVE_INFINITY;
	private alarm: { atMs: number; stop: AbortController } | undefined;

	constructor(
		private readonly ambient: Ambient,
		private readonly limits: () => LaneLimits,
	) {
		this.clock = new SteadyClock(ambient);
		this.costs = new SlidingWindow(limits().windowMs);
		this.uploads = new SlidingWindow(limits().uploadWindowMs);
	}

	acquire(admission: Admission): Promise<Lease> {
		return new Promise((admit, refuse) => {
			const { signal } = admission;
			if (signal?.aborted === true) {
				refuse(new Failure('cancelled', 'The run was stopped'));
				return;
			}
			const cancel = (): void => {
				this.remove(waiter);
				refuse(new Failure('cancelled', 'The run was stopped'));
			};
			const waiter: Waiter = {
				...admission,
				throttledMs: 0,
				admit,
				refuse,
				stopListening: onAbort(signal, cancel),
			};
			this.queue.add(waiter);
			this.admitWhoFits();
		});
	}

	/** Nothing is going on and nothing is remembered: the lane may be dropped. */
	isIdle(): boolean {
		const now = this.nowMs();
		return (
			this.queue.isEmpty &&
			this.slotsInUse === 0 &&
			this.pausedUntilMs <= now &&
			this.throttledAtMs + recoveryMs * 4 <= now &&
			[this.costs, this.uploads, this.dailyCosts, this.downloads].every((window) => window.isEmpty(now))
		);
	}

	private nowMs(): number {
		return this.clock.nowMs();
	}

	private remove(waiter: Waiter): void {
		this.queue.remove(waiter);
		waiter.stopListening();
		this.admitWhoFits();
	}

	private admitWhoFits(): void {
		const limits = this.limits();
		const nowMs = this.nowMs();
		for (let head = this.next(limits, nowMs); head !== undefined; head = this.next(limits, nowMs)) {
			const waitMs = this.waitMs(head, nowMs, limits);
			if (waitMs > limits.longestPauseMs) {
				this.take(head);
				head.refuse(tooLong(waitMs, this.pausedUntilMs - nowMs === waitMs, shareOf(head, limits)));
				continue;
			}
			// Nobody overtakes a batch that waits for all slots: otherwise single requests would starve it.
			const slots = Math.min(head.slots, limits.slots);
			if (this.slotsInUse > 0 && this.slotsInUse + slots > limits.slots) return;
			if (waitMs > 0) {
				this.setAlarm(nowMs, waitMs, head);
				return;
			}
			this.take(head);
			this.admit(head, slots, nowMs, limits);
		}
		this.clearAlarm();
	}

	/**
	 * Whose turn it is. A transfer that must wait for others to end holds up nobody who only has a question, and one that
	 * waits until more may be uploaded holds up nobody who uploads nothing: hours of a large restore would stop all backups.
	 */
	private next(limits: LaneLimits, nowMs: number): Waiter | undefined {
		const isFull = this.transfers >= (limits.transferSlots ?? Number.POSITIVE_INFINITY);
		const mayGo = ({ isTransfer, priority }: Waiter): boolean => !isFull || isTransfer !== true || priority === 'restore';
		const isReady = (waiter: Waiter): boolean => mayGo(waiter) && this.waitMs(waiter, nowMs, limits) === 0;
		const head = this.queue.dueBackup(isReady) ?? this.queue.first(mayGo);
		if (head === undefined || head.uploadBytes === 0) return head;
		const headWaitMs = this.waitMs(head, nowMs, limits);
		if (headWaitMs === 0 || this.waitMs({ ...head, uploadBytes: 0 }, nowMs, limits) === headWaitMs) return head;
		// Whatever else holds all up may be over long before more may be uploaded.
		const isSooner = (other: Waiter): boolean => other.uploadBytes === 0 && mayGo(other) && this.waitMs(other, nowMs, limits) < headWaitMs;
		return this.queue.first((other) => other.uploadBytes === 0 && isReady(other)) ?? this.queue.first(isSooner) ?? head;
	}

	private take(waiter: Waiter): void {
		this.queue.take(waiter);
		waiter.stopListening();
	}

	private waitMs(head: Waiter, nowMs: number, limits: LaneLimits): number {
		const share = shareOf(head, limits);
		return Math.max(
			this.pausedUntilMs - nowMs,
			this.paceUntilMs - nowMs,
			this.leftAsTold.waitMs(nowMs, head.cost, share),
			this.costs.waitMs(nowMs, head.cost, limits.costPerWindow * share),
			this.uploads.waitMs(nowMs, head.uploadBytes, limits.uploadBytesPerWindow * share),
			this.dailyCosts.waitMs(nowMs, head.cost, (limits.costPerDay ?? Number.POSITIVE_INFINITY) * share),
			// How much a download brings is not known beforehand: it may begin as long as there is any room.
			this.downloads.waitMs(nowMs, 1, (limits.downloadBytesPerHour ?? Number.POSITIVE_INFINITY) * share),
			0,
		);
	}

	private admit(waiter: Waiter, slots: number, nowMs: number, limits: LaneLimits): void {
		this.slotsInUse += slots;
		if (waiter.isTransfer === true) this.transfers++;
		this.spend(nowMs, waiter.cost, limits);
		this.uploads.add(nowMs, waiter.uploadBytes);
		const pace = this.paceNow(nowMs);
		if (pace < 1) this.paceUntilMs = nowMs + Math.ceil((waiter.cost * limits.windowMs) / (limits.costPerWindow * pace));
		let isOver = false;
		/** Undefined while it rests. */
		let leave: (() => void) | undefined = () => {
			this.slotsInUse -= slots;
			if (waiter.isTransfer === true) this.transfers--;
			this.admitWhoFits();
		};
		const rest = (): void => {
			const gone = leave;
			leave = undefined;
			gone?.();
		};
		waiter.admit({
			throttledMs: waiter.throttledMs,
			countMore: (cost) => this.spend(this.nowMs(), cost, limits),
			received: (bytes) => {
				if (limits.downloadBytesPerHour !== undefined) this.downloads.add(this.nowMs(), bytes);
			},
			told: (left) => this.leftAsTold.told(left, this.nowMs()),
			throttled: (retryAfterMs) => this.throttled(retryAfterMs),
			rest,
			resume: async () => {
				if (leave) return;
				const again = await this.acquire({ ...waiter, cost: 0, uploadBytes: 0 });
				if (isOver) again.release();
				else leave = () => again.release();
			},
			release: () => {
				isOver = true;
				rest();
			},
		});
	}

	private spend(nowMs: number, cost: number, { costPerDay }: LaneLimits): void {
		this.costs.add(nowMs, cost);
		this.leftAsTold.spend(cost);
		if (costPerDay !== undefined) this.dailyCosts.add(nowMs, cost);
	}

	private throttled(retryAfterMs: number | undefined): void {
		const nowMs = this.nowMs();
		if (nowMs - this.throttledAtMs > sameHintMs) this.pace = Math.max(slowestPace, this.paceNow(nowMs) / 2);
		this.throttledAtMs = nowMs;
		this.pausedUntilMs = Math.max(this.pausedUntilMs, nowMs + pauseMs(retryAfterMs ?? 0, this.ambient.random(), this.limits().longestPauseMs));
		this.admitWhoFits();
	}

	/** The share of the documented rate that is used: halved by a refusal, doubled by every quiet half minute. */
	private paceNow(nowMs: number): number {
		if (this.pace >= 1) return 1;
		return Math.min(1, this.pace * 2 ** Math.floor((nowMs - this.throttledAtMs) / recoveryMs));
	}

	private setAlarm(nowMs: number, waitMs: number, head: Waiter): void {
		const atMs = nowMs + waitMs;
		if (this.alarm !== undefined && this.alarm.atMs <= atMs) return;
		this.clearAlarm();
		const alarm = { atMs, stop: new AbortController() };
		this.alarm = alarm;
		this.ambient.sleep(waitMs, alarm.stop.signal).then(
			() => {
				if (this.alarm === alarm) this.alarm = undefined;
				head.throttledMs += waitMs;
				this.admitWhoFits();
			},
			(error: unknown) => {
				// The alarm was put off or nobody waits any more; a sleep that fails otherwise must not strand the queue.
				if (alarm.stop.signal.aborted) return;
				this.queue.clear().forEach((waiter) => waiter.refuse(new Failure('defect', 'Waiting for Microsoft 365 failed', { cause: error })));
			},
		);
	}

	private clearAlarm(): void {
		this.alarm?.stop.abort();
		this.alarm = undefined;
	}
}

/** The part of the amounts that whoever waits may use. */
function shareOf({ priority }: Waiter, { backupShare = 1 }: LaneLimits): number {
	return priority === 'backup' ? backupShare : 1;
}

function tooLong(waitMs: number, isAsked: boolean, share: number): Failure {
	const minutes = Math.ceil(waitMs / 60_000);
	const budget = 'what Microsoft 365 lets this app read and write in an hour or a day';
	const usedUp = share < 1 ? `The ${Math.round(share * 100)} % of ${budget} that backups may use are used up` : `W${budget.slice(1)} is used up`;
	const message = isAsked ? `Microsoft 365 asks to come back in ${minutes} minutes` : `${usedUp}; there is room again in ${minutes} minutes`;
	return new Failure('throttled', message, {
		retryAfterMs: waitMs,
		nextStep: 'Run again later, or with fewer sources at the same time',
	});
}
