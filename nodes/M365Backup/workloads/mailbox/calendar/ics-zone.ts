import { DateTime } from 'luxon';
import { tzlib_get_ical_block, tzlib_get_offset } from 'timezones-ical-library';

/** A zone as a calendar file has it. */
export interface IcsZone {
	/** Of the VTIMEZONE, which may be another spelling of the zone (`Europe/Kyiv`). */
	tzid: string;
	iana: string;
	/** `BEGIN:VTIMEZONE…`, with line ends. */
	component: string;
}

/** The zone by its IANA name; undefined for UTC, which needs none, and for what the tz database does not have. */
export function icsZone(iana: string): IcsZone | undefined {
	if (/^(etc\/)?(utc|gmt|zulu|universal)$/i.test(iana)) return undefined;
	const block = tzlib_get_ical_block(iana);
	if (!Array.isArray(block) || block[0] === undefined || block[1] === undefined) return undefined;
	return { tzid: block[1].replace(/^TZID=/, ''), iana, component: `${block[0].trimEnd()}\r\n` };
}

/**
 * Whether a zone's component, which holds the rules of today only, says the true offset of an instant: years ago they may
 * have been others, and an hour that comes twice in autumn is told apart in UTC alone.
 */
export function isTrueIn(zone: IcsZone, instant: Date): boolean {
	const local = DateTime.fromJSDate(instant, { zone: zone.iana });
	return tzlib_get_offset(zone.iana, local.toFormat('yyyy-MM-dd'), local.toFormat('HH:mm')) === local.toFormat('ZZZ');
}
