/**
 * The mark on what a restore made, so that another restore finds it: a named MAPI property, set in the create request
 * and kept by Exchange with the message wherever it goes (singleValueLegacyExtendedProperty).
 */
export const MARKER_PROPERTY_ID = 'String {6d0f6a0e-5d2c-4f0b-9a51-b3c1f2a7c84e} Name M365BackupRestore';

/** `open` until all attachments are there. */
export type MarkerState = 'open' | 'done';

export interface Marker {
	/** 64 lower-case hex digits: filters ignore case, so nothing in a marker may depend on it. */
	key: string;
	state: MarkerState;
}

export function markerProperty(marker: Marker): { id: string; value: string } {
	return { id: MARKER_PROPERTY_ID, value: `${marker.key};${marker.state}` };
}

/** What a property value says, or null if it is none of ours. */
export function parseMarker(value: string): Marker | null {
	const match = /^([0-9a-f]{64});(open|done)$/i.exec(value.trim());
	if (!match?.[1]) return null;
	return { key: match[1].toLowerCase(), state: match[2]?.toLowerCase() === 'done' ? 'done' : 'open' };
}

/** `$expand` that brings the marker with a message. */
export const MARKER_EXPAND = `singleValueExtendedProperties($filter=${encodeURIComponent(`id eq '${MARKER_PROPERTY_ID}'`)})`;

/** `$filter` for all marked messages of a folder, or for those with this very key. */
export function markerFilter(key?: string): string {
	const value = key === undefined ? 'ep/value ne null' : `startswith(ep/value,'${key}')`;
	return encodeURIComponent(`singleValueExtendedProperties/Any(ep: ep/id eq '${MARKER_PROPERTY_ID}' and ${value})`);
}

/** A message as listed with `MARKER_EXPAND`. */
export interface MarkedMessage {
	id: string;
	singleValueExtendedProperties?: { id: string; value: string }[];
}

/** Property ids come back in Graph's own spelling, so that they are compared by name. */
export function markerOf(message: MarkedMessage): Marker | null {
	for (const { id, value } of message.singleValueExtendedProperties ?? []) {
		if (!/name m365backuprestore$/i.test(id.trim())) continue;
		const marker = parseMarker(value);
		if (marker) return marker;
	}
	return null;
}
