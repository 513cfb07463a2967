import { isFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import { isUnderscored, type Column, type ColumnKind } from './column';
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
	return new Set(columns.filter((column) => work.isRefused(column)).map(({ name }) => name));
}

/** Whether this restore has yet to learn what Graph says to such values. */
export function isProbe(work: SiteWork, columns: readonly Column[]): boolean {
	return columns.some((column) => !work.isRefused(column) && ((DOUBTFUL_KINDS.has(column.kind) && !work.takenKinds.has(column.kind)) || (isUnderscored(column) && work.underscored === undefined)));
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
		learn(work, valued.filter(({ name }) => !given.has(name)));
		note(said, notes);
		return done;
	} catch (error) {
		if (!isFailure(error, 'invalid')) throw error;
		const open = valued.filter(({ name }) => !given.has(name));
		const tried = new Set<string>();
		for (const dropped of dispensable(work, open)) {
			const names = dropped.map(({ name }) => name).join('/');
			if (dropped.length === 0 || tried.has(names)) continue;
			tried.add(names);
			try {
				const done = await attempt(new Set([...given, ...dropped.map(({ name }) => name)]));
				if (dropped.some(isUnderscored) && work.underscored === undefined) work.underscored = 'refused';
				for (const { kind } of dropped) if (DOUBTFUL_KINDS.has(kind) && !work.takenKinds.has(kind)) work.refusedKinds.add(kind);
				learn(work, open.filter((column) => !dropped.includes(column)));
				note([...said, ...dropped], notes);
				return done;
			} catch (again) {
				if (!isFailure(again, 'invalid')) throw again;
			}
		}
		throw error;
	}
}

/** Sets of columns to do without, in the order in which they are tried: alone, and with those that Graph may refuse for their names. */
function dispensable(work: SiteWork, open: readonly Column[]): Column[][] {
	const ofKinds = DISPENSABLE.map((kinds) => open.filter(({ kind }) => kinds.includes(kind)));
	const odd = work.underscored === 'taken' ? [] : open.filter(isUnderscored);
	if (odd.length === 0) return ofKinds;
	return [odd, ...ofKinds, ...ofKinds.map((columns) => open.filter((column) => odd.includes(column) || columns.includes(column)))];
}

/** These values were taken. */
function learn(work: SiteWork, columns: readonly Column[]): void {
	for (const column of columns) {
		if (DOUBTFUL_KINDS.has(column.kind) && !work.refusedKinds.has(column.kind)) work.takenKinds.add(column.kind);
		if (isUnderscored(column)) work.underscored = 'taken';
	}
}

function note(columns: readonly Column[], notes: string[]): void {
	for (const { displayName } of columns) notes.push(SITE_NOTES.refused(displayName));
}

/** `@odata.type` annotations and values of some columns out of a body. */
export function isEmptyBody(body: JsonObject): boolean {
	return Object.keys(body).every((name) => name.includes('@odata'));
}
