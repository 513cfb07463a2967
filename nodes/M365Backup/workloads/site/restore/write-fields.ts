import { isFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { Column, ColumnKind } from './column';
import { SITE_NOTES } from './fidelity';
import type { SiteWork } from './site-work';

/** Whether Graph writes them is not certain: links and places become text in Corso (lists.go), pictures are documented nowhere. */
export const DOUBTFUL_KINDS: ReadonlySet<ColumnKind> = new Set<ColumnKind>(['link', 'place', 'image']);

/** Left out together, one set after the other, where Graph refuses an item: first what it is likeliest to refuse. */
const DISPENSABLE: readonly (readonly ColumnKind[])[] = [
	['place'],
	['link'],
	['place', 'link'],
	['image'],
	['place', 'link', 'image'],
	['term', 'multiTerm'],
	['person', 'multiPerson'],
	['lookup', 'multiLookup'],
	['place', 'link', 'image', 'term', 'multiTerm', 'person', 'multiPerson', 'lookup', 'multiLookup'],
];

/** Columns whose values are not even tried. */
export function hopeless(work: SiteWork, columns: readonly Column[]): Set<string> {
	return new Set(columns.filter(({ kind }) => work.refusedKinds.has(kind)).map(({ name }) => name));
}

/** Whether this restore has yet to learn what Graph says to such values. */
export function isProbe(work: SiteWork, columns: readonly Column[]): boolean {
	return columns.some(({ kind }) => DOUBTFUL_KINDS.has(kind) && !work.refusedKinds.has(kind) && !work.takenKinds.has(kind));
}

/**
 * Writes with all values, then without those that Graph may have refused: an item without a link is better than none.
 *
 * @param valued the columns that get a value
 * @param attempt sends the request without these columns
 * @throws Failure as the first attempt, if it was not for any of them
 */
export async function writeWithout<T>(work: SiteWork, valued: readonly Column[], attempt: (leftOut: ReadonlySet<string>) => Promise<T>, notes: string[]): Promise<T> {
	const given = hopeless(work, valued);
	const said = valued.filter(({ name }) => given.has(name));
	try {
		const done = await attempt(given);
		for (const { kind } of valued) if (DOUBTFUL_KINDS.has(kind) && !work.refusedKinds.has(kind)) work.takenKinds.add(kind);
		note(said, notes);
		return done;
	} catch (error) {
		if (!isFailure(error, 'invalid')) throw error;
		const open = valued.filter(({ name }) => !given.has(name));
		let before = 0;
		for (const kinds of DISPENSABLE) {
			const dropped = open.filter(({ kind }) => kinds.includes(kind));
			if (dropped.length === 0 || (dropped.length === before && kinds.length > 3)) continue;
			before = dropped.length;
			try {
				const done = await attempt(new Set([...given, ...dropped.map(({ name }) => name)]));
				for (const { kind } of dropped) if (DOUBTFUL_KINDS.has(kind) && !work.takenKinds.has(kind)) work.refusedKinds.add(kind);
				for (const { kind } of open) if (DOUBTFUL_KINDS.has(kind) && !work.refusedKinds.has(kind)) work.takenKinds.add(kind);
				note([...said, ...dropped], notes);
				return done;
			} catch (again) {
				if (!isFailure(again, 'invalid')) throw again;
			}
		}
		throw error;
	}
}

function note(columns: readonly Column[], notes: string[]): void {
	for (const { displayName } of columns) notes.push(SITE_NOTES.refused(displayName));
}

/** `@odata.type` annotations and values of some columns out of a body. */
export function isEmptyBody(body: JsonObject): boolean {
	return Object.keys(body).every((name) => name.includes('@odata'));
}
