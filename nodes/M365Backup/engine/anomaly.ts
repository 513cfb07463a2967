import type { JsonObject } from '../base/json';
import type { CatalogEntry } from '../repository/records';
import { isCounted } from './tally';

/** What a run says about itself against the history of its source. */
export interface Anomaly {
	flagged: boolean;
	/** Sentences with figures, for a person. */
	reasons: string[];
}

/** The state of an item before or after a change, as far as a change can be judged by it. */
export type ItemState = Pick<CatalogEntry, 'name' | 'content'>;

/** Fewer than these are never an alarm: a folder that somebody tidies up. */
const LEAST_ITEMS = 20;

/**
 * Shares of a source's items in one run that are an alarm where nothing is known of its habits; several times what was
 * usual lately raises them, never lowers them. Moving a year's mail into an archive touches a tenth of a mailbox.
 */
const FLOORS = { deleted: 0.2, modified: 0.3, renamed: 0.3 } as const;
const TIMES_USUAL = 3;
/** What was usual counts half after so long. */
const HALF_LIFE_DAYS = 30;
const DAY_MS = 86_400_000;

/** A content counts as compressible where it was stored in at most this part of its size, as incompressible from the other on. */
const COMPRESSED = 0.85;
const RANDOM = 0.97;
/** Below this size even text is hardly stored in less. */
const LEAST_BYTES = 256;
/** Of the contents that were rewritten and could be compressed before: how many no longer can be, as encrypted ones cannot. */
const RANDOM_SHARE = 0.5;

type Habit = keyof typeof FLOORS;
const HABITS = Object.keys(FLOORS) as Habit[];

/** The largest share that a run of the last weeks had of each habit, fading; kept from run to run. */
export interface Usual {
	/** ISO 8601: when the shares held as they stand. */
	at: string;
	shares: Record<Habit, number>;
}

/** Counts what a run does to the items of a source, and judges it at the end. */
export class Activity {
	private readonly counts: Record<Habit, number> = { deleted: 0, modified: 0, renamed: 0 };
	/** Rewritten, and could be compressed before. */
	private rewritten = 0;
	private nowRandom = 0;
	/** By the new extension: how many items got it in place of, or behind, which ones. */
	private readonly newExtensions = new Map<string, { items: number; before: Set<string> }>();

	/** An item's state before and after; null is "not there". New items alone are no sign of anything. */
	note(type: string, before: ItemState | null, after: ItemState | null): void {
		if (before === null || !isCounted(type)) return;
		if (after === null) {
			this.counts.deleted += 1;
			return;
		}
		if (after.name !== before.name) {
			this.counts.renamed += 1;
			this.noteExtension(before.name, after.name);
		}
		const [was] = before.content ?? [];
		const [is] = after.content ?? [];
		if (!was || !is || was.sha256 === is.sha256) return;
		this.counts.modified += 1;
		if (packedShare(was) > COMPRESSED || was.size < LEAST_BYTES || is.size < LEAST_BYTES) return;
		this.rewritten += 1;
		if (packedShare(is) >= RANDOM) this.nowRandom += 1;
	}

	/** @param itemsBefore How many items the source had when the run began. */
	judge(itemsBefore: number, usual: Usual | undefined, now: Date): Anomaly {
		const faded = usual && fade(usual, now);
		const reasons = [
			...HABITS.flatMap((habit) => this.excess(habit, itemsBefore, faded?.shares[habit] ?? 0)),
			...this.extensionReasons(),
			...this.randomReasons(),
		];
		return { flagged: reasons.length > 0, reasons };
	}

	/** What is usual after this run. One that was flagged is no habit. */
	usualAfter(itemsBefore: number, usual: Usual | undefined, now: Date, anomaly: Anomaly): Usual {
		const faded = usual ? fade(usual, now) : { at: now.toISOString(), shares: { deleted: 0, modified: 0, renamed: 0 } };
		if (anomaly.flagged || itemsBefore === 0) return faded;
		const shares = { ...faded.shares };
		for (const habit of HABITS) shares[habit] = Math.max(shares[habit], this.counts[habit] / itemsBefore);
		return { at: faded.at, shares };
	}

	private excess(habit: Habit, itemsBefore: number, usualShare: number): string[] {
		const items = this.counts[habit];
		if (items < LEAST_ITEMS || itemsBefore === 0) return [];
		const share = items / itemsBefore;
		if (share < Math.max(FLOORS[habit], TIMES_USUAL * usualShare)) return [];
		const said = `${number(items)} of ${number(itemsBefore)} items were ${habit} since the last backup (${percent(share)})`;
		return [usualShare > 0 ? `${said}; lately it was at most ${percent(usualShare)}` : said];
	}

	private noteExtension(before: string, after: string): void {
		const old = extensionOf(before);
		const now = extensionOf(after);
		if (now === undefined || now === old) return;
		const known = this.newExtensions.get(now) ?? { items: 0, before: new Set<string>() };
		known.items += 1;
		if (old !== undefined) known.before.add(old);
		this.newExtensions.set(now, known);
	}

	/** Whoever converts documents gives one kind another ending; only encryption gives the same one to all kinds. */
	private extensionReasons(): string[] {
		return [...this.newExtensions]
			.filter(([, { items, before }]) => items >= LEAST_ITEMS && before.size > 1)
			.map(([extension, { items, before }]) => `${number(items)} files of ${before.size} kinds now end in ".${extension}"`);
	}

	private randomReasons(): string[] {
		if (this.nowRandom < LEAST_ITEMS || this.nowRandom < RANDOM_SHARE * this.rewritten) return [];
		return [`${number(this.nowRandom)} of ${number(this.rewritten)} rewritten items can no longer be compressed, as if they were encrypted`];
	}
}

/** What `usualAfter` gave, out of what a record or cursor kept; undefined where it is none. */
export function readUsual(value: unknown): Usual | undefined {
	if (typeof value !== 'object' || value === null || !('at' in value) || !('shares' in value)) return undefined;
	const { at, shares } = value;
	if (typeof at !== 'string' || Number.isNaN(Date.parse(at)) || typeof shares !== 'object' || shares === null) return undefined;
	const share = (habit: Habit): number => {
		const given = (shares as Record<string, unknown>)[habit];
		return typeof given === 'number' && given >= 0 && given <= 1 ? given : 0;
	};
	return { at, shares: { deleted: share('deleted'), modified: share('modified'), renamed: share('renamed') } };
}

export function usualJson({ at, shares }: Usual): JsonObject {
	return { at, shares: { ...shares } };
}

function fade({ at, shares }: Usual, now: Date): Usual {
	const days = Math.max(0, (now.getTime() - Date.parse(at)) / DAY_MS);
	const factor = 0.5 ** (days / HALF_LIFE_DAYS);
	return { at: now.toISOString(), shares: { deleted: shares.deleted * factor, modified: shares.modified * factor, renamed: shares.renamed * factor } };
}

/** Stored length against size; the header and descriptor of an entry make it a little more than 1 for what is stored as it is. */
function packedShare({ length, size, entry }: { length: number; size: number; entry: string }): number {
	const overhead = 30 + Buffer.byteLength(entry) + 16;
	return size === 0 ? 1 : (length - overhead) / size;
}

function extensionOf(name: string): string | undefined {
	return /\.([^.\s]{1,20})$/.exec(name)?.[1]?.toLowerCase();
}

function number(value: number): string {
	return value.toLocaleString('en-US');
}

function percent(share: number): string {
	return `${(share * 100).toLocaleString('en-US', { maximumFractionDigits: share < 0.1 ? 1 : 0 })} %`;
}
