import { IANAZone } from 'luxon';
import { findIana, findWindows } from 'windows-iana';

/** What Graph shows for the zone of old Outlook events that is in no list, and takes from nobody. */
export const CUSTOM_ZONE = 'tzone://Microsoft/Custom';

const UTC_NAMES = new Set(['utc', 'etc/utc', 'gmt', 'tzone://microsoft/utc']);

const known = new Map<string, string | undefined>();

/**
 * The IANA zone behind a name that Graph uses: a Windows name (`W. Europe Standard Time`, mapped as Unicode CLDR does)
 * or an IANA name. undefined: custom rules, or a name that nobody knows.
 */
export function ianaZone(name: string | null | undefined): string | undefined {
	if (name === null || name === undefined || name === '') return undefined;
	if (UTC_NAMES.has(name.toLowerCase())) return 'Etc/UTC';
	if (!known.has(name)) known.set(name, find(name));
	return known.get(name);
}

function find(name: string): string | undefined {
	const [world] = findIana(name, '001');
	const iana = world ?? findIana(name)[0] ?? (name.includes('/') ? name : undefined);
	return iana !== undefined && IANAZone.isValidZone(iana) ? iana : undefined;
}

/** The Windows name of an IANA zone, which Exchange knows if any; the zone's own name where there is none. */
export function windowsZone(iana: string): string {
	return findWindows(iana)[0] ?? iana;
}
