import fc from 'fast-check';
import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import { findZone, utcToWall, wallToUtc } from './calendar-time-zones';

const ZONES = ['W. Europe Standard Time', 'Pacific Standard Time', 'Europe/Lisbon', 'Australia/Lord_Howe', 'India Standard Time', 'America/St_Johns', 'UTC', 'Pacific/Auckland'];
const IANA: Record<string, string> = { 'W. Europe Standard Time': 'Europe/Berlin', 'Pacific Standard Time': 'America/Los_Angeles', 'India Standard Time': 'Asia/Calcutta' };

describe('time zones', () => {
	it('turn wall clock times into UTC as luxon does, and back', () => {
		fc.assert(
			fc.property(fc.constantFrom(...ZONES), fc.integer({ min: Date.UTC(2000, 0) / 60_000, max: Date.UTC(2030, 0) / 60_000 }), (name, minutes) => {
				const zone = findZone(name)!;
				const wallMs = minutes * 60_000;
				const utcMs = wallToUtc(wallMs, zone);
				const theirs = DateTime.fromISO(new Date(wallMs).toISOString().slice(0, 19), { zone: IANA[name] ?? name });
				const isSkipped = theirs.toISO({ includeOffset: false }) !== new Date(wallMs).toISOString().slice(0, 23);
				// An hour that comes twice may be either of the two.
				if (!isSkipped) expect(utcToWall(utcMs, zone)).toBe(wallMs);
				if (!isSkipped && theirs.getPossibleOffsets().length === 1) expect(utcMs).toBe(theirs.toMillis());
			}),
			{ numRuns: 500 },
		);
	});

	it('put the hour that spring skips an hour later', () => {
		const berlin = findZone('Europe/Berlin')!;
		expect(new Date(wallToUtc(Date.parse('2026-03-29T02:30:00Z'), berlin)).toISOString()).toBe('2026-03-29T01:30:00.000Z');
		expect(new Date(wallToUtc(Date.parse('2026-10-25T03:30:00Z'), berlin)).toISOString()).toBe('2026-10-25T02:30:00.000Z');
	});

	it('are those of Windows and of IANA, no others', () => {
		expect(findZone('Moon Standard Time')).toBeUndefined();
		expect(findZone('Europe/Atlantis')).toBeUndefined();
		expect(findZone('Europe/Berlin')?.name).toBe(findZone('W. Europe Standard Time')?.name);
	});
});
