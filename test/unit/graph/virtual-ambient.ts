import type { Ambient } from '../../../nodes/M365Backup/base/ambient';

/** Time that passes only while somebody sleeps: the earliest sleeper wakes as soon as nothing else is going on. */
export class VirtualAmbient implements Ambient {
	private nowMs = Date.parse('2026-11-22T10:00:00Z');
	private sleepers: { atMs: number; wake: () => void }[] = [];
	private isTicking = false;
	/** What `sleep` was asked for, in ms. */
	readonly sleeps: number[] = [];
	chance = 0.5;

	now(): Date {
		return new Date(this.nowMs);
	}

	elapsedMs(since: Date): number {
		return this.nowMs - since.getTime();
	}

	advance(ms: number): void {
		this.nowMs += ms;
	}

	random(): number {
		return this.chance;
	}

	randomHex(count: number): string {
		return '0'.repeat(count * 2);
	}

	sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
		this.sleeps.push(delayMs);
		return new Promise((resolve, reject) => {
			const abort = (): void => {
				this.sleepers = this.sleepers.filter((other) => other !== sleeper);
				reject(new DOMException('stopped', 'AbortError'));
			};
			const sleeper = {
				atMs: this.nowMs + delayMs,
				wake: () => {
					signal?.removeEventListener('abort', abort);
					resolve();
				},
			};
			if (signal?.aborted) { abort(); return; }
			signal?.addEventListener('abort', abort, { once: true });
			this.sleepers.push(sleeper);
			this.tick();
		});
	}

	private tick(): void {
		if (this.isTicking) return;
		this.isTicking = true;
		void (async () => {
			while (this.sleepers.length > 0) {
				for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
				const next = this.sleepers.toSorted((a, b) => a.atMs - b.atMs)[0];
				if (next === undefined) break;
				this.sleepers = this.sleepers.filter((other) => other !== next);
				this.nowMs = Math.max(this.nowMs, next.atMs);
				next.wake();
			}
			this.isTicking = false;
		})();
	}
}
