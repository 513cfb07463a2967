import type { Failure } from '../base/failure';
import type { Admission, Lease } from './lane-leave';

export interface Waiter extends Admission {
	throttledMs: number;
	admit: (lease: Lease) => void;
	refuse: (failure: Failure) => void;
	stopListening: () => void;
}

/** So many restores go before a backup that could go, too; then it is its turn. */
const mostRestoresInARow = 9;

/** Who waits before a lane: restores before backups, each in the order in which they came. */
export class LaneQueue {
	private readonly waiting: Readonly<Record<Waiter['priority'], Waiter[]>> = { restore: [], backup: [] };
	private restoresInARow = 0;

	get isEmpty(): boolean {
		return this.waiting.restore.length + this.waiting.backup.length === 0;
	}

	add(waiter: Waiter): void {
		this.waiting[waiter.priority].push(waiter);
	}

	remove(waiter: Waiter): void {
		const queue = this.waiting[waiter.priority];
		const index = queue.indexOf(waiter);
		if (index >= 0) queue.splice(index, 1);
	}

	/** Is let in now. */
	take(waiter: Waiter): void {
		this.remove(waiter);
		this.restoresInARow = waiter.priority === 'restore' && this.waiting.backup.length > 0 ? this.restoresInARow + 1 : 0;
	}

	/** The backup whose turn it is after many restores; undefined otherwise. */
	dueBackup(mayGo: (waiter: Waiter) => boolean): Waiter | undefined {
		return this.restoresInARow >= mostRestoresInARow ? this.waiting.backup.find(mayGo) : undefined;
	}

	first(mayGo: (waiter: Waiter) => boolean): Waiter | undefined {
		return this.waiting.restore.find(mayGo) ?? this.waiting.backup.find(mayGo);
	}

	/** All of them, who wait no longer. */
	clear(): Waiter[] {
		return [...this.waiting.restore.splice(0), ...this.waiting.backup.splice(0)];
	}
}
