import { FixedOffsetZone, IANAZone, type Zone } from 'luxon';
import { findIana } from 'windows-iana';
import { badRequest } from './graph-error';

/** What Graph shows for the time zone of old Outlook events that is in no list; it takes it from nobody. */
export const CUSTOM_ZONE = 'tzone://Microsoft/Custom';

const known = new Map<string, Zone | undefined>();

/** By Windows or IANA name; undefined: Exchange knows no such zone. */
export function findZone(name: string): Zone | undefined {
	const key = name.toLowerCase();
	if (key === 'utc' || key === 'gmt' || key === 'etc/utc') return FixedOffsetZone.utcInstance;
	if (!known.has(key)) {
		const iana = /^[A-Za-z]+\/[A-Za-z0-9_+/-]+$/.test(name) ? name : findIana(name)[0];
		known.set(key, iana !== undefined && IANAZone.isValidZone(iana) ? IANAZone.create(iana) : undefined);
	}
	return known.get(key);
}

/** @throws GraphError 400 */
export function zoneOf(name: string): Zone {
	const zone = findZone(name);
	if (!zone) throw badRequest(`A valid TimeZone value must be specified. The following TimeZone value is not supported: '${name}'.`, 'TimeZoneNotSupportedException');
	return zone;
}

/** Wall clock time (as if it were UTC, in milliseconds) → UTC. In the hour that spring skips: the time an hour later. */
export function wallToUtc(wallMs: number, zone: Zone): number {
	const guess = wallMs - zone.offset(wallMs) * 60_000;
	const offset = zone.offset(guess);
	const utc = wallMs - offset * 60_000;
	return utc === guess || zone.offset(utc) === offset ? utc : Math.max(utc, guess);
}

export function utcToWall(utcMs: number, zone: Zone): number {
	return utcMs + zone.offset(utcMs) * 60_000;
}

export const DAY_MS = 86_400_000;

/** `2024-05-01` of a wall clock time. */
export function dateOfWall(wallMs: number): string {
	return new Date(wallMs).toISOString().slice(0, 10);
}
