import { DateTime, Duration, FixedOffsetZone, IANAZone } from 'luxon';
import { Failure } from '../base/failure';

/** How many snapshots of each kind to keep; -1 = all of that kind. `{}` keeps everything. */
export interface RetentionPolicy {
	last?: number;
	hourly?: number;
	daily?: number;
	weekly?: number;
	monthly?: number;
	yearly?: number;
	/** ISO 8601 duration, back from the newest snapshot: all within it are kept. `P30D` is "keep 30 days". */
	within?: string;
}

/** A complete snapshot: its `finishedAt` (of the newest: `checkedAt` if later), ISO 8601. */
export interface RetainedSnapshot {
	id: string;
	time: string;
}

export interface RetentionResult {
	/** Newest first. */
	keep: { id: string; reasons: string[] }[];
	/** Newest first. */
	remove: string[];
}

const KINDS = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
type Kind = (typeof KINDS)[number];

/** Two snapshots with the same key are of the same hour, day …: only the newest of them counts. */
const KEYS: Record<Kind, (time: DateTime, index: number) => number> = {
	last: (_time, index) => index,
	hourly: (time) => KEYS.daily(time, 0) * 100 + time.hour,
	daily: (time) => time.year * 10_000 + time.month * 100 + time.day,
	weekly: (time) => time.weekYear * 100 + time.weekNumber,
	monthly: (time) => time.year * 100 + time.month,
	yearly: (time) => time.year,
};

/**
 * Which snapshots a policy keeps, with the semantics of restic's `forget` (restic, internal/data/snapshot_policy.go):
 * from the newest to the oldest, each kind keeps the newest of each of its periods until its count is used up; as long
 * as a count is left, the oldest snapshot is kept, too; `within` counts from the newest, exclusive at its end. Hours,
 * days, ISO weeks, months and years are those of `zone`.
 *
 * @param zone IANA name, `Europe/Berlin`.
 * @param now A snapshot later than that is from a clock that was wrong: `within` counts from the newest of the others.
 * @throws Failure `invalid` for a count, duration, time or zone that makes no sense.
 */
export function applyRetention(snapshots: readonly RetainedSnapshot[], policy: RetentionPolicy, zone: string, now?: Date): RetentionResult {
	const { counts, within } = checkedPolicy(policy);
	const offsets = new ZoneOffsets(zone);
	const dated = snapshots.map(({ id, time }) => ({ id, time: offsets.read(time) }));
	dated.sort((a, b) => b.time.toMillis() - a.time.toMillis());
	if (counts.size === 0 && within === undefined) {
		return { keep: dated.map(({ id }) => ({ id, reasons: ['the policy keeps everything'] })), remove: [] };
	}
	const newest = dated.find(({ time }) => now === undefined || time.toMillis() <= now.getTime());
	const start = newest && within ? before(newest.time.setZone(zone), within).toMillis() : undefined;
	const lastKeys = new Map<Kind, number>();
	const result: RetentionResult = { keep: [], remove: [] };
	dated.forEach(({ id, time }, index) => {
		const reasons: string[] = [];
		if (start !== undefined && time.toMillis() > start) reasons.push(`within ${String(policy.within)}`);
		const isOldest = index === dated.length - 1;
		for (const [kind, left] of counts) {
			const key = KEYS[kind](time, index);
			const isSame = lastKeys.get(kind) === key;
			if (left === 0 || (isSame && !isOldest)) continue;
			lastKeys.set(kind, key);
			if (left > 0) counts.set(kind, left - 1);
			reasons.push(isSame ? `oldest ${kind} snapshot` : `${kind} snapshot`);
		}
		if (reasons.length > 0) result.keep.push({ id, reasons });
		else result.remove.push(id);
	});
	return result;
}

function checkedPolicy(policy: RetentionPolicy): { counts: Map<Kind, number>; within: Duration | undefined } {
	const counts = new Map<Kind, number>();
	for (const kind of KINDS) {
		const count = policy[kind] ?? 0;
		if (!Number.isInteger(count) || count < -1) {
			throw new Failure('invalid', `Keeping ${count} ${kind} snapshots makes no sense`, { nextStep: 'Give a whole number; -1 keeps all, 0 none of that kind.' });
		}
		if (count !== 0) counts.set(kind, count);
	}
	if (policy.within === undefined) return { counts, within: undefined };
	const within = Duration.fromISO(policy.within);
	if (!within.isValid || within.as('milliseconds') <= 0) {
		throw new Failure('invalid', `"${policy.within}" is no duration to keep snapshots within`, { nextStep: 'Give an ISO 8601 duration, e.g. P30D for 30 days.' });
	}
	return { counts, within };
}

const DAY_MS = 24 * 3_600_000;

/**
 * Wall clocks of a time zone. What Intl knows of zones is slow to ask, 10,000 times at least: a day at whose beginning and
 * end (UTC) the offset is the same has it throughout.
 */
class ZoneOffsets {
	private readonly zone: IANAZone;
	/** By the start of the UTC day, in minutes. */
	private readonly ofDays = new Map<number, number>();

	constructor(zone: string) {
		if (!IANAZone.isValidZone(zone)) {
			throw new Failure('invalid', `There is no time zone "${zone}"`, { nextStep: 'Give the time zone by its IANA name, e.g. Europe/Berlin.' });
		}
		this.zone = IANAZone.create(zone);
	}

	/** With the offset of that moment. */
	read(time: string): DateTime {
		// As records spell it; other spellings take luxon ten times as long.
		const timeMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/.test(time) ? Date.parse(time) : DateTime.fromISO(time, { zone: 'utc' }).toMillis();
		if (Number.isNaN(timeMs)) throw new Failure('invalid', `"${time}" is not a time`, { nextStep: 'Give a time as ISO 8601, e.g. 2026-11-22T10:00:00Z.' });
		const day = Math.floor(timeMs / DAY_MS) * DAY_MS;
		const offset = this.ofDay(day);
		const minutes = offset === this.ofDay(day + DAY_MS) ? offset : this.zone.offset(timeMs);
		return DateTime.fromMillis(timeMs, { zone: FixedOffsetZone.instance(minutes) });
	}

	private ofDay(day: number): number {
		const known = this.ofDays.get(day);
		if (known !== undefined) return known;
		const offset = this.zone.offset(day);
		this.ofDays.set(day, offset);
		return offset;
	}
}

/** As Go's AddDate, which restic uses: 31 March less a month is "31 February", that is 3 March; hours are elapsed time. */
function before(time: DateTime, span: Duration): DateTime {
	const days = span.days + 7 * span.weeks;
	const date = new Date(Date.UTC(time.year - span.years, time.month - 1 - span.months, time.day - days));
	const local = DateTime.fromObject(
		{
			year: date.getUTCFullYear(),
			month: date.getUTCMonth() + 1,
			day: date.getUTCDate(),
			hour: time.hour,
			minute: time.minute,
			second: time.second,
			millisecond: time.millisecond,
		},
		{ zone: time.zone },
	);
	return local.minus({ hours: span.hours, minutes: span.minutes, seconds: span.seconds, milliseconds: span.milliseconds });
}
