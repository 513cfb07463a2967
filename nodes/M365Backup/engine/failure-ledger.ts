import type { JsonObject } from '../base/json';
import type { CatalogEntry, FailureRecord, ItemFailure } from '../repository/records';

const DAY_MS = 24 * 3600 * 1000;
/** A documented, lasting corruption becomes a skip after so many attempts over so long a time (DESIGN §3.1). */
const SKIP_ATTEMPTS = 10;
const SKIP_AFTER_MS = 7 * DAY_MS;
const RECORDED_FAILURES = 100;

/** The items that could not be stored: never forgotten, tried again by each run, in the way of nothing. */
export class FailureLedger {
	private readonly byId = new Map<string, FailureRecord>();

	/** From the entries that the cursor lists as failed, and the attempts that it counted since their lines were written. */
	resume(entries: Iterable<CatalogEntry | null>, attempts: JsonObject): void {
		for (const entry of entries) {
			if (!entry?.failed) continue;
			const counted = attempts[entry.id];
			const known = typeof counted === 'number' ? { attempts: Math.max(counted, entry.failed.attempts) } : {};
			this.byId.set(entry.id, { id: entry.id, name: entry.name, ...entry.failed, ...known });
		}
	}

	/** @returns what is known of the item's failures after this attempt. */
	fail(id: string, name: string, reason: string, now: Date): ItemFailure {
		const before = this.byId.get(id);
		const failure = { reason, since: before?.since ?? now.toISOString(), attempts: (before?.attempts ?? 0) + 1 };
		this.byId.set(id, { id, name, ...failure });
		return failure;
	}

	/** For the cursor: a quiet run counts an attempt without writing a line. */
	get attempts(): JsonObject {
		return Object.fromEntries([...this.byId].map(([id, { attempts }]) => [id, attempts]));
	}

	settle(id: string): void {
		this.byId.delete(id);
	}

	/** Whether the corruption has lasted long enough to stop asking. */
	static isLasting(failure: ItemFailure, now: Date): boolean {
		return failure.attempts >= SKIP_ATTEMPTS && now.getTime() - Date.parse(failure.since) >= SKIP_AFTER_MS;
	}

	/** Whether a snapshot with so many failures may still call itself complete (DESIGN §3.1). */
	isTolerable(items: number): boolean {
		return this.byId.size <= Math.max(1, Math.min(20, 0.05 * items));
	}

	get ids(): string[] {
		return [...this.byId.keys()].sort();
	}

	get records(): FailureRecord[] {
		return this.ids.slice(0, RECORDED_FAILURES).flatMap((id) => this.byId.get(id) ?? []);
	}
}
